"""The guard against regressions, on invented reports."""

from pathlib import Path

import msgspec
import pytest

from config.errors import UsageError
from streams.bench.guard import BASELINE, Ratio, load_of, ratios_of, read_baseline, store, worse
from streams.bench.report import Json


def report(classify: float = 90_000.0, classify_us: float = 12.0, broker: str = "Apache Kafka 4.1.0") -> Json:
    return {
        "raw_copy": {"median": 150_000.0},
        "classify": {"median": classify},
        "end_to_end": {"median": 75_000.0},
        "peers": {"batches": {"median": 30_000.0}, "broken": {"error": "no"}},
        "cpu": {
            "classify": {"us_per_mention": {"classify-0": classify_us, "broker": 3.0}},
            "end_to_end": {"us_per_mention": {"classify-0": classify_us, "care-0": 6.0}},
        },
        "machine": {"broker": broker, "calibration_us": 100.0},
    }


def test_ratios_compare_with_the_raw_copy_the_best_peer_and_the_calibration_loop() -> None:
    assert ratios_of(report()) == {
        "classify / raw copy": Ratio(0.6, higher=True),
        "end to end / raw copy": Ratio(0.5, higher=True),
        "classify / best peer": Ratio(3.0, higher=True),
        "processor time of classify / calibration loop": Ratio(0.12, higher=False),
        "processor time of care / calibration loop": Ratio(0.06, higher=False),
    }


def test_what_was_not_measured_has_no_ratio() -> None:
    assert ratios_of({"raw_copy": {"median": 10.0}, "classify": {"error": "no"}, "machine": {}}) == {}


def test_a_loss_within_the_limit_passes_in_both_directions() -> None:
    before = {"rate": Ratio(1.0, higher=True), "cost": Ratio(1.0, higher=False)}
    now = {"rate": Ratio(0.86, higher=True), "cost": Ratio(1.14, higher=False)}
    assert worse(now, before) == []
    assert worse({"rate": Ratio(9.0, higher=True), "cost": Ratio(0.1, higher=False)}, before) == []


def test_each_ratio_that_is_worse_gets_one_line() -> None:
    before, now = ratios_of(report()), ratios_of(report(classify=60_000.0, classify_us=15.0))
    assert worse(now, before) == [
        "classify / raw copy: 0.4, was 0.6: 33% worse, allowed are 15%",
        "classify / best peer: 2, was 3: 33% worse, allowed are 15%",
        "processor time of classify / calibration loop: 0.15, was 0.12: 25% worse, allowed are 15%",
    ]


def test_a_ratio_that_is_not_measured_any_more_is_a_failure() -> None:
    assert worse({}, {"rate": Ratio(0.5, higher=True)}) == ["rate: was 0.5 and was not measured now"]


def test_a_stored_report_is_a_baseline(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    store(report(), file)
    assert read_baseline(file, "Apache Kafka 4.2.0") == ratios_of(report())
    assert file.read_text().count("\n") > 10  # for people too


@pytest.mark.parametrize("content", [None, "nonsense", "[]", "{}"])
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "baseline.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=r"baseline\.json"):
        read_baseline(file, "Apache Kafka 4.1.0")


def test_a_baseline_of_another_broker_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    store(report(broker="noida-db 0.2.3"), file)
    with pytest.raises(UsageError, match="measured on noida-db"):
        read_baseline(file, "Apache Kafka 4.1.0")


def test_the_stored_baseline_has_every_ratio_and_says_what_it_was_measured_on() -> None:
    stored = msgspec.json.decode(BASELINE.read_bytes(), type=dict)
    assert set(ratios_of(stored)) == set(ratios_of(report()))
    assert stored["machine"]["broker"].startswith("Apache Kafka")


def test_the_load_of_a_baseline_is_measured_again(tmp_path: Path) -> None:
    stored = report()
    stored["machine"]["asked"] = {"mentions": 500, "span_hours": 0.5}
    store(stored, tmp_path / "baseline.json")
    assert load_of(tmp_path / "baseline.json") == {"mentions": 500, "span_hours": 0.5}
