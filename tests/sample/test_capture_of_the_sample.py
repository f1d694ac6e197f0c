"""The sample, replayed without a broker: what stamping, decoding, packing and the capture ledger make of it is the
truth, whatever the raw partitions and batches."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.settings import Settings
from models.counters import COUNTER
from models.packed import PartialBlock
from models.records import STAMP_HEADER, Control, ControlKind
from streams.formats.lines import ReadLimits
from streams.runtime.replay_plan import ReplayPlan
from streams.runtime.replay_source import ReplaySource
from streams.sample.check import check_gaps
from streams.sample.firehose import Firehose
from streams.sample.script import END_MS
from streams.stages import topics
from streams.stages.capture import CaptureFold
from streams.stages.classify import late_mentions
from streams.stages.decode import RawBatch, decode_batch
from streams.stages.export import gap_rows
from streams.stages.pack_capture import pack_capture
from streams.stages.rules import Rules
from streams.stages.spans import PartitionState, ranges_of, read_spans
from streams.stages.spread import Spread, choose_partition
from streams.stages.stamp import Kind, Placed, Silence, broken_stamp, splice_stamps, stamp_prefix

RULES = msgspec.structs.replace(Rules.from_settings(Settings()), capture_partitions=1, merge_partitions=1)

Record = tuple[bytes, list[tuple[str, bytes | None]]]  # value, headers


def raw_topic(source: ReplaySource, partitions: int) -> list[list[Record]]:
    """Raw partitions as a replay writes them: all epochs announced, lines, ends."""
    topic: list[list[Record]] = [[] for _ in range(partitions)]
    members, feeds, rules = tuple(range(partitions)), source.feeds(), Settings().rules

    def announce(control: Control) -> None:
        for records in topic:
            records.append((msgspec.json.encode(control), []))

    for span in source.spans:
        start = Control(control=ControlKind.FEED_START, feed=feeds[span.feed].name, epoch=span.epoch)
        announce(msgspec.structs.replace(start, partitions=members, first_seq=span.first_seq))
    left = {(span.feed, span.epoch): span for span in source.spans}
    for placed in source.lines():
        line = placed.line
        partition = choose_partition(Spread.AUTHOR, members, line.kind, line.author_crc, placed.seq)
        topic[partition].append(record_of(placed, feeds[placed.feed].name))
        span = left[placed.feed, placed.epoch]
        if placed.seq == span.last_seq:
            final = (placed.feed, placed.epoch + 1) not in left
            end = Control(
                control=ControlKind.END_OF_FEED, feed=feeds[placed.feed].name, epoch=placed.epoch, final=final
            )
            settled = {"feed_time_ms": placed.feed_time_ms, "settle_ms": rules.response_horizon_ms}
            announce(msgspec.structs.replace(end, last_seq=placed.seq, **settled))
    return topic


def record_of(placed: Placed, feed: str) -> Record:
    line, place = placed.line, (placed.seq, placed.feed_time_ms, placed.silent_ms)
    if line.kind == Kind.BROKEN:
        return line.payload, [(STAMP_HEADER, broken_stamp(line, feed, placed.epoch, *place))]
    return splice_stamps(line.payload, stamp_prefix(feed, placed.epoch), *place), []


def reports(topic: list[list[Record]], chance: random.Random) -> Iterator[bytes]:
    """The topic as one worker reports it, some records of each raw partition at a time."""
    at, states = [0] * len(topic), dict[int, PartitionState]()
    while any(position < len(records) for position, records in zip(at, topic, strict=True)):
        rows = [
            (partition, offset)
            for partition, records in enumerate(topic)
            for offset in range(at[partition], min(len(records), at[partition] + chance.choice((1, 50, 700))))
        ]
        for partition, offset in rows:
            at[partition] = offset + 1
        yield from report(topic, rows, states)


def report(topic: list[list[Record]], rows: list[tuple[int, int]], states: dict[int, PartitionState]) -> list[bytes]:
    records = [topic[partition][offset] for partition, offset in rows]
    values: list[bytes | None] = [value for value, _ in records]
    raw, places = [partition for partition, _ in rows], [offset for _, offset in rows]
    batch = RawBatch(raw, places, values, lambda row: (None, records[row][1]))
    lines = decode_batch(batch, 1 << 20, {}, {})
    late_mentions(lines, RULES.lateness_ms)
    ranges = ranges_of(batch.partitions)
    spans, after = read_spans("t", lines, batch.offsets, ranges, states, now_ms=0, idle_feed_ms=1)
    states |= after
    offsets = np.array(batch.offsets, np.int64)
    (blocks,) = pack_capture(lines, offsets, spans, ranges, partitions=1, block_bytes=100_000)
    return blocks


@pytest.mark.parametrize("partitions", [1, 3])
def test_capture_finds_every_gap_stall_and_disconnect_of_the_sample(
    partitions: int, firehose: Firehose, tmp_path: Path
) -> None:
    path = tmp_path / "firehose.jsonl"
    path.write_bytes(firehose.jsonl())
    source = ReplaySource(ReplayPlan(file=path), ReadLimits(now_ms=END_MS), Silence(90_000, 30_000), [], 100_000)
    source.read(lambda _: None)
    fold = CaptureFold(RULES)
    state = fold.empty(0)
    gaps, windows = list[bytes](), dict[int, int]()
    for offset, value in enumerate(reports(raw_topic(source, partitions), random.Random(partitions))):
        for output in fold.apply(state, offset, value):
            if output.topic == topics.GAPS:
                gaps.append(output.value or b"")
            else:
                block = msgspec.msgpack.decode(output.value or b"", type=PartialBlock)
                windows |= {w.window_start_ms: (*w.counts, *[0] * 99)[COUNTER["mention_lines"]] for w in block.windows}
    source.close()
    assert check_gaps(firehose.truth, gap_rows(gaps)) == []
    for truth, part in zip(firehose.truth.feeds, fold.feed_parts(state), strict=True):
        assert (part.sent, part.mention_lines) == (truth.sent, truth.received + truth.duplicates)
        assert (part.late, part.rejected, part.control) == (truth.late, truth.rejected, truth.control)
        assert (part.missed_exact, part.missed_upstream) == (truth.missed_exact, truth.missed_upstream)
        assert part.undecided == part.shed == 0
    assert sum(windows.values()) == sum(truth.received + truth.duplicates for truth in firehose.truth.feeds)
