"""Service hours by hand (C38). The start is Tuesday, 31 October 2017, 12:00 UTC; Berlin is an hour ahead by then."""

from pathlib import Path

import pytest

from tests.audit.export import Row, brand, meta, said
from tests.audit.recomputed import cases

WORKDAYS: Row = {
    "time_zone": "Europe/Berlin",
    "week": {day: ["08:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": ["2017-11-01"],
}


def due(directory: Path, opened: str, sla_s: float, hours: Row) -> str:
    """When the promise made at ``opened`` falls due, in UTC."""
    terms = brand(sla_s={"default": sla_s}, service_hours=hours)
    columns = "strftime(make_timestamp_ms(sla_due_ms), '%m-%d %H:%M:%S')"
    [(found,)] = cases(directory, columns, [said("1", opened, 1)], meta=meta(brands={"acme": terms}))
    return str(found)


@pytest.mark.parametrize(
    ("opened", "sla_s", "expected"),
    [
        ("2017-10-31T12:00:00Z", 3600, "10-31 13:00:00"),  # open: nothing stops
        ("2017-10-31T10:30:00Z", 3600, "10-31 12:30:00"),  # half an hour before lunch, half after it
        ("2017-10-31T10:30:00Z", 1800, "10-31 11:00:00"),  # the last instant before lunch, not the first after it
        ("2017-10-31T11:30:00Z", 60, "10-31 12:01:00"),  # during lunch
        ("2017-10-31T16:30:00Z", 3600, "11-02 07:30:00"),  # over the evening and the holiday
        ("2017-11-03T17:00:00Z", 1, "11-06 07:00:01"),  # at closing time on Friday
        ("2017-10-27T15:30:00Z", 3600, "10-30 07:30:00"),  # over the end of summer time
    ],
)
def test_a_promise_runs_only_while_the_brand_is_open(opened: str, sla_s: float, expected: str, tmp_path: Path) -> None:
    assert due(tmp_path, opened, sla_s, WORKDAYS) == expected


@pytest.mark.parametrize(
    ("span", "day", "expected"),
    [
        ("02:30-04:00", "2017-10-29T00:00:00Z", "10-29 01:30:00"),  # 02:30 comes twice: from the first, at 00:30 UTC
        ("02:30-04:00", "2017-03-26T00:00:00Z", "03-26 02:00:00"),  # 02:30 never comes: 01:30 UTC, over at 02:00
    ],
)
def test_local_times_that_come_twice_or_never(span: str, day: str, expected: str, tmp_path: Path) -> None:
    hours = WORKDAYS | {"week": {"sun": [span]}, "holidays": []}
    sla_s = 3600 if day.startswith("2017-10") else 1800
    assert due(tmp_path, day, sla_s, hours) == expected


def test_a_day_that_ends_at_midnight_goes_on_with_the_next(tmp_path: Path) -> None:
    hours = WORKDAYS | {"week": {"tue": ["20:00-24:00"], "wed": ["00:00-02:00"]}, "holidays": []}
    assert due(tmp_path, "2017-10-31T22:30:00Z", 3600, hours) == "10-31 23:30:00"


def test_hours_that_do_not_come_before_the_limit_leave_the_limit(tmp_path: Path) -> None:
    hours = WORKDAYS | {"week": {"mon": ["08:00-08:01"]}, "holidays": []}
    assert due(tmp_path, "2017-10-31T12:00:00Z", 3600, hours) == "11-30 12:00:00"
