"""One raw value after the other: a mention, a control or a reject, and what must hold of each. Off the fast path, but
for the checks of whole columns."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.records import ANNOUNCEMENTS, STAMP_HEADER, Control, Mention, RejectReason, Stamp
from streams.stages.mention_table import Coded, MentionTable
from streams.stages.reasons import explain

Headers = Sequence[tuple[str, bytes | None]]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
T = TypeVar("T")

EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01: no source of ours is older
LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01
NAME_CHARS_LIMIT: Final = 200  # feeds and sources become keys of state and labels of metrics
NAMED_LIMIT: Final = 500  # people that one mention may name: each becomes an event
_LARGEST: Final = 2**53  # what JSON readers agree on
_BEYOND: Final = 2**63  # and more have no room in a column
_PARTITIONS_LIMIT: Final = 1_024

_MENTION: Final = msgspec.json.Decoder(Mention)


class _BareMention(Mention, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A mention with no field but ours, as nearly all are: one that has others is decoded twice."""


class _BareControl(Control, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A control with no field but ours, as nearly all are. It has no text, so it is no mention as well."""


_BARE: Final = msgspec.json.Decoder(_BareMention)
_BARE_CONTROL: Final = msgspec.json.Decoder(_BareControl)
_CONTROL: Final = msgspec.json.Decoder(Control)
_STAMP: Final = msgspec.json.Decoder(Stamp)
_FAILURES: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NUL_ESCAPE: Final = b"\\u0000"


class Reject(msgspec.Struct, frozen=True):
    """``stamp`` is what the source said about the line, None for a record without stamps."""

    reason: RejectReason
    stamp: Stamp | None = None


def decode_value(
    value: bytes, size_limit: int, headers: Callable[[], Headers]
) -> tuple[Mention | Control | Reject, bool]:
    """What a value is, and whether it is a mention with fields that are not ours. ``headers`` are asked for if need
    be."""
    control = _try(_BARE_CONTROL, value)
    if control is not None:
        return _checked(control), False
    bare = _try(_BARE, value)
    mention = _try(_MENTION, value) if bare is None else bare
    if mention is None:
        return _decode_other(value, size_limit, headers()), False
    reason = _bad_bytes(mention, value, size_limit)
    return (mention if reason is None else refuse(mention, reason, headers())), bare is None


def _try(decoder: msgspec.json.Decoder[T], value: bytes) -> T | None:
    try:
        return decoder.decode(value)
    except _FAILURES:
        return None


def plain(mention: Mention) -> bytes:
    """A mention as the compiled reader takes it: -1, which no field allows, in place of integers beyond 64 bits."""
    numbers = {name: value for name, value in msgspec.structs.asdict(mention).items() if isinstance(value, int)}
    beyond = {name: -1 for name, value in numbers.items() if abs(value) >= _BEYOND}
    return msgspec.json.encode(msgspec.structs.replace(mention, **beyond))


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
    control = _try(_CONTROL, value)
    if control is not None:
        return _checked(control)
    stamp = read_stamp(headers)
    return Reject(explain(value, size_limit) if stamp is None else stamp.reason, stamp)


def _checked(control: Control) -> Control | Reject:
    return control if _good_control(control) else Reject(RejectReason.WRONG_SHAPE)


def read_stamp(headers: Headers) -> Stamp | None:
    """The stamp that travels beside the bytes of a broken line; None if there is none, or a broken one."""
    raw = next((raw for name, raw in headers if name == STAMP_HEADER), None)
    stamp = None if raw is None else _try(_STAMP, raw)
    good = stamp is not None and _good_stamp(stamp.feed, stamp.epoch, stamp.seq, stamp.feed_time_ms)
    return stamp if good else None


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
    figures = (control.first_seq, control.last_seq, control.settle_ms, control.track, *control.partitions)
    in_range = min(figures) >= 0 and max(figures) < _LARGEST and abs(control.code) < _LARGEST
    short = len(control.source) <= NAME_CHARS_LIMIT and len(control.partitions) <= _PARTITIONS_LIMIT
    return (stamped or not control.feed) and in_range and short


def good_mentions(mentions: MentionTable) -> Mask:
    """Which mentions have figures and names within bounds."""
    named = (np.diff(mentions.id.offsets) > 0) & (np.diff(mentions.author.offsets) > 0)
    few = np.diff(mentions.mention_ends) <= NAMED_LIMIT
    short = _each(mentions.feed, _is_short) & _each(mentions.source, _is_short)
    numbered = (mentions.seq >= 0) & (mentions.epoch >= 0)
    sane = ~_each(mentions.feed, bool) | (_timely(mentions.feed_time_ms) & numbered)
    good: Mask = named & few & short & sane & _timely(mentions.created_at_ms) & (mentions.followers >= 0)
    return good


def _timely(times_ms: Ints) -> Mask:
    timely: Mask = (times_ms >= EARLIEST_MS) & (times_ms < LATEST_MS)
    return timely


def _is_short(name: str) -> bool:
    return len(name) <= NAME_CHARS_LIMIT


def _each(column: Coded, holds: Callable[[str], bool]) -> Mask:
    return np.array([holds(name) for name in column.names], np.bool_)[column.codes]


def fault(mention: Mention) -> RejectReason:
    """The reason for a mention that :func:`good_mentions` refuses."""
    if not _in_time(mention.created_at_ms) or (mention.feed and not _in_time(mention.feed_time_ms)):
        return RejectReason.TIME_OUT_OF_RANGE
    if len(mention.mentions) > NAMED_LIMIT:
        return RejectReason.OUTPUT_TOO_LARGE
    return RejectReason.WRONG_SHAPE


def refuse(mention: Mention, reason: RejectReason, headers: Headers) -> Reject:
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
