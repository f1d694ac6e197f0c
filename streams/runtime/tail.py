"""Reads a topic for people, through kafka-python: what confluent-kafka wrote, seen by another client."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import kafka.errors
import orjson
from kafka import KafkaConsumer, TopicPartition

from config.errors import UnheardError, UsageError
from config.settings import Settings
from streams.runtime.kafka import python_config, unreachable
from streams.stages.topics import TOPICS, topic_name
from streams.stages.unpack import unpack

_POLL_MS: Final = 500
_PATIENCE_SECONDS: Final = 30.0


def catalogue_name(name: str, settings: Settings) -> str:
    """The catalogue's name for what the user typed: with or without prefix, or a part that one topic alone has.

    Raises UsageError.
    """
    known = sorted(spec.name for spec in TOPICS)
    bare = name.removeprefix(settings.topics.prefix)
    exact = [topic for topic in known if bare in (topic, topic.removesuffix(".v1"))]
    found = exact or [topic for topic in known if bare in topic.split(".")]
    if len(found) != 1:
        raise UsageError(f"no topic is called {name}; there are {', '.join(known)}")
    return found[0]


def tail_records(settings: Settings, topic: str, *, follow: bool, limit: int, pretty: bool) -> Iterator[str]:
    """Each committed record as JSON, from the beginning to the end of now, or on and on with ``follow``."""
    name = catalogue_name(topic, settings)
    options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if pretty else 0)
    for count, record in enumerate(read_committed(settings, topic_name(name, settings), follow=follow), start=1):
        yield orjson.dumps(show_record(name, record), option=options).decode()
        if count == limit:
            return


def read_committed(settings: Settings, topic: str, *, follow: bool = False) -> Iterator[Any]:
    """kafka-python's records of a topic (full name), committed ones only, up to its end now unless ``follow``."""
    try:
        consumer = KafkaConsumer(
            **python_config(settings), isolation_level="read_committed", enable_auto_commit=False, check_crcs=True
        )
    except (kafka.errors.KafkaError, OSError) as error:
        raise unreachable(settings, type(error).__name__) from None
    with closing(consumer):
        partitions = consumer.partitions_for_topic(topic)
        if not partitions:
            raise UnheardError(f"there is no topic {topic}: run `unheard topics create`")
        places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        yield from _read(consumer, places, follow=follow)


def _read(consumer: Any, places: list[TopicPartition], *, follow: bool) -> Iterator[Any]:
    ends = consumer.end_offsets(places)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while follow or any(consumer.position(place) < ends[place] for place in places):
        polled = consumer.poll(timeout_ms=_POLL_MS)
        for records in polled.values():
            yield from records
        if polled:
            deadline = time.monotonic() + _PATIENCE_SECONDS
        elif not follow and time.monotonic() > deadline:
            raise UnheardError(f"topic {places[0].topic}: the broker sent nothing for {_PATIENCE_SECONDS:g} s")


def show_record(topic: str, record: Any) -> dict[str, Any]:
    """A record as plain data. ``topic`` is its name in the catalogue."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp,
        "key": None if record.key is None else record.key.decode(errors="backslashreplace"),
        "headers": {name: (raw or b"").decode(errors="backslashreplace") for name, raw in record.headers},
        "value": unpack(topic, record.value),
    }
