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

from models.packed import LINE_DTYPE, FeedEnd, FeedLines, FeedPart, FeedStart, LineKind, RawSpan
from streams.stages.feed_epoch import Cut, Epoch, Finding

MAX_EPOCHS: Final = 256  # older ones are closed and summed up; their lines, should any come, are repeats


class FeedAccount(msgspec.Struct):
    """All epochs of one feed. Epochs up to ``retired`` are closed, and ``retired_sent`` lines were in them."""

    feed: str
    source: str = ""
    epochs: dict[int, Epoch] = msgspec.field(default_factory=dict)
    retired: int = -1
    retired_sent: int = 0
    mention_lines: int = 0
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
            mention_lines=self.mention_lines,
            undecided=sum(epoch.undecided for epoch in self.epochs.values()),
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

    def lines(self, lines: FeedLines, partition: int, from_offset: int) -> NDArray[np.int64]:
        """Take in the lines from ``from_offset`` on; the times of the timely mentions among those that are new."""
        self.source = self.source or lines.source
        rows = np.frombuffer(lines.rows, dtype=LINE_DTYPE)
        rows = rows[rows["offset"] >= from_offset]
        is_new = np.zeros(len(rows), dtype=np.bool_)
        for number in np.unique(rows["epoch"]).tolist():
            of_epoch = rows["epoch"] == number
            is_new[of_epoch] = self._count(number, partition, rows[of_epoch])
        rows = rows[is_new]
        if lines.limits or lines.disconnects or lines.stalls:
            self._note(lines, set(zip(rows["epoch"].tolist(), rows["seq"].tolist(), strict=True)))
        times: NDArray[np.int64] = rows["time_ms"][rows["kind"] == LineKind.MENTION]
        return times

    def _note(self, lines: FeedLines, fresh: set[tuple[int, int]]) -> None:
        """Keep what the new lines among ``lines`` say of the feed, until it can be told."""
        for limit in lines.limits:
            if (limit.epoch, limit.seq) in fresh:
                self.epochs[limit.epoch].notices[limit.seq] = limit
        for cut in lines.disconnects:
            if (cut.epoch, cut.seq) in fresh:
                self.epochs[cut.epoch].cuts[cut.seq] = Cut(cut.feed_time_ms)
        for stall in lines.stalls:
            if (stall.epoch, stall.seq) in fresh:
                self.epochs[stall.epoch].stalls[stall.seq] = stall

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
        """Take out what can be decided now, tell of disconnects, and close epochs beyond the bound."""
        found = [finding for number in sorted(self.epochs) for finding in self.epochs[number].settle()]
        closing = sorted(self.epochs)[:-MAX_EPOCHS]
        for number in closing:
            oldest = self.epochs[number]
            oldest.over_in |= oldest.members
            found += oldest.settle()
        found += self._disconnects()
        for number in closing:
            self.retired, self.retired_sent = number, self.retired_sent + self.epochs.pop(number).sent
        for finding in found:
            if finding.exact:
                self.missed_exact += finding.missed
            else:
                self.missed_upstream += finding.missed
        return found

    def _disconnects(self) -> list[Finding]:
        found, newer_ms = list[Finding](), None
        for number in sorted(self.epochs, reverse=True):
            epoch = self.epochs[number]
            found += epoch.disconnects(newer_ms)
            newer_ms = epoch.lowest_ms if epoch.lowest_seq >= 0 else newer_ms
        return found

    def unsettled_ms(self) -> NDArray[np.int64]:
        """Feed times that everything undecided counts under."""
        times = [epoch.unsettled_ms() for epoch in self.epochs.values()]
        return np.concatenate(times) if times else np.empty(0, dtype=np.int64)

    def _count(self, number: int, partition: int, rows: NDArray[np.void]) -> NDArray[np.bool_]:
        """Count the lines of one epoch; which of them were new."""
        epoch = self._epoch(number)
        if epoch is None:
            self.repeats += len(rows)
            return np.zeros(len(rows), dtype=np.bool_)
        times = rows["feed_time_ms"].astype(np.int64)
        fresh = epoch.take(rows["seq"].astype(np.int64), times)
        epoch.reach(partition, int(times.max()))
        self._leave_older(number, partition)
        kinds = np.bincount(rows["kind"][fresh], minlength=len(LineKind)).tolist()
        self.mention_lines += kinds[LineKind.MENTION]
        self.late += kinds[LineKind.LATE]
        self.rejected += kinds[LineKind.REJECTED]
        self.control += kinds[LineKind.CONTROL]
        self.repeats += len(rows) - int(fresh.sum())
        return fresh

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
