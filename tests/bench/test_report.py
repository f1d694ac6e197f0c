"""The report, put together from invented measurements: medians, ratios, what failed, and how it is printed."""

import io

import msgspec

from streams.bench.costs import memory_of, run_cost
from streams.bench.raw_copy import Copying
from streams.bench.report import Json, best_peer, errors_of, series, throughput, with_ratios
from streams.bench.report_table import show_report
from streams.bench.throughput import Cost, Run, stage_seconds

MACHINE: Json = {
    "cpu": "abacus",
    "cores": 2,
    "memory_bytes": 4 << 30,
    "system": "Linux",
    "python": "3.11",
    "versions": {"numpy": "2"},
    "broker": "Apache Kafka 4.1.0",
    "java": "openjdk 17",
    "model": "m1",
    "load_average": 0.5,
    "at": "2026-01-31",
    "filled": {"mentions": 1_000_000, "bytes_mean": 327.4, "event_rate_per_second": 3.9},
    "lateness_ms": 300_000,
    "raw_partitions": 8,
    "care_partitions": 4,
    "rounds": 3,
    "calibration_us": 100.0,
}


SEEN = {"p50_ms": 120.5, "p99_ms": 300.25, "p99_9_ms": 410.0, "max_ms": 500.0, "unseen": 0}
POINT = {"rate": 1_000.0, "sent_per_second": 998.0, "backlog": 70, "cpu_us_per_mention": 55.5} | {
    "classified": SEEN,
    "window": SEEN | {"p99_ms": 2_300.0},
}


def run(classify_us: float, peak: int = 100) -> Run:
    cost = Cost(classify_us, peak, {"main": classify_us - 1, "librdkafka": 1.0})
    return Run(1_000.0, 2.0, {"classify-0": cost}, {"classify-0": {"judge": classify_us / 2}})


def report() -> Json:
    return with_ratios(
        {
            "raw_copy": {"median": 150_000.0, "runs": [140_000.0, 150_000.0, 151_000.0], "processes": 2},
            "classify": {"median": 90_000.0, "runs": [90_000.0, 80_000.0, 95_000.0], "processes": 1},
            "end_to_end": {"error": "care-0 ended with code 1: out of luck"},
            "peers": {"slow": {"median": 900, "runs": [900]}, "quick": {"median": 9_000, "runs": [9_000]}},
            "latency": {"points": [POINT], "lateness_ms": 2_000},
            "spike": {"missed": 0, "drain_seconds": 12.5, "samples": []},
            "memory": {"rss_peak_bytes": {"classify": 300 << 20}},
            "cpu": {"end_to_end": {}},
            "machine": MACHINE,
        }
    )


def test_a_series_has_its_median_and_every_round() -> None:
    assert msgspec.to_builtins(series([3.2, 1.0, 2.4])) == {"median": 2.0, "runs": [3.0, 1.0, 2.0]}


def test_the_number_of_processes_with_the_best_median_speaks_for_a_part() -> None:
    found = throughput({1: [10.0, 30.0, 20.0], 2: [25.0, 21.0, 22.0]}, "somehow")
    assert (found.processes, found.median, found.runs) == (2, 22.0, [25.0, 21.0, 22.0])
    assert found.by_processes["1"].median == 20.0


def test_ratios_are_of_medians_and_only_of_what_was_measured() -> None:
    found = report()
    assert found["classify"]["ratio"] == 0.6
    assert "ratio" not in found["end_to_end"]
    assert found["peers"]["quick"]["ratio"] == 0.06
    alone = with_ratios({"classify": {"median": 5.0, "runs": [5.0]}})
    assert "ratio" not in alone["classify"]


def test_the_best_peer_is_the_fastest_that_was_measured() -> None:
    assert best_peer(report()) == ("quick", 9_000.0)
    assert best_peer({"peers": {"broken": {"error": "no"}}}) == ("", 0.0)
    assert best_peer({}) == ("", 0.0)


def test_every_failure_of_a_part_or_a_peer_is_a_line() -> None:
    broken = report() | {"peers": {"quix": {"error": "not installed"}, "quick": {"median": 1, "runs": [1]}}}
    assert errors_of(broken) == ["end_to_end: care-0 ended with code 1: out of luck", "peers, quix: not installed"]


def test_costs_are_medians_by_process_thread_and_stage_and_memory_is_the_worst() -> None:
    runs = [run(10.0, 100), run(14.0, 300), run(11.0, 200)]
    assert run_cost(runs) == {
        "us_per_mention": {"classify-0": 11.0},
        "threads": {"classify-0": {"main": 10.0, "librdkafka": 1.0}},
        "stages": {"classify-0": {"judge": 5.5}},
    }
    copies = [Copying(10, 1.0, [0.1], [50]), Copying(10, 1.0, [0.1, 0.1], [60, 40])]
    assert memory_of(copies, runs) == {"rss_peak_bytes": {"raw copier": 60, "classify": 300}}
    assert run_cost([]) == {}


def test_stages_are_read_from_the_sums_of_a_workers_histograms() -> None:
    metrics = {
        ("unheard_stage_duration_seconds_sum", 'stage="judge"'): 1.5,
        ("unheard_stage_duration_seconds_count", 'stage="judge"'): 9.0,
        ("unheard_lag_records", 'partition="0"'): 4.0,
    }
    assert stage_seconds(metrics) == {"judge": 1.5}


def test_the_printed_report_says_what_was_measured_how_it_compares_and_what_failed() -> None:
    stream = io.StringIO()
    show_report(report(), stream)
    printed = stream.getvalue()
    for said in (
        "140,000 .. 151,000",
        "0.600",
        "quick (best peer)",
        "300",
        "missed 0",
        "2,300",
        "L 300 s",
        "3.90 a second",
        "Apache Kafka 4.1.0",
        "end_to_end: care-0 ended with code 1: out of luck",
    ):
        assert said in printed
