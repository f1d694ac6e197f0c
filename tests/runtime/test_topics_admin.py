"""Goal: topics are as the catalogue says, or one clear line tells why not. Method: the embedded broker."""

import pytest

from config.errors import UnheardError, UsageError
from streams.runtime import processes
from streams.runtime.kafka import client_config, partition_counts
from streams.runtime.topics_admin import create_topics, describe_topics, read_topic_config, require_topics
from streams.stages.topics import CLASSIFIED, RAW, TOPICS, changelog_topics, topic_name
from tests.conftest import SettingsFor

pytestmark = pytest.mark.embedded


def test_creating_twice_gives_every_topic_once(embedded_broker: str, settings_for: SettingsFor) -> None:
    settings = settings_for(embedded_broker)
    assert {state.found for state in describe_topics(settings)} == {0}
    created = create_topics(settings)
    assert create_topics(settings) == created
    names = {topic_name(spec.name, settings) for spec in TOPICS} | set(changelog_topics(settings))
    assert {state.name for state in created} == names
    assert all(state.found == state.partitions for state in created)


def test_changelogs_are_compacted_early(embedded_broker: str, settings_for: SettingsFor) -> None:
    settings = settings_for(embedded_broker)
    create_topics(settings)
    for name in changelog_topics(settings):
        found = read_topic_config(settings, name)
        assert (found["cleanup.policy"], found["segment.bytes"]) == ("compact", "33554432")


def test_another_partition_count_is_refused_before_anything_is_created(
    embedded_broker: str, settings_for: SettingsFor
) -> None:
    create_topics(settings_for(embedded_broker))
    other = settings_for(embedded_broker, topics__care_partitions=5)
    with pytest.raises(UnheardError, match=r"classified\.v1 has 3 partitions, the configuration says 5"):
        create_topics(other)
    with pytest.raises(UnheardError, match="has 3 partitions"):
        require_topics(other, [RAW, CLASSIFIED])
    require_topics(other, [RAW])
    assert {state.found for state in describe_topics(other) if state.partitions == 5} == {3}


def test_a_missing_topic_says_what_to_do(embedded_broker: str, settings_for: SettingsFor) -> None:
    with pytest.raises(UnheardError, match=r"^there is no topic .*raw\.v1: run `unheard topics create`$"):
        require_topics(settings_for(embedded_broker), [RAW])


def test_a_broker_that_is_down_is_one_clear_line(settings_for: SettingsFor) -> None:
    settings = settings_for(f"127.0.0.1:{processes.free_port()}")
    with pytest.raises(UnheardError, match=r"^no Kafka broker answers at 127\.0\.0\.1:\d+ \(\w+\)$"):
        partition_counts(settings, patience_seconds=0.5)


def test_no_broker_is_ever_assumed(settings_for: SettingsFor) -> None:
    with pytest.raises(UsageError, match="no Kafka broker is named"):
        client_config(settings_for(""))
