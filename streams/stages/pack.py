"""Packs what one batch says to care into one record per care partition."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import EVENT_DTYPE, PACKED_SCHEMA, CareSection, RawSpan
from models.records import Flag
from streams.stages.codes import compact
from streams.stages.decode import Lines
from streams.stages.id_kernel import join_ids
from streams.stages.keys import case_key
from streams.stages.mention_table import MentionTable
from streams.stages.partition_kernel import hash_case_keys
from streams.stages.route import Concerns, Router
from streams.stages.split import care_block, encode_blocks
from streams.stages.verdicts import Decisions

Ints = NDArray[np.int64]


class Events(msgspec.Struct, frozen=True):
    """The events of a batch, in raw order; one entry each. ``concern`` indexes the batch's concerns, ``pair`` the
    ``pairs`` of source and brand."""

    concern: Ints
    pair: Ints
    customer: NDArray[np.uint64]
    care_partitions: Ints
    flags: NDArray[np.uint16]
    first: Ints  # per concern: its first event
    pairs: tuple[tuple[str, str], ...]


def make_events(
    mentions: MentionTable, concerns: Concerns, decisions: Decisions, router: Router, partitions: int
) -> Events:
    """One event per concern and subject. The first one of a concern counts for its brand, the first one of a mention
    for brand ``*`` and for the feed."""
    first = concerns.subject_ends[:-1]
    concern_of = np.repeat(np.arange(len(concerns)), np.diff(concerns.subject_ends))
    names = [*(brand.name for brand in router.brands), ""]  # NO_BRAND is the last
    codes = mentions.source.codes[concerns.mention] * len(names) + concerns.brand % len(names)
    used, codes = compact(codes, len(mentions.source.names) * len(names))
    pairs = tuple([(mentions.source.names[code // len(names)], names[code % len(names)]) for code in used.tolist()])
    pair = codes[concern_of]
    return Events(
        concern=concern_of,
        pair=pair,
        customer=concerns.subjects,
        care_partitions=partitions_of(pairs, pair, concerns.subjects, partitions),
        flags=_primary_flags(concerns, decisions, first, concern_of),
        first=first,
        pairs=pairs,
    )


def partitions_of(pairs: Sequence[tuple[str, str]], pair: Ints, customers: NDArray[np.uint64], partitions: int) -> Ints:
    """The partition of each case key, given as the number of its (source, brand) and its customer."""
    prefixes = [case_key(source, brand, "").encode() for source, brand in pairs]  # hashes need no escapes
    data = np.frombuffer(b"".join(prefixes), np.uint8)
    hashes = np.zeros(len(pair), np.int64)
    hash_case_keys(data, np.cumsum([len(prefix) for prefix in prefixes], dtype=np.int64), pair, customers, hashes)
    return hashes % partitions


def _primary_flags(concerns: Concerns, decisions: Decisions, first: Ints, concern_of: Ints) -> NDArray[np.uint16]:
    flags = decisions.flags[concern_of]
    branded = concerns.brand >= 0
    opening = np.ones(len(concerns), np.bool_)
    opening[1:] = decisions.mention[1:] != decisions.mention[:-1]
    flags[first] |= (branded * int(Flag.PRIMARY_BRAND) | opening * int(Flag.PRIMARY_MENTION)).astype(np.uint16)
    return flags


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
    mention_of = concerns.mention[events.concern]
    rows = lines.mention_rows[mention_of]
    sections = len(spans)
    place = events.care_partitions * sections + _section_of_row(len(offsets), spans, ranges)[rows]
    chosen = np.flatnonzero(~decisions.late[mention_of])
    chosen = chosen[np.argsort(place[chosen], kind="stable")]
    counts = np.bincount(place[chosen], minlength=partitions * sections).reshape(partitions, sections)
    feeds = lines.feeds
    table = _event_rows(lines, offsets, decisions, events, rows, chosen)
    table["feed"] = feeds.codes[rows[chosen]]
    ids, ends = join_ids(lines.mentions.id.data, lines.mentions.id.offsets, mention_of[chosen])
    bounds = np.append(0, ends)
    blocks: list[list[bytes]] = []
    low = 0
    for of_partition in counts.tolist():
        high = low + sum(of_partition)
        block = care_block(
            (PACKED_SCHEMA, *versions),
            tuple([CareSection(span, size) for span, size in zip(spans, of_partition, strict=True)]),
            table[low:high],
            ids[bounds[low] : bounds[high]].tobytes(),
            events.pairs,
            feeds.names,
        )
        blocks.append(encode_blocks(block, block_bytes))
        low = high
    return blocks


def _section_of_row(rows: int, spans: Sequence[RawSpan], ranges: Mapping[int, tuple[int, int]]) -> Ints:
    """Which of ``spans`` each record of the batch belongs to."""
    section = np.zeros(rows, np.int64)
    for number, span in enumerate(spans):
        low, high = ranges.get(span.partition, (0, 0))
        section[low:high] = number
    return section


def _event_rows(
    lines: Lines, offsets: Ints, decisions: Decisions, events: Events, rows: Ints, chosen: Ints
) -> NDArray[np.void]:
    """The chosen events; ``rows`` are the records of all."""
    table = np.empty(len(chosen), EVENT_DTYPE)
    row, concern = rows[chosen], events.concern[chosen]
    table["offset"], table["seq"], table["epoch"] = offsets[row], lines.seqs[row], lines.epochs[row]
    table["time_ms"] = lines.times_ms[row]
    table["customer"], table["pair"], table["flags"] = (
        events.customer[chosen],
        events.pair[chosen],
        events.flags[chosen],
    )
    for name in ("pii", "role", "intent", "reasons", "tier", "band"):
        table[name] = getattr(decisions, name)[concern]
    return table
