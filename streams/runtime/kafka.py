"""How every client of ours reaches Kafka. Nothing else builds a client's configuration."""

import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import kafka.errors
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient

from config.errors import UnheardError, UsageError
from config.settings import Settings
from streams.stages.verdicts import output_limit_bytes

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 15.0  # how long a broker may take before we call it unreachable
_READ_RECORDS: Final = 5_000
_READ_SECONDS: Final = 0.05
_NO_ID: Final = uuid.UUID(int=0)


def client_config(settings: Settings) -> dict[str, Any]:
    """What each confluent-kafka client needs, consumers, producers and administration alike.

    Raises UsageError when no broker is configured: there is no default address.
    """
    return {
        "bootstrap.servers": bootstrap_servers(settings),
        "client.id": settings.kafka.client_id,
        "logger": log,
        "log_level": 4,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 1_000,
    }


def producer_config(settings: Settings) -> dict[str, Any]:
    """An idempotent producer; partitions are ours or murmur2 of the key, like the Java client's."""
    return {
        **client_config(settings),
        "enable.idempotence": True,
        "compression.type": settings.kafka.compression,
        "message.max.bytes": output_limit_bytes(settings),
        "partitioner": "murmur2_random",
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 262_144,
        "delivery.timeout.ms": 30_000,
    }


def consumer_config(settings: Settings, group: str) -> dict[str, Any]:
    """A consumer that sees committed records only and commits nothing by itself."""
    return {
        **client_config(settings),
        "group.id": group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "check.crcs": True,
        "fetch.message.max.bytes": max(1_048_576, output_limit_bytes(settings)),
        "queued.max.messages.kbytes": 65_536,
        "fetch.wait.max.ms": 50,
    }


def bootstrap_servers(settings: Settings) -> str:
    if not settings.kafka.bootstrap_servers:
        raise UsageError("no Kafka broker is named: set UNHEARD_BOOTSTRAP_SERVERS or [kafka] bootstrap_servers")
    return settings.kafka.bootstrap_servers


def python_config(settings: Settings) -> dict[str, Any]:
    """The same for kafka-python, our second, independent client. It logs every try to connect, and then
    raises what went wrong: silenced here."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    return {
        "bootstrap_servers": bootstrap_servers(settings).split(","),
        "client_id": settings.kafka.client_id,
        "bootstrap_timeout_ms": int(ANSWER_SECONDS * 1000),
    }


def unreachable(settings: Settings, reason: object = "") -> UnheardError:
    """The one line for a broker that does not answer."""
    detail = f" ({reason})" if reason else ""
    return UnheardError(f"no Kafka broker answers at {settings.kafka.bootstrap_servers}{detail}")


@contextmanager
def administration(settings: Settings) -> Iterator[KafkaAdminClient]:
    """A kafka-python administration client. Raises UnheardError when no broker answers."""
    config = python_config(settings)
    try:
        client = KafkaAdminClient(**config)
    except (kafka.errors.KafkaError, OSError) as error:
        raise unreachable(settings, type(error).__name__) from None
    try:
        yield client
    finally:
        client.close()


def partition_counts(settings: Settings, patience_seconds: float = ANSWER_SECONDS) -> dict[str, int]:
    """Partition count of each topic there is. Raises UnheardError when no broker answers."""
    client = AdminClient(client_config(settings))
    try:
        metadata = client.list_topics(timeout=patience_seconds)
    except KafkaException as error:
        raise unreachable(settings, error.args[0].name()) from None
    return {name: len(topic.partitions) for name, topic in metadata.topics.items() if topic.error is None}


def topic_id(settings: Settings, topic: str) -> str:
    """The broker's id of the topic, or the topic's name where the broker has none (the embedded one)."""
    client = AdminClient(client_config(settings))
    try:
        described = client.describe_topics(TopicCollection([topic]), request_timeout=ANSWER_SECONDS)[topic].result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise UnheardError(f"there is no topic {topic}: run `unheard topics create`") from None
        raise unreachable(settings, error.args[0].name()) from None
    known = described.topic_id
    if known is None:
        return topic
    number = uuid.UUID(
        int=(known.get_most_significant_bits() % 2**64 << 64) | known.get_least_significant_bits() % 2**64
    )
    return topic if number == _NO_ID else str(number)


def consume_all(
    settings: Settings, topic: str, patience_seconds: float = 30.0, *, newest: int | None = None
) -> Iterator[Message]:
    """Every committed record of the topic up to its end now, partition by partition in order; with ``newest`` only
    those among the last so many offsets of each partition. A transaction that is still open before that end is waited
    for: a worker that was killed leaves one until it times out.

    ``topic`` is the full name. Raises UnheardError for a topic that is not there, a broker that is not reachable, or
    one that sends nothing for ``patience_seconds``.
    """
    count = partition_counts(settings).get(topic)
    if count is None:
        raise UnheardError(f"there is no topic {topic}: run `unheard topics create`")
    ranges = _ranges(settings, topic, count)
    group = f"{settings.kafka.client_id}-read"  # named, never joined: partitions are assigned by hand
    consumer = Consumer(consumer_config(settings, group) | {"enable.partition.eof": True})
    try:
        starts = {p: low if newest is None else max(low, high - newest) for p, (low, high) in ranges.items()}
        consumer.assign([TopicPartition(topic, partition, start) for partition, start in starts.items()])
        yield from _to_the_ends(consumer, topic, {p: high for p, (_, high) in ranges.items()}, patience_seconds)
    finally:
        consumer.close()


def _ranges(settings: Settings, topic: str, count: int) -> dict[int, tuple[int, int]]:
    """First offset and end of each partition, open transactions included."""
    config = consumer_config(settings, f"{settings.kafka.client_id}-ends") | {"isolation.level": "read_uncommitted"}
    consumer = Consumer(config)
    try:
        places = [TopicPartition(topic, partition) for partition in range(count)]
        return {p.partition: consumer.get_watermark_offsets(p, timeout=ANSWER_SECONDS, cached=False) for p in places}
    except KafkaException as error:
        raise unreachable(settings, error.args[0].name()) from None
    finally:
        consumer.close()


def _to_the_ends(consumer: Consumer, topic: str, ends: Mapping[int, int], patience_seconds: float) -> Iterator[Message]:
    unread = set(ends)
    while unread:
        messages = consumer.consume(_READ_RECORDS, timeout=_READ_SECONDS)
        messages = messages or consumer.consume(1, timeout=patience_seconds)
        if not messages:
            raise UnheardError(f"topic {topic}: the broker sent nothing for {patience_seconds:g} s")
        for message in messages:
            error, partition = message.error(), message.partition() or 0
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                if (message.offset() or 0) >= ends[partition]:
                    unread.discard(partition)
            elif not error.retriable():
                raise UnheardError(f"topic {topic} cannot be read: {error.str()}")


def read_headers(message: Message) -> list[tuple[str, bytes | None]]:
    """Headers in order; a name may come twice."""
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name, as_bytes(raw)) for name, raw in pairs]


def as_bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
