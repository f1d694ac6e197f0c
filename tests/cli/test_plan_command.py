"""`plan` as a user calls it: for one rate, as a table, for machines, and with what is wrong."""

import json
from pathlib import Path

import pytest

from config.errors import UsageError
from streams.cli import run_command
from streams.cli.plan import COSTS_FILE, RATES, parse_span, read_costs
from streams.stages.topics import TOPICS


def test_one_rate_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", "--rate", "143199", "--retention", "7d"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("143,199 mentions a second")
    for word in ("cores", "workers", "partitions", "memory", "disk", "mentions.raw.v1", "kept for 7d in 1 copy"):
        assert word in text


def test_without_a_rate_there_is_a_table_of_usual_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", "--replication", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, rate in RATES:
        assert any(line.startswith(name) and f"{rate:,.0f}" in line for line in lines)
    assert len({len(line) for line in lines[: len(RATES) + 1]}) == 1, "columns stand below each other"
    assert "3 copies" in lines[-1]


def test_machines_get_one_object_for_each_rate(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["plan", "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [found["rate"] for found in objects] == [rate for _, rate in RATES]
    assert run_command(["plan", "--rate", "5700", "--json"]) == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found["workers"]["classify"] >= 1
    assert found["disk_total_bytes"] == sum(found["disk_bytes"].values())


def test_more_copies_take_more_disk(capsys: pytest.CaptureFixture[str]) -> None:
    totals = []
    for copies in ("1", "3"):
        assert run_command(["plan", "--rate", "100", "--replication", copies, "--json"]) == 0
        totals.append(json.loads(capsys.readouterr().out)["disk_total_bytes"])
    assert totals[1] == pytest.approx(3 * totals[0], rel=1e-6)


def test_costs_of_ones_own_machine_take_the_place_of_the_shipped_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "costs.json"
    costs = json.loads(COSTS_FILE.read_text()) | {"classify_us": 1_000_000.0, "measured_on": "an abacus"}
    file.write_text(json.dumps(costs))
    assert run_command(["plan", "--rate", "7", "--costs", str(file)]) == 0
    text = capsys.readouterr().out
    assert "classify 10, care 1" in text
    assert "an abacus" in text


def test_the_shipped_costs_are_of_topics_that_exist_and_above_nothing() -> None:
    costs = read_costs(COSTS_FILE)
    assert {*costs.bytes_per_mention, *costs.bytes_per_second} <= {spec.name for spec in TOPICS}
    assert min(costs.classify_us, costs.care_us, costs.broker_us, costs.case_bytes, costs.waiting_bytes) > 0
    assert costs.measured_on


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--rate", "0"], "--rate must be above 0"),
        (["--rate", "nan"], "--rate must be above 0"),
        (["--replication", "0"], "--replication must be at least 1"),
        (["--busy", "1.5"], "--busy must be above 0"),
        (["--retention", "7 days"], "--retention '7 days' is no time"),
        (["--rate", "many"], "--rate"),
    ],
)
def test_a_wrong_request_is_one_line_and_code_2(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["plan", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


@pytest.mark.parametrize("content", [None, "{}", "no JSON", '{"classify_us": 1, "wishes": 2}'])
def test_costs_that_cannot_be_read_are_one_line_and_code_1(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "costs.json"
    if content is not None:
        file.write_text(content)
    assert run_command(["plan", "--costs", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(file) in line


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5_400), ("36h", 129_600), ("7d", 604_800), ("2w", 1_209_600)])
def test_times_are_written_with_their_unit(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "7D", "\uff17d"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        parse_span(text)
