"""The producer of a replay: as many lines as it can take, in order, and no hole in what arrives.

A line that failed while a later one of its partition arrived would be a hole that no resumed replay could see.
So lines never time out one by one: when nothing was delivered for a while, everything that waits is dropped at once.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from config.errors import UnheardError
from config.settings import Settings
from models.records import STAMP_HEADER
from streams.runtime.kafka import producer_config

log = logging.getLogger(__name__)

_STALL_SECONDS: Final = 30.0
_STOPPING_SECONDS: Final = 5.0  # the same for who has been asked to stop
_SERVE_EVERY: Final = 1_000
_SETTINGS: Final = {
    "linger.ms": 20,
    "batch.num.messages": 20_000,
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 131_072,
    "delivery.timeout.ms": 0,  # never, see above
    "enable.gapless.guarantee": True,  # a refused line ends the replay and leaves no hole
    "delivery.report.only.error": True,
}


def _is_no_settings_notice(record: logging.LogRecord) -> bool:
    """The client calls the gapless guarantee experimental on every start; that is no news for who replays a file."""
    return "CONFWARN" not in record.getMessage()


log.addFilter(_is_no_settings_notice)


class Outbox:
    """Sends to the partitions of one topic. Only its bounded queue holds a sender up.

    Every method raises UnheardError once the broker has refused a line or taken none for ``stall_seconds``, 5 seconds
    when ``stop`` is set.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
        stall_seconds: float = _STALL_SECONDS,
    ) -> None:
        self._topic, self._stop, self._clock, self._stall_seconds = topic, stop, clock, stall_seconds
        self._failure: KafkaError | None = None
        self._queued = self._delivered = self._unserved = 0
        self._moved = clock()
        limit = settings.kafka.message_max_bytes  # the topic's, which holds for a whole batch
        own = {
            "message.max.bytes": limit,
            "batch.size": min(1_000_000, limit),
            "on_delivery": self._note_failure,
            "logger": log,
        }
        self._producer = Producer(producer_config(settings) | _SETTINGS | own)

    def send(self, partition: int, value: bytes) -> None:
        """Queue a record."""
        self._unserved += 1
        if self._unserved >= _SERVE_EVERY:
            self.serve()
        try:
            self._producer.produce(self._topic, value, partition=partition)
        except BufferError:
            self._insist(partition, value, [])
        except KafkaException as error:
            raise self._refused(error.args[0]) from None
        self._queued += 1

    def send_broken(self, partition: int, value: bytes, stamp: bytes) -> None:
        """Queue the bytes of a broken line with its stamp as header."""
        self._insist(partition, value, [(STAMP_HEADER, stamp)])
        self._queued += 1

    def _insist(self, partition: int, value: bytes, headers: list[tuple[str, str | bytes | None]]) -> None:
        """Queue a record as soon as there is room."""
        while True:
            try:
                self._producer.produce(self._topic, value, partition=partition, headers=headers)
            except BufferError:
                self.serve(0.05)
            except KafkaException as error:
                raise self._refused(error.args[0]) from None
            else:
                return

    def serve(self, timeout_s: float = 0.0) -> None:
        """Hear what became of earlier lines."""
        self._unserved = 0
        self._producer.poll(timeout_s)
        if self._failure is not None:
            raise self._refused(self._failure)
        self._watch(len(self._producer))

    def flush(self) -> None:
        """Return when the broker has everything."""
        while self._producer.flush(1.0):
            self.serve()
        self.serve()

    def _watch(self, waiting: int) -> None:
        """Give up when lines wait and none moves."""
        now, delivered = self._clock(), self._queued - waiting
        if delivered > self._delivered or not waiting:
            self._delivered, self._moved = delivered, now
            return
        patience = min(self._stall_seconds, _STOPPING_SECONDS) if self._stop.is_set() else self._stall_seconds
        if now - self._moved > patience:
            self._producer.purge()
            raise UnheardError(f"the broker has taken no line for {patience:.0f} s, {waiting:,} wait unsent")

    def _note_failure(self, error: KafkaError | None, _message: object) -> None:
        if error is not None and self._failure is None:
            self._failure = error

    def _refused(self, error: KafkaError) -> UnheardError:
        self._producer.purge()
        return UnheardError(f"the broker does not take the lines: {error.str()}")
