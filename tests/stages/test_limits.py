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


class Source:
    """A connection that withholds mentions one by one, on four counters, and notes what each of them has reached."""

    def __init__(self) -> None:
        self.withheld = 0
        self.counters = [0, 0, 0, 0]
        self.notices: list[int] = []

    def withhold(self, counter: int, mentions: int) -> None:
        for _ in range(mentions):
            self.withheld += 1
            self.counters[counter] += 1
        self.notices.append(self.counters[counter])

    def start_anew(self, counter: int) -> None:
        self.counters[counter] = 0


def test_of_four_counters_that_start_anew_neither_sum_nor_last_nor_largest_is_what_was_withheld() -> None:
    source = Source()
    for counter, mentions in enumerate((4_000, 3_000, 2_000, 1_000)):
        source.withhold(counter, mentions)
    for turn in range(6):
        for counter, mentions in ((2, 7), (0, 31), (3, 5), (1, 12)):
            source.withhold(counter, mentions + turn)
        if turn % 2:
            source.start_anew(3)
            source.withhold(3, 400)
    assert decode(source.notices) == source.withheld
    assert source.withheld == 10_000 + 6 * (7 + 31 + 5 + 12) + 4 * sum(range(6)) + 3 * 400
    naive = {"sum": sum(source.notices), "last": source.notices[-1], "largest": max(source.notices)}
    assert naive == {"sum": 70_021, "last": 400, "largest": 4_201}
    assert source.withheld not in naive.values()


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
