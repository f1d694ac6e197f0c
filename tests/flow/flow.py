"""Runs the whole flow with real worker processes and holds its exports against the independent oracle."""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from config.load import load_settings
from config.settings import Settings
from streams.runtime.demo import DemoPlan, DemoProgress, DemoRun, run_flow
from streams.runtime.exporter import Exports, read_exports
from streams.stages.rules import Rules
from tests.oracle.account import OracleAccount, oracle_account
from tests.oracle.classified import LineStamp
from tests.oracle.compare import CASE_KEY, FEED_KEY, GAP_KEY, WINDOW_KEY, differences, flat_window
from tests.oracle.raw import RawLine, decode_raw

Look = Callable[[DemoProgress], None]


def ignore(_: DemoProgress) -> None:
    """Nothing is done while the flow runs."""


@dataclass
class Killing:
    """Kills one worker of each kind with ``kill -9``, once, when a share of the lines has been sent."""

    share: float = 0.5
    killed: list[str] = field(default_factory=list)

    def __call__(self, progress: DemoProgress) -> None:
        due = progress.lines_sent >= self.share * progress.lines_total and progress.open_cases > 0
        if due and not self.killed:
            for name in ("classify-0", "care-0"):
                os.kill(progress.workers[name], signal.SIGKILL)
                self.killed.append(name)


@dataclass(frozen=True)
class Finished:
    """What a run left: its exports, and the raw records as an independent client read them."""

    exports: Exports
    raw: list[RawLine]
    settings: Settings

    def lines(self) -> dict[str, list[bytes]]:
        """The exports as sorted lines by file, without the names of versions and shapes of the run."""
        return {name: sorted(map(msgspec.json.encode, rows)) for name, rows in self.exports.files().items()}

    def oracle(self) -> OracleAccount:
        # Where no row bears a mention's stamp, the newest of its id speaks for it: the row that stands comes last.
        rows = [msgspec.to_builtins(row) for row in (*self.exports.classified.copies, *self.exports.classified)]
        rejected = frozenset(LineStamp(row.feed, row.epoch, row.seq) for row in self.exports.dlq)
        return oracle_account(self.raw, rows, Rules.from_settings(self.settings), rejected)


def flow_settings(bootstrap: str, **overrides: Any) -> Settings:
    """Settings of a small flow on ``bootstrap``; ``overrides`` as in ``load_settings`` with ``__`` for dots."""
    own: dict[str, Any] = {
        "kafka.bootstrap_servers": bootstrap,
        "topics.raw_partitions": 2,
        "topics.care_partitions": 2,
        "care.session_timeout_ms": 6000,
        "classify.session_timeout_ms": 6000,
    }
    return load_settings(environ={}, overrides=own | {k.replace("__", "."): v for k, v in overrides.items()})


def finish_flow(plan: DemoPlan, settings: Settings, look: Look = ignore) -> Finished:
    with run_flow(plan, settings, look) as run:
        return Finished(read_exports(run.settings), read_raw(run), run.settings)


def read_raw(run: DemoRun) -> list[RawLine]:
    """All of the raw topic, by kafka-python."""
    topics = run.settings.topics
    consumer = KafkaConsumer(bootstrap_servers=run.settings.kafka.bootstrap_servers)
    places = [TopicPartition(f"{topics.prefix}mentions.raw.v1", p) for p in range(topics.raw_partitions)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    consumer.seek_to_beginning()
    lines: list[RawLine] = []
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=500).values():
            lines += [decode_raw(r.partition, r.value, dict(r.headers)) for r in records]
    consumer.close()
    return lines


def oracle_differences(run: Finished) -> list[str]:
    """Every difference between the run and the oracle; empty when they agree to the record."""
    oracle, exports = run.oracle(), run.exports
    actual = {name: [msgspec.to_builtins(row) for row in rows] for name, rows in exports.files().items()}
    return [
        *oracle.problems,
        *differences(oracle.cases, actual["cases.jsonl"], CASE_KEY),
        *differences(oracle.windows, map(flat_window, actual["windows.jsonl"]), WINDOW_KEY),
        *differences(oracle.gaps, actual["gaps.jsonl"], GAP_KEY),
        *differences(oracle.feeds, [msgspec.to_builtins(feed) for feed in exports.meta.feeds], FEED_KEY),
    ]


def sample_file(directory: Path, lines: int) -> Path:
    """A small sample firehose."""
    from streams.cli.sample import FIREHOSE, write_sample

    write_sample(directory, lines)
    return directory / FIREHOSE


def minute_of(file: Path, directory: Path) -> Path:
    """The lines of the minute of event time in which most of them are, as a file of its own."""
    times: dict[bytes, int] = {}
    for line in file.read_bytes().splitlines():
        found = re.search(rb'"created_at_ms":(\d+)', line)
        if found:
            times[line] = int(found[1])
    minutes = Counter(time_ms // 60_000 for time_ms in times.values())
    busiest = minutes.most_common(1)[0][0]
    chosen = [line for line, time_ms in times.items() if time_ms // 60_000 == busiest]
    return _written(directory / "minute.jsonl", chosen)


def with_repeats(file: Path, directory: Path) -> Path:
    """The file with every seventh line delivered twice, the second time some lines later."""
    lines = file.read_bytes().splitlines()
    again = [(at + 5, line) for at, line in enumerate(lines) if at % 7 == 0]
    ordered = sorted([*enumerate(lines), *again], key=lambda entry: entry[0])
    return _written(directory / "repeats.jsonl", [line for _, line in ordered])


def with_a_second_feed(file: Path, directory: Path) -> Path:
    """The file with everything that feed ``a`` brings brought by feed ``z`` as well."""
    lines = file.read_bytes().splitlines()
    own = re.compile(rb'"feed":"a"')
    return _written(
        directory / "second.jsonl", [copy for line in lines for copy in {line: 0, own.sub(b'"feed":"z"', line): 0}]
    )


def without_numbers(file: Path, directory: Path) -> Path:
    """The mentions of feed ``a`` as a source without numbers and controls would bring them, each once."""
    lines = [line for line in file.read_bytes().splitlines() if b'"feed":"a"' in line and b'"created_at_ms"' in line]
    stamps = re.compile(rb',"feed":"a","epoch":\d+,"seq":\d+')
    return _written(directory / "plain.jsonl", [stamps.sub(b"", line) for line in lines])


def _written(file: Path, lines: Iterable[bytes]) -> Path:
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file
