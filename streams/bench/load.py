"""What the benchmarks feed on: the sample firehose, put into the raw topic by the real replay."""

import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, TopicPartition

from config.dump import dump_toml
from config.errors import UnheardError
from config.settings import Settings
from streams.bench.children import child_environment
from streams.cli.sample import FIREHOSE, write_sample
from streams.runtime.kafka import ANSWER_SECONDS, consumer_config
from streams.stages.topics import RAW, topic_name

SOURCE_MENTIONS: Final = 180_000  # of the sample firehose; more of them are copies with names of their own
_MENTION_SHARE: Final = 0.9  # of its lines, a little less than it is
_FILL_SECONDS: Final = 7_200.0
_TIME: Final = re.compile(rb'"created_at_ms":(\d+)')
_LONGEST_MS: Final = 30 * 86_400_000  # from the middle of the sample, which spans three days
_LOOKED_AT: Final = 5_000  # records whose mean size is told


class Filled(msgspec.Struct, frozen=True):
    """What lies in the raw topic. ``lines`` counts mentions, source controls and broken lines; ``records`` also what
    replay announces. ``bytes_mean`` is of a record's value, before compression. ``event_seconds``: how long all that
    took to happen, ``event_rate_per_second`` mentions a second of it."""

    lines: int
    records: int
    mentions: int
    bytes_mean: float
    event_seconds: float
    event_rate_per_second: float
    feeds: tuple[str, ...]


class _Source(msgspec.Struct):
    mentions: int
    first_ms: int
    last_ms: int
    feeds: tuple[str, ...]


class _Sent(msgspec.Struct):
    sent: int
    mentions: int


class _Report(msgspec.Struct):
    source: _Source
    replay: _Sent


def make_source(directory: Path, mentions: int, span_hours: float | None = None) -> Path:
    """The sample firehose with up to ``SOURCE_MENTIONS``, so many that a whole number of copies makes ``mentions``,
    which :func:`fill` does: texts of real lengths, threads, brands' replies, late, repeated and broken lines. It spans
    three days; with ``span_hours`` all that happened passes in so much time instead. Made once a directory."""
    copies = -(-mentions // SOURCE_MENTIONS)
    lines = round(mentions / copies / _MENTION_SHARE)
    home = directory / f"source-{lines}"
    if not (home / FIREHOSE).exists():
        write_sample(home, lines)
    if span_hours is None:
        return home / FIREHOSE
    squeezed = home / f"{span_hours:g}-hours-{FIREHOSE}"
    if not squeezed.exists():
        squeezed.write_bytes(squeeze((home / FIREHOSE).read_bytes(), span_hours))
    return squeezed


def squeeze(lines: bytes, span_hours: float) -> bytes:
    """The lines with their times moved together, so that the last is ``span_hours`` after the first. Nonsensical
    times stay as they are."""
    times = [int(time) for time in _TIME.findall(lines)]
    middle = statistics.median(times)
    sound = [time for time in times if abs(time - middle) < _LONGEST_MS]
    first = min(sound)
    share = 3_600_000 * span_hours / max(1, max(sound) - first)

    def moved(found: re.Match[bytes]) -> bytes:
        time = int(found[1])
        return b'"created_at_ms":%d' % (first + (time - first) * share if abs(time - middle) < _LONGEST_MS else time)

    return _TIME.sub(moved, lines)


def fill(settings: Settings, source: Path, mentions: int, directory: Path, *, options: tuple[str, ...] = ()) -> Filled:
    """Put at least ``mentions`` mentions into the raw topic as fast as replay can, and end the feeds. ``options`` are
    further ones of ``unheard replay``.

    Raises UnheardError when replay fails.
    """
    copies = -(-mentions // max(1, _mentions_of(source)))
    report = _replay(settings, source, directory, ("--speed", "max", "--amplify", str(copies), *options))
    seconds = (report.source.last_ms - report.source.first_ms) / 1000
    return Filled(
        lines=report.replay.sent,
        records=_records(settings),
        mentions=report.replay.mentions,
        bytes_mean=_mean_bytes(settings),
        event_seconds=seconds,
        event_rate_per_second=round(report.replay.mentions / max(1.0, seconds), 3),
        feeds=report.source.feeds,
    )


def _mentions_of(source: Path) -> int:
    """Lines that are no controls and not broken, which at most a few in a hundred are."""
    with source.open("rb") as file:
        return sum(b'"created_at_ms":' in line for line in file)


def _replay(settings: Settings, source: Path, directory: Path, options: tuple[str, ...]) -> _Report:
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / f"{settings.topics.prefix}replay.toml"
    config.write_text(dump_toml(settings, reveal=True))
    command = [sys.executable, "-m", "streams.cli", "replay", str(source), "--config", str(config), "--json", *options]
    result = subprocess.run(
        command, capture_output=True, timeout=_FILL_SECONDS, env=child_environment(directory), check=False
    )
    if result.returncode:
        words = result.stderr.decode(errors="replace").strip().splitlines()
        raise UnheardError(f"replay failed: {words[-1] if words else 'it said nothing'}")
    return msgspec.json.decode(result.stdout, type=_Report)


def _raw_ends(settings: Settings, consumer: Consumer) -> dict[int, tuple[int, int]]:
    topic = topic_name(RAW, settings)
    places = [TopicPartition(topic, partition) for partition in range(settings.topics.raw_partitions)]
    return {p.partition: consumer.get_watermark_offsets(p, timeout=ANSWER_SECONDS, cached=False) for p in places}


def _records(settings: Settings) -> int:
    consumer = Consumer(_reading(settings))
    try:
        return sum(high - low for low, high in _raw_ends(settings, consumer).values())
    finally:
        consumer.close()


def _mean_bytes(settings: Settings) -> float:
    """Mean size of the first values of all partitions."""
    consumer = Consumer(_reading(settings))
    try:
        topic = topic_name(RAW, settings)
        consumer.assign([TopicPartition(topic, p, 0) for p in range(settings.topics.raw_partitions)])
        sizes = [len(message.value() or b"") for message in consumer.consume(_LOOKED_AT, timeout=5.0)]
    finally:
        consumer.close()
    return round(sum(sizes) / max(1, len(sizes)), 1)


def _reading(settings: Settings) -> dict[str, Any]:
    return consumer_config(settings, f"{settings.topics.prefix}look")
