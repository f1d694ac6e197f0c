"""Sends what folds put out, and returns when the broker has it all."""

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, Producer

from config.errors import UnheardError
from streams.runtime.metrics import Telemetry
from streams.stages.fold import Output

log = logging.getLogger(__name__)

_BY_KEY: Final = -1  # librdkafka: let the partitioner choose


class LoopWatch:
    """Notices that this process stood still. After a pause longer than the session timeout another worker owns the
    partitions; whoever wakes up must not send anything any more."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._seen = time.monotonic()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            self.beat()
            await asyncio.sleep(self._limit_seconds / 20)

    def beat(self) -> None:
        """Call it before anything is sent. Raises UnheardError if the last beat is too long ago."""
        now = time.monotonic()
        gap, self._seen = now - self._seen, now
        if gap > self._limit_seconds:
            raise UnheardError(f"this worker stood still for {gap:.1f} s, longer than its session: it must start anew")


class OutputSender:
    """An idempotent producer (``config`` as of ``kafka.producer_config``) with awaited delivery."""

    def __init__(
        self, config: dict[str, Any], prefix: str, telemetry: Telemetry, watch: LoopWatch, timeout_seconds: float = 30
    ) -> None:
        self._producer = Producer({**config, "linger.ms": 2, "delivery.report.only.error": True})
        self._prefix, self._telemetry, self._watch = prefix, telemetry, watch
        self._timeout_seconds = timeout_seconds
        self._lock = asyncio.Lock()
        self._errors: list[KafkaError] = []

    def check_loop(self) -> None:
        self._watch.beat()

    async def send(self, outputs: Sequence[Output]) -> None:
        """Send phase by phase, each acknowledged before the next. Raises UnheardError if the broker refuses."""
        if not outputs:
            return
        async with self._lock:
            for _, phase in itertools.groupby(sorted(outputs, key=_phase), key=_phase):
                self.check_loop()
                await self._send_phase(list(phase))

    async def _send_phase(self, outputs: list[Output]) -> None:
        for output in outputs:
            self._produce(output)
        for topic, count in Counter([output.topic for output in outputs]).items():
            self._telemetry.inc("unheard_records_out_total", count, topic=topic)
        left = await asyncio.get_running_loop().run_in_executor(None, self._producer.flush, self._timeout_seconds)
        if left or self._errors:
            reason = str(self._errors[0]) if self._errors else f"{left} records unacknowledged"
            raise UnheardError(f"the broker did not take the outputs: {reason}")

    def _produce(self, output: Output) -> None:
        partition = _BY_KEY if output.partition is None else output.partition
        topic = self._prefix + output.topic
        while True:
            try:
                self._producer.produce(topic, output.value, output.key, partition, on_delivery=self._delivered)
                break
            except BufferError:
                self._producer.poll(0.1)

    def _delivered(self, error: KafkaError | None, _message: Any) -> None:
        if error is not None:
            self._errors.append(error)


def _phase(output: Output) -> int:
    return output.phase
