"""What a batch says about its raw partitions: how far it read, and how far each feed's time has come there."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, Self

import msgspec
import numpy as np

from models.packed import FeedEnd, FeedMark, FeedStart, RawSpan
from models.records import ANNOUNCEMENTS, Control, ControlKind
from streams.stages.decode import Foreign, Lines

_NOTE_BYTES_LIMIT: Final = 4_000  # brokers take 4,096 bytes of metadata beside an offset


class FeedSeen(msgspec.Struct, frozen=True):
    """A feed in one raw partition: its time, and when by the clock it spoke last. ``idle`` once that was told."""

    feed_time_ms: int
    heard_ms: int
    idle: bool = False


class PartitionState(msgspec.Struct, frozen=True):
    """What classify knows of a raw partition between batches. ``feeds`` have not ended there."""

    position: int
    foreign: Foreign | None = None
    feeds: dict[str, FeedSeen] = {}

    def note(self) -> str:
        """The part that a successor needs, to be kept beside the committed offset; "" if it would be too long."""
        times = {name: seen.feed_time_ms for name, seen in self.feeds.items()}
        note = msgspec.json.encode(_Note(self.foreign, times)).decode()
        return note if len(note.encode()) <= _NOTE_BYTES_LIMIT else ""

    @classmethod
    def resume(cls, position: int, note: str | None, now_ms: int) -> Self:
        """The state of a partition taken over: its feeds are heard of as of now. A note that is not ours is none."""
        try:
            kept = msgspec.json.decode(note or "", type=_Note)
        except msgspec.DecodeError:
            return cls(position)
        feeds = {name: FeedSeen(time_ms, now_ms) for name, time_ms in kept.feeds.items()}
        return cls(position, kept.foreign, feeds)


class _Note(msgspec.Struct, array_like=True):
    foreign: Foreign | None
    feeds: dict[str, int]


def ranges_of(partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The rows [first, last + 1) of each raw partition of a batch whose records stand partition by partition."""
    column = np.array(partitions, np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=-1))  # no partition has a number below 0
    ends = [*starts[1:].tolist(), len(column)]
    return {partitions[low]: (low, high) for low, high in zip(starts.tolist(), ends, strict=False)}


def read_spans(
    topic_id: str,
    lines: Lines,
    offsets: Sequence[int],
    ranges: Mapping[int, tuple[int, int]],
    states: Mapping[int, PartitionState],
    *,
    now_ms: int,
    idle_feed_ms: int,
) -> tuple[list[RawSpan], dict[int, PartitionState]]:
    """The spans of the batch and the states after it, for every raw partition that has records or a feed gone idle.

    A partition seen for the first time begins with its first record.
    """
    spans: list[RawSpan] = []
    after: dict[int, PartitionState] = dict(states)
    announced = [row for row, control in lines.controls.items() if control.control in ANNOUNCEMENTS]
    for partition in sorted(set(ranges) | set(states)):
        low, high = ranges.get(partition, (0, 0))
        before = states.get(partition) or PartitionState(offsets[low])
        controls = [
            lines.controls[row] for row in announced[bisect_left(announced, low) : bisect_left(announced, high)]
        ]
        times = _newest_times(lines, low, high)
        ends = tuple(_end(control) for control in controls if control.control is ControlKind.END_OF_FEED)
        feeds = _hear(before.feeds, times, {end.feed for end in ends if end.final}, now_ms)
        silent = _silent(feeds, now_ms, idle_feed_ms)
        if low == high and not silent:
            continue
        feeds |= {mark.feed: FeedSeen(mark.feed_time_ms, feeds[mark.feed].heard_ms, idle=True) for mark in silent}
        position = before.position if low == high else offsets[high - 1] + 1
        after[partition] = PartitionState(position, lines.foreign.get(partition), feeds)
        starts = tuple(_start(control) for control in controls if control.control is ControlKind.FEED_START)
        marks = (*(FeedMark(name, time_ms) for name, time_ms in sorted(times.items())), *silent)
        spans.append(RawSpan(topic_id, partition, before.position, position, starts, marks, ends))
    return spans, after


def _newest_times(lines: Lines, low: int, high: int) -> dict[str, int]:
    """The largest stamp of each feed among the rows. 0 is no time: a feed that announces itself has none yet."""
    feeds, times_ms = lines.feeds.codes[low:high], lines.feed_times_ms[low:high]
    newest = np.zeros(len(lines.feeds.names), np.int64)
    np.maximum.at(newest, feeds, times_ms)
    known = newest.tolist()
    return {lines.feeds.names[feed]: known[feed] for feed in dict.fromkeys(feeds[times_ms > 0].tolist())}


def _hear(known: Mapping[str, FeedSeen], times: Mapping[str, int], ended: set[str], now_ms: int) -> dict[str, FeedSeen]:
    heard = {name: FeedSeen(max(time_ms, _time(known, name)), now_ms) for name, time_ms in times.items()}
    return {name: seen for name, seen in {**known, **heard}.items() if name not in ended}


def _time(known: Mapping[str, FeedSeen], name: str) -> int:
    return known[name].feed_time_ms if name in known else 0


def _silent(feeds: Mapping[str, FeedSeen], now_ms: int, idle_feed_ms: int) -> tuple[FeedMark, ...]:
    return tuple(
        FeedMark(name, seen.feed_time_ms, idle=True)
        for name, seen in sorted(feeds.items())
        if not seen.idle and now_ms - seen.heard_ms > idle_feed_ms
    )


def idle_is_due(states: Mapping[int, PartitionState], now_ms: int, idle_feed_ms: int) -> bool:
    """Whether a feed went idle, so that even a batch without records has something to say."""
    return any(_silent(state.feeds, now_ms, idle_feed_ms) for state in states.values())


def _start(control: Control) -> FeedStart:
    return FeedStart(control.feed, control.epoch, control.first_seq, control.partitions, control.source)


def _end(control: Control) -> FeedEnd:
    time_ms = control.feed_time_ms
    return FeedEnd(control.feed, control.epoch, control.last_seq, time_ms, control.settle_ms, control.final)
