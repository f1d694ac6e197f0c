"""What a spike does: Twitter's average, then its record for some seconds, then the average again until all is drained.

The backlog is what was due by the schedule and is not committed by classify, so a sender that is behind hides nothing.
Whether anything was missed is asked twice: the capture account itself, and a reader of its own that counts the ids
among the classified records.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from config.settings import Settings
from models.records import FeedRecord
from streams.bench.arrivals import Arrivals, Phase
from streams.bench.await_topics import CommitWatch, await_final
from streams.bench.bench import Bench
from streams.bench.crew import Crew, crew
from streams.bench.load import Filled, make_source
from streams.bench.open_load import LATENESS_MS, LEAD_MS, WARM_UP, observe_load
from streams.bench.own_topics import own_topics
from streams.bench.payloads import Feed
from streams.bench.sender import LoadSender, clock_ms
from streams.bench.sending import SendReport
from streams.bench.sightings import Sightings, first_known
from streams.runtime.kafka import as_bytes, consume_all
from streams.stages.topics import CLASSIFIED, FEEDS, topic_name

AVERAGE_RATE: Final = 5_700.0  # mentions a second: Twitter's average in 2013
RECORD_RATE: Final = 143_199.0  # and its busiest second
_SECONDS: Final = (15.0, 10.0)  # of the average, of the spike
_QUICK_SECONDS: Final = (5.0, 3.0)
_AFTER_SECONDS: Final = 60.0  # of the average, at most, until all is drained
_SETTLED: Final = 0.4  # the share of the first phase after which its backlog counts
_LOOK_SECONDS: Final = 0.2
_SENDERS: Final = 1
_FINAL_SECONDS: Final = 300.0
_SOURCE: Final = "spike"


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """``backlog`` mentions were due and not committed so many ``seconds`` after the spike had ended."""

    seconds: float
    backlog: int


class SpikeReport(msgspec.Struct, frozen=True):
    """``spike_per_second`` is the rate that the senders reached. Times count from the end of the spike: until the
    backlog was no larger than the largest one before it (``drain_seconds``), and until the provisional windows knew
    every mention of it (``windows_seconds``); null: not while the load ran. ``missed_exact`` and ``difference`` are
    the capture account's, ``distinct`` the ids that a reader found classified, ``missed`` those that it did
    not find."""

    average_rate: float
    spike_rate: float
    spike_seconds: float
    spike_per_second: float
    behind_max_ms: float
    senders: int
    sent: int
    missed: int
    missed_exact: int
    difference: int
    distinct: int
    backlog_before: int
    backlog_peak: int
    drain_seconds: float | None
    windows_seconds: float | None
    rss_peak_bytes: dict[str, int]
    samples: tuple[Sample, ...]
    lateness_ms: int


def measure(bench: Bench) -> SpikeReport:
    """One spike. Raises UnheardError when a worker dies."""
    before_s, spike_s = _QUICK_SECONDS if bench.quick else _SECONDS
    phases = (Phase(AVERAGE_RATE, before_s), Phase(RECORD_RATE, spike_s), Phase(AVERAGE_RATE, _AFTER_SECONDS))
    return measure_phases(bench, phases, _SENDERS)


def measure_phases(bench: Bench, phases: tuple[Phase, Phase, Phase], senders: int) -> SpikeReport:
    """``phases``: before the spike, the spike, and after it, which ends as soon as everything is drained."""
    lines = make_source(bench.directory, bench.mentions)
    with own_topics(bench, "spike", rules__lateness_ms=LATENESS_MS) as settings:
        with crew(settings, bench.directory) as workers:
            workers.await_ready()
            observe_load(settings, lines, bench.directory, workers, "warm", WARM_UP)
            bench.say(f"spike: {phases[1].rate:,.0f} a second for {phases[1].seconds:g} s")
            seen = _observe(settings, lines, bench.directory, workers, _shared(phases, senders), senders)
            await_final(settings, _filled(seen.reports, senders), _FINAL_SECONDS, workers.check)
            peaks = {name: used.rss_peak_bytes for name, used in workers.usage().items()}
        return _report(settings, seen, phases, peaks)


def _shared(phases: Sequence[Phase], senders: int) -> tuple[Phase, ...]:
    """What each of several senders sends."""
    return tuple(Phase(phase.rate / senders, phase.seconds) for phase in phases)


def _name(sender: int) -> str:
    return f"{_SOURCE}{sender}"


def _filled(reports: Sequence[SendReport], senders: int) -> Filled:
    sent = sum(report.mentions for report in reports)
    return Filled(sent, sent, sent, 0.0, 0.0, 0.0, tuple(map(_name, range(senders))))


# ---------------------------------------------------------------- while it runs


class _Observed(msgspec.Struct, frozen=True):
    """``backlogs``: (ms since the epoch, mentions); ``known_ms``: when the windows knew all of the spike."""

    arrivals: Arrivals
    reports: tuple[SendReport, ...]
    backlogs: tuple[tuple[float, int], ...]
    known_ms: float


def _observe(
    settings: Settings, lines: Path, directory: Path, workers: Crew, phases: tuple[Phase, ...], senders: int
) -> _Observed:
    partitions = settings.topics.raw_partitions
    feeds = [Feed(_name(sender), _name(sender), partitions) for sender in range(senders)]
    with ExitStack() as stack:
        watch = stack.enter_context(CommitWatch(settings))
        windows = [Sightings(settings, feed.source, windows_only=True) for feed in feeds]
        for reader in windows:
            stack.callback(reader.close)
        started = [stack.enter_context(LoadSender(settings, lines, directory, feed, phases)) for feed in feeds]
        for sender in started:
            sender.await_ready()
        zero = _settled(watch)
        start_ms = int(clock_ms()) + LEAD_MS
        schedules = [sender.go(start_ms) for sender in started]
        arrivals = schedules[0]  # the same for all
        backlogs = _watch(arrivals, senders, watch, zero, windows, workers)
        for sender in started:
            sender.stop()
        reports = tuple(sender.finish() for sender in started)
        known_ms = max(_spike_known_ms(arrivals, reader, settings.rules.window_ms) for reader in windows)
        return _Observed(arrivals, reports, tuple(backlogs), known_ms)


def _settled(watch: CommitWatch) -> int:
    """What is committed once nothing more of the warm-up and the announcements comes."""
    pause, before = threading.Event(), -1
    while (committed := watch.committed()) != before:
        before = committed
        pause.wait(1.0)
    return committed


def _watch(
    arrivals: Arrivals, senders: int, watch: CommitWatch, zero: int, windows: Sequence[Sightings], workers: Crew
) -> list[tuple[float, int]]:
    """Backlogs until it is as small as before the spike and the windows know all of that, or the schedule ends."""
    backlogs: list[tuple[float, int]] = []
    while clock_ms() < arrivals.end_ms:
        look = time.monotonic() + _LOOK_SECONDS
        now_ms = clock_ms()
        backlogs.append((now_ms, senders * arrivals.due_by(now_ms) - (watch.committed() - zero)))
        workers.check()
        while (left := look - time.monotonic()) > 0:
            for reader in windows:
                reader.read(left / len(windows))
        if _is_over(arrivals, backlogs, windows):
            break
    return backlogs


def _is_over(arrivals: Arrivals, backlogs: Sequence[tuple[float, int]], windows: Sequence[Sightings]) -> bool:
    spiked = arrivals.first_of(2)
    known = all(reader.known() >= spiked for reader in windows)
    return known and drained_ms(arrivals, backlogs) is not None


def _spike_known_ms(arrivals: Arrivals, reader: Sightings, window_ms: int) -> float:
    known_ms = first_known(arrivals, reader.rows, window_ms)[: arrivals.first_of(2)]
    return float(np.max(known_ms))


def backlog_before(arrivals: Arrivals, backlogs: Sequence[tuple[float, int]]) -> int:
    """The largest backlog before the spike, once the load had settled."""
    start_ms, spike_ms = arrivals.start_of(0), arrivals.start_of(1)
    settled_ms = start_ms + _SETTLED * (spike_ms - start_ms)
    return max((backlog for at_ms, backlog in backlogs if settled_ms <= at_ms < spike_ms), default=0)


def drained_ms(arrivals: Arrivals, backlogs: Sequence[tuple[float, int]]) -> float | None:
    """When the backlog was first as small as before the spike, after its end."""
    least = backlog_before(arrivals, backlogs)
    return next((at_ms for at_ms, backlog in backlogs if at_ms >= arrivals.start_of(2) and backlog <= least), None)


# ---------------------------------------------------------------- what came of it


def _report(
    settings: Settings, seen: _Observed, phases: tuple[Phase, Phase, Phase], peaks: dict[str, int]
) -> SpikeReport:
    sent, senders = sum(report.mentions for report in seen.reports), len(seen.reports)
    sources = {_name(sender) for sender in range(senders)}
    accounts = [feed for feed in read_feeds(settings).values() if feed.feed in sources]
    distinct, ended_ms = count_ids(settings, sources), seen.arrivals.start_of(2)
    done_ms = drained_ms(seen.arrivals, seen.backlogs)
    return SpikeReport(
        average_rate=phases[0].rate,
        spike_rate=phases[1].rate,
        spike_seconds=phases[1].seconds,
        spike_per_second=round(sum(report.phases[1].per_second for report in seen.reports), 1),
        behind_max_ms=round(max(report.behind.max_ms for report in seen.reports), 1),
        senders=senders,
        sent=sent,
        missed=sent - distinct,
        missed_exact=sum(feed.missed_exact for feed in accounts),
        difference=sum(abs(feed.difference) for feed in accounts),
        distinct=distinct,
        backlog_before=backlog_before(seen.arrivals, seen.backlogs),
        backlog_peak=max(backlog for _, backlog in seen.backlogs),
        drain_seconds=None if done_ms is None else round((done_ms - ended_ms) / 1000, 2),
        windows_seconds=round((seen.known_ms - ended_ms) / 1000, 2) if np.isfinite(seen.known_ms) else None,
        rss_peak_bytes=peaks,
        samples=tuple(Sample(round((at_ms - ended_ms) / 1000, 2), backlog) for at_ms, backlog in seen.backlogs),
        lateness_ms=settings.rules.lateness_ms,
    )


def read_feeds(settings: Settings) -> dict[str, FeedRecord]:
    """The newest account of each feed."""
    newest: dict[str, FeedRecord] = {}
    for message in consume_all(settings, topic_name(FEEDS, settings)):
        value = message.value()
        if value is not None:
            feed = msgspec.json.decode(value, type=FeedRecord)
            newest[feed.feed] = feed
    return newest


def count_ids(settings: Settings, sources: set[str]) -> int:
    """Distinct (source, id) among the classified records of ``sources``, as a reader without a group finds them."""
    prefixes = tuple(f"{source}:".encode() for source in sources)
    ids = set[bytes]()
    for message in consume_all(settings, topic_name(CLASSIFIED, settings)):
        key = as_bytes(message.key()) or b""
        if key.startswith(prefixes):
            ids.add(key.rpartition(b":")[0])
    return len(ids)
