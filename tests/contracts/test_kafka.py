"""Goal: what Unheard relies on in a broker holds on the embedded one and on Apache Kafka alike.
Method: confluent-kafka writes and kafka-python, the second client, reads what is committed."""

import json
import time
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.kafka import consume_all, consumer_config, partition_counts, producer_config, topic_id
from streams.runtime.tail import read_committed
from streams.runtime.topics_admin import create_topics, read_topic_config, topic_config
from streams.stages.keys import murmur2_partition
from streams.stages.topics import CLASSIFIED, RAW, TOPICS, topic_name
from tests.conftest import SettingsFor
from tests.waiting import await_that


@pytest.fixture
def settings(broker: str, settings_for: SettingsFor) -> Settings:
    """Topics of this test on each broker in turn."""
    made = settings_for(broker)
    create_topics(made)
    return made


@pytest.fixture
def raw(settings: Settings) -> str:
    return topic_name(RAW, settings)


def transactional(settings: Settings, name: str = "one") -> Producer:
    producer = Producer(producer_config(settings) | {"transactional.id": settings.topics.prefix + name})
    producer.init_transactions(20)
    return producer


def committed_values(settings: Settings, topic: str) -> list[bytes]:
    return [record.value for record in read_committed(settings, topic)]


def test_idempotent_records_arrive_once_and_in_order(settings: Settings, raw: str) -> None:
    producer = Producer(producer_config(settings))
    sent = [str(number).encode() for number in range(500)]
    for value in sent:
        producer.produce(raw, value, partition=1)
    assert producer.flush(20) == 0
    assert committed_values(settings, raw) == sent


def test_a_committed_transaction_is_seen_whole(settings: Settings, raw: str) -> None:
    producer = transactional(settings)
    producer.begin_transaction()
    for number in range(10):
        producer.produce(raw, str(number), partition=number % 2)
    producer.commit_transaction(20)
    assert sorted(committed_values(settings, raw)) == [str(number).encode() for number in range(10)]


def test_an_aborted_transaction_is_hidden_from_both_clients(settings: Settings, raw: str) -> None:
    producer = transactional(settings)
    producer.begin_transaction()
    producer.produce(raw, b"aborted", partition=0)
    producer.flush(20)
    producer.abort_transaction(20)
    producer.begin_transaction()
    producer.produce(raw, b"kept", partition=0)
    producer.commit_transaction(20)
    assert committed_values(settings, raw) == [b"kept"]
    assert [message.value() for message in consume_all(settings, raw)] == [b"kept"]


def test_an_open_transaction_is_hidden_until_it_commits(settings: Settings, raw: str) -> None:
    producer = transactional(settings)
    producer.begin_transaction()
    producer.produce(raw, b"open", partition=0)
    producer.flush(20)
    assert committed_values(settings, raw) == []
    producer.commit_transaction(20)
    assert committed_values(settings, raw) == [b"open"]


def test_offsets_commit_and_abort_with_their_transaction(settings: Settings, raw: str) -> None:
    fill(settings, raw, 5)
    consumer = joined(settings, raw)
    producer = transactional(settings)
    for wanted, finish in ((None, producer.abort_transaction), (3, producer.commit_transaction)):
        producer.begin_transaction()
        offsets = [TopicPartition(raw, 0, 3, metadata='[7,{"f":1}]')]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 20)
        finish(20)
        (place,) = consumer.committed([TopicPartition(raw, 0)], timeout=20)
        assert (place.offset if place.offset >= 0 else None) == wanted
    assert place.metadata == '[7,{"f":1}]', "the note beside the offset comes back"
    consumer.close()


def test_a_second_producer_of_the_same_identity_fences_the_first(settings: Settings, raw: str) -> None:
    first = transactional(settings, "same")
    first.begin_transaction()
    first.produce(raw, b"from the first", partition=0)
    first.flush(20)
    second = transactional(settings, "same")
    with pytest.raises(KafkaException) as caught:
        first.commit_transaction(20)
    assert caught.value.args[0].fatal()
    second.begin_transaction()
    second.produce(raw, b"from the second", partition=0)
    second.commit_transaction(20)
    assert committed_values(settings, raw) == [b"from the second"]


def test_a_group_shares_the_partitions_and_a_leaver_hands_its_part_over(settings: Settings, raw: str) -> None:
    first = joined(settings, raw)
    second = subscribe(settings, raw)
    await_that(lambda: poll(first, second) and len(first.assignment()) == len(second.assignment()) == 1)
    second.close()
    await_that(lambda: poll(first) and len(first.assignment()) == 2)
    assert {place.partition for place in first.assignment()} == {0, 1}
    first.close()


def test_keys_go_to_the_partition_that_murmur2_gives(settings: Settings) -> None:
    topic = topic_name(CLASSIFIED, settings)
    producer = Producer(producer_config(settings))
    keys = [f"key {number}".encode() for number in range(60)]
    for key in keys:
        producer.produce(topic, b"", key=key)
    assert producer.flush(20) == 0
    found = {record.key: record.partition for record in read_committed(settings, topic)}
    assert found == {key: murmur2_partition(key, 3) for key in keys}


def test_event_time_of_the_producer_is_replaced_by_the_time_of_append(settings: Settings, raw: str) -> None:
    before_ms = time.time_ns() // 1_000_000 - 1_000
    producer = Producer(producer_config(settings))
    producer.produce(raw, b"old", partition=0, timestamp=1_500_000_000_000)
    producer.flush(20)
    (record,) = read_committed(settings, raw)
    assert record.timestamp >= before_ms


def test_headers_and_tombstones_arrive_as_they_were_sent(settings: Settings, raw: str) -> None:
    producer = Producer(producer_config(settings))
    producer.produce(raw, None, key=b"k", partition=0, headers=[("a", b"\xff"), ("b", b"")])
    producer.flush(20)
    (record,) = read_committed(settings, raw)
    assert (record.key, record.value, list(record.headers)) == (b"k", None, [("a", b"\xff"), ("b", b"")])


def test_topics_have_the_configuration_of_the_catalogue(settings: Settings) -> None:
    for spec in TOPICS:
        found = read_topic_config(settings, topic_name(spec.name, settings))
        wanted = topic_config(spec, settings)
        assert {name: found.get(name) for name in wanted} == wanted


def test_a_record_of_the_size_limit_passes(settings: Settings, raw: str) -> None:
    value = b"x" * (settings.kafka.message_max_bytes - 1_024)
    producer = Producer(producer_config(settings) | {"compression.type": "none"})
    producer.produce(raw, value, partition=0)
    assert producer.flush(20) == 0
    assert committed_values(settings, raw) == [value]


def test_a_topic_keeps_its_id(settings: Settings, raw: str) -> None:
    assert topic_id(settings, raw) == topic_id(settings, raw) != ""
    with pytest.raises(UnheardError, match="there is no topic"):
        topic_id(settings, raw + ".not")


def test_partition_counts_are_those_of_the_configuration(settings: Settings, raw: str) -> None:
    counts = partition_counts(settings)
    assert (counts[raw], counts[topic_name(CLASSIFIED, settings)]) == (2, 3)


def test_reading_to_the_end_gives_everything_once(settings: Settings, raw: str) -> None:
    fill(settings, raw, 300)
    found = [json.loads(message.value() or b"") for message in consume_all(settings, raw)]
    assert found == list(range(300))
    assert list(consume_all(settings, topic_name(CLASSIFIED, settings))) == []


# ---------------------------------------------------------------- helpers


def fill(settings: Settings, topic: str, count: int) -> None:
    producer = Producer(producer_config(settings))
    for number in range(count):
        producer.produce(topic, str(number), partition=0)
    producer.flush(20)


def subscribe(settings: Settings, topic: str) -> Consumer:
    options = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 300}
    consumer = Consumer(consumer_config(settings, settings.classify.group) | options)
    consumer.subscribe([topic])
    return consumer


def joined(settings: Settings, topic: str) -> Consumer:
    consumer = subscribe(settings, topic)
    await_that(lambda: poll(consumer) and len(consumer.assignment()) == 2)
    return consumer


def poll(*consumers: Any) -> bool:
    for consumer in consumers:
        consumer.poll(0.1)
    return True
