"""Cases, tweets and windows against histories worked out by hand: times in the tables are read off, never computed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from .account import export_account
from .by_hand import (
    AIR,
    MINUTE,
    NEVER,
    START,
    TEL,
    bot,
    clock,
    counts,
    issue,
    nonzero,
    reply,
    row,
    talk,
    thanks,
    vent,
    window,
)
from .rules import DAY_MS, HOUR_MS, PlainBrandTerms, PlainTerms


class Expected(NamedTuple):
    """A case without its key, in the order of the export's fields."""

    opened: str
    opened_by: str
    outcome: str
    closed: str | None
    first_response_s: float | None
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool = False


def cases_of(rows: Sequence[dict[str, Any]], watermark_ms: int, terms: PlainTerms) -> list[Expected]:
    account = export_account(rows, terms, watermark_ms)
    return [Expected(*(case[name] for name in Expected._fields)) for case in account.cases]


HISTORIES: dict[str, tuple[list[dict[str, Any]], int, list[Expected]]] = {
    "nobody answers": (
        [issue("1", clock())],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "small talk opens nothing": (
        [talk("1", clock()), vent("2", clock(hours=1)), reply("3", clock(hours=2))],
        NEVER,
        [],
    ),
    "an escalated vent opens a case": (
        [row("1", clock(), intent="vent", actionable=True, needs_reply=True, escalate=True)],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "a reply exactly at the deadline answers": (
        [issue("1", clock()), reply("2", clock(days=1))],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-03T00:00:00.000Z", 86_400.0, True, 1, 1)],
    ),
    "a reply one millisecond after the deadline meets a closed case": (
        [issue("1", clock()), reply("2", clock(days=1, ms=1))],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "a reply exactly at S keeps the SLA": (
        [issue("1", clock()), reply("2", clock(hours=1))],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-02T01:00:00.000Z", 3600.0, False, 1, 1)],
    ),
    "a reply one millisecond after S breaches it": (
        [issue("1", clock()), reply("2", clock(hours=1, ms=1))],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-02T01:00:00.001Z", 3600.001, True, 1, 1)],
    ),
    "a diverting last reply": (
        [issue("1", clock()), reply("2", clock(hours=2), diverts="dm"), talk("3", clock(hours=3))],
        NEVER,
        [Expected(START, "1", "diverted", "2017-11-02T02:00:00.000Z", 7200.0, True, 2, 1)],
    ),
    "a reply in public after the diverting one": (
        [issue("1", clock()), reply("2", clock(hours=2), diverts="dm"), reply("3", clock(hours=3))],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-02T03:00:00.000Z", 7200.0, True, 1, 2)],
    ),
    "answered, asked again and left": (
        [issue("1", clock()), reply("2", clock(hours=1)), issue("3", clock(hours=5)), vent("4", clock(hours=9))],
        NEVER,
        [Expected(START, "1", "stalled", "2017-11-02T05:00:00.000Z", 3600.0, False, 3, 1)],
    ),
    "a vent waits as well once the brand had the last word": (
        [issue("1", clock()), reply("2", clock(hours=1), diverts="phone"), vent("3", clock(hours=2))],
        NEVER,
        [Expected(START, "1", "stalled", "2017-11-02T02:00:00.000Z", 3600.0, False, 2, 1)],
    ),
    "asking again does not extend the wait": (
        [issue("1", clock()), issue("2", clock(hours=20)), reply("3", clock(days=1, hours=1))],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 2, 0)],
    ),
    "resolved by thanks at that instant": (
        [issue("1", clock()), reply("2", clock(hours=1)), thanks("3", clock(hours=2)), talk("4", clock(hours=3))],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-01T02:00:00.000Z", 3600.0, False, 2, 1)],
    ),
    "thanks without a reply close nothing": (
        [issue("1", clock()), thanks("2", clock(hours=2))],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 2, 0)],
    ),
    "thanks with a new question close the case and open none": (
        [issue("1", clock()), reply("2", clock(hours=1)), issue("3", clock(hours=2), closes=True)],
        NEVER,
        [Expected(START, "1", "resolved", "2017-11-01T02:00:00.000Z", 3600.0, False, 2, 1)],
    ),
    "a bot answers nobody": (
        [issue("1", clock()), bot("2", clock(hours=1)), thanks("3", clock(hours=2))],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 2, 0)],
    ),
    "at equal times the ids decide: the reply came first": (
        [issue("2", clock()), reply("10", clock())],
        NEVER,
        [Expected(START, "2", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "at equal times the ids decide: the reply came second": (
        [issue("2", clock()), reply("3", clock())],
        NEVER,
        [Expected(START, "2", "resolved", "2017-11-02T00:00:00.000Z", 0.0, False, 1, 1)],
    ),
    "opened again exactly 7 days after the close": (
        [issue("1", clock()), issue("2", clock(days=8))],
        NEVER,
        [
            Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0),
            Expected("2017-11-09T00:00:00.000Z", "2", "missed", "2017-11-10T00:00:00.000Z", None, True, 1, 0, True),
        ],
    ),
    "opened again one millisecond later than that": (
        [issue("1", clock()), issue("2", clock(days=8, ms=1))],
        NEVER,
        [
            Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0),
            Expected("2017-11-09T00:00:00.001Z", "2", "missed", "2017-11-10T00:00:00.001Z", None, True, 1, 0),
        ],
    ),
    "an issue one millisecond after the deadline opens the next case": (
        [issue("1", clock()), reply("2", clock(hours=1)), issue("3", clock(days=1, hours=1, ms=1))],
        NEVER,
        [
            Expected(START, "1", "resolved", "2017-11-02T01:00:00.000Z", 3600.0, False, 1, 1),
            Expected("2017-11-02T01:00:00.001Z", "3", "missed", "2017-11-03T01:00:00.001Z", None, True, 1, 0, True),
        ],
    ),
    "an issue at the millisecond of the thanks opens the next case": (
        [issue("1", clock()), reply("2", clock(hours=1)), thanks("3", clock(hours=2)), issue("4", clock(hours=2))],
        NEVER,
        [
            Expected(START, "1", "resolved", "2017-11-01T02:00:00.000Z", 3600.0, False, 2, 1),
            Expected("2017-11-01T02:00:00.000Z", "4", "missed", "2017-11-02T02:00:00.000Z", None, True, 1, 0, True),
        ],
    ),
    "a deadline at W is pending": (
        [issue("1", clock())],
        clock(days=1),
        [Expected(START, "1", "pending", None, None, True, 1, 0)],
    ),
    "a deadline one millisecond behind W has matured": (
        [issue("1", clock())],
        clock(days=1, ms=1),
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "the SLA at W is neither breached nor kept": (
        [issue("1", clock())],
        clock(hours=1),
        [Expected(START, "1", "pending", None, None, None, 1, 0)],
    ),
    "the SLA is breached at its instant": (
        [issue("1", clock())],
        clock(hours=1, ms=1),
        [Expected(START, "1", "pending", None, None, True, 1, 0)],
    ),
    "an event at W has not happened yet": (
        [issue("1", clock()), reply("2", clock(hours=1))],
        clock(hours=1),
        [Expected(START, "1", "pending", None, None, None, 1, 0)],
    ),
    "a late mention takes no part": (
        [issue("1", clock()), reply("2", clock(hours=1), late=True)],
        NEVER,
        [Expected(START, "1", "missed", "2017-11-02T00:00:00.000Z", None, True, 1, 0)],
    ),
    "a long conversation ends 30 days after it opened": (
        [issue("1", clock())] + [reply(f"2-{day:02}", clock(days=day, hours=-1)) for day in range(1, 31)],
        NEVER,
        [Expected(START, "1", "resolved", "2017-12-01T00:00:00.000Z", 82_800.0, True, 1, 30)],
    ),
    "the limit takes the outcome that the state then has": (
        [issue("1", clock())]
        + [reply(f"2-{day:02}", clock(days=day, hours=-1)) for day in range(1, 31)]
        + [issue("3", clock(days=30)), issue("4", clock(days=30, ms=1))],
        NEVER,
        [
            Expected(START, "1", "stalled", "2017-12-01T00:00:00.000Z", 82_800.0, True, 2, 30),
            Expected("2017-12-01T00:00:00.001Z", "4", "missed", "2017-12-02T00:00:00.001Z", None, True, 1, 0, True),
        ],
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_cases_are_those_worked_out_by_hand(name: str) -> None:
    rows, watermark_ms, expected = HISTORIES[name]
    assert cases_of(rows, watermark_ms, PlainTerms()) == expected
    assert cases_of(rows[::-1], watermark_ms, PlainTerms()) == expected


COMEBACKS: dict[str, tuple[list[dict[str, Any]], tuple[int, int, float | None, float | None]]] = {
    # what happens; reopened, next responses, the longest of them and the resolution in seconds
    "one reply": ([issue("1", clock()), reply("2", clock(hours=1))], (0, 0, None, 3600.0)),
    "two replies on end": (
        [issue("1", clock()), reply("2", clock(hours=1)), reply("3", clock(hours=2))],
        (0, 0, None, 7200.0),
    ),
    "small talk is no waiting": (
        [issue("1", clock()), reply("2", clock(hours=1)), talk("3", clock(hours=2)), reply("4", clock(hours=3))],
        (0, 0, None, 10_800.0),
    ),
    "asked again and answered": (
        [
            issue("1", clock()),
            reply("2", clock(hours=1)),
            vent("3", clock(hours=2)),
            issue("4", clock(hours=3)),
            bot("5", clock(hours=4)),
            reply("6", clock(hours=5)),
            reply("7", clock(hours=6)),
        ],
        (1, 1, 10_800.0, 21_600.0),
    ),
    "asked again twice, answered once, then left": (
        [
            issue("1", clock()),
            reply("2", clock(hours=1)),
            vent("3", clock(hours=2)),
            reply("4", clock(hours=2)),
            issue("5", clock(hours=3)),
        ],
        (2, 1, 0.0, None),
    ),
    "the longest of several": (
        [
            issue("1", clock()),
            reply("2", clock(hours=1)),
            vent("3", clock(hours=2)),
            reply("4", clock(hours=5)),
            vent("5", clock(hours=6)),
            reply("6", clock(hours=7), diverts="dm"),
        ],
        (2, 2, 10_800.0, None),
    ),
    "closing words are no waiting": (
        [issue("1", clock()), reply("2", clock(hours=1)), issue("3", clock(hours=2), closes=True)],
        (0, 0, None, 7200.0),
    ),
    "closing words while the customer waits again": (
        [issue("1", clock()), reply("2", clock(hours=1)), issue("3", clock(hours=2)), thanks("4", clock(hours=3))],
        (1, 0, None, 10_800.0),
    ),
    "nobody answers": ([issue("1", clock()), issue("2", clock(hours=1))], (0, 0, None, None)),
}


@pytest.mark.parametrize("name", COMEBACKS)
def test_comebacks_and_resolutions_are_those_worked_out_by_hand(name: str) -> None:
    rows, expected = COMEBACKS[name]
    account = export_account(rows, PlainTerms(), NEVER)
    names = ("reopened", "next_responses", "longest_next_response_s", "resolution_s")
    assert [tuple(case[name] for name in names) for case in account.cases] == [expected]
    everything = window(account, "*", START)
    assert counts(everything, "cases_reopened") == (1 if expected[0] else 0,)
    assert everything["next_response"]["count"] == expected[1]
    assert everything["resolution"]["count"] == (expected[3] is not None)


def test_a_case_is_resolved_once_it_is_closed() -> None:
    rows = [issue("1", clock()), reply("2", clock(hours=1))]
    (pending,) = export_account(rows, PlainTerms(), clock(days=1, hours=1)).cases
    (closed,) = export_account(rows, PlainTerms(), clock(days=1, hours=1, ms=1)).cases
    assert (pending["resolution_s"], closed["resolution_s"]) == (None, 3600.0)
    assert pending["sla_due"] == closed["sla_due"] == "2017-11-01T01:00:00.000Z"


def test_each_brand_has_its_own_case_and_terms() -> None:
    terms = PlainTerms(
        brands={
            AIR: PlainBrandTerms(horizon_ms=2 * HOUR_MS),
            TEL: PlainBrandTerms(sla_ms=(HOUR_MS, 30 * MINUTE), tiers=("default", "gold")),
        }
    )
    rows = [
        issue("1", clock()),
        issue("1", clock(), brand=TEL, tier="gold"),
        reply("2", clock(ms=45 * MINUTE), brand=TEL),
    ]
    account = export_account(rows, terms, NEVER)
    assert [(case["brand"], case["outcome"], case["closed"], case["sla_breached"]) for case in account.cases] == [
        (AIR, "missed", "2017-11-01T02:00:00.000Z", True),
        (TEL, "resolved", "2017-11-02T00:45:00.000Z", True),
    ]
    everything = window(account, "*", START)
    assert counts(everything, "received", "customer_actionable", "brand") == (1, 1, 0)
    assert counts(everything, "cases_opened", "cases_missed", "cases_resolved") == (2, 1, 1)


def test_a_reply_that_names_two_customers_answers_both_and_counts_once() -> None:
    rows = [
        issue("1", clock(), customers=["ann"]),
        issue("2", clock(), customers=["bob"]),
        reply("3", clock(ms=MINUTE), customers=["ann", "bob"], diverts="chat"),
        reply("4", clock(ms=MINUTE), customers=[]),
    ]
    account = export_account(rows, PlainTerms(), NEVER)
    assert [(case["customer"], case["outcome"], case["replies"]) for case in account.cases] == [
        ("ann", "diverted", 1),
        ("bob", "diverted", 1),
    ]
    for brand in (AIR, "*"):
        here = window(account, brand, START)
        assert counts(here, "received", "brand", "diverting_replies") == (4, 2, 1)
        assert counts(here, "cases_replied", "mentions_answered") == (2, 2)


TWEETS: dict[str, tuple[list[dict[str, Any]], int, tuple[int, int]]] = {
    "answered exactly H later": ([issue("1", clock()), reply("2", clock(days=1))], NEVER, (1, 0)),
    "unanswered, for the reply came 1 ms later": (
        [issue("1", clock()), reply("2", clock(days=1, ms=1))],
        NEVER,
        (0, 1),
    ),
    "answered by the first reply after each": (
        [issue("1", clock()), issue("2", clock(hours=20)), reply("3", clock(days=1, hours=20))],
        NEVER,
        (1, 1),
    ),
    "a reply before the tweet does not count": ([reply("1", clock()), issue("2", clock())], NEVER, (0, 1)),
    "pending at W": ([issue("1", clock())], clock(days=1), (0, 0)),
    "unanswered once matured": ([issue("1", clock())], clock(days=1, ms=1), (0, 1)),
    "answered is certain at once": ([issue("1", clock()), reply("2", clock(ms=1))], clock(ms=2), (1, 0)),
    "bots answer nobody": ([issue("1", clock()), bot("2", clock(ms=1))], NEVER, (0, 1)),
    "a vent is no actionable tweet": ([vent("1", clock())], NEVER, (0, 0)),
}


@pytest.mark.parametrize("name", TWEETS)
def test_tweets_are_answered_or_not_whatever_became_of_their_case(name: str) -> None:
    rows, watermark_ms, expected = TWEETS[name]
    account = export_account(rows, PlainTerms(window_ms=365 * DAY_MS), watermark_ms)
    brand_row = next(row for row in account.windows if row["brand"] == AIR)
    assert counts(brand_row, "mentions_answered", "mentions_unanswered") == expected


def test_a_window_counts_its_own_mentions_and_the_cases_opened_in_it() -> None:
    rows = [
        issue("1", clock(), escalate=True, reasons=["safety", "urgent"], pii=["email", "phone"]),
        row("2", clock(ms=1), intent="unjudged"),
        row("3", clock(ms=2), "none", brand="", customers=["ann"]),
        bot("4", clock(ms=3)),
        reply("5", clock(ms=5 * MINUTE), pii=["phone"]),
    ]
    account = export_account(rows, PlainTerms(), NEVER)
    everything, first, second = (
        nonzero(window(account, "*", START)),
        nonzero(window(account, AIR, START)),
        nonzero(window(account, AIR, "2017-11-01T00:05:00.000Z")),
    )
    shared = {
        "customer_actionable": 1,
        "customer_other": 1,
        "bot": 1,
        "intent_issue": 1,
        "intent_unjudged": 1,
        "escalated": 1,
        "reason_safety": 1,
        "reason_urgent": 1,
        "pii_email": 1,
        "pii_phone": 1,
        "cases_opened": 1,
        "cases_resolved": 1,
        "cases_replied": 1,
        "sla_kept": 1,
        "mentions_answered": 1,
        "first_response_33": 1,  # edges 1 s * 2**(32/4) = 256 s and 1 s * 2**(33/4) = 304.437 s
        "resolution_33": 1,
    }
    assert everything == {"received": 4, "no_brand": 1, **shared}
    assert first == {"received": 3, **shared}
    assert second == {"received": 1, "brand": 1, "pii_phone": 1}


def test_a_rate_leaves_out_what_is_pending_and_has_no_value_without_a_denominator() -> None:
    rows = [issue("1", clock()), issue("2", clock(), customers=["bob"]), reply("3", clock(ms=1))]
    (rates,) = (
        row["rates"] for row in export_account(rows, PlainTerms(), clock(hours=1)).windows if row["brand"] == AIR
    )
    assert rates["missed"] == {"numerator": 0, "denominator": 0, "pending": 2, "value": None}
    assert rates["sla_breached"] == {"numerator": 0, "denominator": 1, "pending": 1, "value": 0.0}
    assert rates["answered"] == {"numerator": 1, "denominator": 1, "pending": 1, "value": 1.0}
    (rates,) = (row["rates"] for row in export_account(rows, PlainTerms(), NEVER).windows if row["brand"] == AIR)
    assert rates["missed"] == {"numerator": 1, "denominator": 2, "pending": 0, "value": 0.5}
    assert rates["abandoned"] == {"numerator": 0, "denominator": 2, "pending": 0, "value": 0.0}


@pytest.mark.parametrize(
    ("response_ms", "bucket"),
    [(0, 0), (1000, 0), (1001, 1), (256_000, 32), (256_001, 33), (2_493_948_080, 85), (2_493_948_081, 86)],
)
def test_a_first_response_falls_into_the_bucket_whose_upper_edge_it_does_not_exceed(
    response_ms: int, bucket: int
) -> None:
    terms = PlainTerms(general=PlainBrandTerms(horizon_ms=100 * DAY_MS), case_limit_ms=100 * DAY_MS)
    account = export_account([issue("1", clock()), reply("2", clock(ms=response_ms))], terms, NEVER)
    assert nonzero(window(account, AIR, START))[f"first_response_{bucket}"] == 1
