"""Service hours: when a promise that runs only while the brand is open falls due.

Clocks are asked in one direction only, which local time an instant bears; the instant of a local time is found by
trying. A due instant is found by halving, with the time that the brand was open as the measure.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from .rules import DAY_MS, ServiceHours

Span = tuple[int, int]  # open from the first instant until just before the second, in ms

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1)


def due_ms(hours: ServiceHours, opened_ms: int, promise_ms: int, latest_ms: int) -> int:
    """The first instant by which the brand was open for ``promise_ms`` since the opening, at most ``latest_ms``."""
    spans = open_spans(hours, opened_ms // DAY_MS - 2, latest_ms // DAY_MS + 2)

    def open_ms(until_ms: int) -> int:
        return sum(max(0, min(end, until_ms) - max(begin, opened_ms)) for begin, end in spans)

    return opened_ms + bisect_left(range(opened_ms, latest_ms), promise_ms, key=open_ms)


@lru_cache(maxsize=4096)
def open_spans(hours: ServiceHours, first_day: int, last_day: int) -> tuple[Span, ...]:
    """The open spans of some local dates (days after 1970-01-01), in order and apart. A change of the clocks may leave
    nothing of a span, or push two together."""
    apart: list[Span] = []
    for begin, end in sorted(span for day in range(first_day, last_day + 1) for span in _of_day(hours, day)):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return tuple(apart)


def _of_day(hours: ServiceHours, day: int) -> Iterator[Span]:
    midnight = _EPOCH.replace(tzinfo=None) + day * _DAY
    if midnight.date().isoformat() in hours.holidays:
        return
    for minutes in hours.week[midnight.weekday()]:
        begin, end = (_instant_ms(hours.time_zone, midnight + timedelta(minutes=minute)) for minute in minutes)
        if begin < end:
            yield begin, end


@lru_cache(maxsize=4096)
def _instant_ms(time_zone: str, wall: datetime) -> int:
    """The first instant at which the clocks of the zone show ``wall``; where they skip it, the one at which they would
    have shown it without the change."""
    zone, naive = ZoneInfo(time_zone), wall.replace(tzinfo=UTC)
    before, after = ((naive + shift).astimezone(zone).utcoffset() or timedelta() for shift in (-_DAY, _DAY))
    shows = [naive - offset for offset in (before, after) if _wall(naive - offset, zone) == wall]
    return (min(shows, default=naive - before) - _EPOCH) // _MILLISECOND


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
