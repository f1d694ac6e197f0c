"""Goal: due times depend on the lines alone, and slips are told truly in bounded memory."""

import random

import pytest

from streams.stages.schedule import Pace, Slip, SlipReport


@pytest.mark.parametrize(
    ("pace", "sent", "event_ms", "due_s"),
    [
        (Pace(speed=1), 7, 2500, 2.5),
        (Pace(speed=10), 7, 2500, 0.25),
        (Pace(rate=100), 7, 2500, 0.07),
        (Pace(), 7, 2500, 0.0),
    ],
)
def test_lines_are_due_by_event_time_or_by_number(pace: Pace, sent: int, event_ms: int, due_s: float) -> None:
    assert pace.due_s(sent, event_ms) == pytest.approx(due_s)


def test_event_time_passes_at_the_given_speed_only() -> None:
    assert Pace(speed=60).event_ms(2.0) == 120_000
    assert Pace(rate=100).event_ms(2.0) == Pace().event_ms(2.0) == 0
    assert (Pace(speed=1).is_paced, Pace(rate=1).is_paced, Pace().is_paced) == (True, True, False)


def test_nothing_sent_has_no_slip() -> None:
    assert Slip().report() == SlipReport()


def test_early_lines_are_on_time() -> None:
    report = Slip().add(-0.5).report()
    assert (report.lines, report.max_ms, report.mean_ms, report.p99_ms) == (1, 0.0, 0.0, 0.0)


def test_mean_and_maximum_are_exact_and_the_percentile_is_off_by_at_most_a_fifth() -> None:
    draw = random.Random(3)
    slips = [draw.expovariate(20) for _ in range(5000)]
    slip = Slip()
    for seconds in slips:
        slip.add(seconds)
    report = slip.report()
    true_p99 = sorted(slips)[round(0.99 * len(slips))] * 1000
    assert report.lines == 5000
    assert report.max_ms == pytest.approx(max(slips) * 1000)
    assert report.mean_ms == pytest.approx(sum(slips) / 5000 * 1000)
    assert true_p99 / 1.2 < report.p99_ms < true_p99 * 1.2


def test_a_day_of_slip_still_has_a_place() -> None:
    assert Slip().add(2 * 86_400.0).report().max_ms == pytest.approx(2 * 86_400_000.0)
