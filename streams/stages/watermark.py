"""Two clocks of a worker partition: how far each raw partition was read, and how far event time has come.

Both are plain state that travels in snapshots (``msgspec.to_builtins``, ``snapshot.dump_chunks``).
"""

from typing import Final

import msgspec

from models.packed import FeedEnd, FeedMark, FeedStart, RawSpan
from streams.stages.fold import BlockError

UNSET: Final = -(2**62)  # earlier than any time: nothing is known yet
FOREVER: Final = 2**62  # later than any time: nothing more can come


class Marks(msgspec.Struct):
    """The next raw offset to expect, per topic id and raw partition. A recreated topic (new id) starts anew."""

    expected: dict[str, dict[int, int]] = msgspec.field(default_factory=dict)

    def cut(self, span: RawSpan) -> int | None:
        """Accept ``span``: its rows below the returned offset were seen before; None: skip it whole.

        Raises BlockError when records between the mark and the span are missing.
        """
        marks = self.expected.setdefault(span.topic_id, {})
        mark = marks.get(span.partition, span.from_offset)
        if span.from_offset > mark:
            place = f"raw partition {span.partition} of topic {span.topic_id}"
            raise BlockError(f"{place}: offsets {mark} to {span.from_offset - 1} are missing")
        if span.to_offset < mark or span.from_offset < span.to_offset == mark:
            return None
        marks[span.partition] = span.to_offset
        return mark


class FeedClock(msgspec.Struct):
    """Event time of one feed. ``sets`` are the raw partitions announced per epoch, ``times`` the largest feed time
    seen in a raw partition, ``done`` the newest epoch that is over there, ``finals`` what the final end-of-feed said
    there: (epoch, feed time + settling time). ``announced`` is false for a feed known by its records alone."""

    source: str = ""
    announced: bool = False
    sets: dict[int, frozenset[int]] = msgspec.field(default_factory=dict)
    times: dict[int, int] = msgspec.field(default_factory=dict)
    done: dict[int, int] = msgspec.field(default_factory=dict)
    finals: dict[int, tuple[int, int]] = msgspec.field(default_factory=dict)
    idle: set[int] = msgspec.field(default_factory=set)

    @property
    def epoch(self) -> int:
        return max(self.sets, default=0)

    @property
    def ended(self) -> bool:
        """Every raw partition of the newest epoch's set has seen that epoch's final end."""
        epoch = self.epoch
        members = self.sets.get(epoch, frozenset())
        return bool(members) and all(self.finals.get(p, (UNSET, 0))[0] >= epoch for p in members)

    def epoch_ended(self, epoch: int) -> bool:
        """No number of ``epoch`` can come any more."""
        if epoch not in self.sets:
            return epoch < self.epoch
        return all(self.done.get(p, UNSET) >= epoch for p in self.sets[epoch])

    def holding(self) -> frozenset[int]:
        """Raw partitions that event time waits for: the newest set, and those of older epochs not over there yet."""
        older = {p for epoch, members in self.sets.items() for p in members if self.done.get(p, UNSET) < epoch}
        return self.sets.get(self.epoch, frozenset()) | older

    def start(self, start: FeedStart, partition: int) -> None:
        if not self.announced:
            self.announced, self.sets = True, {}
        self.source = start.source
        known = self.sets.get(start.epoch, frozenset())
        self.sets[start.epoch] = known | frozenset(start.partitions)
        self._over(partition, start.epoch - 1)

    def mark(self, mark: FeedMark, partition: int) -> None:
        if not self.announced:
            self.sets[0] = self.sets.get(0, frozenset()) | {partition}
        self.times[partition] = max(self.times.get(partition, UNSET), mark.feed_time_ms)
        if mark.idle:
            self.idle.add(partition)
        else:
            self.idle.discard(partition)

    def end(self, end: FeedEnd, partition: int) -> None:
        if not self.announced:
            self.sets[0] = self.sets.get(0, frozenset()) | {partition}
        self.times[partition] = max(self.times.get(partition, UNSET), end.feed_time_ms)
        self.idle.discard(partition)
        self._over(partition, end.epoch)
        if end.final and end.epoch >= self.finals.get(partition, (UNSET, 0))[0]:
            self.finals[partition] = (end.epoch, end.feed_time_ms + end.settle_ms)

    def _over(self, partition: int, epoch: int) -> None:
        self.done[partition] = max(self.done.get(partition, UNSET), epoch)
        newest = self.epoch
        for old in [e for e in self.sets if e < newest and self.epoch_ended(e)]:
            del self.sets[old]


class Watermarks(msgspec.Struct):
    """W of one worker partition, from what all raw partitions say about all feeds.

    W = min over announced, unfinished, not idle (feed, raw partition) of feed time - lateness; a pair that has not
    reported yet holds it. After the end of all feeds it is the last event's time + settling time + 1. It never goes
    back. A feed that was never announced counts with the raw partitions that it was seen in.
    """

    lateness_ms: int
    feeds: dict[str, FeedClock] = msgspec.field(default_factory=dict)
    reached_ms: int = UNSET
    stale: bool = False

    def observe(self, span: RawSpan) -> None:
        """Take in what one raw span says. Saying it twice changes nothing."""
        for start in span.starts:
            self._clock(start.feed).start(start, span.partition)
        for mark in span.marks:
            self._clock(mark.feed).mark(mark, span.partition)
        for end in span.ends:
            self._clock(end.feed).end(end, span.partition)
        self.stale = self.stale or bool(span.starts or span.marks or span.ends)

    @property
    def value_ms(self) -> int:
        """W, ``UNSET`` while unknown."""
        if self.stale:
            self.reached_ms = max(self.reached_ms, self._settled() if self.ended else self._running())
            self.stale = False
        return self.reached_ms

    @property
    def ended(self) -> bool:
        """All known feeds have ended."""
        return bool(self.feeds) and all(clock.ended for clock in self.feeds.values())

    @property
    def ended_feeds(self) -> frozenset[str]:
        return frozenset(feed for feed, clock in self.feeds.items() if clock.ended)

    def feed_time_passed_by_all(self, feed: str) -> int:
        """The feed time that every raw partition of the feed has reached: ``UNSET`` before all have reported or for
        an unknown feed, ``FOREVER`` after the feed's end. Idle partitions count: their records may still come."""
        clock = self.feeds.get(feed)
        if clock is None:
            return UNSET
        if clock.ended:
            return FOREVER
        return min((clock.times.get(p, UNSET) for p in clock.holding()), default=UNSET)

    def epoch_ended(self, feed: str, epoch: int) -> bool:
        """No number of this epoch can come any more: each of its raw partitions saw its end or a newer epoch."""
        clock = self.feeds.get(feed)
        return clock is not None and clock.epoch_ended(epoch)

    def source_of(self, feed: str) -> str:
        """The source that the feed announced, else ""."""
        clock = self.feeds.get(feed)
        return clock.source if clock else ""

    def _clock(self, feed: str) -> FeedClock:
        return self.feeds.setdefault(feed, FeedClock())

    def _running(self) -> int:
        times = [
            clock.times.get(partition, UNSET)
            for clock in self.feeds.values()
            if not clock.ended
            for partition in clock.holding()
            if partition not in clock.idle
        ]
        slowest = min(times, default=UNSET)
        return UNSET if slowest == UNSET else slowest - self.lateness_ms

    def _settled(self) -> int:
        return max(until for clock in self.feeds.values() for _, until in clock.finals.values()) + 1
