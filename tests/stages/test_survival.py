"""The Kaplan-Meier quantiles agree with the textbook product in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.survival import Quantiles, quantile, quantiles

durations = st.lists(st.integers(0, 12), max_size=25)


def by_definition(events: list[int], censored: list[int], share: Fraction) -> int | None:
    survival = Fraction(1)
    for time in sorted(set(events)):
        at_risk = sum(one >= time for one in events) + sum(one >= time for one in censored)
        survival *= 1 - Fraction(events.count(time), at_risk)
        if survival <= 1 - share:
            return time
    return None


@given(durations, durations, st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(1, 3)]))
def test_quantiles_are_those_of_the_definition(events: list[int], censored: list[int], share: Fraction) -> None:
    assert quantile(events, censored, float(share)) == by_definition(events, censored, share)


@pytest.mark.parametrize(
    ("events", "censored", "median"),
    [
        ([], [], None),
        ([], [5, 5], None),
        ([1, 2, 3, 4], [], 2),  # two of four: S is exactly one half
        ([1, 2], [9, 9, 9], None),  # most were never answered: no median
        ([1, 2, 3], [3, 3, 3], 3),  # at equal times events come first: half of six
        ([1, 2, 3], [2, 2, 2], 3),
        ([7], [1, 1, 1], 7),
    ],
)
def test_medians_by_hand(events: list[int], censored: list[int], median: int | None) -> None:
    assert quantile(events, censored, 0.5) == median


def test_a_share_that_is_reached_exactly_counts_as_reached_whatever_floats_make_of_it() -> None:
    assert quantile(range(1, 11), [], 0.9) == 9


def test_unanswered_cases_make_the_expected_time_longer() -> None:
    answered = [60_000, 120_000, 180_000]
    assert quantiles(answered) == Quantiles(120.0, 180.0)
    assert quantiles(answered, [86_400_000, 86_400_000]) == Quantiles(180.0, None)
