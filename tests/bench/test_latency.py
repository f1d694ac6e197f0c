"""Goal: a latency counts from when a mention was due, and no mention that did not come out is left out of it.

Method: first sightings and quantiles by hand-made examples and against a plain list; then a real load of 200 mentions
a second for three seconds through real workers on the embedded broker.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bench.arrivals import Arrivals, Phase
from streams.bench.bench import Bench
from streams.bench.cluster import Cluster
from streams.bench.latency import measure_rates
from streams.bench.quantiles import summarise
from streams.bench.sightings import WindowSeen, first_known, first_seen

INF = float("inf")
START_MS = 1_700_000_000_000


def test_of_several_sightings_the_first_counts() -> None:
    assert first_seen([10, 20, 30], [[0, 2], [2, 1], [0]], 4).tolist() == [10, 20, 10, INF]


def test_numbers_that_nobody_sent_are_passed_over() -> None:
    assert first_seen([10], [[-1, 0, 5]], 2).tolist() == [10, INF]


def test_a_row_that_knows_n_mentions_of_its_window_knows_the_first_n() -> None:
    arrivals = Arrivals(0, (Phase(2, 4),))  # 0, 500, …, 3500: two in each second
    rows = [(900.0, 0, 1), (1_200.0, 0, 2), (1_300.0, 1_000, 1), (4_000.0, 2_000, 2)]
    known = first_known(arrivals, rows, 1_000).tolist()
    assert known == [900, 1_200, 1_300, INF, 4_000, 4_000, INF, INF]


def test_rows_of_other_windows_and_rows_that_know_nothing_new_change_nothing() -> None:
    arrivals = Arrivals(0, (Phase(2, 1),))
    rows = [(500.0, 0, 1), (600.0, 0, 1), (700.0, 60_000, 9), (800.0, 0, 5)]
    assert first_known(arrivals, rows, 1_000).tolist() == [500, 800]


def test_what_waits_behind_the_watermark_is_known() -> None:
    assert WindowSeen(window_start_ms=0, received=3, duplicates=1, waiting=2).known == 6


def test_latencies_count_from_when_the_mention_was_due() -> None:
    due, seen = np.array([0.0, 10.0, 20.0]), np.array([100.0, 100.0, 100.0])
    latency = summarise(due, seen, 1_000)
    assert (latency.unseen, latency.max_ms) == (0, 100.0)
    assert latency.p50_ms == pytest.approx(90, rel=0.002)


def test_a_mention_that_never_came_counts_with_the_time_it_had_waited() -> None:
    latency = summarise(np.array([0.0, 0.0]), np.array([5.0, INF]), 60_000)
    assert (latency.unseen, latency.max_ms, latency.p99_ms) == (1, 60_000.0, 60_000.0)


@given(st.lists(st.floats(0, 100_000), min_size=1, max_size=200))
def test_quantiles_are_those_of_a_sorted_list_to_three_digits(waited_ms: list[float]) -> None:
    seen, ordered = np.array(waited_ms), sorted(waited_ms)
    latency = summarise(np.zeros(len(seen)), seen, 200_000)
    for share, told in ((0.5, latency.p50_ms), (0.99, latency.p99_ms), (0.999, latency.p99_9_ms)):
        exact = ordered[max(0, int(np.ceil(share * len(ordered) - 1e-9)) - 1)]
        assert told == pytest.approx(exact, rel=0.002, abs=0.11)
    assert latency.p50_ms <= latency.p99_ms <= latency.p99_9_ms <= latency.max_ms


@pytest.mark.embedded
@pytest.mark.timeout(240)
def test_a_load_through_real_workers_comes_out_whole(embedded_broker: str, tmp_path: Path) -> None:
    said: list[str] = []
    bench = Bench(Cluster(embedded_broker, "given"), tmp_path, quick=True, rounds=1, mentions=2_000, say=said.append)
    report = measure_rates(bench, (200.0,), 3.0)
    (point,) = report.points
    assert (point.mentions, point.classified.unseen, point.window.unseen) == (600, 0, 0)
    assert 0 < point.classified.p50_ms <= point.classified.p99_ms <= point.classified.max_ms
    assert point.classified.p50_ms < point.window.p50_ms
    assert point.sent_per_second == pytest.approx(200, rel=0.5)
    assert point.cpu_us_per_mention > 0
    assert said == ["latency: 200 a second for 3 s"]
