"""The project's own JSON lines: one :class:`models.records.Mention` or :class:`models.records.Control` a line.

``created_at`` (RFC 3339) may stand instead of ``created_at_ms``. A line may say its ``feed``, ``epoch`` and ``seq``;
a broken line keeps those of the three that can still be read from its bytes.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from models.records import Control, Mention, RejectReason
from streams.formats.files import PhysicalLine
from streams.formats.lines import (
    LARGEST_NUMBER,
    Broken,
    Good,
    MalformedError,
    ReadLimits,
    SourceControl,
    SourceLine,
    check_heartbeat,
    check_mention,
)
from streams.formats.parse import decode_json, json_fault, whole
from streams.formats.times import parse_rfc3339


class _DatedMention(Mention, frozen=True, kw_only=True, omit_defaults=True):
    created_at_ms: int = 0
    created_at: str = ""


_decode_mention: Final = msgspec.json.Decoder(Mention).decode
_decode_dated: Final = msgspec.json.Decoder(_DatedMention).decode
_decode_control: Final = msgspec.json.Decoder(Control).decode
_STAMPS: Final = {"feed": "", "epoch": 0, "seq": 0, "feed_time_ms": 0, "silent_ms": 0}


def read_jsonl(lines: Iterator[PhysicalLine], limits: ReadLimits) -> Iterator[SourceLine]:
    for line in lines:
        try:
            yield _parse(whole(line), limits)
        except MalformedError as error:
            feed, epoch, seq = salvage_stamp(line.raw)
            yield Broken(line.raw, line.number, error.reason, feed, epoch, seq)


def _parse(raw: bytes, limits: ReadLimits) -> SourceLine:
    try:
        mention = _decode_mention(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_other(raw, limits)
    return _good(mention, limits)


def _parse_other(raw: bytes, limits: ReadLimits) -> SourceLine:
    if b'"control"' in raw:
        return _parse_control(raw, limits)
    dated = decode_json(_decode_dated, raw)
    if not dated.created_at:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    try:
        time_ms = parse_rfc3339(dated.created_at)
    except ValueError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None
    fields = {name: getattr(dated, name) for name in Mention.__struct_fields__}
    return _good(Mention(**{**fields, "created_at_ms": time_ms}), limits)


def _parse_control(raw: bytes, limits: ReadLimits) -> SourceControl:
    try:
        control = _decode_control(raw)
    except msgspec.ValidationError as error:
        unknown = "$.control" in str(error)
        raise MalformedError(RejectReason.UNKNOWN_CONTROL if unknown else RejectReason.WRONG_SHAPE) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedError(json_fault(raw)) from None
    _check_numbers(control.epoch, control.seq, control.first_seq, control.last_seq, control.track)
    check_heartbeat(control, limits)
    bare = msgspec.structs.replace(control, **_STAMPS)
    return SourceControl(bare, control.feed, control.epoch, control.seq)


def _good(mention: Mention, limits: ReadLimits) -> Good:
    check_mention(mention, limits)
    feed, epoch, seq = mention.feed, mention.epoch, mention.seq
    if feed or seq or epoch or mention.feed_time_ms or mention.silent_ms:
        _check_numbers(epoch, seq)
        mention = msgspec.structs.replace(mention, **_STAMPS)
    return Good(mention, mention.verified and mention.reply_to != "", feed, epoch, seq)


def _check_numbers(*numbers: int) -> None:
    if min(numbers) < 0 or max(numbers) > LARGEST_NUMBER:
        raise MalformedError(RejectReason.WRONG_SHAPE)


_FEED: Final = re.compile(rb'"feed"\s*:\s*"([A-Za-z0-9._-]{1,100})"')
_EPOCH: Final = re.compile(rb'"epoch"\s*:\s*(\d{1,15})\b')
_SEQ: Final = re.compile(rb'"seq"\s*:\s*(\d{1,15})\s*[,}]')


def salvage_stamp(raw: bytes) -> tuple[str, int, int]:
    """(feed, epoch, seq) as far as a broken line still says them; ("", 0, 0) without a number."""
    seq = _SEQ.search(raw)
    if seq is None:
        return "", 0, 0
    feed, epoch = _FEED.search(raw), _EPOCH.search(raw)
    return feed.group(1).decode() if feed else "", int(epoch.group(1)) if epoch else 0, int(seq.group(1))
