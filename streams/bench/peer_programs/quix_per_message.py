"""Quix Streams: a dataframe of messages, one at a time, with a state for each author."""

from typing import Any

from quixstreams import Application, State

from streams.bench.peer_programs.job import Model, Tally, options

Mention = dict[str, Any]


def main() -> None:
    told = options()
    model, tally = Model(told.model), Tally(told.count, told.seconds)
    app = Application(
        broker_address=told.bootstrap,
        consumer_group=told.group,
        auto_offset_reset="earliest",
        state_dir=told.directory,
        producer_extra_config={"compression.type": "lz4", "linger.ms": 20},
        loglevel="ERROR",
    )

    def judge(mention: Mention) -> None:
        tally.begin()
        [(mention["intent"], mention["escalate"])] = model.judge([mention["text"]])

    def count(mention: Mention, state: State) -> None:
        mention["so_far"] = state.get("mentions", 0) + 1
        state.set("mentions", mention["so_far"])

    def look_at_the_clock(_mention: Mention) -> None:
        if tally.add(1):
            app.stop()

    mentions = app.dataframe(app.topic(told.input, value_deserializer="json"))  # keyed by author
    mentions = mentions.update(judge).update(count, stateful=True)
    mentions = mentions.to_topic(app.topic(told.output, value_serializer="json"), key=lambda mention: mention["id"])
    mentions.update(look_at_the_clock)
    app.run()
    tally.report()


if __name__ == "__main__":
    main()
