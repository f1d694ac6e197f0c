"""Goal: the costs that ship are those of a report, and a report that lacks something is told, not guessed at."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.errors import UnheardError, UsageError
from streams.bench.cost_file import case_bytes, costs_of, main, write_costs
from streams.cli.plan import read_costs


def report() -> dict[str, Any]:
    return {
        "machine": {"at": "2026-01-02", "cpu": "abacus", "cores": 2, "broker": "Apache Kafka 4.1.0"},
        "cpu": {"end_to_end": {"us_per_mention": {"classify-0": 13.0, "care-0": 4.0, "broker": 3.0}}},
        "memory": {"rss_peak_bytes": {"classify": 300_000_000, "care": 350_000_000}},
        "latency": {"bytes_per_second": {"care.windows.v1": 2_000.0}},
        "scale": {
            "bytes_per_mention": {
                "mentions.raw.v1": 150.5,
                "mentions.dlq.v1": 0.01,
                "care.windows.v1": 99.0,
                "changelogs": 99.0,
            },
            "cases_per_mention": 0.125,
            "open_cases": {
                "10": {"open_cases": 10_000, "peak_rss_mb": 200.0},
                "1000": {"open_cases": 1_010_000, "peak_rss_mb": 500.0},
            },
        },
    }


def test_costs_are_those_of_the_report_and_plan_reads_them(tmp_path: Path) -> None:
    stored, target = tmp_path / "report.json", tmp_path / "costs.json"
    stored.write_text(json.dumps(report()))
    main([str(stored), str(target)])
    costs = read_costs(target)
    assert (costs.classify_us, costs.care_us, costs.broker_us, costs.case_bytes) == (13, 4, 3, 300)
    assert costs.bytes_per_mention == {"mentions.raw.v1": 150.5}
    assert costs.bytes_per_second == {"care.windows.v1": 2_000.0}
    assert costs.measured_on == "2026-01-02, abacus, 2 cores, Apache Kafka 4.1.0"


@pytest.mark.parametrize("part", ["machine", "cpu", "memory", "latency", "scale"])
def test_a_report_that_lacks_a_part_is_refused(part: str) -> None:
    partial = report()
    del partial[part]
    with pytest.raises(UnheardError, match=part):
        costs_of(partial)


def test_a_part_that_failed_is_refused() -> None:
    with pytest.raises(UnheardError, match="bytes_per_mention"):
        costs_of(report() | {"scale": {"error": "it broke"}})


def test_a_case_weighs_what_the_process_grew_by_and_needs_two_points_for_that() -> None:
    assert case_bytes([{"open_cases": 1_000, "peak_rss_mb": 9.0}, {"open_cases": 0, "peak_rss_mb": 8.0}]) == 1_000
    with pytest.raises(UnheardError, match="two numbers"):
        case_bytes([{"open_cases": 5, "peak_rss_mb": 1.0}])


def test_what_is_no_report_is_one_clear_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[")
    with pytest.raises(UnheardError, match="is no report"):
        write_costs(broken, tmp_path / "costs.json")
    with pytest.raises(UnheardError, match="No such file"):
        write_costs(tmp_path / "nothing.json", tmp_path / "costs.json")
    with pytest.raises(UsageError, match="usage"):
        main([])
