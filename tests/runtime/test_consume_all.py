"""Reading a topic to its end must not stop short at a transaction that somebody left open."""

from concurrent.futures import ThreadPoolExecutor, wait

from confluent_kafka import Producer

from streams.runtime.kafka import consume_all, producer_config
from streams.runtime.topics_admin import create_topics
from streams.stages.topics import CLASSIFIED, topic_name
from tests.conftest import SettingsFor


def test_records_behind_an_open_transaction_are_waited_for(broker: str, settings_for: SettingsFor) -> None:
    settings = settings_for(broker)
    create_topics(settings)
    topic = topic_name(CLASSIFIED, settings)
    hanging = Producer(producer_config(settings) | {"transactional.id": f"{topic}-hanging"})
    hanging.init_transactions(15)
    hanging.begin_transaction()
    hanging.produce(topic, b"never committed", b"key", partition=0)
    assert hanging.flush(10) == 0
    other = Producer(producer_config(settings))
    other.produce(topic, b"behind it", b"key", partition=0)
    assert other.flush(10) == 0
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lambda: [message.value() for message in consume_all(settings, topic)])
        assert not wait([reading], timeout=1).done
        hanging.abort_transaction(15)
        assert reading.result(30) == [b"behind it"]


def test_an_empty_topic_is_read_at_once(broker: str, settings_for: SettingsFor) -> None:
    settings = settings_for(broker)
    create_topics(settings)
    assert list(consume_all(settings, topic_name(CLASSIFIED, settings), patience_seconds=5)) == []
