"""Windows by hand: one small hour, in which acme and bolt are spoken of.

12:00:30  c1 complains to acme (150 followers), escalated, with an e-mail address; line 1, and a copy of it, line 6
12:00:40  acme answers c1, and says so to c2 as well; line 2
12:00:50  c2 complains of both brands (10 followers), nobody answers; line 3
12:01:10  somebody speaks of no brand; line 5. Line 4 never came
12:30:00  a bot of acme sends c2 elsewhere; line 7
"""

from pathlib import Path
from typing import Any

import pytest

from models.counters import RESPONSE_EDGES_MS
from tests.audit.export import Row, begin, brand, clock, end, meta, reply, run, said, small_talk
from tests.audit.recomputed import recomputed

DAY = 86_400_000
TEN_SECONDS = RESPONSE_EDGES_MS[14]  # 1 s * 2 ** 3.5 = 11.314 s
A_DAY = RESPONSE_EDGES_MS[66]  # 1 s * 2 ** 16.5 = 92,682 s

FIRST = said(
    "1", clock(seconds=30), 1, followers=150, escalate=True, reasons=["safety", "urgent"], pii=["email"], tier="gold"
)
CLASSIFIED = [
    FIRST,
    reply("2", clock(seconds=40), 2, customers=["c1", "c2"]),
    said("3", clock(seconds=50), 3, customers=["c2"]),
    said("3", clock(seconds=50), 3, customers=["c2"], brand="bolt", intent="vent", actionable=False),
    small_talk("4", clock(seconds=70), 5, brand="", role="none", intent=None, customers=[]),
    reply("5", clock(minutes=30), 7, role="bot", customers=["c2"], diverts="link"),
]
LINES = [
    begin(),
    run("mention", 1, 3, clock(seconds=30), clock(seconds=50)),
    run("mention", 5, 6, clock(seconds=70), clock(seconds=71)),
    run("mention", 7, 7, clock(minutes=30)),
    end(7, clock(minutes=30)),
]
RULES = meta(
    brands={
        "acme": brand(sla_s={"default": 3600.0, "gold": 5.0}, baseline={"phone": 30.0}),
        "bolt": brand(),
    }
)
STORY: dict[str, Any] = {
    "classified": CLASSIFIED,
    "copies": [FIRST | {"seq": 6, "followers": 7}],
    "lines": LINES,
    "meta": RULES,
}


def window(directory: Path, name: str, width_s: int, columns: str, minute: int = 0, **changes: Any) -> Any:
    """``columns`` of one window."""
    every = "brand, width_ms, since(start_ms), "
    rows = recomputed(directory, "window_found", every + columns, **(STORY | changes))
    [found] = [row[3:] for row in rows if row[:3] == (name, width_s * 1000, minute * 60_000)]
    return found[0] if len(found) == 1 else found


def rate(numerator: int, denominator: int, pending: int = 0) -> Row:
    value = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "pending": pending, "value": value}


ROLES = "received, roles.customer_actionable, roles.customer_other, roles.brand, roles.bot, roles.no_brand, duplicates"


@pytest.mark.parametrize(
    ("name", "width_s", "minute", "expected"),
    [
        ("acme", 60, 0, (3, 2, 0, 1, 0, 0, 1)),
        ("bolt", 60, 0, (1, 0, 1, 0, 0, 0, 0)),
        ("*", 60, 0, (3, 2, 0, 1, 0, 0, 1)),  # the mention of two brands once, as the first one sees it (C15)
        ("*", 60, 1, (1, 0, 0, 0, 0, 1, 0)),
        ("acme", 3600, 0, (4, 2, 0, 1, 1, 0, 1)),
        ("*", 3600, 0, (5, 2, 0, 1, 1, 1, 1)),
    ],
)
def test_each_mention_is_counted_once_by_its_role(
    name: str, width_s: int, minute: int, expected: tuple[int, ...], tmp_path: Path
) -> None:
    assert window(tmp_path, name, width_s, ROLES, minute) == expected


def test_there_is_a_window_for_each_that_something_is_counted_of(tmp_path: Path) -> None:
    rows = recomputed(tmp_path, "window_found", "width_ms // 1000, since(start_ms) // 60000, brand", **STORY)
    minutes = [(60, 0, "*"), (60, 0, "acme"), (60, 0, "bolt"), (60, 1, "*"), (60, 30, "*"), (60, 30, "acme")]
    assert rows == [*minutes, (3600, 0, "*"), (3600, 0, "acme"), (3600, 0, "bolt")]


def test_labels_are_counted_of_mentions_that_count(tmp_path: Path) -> None:
    """Of the copy nothing, of customers alone the intents (C5)."""
    found = window(tmp_path, "acme", 3600, "intents, reasons, pii, escalated, diverting_replies")
    assert found == ({"issue": 2}, {"safety": 1, "urgent": 1}, {"email": 1}, 1, 1)


def test_what_was_received_and_what_never_came_count_for_the_source(tmp_path: Path) -> None:
    columns = "missed_exact, missed_upstream, coverage, difference"
    assert window(tmp_path, "*", 3600, columns) == (1, 0, rate(5, 6), 0)
    assert window(tmp_path, "*", 60, columns) == (1, 0, rate(3, 4), 0)
    assert window(tmp_path, "acme", 60, columns) == (0, 0, rate(3, 4), 0)


def test_cases_count_in_the_window_of_their_opening(tmp_path: Path) -> None:
    """The case of c2 with acme is missed: the answer came before it."""
    columns = "cases.opened, cases.missed, cases.resolved, cases.replied, cases.pending"
    for name in ("acme", "*"):
        assert window(tmp_path, name, 60, columns) == (2, 1, 1, 1, 0)
    rates = window(tmp_path, "acme", 60, "rates")
    assert rates["missed"] == rates["resolved"] == rate(1, 2)
    assert rates["sla_breached"] == rate(2, 2)  # gold has 5 s, and c2 was never answered
    assert rates["answered"] == rate(1, 2)
    assert rates["abandoned"] == rate(0, 2)


def test_tiers_are_those_of_one_brand(tmp_path: Path) -> None:
    assert window(tmp_path, "acme", 3600, "sla_by_tier") == {"default": rate(1, 1), "gold": rate(1, 1)}
    assert window(tmp_path, "*", 3600, "sla_by_tier") == {}


def test_bands_are_those_of_the_tweets(tmp_path: Path) -> None:
    assert window(tmp_path, "acme", 60, "response_by_followers") == {"0-99": rate(0, 1), "100-999": rate(1, 1)}


def test_a_share_of_voice_is_of_customers_mentions_of_all_brands(tmp_path: Path) -> None:
    assert window(tmp_path, "acme", 60, "share_of_voice") == rate(2, 3)
    assert window(tmp_path, "bolt", 3600, "share_of_voice") == rate(1, 3)
    assert window(tmp_path, "*", 60, "share_of_voice") is None


def test_mentions_are_compared_with_the_contacts_of_a_channel(tmp_path: Path) -> None:
    """30 calls an hour are half a call in a minute."""
    ratio = {"numerator": 3, "denominator": 0.5, "pending": 0, "value": 6.0}
    assert window(tmp_path, "acme", 60, "volume_ratio") == {"phone": ratio}
    assert window(tmp_path, "bolt", 60, "volume_ratio") is None


def test_response_times_are_upper_edges_of_buckets(tmp_path: Path) -> None:
    """One answer after 10 s, one case given up after a day: in expectation half are answered within that bucket, and
    nine tenths never."""
    assert window(tmp_path, "acme", 60, "first_response") == {
        "count": 1,
        "p50_ms": TEN_SECONDS,
        "p90_ms": TEN_SECONDS,
        "km_p50_ms": TEN_SECONDS,
        "km_p90_ms": None,
        "histogram": [[TEN_SECONDS, 1]],
        "censored": [[A_DAY, 1]],
    }
    silence = {"count": 0, "p50_ms": None, "p90_ms": None, "histogram": []}
    assert window(tmp_path, "acme", 60, "next_response") == silence
    assert window(tmp_path, "acme", 60, "resolution") == {
        "count": 1,
        "p50_ms": TEN_SECONDS,
        "p90_ms": TEN_SECONDS,
        "histogram": [[TEN_SECONDS, 1]],
    }


def test_quantiles_count_buckets_up_to_the_share(tmp_path: Path) -> None:
    """Answers after 1, 2, 4, ... 512 s: half of the ten have come with the fifth, nine with the ninth."""
    rows = [said(f"{n}", clock(), n + 1, customers=[f"c{n}"]) for n in range(10)]
    rows += [reply(f"1{n}", clock(seconds=2**n), n + 11, customers=[f"c{n}"]) for n in range(10)]
    found = recomputed(
        tmp_path, "window_found", "first_response.p50_ms, first_response.km_p90_ms", "start_ms, brand", classified=rows
    )
    assert found[0] == (16_000, 256_000)


def test_what_is_not_behind_w_is_pending_and_keeps_its_window_open(tmp_path: Path) -> None:
    """W is 12:00:45: the answer counts, the mention at 12:00:50 waits."""
    early = RULES | {"watermark": clock(seconds=45)}
    columns = "received, waiting, open, final, share_of_voice, cases.pending, rates['answered']"
    found = window(tmp_path, "acme", 60, columns, meta=early)
    assert found == (2, 1, 1, False, rate(1, 1, 1), 1, rate(1, 1))
    assert window(tmp_path, "acme", 60, "waiting, open, final") == (0, 0, True)


def test_an_expected_wait_is_not_told_while_a_case_may_yet_be_answered(tmp_path: Path) -> None:
    early = RULES | {"watermark": clock(hours=2)}
    found = window(tmp_path, "acme", 60, "first_response.p50_ms, first_response.km_p50_ms, open", meta=early)
    assert found == (TEN_SECONDS, None, 3)  # two cases and a tweet


def test_windows_are_floors_of_times_before_1970_too(tmp_path: Path) -> None:
    rows = [small_talk("1", "1969-12-31T23:59:59.999Z", 1)]
    found = recomputed(tmp_path, "window_found", "start_ms", classified=rows)
    assert {row[0] for row in found} == {-60_000, -3_600_000}
