"""Raw records to typed lines: mentions, controls and rejects, each with its stamps.

A record that carries no stamps gets them here, in partition order: feed ``raw-<partition>``, seq one more than the one
before (offsets have holes that are nobody's loss), feed time the running maximum. It stands outside the determinism
promise.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import LineKind
from models.records import ANNOUNCEMENTS, STAMP_HEADER, Control, Mention, RejectReason, Stamp
from streams.stages.mention_table import MentionTable
from streams.stages.reasons import explain

Headers = Sequence[tuple[str, bytes | None]]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

ANNOUNCEMENT: Final = 255  # kind of a record that is no source line
EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01: no source of ours is older
LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01
NAME_CHARS_LIMIT: Final = 200  # feeds and sources become keys of state and labels of metrics
NAMED_LIMIT: Final = 500  # people that one mention may name: each becomes an event
_LARGEST: Final = 2**53  # what JSON readers agree on
_PARTITIONS_LIMIT: Final = 1_024

_MENTION: Final = msgspec.json.Decoder(Mention)


class _BareMention(Mention, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A mention with no field but ours, as nearly all are: one that has others is decoded twice."""


_BARE: Final = msgspec.json.Decoder(_BareMention)
_CONTROL: Final = msgspec.json.Decoder(Control)
_STAMP: Final = msgspec.json.Decoder(Stamp)
_FAILURES: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NUL_ESCAPE: Final = b"\\u0000"


class Foreign(NamedTuple):
    """The stamp of an unstamped record. ``epoch`` is the offset at which the numbering began."""

    epoch: int
    seq: int
    time_ms: int


class RawBatch(msgspec.Struct, frozen=True):
    """What was consumed, column by column; records of one partition stand together, in offset order.

    ``extras(row)`` gives key and headers, asked for only when a record is no mention.
    """

    partitions: list[int]
    offsets: list[int]
    values: list[bytes | None]
    extras: Callable[[int], tuple[bytes | None, Headers]]


class Reject(msgspec.Struct, frozen=True):
    """``stamp`` is what the source said about the line, None for a record without stamps."""

    reason: RejectReason
    stamp: Stamp | None = None


class Lines(msgspec.Struct, frozen=True):
    """A decoded batch of n records. ``feeds`` to ``kinds`` have n entries (``times_ms``: of mentions, 0 for others;
    ``kinds``: LineKind or ``ANNOUNCEMENT``); ``mention_rows`` (ascending), ``controls`` and ``rejects`` say which is
    what. ``silences_ms`` are those that lines ended, by row."""

    mentions: MentionTable
    mention_rows: Ints
    extended: frozenset[int]  # rows of mentions with fields that are not ours
    controls: dict[int, Control]
    rejects: dict[int, Reject]
    feeds: list[str]
    epochs: Ints
    seqs: Ints
    feed_times_ms: Ints
    times_ms: Ints
    kinds: NDArray[np.uint8]
    silences_ms: dict[int, int]
    foreign: dict[int, Foreign]  # by partition: the newest stamp of unstamped records


def decode_batch(
    batch: RawBatch, size_limit: int, foreign: Mapping[int, Foreign], refused: Mapping[int, RejectReason]
) -> Lines:
    """Decode every record. ``size_limit`` in bytes; ``refused`` names mentions that a later step could not take."""
    mentions, rows, others, extended = _decode_values(batch, size_limit)
    good = _good_mentions(mentions)
    for place in np.flatnonzero(~good).tolist():
        row, mention = rows[place], mentions[place]
        others[row] = _refuse(mention, _fault(mention), batch.extras(row)[1])
    for place, row in enumerate(rows):
        if refused and row in refused and good[place]:
            good[place] = False
            others[row] = _refuse(mentions[place], refused[row], batch.extras(row)[1])
    if not good.all():
        mentions = [mention for mention, keep in zip(mentions, good, strict=True) if keep]
        rows = [row for row, keep in zip(rows, good, strict=True) if keep]
    return _stamp_lines(batch, mentions, rows, extended, others, dict(foreign))


# ---------------------------------------------------------------- values


def _decode_values(
    batch: RawBatch, size_limit: int
) -> tuple[list[Mention], list[int], dict[int, Control | Reject], frozenset[int]]:
    """(mentions, their rows, what is none by row, rows with fields that are not ours)."""
    decode = _BARE.decode
    extended: list[int] = []
    mentions: list[Mention] = []
    rows: list[int] = []
    others: dict[int, Control | Reject] = {}
    for row, raw in enumerate(batch.values):
        value = raw or b""
        try:
            mention: Mention = decode(value)
        except _FAILURES:
            extra = _decode_extended(value)
            if extra is None:
                others[row] = _decode_other(value, size_limit, batch.extras(row)[1])
                continue
            mention = extra
            extended.append(row)
        if not (value.isascii() and _NUL_ESCAPE not in value and len(value) <= size_limit):
            reason = _bad_bytes(mention, value, size_limit)
            if reason is not None:
                others[row] = _refuse(mention, reason, batch.extras(row)[1])
                continue
        if not mention.feed_time_ms and (stamp := read_stamp(batch.extras(row)[1])) is not None:
            others[row] = Reject(stamp.reason, stamp)  # the reader of the source saw what a decoder cannot
            continue
        mentions.append(mention)
        rows.append(row)
    return mentions, rows, others, frozenset(extended)


def _decode_extended(value: bytes) -> Mention | None:
    try:
        return _MENTION.decode(value)
    except _FAILURES:
        return None


def _bad_bytes(mention: Mention, value: bytes, size_limit: int) -> RejectReason | None:
    """What the decoder does not look at: size, NUL, and bytes in fields that it skips."""
    if len(value) > size_limit:
        return RejectReason.TOO_LARGE
    if _NUL_ESCAPE in value and any("\0" in text for text in _texts(mention)):
        return RejectReason.BAD_TEXT
    try:
        value.decode()
    except UnicodeDecodeError:
        return RejectReason.NOT_UTF8
    return None


def _texts(mention: Mention) -> tuple[str, ...]:
    named = (*mention.mentions, *mention.handles)
    own = (mention.id, mention.author, mention.text, mention.source, mention.handle, mention.lang, mention.feed)
    return (*own, mention.reply_to, mention.reply_to_author, *named)


def _decode_other(value: bytes, size_limit: int, headers: Headers) -> Control | Reject:
    """A record that is no mention: a control, else a reject, explained by its header or by a closer look."""
    try:
        control = _CONTROL.decode(value)
    except _FAILURES:
        stamp = read_stamp(headers)
        return Reject(explain(value, size_limit) if stamp is None else stamp.reason, stamp)
    return control if _good_control(control) else Reject(RejectReason.WRONG_SHAPE)


def read_stamp(headers: Headers) -> Stamp | None:
    """The stamp that travels beside the bytes of a broken line; None if there is none, or a broken one."""
    raw = next((raw for name, raw in headers if name == STAMP_HEADER), None)
    if raw is None:
        return None
    try:
        stamp = _STAMP.decode(raw)
    except _FAILURES:
        return None
    return stamp if _good_stamp(stamp.feed, stamp.epoch, stamp.seq, stamp.feed_time_ms) else None


# ---------------------------------------------------------------- what must hold


def _good_stamp(feed: str, epoch: int, seq: int, feed_time_ms: int) -> bool:
    named = 0 < len(feed) <= NAME_CHARS_LIMIT
    return named and 0 <= epoch < _LARGEST and 0 <= seq < _LARGEST and (feed_time_ms == 0 or _in_time(feed_time_ms))


def _in_time(time_ms: int) -> bool:
    return EARLIEST_MS <= time_ms < LATEST_MS


def _good_control(control: Control) -> bool:
    stamped = _good_stamp(control.feed, control.epoch, control.seq, control.feed_time_ms)
    if control.control in ANNOUNCEMENTS and not stamped:
        return False
    figures = (control.first_seq, control.last_seq, control.settle_ms, control.track)
    in_range = all(0 <= figure < _LARGEST for figure in figures) and abs(control.code) < _LARGEST
    known = len(control.partitions) <= _PARTITIONS_LIMIT and all(0 <= p < _LARGEST for p in control.partitions)
    return (stamped or not control.feed) and in_range and known and len(control.source) <= NAME_CHARS_LIMIT


def _good_mentions(mentions: Sequence[Mention]) -> Mask:
    """Which mentions have figures and names within bounds. Column by column: this runs for every mention."""
    created = int_column([m.created_at_ms for m in mentions])
    seqs, epochs = int_column([m.seq for m in mentions]), int_column([m.epoch for m in mentions])
    times = int_column([m.feed_time_ms for m in mentions])
    followers = int_column([m.followers for m in mentions])
    stamped = np.array([bool(m.feed) for m in mentions], np.bool_)
    named = [
        bool(m.id and m.author)
        and len(m.feed) <= NAME_CHARS_LIMIT
        and len(m.source) <= NAME_CHARS_LIMIT
        and len(m.mentions) <= NAMED_LIMIT
        for m in mentions
    ]
    timely = (created >= EARLIEST_MS) & (created < LATEST_MS)
    sane = ~stamped | ((times >= EARLIEST_MS) & (times < LATEST_MS) & (seqs >= 0) & (epochs >= 0))
    return timely & sane & (followers >= 0) & np.array(named, np.bool_)


def _fault(mention: Mention) -> RejectReason:
    """The reason for a mention that :func:`_good_mentions` refuses."""
    if not _in_time(mention.created_at_ms) or (mention.feed and not _in_time(mention.feed_time_ms)):
        return RejectReason.TIME_OUT_OF_RANGE
    if len(mention.mentions) > NAMED_LIMIT:
        return RejectReason.OUTPUT_TOO_LARGE
    return RejectReason.WRONG_SHAPE


def _refuse(mention: Mention, reason: RejectReason, headers: Headers) -> Reject:
    """A reject with the stamp beside its bytes, else with the mention's own stamps if they can be trusted: a source
    may number its lines itself, but only a stamp knows the feed's time."""
    stamp = read_stamp(headers)
    if stamp is not None:
        return Reject(stamp.reason, stamp)
    feed, epoch, seq, time_ms = mention.feed, mention.epoch, mention.seq, mention.feed_time_ms
    if not _good_stamp(feed, epoch, seq, time_ms):
        return Reject(reason)
    own = Stamp(feed=feed, epoch=epoch, seq=seq, feed_time_ms=time_ms, reason=reason, silent_ms=mention.silent_ms)
    return Reject(reason, own)


def int_column(values: list[int]) -> Ints:
    """Integers as int64; -1, which no field allows, in place of one that does not fit."""
    try:
        return np.array(values, np.int64)
    except OverflowError:
        return np.array([value if abs(value) < _LARGEST else -1 for value in values], np.int64)


# ---------------------------------------------------------------- stamps


def _stamp_lines(
    batch: RawBatch,
    mentions: list[Mention],
    rows: list[int],
    extended: frozenset[int],
    others: dict[int, Control | Reject],
    foreign: dict[int, Foreign],
) -> Lines:
    count = len(batch.values)
    lines = Lines(
        mentions=MentionTable.of(mentions),
        mention_rows=np.array(rows, np.int64),
        extended=extended,
        controls={row: line for row, line in sorted(others.items()) if isinstance(line, Control)},
        rejects={row: line for row, line in sorted(others.items()) if isinstance(line, Reject)},
        feeds=[""] * count,
        epochs=np.zeros(count, np.int64),
        seqs=np.zeros(count, np.int64),
        feed_times_ms=np.zeros(count, np.int64),
        times_ms=np.zeros(count, np.int64),
        silences_ms={},
        kinds=np.zeros(count, np.uint8),
        foreign=foreign,
    )
    _copy_stamps(lines)
    _stamp_foreign(batch, lines)
    return lines


def _copy_stamps(lines: Lines) -> None:
    rows = lines.mention_rows
    lines.epochs[rows] = [m.epoch for m in lines.mentions]
    lines.seqs[rows] = [m.seq for m in lines.mentions]
    lines.feed_times_ms[rows] = [m.feed_time_ms for m in lines.mentions]
    lines.times_ms[rows] = [m.created_at_ms for m in lines.mentions]
    for row, mention in zip(rows.tolist(), lines.mentions, strict=True):
        lines.feeds[row] = mention.feed
        if mention.silent_ms:
            _put_silence(lines, row, mention)
    for row, control in lines.controls.items():
        lines.kinds[row] = ANNOUNCEMENT if control.control in ANNOUNCEMENTS else LineKind.CONTROL
        _put_stamp(lines, row, control)
    for row, reject in lines.rejects.items():
        lines.kinds[row] = LineKind.REJECTED
        if reject.stamp is not None:
            _put_stamp(lines, row, reject.stamp)


def _put_stamp(lines: Lines, row: int, stamp: Control | Stamp) -> None:
    lines.feeds[row] = stamp.feed
    lines.epochs[row], lines.seqs[row] = stamp.epoch, stamp.seq
    lines.feed_times_ms[row] = stamp.feed_time_ms
    _put_silence(lines, row, stamp)


def _put_silence(lines: Lines, row: int, stamp: Mention | Control | Stamp) -> None:
    """A silence from before 1970 on is none, whoever says so."""
    if stamp.feed and 0 < stamp.silent_ms <= stamp.feed_time_ms:
        lines.silences_ms[row] = stamp.silent_ms


def _stamp_foreign(batch: RawBatch, lines: Lines) -> None:
    """Stamp records without stamps in partition order."""
    if "" not in lines.feeds:
        return
    for row, feed in enumerate(lines.feeds):
        if feed:
            continue
        partition = batch.partitions[row]
        before = lines.foreign.get(partition) or Foreign(batch.offsets[row], 0, 0)
        stamp = Foreign(before.epoch, before.seq + 1, max(before.time_ms, int(lines.times_ms[row])))
        lines.foreign[partition] = stamp
        lines.feeds[row] = foreign_feed(partition)
        lines.epochs[row], lines.seqs[row], lines.feed_times_ms[row] = stamp


def foreign_feed(partition: int) -> str:
    """Name of the feed that unstamped records of a raw partition make up."""
    return f"raw-{partition}"
