"""Service hours: when a brand promises to be there, and when a promise made in them falls due.

Pure: time zones are data, like the hours themselves. Everything is reckoned in UTC by whole weeks, each of which is
computed once; a local time is only ever an end of a span. See C38 in ``streams/README.md``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

Span = tuple[int, int]
"""[from, to) in ms since the epoch."""

_WEEK_MS: Final = 7 * 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_MIDNIGHT_MINUTE: Final = 24 * 60
_MARGIN_DAYS: Final = 2  # by the clock of a zone a day may begin that long before or after it does in UTC
_WEEKS_KEPT: Final = 4_096


class ServiceHours(msgspec.Struct, frozen=True):
    """``week``: seven days, Monday first, each with its spans as (minute of the day it begins, minute it ends), by the
    clock of ``time_zone`` (an IANA name). ``holidays`` are ISO dates; they have no hours."""

    time_zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: tuple[str, ...] = ()


class _Week(NamedTuple):
    """The open spans of one week in UTC, and for how long it was open by the end of each of them."""

    begins: tuple[int, ...]
    ends: tuple[int, ...]
    opened_for: tuple[int, ...]


def due_ms(hours: ServiceHours, from_ms: int, duration_ms: int, latest_ms: int) -> int:
    """The first instant by which it was open for ``duration_ms`` since ``from_ms``, at most ``latest_ms``."""
    if duration_ms <= 0:
        return min(from_ms, latest_ms)
    number, left_ms = from_ms // _WEEK_MS, duration_ms
    while number * _WEEK_MS < latest_ms:
        week = _week(hours, number)
        if week.ends:
            left_ms += _open_before(week, from_ms)
            if left_ms <= week.opened_for[-1]:
                span = bisect_left(week.opened_for, left_ms)
                return min(week.ends[span] - (week.opened_for[span] - left_ms), latest_ms)
            left_ms -= week.opened_for[-1]
        number += 1
    return latest_ms


def _open_before(week: _Week, at_ms: int) -> int:
    """For how long it was open in ``week`` before ``at_ms``."""
    begun = bisect_right(week.begins, at_ms)
    return week.opened_for[begun - 1] - max(0, week.ends[begun - 1] - at_ms) if begun else 0


@lru_cache(maxsize=_WEEKS_KEPT)
def _week(hours: ServiceHours, number: int) -> _Week:
    """The week that begins ``number`` weeks after the epoch."""
    begin_ms = number * _WEEK_MS
    first = (_EPOCH + timedelta(weeks=number)).date() - timedelta(days=_MARGIN_DAYS)
    days = (first + timedelta(days=day) for day in range(7 + 2 * _MARGIN_DAYS))
    local = sorted(span for day in days for span in _spans_of_day(hours, day))
    spans = _joined((max(begin, begin_ms), min(end, begin_ms + _WEEK_MS)) for begin, end in local)
    return _Week(
        begins=tuple(begin for begin, _ in spans),
        ends=tuple(end for _, end in spans),
        opened_for=tuple(accumulate(end - begin for begin, end in spans)),
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """``spans``, ascending by their begin, without empty ones; those that touch or overlap are one."""
    joined: list[Span] = []
    for begin, end in spans:
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _spans_of_day(hours: ServiceHours, day: date) -> Iterator[Span]:
    """Spans of one local day. A change of the clocks can leave one empty, or make it overlap with another."""
    if day.isoformat() in hours.holidays:
        return
    zone = ZoneInfo(hours.time_zone)
    for begin, end in hours.week[day.weekday()]:
        yield _instant_ms(day, begin, zone), _instant_ms(day, end, zone)


def _instant_ms(day: date, minute: int, zone: ZoneInfo) -> int:
    """``fold=0`` reads a local time that is skipped with the offset before it, one that occurs twice as the first."""
    if minute == _MIDNIGHT_MINUTE:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return (local - _EPOCH) // _MS
