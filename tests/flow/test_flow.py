"""Goal: the streamed account is the batch account, however the work is cut, and a crash changes nothing. Method: real
worker processes on real brokers; an independent client reads the raw topic, an independent oracle computes from it."""

from pathlib import Path

import pytest

from streams.runtime.demo import DemoPlan
from tests.flow.flow import Finished, Killing, finish_flow, flow_settings, oracle_differences, sample_file

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
