"""Goal: around a rebalance no record is taken twice, skipped, or taken for another's, however the commit in flight
ended. Method: a stand-in for the consumer, which calls back inside ``consume`` as the real one does."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message, TopicPartition

from config.errors import UnheardError
from streams.runtime.assignment import Assignment
from streams.stages.spans import PartitionState

Places = list[tuple[int, int]]


def record(partition: int, offset: int) -> Message:
    return Message(topic="raw", partition=partition, offset=offset, value=b"{}")


@dataclass
class ScriptedConsumer:
    """Hands out what it is told to, after calling back; ``committed_at`` are the committed offsets."""

    committed_at: dict[int, int]
    assigned: list[Places] = field(default_factory=list)
    callbacks: dict[str, Callable[[Any, list[TopicPartition]], None]] = field(default_factory=dict)
    script: list[tuple[list[tuple[str, list[int]]], list[Message]]] = field(default_factory=list)

    def subscribe(self, _topics: list[str], **callbacks: Callable[[Any, list[TopicPartition]], None]) -> None:
        self.callbacks.update(callbacks)

    def consume(self, _records: int, _seconds: float) -> list[Message]:
        events, messages = self.script.pop(0)
        for name, partitions in events:
            self.callbacks[name](self, [TopicPartition("raw", partition) for partition in partitions])
        return messages

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        del timeout
        return [TopicPartition("raw", p.partition, self.committed_at[p.partition], metadata="") for p in places]

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned.append([(place.partition, place.offset) for place in places])


class Story:
    """An assignment with a scripted consumer; ``fails`` says how the commit in flight ends."""

    def __init__(self, committed_at: dict[int, int]) -> None:
        self.consumer = ScriptedConsumer(committed_at)
        self.fails = False
        self.settled = 0
        consumer: Any = self.consumer
        self.assignment = Assignment(
            consumer, "raw", lambda s: time.monotonic() + s, lambda: 0, lambda: None, self.settle
        )

    def settle(self) -> bool:
        self.settled += 1
        return not self.fails

    def read(self, *events: tuple[str, list[int]], messages: Places) -> Places:
        self.consumer.script.append((list(events), [record(*place) for place in messages]))
        return [(m.partition() or 0, m.offset() or 0) for m in self.assignment.consume(100, 0.1)]


def test_records_come_partition_by_partition() -> None:
    story = Story({0: 0, 1: 0})
    mixed = [(1, 0), (0, 0), (1, 1), (0, 1)]
    assert story.read(("on_assign", [0, 1]), messages=mixed) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_the_commit_in_flight_is_awaited_before_partitions_go() -> None:
    story = Story({0: 0})
    story.read(("on_assign", [0]), messages=[(0, 0)])
    assert story.settled == 0
    for event in ("on_revoke", "on_lost"):
        story.read((event, [0]), messages=[])
    assert (story.settled, story.assignment.owned, story.assignment.states) == (2, set(), {})


def test_what_was_read_of_partitions_that_went_or_twice_is_dropped() -> None:
    story = Story({0: 0, 1: 0})
    story.read(("on_assign", [0, 1]), messages=[(0, 0), (1, 0)])
    story.consumer.committed_at[0] = 1
    found = story.read(("on_revoke", [0, 1]), ("on_assign", [0]), messages=[(1, 1), (0, 1), (0, 1), (0, 2)])
    assert found == [(0, 1), (0, 2)]


def test_after_a_failed_commit_a_rebalance_reads_again_from_what_is_committed() -> None:
    """Records that were read behind the lost batch would otherwise leave a hole."""
    story = Story({0: 0})
    story.read(("on_assign", [0]), messages=[(0, 0), (0, 1)])
    story.fails = True
    assert story.read(("on_revoke", [0]), ("on_assign", [0]), messages=[(0, 2), (0, 3)]) == []
    assert story.consumer.assigned == [[(0, 0)]] * 3
    assert story.read(messages=[(0, 0), (0, 1), (0, 2)]) == [(0, 0), (0, 1), (0, 2)]


def test_a_failed_commit_of_partitions_that_went_for_good_leaves_nothing_to_read() -> None:
    story = Story({0: 0, 1: 5})
    story.read(("on_assign", [0]), messages=[(0, 0)])
    story.fails = True
    assert story.read(("on_lost", [0]), messages=[(0, 1)]) == []
    assert story.read(("on_assign", [1]), messages=[(0, 1), (1, 5)]) == [(1, 5)]


def test_partitions_go_on_behind_their_committed_offsets() -> None:
    story = Story({0: 7})
    story.read(("on_assign", [0]), messages=[])
    assert story.assignment.states == {0: PartitionState.resume(7, "", 0)}
    story.assignment.rewind()
    assert story.consumer.assigned == [[(0, 7)], [(0, 7)]]


def test_an_error_that_does_not_pass_stops_the_worker() -> None:
    story = Story({0: 0})
    broken = Message(topic="raw", partition=0, offset=0, error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    story.consumer.script.append(([], [broken]))
    with pytest.raises(UnheardError, match="cannot be read"):
        story.assignment.consume(1, 0.1)
