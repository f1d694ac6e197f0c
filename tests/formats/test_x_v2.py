"""Goal: tweets of streams and of pages, and the stream's own messages, by the v2 documents."""

import json
from typing import Any

import pytest

from models.records import Control, ControlKind, Mention, RejectReason
from streams.formats.files import split_lines
from streams.formats.lines import Broken, Good, SourceControl, SourceLine
from streams.formats.x_v2 import read_x_v2
from tests.formats.samples import LIMITS, X_V2_USERS, x_v2_line, x_v2_tweet


def read(*lines: str) -> list[SourceLine]:
    raw = b"".join(line.encode() + b"\r\n" for line in lines)
    return list(read_x_v2(split_lines(iter([raw]), LIMITS.line_bytes), LIMITS))


def test_a_tweet_becomes_a_mention_with_its_author_from_the_includes() -> None:
    assert read(x_v2_line()) == [
        Good(
            Mention(
                id="1700",
                author="77",
                created_at_ms=1_709_287_200_123,
                text="@Acme my order is late",
                handle="jane_doe",
                reply_to="1699",
                reply_to_author="12",
                mentions=("12",),
                handles=("acme",),
                lang="en",
                followers=120,
            )
        )
    ]


def test_a_reply_of_a_business_to_somebody_else_is_official() -> None:
    (reply,) = read(x_v2_line(author_id="12", in_reply_to_user_id="77"))
    assert isinstance(reply, Good)
    assert (reply.official, reply.mention.handle, reply.mention.verified) == (True, "acme", True)
    (own_thread,) = read(x_v2_line(author_id="12", in_reply_to_user_id="12"))
    assert isinstance(own_thread, Good)
    assert not own_thread.official


def test_a_long_tweet_has_the_text_of_its_note() -> None:
    (line,) = read(x_v2_line(note_tweet={"text": "long " * 100}))
    assert isinstance(line, Good)
    assert line.mention.text == "long " * 100


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"text": "RT @Acme: fly"}, "RT @Acme: fly"),
        ({"text": "RT @Acme: f…", "note_tweet": {"text": "fly with us"}}, "RT @Acme: fly with us"),
        ({"text": "fly", "entities": {}}, "RT @1699: fly"),
    ],
)
def test_a_retweet_has_the_form_of_one(changes: dict[str, Any], text: str) -> None:
    (line,) = read(x_v2_line(referenced_tweets=[{"type": "retweeted", "id": "1699"}], **changes))
    assert isinstance(line, Good)
    assert line.mention.text == text


def test_nothing_of_a_quoted_original_belongs_to_the_quote() -> None:
    quote = x_v2_tweet(
        text="look https://t.co/x",
        entities={},
        in_reply_to_user_id="",
        referenced_tweets=[{"type": "quoted", "id": "1"}],
    )
    includes = {"users": X_V2_USERS, "tweets": [x_v2_tweet(id="1")]}
    (line,) = read(json.dumps({"data": quote, "includes": includes}))
    assert isinstance(line, Good)
    assert (line.mention.text, line.mention.mentions, line.mention.handles) == ("look https://t.co/x", (), ())


def test_a_reply_knows_the_handle_it_answers_even_if_the_text_leaves_it_out() -> None:
    (line,) = read(x_v2_line(text="still late", entities={}))
    assert isinstance(line, Good)
    assert (line.mention.reply_to_author, line.mention.mentions, line.mention.handles) == ("12", (), ("acme",))


def test_each_tweet_of_a_page_is_a_line_of_its_own() -> None:
    page = {"data": [x_v2_tweet(id="1"), {"id": "2"}, x_v2_tweet(id="3")], "includes": {"users": X_V2_USERS}}
    first, second, third = read(json.dumps(page))
    assert isinstance(first, Good)
    assert isinstance(third, Good)
    assert (first.mention.id, third.mention.id) == ("1", "3")
    assert isinstance(second, Broken)
    assert (second.raw, second.reason) == (b'{"id": "2"}', RejectReason.WRONG_SHAPE)


@pytest.mark.parametrize(
    ("line", "control"),
    [
        ("", Control(control=ControlKind.HEARTBEAT)),
        (
            '{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect"}]}',
            Control(control=ControlKind.DISCONNECT, reason="UpstreamOperationalDisconnect"),
        ),
        ('{"errors":[{"title":"Partial error"}]}', Control(control=ControlKind.NOTICE, reason="Partial error")),
        (
            '{"delete":{"tweet":{"id":"5","author_id":"6"},"event_at":"2024-03-01T10:00:00Z"}}',
            Control(control=ControlKind.DELETE, id="5", author="6"),
        ),
        ('{"meta":{"result_count":0}}', Control(control=ControlKind.NOTICE, reason="empty page")),
    ],
)
def test_messages_of_the_stream_are_controls(line: str, control: Control) -> None:
    assert read(line) == [SourceControl(control)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"created_at": "yesterday"}, RejectReason.WRONG_SHAPE),
        ({"created_at": "1999-03-01T10:00:00Z"}, RejectReason.TIME_OUT_OF_RANGE),
        ({"text": "nul \x00"}, RejectReason.BAD_TEXT),
        ({"text": "half \ud83d a face"}, RejectReason.BAD_TEXT),
        ({"author_id": 5}, RejectReason.WRONG_SHAPE),
        ({"text": "x" * 250_000}, RejectReason.TOO_LARGE),
    ],
)
def test_a_broken_tweet_is_one_reject_and_the_rest_goes_on(changes: dict[str, Any], reason: RejectReason) -> None:
    before, broken, after = read(x_v2_line(), x_v2_line(**changes), x_v2_line())
    assert isinstance(before, Good)
    assert isinstance(after, Good)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.position) == (reason, 2)


def test_an_unknown_message_is_a_reject() -> None:
    (line,) = read('{"snooze":1}')
    assert isinstance(line, Broken)
    assert line.reason is RejectReason.UNKNOWN_CONTROL
