"""Goal: tweets and the stream's own messages, by the v1.1 documents."""

import json
from typing import Any

import pytest

from models.records import Control, ControlKind, Mention, RejectReason
from streams.formats.files import split_lines
from streams.formats.lines import Broken, Good, SourceControl, SourceLine
from streams.formats.x_v1 import read_x_v1
from tests.formats.samples import LIMITS, x_v1_tweet


def read(*lines: Any) -> list[SourceLine]:
    raw = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\r\n" for line in lines)
    return list(read_x_v1(split_lines(iter([raw]), LIMITS.line_bytes), LIMITS))


def read_good(tweet: dict[str, Any]) -> Good:
    (line,) = read(tweet)
    assert isinstance(line, Good)
    return line


def test_a_tweet_becomes_a_mention() -> None:
    assert read_good(x_v1_tweet()) == Good(
        Mention(
            id="925",
            author="77",
            created_at_ms=1_509_487_847_123,
            text="@Acme my order is late",
            handle="jane_doe",
            reply_to="900",
            reply_to_author="12",
            mentions=("12",),
            handles=("acme",),
            lang="en",
            followers=120,
        )
    )


def test_without_timestamp_ms_the_time_is_that_of_created_at() -> None:
    tweet = x_v1_tweet()
    del tweet["timestamp_ms"]
    assert read_good(tweet).mention.created_at_ms == 1_509_487_847_000


def test_a_long_tweet_has_its_whole_text_and_all_its_mentions() -> None:
    extended = {"full_text": "x" * 200, "entities": {"user_mentions": [{"id_str": "13", "screen_name": "Bolt"}]}}
    mention = read_good(x_v1_tweet(text="x…", extended_tweet=extended)).mention
    assert (mention.text, mention.mentions, mention.handles) == ("x" * 200, ("13",), ("bolt",))


def test_a_retweet_stays_a_mention_of_who_retweeted_with_the_whole_text() -> None:
    inner = x_v1_tweet(id_str="1", extended_tweet={"full_text": "the whole long text"})
    mention = read_good(x_v1_tweet(text="RT @Jane_Doe: the wh…", retweeted_status=inner)).mention
    assert (mention.id, mention.text) == ("925", "RT @Jane_Doe: the whole long text")


def test_a_retweet_has_the_form_of_one_even_if_the_source_leaves_it_out() -> None:
    mention = read_good(x_v1_tweet(full_text="@Acme help", retweeted_status=x_v1_tweet(id_str="1"))).mention
    assert mention.text == "RT @Jane_Doe: @Acme help"


def test_nothing_of_a_quoted_original_belongs_to_the_quote() -> None:
    quote = x_v1_tweet(text="look https://t.co/x", entities={"user_mentions": []}, in_reply_to_user_id_str=None)
    assert read_good(quote | {"quoted_status": x_v1_tweet(id_str="1")}) == read_good(quote)


def test_a_reply_knows_the_handle_it_answers_even_if_the_text_leaves_it_out() -> None:
    stripped = {"text": "still late", "entities": {"user_mentions": []}, "in_reply_to_screen_name": "Acme"}
    mention = read_good(x_v1_tweet(**stripped)).mention
    assert (mention.reply_to_author, mention.mentions, mention.handles) == ("12", (), ("acme",))


@pytest.mark.parametrize(
    ("user", "reply_to", "official"),
    [
        ({"verified": True}, "12", True),
        ({"verified": True}, None, False),
        ({"verified": True}, "77", False),
        ({"verified": False}, "12", False),
        ({"verified": True, "verified_type": "Business"}, "12", True),
        ({"verified": True, "verified_type": "blue"}, "12", False),
    ],
)
def test_a_verified_organisation_that_answers_somebody_else_is_official(
    user: dict[str, Any], reply_to: str | None, official: bool
) -> None:
    tweet = x_v1_tweet(in_reply_to_user_id_str=reply_to)
    tweet["user"] = tweet["user"] | user
    assert read_good(tweet).official is official


@pytest.mark.parametrize(
    ("message", "control"),
    [
        ({"limit": {"track": 1234, "timestamp_ms": "1"}}, Control(control=ControlKind.LIMIT, track=1234)),
        (
            {"delete": {"status": {"id": 1, "id_str": "1", "user_id_str": "2"}, "timestamp_ms": "5"}},
            Control(control=ControlKind.DELETE, id="1", author="2"),
        ),
        (
            {"disconnect": {"code": 4, "stream_name": "s", "reason": "slow"}},
            Control(control=ControlKind.DISCONNECT, code=4, reason="slow"),
        ),
        ({"warning": {"code": "FALLING_BEHIND"}}, Control(control=ControlKind.NOTICE, reason="FALLING_BEHIND")),
        ({"scrub_geo": {"user_id_str": "1"}}, Control(control=ControlKind.NOTICE, reason="scrub_geo")),
        ({"status_withheld": {"id": 1}}, Control(control=ControlKind.NOTICE, reason="status_withheld")),
        ({"friends": [1, 2]}, Control(control=ControlKind.NOTICE, reason="friends")),
        (b"", Control(control=ControlKind.HEARTBEAT)),
    ],
)
def test_messages_of_the_stream_are_controls(message: Any, control: Control) -> None:
    assert read(message) == [SourceControl(control)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"snooze": {"for": 5}}, RejectReason.UNKNOWN_CONTROL),
        ({"limit": {"track": "many"}}, RejectReason.WRONG_SHAPE),
        ({"limit": {"track": -1}}, RejectReason.WRONG_SHAPE),
        ({"id_str": "1", "text": "no user"}, RejectReason.WRONG_SHAPE),
        (x_v1_tweet(timestamp_ms="soon"), RejectReason.WRONG_SHAPE),
        (x_v1_tweet(timestamp_ms="1"), RejectReason.TIME_OUT_OF_RANGE),
        (x_v1_tweet(text="nul \x00"), RejectReason.BAD_TEXT),
        (x_v1_tweet(text="half \ud83d a face"), RejectReason.BAD_TEXT),
        (x_v1_tweet(text="x" * 250_000), RejectReason.TOO_LARGE),
        (b'{"id_str": "1", "te', RejectReason.NOT_JSON),
        (b"[1]", RejectReason.WRONG_SHAPE),
    ],
)
def test_a_broken_line_is_one_reject_and_the_rest_goes_on(line: Any, reason: RejectReason) -> None:
    before, broken, after = read(x_v1_tweet(), line, x_v1_tweet())
    assert isinstance(before, Good)
    assert isinstance(after, Good)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.position) == (reason, 2)
