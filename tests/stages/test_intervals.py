"""The interval set agrees with a plain Python set of numbers, however the numbers arrive."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.intervals import IntervalSet

batches = st.lists(st.lists(st.integers(1, 60), max_size=20), max_size=8)


def add(seen: IntervalSet, numbers: list[int]) -> tuple[IntervalSet, list[bool]]:
    column = np.array(numbers, dtype=np.int64)
    added, fresh = seen.add(column, column * 10)
    return added, fresh.tolist()


def numbers_of(seen: IntervalSet) -> set[int]:
    first, last, _, _ = seen.table
    return {number for low, high in zip(first, last, strict=True) for number in range(low, high + 1)}


@given(batches)
def test_it_holds_exactly_what_was_added_and_tells_what_was_new(parts: list[list[int]]) -> None:
    seen, plain = IntervalSet(), set[int]()
    for part in parts:
        seen, fresh = add(seen, part)
        for number, is_fresh in zip(part, fresh, strict=True):
            assert is_fresh == (number not in plain)
            plain.add(number)
    assert numbers_of(seen) == plain


@given(batches)
def test_intervals_ascend_never_touch_and_carry_the_times_of_their_ends(parts: list[list[int]]) -> None:
    seen = IntervalSet()
    for part in parts:
        seen, _ = add(seen, part)
    first, last, first_ms, last_ms = seen.table.tolist()
    assert all(left + 1 < right for left, right in zip(last[:-1], first[1:], strict=True))
    assert first_ms == [number * 10 for number in first]
    assert last_ms == [number * 10 for number in last]


@given(batches)
def test_the_same_numbers_in_another_order_give_the_same_set(parts: list[list[int]]) -> None:
    forward, backward = IntervalSet(), IntervalSet()
    for part in parts:
        forward, _ = add(forward, part)
    for part in reversed(parts):
        backward, _ = add(backward, part[::-1])
    assert forward == backward


@given(st.sets(st.integers(1, 60), min_size=1))
def test_holes_are_the_numbers_between_with_the_times_of_their_neighbours(numbers: set[int]) -> None:
    seen, _ = add(IntervalSet(), list(numbers))
    holes = seen.holes()
    neighbours = [(low, high) for low, high in pairwise(sorted(numbers)) if high > low + 1]
    assert holes.from_seq.tolist() == [low + 1 for low, _ in neighbours]
    assert holes.to_seq.tolist() == [high - 1 for _, high in neighbours]
    assert holes.from_ms.tolist() == [low * 10 for low, _ in neighbours]
    assert holes.to_ms.tolist() == [high * 10 for _, high in neighbours]


def test_filling_a_hole_leaves_the_others() -> None:
    seen, _ = add(IntervalSet(), [1, 3, 5, 9])
    filled = seen.fill(np.array([False, True, False]))
    assert numbers_of(filled) == {1, 3, 4, 5, 9}


def test_reaching_out_stretches_both_ends() -> None:
    seen, _ = add(IntervalSet(), [4, 5, 8])
    reached = seen.reach(2, 11, 999)
    assert numbers_of(reached) == {2, 3, 4, 5, 8, 9, 10, 11}
    assert (reached.first_ms, reached.last_ms) == (40, 999)


def test_a_number_in_a_filled_hole_counts_as_known() -> None:
    seen, _ = add(IntervalSet(), [1, 5])
    _, fresh = add(seen.fill(np.array([True])), [3, 6])
    assert fresh == [False, True]


def test_stretches_that_overlap_are_one_however_they_come() -> None:
    """What a reconnect that delivers the last minutes again does."""
    stretches = [list(range(10, 21)), list(range(15, 31)), list(range(40, 46)), list(range(1, 12)), list(range(29, 42))]
    forward, backward, fresh_count = IntervalSet(), IntervalSet(), 0
    for stretch in stretches:
        forward, fresh = add(forward, stretch)
        fresh_count += sum(fresh)
    for stretch in reversed(stretches):
        backward, _ = add(backward, stretch[::-1])
    assert forward == backward
    assert forward.table.tolist() == [[1], [45], [10], [450]]
    assert fresh_count == 45
