"""A wider window is what would have been counted in it."""

from hypothesis import given
from hypothesis import strategies as st

from models.counters import COUNTERS
from streams.stages.roll_up import counts_of, roll_up
from streams.stages.windows import WindowCounts, WindowRecord, WindowRules, render_window, total_counts

FIVE_MINUTES = WindowRules(300_000)
HOUR = WindowRules(3_600_000)
HOUR_START = 100 * 3_600_000

columns = st.lists(st.integers(0, 9), min_size=len(COUNTERS), max_size=len(COUNTERS))


def window(
    start_ms: int, counts: list[int], rules: WindowRules, pending: int = 1, *, final: bool = True
) -> WindowRecord:
    summed = WindowCounts(start_ms, "acme", "x", counts, pending, 0, 0)
    return render_window(summed, rules, final=final, revision=1)


@given(columns)
def test_a_record_gives_back_the_counts_that_it_was_made_of(counts: list[int]) -> None:
    assert counts_of(window(0, counts, FIVE_MINUTES)) == counts


@given(st.lists(columns, min_size=1, max_size=4))
def test_an_hour_is_the_sum_of_its_parts_quantiles_included(parts: list[list[int]]) -> None:
    records = [window(HOUR_START + i * 300_000, counts, FIVE_MINUTES) for i, counts in enumerate(parts)]
    expected = window(HOUR_START, total_counts(parts), HOUR, pending=len(parts))
    assert roll_up(records, HOUR) == [expected]


def test_windows_stay_apart_and_one_that_can_change_keeps_its_hour_from_being_final() -> None:
    zeros = [0] * len(COUNTERS)
    records = [
        window(HOUR_START + 3_300_000, zeros, FIVE_MINUTES),
        window(HOUR_START + 3_600_000, zeros, FIVE_MINUTES),
        window(HOUR_START + 3_900_000, zeros, FIVE_MINUTES, final=False),
    ]
    hours = roll_up(records, HOUR)
    assert [(hour.window_start_ms, hour.final) for hour in hours] == [
        (HOUR_START, True),
        (HOUR_START + 3_600_000, False),
    ]
