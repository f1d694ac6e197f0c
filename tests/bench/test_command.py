"""The command line of ``scripts/bench``, and small real runs of it: on the embedded broker the main parts whole, on
Apache Kafka the raw copy."""

import json
from pathlib import Path

import pytest

from streams.bench.__main__ import main, parser
from streams.bench.cluster import bench_settings, cluster, drop_topics, make_topics
from streams.bench.command import parts_of
from streams.bench.guard import BASELINE
from streams.bench.load import fill, make_source
from streams.bench.raw_copy import raw_copy
from streams.bench.report import PARTS
from streams.bench.usage import usage
from streams.runtime import processes
from streams.runtime.kafka import partition_counts


def test_without_a_subcommand_everything_is_measured_on_apache_kafka() -> None:
    options = parser().parse_args([])
    assert (options.bench, options.broker, options.only, options.quick, options.guard) == (
        None,
        "kafka",
        (),
        False,
        None,
    )


def test_parts_are_named_by_commas() -> None:
    assert parser().parse_args(["--only", "raw_copy, classify"]).only == ("raw_copy", "classify")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], PARTS),
        (["--quick"], PARTS[:-1]),
        (["--quick", "--only", "scale"], ("scale",)),
        (["--guard"], ("raw_copy", "classify", "end_to_end", "peers")),
        (["--guard", "--only", "raw_copy"], ("raw_copy",)),
    ],
)
def test_what_is_measured_follows_from_the_options(arguments: list[str], parts: tuple[str, ...]) -> None:
    assert parts_of(parser().parse_args(arguments)) == parts


def test_the_guard_compares_with_the_repositorys_baseline_unless_a_file_is_named() -> None:
    assert parser().parse_args(["--guard"]).guard == BASELINE
    assert parser().parse_args(["--guard", "mine.json"]).guard == Path("mine.json")


@pytest.mark.parametrize("broker", ["kafka", "embedded", "127.0.0.1:9092", "one:9092,two:9092"])
def test_a_broker_is_one_that_we_start_or_an_address(broker: str) -> None:
    assert parser().parse_args(["--broker", broker]).broker == broker


@pytest.mark.parametrize(
    "arguments",
    [
        ["--span", "0"],
        ["--span", "nan"],
        ["--only", "speed"],
        ["--only", ","],
        ["--broker", "nonsense"],
        ["--rounds", "0"],
        ["--mentions", "-5"],
        ["--mentions", "1e6"],
    ],
)
def test_nonsense_is_refused_with_code_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_the_judge_keeps_its_own_command() -> None:
    options = parser().parse_args(["judge", "--quick"])
    assert (options.bench, options.quick, options.rounds) == ("judge", True, 3)


@pytest.mark.embedded
def test_a_small_run_ends_with_one_json_object_and_stores_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = tmp_path / "stored.json"
    options = ["--broker", "embedded", "--mentions", "2000", "--rounds", "1", "--span", "1.5"]
    assert main([*options, "--only", "raw_copy", "--json", "--store", str(stored)]) == 0
    printed = capsys.readouterr().out
    report = json.loads(printed.splitlines()[-1])
    assert report == json.loads(stored.read_text())
    assert set(report) == {"raw_copy", "memory", "cpu", "machine"}
    assert len(report["raw_copy"]["runs"]) == 1
    assert report["cpu"]["raw_copy"]["us_per_mention"]["raw copier"] > 0
    assert report["machine"]["broker"].startswith("noida-db")
    assert report["machine"]["filled"]["mentions"] >= 2000
    assert report["machine"]["filled"]["event_seconds"] == pytest.approx(5400, rel=0.1)
    assert "raw copy" in printed


@pytest.mark.embedded
def test_a_guard_without_a_baseline_says_so_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--guard", str(tmp_path / "missing.json"), "--broker", "embedded"]) == 2
    assert "cannot read the baseline" in capsys.readouterr().err


def test_the_raw_copy_brings_every_record_over_with_one_process_and_with_two(broker: str, tmp_path: Path) -> None:
    with cluster(broker, tmp_path) as running:
        settings = bench_settings(running, prefix=f"bench-{tmp_path.name}.", raw_partitions=4)
        make_topics(settings)
        filled = fill(settings, make_source(tmp_path, 2_000), 4_500, tmp_path)
        assert 4_500 <= filled.mentions < filled.lines < filled.records
        assert 100 < filled.bytes_mean < 1_000
        assert filled.event_rate_per_second == pytest.approx(filled.mentions / filled.event_seconds, rel=0.05)
        for copiers in (1, 2):
            copied = raw_copy(settings, copiers)
            assert copied.records == filled.records
            assert len(copied.cpu_seconds) == copiers
            assert 0 < copied.seconds < 60
        drop_topics(settings)
        left = partition_counts(settings)
        assert not [name for name in left if name.startswith(settings.topics.prefix)]


@pytest.mark.kafka
@pytest.mark.usefixtures("kafka_broker")  # which skips where there is no JVM
def test_apache_kafka_is_started_for_a_run_and_ended_with_it(tmp_path: Path) -> None:
    with cluster("kafka", tmp_path) as running:
        assert running.version.startswith("Apache Kafka 4")
        assert running.broker_pid is not None
        assert usage(running.broker_pid).rss_peak_bytes > 0
    assert not processes.runs(running.broker_pid)
