"""Packs a history as ``classify`` would: one care block per batch and care partition, one capture block per batch and
capture partition."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from typing import Any, Final

import numpy as np

from models.packed import (
    EVENT_DTYPE,
    LINE_DTYPE,
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    CareBlock,
    CareSection,
    Disconnect,
    FeedEnd,
    FeedLines,
    FeedMark,
    FeedStart,
    Limit,
    LineKind,
    RawSpan,
    Stall,
)
from models.records import (
    ANNOUNCEMENTS,
    FOLLOWER_BANDS,
    INTENTS,
    PII_KINDS,
    REASONS,
    Control,
    ControlKind,
    Flag,
    Mention,
    Role,
    Stamp,
)

from .classified import in_brand_order, judged_from
from .customers import hash_of, number_of
from .histories import History
from .raw import RawLine, is_late

PartitionOf = Callable[[str, int], int]  # (key, partitions) to partition

_TOPIC_ID: Final = "raw-topic"
_SEPARATOR: Final = "\x1f"  # of a case key; no generated name holds one


@dataclass(frozen=True, slots=True)
class _Event:
    pair: tuple[str, str]
    customer: str
    id: str
    feed: str
    values: dict[str, int]  # the rest of EVENT_DTYPE by field

    @property
    def key(self) -> str:
        return _SEPARATOR.join((*self.pair, hash_of(self.customer)))


@dataclass(slots=True)
class _Slice:
    """The records of one batch from one raw partition."""

    from_offset: int
    to_offset: int
    lines: list[tuple[int, RawLine]] = field(default_factory=list)


def to_care_blocks(
    history: History, partitions: int, batch_cuts: Sequence[int], partition_of: PartitionOf
) -> list[tuple[int, CareBlock]]:
    """(care partition, block) in the order of sending. ``batch_cuts`` are the sizes of the first batches; the last of
    them is that of all further ones."""
    verdicts = _rows_by_mention(history)
    sent: list[tuple[int, CareBlock]] = []
    for batch in _batches(history, batch_cuts):
        spans: list[RawSpan] = []
        told: list[list[list[_Event]]] = [[] for _ in range(partitions)]
        for raw_partition, slice_ in sorted(batch.items()):
            spans.append(_span(raw_partition, slice_))
            events = [event for offset, line in slice_.lines for event in _events(offset, line, verdicts, history)]
            for care_partition, mine in enumerate(told):
                mine.append([event for event in events if partition_of(event.key, partitions) == care_partition])
        sent.extend((care_partition, _block(spans, mine)) for care_partition, mine in enumerate(told))
    return sent


def to_capture_blocks(
    history: History, partitions: int, batch_cuts: Sequence[int], partition_of: PartitionOf
) -> list[tuple[int, CaptureBlock]]:
    """(capture partition, block) in the order of sending; cuts as in :func:`to_care_blocks`."""
    sent: list[tuple[int, CaptureBlock]] = []
    for batch in _batches(history, batch_cuts):
        for capture_partition in range(partitions):
            sections = tuple(
                CaptureSection(
                    _span(raw_partition, slice_),
                    tuple(
                        _feed_lines(feed, lines, history)
                        for feed, lines in _by_feed(slice_.lines).items()
                        if partition_of(feed, partitions) == capture_partition
                    ),
                )
                for raw_partition, slice_ in sorted(batch.items())
            )
            sent.append((capture_partition, CaptureBlock(PACKED_SCHEMA, sections)))
    return sent


def _batches(history: History, batch_cuts: Sequence[int]) -> Iterator[dict[int, _Slice]]:
    offsets = dict.fromkeys(range(history.raw_partitions), 0)
    log = iter(history.log)
    for size in chain(batch_cuts, repeat(batch_cuts[-1])):
        batch: dict[int, _Slice] = {}
        for line in islice(log, size):
            partition, offset = line.partition, offsets[line.partition]
            offsets[partition] += 1
            slice_ = batch.setdefault(partition, _Slice(offset, offset))
            slice_.to_offset = offset + 1
            slice_.lines.append((offset, line))
        if not batch:
            return
        yield batch


def _span(partition: int, slice_: _Slice) -> RawSpan:
    """Announcements of the slice, and the largest stamp of each feed in it."""
    starts: list[FeedStart] = []
    ends: list[FeedEnd] = []
    marks: dict[str, int] = {}
    for _, line in slice_.lines:
        value = line.value
        if isinstance(value, Control) and value.control is ControlKind.FEED_START:
            starts.append(FeedStart(value.feed, value.epoch, value.first_seq, value.partitions, value.source))
            continue
        if isinstance(value, Control) and value.control is ControlKind.END_OF_FEED:
            times = (value.feed_time_ms, value.settle_ms)
            ends.append(FeedEnd(value.feed, value.epoch, value.last_seq, *times, value.final))
        marks[value.feed] = max(marks.get(value.feed, value.feed_time_ms), value.feed_time_ms)
    return RawSpan(
        _TOPIC_ID,
        partition,
        slice_.from_offset,
        slice_.to_offset,
        tuple(starts),
        tuple(FeedMark(feed, time_ms) for feed, time_ms in marks.items()),
        tuple(ends),
    )


# ---------------------------------------------------------------- care


def _rows_by_mention(history: History) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in history.rows:
        rows[row["id"]].append(row)
    order = {id_: in_brand_order(map(judged_from, mine), history.terms.brands) for id_, mine in rows.items()}
    return {
        id_: [row for judged in order[id_] for row in mine if row["brand"] == judged.brand]
        for id_, mine in rows.items()
    }


def _events(
    offset: int, line: RawLine, verdicts: dict[str, list[dict[str, Any]]], history: History
) -> Iterator[_Event]:
    mention = line.value
    if not isinstance(mention, Mention) or is_late(mention, history.terms.lateness_ms):
        return
    for place, row in enumerate(verdicts[mention.id]):
        primary = (Flag.PRIMARY_MENTION if place == 0 else Flag(0)) | (
            Flag.PRIMARY_BRAND if row["role"] != "none" else Flag(0)
        )
        addressed = Flag.ADDRESSED if row["customers"] and row["role"] != "none" else Flag(0)
        for nth, customer in enumerate(row["customers"] or [mention.author]):
            flags = _judged_flags(row) | addressed | (primary if nth == 0 else Flag(0))
            pair = mention.source, row["brand"]
            yield _Event(pair, customer, mention.id, mention.feed, _values(offset, mention, row, flags))


def _judged_flags(row: dict[str, Any]) -> Flag:
    named = {
        Flag.ACTIONABLE: row["actionable"],
        Flag.NEEDS_REPLY: row["needs_reply"],
        Flag.DIVERTS: row["diverts"] != "",
        Flag.CLOSES: row["closes"],
        Flag.ESCALATED: row["escalate"],
    }
    flags = Flag(0)
    for flag, is_set in named.items():
        flags |= flag if is_set else Flag(0)
    return flags


def _values(offset: int, mention: Mention, row: dict[str, Any], flags: Flag) -> dict[str, int]:
    return {
        "offset": offset,
        "time_ms": mention.created_at_ms,
        "seq": mention.seq,
        "epoch": mention.epoch,
        "flags": int(flags),
        "pii": sum(1 << PII_KINDS.index(kind) for kind in row["pii"]),
        "role": int(Role[row["role"].upper()]),
        "intent": INTENTS.index(row["intent"] or "unjudged"),
        "reasons": sum(1 << REASONS.index(name) for name in row["reasons"]),
        "tier": row["tier"],
        "band": bisect_right(FOLLOWER_BANDS, mention.followers) - 1,
    }


def _block(spans: list[RawSpan], told: list[list[_Event]]) -> CareBlock:
    """``told`` are the events of each span."""
    events = [event for of_span in told for event in of_span]
    pairs = list(dict.fromkeys(event.pair for event in events))
    feeds = list(dict.fromkeys(event.feed for event in events))
    rows = np.zeros(len(events), EVENT_DTYPE)
    for index, event in enumerate(events):
        rows[index]["pair"] = pairs.index(event.pair)
        rows[index]["customer"] = number_of(event.customer)
        rows[index]["feed"] = feeds.index(event.feed)
        for name, value in event.values.items():
            rows[index][name] = value
    return CareBlock(
        PACKED_SCHEMA,
        "model",
        "config",
        tuple(CareSection(span, len(of_span)) for span, of_span in zip(spans, told, strict=True)),
        rows.tobytes(),
        b"".join(event.id.encode() + b"\0" for event in events),
        tuple(pairs),
        tuple(feeds),
    )


# ---------------------------------------------------------------- capture


def _by_feed(lines: list[tuple[int, RawLine]]) -> dict[str, list[tuple[int, RawLine]]]:
    feeds: dict[str, list[tuple[int, RawLine]]] = defaultdict(list)
    for offset, line in lines:
        if not line.announces:
            feeds[line.value.feed].append((offset, line))
    return feeds


def _feed_lines(feed: str, lines: list[tuple[int, RawLine]], history: History) -> FeedLines:
    rows = np.zeros(len(lines), LINE_DTYPE)
    rejects: dict[str, int] = defaultdict(int)
    limits: list[Limit] = []
    disconnects: list[Disconnect] = []
    stalls: list[Stall] = []
    for index, (offset, line) in enumerate(lines):
        value = line.value
        kind = _kind(line, history.terms.lateness_ms)
        time_ms = value.created_at_ms if isinstance(value, Mention) else 0
        rows[index] = (offset, value.seq, value.epoch, value.feed_time_ms, time_ms, kind)
        place = (value.epoch, value.seq, value.feed_time_ms)
        if value.silent_ms:
            stalls.append(Stall(*place, value.silent_ms))
        if isinstance(value, Stamp):
            rejects[value.reason.value] += 1
        elif isinstance(value, Control) and value.control is ControlKind.LIMIT:
            limits.append(Limit(*place, value.track))
        elif isinstance(value, Control) and value.control is ControlKind.DISCONNECT:
            disconnects.append(Disconnect(*place, value.code, value.reason))
    return FeedLines(feed, "x", rows.tobytes(), dict(rejects), tuple(limits), tuple(disconnects), tuple(stalls))


def _kind(line: RawLine, lateness_ms: int) -> LineKind:
    value = line.value
    if isinstance(value, Stamp):
        return LineKind.REJECTED
    if isinstance(value, Control):
        assert value.control not in ANNOUNCEMENTS
        return LineKind.CONTROL
    return LineKind.LATE if is_late(value, lateness_ms) else LineKind.MENTION
