"""Creates, describes and checks the topics of the catalogue, through kafka-python."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import kafka.errors
import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.kafka import ANSWER_SECONDS, administration, consumer_config, partition_counts
from streams.stages.topics import RAW, TOPICS, TopicSpec, changelog_topics, partition_count, partitions_of, topic_name
from streams.stages.verdicts import output_limit_bytes

CHANGELOG_CONFIG: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": str(32 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.1",
}


class TopicState(msgspec.Struct, frozen=True):
    """One topic as it should be and as it is; ``found`` 0: it is not there."""

    name: str
    partitions: int
    found: int
    key: str
    cleanup: str
    content: str


def topic_config(spec: TopicSpec, settings: Settings) -> dict[str, str]:
    """The broker's settings of a topic of the catalogue. Event time lives in the payload alone: LogAppendTime."""
    limit = settings.kafka.message_max_bytes if spec.name == RAW else output_limit_bytes(settings)
    config = {
        "cleanup.policy": spec.cleanup,
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(limit),
    }
    if spec.cleanup == "delete":
        config["retention.ms"] = str(spec.retention_ms)
    return config


def create_topics(settings: Settings) -> list[TopicState]:
    """Create what is missing of the catalogue and of the changelogs. Doing it again changes nothing.

    Raises UnheardError for a topic that exists with another partition count, before anything is created.
    """
    states = describe_topics(settings)
    _refuse_others(states)
    missing = {state.name: state.partitions for state in states if not state.found}
    if missing:
        with administration(settings) as admin:
            _create(admin, settings, missing)
        _await_leaders(settings, missing)
        states = describe_topics(settings)
        _refuse_others(states)
    return states


def describe_topics(settings: Settings) -> list[TopicState]:
    """Every topic that Unheard uses. Raises UnheardError when no broker answers."""
    found = partition_counts(settings)
    states = [
        TopicState(
            topic_name(spec.name, settings),
            partition_count(spec, settings),
            found.get(topic_name(spec.name, settings), 0),
            spec.key,
            spec.cleanup,
            spec.content,
        )
        for spec in TOPICS
    ]
    changelogs = [
        TopicState(name, count, found.get(name, 0), "offset", "compact", "changelog of a folded topic")
        for name, count in changelog_topics(settings).items()
    ]
    return states + changelogs


def require_topics(settings: Settings, names: Iterable[str]) -> None:
    """Raises UnheardError unless the named topics of the catalogue exist with the configured partition counts."""
    found = partition_counts(settings)
    for name in names:
        full, wanted = topic_name(name, settings), partitions_of(name, settings)
        if full not in found:
            raise UnheardError(f"there is no topic {full}: run `unheard topics create`")
        _refuse_count(full, wanted, found[full])


def read_topic_config(settings: Settings, name: str) -> dict[str, str]:
    """What the broker says about a topic, by full name."""
    with administration(settings) as admin:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    return {option: str(entry["value"]) for option, entry in described["topic"][name].items()}


def _create(admin: KafkaAdminClient, settings: Settings, missing: dict[str, int]) -> None:
    configs = {topic_name(spec.name, settings): topic_config(spec, settings) for spec in TOPICS}
    wanted: dict[str, dict[str, Any]] = {
        name: {
            "num_partitions": count,
            "replication_factor": settings.kafka.replication,
            "configs": configs.get(name, CHANGELOG_CONFIG | {"max.message.bytes": str(output_limit_bytes(settings))}),
        }
        for name, count in missing.items()
    }
    try:
        admin.create_topics(wanted, raise_errors=True)
        admin.wait_for_topics(list(wanted))
    except kafka.errors.TopicAlreadyExistsError:
        pass  # somebody else creates them at the same time: the check that follows tells
    except kafka.errors.KafkaError as error:
        raise UnheardError(f"cannot create the topics: {type(error).__name__}: {_reason(error)}") from None


def _await_leaders(settings: Settings, topics: Mapping[str, int]) -> None:
    """Wait until every partition answers: a broker lists a new topic before it serves it."""
    consumer = Consumer(consumer_config(settings, f"{settings.kafka.client_id}-admin"))
    deadline = time.monotonic() + ANSWER_SECONDS
    pending = [TopicPartition(name, partition) for name, count in topics.items() for partition in range(count)]
    pause = threading.Event()
    try:
        while pending := [place for place in pending if not _answers(consumer, place)]:
            if time.monotonic() > deadline:
                raise UnheardError(f"topic {pending[0].topic} was created, but no broker serves it")
            pause.wait(0.1)
    finally:
        consumer.close()


def _answers(consumer: Consumer, place: TopicPartition) -> bool:
    try:
        consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS, cached=False)
    except KafkaException:
        return False
    return True


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "no reason given"


def _refuse_others(states: Iterable[TopicState]) -> None:
    for state in states:
        if state.found:
            _refuse_count(state.name, state.partitions, state.found)


def _refuse_count(name: str, wanted: int, found: int) -> None:
    if found != wanted:
        raise UnheardError(
            f"topic {name} has {found} partitions, the configuration says {wanted}: "
            "partition counts never change in place, use another [topics] prefix"
        )


def delete_topics(settings: Settings) -> None:
    """Delete every topic of the catalogue and the changelogs, with the prefix of ``settings``."""
    names = [state.name for state in describe_topics(settings) if state.found]
    with administration(settings) as admin:
        admin.delete_topics(names)
