"""How a worker partition tells merge what it counted: blocks for ``care.windows.partial.v1``.

A block's watermark promises that every part of a window that ends at or before it is in the block or was sent
before. A provisional block therefore carries ``UNSET``: it may overtake the outputs of an earlier record.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from models.counters import COUNTERS
from models.records import PACKED_SCHEMA, FeedPart, PartialBlock, WindowPart
from streams.stages import topics
from streams.stages.fold import Output
from streams.stages.keys import murmur2_partition
from streams.stages.rules import Rules
from streams.stages.watermark import UNSET

BLOCK_PARTS: Final = 1500  # at most 330 bytes each: a block stays below half of the usual record limit


def origins(rules: Rules) -> tuple[str, ...]:
    """Everybody whom merge waits for."""
    care = (f"care-{partition}" for partition in range(rules.care_partitions))
    capture = (f"capture-{partition}" for partition in range(rules.capture_partitions))
    return (*care, *capture)


def trimmed(counts: Sequence[int]) -> tuple[int, ...]:
    """``counts`` without trailing zeros, the wire form of ``WindowPart.counts``."""
    length = next((index for index in range(len(counts), 0, -1) if counts[index - 1]), 0)
    return tuple(counts[:length])


def widened(counts: Sequence[int]) -> list[int]:
    """Inverse of :func:`trimmed`."""
    return [*counts, *[0] * (len(COUNTERS) - len(counts))]


def partial_outputs(
    rules: Rules,
    origin: str,
    revision: int,
    watermark_ms: int,
    windows: Sequence[WindowPart],
    feeds: Sequence[FeedPart],
) -> Iterator[Output]:
    """One block for each merge partition that has to hear of something; with a watermark, for all of them."""
    for partition in range(rules.merge_partitions):
        mine = [part for part in windows if _lives_in(str(part.window_start_ms), partition, rules)]
        of_feeds = tuple(part for part in feeds if _lives_in(part.feed, partition, rules))
        if not (mine or of_feeds or watermark_ms != UNSET):
            continue
        starts = range(0, max(len(mine), 1), BLOCK_PARTS)
        for start in starts:
            last = start == starts[-1]
            block = PartialBlock(
                schema=PACKED_SCHEMA,
                origin=origin,
                origins=origins(rules),
                revision=revision,
                watermark_ms=watermark_ms if last else UNSET,
                windows=tuple(mine[start : start + BLOCK_PARTS]),
                feeds=of_feeds if last else (),
            )
            yield Output(topics.PARTIALS, None, msgspec.msgpack.encode(block), partition, phase=1)


def _lives_in(key: str, partition: int, rules: Rules) -> bool:
    return rules.merge_partitions == 1 or murmur2_partition(key.encode(), rules.merge_partitions) == partition
