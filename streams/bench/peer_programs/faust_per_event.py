"""Faust: an agent that takes one event at a time, with a table of mentions by author."""

import signal
from pathlib import Path

import faust

from streams.bench.peer_programs.job import Model, Tally, options


class Mention(faust.Record):
    """Fields that are not named here stay out of the output, as in Faust's tutorial."""

    id: str
    author: str
    created_at_ms: int
    text: str
    intent: str = ""
    escalate: bool = False
    so_far: int = 0


told = options()
model, tally = Model(told.model), Tally(told.count, told.seconds)
app = faust.App(
    told.group,
    broker=f"kafka://{told.bootstrap}",
    datadir=Path(told.directory),
    topic_partitions=told.partitions,
    stream_buffer_maxsize=131_072,
    producer_compression_type="lz4",
    producer_linger=0.02,  # seconds
    producer_max_batch_size=500_000,
    web_enabled=False,
    worker_redirect_stdouts=False,
)
mentions = app.topic(told.input, value_type=Mention)
judged = app.topic(told.output, value_type=Mention)
by_author = app.Table("mentions_by_author", default=int)


@app.agent(mentions)
async def judge(stream: faust.StreamT[Mention]) -> None:
    done = False
    async for mention in stream:
        tally.begin()
        [(mention.intent, mention.escalate)] = model.judge([mention.text])
        by_author[mention.author] += 1
        mention.so_far = by_author[mention.author]
        await judged.send(key=mention.id, value=mention)
        if not done and tally.add(1):
            done = True
            tally.report()
            signal.raise_signal(signal.SIGTERM)  # the worker sends what it has, commits and ends


if __name__ == "__main__":
    faust.Worker(app, loglevel="ERROR", quiet=True).execute_from_commandline()
