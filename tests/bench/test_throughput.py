"""A small real run of the whole flow on the embedded broker, with the shipped workers, and the squeezing of times."""

import json
import logging
from pathlib import Path

import pytest

from streams.bench.bench import Bench
from streams.bench.cluster import bench_settings, cluster, make_topics
from streams.bench.load import fill, make_source, squeeze
from streams.bench.throughput import run_end_to_end


@pytest.mark.embedded
def test_the_whole_flow_is_measured_until_every_window_is_final(tmp_path: Path) -> None:
    with cluster("embedded", tmp_path) as running:
        bench = Bench(running, tmp_path, True, 1, 2_000, logging.getLogger(__name__).info)
        settings = bench_settings(running, prefix="small.", raw_partitions=2, care_partitions=2)
        make_topics(settings)
        filled = fill(settings, make_source(tmp_path, 2_000, 0.5), 2_000, tmp_path)
        run = run_end_to_end(bench, settings, filled)
    assert run.mentions == filled.mentions >= 2_000
    assert run.seconds > 0
    assert run.windows is not None
    assert run.windows[0] > 0
    assert run.windows[1] == 0
    assert set(run.costs) == {"classify-0", "care-0", "broker"}
    assert all(cost.cpu_us_per_mention > 0 and cost.rss_peak_bytes > 10_000_000 for cost in run.costs.values())
    assert {"decode", "judge", "pack", "commit"} <= set(run.stages["classify-0"])
    assert {"fold", "outputs", "changelog"} <= set(run.stages["care-0"])


def test_squeezed_times_keep_their_order_and_nonsensical_ones_stay() -> None:
    start, hour = 1_740_960_000_000, 3_600_000
    times = [start, start + 10 * hour, start + 5 * hour, 7, start + 20 * hour]
    lines = b"".join(b'{"id":"%d","created_at_ms":%d}\n' % (number, time) for number, time in enumerate(times))
    squeezed = [json.loads(line)["created_at_ms"] for line in squeeze(lines, 2.0).splitlines()]
    assert squeezed == [start, start + hour, start + hour // 2, 7, start + 2 * hour]
