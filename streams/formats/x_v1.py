"""X API v1.1 streaming lines: tweets, and the messages of the stream about itself.

Field meanings: the v1.1 documents "Tweet object" and "Streaming message types". A retweet keeps the form
``RT @name: ...``. Nothing is read from ``quoted_status``: what a quote says itself is in its own text and entities.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from models.records import Control, ControlKind, Mention, RejectReason
from streams.formats.files import PhysicalLine
from streams.formats.lines import (
    LARGEST_NUMBER,
    Broken,
    Good,
    MalformedError,
    ReadLimits,
    SourceControl,
    SourceLine,
    as_retweet,
    check_mention,
)
from streams.formats.parse import decode_json, whole
from streams.formats.times import parse_twitter_time


class _User(msgspec.Struct, frozen=True):
    id_str: str
    screen_name: str = ""
    followers_count: int | None = 0
    verified: bool | None = False
    verified_type: str | None = None


class _Named(msgspec.Struct, frozen=True):
    id_str: str | None = None
    screen_name: str | None = None


class _Entities(msgspec.Struct, frozen=True):
    user_mentions: tuple[_Named, ...] = ()


class _Extended(msgspec.Struct, frozen=True):
    full_text: str
    entities: _Entities | None = None


class _Tweet(msgspec.Struct, frozen=True):
    id_str: str
    created_at: str
    user: _User
    text: str | None = None
    full_text: str | None = None
    extended_tweet: _Extended | None = None
    entities: _Entities | None = None
    timestamp_ms: str | None = None
    in_reply_to_status_id_str: str | None = None
    in_reply_to_user_id_str: str | None = None
    in_reply_to_screen_name: str | None = None
    lang: str | None = None
    retweeted_status: "_Tweet | None" = None


_decode_tweet: Final = msgspec.json.Decoder(_Tweet).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode
ORGANISATIONS: Final = frozenset({"business", "government"})
_ABOUT_ACCOUNTS: Final = frozenset(
    f"user_{event}" for event in ("withheld", "delete", "undelete", "protect", "unprotect", "suspend", "unsuspend")
)
NOTICES: Final = _ABOUT_ACCOUNTS | {
    "warning",
    "scrub_geo",
    "status_withheld",
    "friends",
    "friends_str",
    "event",
    "for_user",
    "too_many_follows",
}
CONTROL_KEYS: Final = NOTICES | {"delete", "limit", "disconnect"}


def read_x_v1(lines: Iterator[PhysicalLine], limits: ReadLimits) -> Iterator[SourceLine]:
    """A blank line is the stream's keep-alive and becomes a heartbeat."""
    for line in lines:
        try:
            yield _parse(whole(line), limits)
        except MalformedError as error:
            yield Broken(line.raw, line.number, error.reason)


def _parse(raw: bytes, limits: ReadLimits) -> SourceLine:
    if not raw.strip():
        return SourceControl(Control(control=ControlKind.HEARTBEAT))
    try:
        tweet = decode_json(_decode_tweet, raw)
    except MalformedError as error:
        if error.reason is not RejectReason.WRONG_SHAPE:
            raise
        return SourceControl(_control(decode_json(_decode_object, raw)))
    mention = check_mention(_mention(tweet), limits)
    return Good(mention, official=_is_official(tweet))


def _mention(tweet: _Tweet) -> Mention:
    named = [name for name in _entities(tweet).user_mentions if name.id_str]
    shown = (*(name.screen_name for name in named), tweet.in_reply_to_screen_name)  # the text may leave out the latter
    user = tweet.user
    return Mention(
        id=tweet.id_str,
        author=user.id_str,
        created_at_ms=_time_ms(tweet),
        text=_text(tweet),
        handle=user.screen_name.lower(),
        reply_to=tweet.in_reply_to_status_id_str or "",
        reply_to_author=tweet.in_reply_to_user_id_str or "",
        mentions=tuple(dict.fromkeys(name.id_str or "" for name in named)),
        handles=tuple(dict.fromkeys(name.lower() for name in shown if name)),
        lang="" if tweet.lang in (None, "und") else tweet.lang,
        followers=user.followers_count or 0,
        verified=bool(user.verified),
    )


def _text(tweet: _Tweet) -> str:
    """The whole text. The stream cuts long texts, and those of retweets, in ``text``."""
    inner = tweet.retweeted_status
    if inner is None:
        return _own_text(tweet)
    name = inner.user.screen_name or inner.user.id_str
    if inner.extended_tweet is not None:
        return f"RT @{name}: {inner.extended_tweet.full_text}"
    return as_retweet(_own_text(tweet), name)


def _own_text(tweet: _Tweet) -> str:
    if tweet.extended_tweet is not None:
        return tweet.extended_tweet.full_text
    text = tweet.full_text if tweet.full_text is not None else tweet.text
    if text is None:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    return text


def _entities(tweet: _Tweet) -> _Entities:
    extended = tweet.extended_tweet
    return (extended.entities if extended is not None else None) or tweet.entities or _Entities()


def _time_ms(tweet: _Tweet) -> int:
    try:
        return int(tweet.timestamp_ms) if tweet.timestamp_ms else parse_twitter_time(tweet.created_at)
    except ValueError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None


def _is_official(tweet: _Tweet) -> bool:
    """A reply to somebody else by an organisation; streams older than ``verified_type`` know only ``verified``."""
    user = tweet.user
    organisation = (user.verified_type or "").lower() in ORGANISATIONS if user.verified_type else bool(user.verified)
    return organisation and tweet.in_reply_to_user_id_str not in (None, user.id_str)


def _control(message: dict[str, Any]) -> Control:
    known = [key for key in message if key in CONTROL_KEYS]
    if not known:
        raise MalformedError(RejectReason.UNKNOWN_CONTROL if len(message) == 1 else RejectReason.WRONG_SHAPE)
    kind = known[0]
    body = _object(message, kind)
    match kind:
        case "limit":
            return Control(control=ControlKind.LIMIT, track=whole_number(body.get("track")))
        case "delete":
            status = _object(body, "status")
            mention, author = _string(status, "id_str"), _string(status, "user_id_str")
            return Control(control=ControlKind.DELETE, id=mention, author=author)
        case "disconnect":
            code, reason = body.get("code"), _string(body, "reason")
            return Control(control=ControlKind.DISCONNECT, code=code if isinstance(code, int) else 0, reason=reason)
        case _:
            return Control(control=ControlKind.NOTICE, reason=_string(body, "code") or kind)


def _object(body: dict[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def whole_number(value: object) -> int:
    """Raises MalformedError if ``value`` is no integer from 0 to the largest that JSON readers hold exactly."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    return value


def _string(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value[:1000] if isinstance(value, str) else ""
