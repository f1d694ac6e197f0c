"""Goal: a promise falls due by the brand's own clock, whatever the calendar and the clocks do.

Method: a table reckoned by hand (in UTC, so that no zone can hide a mistake), and a law: walking minute by minute,
with each minute read on the local clock, comes to the same instant.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.service_hours import ServiceHours, due_ms

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTH_MS = 30 * 24 * HOUR_MS


def hours(zone: str, holidays: tuple[str, ...] = (), **week: str) -> ServiceHours:
    """``week`` has spans by day; ``mon_fri`` stands for five days."""
    by_day = dict.fromkeys(DAYS[:5], week.pop("mon_fri", "")) | week
    return ServiceHours(zone, tuple(_spans(by_day.get(day, "")) for day in DAYS), holidays)


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    spans = (span.split("-") for span in text.split())
    return tuple((_minute(begin), _minute(end)) for begin, end in spans)


def _minute(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def ms(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000


def utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


BERLIN = hours("Europe/Berlin", ("2017-12-25", "2017-12-26"), mon_fri="08:00-20:00")
LUNCH = hours("Europe/Berlin", mon_fri="08:00-12:30 13:30-20:00")
NIGHT = hours("Europe/Berlin", mon="22:00-24:00", tue="00:00-06:00")
NEW_YORK = hours("America/New_York", mon_fri="09:00-17:00")
SYDNEY = hours("Australia/Sydney", mon_fri="09:00-17:00")
KOLKATA = hours("Asia/Kolkata", mon_fri="09:00-17:00")
SUNDAYS = hours("Europe/Berlin", sun="00:00-24:00")

TABLE = {
    "within the hours it runs as ever": (BERLIN, "2017-11-22 09:00", 60, "2017-11-22 10:00"),
    "from the moment of opening": (BERLIN, "2017-11-22 07:00", 60, "2017-11-22 08:00"),
    "before the moment of opening": (BERLIN, "2017-11-22 06:59", 60, "2017-11-22 08:00"),
    "up to the very moment of closing": (BERLIN, "2017-11-22 18:00", 60, "2017-11-22 19:00"),
    "at the moment of closing nothing is left of the day": (BERLIN, "2017-11-22 19:00", 60, "2017-11-23 08:00"),
    "the rest runs on the next day": (BERLIN, "2017-11-22 18:30", 60, "2017-11-23 07:30"),
    "a promise of two days": (BERLIN, "2017-11-22 07:00", 24 * 60, "2017-11-23 19:00"),
    "a weekend in between": (BERLIN, "2017-11-24 18:30", 60, "2017-11-27 07:30"),
    "asked on a Saturday": (BERLIN, "2017-11-25 12:00", 60, "2017-11-27 08:00"),
    "a weekend and two holidays": (BERLIN, "2017-12-22 18:30", 60, "2017-12-27 07:30"),
    "a lunch break": (LUNCH, "2017-11-22 11:00", 60, "2017-11-22 13:00"),
    "a night shift goes on past midnight": (NIGHT, "2017-11-27 21:30", 180, "2017-11-28 00:30"),
    "a promise of no time is due at once": (BERLIN, "2017-11-22 09:00", 0, "2017-11-22 09:00"),
    "even while nobody is there": (BERLIN, "2017-11-26 03:00", 0, "2017-11-26 03:00"),
    "New York, the clocks go back": (NEW_YORK, "2017-11-03 20:30", 60, "2017-11-06 14:30"),
    "New York, the clocks go forward": (NEW_YORK, "2018-03-09 21:30", 60, "2018-03-12 13:30"),
    "Sydney, the clocks go forward in October": (SYDNEY, "2017-09-29 06:30", 60, "2017-10-01 22:30"),
    "Sydney, the clocks go back in April": (SYDNEY, "2018-03-30 05:30", 60, "2018-04-01 23:30"),
    "Kolkata, half an hour off and no change": (KOLKATA, "2018-03-23 11:00", 60, "2018-03-26 04:00"),
    "a Sunday of 25 hours": (SUNDAYS, "2017-10-28 12:00", 25 * 60, "2017-10-29 23:00"),
    "a Sunday of 23 hours": (SUNDAYS, "2018-03-24 12:00", 23 * 60, "2018-03-25 22:00"),
    "one minute more is a week later": (SUNDAYS, "2018-03-24 12:00", 23 * 60 + 1, "2018-03-31 22:01"),
}


@pytest.mark.parametrize(("opening", "asked", "minutes", "due"), TABLE.values(), ids=TABLE.keys())
def test_when_a_promise_falls_due(opening: ServiceHours, asked: str, minutes: int, due: str) -> None:
    assert utc(due_ms(opening, ms(asked), minutes * MINUTE_MS, ms(asked) + MONTH_MS)) == due


CHANGES = {
    "a skipped begin is read with the offset before": ("02:30-04:00", "2018-03-24 12:00", 10, "2018-03-25 01:40"),
    "what is left of that span": ("02:30-04:00", "2018-03-24 12:00", 30, "2018-03-25 02:00"),
    "a span that would end before it begins is none": ("02:30-03:00", "2018-03-24 12:00", 10, "2018-04-01 00:40"),
    "spans that come to overlap count once": ("02:15-02:45 03:00-03:30", "2018-03-24 12:00", 45, "2018-03-25 01:45"),
    "a begin that occurs twice is the first": ("02:30-03:30", "2017-10-28 12:00", 120, "2017-10-29 02:30"),
    "an end that occurs twice is the first": ("01:00-02:30", "2017-10-28 12:00", 90, "2017-10-29 00:30"),
    "and not a minute more": ("01:00-02:30", "2017-10-28 12:00", 91, "2017-11-05 00:01"),
}


@pytest.mark.parametrize(("spans", "asked", "minutes", "due"), CHANGES.values(), ids=CHANGES.keys())
def test_hours_inside_a_change_of_the_clocks(spans: str, asked: str, minutes: int, due: str) -> None:
    opening = hours("Europe/Berlin", sun=spans)
    assert utc(due_ms(opening, ms(asked), minutes * MINUTE_MS, ms(asked) + MONTH_MS)) == due


def test_no_promise_is_due_later_than_the_case_can_last() -> None:
    friday = ms("2017-11-24 18:30")
    assert due_ms(BERLIN, friday, HOUR_MS, friday + 1000) == friday + 1000
    assert due_ms(BERLIN, friday, 1000 * HOUR_MS, friday + MONTH_MS) == friday + MONTH_MS
    assert due_ms(hours("Europe/Berlin"), friday, HOUR_MS, friday + MONTH_MS) == friday + MONTH_MS


def test_it_is_exact_to_the_millisecond() -> None:
    asked = ms("2017-11-22 18:59") + 59_999
    assert due_ms(BERLIN, asked, 2, asked + MONTH_MS) == ms("2017-11-23 07:00") + 1


# Clocks change between 1:00 and 4:00 in these zones; no span begins or ends there, so both ways of reading agree.
minutes_of_day = st.one_of(st.integers(0, 60), st.integers(4 * 60, 24 * 60))
days = st.lists(minutes_of_day, max_size=6, unique=True).map(
    lambda ends: tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)
openings = st.builds(
    ServiceHours,
    st.sampled_from(("Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "UTC")),
    st.tuples(*[days] * 7),
    st.lists(st.sampled_from(("2018-03-12", "2018-03-26", "2018-04-02", "2017-10-30")), unique=True).map(tuple),
)
moments = st.tuples(
    st.sampled_from(("2018-03-10", "2018-03-24", "2018-03-31", "2017-10-28", "2017-10-01", "2018-07-04")),
    st.integers(0, 3 * 24 * 60),
)


@given(openings, moments, st.integers(0, 30 * 60))
def test_walking_minute_by_minute_comes_to_the_same(
    opening: ServiceHours, moment: tuple[str, int], duration: int
) -> None:
    asked = datetime.fromisoformat(moment[0]).replace(tzinfo=UTC) + timedelta(minutes=moment[1])
    latest = asked + timedelta(days=4)
    asked_ms, latest_ms = (int(at.timestamp()) * 1000 for at in (asked, latest))
    expected_ms = int(_walk(opening, asked, duration, latest).timestamp()) * 1000
    assert due_ms(opening, asked_ms, duration * MINUTE_MS, latest_ms) == expected_ms


def _walk(opening: ServiceHours, at: datetime, left: int, latest: datetime) -> datetime:
    while left and at < latest:
        left -= _is_open(opening, at)
        at += timedelta(minutes=1)
    return at


def _is_open(opening: ServiceHours, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(opening.time_zone))
    if date(local.year, local.month, local.day).isoformat() in opening.holidays:
        return False
    minute = 60 * local.hour + local.minute
    return any(begin <= minute < end for begin, end in opening.week[local.weekday()])
