"""Goal: after an error of the broker's the worker does what keeps outputs exact. Method: a table of errors; real
transactions on both brokers."""

import time

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from config.settings import Settings
from streams.runtime.kafka import consumer_config
from streams.runtime.tail import read_committed
from streams.runtime.topics_admin import create_topics
from streams.runtime.transactions import Fault, Outbox, Recovery, SendError, recovery_for, send_error
from streams.stages.classify import BatchOutput, process_batch
from streams.stages.topics import CARE_EVENTS, CLASSIFIED, DLQ, RAW, topic_name
from tests.conftest import SettingsFor
from tests.raw import NOON_MS, batch, context, mention
from tests.waiting import await_that

RECOVERIES = {
    "abortable": (Fault(KafkaError.ILLEGAL_GENERATION, abortable=True), Recovery.ABORT),
    "a refused record": (Fault(KafkaError.MSG_SIZE_TOO_LARGE, abortable=True), Recovery.ABORT),
    "timed out: nobody knows": (Fault(KafkaError._TIMED_OUT), Recovery.RESTART),
    "fatal": (Fault(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, fatal=True), Recovery.RESTART),
    "fatal outweighs abortable": (Fault(KafkaError.UNKNOWN_PRODUCER_ID, fatal=True, abortable=True), Recovery.RESTART),
    "wrong state": (Fault(KafkaError._STATE), Recovery.RESTART),
    "fenced": (Fault(KafkaError._FENCED, fatal=True), Recovery.EXIT),
    "fenced by the broker": (Fault(KafkaError.PRODUCER_FENCED, fatal=True), Recovery.EXIT),
    "epoch taken": (Fault(KafkaError.INVALID_PRODUCER_EPOCH, abortable=True), Recovery.EXIT),
}


@pytest.mark.parametrize("name", RECOVERIES)
def test_each_error_has_its_recovery(name: str) -> None:
    fault, recovery = RECOVERIES[name]
    assert recovery_for(fault) is recovery


def test_an_error_is_read_from_the_client() -> None:
    error = send_error(KafkaError(KafkaError._TIMED_OUT, "no answer", txn_requires_abort=True))
    assert (error.recovery, str(error)) == (Recovery.ABORT, "_TIMED_OUT: no answer")


# ---------------------------------------------------------------- on brokers


def deadline(seconds: float) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def settings(broker: str, settings_for: SettingsFor) -> Settings:
    made = settings_for(broker, topics__capture_partitions=2)
    create_topics(made)
    return made


def outbox(settings: Settings, name: str = "one") -> Outbox:
    made = Outbox(settings, settings.topics.prefix + name, deadline)
    made.open()
    return made


def output(number: int) -> BatchOutput:
    return process_batch(batch([mention(number), "{"]), context(), {}, NOON_MS)


def member(settings: Settings) -> Consumer:
    consumer = Consumer(consumer_config(settings, settings.classify.group))
    consumer.subscribe([topic_name(RAW, settings)])
    await_that(lambda: consumer.poll(0.1) is None and len(consumer.assignment()) == 2)
    return consumer


def values(settings: Settings, topic: str) -> list[bytes]:
    return [record.value for record in read_committed(settings, topic_name(topic, settings))]


def send(box: Outbox, number: int, settings: Settings, group: object) -> None:
    box.send(output(number))
    box.commit([TopicPartition(topic_name(RAW, settings), 0, 2)], group)


def test_outputs_and_offsets_are_committed_together(settings: Settings) -> None:
    consumer, box = member(settings), outbox(settings)
    place = TopicPartition(topic_name(RAW, settings), 0, 2, metadata="note")
    sent = output(1)
    box.send(sent)
    box.commit([place], consumer.consumer_group_metadata())
    assert values(settings, CLASSIFIED) == list(sent.classified.values)
    assert values(settings, DLQ) == [b"{"]
    assert values(settings, CARE_EVENTS) == [block for blocks in sent.care_blocks for block in blocks]
    (found,) = consumer.committed([TopicPartition(place.topic, 0)], timeout=20)
    assert (found.offset, found.metadata) == (2, "note")
    consumer.close()


@pytest.mark.kafka
def test_a_batch_of_a_member_that_lost_its_place_is_not_committed(kafka_broker: str, settings_for: SettingsFor) -> None:
    """The embedded broker takes it: it does not look at the generation of the group."""
    settings = settings_for(kafka_broker, topics__capture_partitions=2)
    create_topics(settings)
    consumer, box = member(settings), outbox(settings)
    group = consumer.consumer_group_metadata()
    consumer.close()
    await_generation(settings)
    with pytest.raises(SendError) as caught:
        send(box, 1, settings, group)
    assert caught.value.recovery is Recovery.ABORT
    box.abort()
    assert values(settings, CLASSIFIED) == []
    after = member(settings)
    send(box, 2, settings, after.consumer_group_metadata())
    assert len(values(settings, CLASSIFIED)) == 1, "the same producer goes on"
    after.close()


def await_generation(settings: Settings) -> None:
    """Let another member join and leave, so that the group has moved on."""
    member(settings).close()


def test_a_fenced_worker_is_told_to_exit(settings: Settings) -> None:
    consumer, first = member(settings), outbox(settings, "same")
    outbox(settings, "same")
    with pytest.raises(SendError) as caught:
        send(first, 1, settings, consumer.consumer_group_metadata())
    assert caught.value.recovery is Recovery.EXIT
    assert values(settings, CLASSIFIED) == []
    consumer.close()
