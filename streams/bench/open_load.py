"""Sends an open load through running workers and watches when its mentions come out."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from config.settings import Settings
from streams.bench.arrivals import Arrivals, Phase, Times
from streams.bench.crew import Crew
from streams.bench.payloads import Feed
from streams.bench.sender import LoadSender, clock_ms
from streams.bench.sending import SendReport
from streams.bench.sightings import Sightings, first_known

LATENESS_MS: Final = 2_000  # short, so that the ledger folds while the load runs instead of five minutes later
WARM_UP: Final = (Phase(1_000.0, 4.0),)
READ_SECONDS: Final = 0.005  # how long a reader waits for more, which is part of what it measures
LEAD_MS: Final = 300  # between the order to begin and the beginning
_LOOK_SECONDS: Final = 0.5
_DRAIN_SECONDS: Final = 60.0


class Observed(msgspec.Struct, frozen=True):
    """A load and when its mentions came out, in ms since the epoch (infinite: not before ``ended_ms``)."""

    arrivals: Arrivals
    report: SendReport
    classified_ms: Times
    known_ms: Times
    ended_ms: float


def observe_load(
    settings: Settings, lines: Path, directory: Path, workers: Crew, source: str, phases: tuple[Phase, ...]
) -> Observed:
    """Send ``phases`` as a feed of a source of its own, and watch until all has come out or a minute has passed."""
    feed = Feed(source, source, settings.topics.raw_partitions)
    sightings = Sightings(settings, source)
    try:
        with LoadSender(settings, lines, directory, feed, phases) as sender:
            sender.await_ready()
            arrivals = sender.go(int(clock_ms()) + LEAD_MS)
            follow(sightings, workers, sender.is_done)
            report = sender.finish()
        follow(sightings, workers, _is_out(sightings, report.mentions))
        return Observed(
            arrivals,
            report,
            sightings.first_seen(arrivals.total),
            first_known(arrivals, sightings.rows, settings.rules.window_ms),
            clock_ms(),
        )
    finally:
        sightings.close()


def follow(sightings: Sightings, workers: Crew, done: Callable[[], bool]) -> None:
    """Read until ``done()``. Raises UnheardError when a worker dies."""
    look = time.monotonic()
    while not done():
        sightings.read(READ_SECONDS)
        if time.monotonic() >= look:
            look += _LOOK_SECONDS
            workers.check()


def _is_out(sightings: Sightings, sent: int) -> Callable[[], bool]:
    """Whether all of ``sent`` mentions were seen, or the patience for it is over. Looks closely only twice a second."""
    begun = time.monotonic()
    look = begun

    def is_out() -> bool:
        nonlocal look
        now = time.monotonic()
        if now < look:
            return False
        look = now + _LOOK_SECONDS
        enough = sightings.records >= sent and sightings.known() >= sent
        return (enough and bool(np.isfinite(sightings.first_seen(sent)).all())) or now - begun > _DRAIN_SECONDS

    return is_out
