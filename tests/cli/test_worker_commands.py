"""Goal: broker, topics, classify and tail do from the command line what they say. Method: real processes on an embedded
broker."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.cli import run_command
from streams.runtime import processes
from streams.runtime.kafka import producer_config
from streams.runtime.topics_admin import create_topics
from streams.stages.topics import RAW, topic_name
from tests.conftest import SettingsFor
from tests.raw import as_bytes, mention
from tests.waiting import await_that

pytestmark = pytest.mark.embedded


Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Sets variables of the environment for the commands that this process runs."""

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def test_the_embedded_broker_goes_up_and_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--dir", str(tmp_path)]
    assert run_command(["broker", "status", *options]) == 1
    assert capsys.readouterr().err == f"unheard: no embedded broker runs from {tmp_path}\n"
    assert run_command(["broker", "up", *options]) == 0
    address = capsys.readouterr().out.strip()
    assert run_command(["broker", "status", "--json", *options]) == 0
    state = json.loads(capsys.readouterr().out)
    assert state["bootstrap"] == address
    assert run_command(["broker", "down", *options]) == 0
    assert not processes.runs(state["pid"])


def test_topics_are_created_and_described(
    embedded_broker: str, topic_prefix: str, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    environment(UNHEARD_BOOTSTRAP_SERVERS=embedded_broker, UNHEARD_TOPICS__PREFIX=topic_prefix)
    assert run_command(["topics", "create"]) == 0
    assert f"{topic_prefix}mentions.raw.v1" in capsys.readouterr().out
    assert run_command(["topics", "describe", "--json"]) == 0
    described = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(topic["found"] == topic["partitions"] > 0 for topic in described)
    environment(UNHEARD_TOPICS__RAW_PARTITIONS="5")
    assert run_command(["topics", "create"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unknown_topic_is_a_usage_error(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    environment(UNHEARD_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert run_command(["tail", "nothing"]) == 2
    assert capsys.readouterr().err.startswith("unheard: no topic is called nothing; there are ")


def test_classify_judges_until_it_is_told_to_stop(
    embedded_broker: str, settings_for: SettingsFor, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(embedded_broker)
    create_topics(settings)
    producer = Producer(producer_config(settings))
    producer.produce(topic_name(RAW, settings), as_bytes(mention(text="my bag is lost, please help")), partition=0)
    producer.flush(10)
    port = processes.free_port()
    environment(
        UNHEARD_BOOTSTRAP_SERVERS=embedded_broker,
        UNHEARD_TOPICS__PREFIX=settings.topics.prefix,
        UNHEARD_TOPICS__RAW_PARTITIONS="2",
        UNHEARD_TOPICS__CARE_PARTITIONS="3",
        UNHEARD_CLASSIFY__GROUP=settings.classify.group,
        UNHEARD_METRICS__CLASSIFY_PORT=str(port),
    )
    worker = subprocess.Popen([sys.executable, "-c", "from streams.cli import main; main()", "classify"])
    try:
        await_that(lambda: 'unheard_records_in_total{topic="mentions.raw.v1"} 1.0' in scrape(port), seconds=90)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
        assert time.monotonic() - began < 10
    finally:
        worker.kill()
    assert run_command(["tail", "classified", "--json"]) == 0
    (record,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert record["value"]["verdict"]["model"].startswith("shallow")


def scrape(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
