"""Packs what one batch says into one record per care partition and one per capture partition."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.packed import (
    EVENT_DTYPE,
    LINE_DTYPE,
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    CareBlock,
    CareSection,
    Disconnect,
    FeedLines,
    Limit,
    RawSpan,
    Stall,
)
from models.records import Control, ControlKind, Flag
from streams.stages.decode import ANNOUNCEMENT, Lines
from streams.stages.keys import case_key, murmur2_partition
from streams.stages.mention_table import MentionTable
from streams.stages.route import Concerns, Router
from streams.stages.split import encode_blocks
from streams.stages.verdicts import Decisions

Ints = NDArray[np.int64]


# ---------------------------------------------------------------- murmur2


@njit(cache=True, nogil=True)
def _murmur2(data: Any, ends: Any, out: Any) -> None:
    """murmur2 of the Java client, 31 bits, of each key in ``data``. As ``streams.stages.keys``, compiled."""
    mask = np.uint32(0xFFFFFFFF)
    m = np.uint32(0x5BD1E995)
    start = 0
    for row in range(len(ends)):
        end = ends[row]
        length = end - start
        h = np.uint32(0x9747B28C) ^ np.uint32(length)
        at = start
        while end - at >= 4:
            k = np.uint32(data[at]) | np.uint32(data[at + 1]) << np.uint32(8)
            k |= np.uint32(data[at + 2]) << np.uint32(16) | np.uint32(data[at + 3]) << np.uint32(24)
            k = np.uint32(k * m) & mask
            k ^= k >> np.uint32(24)
            k = np.uint32(k * m) & mask
            h = (np.uint32(h * m) & mask) ^ k
            at += 4
        left = end - at
        if left >= 3:
            h ^= np.uint32(data[at + 2]) << np.uint32(16)
        if left >= 2:
            h ^= np.uint32(data[at + 1]) << np.uint32(8)
        if left >= 1:
            h = np.uint32((h ^ np.uint32(data[at])) * m) & mask
        h ^= h >> np.uint32(13)
        h = np.uint32(h * m) & mask
        h ^= h >> np.uint32(15)
        out[row] = h & np.uint32(0x7FFFFFFF)
        start = end


def murmur2_partitions(keys: Sequence[str], partitions: int) -> Ints:
    """The partition of each key, as :func:`streams.stages.keys.murmur2_partition` gives it."""
    joined = "".join(keys)
    data = joined.encode()
    lengths = [len(key) for key in keys]
    if len(data) != len(joined):
        lengths = [len(key.encode()) for key in keys]
    hashes = np.zeros(len(keys), np.int64)
    _murmur2(np.frombuffer(data, np.uint8), np.cumsum(np.array(lengths, np.int64)), hashes)
    return hashes % partitions


# ---------------------------------------------------------------- events


class Events(msgspec.Struct, frozen=True):
    """The events of a batch, in raw order; one entry each. ``concern`` indexes the batch's concerns."""

    concern: Ints
    keys: list[str]  # case keys
    care_partitions: Ints
    flags: NDArray[np.uint16]
    first: Ints  # per concern: its first event


def make_events(
    mentions: MentionTable, concerns: Concerns, decisions: Decisions, router: Router, partitions: int
) -> Events:
    """One event per concern and subject. The first one of a concern counts for its brand, the first one of a mention
    for brand ``*`` and for the feed."""
    names = [*(brand.name for brand in router.brands), ""]  # NO_BRAND is the last
    prefixes: dict[tuple[str, int], str] = {}
    keys: list[str] = []
    sizes: list[int] = []
    for concern in concerns:
        source = mentions[concern.mention].source
        prefix = prefixes.get((source, concern.brand))
        if prefix is None:
            prefix = prefixes[source, concern.brand] = case_key(source, names[concern.brand], "")
        subjects = concern.subjects
        sizes.append(len(subjects))
        if len(subjects) == 1:
            keys.append(prefix + subjects[0])  # hashes need no escapes
        else:
            keys += [prefix + subject for subject in subjects]
    counts = np.array(sizes, np.int64)
    first = np.cumsum(counts) - counts
    concern_of = np.repeat(np.arange(len(concerns)), counts)
    return Events(
        concern=concern_of,
        keys=keys,
        care_partitions=murmur2_partitions(keys, partitions),
        flags=_primary_flags(concerns, decisions, first, concern_of),
        first=first,
    )


def _primary_flags(concerns: Concerns, decisions: Decisions, first: Ints, concern_of: Ints) -> NDArray[np.uint16]:
    flags = decisions.flags[concern_of]
    branded = np.array([concern.brand >= 0 for concern in concerns], np.bool_)
    opening = np.ones(len(concerns), np.bool_)
    opening[1:] = decisions.mention[1:] != decisions.mention[:-1]
    flags[first] |= (branded * int(Flag.PRIMARY_BRAND) | opening * int(Flag.PRIMARY_MENTION)).astype(np.uint16)
    return flags


# ---------------------------------------------------------------- care


def pack_care(
    lines: Lines,
    offsets: Ints,
    concerns: Concerns,
    decisions: Decisions,
    events: Events,
    spans: Sequence[RawSpan],
    ranges: Mapping[int, tuple[int, int]],
    *,
    partitions: int,
    versions: tuple[str, str],
    block_bytes: int,
) -> list[list[bytes]]:
    """Per care partition the encoded blocks of the batch, in order; one unless it exceeds ``block_bytes``.

    ``ranges`` gives the rows of each raw partition, ``versions`` model and configuration. Late mentions stay out.
    """
    rows = lines.mention_rows[decisions.mention[events.concern]]
    timely = ~decisions.late[decisions.mention[events.concern]]
    table = _event_rows(lines, offsets, decisions, events, rows)
    ids = [lines.mentions[concern.mention].id for concern in concerns]
    blocks: list[list[bytes]] = []
    for partition in range(partitions):
        chosen = np.flatnonzero(timely & (events.care_partitions == partition))
        sections = tuple(_care_section(span, ranges, lines, table, events, ids, rows, chosen) for span in spans)
        blocks.append(encode_blocks(CareBlock(PACKED_SCHEMA, *versions, sections), block_bytes))
    return blocks


def _event_rows(lines: Lines, offsets: Ints, decisions: Decisions, events: Events, rows: Ints) -> NDArray[np.void]:
    table = np.zeros(len(rows), EVENT_DTYPE)
    table["offset"], table["seq"], table["epoch"] = offsets[rows], lines.seqs[rows], lines.epochs[rows]
    table["time_ms"] = lines.times_ms[rows]
    table["flags"] = events.flags
    for name in ("pii", "role", "intent", "reasons", "tier", "band"):
        table[name] = getattr(decisions, name)[events.concern]
    return table


def _care_section(
    span: RawSpan,
    ranges: Mapping[int, tuple[int, int]],
    lines: Lines,
    table: NDArray[np.void],
    events: Events,
    ids: list[str],
    rows: Ints,
    chosen: Ints,
) -> CareSection:
    low, high = ranges.get(span.partition, (0, 0))
    low, high = np.searchsorted(rows[chosen], (low, high)).tolist()
    places = chosen[low:high]
    if not len(places):
        return CareSection(span)
    keys: dict[str, int] = {}
    feeds: dict[str, int] = {}
    section = table[places]
    listed = places.tolist()
    section["key"] = [keys.setdefault(events.keys[place], len(keys)) for place in listed]
    section["feed"] = [feeds.setdefault(lines.feeds[row], len(feeds)) for row in rows[places].tolist()]
    named = tuple([ids[concern] for concern in events.concern[places].tolist()])
    return CareSection(span, section.tobytes(), named, tuple(keys), tuple(feeds))


# ---------------------------------------------------------------- capture


def pack_capture(
    lines: Lines,
    offsets: Ints,
    spans: Sequence[RawSpan],
    ranges: Mapping[int, tuple[int, int]],
    *,
    partitions: int,
    block_bytes: int,
) -> list[list[bytes]]:
    """Per capture partition the encoded blocks of the batch. A feed's lines go to the partition of its name."""
    found = {span.partition: _feed_lines(lines, offsets, ranges.get(span.partition, (0, 0))) for span in spans}
    blocks: list[list[bytes]] = []
    for partition in range(partitions):
        sections = tuple(
            CaptureSection(
                span,
                tuple(
                    feed
                    for feed in found[span.partition]
                    if murmur2_partition(feed.feed.encode(), partitions) == partition
                ),
            )
            for span in spans
        )
        blocks.append(encode_blocks(CaptureBlock(PACKED_SCHEMA, sections), block_bytes))
    return blocks


def _feed_lines(lines: Lines, offsets: Ints, rows: tuple[int, int]) -> list[FeedLines]:
    low, high = rows
    table = np.zeros(high - low, LINE_DTYPE)
    table["offset"], table["seq"], table["epoch"] = offsets[low:high], lines.seqs[low:high], lines.epochs[low:high]
    table["feed_time_ms"], table["kind"] = lines.feed_times_ms[low:high], lines.kinds[low:high]
    table["time_ms"] = lines.times_ms[low:high]
    counted = lines.kinds[low:high] != ANNOUNCEMENT
    feeds = lines.feeds[low:high]
    sources = _sources(lines, low, high)
    names = sorted({feed for feed, line in zip(feeds, counted.tolist(), strict=True) if line})
    column = np.array(feeds) if len(names) > 1 else None
    found: list[FeedLines] = []
    for name in names:
        places = np.flatnonzero(counted if column is None else counted & (column == name))
        for source, part in _by_source(lines, sources.get(name, [""]), places, low):
            found.append(_of_feed(lines, name, source, part, table, low))
    return found


def _sources(lines: Lines, low: int, high: int) -> dict[str, list[str]]:
    """Sources of each feed, as its mentions or else its controls say; nearly always one."""
    first, last = np.searchsorted(lines.mention_rows, (low, high)).tolist()
    rows = lines.mention_rows[first:last].tolist()
    pairs = {(lines.feeds[row], m.source) for row, m in zip(rows, lines.mentions[first:last], strict=True)}
    sources: dict[str, list[str]] = {}
    for feed, source in sorted(pairs):
        sources.setdefault(feed, []).append(source)
    for row, control in lines.controls.items():
        if low <= row < high:
            sources.setdefault(control.feed, [control.source])
    return sources


def _by_source(lines: Lines, sources: Sequence[str], places: Ints, low: int) -> list[tuple[str, Ints]]:
    """A feed's lines by source, because windows are: where there are several, the first has what is no mention."""
    if len(sources) == 1:
        return [(sources[0], places)]
    of_row = dict(zip(lines.mention_rows.tolist(), (m.source for m in lines.mentions), strict=True))
    named = np.array([of_row.get(row, sources[0]) for row in (places + low).tolist()])
    return [(source, places[named == source]) for source in sources]


def _of_feed(lines: Lines, name: str, source: str, places: Ints, table: NDArray[np.void], low: int) -> FeedLines:
    rows = (places + low).tolist()
    rejects: dict[str, int] = {}
    if lines.rejects:
        for reject in (lines.rejects[row] for row in rows if row in lines.rejects):
            rejects[reject.reason.value] = rejects.get(reject.reason.value, 0) + 1
    controls = [(row, lines.controls[row]) for row in rows if row in lines.controls] if lines.controls else []
    return FeedLines(
        feed=name,
        source=source,
        rows=table[places].tobytes(),
        rejects=rejects,
        limits=tuple(
            Limit(*_stamp(lines, row), control.track) for row, control in _of_kind(controls, ControlKind.LIMIT)
        ),
        disconnects=tuple(
            Disconnect(*_stamp(lines, row), control.code, control.reason)
            for row, control in _of_kind(controls, ControlKind.DISCONNECT)
        ),
        stalls=_stalls(lines, rows) if lines.silences_ms else (),
    )


def _stalls(lines: Lines, rows: Iterable[int]) -> tuple[Stall, ...]:
    return tuple(Stall(*_stamp(lines, row), lines.silences_ms[row]) for row in rows if row in lines.silences_ms)


def _of_kind(controls: Iterable[tuple[int, Control]], kind: ControlKind) -> list[tuple[int, Control]]:
    return [(row, control) for row, control in controls if control.control is kind]


def _stamp(lines: Lines, row: int) -> tuple[int, int, int]:
    return int(lines.epochs[row]), int(lines.seqs[row]), int(lines.feed_times_ms[row])
