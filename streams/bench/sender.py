"""Sends an open load, in a process of its own: mentions go out when they are due, whatever becomes of them.

The process loads its lines, says that it is ready, is told when to begin, and sends until its schedule or its standard
input ends; then it ends the feed and prints what it has sent and by how much it was behind.
"""

import os
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec
from confluent_kafka import KafkaError, Producer

from config.dump import dump_toml
from config.errors import UnheardError
from config.load import load_settings
from config.settings import Settings
from streams.bench.arrivals import Arrivals, Phase
from streams.bench.children import child_environment
from streams.bench.payloads import Feed, Record, Renderer, brand_names, end_of_feed, feed_start, make_payloads
from streams.bench.sending import Sending, SendReport
from streams.cli import guard
from streams.formats.detect import Format, read_source
from streams.formats.lines import ReadLimits
from streams.runtime import processes
from streams.runtime.collector import tune_collector
from streams.runtime.kafka import producer_config
from streams.stages.topics import RAW, topic_name

LINGER_MS: Final = 5
_QUEUE: Final = 2_000_000  # what the producer may hold while the broker is slow
_QUEUE_KBYTES: Final = 1_500_000
_LINES: Final = 50_000  # of the file, at most: then they come again as copies
_READY: Final = "ready"
_INPUT: Final = 0  # the file descriptor: a stream would be locked by the thread that waits for its end
_FLUSH_SECONDS: Final = 60.0


class SendPlan(msgspec.Struct, frozen=True):
    """``lines``: a file of JSON lines, whose mentions are sent."""

    config: str
    lines: str
    feed: Feed
    phases: tuple[Phase, ...]


# ---------------------------------------------------------------- the process


class _Outlet:
    """The producer. Its queue is so long that only a broker that takes nothing holds the sender up."""

    def __init__(self, settings: Settings) -> None:
        self._topic = topic_name(RAW, settings)
        self._failure: KafkaError | None = None
        own: dict[str, Any] = {
            "linger.ms": LINGER_MS,
            "batch.num.messages": 20_000,
            "queue.buffering.max.messages": _QUEUE,
            "queue.buffering.max.kbytes": _QUEUE_KBYTES,
            "delivery.timeout.ms": 120_000,
            "delivery.report.only.error": True,
            "on_delivery": self._note,
        }
        self._producer = Producer(producer_config(settings) | own)

    def announce(self, value: bytes, partitions: int) -> None:
        for partition in range(partitions):
            self._producer.produce(self._topic, value, partition=partition)
        self.flush()

    def send(self, records: list[Record]) -> None:
        while len(self._producer) + len(records) > _QUEUE:
            self._producer.poll(0.01)
        self._producer.produce_batch(self._topic, records)
        self.serve(0.0)

    def serve(self, wait_ms: float) -> None:
        self._producer.poll(wait_ms / 1000)
        if self._failure is not None:
            raise UnheardError(f"the broker does not take the load: {self._failure.str()}")

    def flush(self) -> None:
        if self._producer.flush(_FLUSH_SECONDS):
            raise UnheardError(f"the broker has not taken the load within {_FLUSH_SECONDS:g} s")
        self.serve(0.0)

    def _note(self, error: KafkaError | None, _message: object) -> None:
        self._failure = self._failure or error


def clock_ms() -> float:
    return time.time_ns() / 1e6


def send(plan: SendPlan) -> None:
    """The whole life of the process."""
    settings = load_settings(Path(plan.config), environ={})
    lines = read_source(Path(plan.lines), Format.JSONL, ReadLimits(now_ms=int(clock_ms())))
    payloads = make_payloads(islice(lines, _LINES), plan.feed.source, brand_names(settings.brands))
    outlet, renderer = _Outlet(settings), Renderer(payloads, plan.feed)
    outlet.announce(feed_start(plan.feed), plan.feed.partitions)
    tune_collector()
    _tell(_READY)
    arrivals = Arrivals(_read_start(), plan.phases)
    stop = _stop_at_end_of_input()
    report = Sending(arrivals, renderer, outlet.send).run(clock_ms, outlet.serve, stop.is_set)
    outlet.flush()
    outlet.announce(end_of_feed(plan.feed, report.mentions, report.last_ms), plan.feed.partitions)
    _tell(msgspec.json.encode(report).decode())


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _read_start() -> int:
    """The time at which to begin, once it is told. Raises UnheardError where it never is."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(_INPUT, 1)
        if not more:
            raise UnheardError("nobody said when to begin")
        line += more
    return int(line)


def _stop_at_end_of_input() -> threading.Event:
    ended = threading.Event()

    def read() -> None:
        while os.read(_INPUT, 64):
            pass
        ended.set()

    threading.Thread(target=read, name="input", daemon=True).start()
    return ended


# ---------------------------------------------------------------- whoever starts it


class LoadSender:
    """A sender of ``phases`` for the length of a block: :meth:`await_ready`, :meth:`go`, :meth:`finish`."""

    def __init__(self, settings: Settings, lines: Path, directory: Path, feed: Feed, phases: tuple[Phase, ...]) -> None:
        self.feed, self.phases = feed, phases
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / f"{feed.name}.toml"
        config.write_text(dump_toml(settings, reveal=True))
        plan = SendPlan(str(config), str(lines), feed, phases)
        with processes.interrupts_held_back():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streams.bench.sender", msgspec.json.encode(plan).decode()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=child_environment(directory),
                start_new_session=True,
                preexec_fn=processes.die_with_parent,  # noqa: PLW1509
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_ready(self) -> None:
        """Until its lines are prepared and its feed is announced."""
        if self._read_line() != _READY:
            raise UnheardError(f"the sender of feed {self.feed.name} did not start")

    def go(self, start_ms: int) -> Arrivals:
        """Begin at ``start_ms``; the schedule that it follows."""
        self._input().write(f"{start_ms}\n")
        self._input().flush()
        return Arrivals(start_ms, self.phases)

    def is_done(self) -> bool:
        """Whether the schedule has ended by itself."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Send no more."""
        if not self._input().closed:
            self._input().close()

    def finish(self) -> SendReport:
        """What it sent, once it has sent it."""
        line = self._read_line()
        if self._process.wait(_FLUSH_SECONDS) or not line:
            raise UnheardError(f"the sender of feed {self.feed.name} failed")
        return msgspec.json.decode(line, type=SendReport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        processes.stop(self._process.pid)
        self._process.wait(_FLUSH_SECONDS)
        self._output().close()

    def _read_line(self) -> str:
        return self._output().readline().strip()

    def _input(self) -> IO[str]:
        if self._process.stdin is None:
            raise UnheardError("the sender has no input")
        return self._process.stdin

    def _output(self) -> IO[str]:
        if self._process.stdout is None:
            raise UnheardError("the sender has no output")
        return self._process.stdout


if __name__ == "__main__":
    sys.exit(guard(lambda: send(msgspec.json.decode(sys.argv[1], type=SendPlan))))
