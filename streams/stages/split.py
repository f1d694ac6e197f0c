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
from streams.stages.codes import compact

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
    return _halve_care(block) if isinstance(block, CareBlock) else _halve_capture(block)


def care_block(
    head: tuple[int, str, str],
    sections: Sequence[CareSection],
    table: NDArray[np.void],
    ids: bytes,
    pairs: Sequence[tuple[str, str]],
    feeds: Sequence[str],
) -> CareBlock:
    """A block of these sections with those pairs and feeds only that their rows name. ``head`` is schema, model and
    configuration."""
    table = table.copy()
    used_pairs, table["pair"] = compact(table["pair"], len(pairs))
    used_feeds, table["feed"] = compact(table["feed"], len(feeds))
    return CareBlock(
        *head,
        sections=tuple(sections),
        rows=table.tobytes(),
        ids=ids,
        pairs=tuple([pairs[code] for code in used_pairs.tolist()]),
        feeds=tuple([feeds[code] for code in used_feeds.tolist()]),
    )


def _halve_care(block: CareBlock) -> list[CareBlock]:
    table, sections = np.frombuffer(block.rows, EVENT_DTYPE), block.sections
    if len(sections) > 1:
        middle = len(sections) // 2
        halves: Sequence[Sequence[CareSection]] = (sections[:middle], sections[middle:])
        cut = sum(section.events for section in halves[0])
    else:
        offset = _middle_offset(table["offset"])
        if offset is None:
            return [block]
        cut = int(np.searchsorted(table["offset"], offset))
        first, last = _halve_span(sections[0].span, offset)
        halves = ([CareSection(first, cut)], [CareSection(last, len(table) - cut)])
    ids = block.ids.split(b"\0")
    at = sum(map(len, ids[:cut])) + cut
    head = block.schema, block.model, block.config
    return [
        care_block(head, halves[0], table[:cut], block.ids[:at], block.pairs, block.feeds),
        care_block(head, halves[1], table[cut:], block.ids[at:], block.pairs, block.feeds),
    ]


def _halve_capture(block: CaptureBlock) -> list[CaptureBlock]:
    sections = block.sections
    middle = len(sections) // 2
    halves = (sections[:middle], sections[middle:]) if middle else [(part,) for part in _halve_section(sections[0])]
    return [msgspec.structs.replace(block, sections=tuple(half)) for half in halves]


def _halve_section(section: CaptureSection) -> list[CaptureSection]:
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
