"""What each topic takes on the broker's disk."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import kafka.errors

from config.settings import Settings
from streams.runtime.kafka import administration
from streams.stages.sizing import CHANGELOGS
from streams.stages.topics import FEEDS, GAPS, PARTIALS, TOPICS, WINDOWS, changelog_topics, topic_name

GROW_WITH_TIME: Final = (PARTIALS, WINDOWS, GAPS, FEEDS)  # and brands; the others with mentions


def topic_bytes(settings: Settings) -> dict[str, int]:
    """Bytes by topic of the catalogue, one copy, as compressed, and those of the changelogs together; empty where the
    broker does not tell."""
    with administration(settings) as admin:
        try:
            brokers = admin.describe_log_dirs()
        except kafka.errors.KafkaError:
            return {}
    return sum_by_topic(brokers, settings)


def sum_by_topic(brokers: Iterable[Mapping[str, Any]], settings: Settings) -> dict[str, int]:
    """``brokers`` as kafka-python's ``describe_log_dirs`` gives them."""
    names = {topic_name(spec.name, settings): spec.name for spec in TOPICS}
    names |= dict.fromkeys(changelog_topics(settings), CHANGELOGS)
    sums: dict[str, int] = {}
    for broker in brokers:
        for folder in broker["log_dirs"]:
            for topic in folder["topics"]:
                if (name := names.get(topic["name"])) is not None:
                    held = sum(partition["partition_size"] for partition in topic["partitions"])
                    sums[name] = sums.get(name, 0) + held // settings.kafka.replication
    return sums
