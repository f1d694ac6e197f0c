"""Limit notices are decoded against a simulation of the source that knows the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.limits import MAX_COUNTERS, withheld_since


def decode(notices: list[int]) -> int:
    counters, total = tuple[int, ...](), 0
    for track in notices:
        counters, delta = withheld_since(counters, track)
        total += delta
    return total


@pytest.mark.parametrize(
    ("notices", "withheld"),
    [
        ([], 0),
        ([7], 7),
        ([7, 7], 7),
        ([7, 12, 30], 30),
        ([100, 40, 105, 44], 149),  # two counters take turns
        ([100, 40, 20, 10, 12, 21, 43, 101], 101 + 43 + 21 + 12),  # four of them
        ([100, 40, 20, 10, 3], 173),  # a fifth low one: the smallest started anew
        ([100, 40, 20, 10, 3, 9], 179),
        ([0], 0),
    ],
)
def test_notices_in_seq_order_sum_to_what_was_withheld(notices: list[int], withheld: int) -> None:
    assert decode(notices) == withheld


def test_the_naive_sum_and_the_largest_notice_are_both_wrong() -> None:
    notices = [100, 40, 105, 44]
    assert decode(notices) == 149
    assert sum(notices) == 289
    assert max(notices) == 105


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[list[int], int]:
    """Counters of one connection in bands of their own (counter k stays below (MAX - k) * 1000, above the next
    one), each first heard in falling order, then in any order; the lowest of four may restart from below."""
    open_ = draw(st.integers(1, MAX_COUNTERS))
    floors = [(MAX_COUNTERS - k) * 1000 for k in range(open_)]
    counters = [floor + draw(st.integers(0, 9)) for floor in floors]
    notices, withheld = list(counters), sum(counters)
    for _ in range(draw(st.integers(0, 20))):
        which = draw(st.integers(0, open_ - 1))
        if which == MAX_COUNTERS - 1 and counters[which] > 1 and draw(st.booleans()):
            counters[which] = draw(st.integers(1, counters[which] - 1))
            withheld += counters[which]
        else:
            step = draw(st.integers(0, 40))
            counters[which] += step
            withheld += step
        notices.append(counters[which])
    return notices, withheld


@given(interleavings())
def test_interleaved_counters_and_restarts_are_told_apart(case: tuple[list[int], int]) -> None:
    notices, withheld = case
    assert decode(notices) == withheld


@given(st.lists(st.integers(0, 1000)))
def test_never_more_than_four_counters_and_never_a_negative_number(notices: list[int]) -> None:
    counters = tuple[int, ...]()
    for track in notices:
        counters, delta = withheld_since(counters, track)
        assert delta >= 0
        assert len(counters) <= MAX_COUNTERS
        assert list(counters) == sorted(counters)
