"""Service hours as spans of UTC, one table of facts for SQL: time zones by Python's ``zoneinfo``.

C38: a local time that a change of the clocks skips is read with the offset before it, one that occurs twice is the
first. Both is what ``fold=0`` means.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.errors import UnheardError
from streams.audit.meta import ServiceHours

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MARGIN: Final = timedelta(days=2)  # local days begin before and end after those of UTC
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def open_spans(hours: ServiceHours, from_ms: int, to_ms: int) -> Iterator[tuple[int, int]]:
    """[start, end) in ms of every span of the days from ``from_ms`` to ``to_ms``. Raises UnheardError."""
    try:
        zone = ZoneInfo(hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UnheardError(f"meta.json: no time zone is called {hours.time_zone!r} here") from None
    holidays = {date.fromisoformat(day) for day in hours.holidays}
    day = (_EPOCH + from_ms * _MILLISECOND - _MARGIN).date()
    last = (_EPOCH + to_ms * _MILLISECOND + _MARGIN).date()
    while day <= last:
        for span in hours.week.get(_WEEKDAYS[day.weekday()], ()) if day not in holidays else ():
            start, end = (_instant_ms(day, clock, zone) for clock in span.split("-"))
            if start < end:
                yield start, end
        day += timedelta(days=1)


def _instant_ms(day: date, clock: str, zone: ZoneInfo) -> int:
    """``24:00`` is the next day's midnight."""
    hour, minute = map(int, clock.split(":"))
    local = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), zone)
    return (local.astimezone(UTC) - _EPOCH) // _MILLISECOND
