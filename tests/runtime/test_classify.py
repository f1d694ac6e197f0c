"""Goal: every raw record is exactly once in classified per brand or once in the DLQ, and packed records tell care and
capture all of it, whatever happens to the worker. Method: a firehose of every kind of line on real brokers, checked
under read_committed by the second client."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from config.errors import UnheardError
from config.settings import Settings
from models.judge import Judge
from streams.runtime import processes
from streams.runtime.classify import ClassifyWorker, Stopping, unique_transactional_id
from streams.runtime.kafka import client_config
from streams.runtime.metrics import Telemetry
from streams.runtime.tail import read_committed, tail_records
from streams.runtime.topics_admin import create_topics
from streams.stages.topics import CLASSIFIED, topic_name
from streams.stages.verdicts import Judging
from tests.conftest import SettingsFor
from tests.fakes import WordJudge
from tests.raw import BRANDS, NOON_MS
from tests.runtime.account import check_account, committed, raw_ends
from tests.runtime.firehose import Line, firehose, produce
from tests.waiting import await_that

LINES = list(firehose(2_000))


@pytest.fixture
def settings(broker: str, settings_for: SettingsFor) -> Settings:
    made = settings_for(broker, brands=BRANDS, classify__batch_records=300)
    create_topics(made)
    return made


@contextmanager
def worker(
    settings: Settings, judge: Judging | None = None, telemetry: Telemetry | None = None
) -> Iterator[ClassifyWorker]:
    stopping = Stopping()
    made = ClassifyWorker(
        settings,
        judge or WordJudge(),
        telemetry or Telemetry(),
        unique_transactional_id(settings, "worker"),
        stopping,
        lambda: NOON_MS,
    )
    try:
        yield made
    finally:
        stopping.request()
        made.run()  # leaves the group


def work(settings: Settings, made: ClassifyWorker) -> None:
    """Step until everything is committed."""
    ends = raw_ends(settings)

    def step() -> bool:
        made.step()
        return made.positions() == ends

    await_that(step, seconds=60)


def test_every_record_has_exactly_one_fate(settings: Settings) -> None:
    produce(settings, LINES)
    telemetry = Telemetry()
    with worker(settings, telemetry=telemetry) as made:
        work(settings, made)
    check_account(settings, LINES)
    figures = telemetry.render().decode()
    assert 'unheard_records_in_total{topic="mentions.raw.v1"} 2004.0' in figures
    assert 'unheard_rejects_total{reason="not_csv"} 167.0' in figures


def test_a_successor_goes_on_where_the_worker_stopped(settings: Settings) -> None:
    produce(settings, LINES[:1_000])
    with worker(settings) as first:
        work(settings, first)
    produce(settings, LINES[1_000:])
    with worker(settings) as second:
        work(settings, second)
    check_account(settings, LINES)


def test_the_shipped_model_judges_a_firehose(settings: Settings) -> None:
    produce(settings, LINES[:200])
    with worker(settings, Judge.load()) as made:
        work(settings, made)
    assert len(list(read_committed(settings, topic_name(CLASSIFIED, settings)))) == sum(
        len(line.keys) for line in LINES[:200]
    )


def test_mostly_broken_input_stops_the_worker_before_it_is_committed(broker: str, settings_for: SettingsFor) -> None:
    settings = settings_for(broker, brands=BRANDS, classify__dlq_share_limit=0.5)
    create_topics(settings)
    produce(settings, [Line("{") for _ in range(1_500)])
    with worker(settings) as made, pytest.raises(UnheardError, match="dlq_share_limit"):
        work(settings, made)
    assert sum(committed(settings).values()) < 1_000


def test_tail_shows_packed_records_unpacked(settings: Settings) -> None:
    produce(settings, LINES[:50])
    with worker(settings) as made:
        work(settings, made)
    shown = list(tail_records(settings, "care.events", follow=False, limit=2, pretty=False))
    assert len(shown) == 2
    assert '"PRIMARY_MENTION"' in "".join(shown)


@pytest.mark.embedded
def test_a_missing_topic_or_another_partition_count_is_one_clear_line(
    embedded_broker: str, settings_for: SettingsFor
) -> None:
    settings = settings_for(embedded_broker)
    with pytest.raises(UnheardError, match="there is no topic"), worker(settings):
        pass
    create_topics(settings)
    other = settings_for(embedded_broker, topics__raw_partitions=3)
    with pytest.raises(UnheardError, match="has 2 partitions, the configuration says 3"), worker(other):
        pass


# ---------------------------------------------------------------- as processes

BRANDS_TOML = """
[[brands]]
name = "Acme"
handles = ["AcmeCare", "acme"]
bot_handles = ["AcmeBot"]
[[brands]]
name = "Bolt"
handles = ["bolt"]
"""


@pytest.fixture
def kafka_settings(kafka_broker: str, settings_for: SettingsFor) -> Settings:
    made = settings_for(kafka_broker, brands=BRANDS, classify__batch_records=40, classify__session_timeout_ms=3_000)
    create_topics(made)
    return made


def start(settings: Settings, folder: Path, replica: str) -> "subprocess.Popen[bytes]":
    """``unheard classify`` with these settings, judging by words."""
    script = Path(__file__).with_name("word_worker.py")
    tree = folder / f"{replica}.json"
    tree.write_text(settings.model_dump_json())
    return subprocess.Popen(
        [sys.executable, script, tree, replica], stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )


@pytest.mark.kafka
def test_a_worker_killed_in_the_middle_loses_and_repeats_nothing(kafka_settings: Settings, tmp_path: Path) -> None:
    produce(kafka_settings, LINES)
    first = start(kafka_settings, tmp_path, "one")
    await_that(lambda: sum(committed(kafka_settings).values()) > 200, seconds=60)
    first.kill()
    first.wait()
    assert sum(committed(kafka_settings).values()) < len(LINES), "it was killed in the middle"
    second = start(kafka_settings, tmp_path, "one")
    ends = raw_ends(kafka_settings)
    await_that(lambda: committed(kafka_settings) == ends, seconds=60)
    stop(second)
    check_account(kafka_settings, LINES)


@pytest.mark.kafka
def test_partitions_that_move_while_a_batch_is_committed_lose_and_repeat_nothing(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    produce(kafka_settings, LINES[:100])
    first = start(kafka_settings, tmp_path, "one")
    await_that(lambda: sum(committed(kafka_settings).values()) > 0, seconds=60)
    second = start(kafka_settings, tmp_path, "two")
    sent = 100

    def both_work() -> bool:
        """While the first one writes, a partition moves to the second."""
        nonlocal sent
        produce(kafka_settings, LINES[sent : sent + 10])
        sent += len(LINES[sent : sent + 10])
        return working(kafka_settings) == 2

    await_that(both_work, seconds=60)
    produce(kafka_settings, LINES[sent:])
    ends = raw_ends(kafka_settings)
    await_that(lambda: committed(kafka_settings) == ends, seconds=60)
    stop(first)
    stop(second)
    check_account(kafka_settings, LINES)


def working(settings: Settings) -> int:
    """Members of the group that have a partition."""
    group = settings.classify.group
    client = AdminClient(client_config(settings))
    members = client.describe_consumer_groups([group])[group].result().members
    return sum(bool(member.assignment.topic_partitions) for member in members)


def take_over(
    settings: Settings, directory: Path, paused: str, heir: str, *, committed_above: int
) -> "tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]":
    """One worker begins, is paused until another has done the rest, and wakes up; both."""
    produce(settings, LINES)
    first = start(settings, directory, paused)
    await_that(lambda: sum(committed(settings).values()) > committed_above, seconds=60)
    os.kill(first.pid, signal.SIGSTOP)
    second = start(settings, directory, heir)
    ends = raw_ends(settings)
    await_that(lambda: committed(settings) == ends, seconds=60)
    os.kill(first.pid, signal.SIGCONT)
    return first, second


@pytest.mark.kafka
def test_a_batch_in_flight_of_a_worker_that_lost_its_partitions_is_written_by_their_next_owner_alone(
    kafka_settings: Settings, tmp_path: Path
) -> None:
    first, second = take_over(kafka_settings, tmp_path, "one", "two", committed_above=100)
    stop(second)
    first.send_signal(signal.SIGTERM)
    assert first.wait(15) in (0, 1), "it forgets its batch, or leaves because the broker has aborted it"
    check_account(kafka_settings, LINES)


def stop(worker: "subprocess.Popen[bytes]") -> None:
    """Ask it to stop; it does so cleanly and in time."""
    worker.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert worker.wait(15) == 0
    assert time.monotonic() - began < 10


@pytest.mark.kafka
def test_a_fenced_worker_exits_with_one_clear_line(kafka_settings: Settings, tmp_path: Path) -> None:
    first, second = take_over(kafka_settings, tmp_path, "same", "same", committed_above=0)

    def ended() -> bool:
        """It notices as soon as it has a batch to write, which may wait until the group has given it a partition."""
        produce(kafka_settings, [LINES[0], LINES[10]])
        return first.poll() is not None

    try:
        await_that(ended, seconds=60)
        assert first.returncode == 1
        said = (first.stderr.read() if first.stderr else b"").decode()
        assert "another worker has taken this one's place" in said
    finally:
        processes.stop(second.pid)
        processes.stop(first.pid)
