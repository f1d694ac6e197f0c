"""Goal: the streamed account is the batch account, however the work is cut, and a crash changes nothing. Method: real
worker processes on real brokers; an independent client reads the raw topic, an independent oracle computes from it."""

from pathlib import Path

import msgspec
import pytest

from models.records import Rate
from streams.runtime.demo import DemoPlan
from streams.stages.rows import WindowRow
from tests.flow.flow import (
    Finished,
    Killing,
    finish_flow,
    flow_settings,
    minute_of,
    oracle_differences,
    sample_file,
    with_a_second_feed,
    with_repeats,
    without_numbers,
)

SHARED = Path(__file__).parents[3] / "shared" / "data" / "twcs_sample.csv"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data/twcs_sample.csv")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_file(tmp_path_factory.mktemp("sample"), 2_000)


@pytest.fixture(scope="session")
def undisturbed(sample: Path, embedded_broker: str) -> Finished:
    """One plain run of the sample, which others are compared with."""
    return finish_flow(DemoPlan(make_file=lambda _: sample, learn_brands=False), flow_settings(embedded_broker))


@pytest.mark.embedded
def test_the_account_of_the_sample_is_the_oracles(undisturbed: Finished) -> None:
    assert undisturbed.exports.cases
    assert oracle_differences(undisturbed) == []


# The embedded broker can keep a second care worker waiting for minutes when it joins, so two of them meet on Kafka.
CUTS = [
    pytest.param("embedded_broker", 1, 1, 1, 1, 1, marks=pytest.mark.embedded),
    pytest.param("embedded_broker", 4, 2, 2, 1, 5000, marks=pytest.mark.embedded),
    pytest.param("kafka_broker", 2, 3, 2, 2, 7, marks=pytest.mark.kafka),
    pytest.param("kafka_broker", 4, 4, 1, 2, 7, marks=pytest.mark.kafka),
]


@pytest.mark.parametrize(
    ("broker_fixture", "raw_partitions", "care_partitions", "classify_workers", "care_workers", "batch_records"), CUTS
)
def test_partitions_workers_and_batches_change_no_byte(
    request: pytest.FixtureRequest,
    undisturbed: Finished,
    sample: Path,
    broker_fixture: str,
    raw_partitions: int,
    care_partitions: int,
    classify_workers: int,
    care_workers: int,
    batch_records: int,
) -> None:
    settings = flow_settings(
        request.getfixturevalue(broker_fixture),
        topics__raw_partitions=raw_partitions,
        topics__care_partitions=care_partitions,
        classify__batch_records=batch_records,
        classify__batch_wait_ms=5,
    )
    plan = DemoPlan(
        make_file=lambda _: sample, learn_brands=False, classify_workers=classify_workers, care_workers=care_workers
    )
    run = finish_flow(plan, settings)
    assert run.lines() == undisturbed.lines()
    assert oracle_differences(run) == []


@pytest.mark.embedded
def test_a_source_that_was_shuffled_before_stamping_gives_the_oracles_account(
    sample: Path, embedded_broker: str
) -> None:
    plan = DemoPlan(make_file=lambda _: sample, learn_brands=False, shuffle_ms=250_000)
    assert oracle_differences(finish_flow(plan, flow_settings(embedded_broker))) == []


@pytest.mark.embedded
def test_the_order_within_the_allowed_lateness_changes_no_byte(
    sample: Path, embedded_broker: str, tmp_path: Path
) -> None:
    plain = without_numbers(sample, tmp_path)
    runs = [
        finish_flow(
            DemoPlan(make_file=lambda _: plain, learn_brands=False, shuffle_ms=by_ms), flow_settings(embedded_broker)
        )
        for by_ms in (0, 299_000)
    ]
    assert not any(row.late for row in runs[0].exports.classified)
    for name in ("cases.jsonl", "windows.jsonl", "gaps.jsonl"):
        assert runs[1].lines()[name] == runs[0].lines()[name]


@pytest.mark.embedded
def test_lines_that_are_delivered_twice_change_no_byte(
    undisturbed: Finished, sample: Path, embedded_broker: str, tmp_path: Path
) -> None:
    plan = DemoPlan(make_file=lambda _: with_repeats(sample, tmp_path), learn_brands=False)
    once, twice = undisturbed.lines(), finish_flow(plan, flow_settings(embedded_broker)).lines()
    del once["dlq.jsonl"], twice["dlq.jsonl"]  # rejects name their place in the file
    assert twice == once


@pytest.mark.embedded
def test_a_second_identical_feed_adds_duplicates_and_changes_nothing_else(
    undisturbed: Finished, sample: Path, embedded_broker: str, tmp_path: Path
) -> None:
    plan = DemoPlan(make_file=lambda _: with_a_second_feed(sample, tmp_path), learn_brands=False)
    run = finish_flow(plan, flow_settings(embedded_broker))
    assert oracle_differences(run) == []
    once, twice = undisturbed.exports, run.exports
    assert twice.cases == once.cases
    assert list(twice.classified) == list(once.classified)
    assert [without_copies(row) for row in twice.windows] == [without_copies(row) for row in once.windows]
    feeds = {feed.feed: feed for feed in twice.meta.feeds}
    assert feeds["z"].duplicates == feeds["a"].received + feeds["a"].duplicates
    assert feeds["z"].received == 0


def without_copies(row: WindowRow) -> WindowRow:
    """What a second identical feed may not change: it brings copies, and misses again what the first one missed."""
    nothing = Rate(numerator=row.coverage.numerator, denominator=0, pending=0, value=None)
    return msgspec.structs.replace(row, duplicates=0, missed_exact=0, missed_upstream=0, coverage=nothing)


@pytest.fixture(scope="session")
def at_once(tmp_path_factory: pytest.TempPathFactory, embedded_broker: str) -> tuple[Path, Finished]:
    """A minute of the sample, and its account when replayed as fast as possible."""
    directory = tmp_path_factory.mktemp("minute")
    minute = minute_of(sample_file(directory, 200_000), directory)
    return minute, finish_flow(DemoPlan(make_file=lambda _: minute, learn_brands=False), flow_settings(embedded_broker))


@pytest.mark.embedded
@pytest.mark.parametrize("speed", [pytest.param(1, marks=pytest.mark.long), 20, 100])
def test_the_speed_changes_no_byte(at_once: tuple[Path, Finished], embedded_broker: str, speed: float) -> None:
    minute, fast = at_once
    plan = DemoPlan(make_file=lambda _: minute, learn_brands=False, speed=speed)
    run = finish_flow(plan, flow_settings(embedded_broker))
    assert run.exports.cases
    assert run.lines() == fast.lines()


@pytest.mark.kafka
def test_kill_9_of_a_worker_of_each_kind_changes_no_byte(
    undisturbed: Finished, sample: Path, kafka_broker: str
) -> None:
    killing = Killing()
    # Small batches and a snapshot after each fourth block: recovery begins at a snapshot.
    settings = flow_settings(kafka_broker, classify__batch_records=50, care__snapshot_blocks=4)
    plan = DemoPlan(make_file=lambda _: sample, learn_brands=False, speed=20_000, restart=True)
    run = finish_flow(plan, settings, killing)
    assert killing.killed == ["classify-0", "care-0"]
    assert run.lines() == undisturbed.lines()


@needs_data
@pytest.mark.data
@pytest.mark.kafka
def test_real_threads_give_the_same_bytes_on_both_brokers_and_the_oracles_account(
    embedded_broker: str, kafka_broker: str
) -> None:
    plan = DemoPlan(make_file=lambda _: SHARED, learn_brands=True)
    embedded = finish_flow(plan, flow_settings(embedded_broker, brands=[]))
    kafka = finish_flow(plan, flow_settings(kafka_broker, brands=[]))
    assert embedded.lines() == kafka.lines()
    assert oracle_differences(embedded) == []
    assert oracle_differences(kafka) == []
