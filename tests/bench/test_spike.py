"""Goal: the backlog of a spike is measured against the schedule, and what is missed is counted by two roads.

Method: the reckoning by examples; then a small spike through real workers on the embedded broker.
"""

from pathlib import Path

import pytest

from streams.bench.arrivals import Arrivals, Phase
from streams.bench.bench import Bench
from streams.bench.cluster import Cluster
from streams.bench.spike import backlog_before, drained_ms, measure_phases

ARRIVALS = Arrivals(0, (Phase(10, 10), Phase(100, 5), Phase(10, 60)))  # the spike is from 10 s to 15 s


@pytest.mark.parametrize(
    ("backlogs", "before"),
    [
        ([(1_000, 90), (5_000, 4), (9_000, 7), (12_000, 300)], 7),  # the start has not settled yet
        ([(1_000, 90)], 0),
        ([], 0),
    ],
)
def test_the_level_of_before_is_the_largest_of_the_settled_load(backlogs: list[tuple[float, int]], before: int) -> None:
    assert backlog_before(ARRIVALS, backlogs) == before


def test_a_spike_is_drained_when_the_backlog_is_first_back_at_that_level() -> None:
    backlogs = [(9_000.0, 7), (12_000.0, 3), (15_000.0, 300), (17_000.0, 8), (18_000.0, 7), (19_000.0, 9)]
    assert drained_ms(ARRIVALS, backlogs) == 18_000


def test_one_that_never_is_has_no_time() -> None:
    assert drained_ms(ARRIVALS, [(9_000.0, 7), (20_000.0, 8)]) is None


@pytest.mark.embedded
@pytest.mark.timeout(280)
@pytest.mark.parametrize("senders", [1, 2])
def test_a_spike_through_real_workers_loses_nothing(embedded_broker: str, tmp_path: Path, senders: int) -> None:
    bench = Bench(Cluster(embedded_broker, "given"), tmp_path, quick=True, rounds=1, mentions=2_000, say=print)
    report = measure_phases(bench, (Phase(200, 2), Phase(2_000, 1), Phase(200, 60)), senders)
    assert report.sent >= 2_400
    assert (report.missed, report.missed_exact, report.difference) == (0, 0, 0)
    assert report.distinct == report.sent
    assert report.backlog_peak >= report.backlog_before
    assert report.drain_seconds is not None
    assert report.windows_seconds is not None
    assert set(report.rss_peak_bytes) == {"classify-0", "care-0"}
    assert report.samples
