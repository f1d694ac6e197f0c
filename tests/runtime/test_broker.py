"""Goal: the embedded broker starts, is found again, keeps its data and leaves nothing running.
Method: real processes in directories of their own."""

import socket
from pathlib import Path

import pytest
from confluent_kafka import Producer

from config.errors import UnheardError
from streams.runtime import processes
from streams.runtime.broker import broker_state, embedded_broker, start_broker, stop_broker
from streams.runtime.kafka import consume_all, producer_config
from streams.runtime.topics_admin import create_topics
from streams.stages.topics import RAW, topic_name
from tests.conftest import SettingsFor

pytestmark = pytest.mark.embedded


def test_a_broker_is_found_again_and_gone_after_the_block(tmp_path: Path) -> None:
    with embedded_broker(tmp_path) as state:
        assert broker_state(tmp_path) == state == start_broker(tmp_path), "a second start finds the first"
        assert state.bootstrap.startswith("127.0.0.1:")
    assert broker_state(tmp_path) is None
    assert not processes.runs(state.pid)
    assert not stop_broker(tmp_path), "there is nothing to stop any more"


def test_records_survive_a_restart(tmp_path: Path, settings_for: SettingsFor) -> None:
    settings = settings_for(start_broker(tmp_path).bootstrap)
    try:
        create_topics(settings)
        producer = Producer(producer_config(settings))
        producer.produce(topic_name(RAW, settings), b"kept", partition=1)
        assert producer.flush(10) == 0
    finally:
        stop_broker(tmp_path)
    with embedded_broker(tmp_path) as state:
        settings = settings_for(state.bootstrap)
        assert [message.value() for message in consume_all(settings, topic_name(RAW, settings))] == [b"kept"]


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnheardError, match=f"^port {port} is in use$"):
            start_broker(tmp_path, port)
    assert broker_state(tmp_path) is None


@pytest.mark.parametrize("state", ["", "{", '{"pid":1}', '{"pid":999999999,"bootstrap":"x","directory":"y"}'])
def test_a_state_file_of_no_broker_is_no_broker(tmp_path: Path, state: str) -> None:
    (tmp_path / "broker.json").write_text(state)
    assert broker_state(tmp_path) is None
