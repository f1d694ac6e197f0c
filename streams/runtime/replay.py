"""Replay: a file of mentions becomes a feed in ``mentions.raw.v1``.

A first pass reads the whole file, so that a broken one is refused before anything is sent; the second sends.
"""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.errors import UnheardError
from config.settings import Brand, Settings
from streams.formats.detect import detect_format, read_source
from streams.formats.lines import Good, ReadLimits
from streams.runtime.kafka import partition_counts
from streams.runtime.outbox import Outbox
from streams.runtime.replay_plan import (
    FeedReport,
    ReplayPlan,
    ReplayProgress,
    ReplayReport,
    SourceSummary,
    check_plan,
)
from streams.runtime.replay_resume import Found, Wanted, find_traces, gather
from streams.runtime.replay_send import Job, Sending
from streams.runtime.replay_source import ReplaySource, fingerprint
from streams.stages.learn import BrandLearner
from streams.stages.spread import partition_set
from streams.stages.stamp import Silence
from streams.stages.topics import RAW, topic_name

__all__ = ["FeedReport", "Replay", "ReplayPlan", "ReplayProgress", "ReplayReport", "SourceSummary", "learn_brands"]

_RECORD_ROOM: Final = 4_096  # Kafka's own bytes of a record, and the header of a broken line


def _ignore(_: object) -> None:
    """Stands for a listener where there is none."""


class Replay:
    """One replay of one file: :meth:`prepare`, then :meth:`run`, then :meth:`close`.

    ``clock`` paces (monotonic seconds), ``wall_s`` is the time of day (Unix seconds).
    """

    def __init__(
        self,
        plan: ReplayPlan,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        run_items: int = 100_000,
    ) -> None:
        check_plan(plan)
        self._plan, self._settings, self._clock, self._wall_s = plan, settings, clock, wall_s
        rules = settings.rules
        self._silence = Silence(stall_ms=rules.stall_ms, heartbeat_ms=rules.heartbeat_ms)
        self._source = ReplaySource(plan, _limits(settings, wall_s), self._silence, _handles(settings), run_items)
        self._summary: SourceSummary | None = None

    def prepare(self, on_lines: Callable[[int], None] = _ignore) -> SourceSummary:
        """Read and sort the file; ``on_lines`` hears how many lines have been read. Needs no broker.

        Raises UnheardError if the file is missing, empty, damaged or of an unknown format.
        """
        self._summary = self._source.read(on_lines)
        return self._summary

    @property
    def summary(self) -> SourceSummary:
        """What :meth:`prepare` found."""
        if self._summary is None:
            raise RuntimeError("prepare() comes first")
        return self._summary

    @property
    def feeds(self) -> tuple[str, ...]:
        return self.summary.feeds

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The brands that the file teaches beyond the configured ones."""
        return tuple(learned.brand for learned in self.summary.brands)

    @property
    def lines(self) -> int:
        """Lines that a round sends, copies included."""
        return sum(span.lines for span in self._source.spans) * self._plan.amplify

    def run(
        self, on_progress: Callable[[ReplayProgress], None] = _ignore, stop: threading.Event | None = None
    ) -> ReplayReport:
        """Send everything, or until ``stop`` is set; what an interrupted run of the same file and options has sent is
        not sent again.

        Raises UnheardError when the topic is missing or has other partitions than configured, when the feed is in the
        topic already with another content or to its end, or when the broker fails.
        """
        if self._summary is None:
            self.prepare()
        stop = stop or threading.Event()
        topic = topic_name(RAW, self._settings)
        partitions = self._partitions(topic)
        digest = fingerprint(self._plan, self._silence, partitions, self._source.brand_names())
        wanted = self._wanted(partitions)
        found = gather(find_traces(self._settings, topic, partitions, wanted))
        shift_ms = self._check_found(found, digest, wanted)
        outbox = Outbox(self._settings, topic, stop)
        sending = Sending(self._job(partitions, f"{digest} {shift_ms}", found), outbox, self._clock, stop, on_progress)
        is_complete = self._send(sending, shift_ms)
        outbox.flush()
        return sending.report(interrupted=not is_complete)

    def close(self) -> None:
        """Remove temporary files."""
        self._source.close()

    # ------------------------------------------------------------ before the first line

    def _partitions(self, topic: str) -> int:
        count = partition_counts(self._settings).get(topic)
        wanted = self._settings.topics.raw_partitions
        if count is None:
            raise UnheardError(f"there is no topic {topic}: run `unheard topics create`")
        if count != wanted:
            raise UnheardError(f"topic {topic} has {count} partitions, the configuration says {wanted}")
        return count

    def _wanted(self, partitions: int) -> dict[str, Wanted]:
        """What is about to be sent, by feed."""
        epochs: dict[str, set[int]] = {}
        feeds, spread = self._source.feeds(), self._plan.partitions_by
        for span in self._source.spans:
            epochs.setdefault(feeds[span.feed].name, set()).add(span.epoch + self._plan.epoch - 1)
        return {
            feed: Wanted(frozenset(numbers), partition_set(spread, feed, partitions))
            for feed, numbers in epochs.items()
        }

    def _check_found(self, found: Found, digest: str, wanted: dict[str, Wanted]) -> int:
        """The shift of event times in milliseconds: the interrupted run's, or one of our own."""
        if not found.reasons and not found.positions:
            return self._own_shift_ms(0)
        names = ", ".join(self.feeds)
        shift = _shift_of(found.reasons, digest)
        if self._plan.loop or shift is None:
            raise UnheardError(
                f"the topic has feed {names}, epoch {self._plan.epoch}, of another replay already:"
                f" choose another --feed, or --epoch {self._plan.epoch + 1}"
            )
        if all(
            found.ended.get((feed, max(want.epochs)), frozenset()) >= set(want.partitions)
            for feed, want in wanted.items()
        ):
            raise UnheardError(f"feed {names} was replayed to its end already: choose another --feed")
        return shift

    def _job(self, partitions: int, reason: str, found: Found) -> Job:
        settle_ms = self._plan.settle_ms
        return Job(
            plan=self._plan,
            feeds=self._source.feeds(),
            spans=self._source.spans,
            partitions=partitions,
            settle_ms=self._settings.rules.response_horizon_ms if settle_ms is None else settle_ms,
            progress_ms=max(1, self._settings.rules.lateness_ms // 4),
            reason=reason,
            keep=self._source.brand_names(),
            first_ms=self._source.first_ms(),
            positions=found.positions,
        )

    # ------------------------------------------------------------ rounds

    def _send(self, sending: Sending, shift_ms: int) -> bool:
        """False if stopped before the end; a loop has no end but that, which is then its complete one."""
        number = 0
        while sending.send_round(self._source.lines(), number, shift_ms):
            if not self._plan.loop:
                return True
            number += 1
            shift_ms = self._own_shift_ms(sending.feed_time_ms + 1)
        if self._plan.loop:
            sending.finish_loop()
            return True
        sending.tell_progress()
        return False

    def _own_shift_ms(self, earliest_ms: int) -> int:
        """What moves the first line to now, or to ``earliest_ms`` if that is later."""
        if not self._plan.is_shifted:
            return 0
        return max(round(self._wall_s() * 1000), earliest_ms) - self._source.first_ms()


def _shift_of(reasons: frozenset[str], digest: str) -> int | None:
    """The shift that a run of the same file and options announced; None if others announced anything."""
    if len(reasons) != 1:
        return None
    match = re.fullmatch(rf"{digest} (-?\d{{1,16}})", next(iter(reasons)))
    return int(match.group(1)) if match else None


def learn_brands(path: Path, settings: Settings, wall_s: Callable[[], float] = time.time) -> tuple[Brand, ...]:
    """The brands that a file teaches beyond the configured ones, the most talkative first. Raises UnheardError."""
    limits = _limits(settings, wall_s)
    learner = BrandLearner(_handles(settings))
    for line in read_source(path, detect_format(path, limits), limits):
        if isinstance(line, Good) and line.official:
            learner.see(line.mention)
    return tuple(learned.brand for learned in learner.learned())


def _limits(settings: Settings, wall_s: Callable[[], float]) -> ReadLimits:
    return ReadLimits(now_ms=round(wall_s() * 1000), line_bytes=settings.kafka.message_max_bytes - _RECORD_ROOM)


def _handles(settings: Settings) -> set[str]:
    return {handle for brand in settings.brands for handle in (*brand.handles, *brand.bot_handles)}
