"""Windows against histories worked out by hand: widths, bands, tiers, shares, coverage, curves."""

from collections import Counter
from typing import Any

import pytest

from models.counters import RESPONSE_EDGES_MS

from .account import OracleAccount, export_account
from .by_hand import (
    AIR,
    MINUTE,
    NEVER,
    START,
    START_MS,
    TEL,
    account_of,
    at,
    clock,
    end,
    issue,
    mention,
    reply,
    start,
    talk,
    window,
)
from .compare import WINDOW_KEY, differences, flat_window
from .curve import MEDIAN, P90, answered_quantile, curve_quantile
from .rules import HOUR_MS, PlainBrandTerms, PlainTerms


def rate(numerator: int, denominator: int, pending: int = 0) -> dict[str, Any]:
    value = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "pending": pending, "value": value}


def test_every_width_has_windows_of_its_own() -> None:
    terms = PlainTerms(window_ms=MINUTE, rollup_ms=(HOUR_MS, 24 * HOUR_MS))
    rows = [issue("1", clock()), talk("2", clock(ms=MINUTE)), issue("3", clock(hours=1), customers=["bob"])]
    account = export_account(rows, terms, NEVER)
    seen = [(row["window_start"][11:16], row["window_s"]) for row in account.windows if row["brand"] == AIR]
    assert seen == [("00:00", 60), ("00:00", 3600), ("00:00", 86_400), ("00:01", 60), ("01:00", 60), ("01:00", 3600)]
    received = [row["counts"]["received"] for row in account.windows if row["brand"] == AIR]
    assert received == [1, 2, 3, 1, 1, 1]


def test_promises_are_counted_by_the_tier_of_the_opening_and_of_brands_alone() -> None:
    terms = PlainTerms(brands={AIR: PlainBrandTerms(sla_ms=(HOUR_MS, MINUTE, 1), tiers=("default", "gold", "none"))})
    rows = [
        issue("1", clock(), tier="gold", customers=["ann"]),
        issue("2", clock(), tier="gold", customers=["bob"]),
        issue("3", clock(), tier="unknown", customers=["cyd"]),
        reply("4", clock(ms=MINUTE), customers=["ann", "bob"]),
    ]
    account = export_account(rows, terms, clock(hours=1))
    assert window(account, AIR, START)["sla_by_tier"] == {"default": rate(0, 0, 1), "gold": rate(0, 2)}
    assert window(account, "*", START)["sla_by_tier"] == {}
    assert [case["tier"] for case in account.cases] == ["gold", "gold", "default"]


def test_tweets_are_counted_by_the_followers_of_their_author() -> None:
    rows = [
        issue("1", clock(), followers=99, customers=["ann"]),
        issue("2", clock(), followers=100, customers=["bob"]),
        issue("3", clock(ms=1), followers=999, customers=["bob"]),
        issue("4", clock(), followers=100_000, customers=["cyd"]),
        reply("5", clock(hours=1), customers=["bob"]),
    ]
    account = export_account(rows, PlainTerms(), clock(days=1, ms=1))
    expected = {"0-99": rate(0, 1), "100-999": rate(2, 2), "100000+": rate(0, 1)}
    assert window(account, AIR, START)["response_by_followers"] == expected
    assert window(account, "*", START)["response_by_followers"] == expected


def test_the_followers_are_those_of_the_copy_that_counts() -> None:
    lines = at(0, start("a"), mention("1", 1, clock(), "a", followers=5), end(1, clock(), "a"))
    lines += at(0, start("b"), mention("1", 1, clock(), "b", followers=5000), end(1, clock(), "b"))
    account = account_of(lines, [issue("1", clock(), followers=5)], PlainTerms(feed_order=("b", "a")))
    assert window(account, AIR, START)["response_by_followers"] == {"1000-9999": rate(0, 0, 1)}


def test_a_voice_is_a_share_of_what_customers_say_to_all_brands() -> None:
    rows = [
        issue("1", clock()),
        issue("1", clock(), brand=TEL),
        talk("2", clock(ms=1)),
        reply("3", clock(ms=2)),
        reply("4", clock(ms=MINUTE), brand="post"),
    ]
    account = export_account(rows, PlainTerms(), NEVER)
    shares = {row["brand"]: row["share_of_voice"] for row in account.windows}
    assert shares == {
        "*": None,
        AIR: {"numerator": 2, "denominator": 3, "value": 2 / 3},
        TEL: {"numerator": 1, "denominator": 3, "value": 1 / 3},
        "post": {"numerator": 0, "denominator": 3, "value": 0},
    }


def covered() -> OracleAccount:
    """Three lines in two windows and one that never came; a copy on another feed; one late line."""
    lines = at(
        0,
        start(),
        mention("1", 1, clock()),
        mention("3", 3, clock(ms=MINUTE)),
        mention("4", 4, clock(ms=6 * MINUTE)),
        mention("5", 5, clock(), feed_time_ms=clock(ms=6 * MINUTE)),
        end(5, clock(ms=6 * MINUTE)),
        start("g"),
        mention("1", 1, clock(), "g"),
        end(1, clock(), "g"),
    )
    rows = [talk("1", clock()), talk("3", clock(ms=MINUTE)), talk("4", clock(ms=6 * MINUTE)), talk("5", clock())]
    return account_of(lines, rows, PlainTerms(rollup_ms=(HOUR_MS,)))


def test_coverage_of_any_row_is_that_of_its_source() -> None:
    seen = {(row["window_start"][14:16], row["window_s"], row["brand"]): row["coverage"] for row in covered().windows}
    assert seen == {
        ("00", 300, "*"): rate(2, 3),
        ("00", 300, AIR): rate(2, 3),
        ("05", 300, "*"): rate(1, 1),
        ("05", 300, AIR): rate(1, 1),
        ("00", 3600, "*"): rate(3, 4),
        ("00", 3600, AIR): rate(3, 4),
    }
    assert {feed["feed"]: feed["mention_lines"] for feed in covered().feeds} == {"f": 3, "g": 1}


def test_a_window_is_final_once_w_is_behind_it_and_nothing_in_it_can_change() -> None:
    lines = at(0, start(), mention("1", 1, clock()), mention("2", 2, clock(ms=6 * MINUTE)))
    lines += at(0, end(2, clock(ms=6 * MINUTE), settle_ms=18 * MINUTE))
    rows = [issue("1", clock()), talk("2", clock(ms=6 * MINUTE))]
    short = PlainTerms(general=PlainBrandTerms(horizon_ms=24 * MINUTE), rollup_ms=(HOUR_MS,))
    seen = {
        (row["window_start"][14:16], row["window_s"]): row["final"]
        for row in account_of(lines, rows, short).windows
        if row["brand"] == AIR
    }
    assert seen == {("00", 300): True, ("05", 300): True, ("00", 3600): False}
    longer = PlainTerms(general=PlainBrandTerms(horizon_ms=24 * MINUTE + 1))
    assert [row["final"] for row in account_of(lines, rows, longer).windows] == [False, False, True, True]


def test_quantiles_of_a_histogram_are_upper_edges() -> None:
    replies = Counter({0: 1, 4: 3, 8: 1})
    assert (answered_quantile(replies, MEDIAN), answered_quantile(replies, P90)) == (2000, 4000)
    assert answered_quantile(Counter({0: 1, 4: 1}), MEDIAN) == 1000
    assert answered_quantile(Counter(), MEDIAN) is None
    assert answered_quantile(Counter({86: 1}), MEDIAN) is None


@pytest.mark.parametrize(
    ("replies", "closes", "p50_ms", "p90_ms"),
    [
        ({}, {}, None, None),
        ({0: 2}, {}, 1000, 1000),
        ({0: 1}, {0: 1}, 1000, None),  # within a bucket replies come first: 1/2 is left
        ({0: 1}, {4: 1}, 1000, None),
        ({0: 1}, {4: 2}, None, None),
        ({4: 1}, {0: 1}, 2000, 2000),  # who closed before takes no part
        ({0: 1, 8: 1}, {4: 2}, 4000, 4000),  # 3/4 are left, then the last one goes
        ({0: 9}, {8: 1}, 1000, 1000),  # exactly 1/10 is left
        ({0: 8}, {8: 2}, 1000, None),
        ({86: 1}, {}, None, None),
    ],
)
def test_curves_are_those_worked_out_by_hand(
    replies: dict[int, int], closes: dict[int, int], p50_ms: int | None, p90_ms: int | None
) -> None:
    curve = [curve_quantile(Counter(replies), Counter(closes), share) for share in (MEDIAN, P90)]
    assert curve == [p50_ms, p90_ms]


def test_nobody_knows_the_curve_while_a_case_without_a_reply_is_pending() -> None:
    rows = [issue("1", clock()), issue("2", clock(), customers=["bob"]), reply("3", clock(ms=1000))]
    pending, known = (export_account(rows, PlainTerms(), time_ms).windows[0] for time_ms in (clock(days=1), NEVER))
    assert pending["first_response"] == {
        "count": 1,
        "p50_ms": 1000,
        "p90_ms": 1000,
        "km_p50_ms": None,
        "km_p90_ms": None,
    }
    assert pending["rates"]["missed"]["pending"] == 2
    assert known["first_response"] == pending["first_response"] | {"km_p50_ms": 1000}
    assert known["counts"]["censored_66"] == 1  # 24 h: the edge of bucket 65 is 21 h 37 min, that of 66 25 h 43 min


def published() -> dict[str, Any]:
    three, seven = rate(1, 3), {"value": 0.7, "numerator": 7, "denominator": 10, "pending": 1}
    times = {"count": 1, "p50_ms": 1000, "p90_ms": 1000, "histogram": [[1000, 1]]}
    return {
        "window_start_ms": START_MS,
        "window_s": 300,
        "brand": AIR,
        "source": "x",
        "received": 9,
        "roles": {"customer_actionable": 4, "customer_other": 3, "brand": 2, "bot": 0, "no_brand": 0},
        "duplicates": 1,
        "difference": 0,
        "intents": {"issue": 4},
        "escalated": 1,
        "reasons": {"legal": 1},
        "pii": {"iban": 1},
        "diverting_replies": 1,
        "missed_exact": 5,
        "missed_upstream": 6,
        "coverage": seven,
        "cases": {
            "opened": 3,
            "missed": 1,
            "stalled": 1,
            "diverted": 1,
            "resolved": 0,
            "pending": 0,
            "replied": 2,
            "recontact": 1,
            "reopened": 2,
        },
        "rates": {"sla_breached": three, "answered": three},
        "sla_by_tier": {"gold": three},
        "response_by_followers": {"0-99": three},
        "share_of_voice": seven,
        "first_response": {
            "count": 2,
            "p50_ms": 1000,
            "p90_ms": None,
            "km_p50_ms": 1000,
            "km_p90_ms": None,
            "histogram": [[1000, 1], [None, 1]],
            "censored": [[RESPONSE_EDGES_MS[66], 1]],
        },
        "next_response": times,
        "resolution": times,
        "open": 0,
        "waiting": 0,
        "final": True,
    }


def test_a_published_window_is_compared_by_the_names_of_the_counters() -> None:
    flat = flat_window(published())
    assert [flat[name] for name in WINDOW_KEY] == [START, 300, AIR, "x"]
    assert flat["counts"] == {
        "received": 9,
        "customer_actionable": 4,
        "customer_other": 3,
        "brand": 2,
        "duplicates": 1,
        "intent_issue": 4,
        "escalated": 1,
        "reason_legal": 1,
        "pii_iban": 1,
        "diverting_replies": 1,
        "missed_exact": 5,
        "missed_upstream": 6,
        "cases_opened": 3,
        "cases_missed": 1,
        "cases_stalled": 1,
        "cases_diverted": 1,
        "cases_replied": 2,
        "cases_recontact": 1,
        "cases_reopened": 2,
        "sla_breached": 1,
        "sla_kept": 2,
        "mentions_answered": 1,
        "mentions_unanswered": 2,
        "first_response_0": 1,
        "first_response_86": 1,
        "censored_66": 1,
        "next_response_0": 1,
        "resolution_0": 1,
    }
    assert flat["resolution"] == {"count": 1, "p50_ms": 1000, "p90_ms": 1000}


def test_a_figure_that_nobody_expects_is_a_difference() -> None:
    flat = flat_window(published())
    fewer = flat | {"counts": {"received": 9}, "sla_by_tier": {}}
    assert differences([flat], [flat], WINDOW_KEY) == []
    found = differences([fewer], [flat], WINDOW_KEY, limit=100)
    assert f"{START} 300 air x: counts.brand is 2, expected None" in found
    assert f"{START} 300 air x: sla_by_tier.gold.numerator is 1, expected None" in found
