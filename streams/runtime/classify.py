"""The classify worker: consume, process, send, commit, until told to stop."""

import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnheardError
from config.load import config_version
from config.settings import Settings
from models.judge import Judge
from streams.runtime.assignment import Assignment
from streams.runtime.batch_figures import BatchFigures, figures_of, tell_batch
from streams.runtime.collector import tune_collector
from streams.runtime.commit_thread import CommitThread
from streams.runtime.kafka import ANSWER_SECONDS, as_bytes, consumer_config, read_headers, topic_id, unreachable
from streams.runtime.metrics import Telemetry
from streams.runtime.topics_admin import require_topics
from streams.runtime.transactions import Outbox, Recovery, SendError, exit_error
from streams.stages import topics
from streams.stages.classify import BatchOutput, Context, process_batch, rehearse
from streams.stages.decode import Headers, RawBatch
from streams.stages.dlq_guard import DlqGuard
from streams.stages.spans import idle_is_due
from streams.stages.topics import topic_name
from streams.stages.verdicts import Judging

log = logging.getLogger(__name__)

USED_TOPICS: Final = (
    topics.RAW,
    topics.CLASSIFIED,
    topics.ESCALATIONS,
    topics.DLQ,
    topics.CARE_EVENTS,
    topics.CAPTURE_REPORTS,
)
STOP_SECONDS: Final = 7.0  # of the ten that a stop may take; the rest is for leaving the group
_FAILURES_LIMIT: Final = 5  # in a row
_LAG_INTERVAL_SECONDS: Final = 1.0

# Called as they are: functions around them would take longer than they do. What was consumed has all three.
_partition: Any = Message.partition
_offset: Any = Message.offset
_value: Any = Message.value


class Stopping:
    """Whether, and since when, the worker is asked to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._limit: float | None = None

    def request(self) -> None:
        self._limit = time.monotonic() + STOP_SECONDS
        self._event.set()

    def requested(self) -> bool:
        return self._event.is_set()

    def pause(self, seconds: float) -> None:
        self._event.wait(seconds)

    def deadline(self, seconds: float) -> float:
        """Monotonic time in ``seconds``, or when the stop must be over."""
        usual = time.monotonic() + seconds
        return usual if self._limit is None else min(usual, self._limit)


class ClassifyWorker:
    """One member of the group. ``now_ms`` is the clock that decides which feeds are idle."""

    def __init__(
        self,
        settings: Settings,
        judge: Judging,
        telemetry: Telemetry,
        transactional_id: str,
        stopping: Stopping,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings, self._telemetry, self._stopping, self._now_ms = settings, telemetry, stopping, now_ms
        require_topics(settings, USED_TOPICS)
        topic = topic_name(topics.RAW, settings)
        version = config_version(settings)
        self._context = Context.make(settings, judge, topic, topic_id(settings, topic), version)
        rehearse(self._context)
        self._guard = DlqGuard(settings.classify.dlq_share_limit)
        self._outbox = Outbox(settings, transactional_id, stopping.deadline)
        self._outbox.open()
        self._broker_lost = threading.Event()
        self._failures = 0
        self._lag_due = 0.0
        self._lag_told: set[int] = set()
        self._consumer = Consumer(self._consumer_config())
        self._commits = CommitThread()
        self._committing: BatchFigures | None = None
        self._assignment = Assignment(
            self._consumer, topic, stopping.deadline, now_ms, self._on_assignment, self._settle
        )
        telemetry.set("unheard_model_info", 1, version=judge.version, config=version)

    def run(self) -> None:
        """Work until a stop is requested. Raises UnheardError when it cannot go on."""
        try:
            while not self._stopping.requested():
                self.step()
            self._settle()
        finally:
            self._telemetry.ready(False)
            self._commits.close()
            self._outbox.close()
            self._consumer.close()

    def step(self) -> None:
        """One batch, if there is one."""
        classify = self._settings.classify
        with self._timer("consume"):
            messages = self._assignment.consume(classify.batch_records, classify.batch_wait_ms / 1000)
        self._check_broker()
        self._telemetry.ready(self._assignment.joined)
        states = self._assignment.states
        if messages or idle_is_due(states, self._now_ms(), classify.idle_feed_ms):
            output = process_batch(raw_batch(messages), self._context, states, self._now_ms(), self._timer)
            self._guard.check(output.stats)
            if self._settle():
                self._send(output, messages)
            else:
                self._assignment.rewind()
        elif not self._settle():
            self._assignment.rewind()
        self._tell_lag()

    def positions(self) -> dict[int, int]:
        """The next offset of each partition that is owned and was read."""
        return {partition: state.position for partition, state in self._assignment.states.items()}

    def _send(self, output: BatchOutput, messages: list[Message]) -> None:
        """Send a batch and begin to commit it: that goes on while the next one is read and judged."""
        changed = {p: state for p, state in output.states.items() if state != self._assignment.states.get(p)}
        try:
            with self._timer("produce"):
                self._outbox.send(output)
        except SendError as error:
            self._recover(error)
            self._assignment.rewind()
            return
        offsets, group = self._assignment.offsets(changed), self._consumer.consumer_group_metadata()
        self._commits.start(partial(self._outbox.commit, offsets, group))
        self._committing = figures_of(output, messages)
        self._assignment.states = output.states

    def _settle(self) -> bool:
        """Wait for the commit in flight, if there is one. Without it everything since is forgotten: False says that
        every partition is to be read again from its committed offset."""
        committed, self._committing = self._committing, None
        try:
            seconds = self._commits.finish()
        except SendError as error:
            self._recover(error)
            return False
        if committed is not None and seconds is not None:
            self._failures = 0
            self._telemetry.observe("unheard_stage_duration_seconds", seconds, stage="commit")
            tell_batch(self._telemetry, committed, self._now_ms())
        return True

    def _recover(self, error: SendError) -> None:
        """Abort or start anew."""
        self._telemetry.inc("unheard_transactions_total", result=error.recovery.value)
        if error.recovery is Recovery.EXIT:
            raise exit_error(error)
        self._failures += 1
        if self._failures > _FAILURES_LIMIT:
            raise UnheardError(f"the broker took none of {self._failures} attempts to commit: {error}")
        log.warning("batch not committed, %s: %s", error.recovery.value, error)
        try:
            self._set_right(error.recovery)
        except SendError as worse:
            raise exit_error(worse) from None
        self._stopping.pause(0.1 * self._failures)

    def _set_right(self, recovery: Recovery) -> None:
        if recovery is Recovery.ABORT:
            try:
                self._outbox.abort()
            except SendError as error:
                if error.recovery is Recovery.EXIT:
                    raise
            else:
                return
        self._outbox.close()
        self._outbox.open()

    # ---------------------------------------------------------------- the broker

    def _consumer_config(self) -> dict[str, object]:
        classify = self._settings.classify
        return consumer_config(self._settings, classify.group) | {
            "partition.assignment.strategy": "range,roundrobin",
            "session.timeout.ms": classify.session_timeout_ms,
            "heartbeat.interval.ms": max(100, classify.session_timeout_ms // 4),
            "error_cb": self._on_error,
        }

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._broker_lost.set()

    def _check_broker(self) -> None:
        """After all connections were lost: wait for an answer, but not for ever."""
        if not self._broker_lost.is_set():
            return
        self._broker_lost.clear()
        deadline = self._stopping.deadline(ANSWER_SECONDS)
        while True:
            try:
                self._consumer.list_topics(timeout=1.0)
            except KafkaException as failure:
                if time.monotonic() > deadline:
                    raise unreachable(self._settings, failure.args[0].name()) from None
            else:
                return

    # ---------------------------------------------------------------- metrics

    @contextmanager
    def _timer(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._telemetry.observe("unheard_stage_duration_seconds", time.perf_counter() - began, stage=stage)

    def _on_assignment(self) -> None:
        self._telemetry.inc("unheard_rebalances_total")
        for partition in self._lag_told:
            self._telemetry.forget("unheard_lag_records", topic=topics.RAW, partition=str(partition))
        self._lag_told.clear()

    def _tell_lag(self) -> None:
        if time.monotonic() < self._lag_due:
            return
        self._lag_due = time.monotonic() + _LAG_INTERVAL_SECONDS
        for partition, state in self._assignment.states.items():
            place = TopicPartition(self._context.topic, partition)
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            if end >= 0:
                lag = max(0, end - state.position)
                self._telemetry.set("unheard_lag_records", lag, topic=topics.RAW, partition=str(partition))
                self._lag_told.add(partition)


def raw_batch(messages: list[Message]) -> RawBatch:
    """Messages, sorted by partition, as columns."""

    def extras(row: int) -> tuple[bytes | None, Headers]:
        message = messages[row]
        return as_bytes(message.key()), read_headers(message)

    return RawBatch(
        list(map(_partition, messages)),
        list(map(_offset, messages)),
        list(map(_value, messages)),
        extras,
    )


def unique_transactional_id(settings: Settings, replica: str) -> str:
    """From the replica's name where it has one, which lets a restart abort what it left open; else unique."""
    name = replica or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return f"{settings.topics.prefix}{settings.classify.group}-{name}"


def stop_on_signals(stopping: Stopping) -> None:
    """SIGTERM and SIGINT ask for a stop; a second one ends the process at once."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stopping.requested():
            os._exit(130)
        stopping.request()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def run_classify(settings: Settings, replica: str = "") -> None:
    """One worker from start to stop. Raises UnheardError when it cannot start or go on."""
    stopping = Stopping()
    telemetry = Telemetry()
    port = telemetry.serve(settings.metrics.host, settings.metrics.classify_port)
    log.info("metrics on %s:%d", settings.metrics.host, port)
    try:
        judge = Judge.load(settings.model.path, settings.model.escalation_threshold)
        tune_collector()
        stop_on_signals(stopping)  # until here a signal just ends the process: there is nothing to finish
        identity = unique_transactional_id(settings, replica)
        ClassifyWorker(settings, judge, telemetry, identity, stopping, clock_ms).run()
    finally:
        telemetry.close()
