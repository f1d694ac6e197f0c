"""What a replay left in the raw topic, and files to replay."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from confluent_kafka.admin import AdminClient, NewTopic

from config.settings import Settings
from models.records import ANNOUNCEMENTS, STAMP_HEADER, Control, ControlKind, Mention, Stamp
from streams.runtime.kafka import client_config, consume_all
from streams.runtime.replay import Replay, ReplayPlan, ReplayReport
from streams.stages.topics import RAW, topic_name
from tests.formats.samples import own_line, write_lines


def create_raw_topic(settings: Settings) -> None:
    topic = NewTopic(topic_name(RAW, settings), settings.topics.raw_partitions, 1)
    client = AdminClient(client_config(settings))  # must live until the answer is there
    client.create_topics([topic])[topic.topic].result(timeout=20)


class Raw(NamedTuple):
    """One record of the raw topic."""

    partition: int
    value: bytes
    line: Mention | Control | Stamp

    @property
    def is_announcement(self) -> bool:
        return isinstance(self.line, Control) and self.line.control in ANNOUNCEMENTS

    @property
    def number(self) -> tuple[str, int, int]:
        return self.line.feed, self.line.epoch, self.line.seq


def read_raw(settings: Settings) -> list[Raw]:
    """All records, partition by partition in order."""
    records = [
        Raw(message.partition() or 0, message.value() or b"", _decode(message.value() or b"", message.headers()))
        for message in consume_all(settings, topic_name(RAW, settings))
    ]
    return sorted(records, key=lambda raw: raw.partition)


def _decode(value: bytes, headers: Any) -> Mention | Control | Stamp:
    if headers:
        return msgspec.json.decode(dict(headers)[STAMP_HEADER], type=Stamp)
    kind: Any = Control if b'"control"' in value else Mention
    line: Mention | Control = msgspec.json.decode(value, type=kind)
    return line


def source_lines(records: Iterable[Raw]) -> list[Raw]:
    """Without announcements, in the order of feed, epoch and number."""
    return sorted((raw for raw in records if not raw.is_announcement), key=lambda raw: raw.number)


def announcements(records: Iterable[Raw], kind: ControlKind) -> list[tuple[int, Control]]:
    return [(raw.partition, raw.line) for raw in records if isinstance(raw.line, Control) and raw.line.control == kind]


def mentions(records: Iterable[Raw]) -> list[Mention]:
    return [raw.line for raw in source_lines(records) if isinstance(raw.line, Mention)]


class StopAfter(threading.Event):
    """Says stop when asked for the n-th time, so that a run is cut at the same line each time."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self._left = asked

    def is_set(self) -> bool:
        self._left -= 1
        return self._left <= 0


def replay(path: Path, settings: Settings, stop: threading.Event | None = None, **options: Any) -> ReplayReport:
    run_items = options.pop("run_items", 100_000)
    job = Replay(ReplayPlan(file=path, **options), settings, run_items=run_items)
    try:
        return job.run(stop=stop)
    finally:
        job.close()


def plain_file(path: Path, count: int = 60) -> Path:
    """Lines without numbers, the file in disorder, a broken and a control line in the middle."""
    lines: list[str | bytes] = [own_line(number) for number in sorted(range(count), key=lambda n: (n * 7) % count)]
    lines[10:10] = [b"HTTP/1.1 502 Bad Gateway", '{"control":"limit","track":4}']
    return write_lines(path, lines)


def numbered_file(path: Path) -> Path:
    """Two feeds that number their lines: a gap of 3 in ``a``, a second epoch in ``b``, broken lines with and without
    a number, a control line."""
    lines: list[str | bytes] = []
    for n in range(1, 61):
        if n not in (20, 21, 22, 40, 41):
            lines.append(own_line(n, feed="a", epoch=1, seq=n))
        if n == 39:
            lines.append(b"HTTP/1.1 502 Bad Gateway")  # a:40
            lines.append(b'{"id":"caf\\xe9 \xff","feed":"a","epoch":1,"seq":41}')
        if n % 2:
            epoch, seq = (1, n // 2 + 1) if n < 30 else (2, n // 2 - 14)
            lines.append(own_line(n, feed="b", epoch=epoch, seq=seq))
    lines.insert(5, '{"control":"limit","track":9,"feed":"b","epoch":2,"seq":16}')
    return write_lines(path, lines)
