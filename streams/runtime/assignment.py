"""The raw partitions that a classify worker owns, and what it knows of each."""

import logging
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from config.errors import UnheardError
from streams.runtime.transactions import SLICE_SECONDS
from streams.stages.spans import PartitionState

log = logging.getLogger(__name__)

_partition: Any = Message.partition  # called as it is: a function around it would take four times as long


class Assignment:
    """Follows the group: a partition that comes starts at its committed offset, one that goes is forgotten.

    Callbacks run inside :meth:`consume` alone, where nothing of a batch is in flight but a commit at most. Before
    partitions go, ``settle`` waits for how that ends: what was processed is then committed, or it is its next
    owner's. Should the commit have failed, nothing read until then follows on what is committed: it is read again.
    """

    def __init__(
        self,
        consumer: Consumer,
        topic: str,
        deadline: Callable[[float], float],
        now_ms: Callable[[], int],
        on_change: Callable[[], None],
        settle: Callable[[], bool],
    ) -> None:
        self._consumer, self._topic = consumer, topic
        self._deadline, self._now_ms, self._on_change, self._settle = deadline, now_ms, on_change, settle
        self._changed = self._failed = False
        self.states: dict[int, PartitionState] = {}
        self.owned: set[int] = set()
        self.joined = False
        consumer.subscribe([topic], on_assign=self._assign, on_revoke=self._forget, on_lost=self._forget)

    def consume(self, records: int, seconds: float) -> list[Message]:
        """Up to so many messages of partitions owned now, partition by partition. A rebalance in between may leave
        some of partitions that went, or twice of one that came back: they are dropped here."""
        messages = self._consumer.consume(records, seconds)
        if self._failed:
            self._failed = False
            self.rewind()
            return []
        errors = [error for message in messages if (error := message.error()) is not None]
        for error in errors:
            if not error.retriable():
                raise UnheardError(f"topic {self._topic} cannot be read: {error.str()}")
        messages = [message for message in messages if message.error() is None] if errors else messages
        messages.sort(key=_partition)
        if self._changed and messages:
            self._changed = False
            return self._wanted(messages)
        return messages

    def _wanted(self, messages: list[Message]) -> list[Message]:
        """Those of partitions owned now, each once."""
        expected = {partition: state.position for partition, state in self.states.items()}
        kept = []
        for message in messages:
            partition, offset = message.partition() or 0, message.offset() or 0
            if partition in self.owned and offset >= expected.get(partition, 0):
                expected[partition] = offset + 1
                kept.append(message)
        return kept

    def rewind(self) -> None:
        """Forget what was read and not committed: every partition again from its committed offset."""
        partitions = [TopicPartition(self._topic, partition) for partition in sorted(self.owned)]
        if partitions:
            self._assign(self._consumer, partitions)

    def offsets(self, states: dict[int, PartitionState]) -> list[TopicPartition]:
        """What to commit once ``states`` hold."""
        return [
            TopicPartition(self._topic, partition, state.position, metadata=state.note())
            for partition, state in sorted(states.items())
        ]

    def _assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        committed = self._committed(consumer, partitions)
        now_ms = self._now_ms()
        self.owned = {place.partition for place in partitions}
        self.states = {
            place.partition: PartitionState.resume(place.offset, place.metadata, now_ms)
            for place in committed
            if place.offset >= 0
        }
        consumer.assign([TopicPartition(self._topic, place.partition, place.offset) for place in committed])
        self.joined = self._changed = True
        log.info("assigned partitions %s", sorted(self.owned))
        self._on_change()

    def _committed(self, consumer: Any, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Committed places. A transaction of the owner before may still be open: then the broker lets us wait.

        Raises UnheardError when that takes too long.
        """
        deadline = self._deadline(60.0)
        while True:
            try:
                committed: list[TopicPartition] = consumer.committed(partitions, timeout=SLICE_SECONDS)
            except KafkaException as failure:
                error = failure.args[0]
                log.info("committed offsets are not known yet: %s", error.name())
                if time.monotonic() > deadline:
                    raise UnheardError(f"the broker does not tell the committed offsets: {error.str()}") from None
            else:
                return committed

    def _forget(self, _consumer: Any, partitions: list[TopicPartition]) -> None:
        self._failed = not self._settle() or self._failed
        log.info("gave up partitions %s", sorted(place.partition for place in partitions))
        self._changed = True
        self.owned = set()
        self.states = {}
        self._on_change()
