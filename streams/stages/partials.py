"""How a worker partition tells merge what it counted: blocks for ``care.windows.partial.v1``.

A block's watermark promises that every part of a window that ends at or before it is in the block or was sent
before. A provisional block therefore carries ``UNSET``: it may overtake the outputs of an earlier record.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from models.packed import PACKED_SCHEMA, FeedPart, PartialBlock, WindowPart
from streams.stages import topics
from streams.stages.fold import Output
from streams.stages.keys import murmur2_partition
from streams.stages.rules import Rules
from streams.stages.watermark import UNSET

BLOCK_BYTES: Final = 400_000  # of windows in one block: below half of the usual record limit
_CAPTURE: Final = "capture-"
_encode = msgspec.msgpack.Encoder().encode


def origins(rules: Rules) -> tuple[str, ...]:
    """Everybody whom merge waits for."""
    care = (f"care-{partition}" for partition in range(rules.care_partitions))
    capture = (f"{_CAPTURE}{partition}" for partition in range(rules.capture_partitions))
    return (*care, *capture)


def is_capture(origin: str) -> bool:
    return origin.startswith(_CAPTURE)


def trimmed(counts: Sequence[int]) -> tuple[int, ...]:
    """``counts`` without trailing zeros, the wire form of ``WindowPart.counts``."""
    length = next((index for index in range(len(counts), 0, -1) if counts[index - 1]), 0)
    return tuple(counts[:length])


def partial_outputs(
    rules: Rules,
    origin: str,
    revision: int,
    watermark_ms: int,
    windows: Sequence[WindowPart],
    feeds: Sequence[FeedPart],
) -> Iterator[Output]:
    """One block for each merge partition that has to hear of something; with a watermark, for all of them. Too large
    ones are split: the watermark and the feeds are in the last."""
    for partition in range(rules.merge_partitions):
        mine = [part for part in windows if _lives_in(_widest(part.window_start_ms, rules), partition, rules)]
        of_feeds = tuple(part for part in feeds if _lives_in(part.feed, partition, rules))
        if not (mine or of_feeds or watermark_ms != UNSET):
            continue
        *earlier, last = _split(mine)
        for some in (*earlier, last):
            block = PartialBlock(
                schema=PACKED_SCHEMA,
                origin=origin,
                origins=origins(rules),
                revision=revision,
                watermark_ms=watermark_ms if some is last else UNSET,
                windows=some,
                feeds=of_feeds if some is last else (),
            )
            yield Output(topics.PARTIALS, None, msgspec.msgpack.encode(block), partition, phase=1)


def _split(parts: Sequence[WindowPart]) -> list[tuple[WindowPart, ...]]:
    """Runs of parts of at most ``BLOCK_BYTES`` each, at least one."""
    runs, run, size = list[tuple[WindowPart, ...]](), list[WindowPart](), 0
    for part in parts:
        length = len(_encode(part))
        if run and size + length > BLOCK_BYTES:
            runs.append(tuple(run))
            run, size = [], 0
        run.append(part)
        size += length
    return [*runs, tuple(run)]


def _widest(start_ms: int, rules: Rules) -> str:
    """All windows within one of the widest kind live together, for they are added up."""
    return str(start_ms - start_ms % max((rules.window_ms, *rules.rollup_ms)))


def _lives_in(key: str, partition: int, rules: Rules) -> bool:
    return rules.merge_partitions == 1 or murmur2_partition(key.encode(), rules.merge_partitions) == partition
