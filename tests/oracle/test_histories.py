"""Laws that hold of the oracle on every generated history."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .account import OracleAccount, oracle_account
from .histories import History, histories

_QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def account_of(history: History) -> OracleAccount:
    return oracle_account(history.log, history.rows, history.terms)


@_QUICK
@given(histories())
def test_every_line_of_every_feed_is_accounted_for(history: History) -> None:
    account = account_of(history)
    assert account.problems == []
    assert [feed["difference"] for feed in account.feeds if feed["final"]] == [
        0 for feed in account.feeds if feed["final"]
    ]
    for window in account.windows:
        counts = window["counts"]
        classes = ("customer_actionable", "customer_other", "brand", "bot", "no_brand")
        assert counts.get("received", 0) == sum(counts.get(name, 0) for name in classes)


@_QUICK
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_records_are_read_does_not_matter(history: History, random: object) -> None:
    shuffled = list(history.log)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    again = oracle_account(shuffled, history.rows[::-1], history.terms)
    assert again == account_of(history)


@_QUICK
@given(histories())
def test_cohorts_add_up_to_the_cases(history: History) -> None:
    account = account_of(history)
    outcomes = Counter(case["outcome"] for case in account.cases)
    for width_ms in (history.terms.window_ms, *history.terms.rollup_ms):
        total: Counter[str] = Counter()
        for window in account.windows:
            if (window["brand"], window["window_s"]) == ("*", width_ms / 1000):
                total.update(window["counts"])
        assert total["cases_opened"] == len(account.cases)
        for outcome in ("missed", "stalled", "diverted", "resolved"):
            assert total[f"cases_{outcome}"] == outcomes[outcome]
        replied = held(total, "first_response_")
        assert replied == total["cases_replied"] == sum(case["replies"] > 0 for case in account.cases)
        assert held(total, "censored_") == outcomes["missed"]
        assert held(total, "resolution_") == outcomes["resolved"]
        assert held(total, "next_response_") == sum(case["next_responses"] for case in account.cases)
        lines, waiting = (sum(feed[name] for feed in account.feeds) for name in ("mention_lines", "waiting"))
        assert total["received"] + total["duplicates"] == lines - waiting


def held(total: Counter[str], histogram: str) -> int:
    return sum(value for name, value in total.items() if name.startswith(histogram))
