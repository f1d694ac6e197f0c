"""The two ways in which sources write event times, as milliseconds since the Unix epoch."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_TWITTER: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})", re.ASCII
)
_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def parse_twitter_time(text: str) -> int:
    """``Tue Oct 31 22:10:47 +0000 2017``. Raises ValueError."""
    match = _TWITTER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    month, day, hour, minute, second, sign, zone_hours, zone_minutes, year = match.groups()
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        raise ValueError(text)
    zone = int(zone_hours) * 3600 + int(zone_minutes) * 60
    return _day_ms(year, month, day) + 1000 * (seconds - zone if sign == "+" else seconds + zone)


def parse_rfc3339(text: str) -> int:
    """``2017-10-31T22:10:47.123Z``; digits beyond the millisecond are cut. Raises ValueError."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError(text)
    try:
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND
    except OverflowError as error:
        raise ValueError(text) from error


@lru_cache(maxsize=1024)
def _day_ms(year: str, month: str, day: str) -> int:
    if month not in _MONTHS:
        raise ValueError(month)
    return (datetime(int(year), _MONTHS[month], int(day), tzinfo=UTC) - _EPOCH) // _MILLISECOND
