"""The capture account of one feed: which numbers came, which never will, and what the source says it withheld.

The epochs of a feed follow one another; connections that run in parallel are feeds of their own. Within an epoch a
raw partition holds ascending numbers, so a number is missing for good once every raw partition has gone beyond the
feed time of the line after it, or has seen the epoch's end or the start of a newer epoch.

A number that comes after its gap was confirmed, against that order, is treated as a repeat: it stays missed here,
and the conservation difference shows it when care counts it as received.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.records import (
    LINE_DTYPE,
    FeedEnd,
    FeedLines,
    FeedPart,
    FeedStart,
    Limit,
    LineKind,
    RawSpan,
)
from streams.stages.intervals import IntervalSet
from streams.stages.limits import withheld_since
from streams.stages.watermark import FOREVER, UNSET

MAX_EPOCHS: Final = 256  # older ones are closed and summed up; their lines, should any come, are repeats


class Finding(msgspec.Struct, frozen=True):
    """Something that the feed did not deliver; fields as in ``models.records.GapRecord``."""

    epoch: int
    cause: str
    exact: bool
    from_seq: int
    to_seq: int
    from_ms: int
    to_ms: int
    missed: int


class Epoch(msgspec.Struct):
    """One numbering of a feed. ``first_seq`` is 0 while unannounced, ``last_seq`` 0 before the end-of-feed.

    ``passed_ms`` is the largest feed time of this epoch by raw partition, ``begun_in`` where its start was read,
    ``over_in`` where it has ended, ``notices`` are limit notices by number that still wait for their turn,
    ``counters`` what the earlier ones left open.
    """

    number: int
    first_seq: int = 0
    last_seq: int = 0
    end_ms: int = 0
    final: bool = False
    partitions: set[int] = msgspec.field(default_factory=set)
    begun_in: set[int] = msgspec.field(default_factory=set)
    over_in: set[int] = msgspec.field(default_factory=set)
    passed_ms: dict[int, int] = msgspec.field(default_factory=dict)
    seen: IntervalSet = IntervalSet()
    counters: tuple[int, ...] = ()
    notices: dict[int, Limit] = msgspec.field(default_factory=dict)

    @property
    def members(self) -> set[int]:
        """Raw partitions that the epoch uses; without an announcement those that it was seen in."""
        return self.partitions or self.passed_ms.keys() | self.over_in

    @property
    def passed_by_all_ms(self) -> int:
        """The feed time that every raw partition has reached; ``FOREVER`` once nothing more can come."""
        times = [FOREVER if p in self.over_in else self.passed_ms.get(p, UNSET) for p in self.members]
        return min(times, default=UNSET)

    @property
    def over(self) -> bool:
        return self.passed_by_all_ms == FOREVER

    @property
    def sent(self) -> int:
        """How many lines the source numbered: up to the announced last one, else up to the highest seen."""
        if not self.seen:
            return max(0, self.last_seq - max(self.first_seq, 1) + 1)
        first = min(self.first_seq or self.seen.first, self.seen.first)
        return max(self.last_seq, self.seen.last) - first + 1

    def reach(self, partition: int, time_ms: int) -> None:
        self.passed_ms[partition] = max(self.passed_ms.get(partition, UNSET), time_ms)

    def settle(self) -> Iterator[Finding]:
        """Take out what can be decided now."""
        passed = self.passed_by_all_ms
        if passed == UNSET:
            return
        yield from self._settle_holes(passed)
        yield from self._settle_edges(passed)
        yield from self._settle_notices(passed)

    def unsettled_ms(self, *, tail: bool) -> NDArray[np.int64]:
        """Feed times that undecided gaps and notices count under; ``tail``: and a gap that the next line may show."""
        times = [limit.feed_time_ms for limit in self.notices.values()]
        if self.seen and 0 < self.first_seq < self.seen.first:
            times.append(self.seen.first_ms)
        if self.seen and tail and not self.over:
            times.append(self.seen.last_ms)
        return np.concatenate([self.seen.holes().from_ms, np.array(times, dtype=np.int64)])

    def _settle_holes(self, passed: int) -> Iterator[Finding]:
        if len(self.seen) < 2:
            return
        holes = self.seen.holes()
        ready = holes.to_ms < passed
        columns = (holes.from_seq[ready], holes.to_seq[ready], holes.from_ms[ready], holes.to_ms[ready])
        self.seen = self.seen.fill(ready)
        for from_seq, to_seq, from_ms, to_ms in zip(*(column.tolist() for column in columns), strict=True):
            yield self._missing(from_seq, to_seq, from_ms, to_ms)

    def _settle_edges(self, passed: int) -> Iterator[Finding]:
        """Numbers before the first line (they count at its time, having no predecessor) and after the last one."""
        if not self.seen:
            first = max(self.first_seq, 1)
            if passed == FOREVER and self.last_seq >= first:
                self.seen = IntervalSet.single(first, self.last_seq, self.end_ms)
                yield self._missing(first, self.last_seq, self.end_ms, self.end_ms)
            return
        seen, end_ms = self.seen, max(self.end_ms, self.seen.last_ms)
        if 0 < self.first_seq < seen.first and seen.first_ms < passed:
            yield self._missing(self.first_seq, seen.first - 1, seen.first_ms, seen.first_ms)
            self.seen = self.seen.reach(self.first_seq, seen.last, end_ms)
        if passed == FOREVER and self.last_seq > seen.last:
            yield self._missing(seen.last + 1, self.last_seq, seen.last_ms, end_ms)
            self.seen = self.seen.reach(seen.first, self.last_seq, end_ms)

    def _settle_notices(self, passed: int) -> Iterator[Finding]:
        for seq in sorted(self.notices):
            limit = self.notices[seq]
            if limit.feed_time_ms >= passed:
                return
            del self.notices[seq]
            self.counters, missed = withheld_since(self.counters, limit.track)
            if missed:
                at_ms = limit.feed_time_ms
                yield Finding(self.number, "limit", False, seq, seq, at_ms, at_ms, missed)

    def _missing(self, from_seq: int, to_seq: int, from_ms: int, to_ms: int) -> Finding:
        return Finding(self.number, "sequence", True, from_seq, to_seq, from_ms, to_ms, to_seq - from_seq + 1)


class FeedAccount(msgspec.Struct):
    """All epochs of one feed. Epochs up to ``retired`` are closed, and ``retired_sent`` lines were in them."""

    feed: str
    source: str = ""
    epochs: dict[int, Epoch] = msgspec.field(default_factory=dict)
    retired: int = -1
    retired_sent: int = 0
    late: int = 0
    rejected: int = 0
    control: int = 0
    missed_exact: int = 0
    missed_upstream: int = 0
    repeats: int = 0

    @property
    def ended(self) -> bool:
        """The newest epoch is the last one, and nothing of it can come any more."""
        if not self.epochs:
            return False
        newest = self.epochs[max(self.epochs)]
        return newest.final and newest.over

    @property
    def end_ms(self) -> int:
        return max((epoch.end_ms for epoch in self.epochs.values() if epoch.final), default=0)

    @property
    def part(self) -> FeedPart:
        return FeedPart(
            feed=self.feed,
            source=self.source,
            sent=self.retired_sent + sum(epoch.sent for epoch in self.epochs.values()),
            late=self.late,
            rejected=self.rejected,
            control=self.control,
            missed_exact=self.missed_exact,
            missed_upstream=self.missed_upstream,
            ended=self.ended,
            end_ms=self.end_ms,
        )

    def start(self, start: FeedStart, partition: int) -> None:
        self.source = self.source or start.source
        epoch = self._epoch(start.epoch)
        if epoch is None:
            return
        epoch.first_seq = min(epoch.first_seq or start.first_seq, start.first_seq)
        epoch.partitions |= set(start.partitions)
        epoch.begun_in.add(partition)

    def end(self, end: FeedEnd, partition: int) -> None:
        epoch = self._epoch(end.epoch)
        if epoch is None:
            return
        epoch.over_in.add(partition)
        self._leave_older(end.epoch, partition)
        epoch.last_seq = max(epoch.last_seq, end.last_seq)
        epoch.end_ms = max(epoch.end_ms, end.feed_time_ms)
        epoch.final = epoch.final or end.final

    def lines(self, lines: FeedLines, partition: int, from_offset: int) -> list[Finding]:
        """Take in the lines from ``from_offset`` on; the cuts among them that the source announced."""
        self.source = self.source or lines.source
        rows = np.frombuffer(lines.rows, dtype=LINE_DTYPE)
        rows = rows[rows["offset"] >= from_offset]
        wanted = {limit.seq for limit in lines.limits} | {cut.seq for cut in lines.disconnects}
        fresh = set[tuple[int, int]]()
        for number in np.unique(rows["epoch"]).tolist():
            seqs = self._count(number, partition, rows[rows["epoch"] == number])
            fresh |= {(number, seq) for seq in wanted & set(seqs.tolist())} if wanted else set()
        for limit in lines.limits:
            if (limit.epoch, limit.seq) in fresh:
                self.epochs[limit.epoch].notices[limit.seq] = limit
        return [
            Finding(cut.epoch, "disconnect", False, cut.seq, cut.seq, cut.feed_time_ms, cut.feed_time_ms, 0)
            for cut in {(cut.epoch, cut.seq): cut for cut in lines.disconnects}.values()
            if (cut.epoch, cut.seq) in fresh
        ]

    def marks(self, span: RawSpan) -> None:
        """Use what the span says about event time. It holds for every epoch that has begun in the raw partition,
        because a feed's time never goes back from one to the next; a span with an announcement may be the exception
        (a file replayed again), so that one says nothing."""
        if any(start.feed == self.feed for start in span.starts):
            return
        for mark in span.marks:
            if mark.feed == self.feed:
                for epoch in self.epochs.values():
                    if span.partition in epoch.begun_in:
                        epoch.reach(span.partition, mark.feed_time_ms)

    def settle(self) -> list[Finding]:
        """Take out what can be decided now, and close epochs beyond the bound."""
        found = [finding for number in sorted(self.epochs) for finding in self.epochs[number].settle()]
        while len(self.epochs) > MAX_EPOCHS:
            oldest = self.epochs.pop(min(self.epochs))
            oldest.over_in |= oldest.members
            found += oldest.settle()
            self.retired, self.retired_sent = oldest.number, self.retired_sent + oldest.sent
        for finding in found:
            if finding.exact:
                self.missed_exact += finding.missed
            else:
                self.missed_upstream += finding.missed
        return found

    def unsettled_ms(self) -> NDArray[np.int64]:
        """Feed times that everything undecided counts under."""
        newest = max(self.epochs, default=-1)
        times = [epoch.unsettled_ms(tail=number == newest) for number, epoch in self.epochs.items()]
        return np.concatenate(times) if times else np.empty(0, dtype=np.int64)

    def _count(self, number: int, partition: int, rows: NDArray[np.void]) -> NDArray[np.int64]:
        """Count the lines of one epoch; the numbers among them that were new."""
        epoch = self._epoch(number)
        if epoch is None:
            self.repeats += len(rows)
            return np.empty(0, dtype=np.int64)
        seqs, times = rows["seq"].astype(np.int64), rows["feed_time_ms"].astype(np.int64)
        epoch.seen, fresh = epoch.seen.add(seqs, times)
        epoch.reach(partition, int(times.max()))
        self._leave_older(number, partition)
        kinds = np.bincount(rows["kind"][fresh], minlength=len(LineKind)).tolist()
        self.late += kinds[LineKind.LATE]
        self.rejected += kinds[LineKind.REJECTED]
        self.control += kinds[LineKind.CONTROL]
        self.repeats += len(rows) - int(fresh.sum())
        return seqs[fresh]

    def _leave_older(self, number: int, partition: int) -> None:
        """A line or the end of epoch ``number`` in a raw partition ends every older epoch there. Its start does not: a
        source that knows its epochs beforehand announces them all at once."""
        for older in self.epochs.values():
            if older.number < number:
                older.over_in.add(partition)

    def _epoch(self, number: int) -> Epoch | None:
        """The epoch, new if need be; None for a closed one."""
        if number <= self.retired:
            return None
        return self.epochs.setdefault(number, Epoch(number))


def announcements(span: RawSpan, feed: str) -> Iterator[FeedStart | FeedEnd]:
    """What ``span`` announces of ``feed``, starts before ends."""
    yield from (start for start in span.starts if start.feed == feed)
    yield from (end for end in span.ends if end.feed == feed)
