"""Timing, with a clock that the test winds."""

import os
from collections.abc import Iterator

import pytest

from streams.bench.measure import Contender, describe_machine, one_core, time_rounds


def ticks(*durations: float) -> Iterator[float]:
    """Readings of a clock between which the given times pass; nothing passes between two measurements."""
    now = 0.0
    for duration in durations:
        yield now
        now += duration
        yield now


def test_contenders_take_turns_and_get_medians_with_their_spread() -> None:
    order: list[str] = []
    contenders = [
        Contender("a", 1_000, lambda: order.append("a")),
        Contender("b", 10, lambda: order.append("b")),
    ]
    readings = ticks(0.001, 0.1, 0.003, 0.1, 0.002, 0.4)
    processor = ticks(0.001, 0.1, 0.001, 0.1, 0.001, 0.1)
    a, b = time_rounds(contenders, 3, lambda: next(readings), lambda: next(processor))
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert (a.us, a.us_min, a.us_max) == (2.0, 1.0, 3.0)
    assert (a.per_second, a.per_second_min, a.per_second_max) == (500_000, 333_333, 1_000_000)
    assert (b.us, b.us_min, b.us_max) == (10_000, 10_000, 40_000)
    assert (a.cpu_us, b.cpu_us) == (1.0, 10_000)


def test_a_clock_that_stands_still_divides_nothing_by_zero() -> None:
    [timing] = time_rounds([Contender("a", 0, lambda: None)], 1, lambda: 1.0)
    assert timing.us == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no process to a core")
def test_a_process_is_on_one_core_while_it_measures_and_free_again_afterwards() -> None:
    before = os.sched_getaffinity(0)
    with one_core() as pinned:
        assert pinned
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_the_machine_is_described() -> None:
    machine = describe_machine(pinned=False)
    assert machine.cpu
    assert machine.cores >= 1
    assert {"numpy", "numba", "scikit-learn"} <= set(machine.versions)
