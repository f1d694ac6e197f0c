"""A capture partition under test: its rules, reports for it, and what it has told."""

import msgspec

from config.settings import Settings
from models.counters import COUNTER
from models.packed import PACKED_SCHEMA, CaptureBlock, FeedPart, PartialBlock
from models.records import GapRecord
from streams.stages import topics
from streams.stages.capture import CaptureFold, CaptureState
from streams.stages.fold import Output
from streams.stages.rules import Rules
from tests.stages.feed_script import Item, Line, section

WINDOW_MS = 300_000
COUNTED = ("missed_exact", "missed_upstream", "mention_lines")


def rules(*, capture_partitions: int = 1, merge_partitions: int = 1) -> Rules:
    return msgspec.structs.replace(
        Rules.from_settings(Settings()),
        lateness_ms=1_000,
        window_ms=WINDOW_MS,
        rollup_ms=(),
        care_partitions=1,
        capture_partitions=capture_partitions,
        merge_partitions=merge_partitions,
    )


FOLD = CaptureFold(rules())


class Told:
    """What a capture partition has published: gaps, the newest part of each window and feed, all blocks."""

    def __init__(self) -> None:
        self.gaps: dict[str, GapRecord] = {}
        self.blocks: list[PartialBlock] = []

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            assert output.value is not None
            if output.topic == topics.GAPS:
                gap = msgspec.json.decode(output.value, type=GapRecord)
                assert output.key == f"{gap.feed}:{gap.epoch}:{gap.cause}:{gap.from_seq}".encode()
                self.gaps[output.key.decode()] = msgspec.structs.replace(gap, revision=0)
            else:
                assert (output.topic, output.phase) == (topics.PARTIALS, 1)
                self.blocks.append(msgspec.msgpack.decode(output.value, type=PartialBlock))

    @property
    def windows(self) -> dict[tuple[str, int], tuple[int, ...]]:
        """What is counted, in the order of ``COUNTED``, by source and window; zeros left out."""
        newest = {(w.source, w.window_start_ms): w for block in self.blocks for w in block.windows}
        assert all(w.open == 0 and w.brand == "*" and not w.sparse for w in newest.values())
        counted = {key: tuple(count(w.counts, name) for name in COUNTED) for key, w in newest.items()}
        return {key: counts for key, counts in counted.items() if any(counts)}

    @property
    def feeds(self) -> dict[str, FeedPart]:
        return {part.feed: part for block in self.blocks for part in block.feeds}


def count(counts: tuple[int, ...], name: str) -> int:
    return counts[COUNTER[name]] if COUNTER[name] < len(counts) else 0


def fold_all(reports: list[bytes], fold: CaptureFold = FOLD) -> tuple[CaptureState, Told]:
    state, told = fold.empty(0), Told()
    for offset, report in enumerate(reports):
        told.take(list(fold.apply(state, offset, report)))
    told.take(list(fold.drain(state)))
    return state, told


def lines(*numbers: int, lost: tuple[int, ...] = (), step_ms: int = 1000) -> tuple[Line, ...]:
    return tuple(Line(1, n, n * step_ms, lost=n in lost) for n in numbers)


def report(partition: int, offset: int, *items: Item) -> bytes:
    records = [("f", "x", item) for item in items]
    return msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA, (section(records, partition, offset),)))
