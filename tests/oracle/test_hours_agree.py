"""Promises fall due at the same instant by the ledger's calendar and by the oracle's, wherever clocks change."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.stages import service_hours

from . import hours
from .classified import parse_time
from .rules import DAY_MS, HOUR_MS, PlainServiceHours

# Their clocks change by an hour or half of one, at night or at midnight, or skipped a whole day.
_ZONES = ("Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "America/New_York", "UTC")
_CHANGES = ("2017-10-29", "2018-03-25", "2017-10-15", "2018-02-18", "2017-10-01", "2018-04-01", "2011-12-30")
_MINUTES = (0, 1, 30, 59, 60, 90, 119, 120, 150, 179, 180, 181, 540, 1020, 1380, 1439, 1440)


@st.composite
def _weeks(draw: st.DrawFn) -> PlainServiceHours:
    days = draw(st.lists(st.sets(st.sampled_from(_MINUTES), max_size=6).map(sorted), min_size=7, max_size=7))
    week = tuple(tuple(zip(ends[::2], ends[1::2], strict=False)) for ends in days)
    holidays = draw(st.lists(st.sampled_from(_CHANGES), max_size=2))
    return PlainServiceHours(draw(st.sampled_from(_ZONES)), week, tuple(holidays))


_SHIFTS = st.sampled_from((0, 1, HOUR_MS // 2, HOUR_MS, 3 * HOUR_MS, 11 * HOUR_MS, DAY_MS, 2 * DAY_MS))
_PROMISES = st.sampled_from((1, 60_000, 30 * 60_000, HOUR_MS, 2 * HOUR_MS, 26 * HOUR_MS))


@settings(max_examples=500, deadline=None)
@given(_weeks(), st.sampled_from(_CHANGES), _SHIFTS, _SHIFTS, _PROMISES, st.sampled_from((DAY_MS, 9 * DAY_MS)))
def test_both_calendars_give_the_same_instant(
    plain: PlainServiceHours, date: str, back_ms: int, on_ms: int, promise_ms: int, limit_ms: int
) -> None:
    opened_ms = parse_time(f"{date}T03:00:00Z") - back_ms + on_ms
    theirs = service_hours.ServiceHours(plain.time_zone, plain.week, plain.holidays)
    expected = hours.due_ms(plain, opened_ms, promise_ms, opened_ms + limit_ms)
    assert service_hours.due_ms(theirs, opened_ms, promise_ms, opened_ms + limit_ms) == expected
