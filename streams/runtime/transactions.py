"""Sends what a batch leads to, exactly once: outputs and consumed offsets in one transaction, packed records beside it.

Packed records go out through a second producer without transactions, because Faust mis-counts offsets on topics with
transaction markers. All of them are acknowledged before the transaction commits; should it then fail, they come
again, and their reader cuts off what it has seen.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import partial
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.kafka import producer_config, unreachable
from streams.stages import topics
from streams.stages.classify import BatchOutput
from streams.stages.topics import topic_name

log = logging.getLogger(__name__)

SLICE_SECONDS: Final = 1.0  # blocking calls are made in slices, so that a stop is noticed between them
_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)


class Recovery(StrEnum):
    """What is left to do after an error."""

    ABORT = "abort"  # the transaction is lost, the producer is not
    RESTART = "restart"  # nobody knows how it ended: a new producer finds out
    EXIT = "exit"  # another worker has our place


class Fault(msgspec.Struct, frozen=True):
    """The part of a KafkaError that decides."""

    code: int
    fatal: bool = False
    abortable: bool = False


class SendError(Exception):
    """The batch was not committed, or nobody knows whether it was."""

    def __init__(self, recovery: Recovery, reason: str) -> None:
        super().__init__(reason)
        self.recovery = recovery


def recovery_for(fault: Fault) -> Recovery:
    """Fenced: exit, whatever else it is. Abortable: abort. All else is fatal or indefinite, a timeout included."""
    if fault.code in _FENCED:
        return Recovery.EXIT
    if fault.abortable and not fault.fatal:
        return Recovery.ABORT
    return Recovery.RESTART


def send_error(error: KafkaError) -> SendError:
    fault = Fault(error.code(), fatal=error.fatal(), abortable=error.txn_requires_abort())
    return SendError(recovery_for(fault), f"{error.name()}: {error.str()}")


class Outbox:
    """Both producers of a classify worker. ``deadline(seconds)`` is the monotonic time at which a blocking call gives
    up: sooner when the worker is asked to stop."""

    def __init__(self, settings: Settings, transactional_id: str, deadline: Callable[[float], float]) -> None:
        self._settings, self._transactional_id, self._deadline = settings, transactional_id, deadline
        self._commit_seconds = settings.classify.transaction_timeout_ms / 1000
        self._failed: list[KafkaError] = []
        self._transactional: Any = None
        self._packed: Any = None

    def open(self) -> None:
        """Make both producers. What an earlier worker of the same identity left open is aborted first.

        Raises UnheardError when the broker does not answer, SendError when it refuses.
        """
        self._failed.clear()
        common = producer_config(self._settings)
        self._packed = Producer({**common, "linger.ms": 0})
        transactional = {
            "transactional.id": self._transactional_id,
            "transaction.timeout.ms": self._settings.classify.transaction_timeout_ms,
            "delivery.timeout.ms": self._settings.classify.transaction_timeout_ms,
            "delivery.report.only.error": True,
            "linger.ms": 5,
        }
        self._transactional = Producer({**common, **transactional})
        try:
            self._patiently(self._transactional.init_transactions, self._commit_seconds)
        except SendError as error:
            if error.recovery is Recovery.EXIT:
                raise
            raise unreachable(self._settings, error) from None

    def send(self, output: BatchOutput) -> None:
        """Hand all of it to the producers, in a new transaction. What was sent before must be committed. Raises
        SendError."""
        try:
            self._transactional.begin_transaction()
            self._send_packed(output)
            self._send_classified(output)
        except KafkaException as error:
            raise send_error(error.args[0]) from None

    def commit(self, offsets: list[TopicPartition], group: object) -> None:
        """Commit what was sent, and ``offsets`` with it, once every packed record is acknowledged. Nearly all of it is
        waiting, so it may run beside the next batch. Raises SendError."""
        self._await_packed()
        patient = self._commit_seconds
        self._patiently(lambda s: self._transactional.send_offsets_to_transaction(offsets, group, s), patient)
        self._patiently(self._transactional.commit_transaction, patient)

    def abort(self) -> None:
        """Abort the open transaction. Raises SendError."""
        self._patiently(self._transactional.abort_transaction, self._commit_seconds)

    def close(self) -> None:
        """Drop both producers and whatever they still hold. What they say of their own end is known already."""
        for producer in (self._transactional, self._packed):
            if producer is not None:
                with contextlib.suppress(KafkaException):
                    producer.purge()
                    producer.poll(0)
        self._transactional = self._packed = None

    def _send_packed(self, output: BatchOutput) -> None:
        for name, partitions in (
            (topics.CARE_EVENTS, output.care_blocks),
            (topics.CAPTURE_REPORTS, output.capture_blocks),
        ):
            topic = topic_name(name, self._settings)
            for partition, blocks in enumerate(partitions):
                for block in blocks:
                    self._packed.produce(topic, block, partition=partition, on_delivery=self._on_delivery)
        self._packed.poll(0)

    def _send_classified(self, output: BatchOutput) -> None:
        for name, records in ((topics.CLASSIFIED, output.classified), (topics.ESCALATIONS, output.escalations)):
            self._send_records(topic_name(name, self._settings), records)
        topic = topic_name(topics.DLQ, self._settings)
        for letter in output.dlq:
            place = (topic, letter.value, letter.key, letter.partition)
            self._roomily(partial(self._transactional.produce, *place, headers=letter.headers))

    def _send_records(self, topic: str, records: Iterable[tuple[int, bytes, bytes]]) -> None:
        produce = self._transactional.produce
        for partition, key, value in records:
            try:
                produce(topic, value, key, partition)
            except BufferError:
                self._roomily(partial(produce, topic, value, key, partition))

    def _roomily(self, produce: Callable[[], None]) -> None:
        """Produce as soon as the queue has room."""
        usual = self._deadline(self._commit_seconds)
        while True:
            try:
                return produce()
            except BufferError:
                if self._is_over(usual):
                    raise SendError(Recovery.RESTART, "the broker takes nothing: the send queue is full") from None
                self._transactional.poll(0.1)

    def _await_packed(self) -> None:
        usual = self._deadline(self._commit_seconds)
        while self._packed.flush(SLICE_SECONDS):
            if self._is_over(usual):
                raise SendError(Recovery.RESTART, "packed records were not acknowledged in time")
        if self._failed:
            raise SendError(Recovery.RESTART, f"a packed record was refused: {self._failed[0].str()}")

    def _on_delivery(self, error: KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failed.append(error)

    def _patiently(self, call: Callable[[float], object], seconds: float) -> None:
        """Make a call that may time out and be resumed, until the deadline. Raises SendError."""
        usual = self._deadline(seconds)
        while True:
            try:
                call(SLICE_SECONDS)
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if not error.retriable() or error.txn_requires_abort() or self._is_over(usual):
                    raise send_error(error) from None
            else:
                return

    def _is_over(self, usual: float) -> bool:
        """Whether a call that began with the deadline ``usual`` must give up: a stop may have been asked for since."""
        return time.monotonic() > min(usual, self._deadline(self._commit_seconds))


def exit_error(error: SendError) -> UnheardError:
    return UnheardError(f"another worker has taken this one's place: {error}")
