"""Sends the sorted lines of a source: copies, stamps, partitions, pace, announcements."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from models.records import Control, ControlKind
from streams.runtime.outbox import Outbox
from streams.runtime.replay_plan import FeedReport, ReplayPlan, ReplayProgress, ReplayReport
from streams.runtime.replay_source import FeedInfo
from streams.stages.amplify import copied_seq, copy_suffix, fill_template, make_template
from streams.stages.schedule import Pace, Slip
from streams.stages.spread import choose_partition, partition_set
from streams.stages.stamp import EpochSpan, Kind, Placed, broken_stamp, move_time, splice_stamps, stamp_prefix

_WAIT_SECONDS: Final = 0.05  # how long a waiting replay may not look at its producer
_REPORT_SECONDS: Final = 0.25
_HEARTBEAT_SECONDS: Final = 1.0
_CLOCK_EVERY: Final = 256  # lines between two looks at the clock where nothing is paced
_LINES_A_PARTITION: Final = 16  # lines between two looks for quiet partitions, by partition
_CHECKPOINTS: Final = 64  # every so many of those looks all partitions get progress, for a replay that resumes
_NEVER: Final = -(2**62)
_ORIGINAL: Final = [b""]  # the suffixes of a round that copies nothing
_encode: Final = msgspec.json.Encoder().encode


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is fixed before the first line is sent.

    ``reason`` goes with every announcement; ``keep`` are the names that copies share; ``positions``: what an earlier
    run has sent, the last (epoch, seq) by (feed, partition).
    """

    plan: ReplayPlan
    feeds: tuple[FeedInfo, ...]
    spans: tuple[EpochSpan, ...]
    partitions: int
    settle_ms: int
    progress_ms: int  # event time after which a quiet partition is told how far the feed is
    reason: str
    keep: frozenset[str]
    first_ms: int
    positions: Mapping[tuple[str, int], tuple[int, int]]


class _Feed:
    """One feed while it is sent. Lists are by raw partition: the last mark there, the last (epoch, seq) there in this
    run or the one that it resumes, and the same at the last heartbeat. ``epoch`` is -1 until one is open."""

    __slots__ = (
        "epoch", "feed_time_ms", "info", "left", "marks", "partitions", "prefix", "reached", "seen", "seq", "spans",
    )  # fmt: skip

    def __init__(self, info: FeedInfo, job: Job) -> None:
        self.info = info
        self.partitions = partition_set(job.plan.partitions_by, info.name, job.partitions)
        self.marks = [_NEVER] * job.partitions
        self.reached = [job.positions.get((info.name, p), (-1, 0)) for p in range(job.partitions)]
        self.seen = list(self.reached)
        self.spans: list[EpochSpan] = []  # still to be sent, the current one first
        self.epoch, self.left, self.seq = -1, 0, 0
        self.prefix = b""
        self.feed_time_ms = job.first_ms


class Sending:
    """One run of a replay over one or more rounds of the same lines.

    ``clock`` gives seconds, ``stop`` ends the run between two lines. Slipping behind the schedule never makes it skip.
    """

    def __init__(
        self,
        job: Job,
        outbox: Outbox,
        clock: Callable[[], float],
        stop: threading.Event,
        on_progress: Callable[[ReplayProgress], None],
    ) -> None:
        self._job, self._outbox, self._clock, self._stop, self._on_progress = job, outbox, clock, stop, on_progress
        self._plan = job.plan
        self._pace = Pace(speed=job.plan.speed, rate=job.plan.rate)
        self._is_paced, self._resumes = self._pace.is_paced, bool(job.positions)
        self._slip, self._slipped_s = Slip(), 0.0
        self._feeds = [_Feed(info, job) for info in job.feeds]
        self._counts = [0, 0, 0]  # by Kind
        self._sent = self._skipped = self._announced = 0
        self._round, self._shift_ms, self._suffixes = 0, 0, [b""]
        self._started = self._reported = self._beaten = clock()
        self._anchor: tuple[float, int] | None = None
        self.feed_time_ms = job.first_ms
        self._look_every = _LINES_A_PARTITION * job.partitions
        self._until_look, self._until_clock, self._looks = self._look_every, _CLOCK_EVERY, 0

    # ------------------------------------------------------------ rounds

    def send_round(self, lines: Iterable[Placed], number: int, shift_ms: int) -> bool:
        """Announce every epoch of the round, send its lines, end its epochs. False if stopped on the way."""
        self._begin_round(number, shift_ms)
        for placed in lines:
            if not self._send_line(placed):
                break
        return not any(feed.spans for feed in self._feeds)

    def finish_loop(self) -> None:
        """End all feeds where they are: a loop has no other end."""
        for feed in self._feeds:
            if feed.epoch >= 0:
                self._announce_end(feed, feed.seq, final=True)

    def report(self, interrupted: bool) -> ReplayReport:
        elapsed_s = self._clock() - self._started
        mentions, control, broken = self._counts
        return ReplayReport(
            sent=self._sent,
            mentions=mentions,
            control=control,
            broken=broken,
            skipped=self._skipped,
            announcements=self._announced,
            elapsed_s=elapsed_s,
            rate=self._sent / elapsed_s if elapsed_s > 0 else 0.0,
            slip=self._slip.report(),
            feeds=tuple(
                FeedReport(feed=feed.info.name, epoch=feed.epoch, last_seq=feed.seq)
                for feed in self._feeds
                if feed.epoch >= 0
            ),
            interrupted=interrupted,
            resumed=bool(self._job.positions),
        )

    def _begin_round(self, number: int, shift_ms: int) -> None:
        self._round, self._shift_ms = number, shift_ms
        first_copy = number * self._plan.amplify
        self._suffixes = [copy_suffix(self._plan.seed, first_copy + k) for k in range(self._plan.amplify)]
        self.feed_time_ms = self._job.first_ms + shift_ms
        for span in self._job.spans:
            self._feeds[span.feed].spans.append(span)
            self._announce_start(self._feeds[span.feed], span)
        self._outbox.flush()
        for feed in self._feeds:
            feed.feed_time_ms = self.feed_time_ms
            self._open_epoch(feed)

    def _epoch_of(self, feed: _Feed, span: EpochSpan) -> int:
        return span.epoch + self._plan.epoch - 1 + self._round * feed.info.epochs

    def _open_epoch(self, feed: _Feed) -> None:
        """Go on to the feed's next epoch; those of which every line is lost end at once."""
        while feed.spans:
            span = feed.spans[0]
            feed.epoch, feed.left, feed.seq = self._epoch_of(feed, span), span.lines, 0
            feed.prefix = stamp_prefix(feed.info.name, feed.epoch)
            if span.lines:
                return
            self._close_epoch(feed)

    def _close_epoch(self, feed: _Feed) -> None:
        span = feed.spans.pop(0)
        feed.seq = span.last_seq * self._plan.amplify
        self._announce_end(feed, feed.seq, final=not feed.spans and not self._plan.loop)

    # ------------------------------------------------------------ lines

    def _send_line(self, placed: Placed) -> bool:
        """Send all copies of a line; False if stopped before the last or right after it."""
        feed, sent = self._feeds[placed.feed], self._sent
        feed_time_ms = placed.feed_time_ms + self._shift_ms
        if not self._send_copies(placed, feed):
            return False
        self.feed_time_ms = feed.feed_time_ms = feed_time_ms
        feed.left -= 1
        if feed.left == 0:
            self._close_epoch(feed)
            self._open_epoch(feed)
        if self._sent > sent:
            self._look_around(self._sent - sent)
        return not self._stop.is_set()

    def _send_copies(self, placed: Placed, feed: _Feed) -> bool:
        """The first copy of a line is the one that ended a stall; the others come with it."""
        line = placed.line
        if self._suffixes == _ORIGINAL:
            return self._send_copy(feed, placed, placed.seq, line.payload, line.author_crc, placed.silent_ms)
        template, copies = make_template(line, self._job.keep, self._plan.amplify), self._plan.amplify
        for k, suffix in enumerate(self._suffixes):
            payload, author_crc = fill_template(template, suffix)
            seq = copied_seq(placed.seq, copies, k)
            if not self._send_copy(feed, placed, seq, payload, author_crc, 0 if k else placed.silent_ms):
                return False
        return True

    def _send_copy(
        self, feed: _Feed, placed: Placed, seq: int, payload: bytes, author_crc: int, silent_ms: int
    ) -> bool:
        line, plan = placed.line, self._plan
        kind, feed_time_ms = line.kind, placed.feed_time_ms + self._shift_ms
        partition = choose_partition(plan.partitions_by, feed.partitions, kind, author_crc, plan.seed + seq)
        if self._resumes and (feed.epoch, seq) <= feed.reached[partition]:
            self._skipped += 1
            feed.seq = seq
            return True
        if self._is_paced and not self._wait(feed_time_ms):
            return False
        if kind == Kind.BROKEN:
            stamp = broken_stamp(line, feed.info.name, feed.epoch, seq, feed_time_ms, silent_ms)
            self._outbox.send_broken(partition, payload, stamp)
        else:
            if self._shift_ms and line.time_ms:
                payload = move_time(payload, line.time_ms, self._shift_ms)
            self._outbox.send(partition, splice_stamps(payload, feed.prefix, seq, feed_time_ms, silent_ms))
        self._sent += 1
        self._counts[kind] += 1
        feed.marks[partition] = feed_time_ms
        feed.reached[partition] = feed.epoch, seq
        feed.seq = seq
        return True

    # ------------------------------------------------------------ time

    def _wait(self, feed_time_ms: int) -> bool:
        """Return when a line is due; False if stopped before."""
        now = self._clock()
        if self._anchor is None:
            self._anchor = now, feed_time_ms
        since, first_ms = self._anchor
        due = since + self._pace.due_s(self._sent, feed_time_ms - first_ms)
        while now < due:
            if self._stop.wait(min(due - now, _WAIT_SECONDS)):
                return False
            now = self._clock()
            self._outbox.serve()
            passed_ms = first_ms + self._pace.event_ms(now - since)
            self._tick(now, max(self.feed_time_ms, min(passed_ms, feed_time_ms)))
        self._slipped_s = now - due
        self._slip.add(self._slipped_s)
        return True

    def _look_around(self, sent: int) -> None:
        self._until_look -= sent
        if self._until_look <= 0:
            self._until_look = self._look_every
            self._looks += 1
            self._tell_quiet_partitions(self.feed_time_ms, everywhere=self._looks % _CHECKPOINTS == 0)
        self._until_clock -= sent
        if self._until_clock <= 0:
            self._until_clock = _CLOCK_EVERY
            self._tick(self._clock(), self.feed_time_ms)

    def _tick(self, now: float, feed_time_ms: int) -> None:
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            self._on_progress(self._progress(now))
        if now - self._beaten >= _HEARTBEAT_SECONDS:
            self._beaten = now
            self._beat(feed_time_ms)

    def _progress(self, now: float) -> ReplayProgress:
        elapsed_s = now - self._started
        return ReplayProgress(
            sent=self._sent + self._skipped,
            total=sum(span.lines for span in self._job.spans) * self._plan.amplify,
            round=self._round,
            feed_time_ms=self.feed_time_ms,
            elapsed_s=elapsed_s,
            rate=self._sent / elapsed_s if elapsed_s > 0 else 0.0,
            slip_ms=max(0.0, self._slipped_s * 1000),
        )

    # ------------------------------------------------------------ announcements

    def tell_progress(self) -> None:
        """Tell every partition how far the unfinished feeds are and what is the last number there."""
        self._tell_quiet_partitions(self.feed_time_ms, everywhere=True)

    def _tell_quiet_partitions(self, feed_time_ms: int, everywhere: bool) -> None:
        """All lines still to come, of any feed, have at least this feed time."""
        before_ms = feed_time_ms - self._job.progress_ms
        for feed in self._feeds:
            if feed.spans:
                for partition in feed.partitions:
                    if everywhere or feed.marks[partition] <= before_ms:
                        self._announce_progress(feed, partition, feed_time_ms)

    def _beat(self, feed_time_ms: int) -> None:
        """Tell partitions that heard nothing since the last beat, so that none of them seems idle."""
        for feed in self._feeds:
            if feed.spans:
                for partition in feed.partitions:
                    if feed.reached[partition] == feed.seen[partition]:
                        self._announce_progress(feed, partition, feed_time_ms)
                feed.seen = list(feed.reached)

    def _announce_progress(self, feed: _Feed, partition: int, feed_time_ms: int) -> None:
        epoch, last_seq = feed.reached[partition]
        control = Control(
            control=ControlKind.PROGRESS,
            feed=feed.info.name,
            epoch=epoch if epoch >= 0 else feed.epoch,
            feed_time_ms=feed_time_ms,
            source=feed.info.source,
            last_seq=last_seq,
            reason=self._job.reason,
        )
        feed.marks[partition] = feed_time_ms
        self._announce(control, (partition,))

    def _announce_start(self, feed: _Feed, span: EpochSpan) -> None:
        control = Control(
            control=ControlKind.FEED_START,
            feed=feed.info.name,
            epoch=self._epoch_of(feed, span),
            source=feed.info.source,
            partitions=feed.partitions,
            first_seq=copied_seq(span.first_seq, self._plan.amplify, 0),
            reason=self._job.reason,
        )
        self._announce(control, range(self._job.partitions))

    def _announce_end(self, feed: _Feed, last_seq: int, final: bool) -> None:
        control = Control(
            control=ControlKind.END_OF_FEED,
            feed=feed.info.name,
            epoch=feed.epoch,
            feed_time_ms=feed.feed_time_ms,
            source=feed.info.source,
            last_seq=last_seq,
            settle_ms=self._job.settle_ms,
            final=final,
            reason=self._job.reason,
        )
        self._announce(control, range(self._job.partitions))

    def _announce(self, control: Control, partitions: Iterable[int]) -> None:
        value = _encode(control)
        for partition in partitions:
            self._outbox.send(partition, value)
            self._announced += 1
