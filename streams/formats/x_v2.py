"""X API v2 JSON lines: ``{"data": {...}, "includes": {...}}`` of a stream, or pages whose ``data`` is a list.

Field meanings: the v2 documents "Tweet object" and "Consuming streaming data". A retweet keeps the form
``RT @name: ...``. Nothing is read from ``includes.tweets``: what a quote says itself is in its own text and entities.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from models.records import Control, ControlKind, Mention, RejectReason
from streams.formats.files import PhysicalLine
from streams.formats.lines import (
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
from streams.formats.times import parse_rfc3339
from streams.formats.x_v1 import ORGANISATIONS


class _Metrics(msgspec.Struct, frozen=True):
    followers_count: int = 0


class _User(msgspec.Struct, frozen=True):
    id: str
    username: str = ""
    verified: bool = False
    verified_type: str = ""
    public_metrics: _Metrics = _Metrics()


class _Includes(msgspec.Struct, frozen=True):
    users: tuple[_User, ...] = ()


class _Named(msgspec.Struct, frozen=True):
    id: str = ""
    username: str = ""


class _Entities(msgspec.Struct, frozen=True):
    mentions: tuple[_Named, ...] = ()


class _Reference(msgspec.Struct, frozen=True):
    type: str
    id: str


class _Note(msgspec.Struct, frozen=True):
    text: str = ""


class _Tweet(msgspec.Struct, frozen=True):
    id: str
    text: str
    author_id: str
    created_at: str
    lang: str = ""
    in_reply_to_user_id: str = ""
    referenced_tweets: tuple[_Reference, ...] = ()
    entities: _Entities = _Entities()
    note_tweet: _Note = _Note()


class _Envelope(msgspec.Struct, frozen=True):
    data: _Tweet | list[msgspec.Raw]
    includes: _Includes = _Includes()


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_decode_tweet: Final = msgspec.json.Decoder(_Tweet).decode
_decode_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def read_x_v2(lines: Iterator[PhysicalLine], limits: ReadLimits) -> Iterator[SourceLine]:
    """A blank line is the stream's keep-alive and becomes a heartbeat. Each tweet of a page is a line of its own."""
    for line in lines:
        try:
            parsed = _parse(whole(line), line.number, limits)
        except MalformedError as error:
            yield Broken(line.raw, line.number, error.reason)
        else:
            yield from parsed


def _parse(raw: bytes, number: int, limits: ReadLimits) -> Iterator[SourceLine]:
    if not raw.strip():
        return iter([SourceControl(Control(control=ControlKind.HEARTBEAT))])
    try:
        envelope = decode_json(_decode_envelope, raw)
    except MalformedError as error:
        if error.reason is not RejectReason.WRONG_SHAPE:
            raise
        return iter([SourceControl(_control(decode_json(_decode_object, raw)))])
    users = {user.id: user for user in envelope.includes.users}
    if isinstance(envelope.data, list):
        return _page(envelope.data, users, number, limits)
    return iter([_good(envelope.data, users, limits)])


def _page(items: list[msgspec.Raw], users: dict[str, _User], number: int, limits: ReadLimits) -> Iterator[SourceLine]:
    for item in items:
        raw = bytes(item)
        try:
            yield _good(decode_json(_decode_tweet, raw), users, limits)
        except MalformedError as error:
            yield Broken(raw, number, error.reason)


def _good(tweet: _Tweet, users: dict[str, _User], limits: ReadLimits) -> Good:
    user = users.get(tweet.author_id) or _User(tweet.author_id)
    answered = users.get(tweet.in_reply_to_user_id)
    mention = check_mention(_mention(tweet, user, answered.username if answered else ""), limits)
    organisation = user.verified_type.lower() in ORGANISATIONS
    return Good(mention, organisation and tweet.in_reply_to_user_id not in ("", tweet.author_id))


def _mention(tweet: _Tweet, user: _User, answered: str) -> Mention:
    try:
        time_ms = parse_rfc3339(tweet.created_at)
    except ValueError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None
    named = [name for name in tweet.entities.mentions if name.id or name.username]
    shown = (*(name.username for name in named), answered)  # the text may leave out whom it answers
    return Mention(
        id=tweet.id,
        author=tweet.author_id,
        created_at_ms=time_ms,
        text=_text(tweet),
        handle=user.username.lower(),
        reply_to=next((ref.id for ref in tweet.referenced_tweets if ref.type == "replied_to"), ""),
        reply_to_author=tweet.in_reply_to_user_id,
        mentions=tuple(dict.fromkeys(name.id or name.username.lower() for name in named)),
        handles=tuple(dict.fromkeys(name.lower() for name in shown if name)),
        lang="" if tweet.lang == "und" else tweet.lang,
        followers=user.public_metrics.followers_count,
        verified=user.verified,
    )


def _text(tweet: _Tweet) -> str:
    text = tweet.note_tweet.text or tweet.text
    original = next((ref.id for ref in tweet.referenced_tweets if ref.type == "retweeted"), "")
    if not original:
        return text
    first = next((name.username for name in tweet.entities.mentions if name.username), "")
    return as_retweet(text, first or original)


def _control(message: dict[str, Any]) -> Control:
    delete, errors = message.get("delete"), message.get("errors")
    if isinstance(delete, dict) and isinstance(delete.get("tweet"), dict):
        tweet = delete["tweet"]
        author = str(tweet.get("author_id", ""))
        return Control(control=ControlKind.DELETE, id=str(tweet.get("id", "")), author=author)
    if isinstance(errors, list) and errors and "data" not in message:
        first: dict[str, Any] = errors[0] if isinstance(errors[0], dict) else {}
        title = str(first.get("disconnect_type") or first.get("title") or "")[:1000]
        cut = "disconnect" in title.lower()
        return Control(control=ControlKind.DISCONNECT if cut else ControlKind.NOTICE, reason=title)
    if "meta" in message and "data" not in message:
        return Control(control=ControlKind.NOTICE, reason="empty page")
    if "data" in message:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    raise MalformedError(RejectReason.UNKNOWN_CONTROL)
