"""How long a mention takes from the moment it is due until readers see it, under an open load of a steady rate.

Two readers: one of ``mentions.classified.v1`` that sees committed records only, and one of the provisional windows.
Every latency counts from the schedule (``streams.bench.arrivals``), not from the sending: what a stall of sender,
broker or workers delays is all charged. Event time is that of the schedule; lateness is short, so that the ledger
folds while the load runs instead of five minutes later.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from config.settings import Settings
from streams.bench.arrivals import Phase
from streams.bench.bench import Bench
from streams.bench.crew import Crew, crew
from streams.bench.load import make_source
from streams.bench.open_load import LATENESS_MS, READ_SECONDS, WARM_UP, observe_load
from streams.bench.own_topics import own_topics
from streams.bench.quantiles import Latency, summarise
from streams.bench.sender import LINGER_MS
from streams.bench.topic_bytes import GROW_WITH_TIME, topic_bytes

_RATES: Final = (1_000.0, 5_000.0, 20_000.0, 50_000.0)
_QUICK_RATES: Final = (20_000.0,)
_SECONDS: Final = 30.0
_QUICK_SECONDS: Final = 10.0


class Point(msgspec.Struct, frozen=True):
    """One rate. ``classified``: to the first classified record; ``window``: to the first row of its window that
    knows the mention. ``backlog`` mentions had no classified record when the last one was due. ``behind_ms``: by how
    much the sender itself was behind its schedule, 99 % of its ticks and the worst. What a table shows comes first."""

    rate: float
    sent_per_second: float
    behind_p99_ms: float
    backlog: int
    classified: Latency
    window: Latency
    mentions: int
    seconds: float
    behind_max_ms: float
    cpu_us_per_mention: float


class LatencyReport(msgspec.Struct, frozen=True):
    """By rate, in ascending order, and the settings that latency depends on. ``bytes_per_second``: what the topics
    grew by that grow with time, on the broker's disk, one copy."""

    points: tuple[Point, ...]
    bytes_per_second: dict[str, float]
    batch_wait_ms: int
    batch_records: int
    publish_interval_ms: int
    lateness_ms: int
    linger_ms: int
    reader_wait_ms: float
    classify_workers: int
    care_workers: int


def measure(bench: Bench) -> LatencyReport:
    """All rates, one after the other, through the same workers. Raises UnheardError when one of them dies."""
    rates = _QUICK_RATES if bench.quick else _RATES
    return measure_rates(bench, rates, _QUICK_SECONDS if bench.quick else _SECONDS)


def measure_rates(bench: Bench, rates: tuple[float, ...], seconds: float) -> LatencyReport:
    """``rates`` mentions a second for so many ``seconds`` each."""
    lines = make_source(bench.directory, bench.mentions)
    with own_topics(bench, "latency", rules__lateness_ms=LATENESS_MS) as settings:
        with crew(settings, bench.directory) as workers:
            workers.await_ready()
            observe_load(settings, lines, bench.directory, workers, "warm", WARM_UP)
            before, began = topic_bytes(settings), time.monotonic()
            points = [_point(bench, settings, lines, workers, rate, seconds) for rate in rates]
            live = _growth(before, topic_bytes(settings), time.monotonic() - began)
        return _report(settings, points, live)


def _growth(before: dict[str, int], after: dict[str, int], seconds: float) -> dict[str, float]:
    """Bytes a second of the topics that grow with time; nothing where the broker does not tell."""
    return {name: round((after[name] - before[name]) / seconds, 1) for name in GROW_WITH_TIME if name in after}


def _report(settings: Settings, points: Sequence[Point], live: dict[str, float]) -> LatencyReport:
    return LatencyReport(
        points=tuple(points),
        bytes_per_second=live,
        batch_wait_ms=settings.classify.batch_wait_ms,
        batch_records=settings.classify.batch_records,
        publish_interval_ms=settings.care.publish_interval_ms,
        lateness_ms=settings.rules.lateness_ms,
        linger_ms=LINGER_MS,
        reader_wait_ms=READ_SECONDS * 1000,
        classify_workers=1,
        care_workers=1,
    )


def _point(bench: Bench, settings: Settings, lines: Path, workers: Crew, rate: float, seconds: float) -> Point:
    bench.say(f"latency: {rate:,.0f} a second for {seconds:g} s")
    before = _cpu_seconds(workers)
    seen = observe_load(settings, lines, bench.directory, workers, f"r{rate:.0f}", (Phase(rate, seconds),))
    spent = _cpu_seconds(workers) - before
    sent = seen.report.mentions
    due_ms = seen.arrivals.due_ms(np.arange(sent))
    return Point(
        rate=rate,
        sent_per_second=seen.report.phases[0].per_second,
        behind_p99_ms=round(seen.report.behind.p99_ms, 1),
        backlog=int((seen.classified_ms[:sent] > seen.arrivals.end_ms).sum()),
        classified=summarise(due_ms, seen.classified_ms[:sent], seen.ended_ms),
        window=summarise(due_ms, seen.known_ms[:sent], seen.ended_ms),
        mentions=sent,
        seconds=seconds,
        behind_max_ms=round(seen.report.behind.max_ms, 1),
        cpu_us_per_mention=round(1e6 * spent / max(1, sent), 2),
    )


def _cpu_seconds(workers: Crew) -> float:
    return sum(used.cpu_seconds for used in workers.usage().values())
