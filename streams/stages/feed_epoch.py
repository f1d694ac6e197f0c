"""One numbering of a feed: which numbers came, which never will, where it stood still and how it ended."""

from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import Limit, Stall
from streams.stages.intervals import IntervalSet
from streams.stages.limits import withheld_since
from streams.stages.watermark import FOREVER, UNSET


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
    estimated: int | None = None


class Cut(msgspec.Struct):
    """Where a connection ended, or said that it would; ``told`` is what was published of it last."""

    time_ms: int
    told: Finding | None = None


class Epoch(msgspec.Struct):
    """One numbering of a feed. ``first_seq`` is 0 while unannounced, ``last_seq`` 0 before the end-of-feed.

    ``passed_ms`` is the largest feed time of this epoch by raw partition, ``begun_in`` where its start was read,
    ``over_in`` where it has ended, ``notices`` are limit notices by number that still wait for their turn,
    ``counters`` what the earlier ones left open. ``lowest_seq`` is the lowest number that came (-1: none did),
    ``stalls`` by number wait until it is certain, ``cuts`` are the disconnects that can still change.
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
    lowest_seq: int = -1
    lowest_ms: int = 0
    stalls: dict[int, Stall] = msgspec.field(default_factory=dict)
    cuts: dict[int, Cut] = msgspec.field(default_factory=dict)

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

    @property
    def undecided(self) -> int:
        """Numbers from the first to the last known one that neither came nor are confirmed missing."""
        if not self.seen:
            return self.sent
        holes = self.seen.holes()
        head = max(0, self.seen.first - self.first_seq) if self.first_seq else 0
        tail = max(0, self.last_seq - self.seen.last)
        return head + int((holes.to_seq - holes.from_seq + 1).sum()) + tail

    def take(self, seqs: NDArray[np.int64], times_ms: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take in the lines of these numbers; which of them are new."""
        self.seen, fresh = self.seen.add(seqs, times_ms)
        if fresh.any():
            seqs, times_ms = seqs[fresh], times_ms[fresh]
            at = int(seqs.argmin())
            if self.lowest_seq < 0 or seqs[at] < self.lowest_seq:
                self.lowest_seq, self.lowest_ms = int(seqs[at]), int(times_ms[at])
        return fresh

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
        yield from self._settle_stalls(passed)

    def disconnects(self, newer_ms: int | None) -> Iterator[Finding]:
        """The disconnects of which there is news. ``newer_ms`` is the feed time of the lowest line of the epoch that
        followed, None as long as none did.

        A notice is told at once, so that nobody waits for the reconnect to hear of it; where it is the last one, again
        with what is known since. A connection that ended without a word is told when its last number is certain.
        """
        if not self.cuts and (newer_ms is None or self.lowest_seq < 0):
            return
        passed = self.passed_by_all_ms
        if not self.cuts and passed == FOREVER:
            self.cuts[self.seen.last] = Cut(self.seen.last_ms)
        last = max(self.cuts, default=0)
        for seq in sorted(self.cuts):
            cut = self.cuts[seq]
            to_ms = max(cut.time_ms, newer_ms) if seq == last and newer_ms is not None else cut.time_ms
            finding = self._standstill("disconnect", seq, cut.time_ms, to_ms)
            if finding != cut.told:
                cut.told = finding
                yield finding
            if seq < last and cut.time_ms < passed:
                del self.cuts[seq]

    def unsettled_ms(self) -> NDArray[np.int64]:
        """Feed times that undecided gaps and notices count under, and a gap that the next line may show: also of an
        older epoch, for another raw partition may still be in it."""
        times = [limit.feed_time_ms for limit in self.notices.values()]
        if self.seen and 0 < self.first_seq < self.seen.first:
            times.append(self.seen.first_ms)
        if self.seen and not self.over:
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

    def _settle_stalls(self, passed: int) -> Iterator[Finding]:
        """Once no lower number can come, the lines before a stall are known."""
        for seq in sorted(self.stalls):
            stall = self.stalls[seq]
            if stall.feed_time_ms < passed:
                del self.stalls[seq]
                yield self._standstill("stall", seq, stall.feed_time_ms - stall.silent_ms, stall.feed_time_ms)

    def _standstill(self, cause: str, seq: int, from_ms: int, to_ms: int) -> Finding:
        """A time in which nothing came. What it would have brought is estimated at the epoch's mean rate before it."""
        lines, took_ms = seq - self.lowest_seq, from_ms - self.lowest_ms
        estimated = lines * (to_ms - from_ms) // took_ms if took_ms > 0 else None
        return Finding(self.number, cause, False, seq, seq, from_ms, to_ms, 0, estimated)

    def _missing(self, from_seq: int, to_seq: int, from_ms: int, to_ms: int) -> Finding:
        return Finding(self.number, "sequence", True, from_seq, to_seq, from_ms, to_ms, to_seq - from_seq + 1)
