"""Cuts a packed block that is too large into smaller ones that say the same, one after the other."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import (
    EVENT_DTYPE,
    LINE_DTYPE,
    CaptureBlock,
    CaptureSection,
    CareBlock,
    CareSection,
    FeedLines,
    RawSpan,
)

Block = TypeVar("Block", CareBlock, CaptureBlock)

_encode = msgspec.msgpack.Encoder().encode


def encode_blocks(block: Block, block_bytes: int) -> list[bytes]:
    """The block as MessagePack, in as many pieces as ``block_bytes`` asks for. A piece that cannot be cut any more
    (all events of one record) may be larger."""
    encoded = _encode(block)
    if len(encoded) <= block_bytes:
        return [encoded]
    parts = halve(block)
    if len(parts) == 1:
        return [encoded]
    return [piece for part in parts for piece in encode_blocks(part, block_bytes)]


def halve(block: Block) -> Sequence[Block]:
    """Two blocks that say what this one does: half of the sections each, or half of the only section."""
    sections = block.sections
    if len(sections) > 1:
        middle = len(sections) // 2
        halves: list[Sequence[CareSection | CaptureSection]] = [sections[:middle], sections[middle:]]
    else:
        halves = [[part] for part in _halve_section(sections[0])]
    return [msgspec.structs.replace(block, sections=tuple(half)) for half in halves]


def _halve_section(section: CareSection | CaptureSection) -> Sequence[CareSection] | Sequence[CaptureSection]:
    return _halve_care(section) if isinstance(section, CareSection) else _halve_capture(section)


def _halve_care(section: CareSection) -> list[CareSection]:
    rows = np.frombuffer(section.rows, EVENT_DTYPE)
    middle = _middle_offset(rows["offset"])
    if middle is None:
        return [section]
    cut = int(np.searchsorted(rows["offset"], middle))
    parts = []
    for span, low, high in zip(_halve_span(section.span, middle), (0, cut), (cut, len(rows)), strict=True):
        part = rows[low:high].copy()
        used, part["key"] = np.unique(part["key"], return_inverse=True)
        keys = tuple(section.keys[index] for index in used.tolist())
        parts.append(CareSection(span, part.tobytes(), section.ids[low:high], keys, section.feeds))
    return parts


def _halve_capture(section: CaptureSection) -> list[CaptureSection]:
    tables = [np.frombuffer(feed.rows, LINE_DTYPE) for feed in section.feeds]
    middle = _middle_offset(np.sort(np.concatenate([table["offset"] for table in tables]))) if tables else None
    if middle is None:
        return [section]
    parts: tuple[list[FeedLines], list[FeedLines]] = ([], [])
    for feed, table in zip(section.feeds, tables, strict=True):
        cut = int((table["offset"] < middle).sum())
        for part, rows in zip(parts, (table[:cut], table[cut:]), strict=True):
            if len(rows):
                part.append(_part_of_feed(feed, rows))
    spans = _halve_span(section.span, middle)
    return [CaptureSection(span, tuple(part)) for span, part in zip(spans, parts, strict=True)]


def _part_of_feed(feed: FeedLines, rows: NDArray[np.void]) -> FeedLines:
    """Some rows of a feed, with what belongs to them. Reasons of rejects are counts without rows: the last part of
    the feed keeps them."""
    said = feed.limits or feed.disconnects or feed.stalls
    stamps = {(int(row["epoch"]), int(row["seq"])) for row in rows} if said else set()
    return msgspec.structs.replace(
        feed,
        rows=rows.tobytes(),
        rejects=feed.rejects if feed.rows.endswith(rows.tobytes()) else {},
        limits=tuple(limit for limit in feed.limits if (limit.epoch, limit.seq) in stamps),
        disconnects=tuple(cut for cut in feed.disconnects if (cut.epoch, cut.seq) in stamps),
        stalls=tuple(stall for stall in feed.stalls if (stall.epoch, stall.seq) in stamps),
    )


def _middle_offset(offsets: NDArray[np.int64]) -> int | None:
    """An offset that leaves rows on both sides of the cut; None if all rows have the same one."""
    if not len(offsets) or offsets[0] == offsets[-1]:
        return None
    middle = int(offsets[len(offsets) // 2])
    return middle if middle > offsets[0] else int(offsets[np.searchsorted(offsets, middle, side="right")])


def _halve_span(span: RawSpan, middle: int) -> tuple[RawSpan, RawSpan]:
    """Starts go ahead; marks and ends follow the last rows, or event time would run ahead of the events."""
    first = RawSpan(span.topic_id, span.partition, span.from_offset, middle, span.starts)
    last = RawSpan(span.topic_id, span.partition, middle, span.to_offset, (), span.marks, span.ends)
    return first, last
