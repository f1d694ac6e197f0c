"""Gaps that nobody can see in the numbers: what the source withheld, where a connection broke, where nothing came."""

from collections.abc import Iterable, Iterator
from typing import Final

from models.records import Control, ControlKind

from .capture import Epoch, Feed, Gap
from .raw import Line

_LIMIT_COUNTERS: Final = 4


def notice_gaps(feed: Feed) -> Iterator[Gap]:
    """All of one feed, by epoch."""
    for number, epoch in sorted(feed.epochs.items()):
        notices = [line for _, line in sorted(epoch.notices.items())]
        yield from _limits(feed, number, _controls(notices, ControlKind.LIMIT))
        yield from _disconnects(feed, number, _controls(notices, ControlKind.DISCONNECT))
        yield from _stalls(feed, number, notices)


def _controls(lines: Iterable[Line], kind: ControlKind) -> list[Control]:
    return [line for line in lines if isinstance(line, Control) and line.control is kind]


def _limits(feed: Feed, number: int, notices: list[Control]) -> Iterator[Gap]:
    """With the number withheld. A notice counts once every raw partition has passed it, for an earlier one would change
    what it adds."""
    passed = [notice for notice in notices if feed.passed(number, notice.feed_time_ms)]
    for notice, missed in zip(passed, withheld(notice.track for notice in passed), strict=True):
        if missed:
            seq, time_ms = notice.seq, notice.feed_time_ms
            yield Gap(feed.name, feed.source, number, "limit", False, seq, seq, time_ms, time_ms, missed)


def withheld(tracks: Iterable[int]) -> Iterator[int]:
    """What each limit notice of one connection adds, in seq order. A notice extends the largest counter that is not
    above it, else opens one of four, else resets the smallest."""
    counters: list[int] = []
    for track in tracks:
        below = [counter for counter in counters if counter <= track]
        if below:
            base = max(below)
            counters.remove(base)
        elif len(counters) < _LIMIT_COUNTERS:
            base = 0
        else:
            counters.remove(min(counters))
            base = 0
        counters.append(track)
        yield track - base


def _disconnects(feed: Feed, number: int, notices: list[Control]) -> Iterator[Gap]:
    """Each notice is one of no length, but for the last: nothing came from there to the lowest line of the next epoch
    that has one. Without a notice the break is behind the last number."""
    epoch = feed.epochs[number]
    breaks = [(notice.seq, notice.feed_time_ms) for notice in notices]
    resumed = next((_lowest(newer) for n, newer in sorted(feed.epochs.items()) if n > number and newer.came), None)
    if not breaks and resumed is not None and epoch.came:
        breaks = [
            (epoch.last, epoch.came.get(epoch.last, epoch.end.feed_time_ms if epoch.end else max(epoch.came.values())))
        ]
    for place, (seq, time_ms) in enumerate(breaks, start=1):
        to_ms = resumed[1] if place == len(breaks) and resumed is not None else time_ms
        yield _break(feed, number, "disconnect", seq, (time_ms, to_ms))


def _stalls(feed: Feed, number: int, notices: Iterable[Line]) -> Iterator[Gap]:
    """Each counts once every raw partition has passed it, for an earlier line would change its estimate."""
    for line in notices:
        if line.silent_ms and feed.passed(number, line.feed_time_ms):
            span_ms = (line.feed_time_ms - line.silent_ms, line.feed_time_ms)
            yield _break(feed, number, "stall", line.seq, span_ms)


def _break(feed: Feed, number: int, cause: str, seq: int, span_ms: tuple[int, int]) -> Gap:
    """What the mean rate of the epoch until then would have brought in the span."""
    from_ms, to_ms = span_ms
    first, first_ms = _lowest(feed.epochs[number]) or (seq, from_ms)
    took_ms = from_ms - first_ms
    estimated = (seq - first) * (to_ms - from_ms) // took_ms if took_ms > 0 else None
    return Gap(feed.name, feed.source, number, cause, False, seq, seq, from_ms, to_ms, 0, estimated)


def _lowest(epoch: Epoch) -> tuple[int, int] | None:
    """The lowest number that came, and its feed time."""
    return min(epoch.came.items(), default=None)
