"""The account says the answer first, and notices when its parts contradict each other."""

from typing import Any

import msgspec
import pytest

from models.records import Outcome
from streams.stages import export
from streams.stages.report import Account, GapSum, NextResponse, Resolution, build_account
from streams.stages.report_text import MAX_BRANDS, render_text
from streams.stages.rows import rfc3339
from streams.stages.survival import Quantiles
from streams.stages.windows import rate
from tests.stages.account_rows import TIME_MS, case_record, feed_record, gap_record, window_record

DAY_MS = 86_400_000
encode = msgspec.json.encode


def cases() -> list[dict[str, Any]]:
    """Two brands: one case missed, one stalled, one diverted, one resolved, one pending."""
    return [
        {"outcome": Outcome.MISSED, "closed_ms": TIME_MS + DAY_MS, "sla_breached": True},
        {
            "outcome": Outcome.STALLED,
            "closed_ms": TIME_MS + DAY_MS,
            "first_response_ms": 60_000,
            "sla_breached": False,
            "tier": "gold",
            "reopened": 2,
            "next_responses": 2,
            "longest_next_response_ms": 2_500,
        },
        {"outcome": Outcome.DIVERTED, "closed_ms": TIME_MS + 9, "first_response_ms": 90_000, "sla_breached": False},
        {
            "outcome": Outcome.RESOLVED,
            "closed_ms": TIME_MS + 9,
            "first_response_ms": 30_000,
            "brand": "bolt",
            "resolution_ms": 9,
        },
        {"outcome": Outcome.PENDING, "brand": "bolt"},
    ]


def account(**changes: Any) -> Account:
    opened = {"cases_opened": 5, "cases_missed": 1, "cases_stalled": 1, "cases_diverted": 1, "cases_resolved": 1}
    star = {
        **opened,
        "cases_replied": 3,
        "cases_reopened": 1,
        "next_response_5": 2,
        "resolution_0": 1,
        "band_0_actionable": 5,
        "band_0_answered": 3,
        "band_0_unanswered": 1,
        "band_4_actionable": 1,
        "received": 8,
        "mention_lines": 8,
        "customer_actionable": 6,
        "brand": 2,
        "intent_issue": 6,
        "escalated": 1,
        "reason_legal": 1,
        "mentions_answered": 3,
        "mentions_unanswered": 1,
        "missed_exact": 2,
    } | changes.pop("star", {})
    feed = {"sent": 12, "received": 8, "late": 1, "rejected": 1, "missed_exact": 2} | changes.pop("feed", {})
    acme = {"received": 5, "brand": 2, "customer_other": 3}
    bolt = {"received": 2, "customer_actionable": 1, "customer_other": 1}
    windows = [window_record(counts=star), window_record(brand="acme", counts=acme)]
    windows += [window_record(brand="bolt", counts=bolt)]
    windows += [window_record(window_ms=300_000, counts={**star, "received": 999})]
    records = [case_record(case_id=str(i), customer=str(i), **fields) for i, fields in enumerate(cases())]
    return build_account(
        windows=export.window_rows(map(encode, windows)),
        cases=export.case_rows(map(encode, records)),
        gaps=export.gap_rows([encode(gap_record(**changes.pop("gap", {})))]),
        feeds=export.feed_rows([encode(feed_record(**feed))]),
        dlq=[],
        watermark=rfc3339(TIME_MS + 2 * DAY_MS),
    )


def test_each_rate_has_its_own_numerator_denominator_and_pending() -> None:
    rates = account().total.rates
    assert rates["missed"] == rate(1, 4, 1)
    assert rates["abandoned"] == rate(2, 4, 1)
    assert rates["resolved"] == rate(1, 4, 1)
    assert rates["sla_breached"] == rate(1, 3, 2)
    assert rates["answered"] == rate(3, 4, 2)


def test_capture_counts_lines_and_keeps_what_the_source_withheld_apart() -> None:
    capture = account(feed={"missed_upstream": 40}).capture
    assert capture.captured == rate(10, 12, 0)
    assert (capture.missed, capture.withheld) == (2, 40)
    assert (capture.gaps["sequence"].gaps, capture.gaps["sequence"].missed) == (1, 2)


def test_brands_are_accounted_for_one_by_one() -> None:
    brands = {care.brand: care for care in account().brands}
    assert set(brands) == {"acme", "bolt"}
    assert (brands["acme"].cases.opened, brands["bolt"].cases.pending) == (3, 1)
    assert brands["acme"].received == 5
    assert brands["bolt"].received == 2


def test_shares_of_voice_are_of_all_brands_customers_and_make_a_whole() -> None:
    found = account()
    assert {care.brand: care.share_of_voice for care in found.brands} == {"acme": rate(3, 5, 0), "bolt": rate(2, 5, 0)}
    assert found.total.share_of_voice is None


def test_wider_windows_count_nothing_twice() -> None:
    assert account().total.received == 8


def test_what_followed_a_first_answer_is_told() -> None:
    total = account().total
    assert total.cases.reopened == 1
    assert total.next_response == NextResponse(replies=2, p50_at_most_s=2.378, p90_at_most_s=2.378, longest_s=2.5)
    assert total.resolution == Resolution(cases=1, times=Quantiles(0.009, 0.009))


def test_tiers_belong_to_a_brand() -> None:
    found = account()
    assert found.total.sla_by_tier == {}
    assert found.brands[0].sla_by_tier == {"default": rate(1, 2, 0), "gold": rate(0, 1, 0)}


def test_answers_by_followers_are_those_of_the_windows() -> None:
    assert account().total.response_by_followers == {"0-99": rate(3, 4, 1), "100000+": rate(0, 0, 1)}


def test_what_a_stall_may_have_cost_is_no_part_of_what_is_missed() -> None:
    gap = {"cause": "stall", "exact": False, "missed": 0, "estimated": 7}
    found = account(gap=gap, star={"missed_exact": 0}, feed={"missed_exact": 0, "sent": 10})
    assert found.balanced
    assert found.capture.gaps["stall"] == GapSum(1, 0, 7)
    assert any(line.split() == ["stall", "1", "0", "~7"] for line in render_text(found))


def test_unanswered_cases_count_in_the_expected_response_time() -> None:
    found = account().total.first_response
    assert found.answered_cases == 3
    assert found.answered == Quantiles(60.0, 90.0)
    assert found.expected == Quantiles(90.0, None)


def test_a_consistent_account_balances() -> None:
    found = account()
    assert found.balanced
    assert set(found.differences.values()) == {0}


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"feed": {"difference": -3}}, "feeds"),
        ({"feed": {"received": 9}}, "received_in_windows"),
        ({"star": {"brand": 3}}, "windows"),
        ({"star": {"cases_missed": 0}}, "cases_in_windows"),
        ({"star": {"cases_reopened": 0}}, "cases_in_windows"),
        ({"star": {"next_response_5": 1}}, "next_responses_in_windows"),
        ({"star": {"resolution_0": 0}}, "resolutions_in_windows"),
        ({"star": {"missed_exact": 1}}, "missed_in_windows"),
        ({"gap": {"missed": 1}}, "missed_in_gaps"),
        ({"feed": {"missed_upstream": 1}}, "withheld_in_gaps"),
        ({"star": {"missed_upstream": 1}}, "withheld_in_windows"),
    ],
)
def test_any_contradiction_is_a_difference_and_is_said_aloud(changes: dict[str, Any], broken: str) -> None:
    found = account(**changes)
    assert found.differences[broken] != 0
    assert not found.balanced
    assert any("DOES NOT BALANCE" in line and broken in line for line in render_text(found))


def test_mistakes_do_not_cancel_out() -> None:
    feeds = [feed_record(feed="f", difference=2), feed_record(feed="g", difference=-2, final=False)]
    found = build_account([], [], [], export.feed_rows(map(encode, feeds)), [], None)
    assert found.differences["feeds"] == 4


def test_the_answer_comes_first() -> None:
    lines = render_text(account())
    assert lines[:5] == [
        "captured           10 of 12 lines (83.33%)",
        "missed in capture  2, and 0 withheld by the source",
        "missed in care     1 of 4 decided cases (25.00%)",
        "abandoned          2 of 4 decided cases (50.00%)",
        "pending            1 cases are not decided yet and count as neither",
    ]
    assert lines[-1] == "conservation  difference 0: everything that was sent is accounted for"


def test_columns_line_up_and_fit() -> None:
    lines = render_text(account())
    head = next(index for index, line in enumerate(lines) if line.startswith("rates"))
    assert len({len(line) for line in lines[head : head + 8]}) == 1
    assert all(len(line) <= 100 for line in lines)
    assert not any(line != line.rstrip() for line in lines)


def test_a_year_of_a_large_source_fits_too() -> None:
    feed = {"feed": "x-firehose-2017", "sent": 123_456_789, "received": 123_456_789, "late": 1_234_567}
    opened = {"cases_opened": 12_345_678, "received": 123_456_789, "next_response_50": 1_234_567}
    lines = render_text(account(feed=feed, star=opened))
    assert all(len(line) <= 100 for line in lines[:-1])  # but for the list of what does not balance


def test_many_brands_are_cut_to_the_busiest() -> None:
    records = [
        case_record(case_id=f"{brand}-{one}", brand=f"brand{brand:02}", customer=str(one))
        for brand in range(MAX_BRANDS + 3)
        for one in range(brand + 1)
    ]
    lines = render_text(build_account([], export.case_rows(map(encode, records)), [], [], [], None))
    assert "and 3 more brands" in lines
    shown = [line.split()[0] for line in lines if line.startswith("brand")]
    assert shown == [f"brand{brand:02}" for brand in range(MAX_BRANDS + 2, 2, -1)]


def test_an_empty_account_claims_nothing() -> None:
    found = build_account([], [], [], [], [], None)
    assert {one.value for one in found.total.rates.values()} == {None}
    assert found.capture.captured.value is None
    assert render_text(found)[0] == "captured           0 of 0 lines"
    assert render_text(found)[-1] == "conservation  no feed is in the account yet"


def test_the_account_travels_as_json() -> None:
    found = account()
    assert msgspec.json.decode(encode(found), type=Account) == found


def test_mentions_that_came_behind_the_watermark_are_named_because_no_case_has_them() -> None:
    found = account(feed={"sent": 14, "received": 10, "overtaken": 2})
    assert found.balanced
    assert any(line.startswith("overtaken          2 mentions") for line in render_text(found))
    assert not any(line.startswith("overtaken") for line in render_text(account()))
