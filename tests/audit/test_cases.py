"""Cases by hand: what the definitions say of small stories, and what the SQL makes of them."""

from pathlib import Path
from typing import Any

import pytest

from tests.audit.export import Row, brand, clock, meta, reply, said, small_talk
from tests.audit.recomputed import cases, recomputed

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FATE = "outcome, since(closed_ms), first_response_ms, sla_breached"


def closes(id_: str, at: str, seq: int, **fields: Any) -> Row:
    return small_talk(id_, at, seq, closes=True, **fields)


STORIES: dict[str, tuple[list[Row], list[tuple[Any, ...]]]] = {
    "nobody answers": ([said("1", clock(), 1)], [("missed", DAY, None, True)]),
    "an answer at the last instant, to S and to H": (
        [said("1", clock(), 1), reply("2", clock(hours=1), 2)],
        [("resolved", HOUR + DAY, HOUR, False)],
    ),
    "a millisecond after S": (
        [said("1", clock(), 1), reply("2", clock(hours=1, ms=1), 2)],
        [("resolved", HOUR + 1 + DAY, HOUR + 1, True)],
    ),
    "a millisecond after H": (
        [said("1", clock(), 1), reply("2", clock(days=1, ms=1), 2)],
        [("missed", DAY, None, True)],
    ),
    "sent elsewhere": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2, diverts="dm")],
        [("diverted", MINUTE + DAY, MINUTE, False)],
    ),
    "sent elsewhere, then answered": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2, diverts="dm"), reply("3", clock(minutes=2), 3)],
        [("resolved", 2 * MINUTE + DAY, MINUTE, False)],
    ),
    "left after coming back": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2), said("3", clock(minutes=5), 3)],
        [("stalled", 5 * MINUTE + DAY, MINUTE, False)],
    ),
    "a second question does not begin a new wait": (
        [said("1", clock(), 1), said("2", clock(hours=23), 2)],
        [("missed", DAY, None, True)],
    ),
    "small talk changes nothing": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2), small_talk("3", clock(minutes=5), 3)],
        [("resolved", MINUTE + DAY, MINUTE, False)],
    ),
    "closing words after an answer": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2), closes("3", clock(minutes=5), 3)],
        [("resolved", 5 * MINUTE, MINUTE, False)],
    ),
    "closing words before any answer": (
        [said("1", clock(), 1), closes("2", clock(minutes=1), 2)],
        [("missed", DAY, None, True)],
    ),
    "a closing mention opens no case (C6), the next one does": (
        [
            said("1", clock(), 1),
            reply("2", clock(minutes=1), 2),
            said("3", clock(minutes=2), 3, closes=True),
            said("4", clock(minutes=3), 4),
        ],
        [("resolved", 2 * MINUTE, MINUTE, False), ("missed", 3 * MINUTE + DAY, None, True)],
    ),
    "a bot changes nothing": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2, role="bot")],
        [("missed", DAY, None, True)],
    ),
    "at one millisecond ids decide what came first (C7)": (
        [said("2", clock(), 1), reply("10", clock(), 2)],
        [("missed", DAY, None, True)],
    ),
    "an event exactly at the deadline still meets the case (C11)": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2), said("3", clock(days=1, minutes=1), 3)],
        [("stalled", 2 * DAY + MINUTE, MINUTE, False)],
    ),
    "a millisecond later it opens the next one": (
        [said("1", clock(), 1), reply("2", clock(minutes=1), 2), said("3", clock(days=1, minutes=1, ms=1), 3)],
        [("resolved", DAY + MINUTE, MINUTE, False), ("missed", 2 * DAY + MINUTE + 1, None, True)],
    ),
    "a reply with no case open changes none (C13)": (
        [reply("1", clock(), 1), said("2", clock(minutes=1), 2)],
        [("missed", MINUTE + DAY, None, True)],
    ),
    "a vent opens nothing, but waits": (
        [
            small_talk("1", clock(), 1, intent="vent", needs_reply=True),
            said("2", clock(minutes=1), 2),
            reply("3", clock(minutes=2), 3),
            small_talk("4", clock(minutes=3), 4, intent="vent", needs_reply=True),
        ],
        [("stalled", 3 * MINUTE + DAY, MINUTE, False)],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_as_the_definitions_say(story: str, tmp_path: Path) -> None:
    rows, expected = STORIES[story]
    assert cases(tmp_path, FATE, rows) == expected


def test_any_case_ends_with_its_limit_as_it_stands(tmp_path: Path) -> None:
    """Replies every 20 hours keep a case open; with a limit of three days it ends while the brand has the last word,
    and an event exactly at the limit is the last one of the case."""
    rules = meta(case_limit_s=259_200.0)
    rows = [said("00", clock(), 1)]
    rows += [reply(f"{n:02}", clock(hours=20 * n), n + 1) for n in (1, 2, 3)]
    rows += [said("10", clock(hours=72), 5), said("11", clock(hours=72, ms=1), 6)]
    assert cases(tmp_path, f"{FATE}, mentions, replies", rows, meta=rules) == [
        ("stalled", 3 * DAY, 20 * HOUR, True, 2, 3),
        ("missed", 4 * DAY + 1, None, True, 1, 0),
    ]


def test_what_was_said_in_a_case_is_counted(tmp_path: Path) -> None:
    """Two questions before the first answer, then a wait of 50 minutes and one of 10; the last reply answers nobody
    who waited. The closing words ask for an answer too, and reopen nothing."""
    rows = [
        said("01", clock(), 1),
        said("02", clock(minutes=2), 2),
        reply("03", clock(minutes=10), 3),
        said("04", clock(minutes=20), 4),
        said("05", clock(minutes=30), 5),
        reply("06", clock(minutes=70), 6),
        small_talk("07", clock(minutes=75), 7),
        reply("08", clock(minutes=80), 8),
        said("09", clock(minutes=90), 9),
        reply("10", clock(minutes=100), 10),
        said("11", clock(minutes=120), 11, closes=True),
    ]
    columns = "mentions, replies, reopened, next_responses, longest_next_response_ms, resolution_ms"
    assert cases(tmp_path, columns, rows) == [(7, 4, 2, 2, 50 * MINUTE, 120 * MINUTE)]


def test_silence_resolves_at_the_last_reply(tmp_path: Path) -> None:
    rows = [said("1", clock(), 1), reply("2", clock(minutes=1), 2), reply("3", clock(minutes=9), 3)]
    assert cases(tmp_path, "outcome, resolution_ms", rows) == [("resolved", 9 * MINUTE)]


def test_only_resolved_cases_have_a_resolution_time(tmp_path: Path) -> None:
    rows = [said("1", clock(), 1), reply("2", clock(minutes=1), 2, diverts="link")]
    assert cases(tmp_path, "outcome, resolution_ms", rows) == [("diverted", None)]


@pytest.mark.parametrize(("ms", "recontact"), [(0, True), (1, False)])
def test_a_recontact_comes_up_to_seven_days_after_the_close(ms: int, recontact: bool, tmp_path: Path) -> None:
    rows = [said("1", clock(), 1), said("2", clock(days=8, ms=ms), 2)]
    assert cases(tmp_path, "recontact", rows) == [(False,), (recontact,)]


@pytest.mark.parametrize(
    ("watermark", "expected"),
    [
        (clock(hours=1), ("pending", None, None, None)),
        (clock(hours=1, ms=1), ("pending", None, None, True)),
        (clock(days=1), ("pending", None, None, True)),
        (clock(days=1, ms=1), ("missed", DAY, None, True)),
    ],
)
def test_only_what_lies_behind_w_is_decided(watermark: str, expected: tuple[Any, ...], tmp_path: Path) -> None:
    rows = [said("1", clock(), 1), reply("2", clock(days=2), 2)]
    assert cases(tmp_path, FATE, rows, meta=meta(watermark=watermark)) == [expected]


def test_a_tier_has_its_own_promise_and_an_unknown_one_the_default(tmp_path: Path) -> None:
    rules = meta(brands={"acme": brand(sla_s={"default": 3600.0, "gold": 60.0})})
    rows = [said("1", clock(), 1, tier="gold"), said("2", clock(), 2, customers=["c2"], tier="silver")]
    assert cases(tmp_path, "tier, since(sla_due_ms)", rows, meta=rules) == [("gold", MINUTE), ("default", HOUR)]


def test_a_brand_that_the_rules_do_not_name_has_the_general_ones(tmp_path: Path) -> None:
    rules = meta(response_horizon_s=7200.0, sla_s=60.0)
    rows = [said("1", clock(), 1, brand="bolt")]
    assert cases(tmp_path, "since(sla_due_ms), since(closed_ms)", rows, meta=rules) == [(MINUTE, 2 * HOUR)]


def test_a_reply_to_two_customers_is_said_to_each(tmp_path: Path) -> None:
    rows = [
        said("1", clock(), 1),
        said("2", clock(), 2, customers=["c2"]),
        reply("3", clock(minutes=1), 3, customers=["c1", "c2"]),
        reply("4", clock(minutes=2), 4, customers=[]),
    ]
    assert cases(tmp_path, "customer, replies", rows) == [("c1", 1), ("c2", 1)]


def test_tweets_are_answered_whatever_became_of_their_case(tmp_path: Path) -> None:
    """The closing mention of a case is a tweet that nobody answers; the one of a missed case is answered too late."""
    rows = [
        said("1", clock(), 1, followers=100),
        reply("2", clock(minutes=1), 2),
        said("3", clock(minutes=2), 3, closes=True, followers=99),
        said("4", clock(days=10), 4, followers=2_000_000),
        reply("5", clock(days=11), 5),
    ]
    found = recomputed(tmp_path, "tweet", "since(time_ms), band_place, became", classified=rows)
    assert found == [(0, 1, "answered"), (2 * MINUTE, 0, "unanswered"), (10 * DAY, 4, "answered")]


COPIES: dict[str, tuple[list[Row], list[tuple[Any, ...]]]] = {
    "of one time the first feed, then the lowest number (C1)": (
        [said("1", clock(), 5), said("1", clock(), 2, feed="g"), said("1", clock(), 9)],
        [("f", 5, True), ("f", 9, False), ("g", 2, False)],
    ),
    "another time within the span is a duplicate, at its end too (C2)": (
        [said("1", clock(), 2), said("1", clock(hours=1), 1), said("1", clock(hours=1, ms=1), 3)],
        [("f", 1, False), ("f", 2, True), ("f", 3, True)],
    ),
    "duplicates do not extend the span": (
        [said("1", clock(minutes=50 * n), n + 1) for n in range(4)],
        [("f", 1, True), ("f", 2, False), ("f", 3, True), ("f", 4, False)],
    ),
    "two people under one id are two mentions": (
        [said("1", clock(), 1), said("1", clock(), 2, customers=["c2"])],
        [("f", 1, True), ("f", 2, True)],
    ),
}


@pytest.mark.parametrize("story", COPIES)
def test_which_copy_counts(story: str, tmp_path: Path) -> None:
    (first, *others), expected = COPIES[story]
    found = recomputed(tmp_path, "judged", "feed, seq, counts", classified=[first], copies=others)
    assert found == expected


def test_the_order_of_feeds_is_that_of_the_rules(tmp_path: Path) -> None:
    found = recomputed(
        tmp_path,
        "judged",
        "feed, counts",
        classified=[said("1", clock(), 1)],
        copies=[said("1", clock(), 1, feed="g"), said("1", clock(), 1, feed="a")],
        meta=meta(feed_order=["g"]),
    )
    assert found == [("a", False), ("f", False), ("g", True)]
