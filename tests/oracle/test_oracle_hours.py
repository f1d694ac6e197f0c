"""Service hours against instants read off a calendar. Berlin is an hour ahead of UTC in winter, two in summer; the
clocks went from 03:00 back to 02:00 on 29 October 2017 and from 02:00 on to 03:00 on 25 March 2018, at 01:00 UTC."""

import pytest

from .account import export_account
from .by_hand import AIR, NEVER, issue, reply
from .classified import format_time, parse_time
from .hours import due_ms, open_spans
from .rules import DAY_MS, HOUR_MS, PlainBrandTerms, PlainServiceHours, PlainTerms

MINUTE = 60_000
NINE_TO_FIVE = ((540, 1020),)
OFFICE = PlainServiceHours("Europe/Berlin", (*(NINE_TO_FIVE,) * 5, (), ()), ("2017-11-02",))
TWO_TO_FOUR = PlainServiceHours("Europe/Berlin", (((120, 240),),) * 7)
HALF_PAST_TWO = PlainServiceHours("Europe/Berlin", (((150, 180),),) * 7)
ROUND_TWO = PlainServiceHours("Europe/Berlin", (((105, 135), (150, 165), (180, 210)),) * 7)
ALWAYS = PlainServiceHours("America/New_York", (((0, 1440),),) * 7)

DUE = {  # hours, opened, promise in minutes, due
    "within the day": (OFFICE, "2017-11-01T09:00:00.001Z", 60, "2017-11-01T10:00:00.001Z"),
    "from before the opening": (OFFICE, "2017-11-01T06:00:00.000Z", 60, "2017-11-01T09:00:00.000Z"),
    "exactly at the close": (OFFICE, "2017-11-01T15:00:00.000Z", 60, "2017-11-01T16:00:00.000Z"),
    "over a holiday": (OFFICE, "2017-11-01T15:00:00.001Z", 60, "2017-11-03T08:00:00.001Z"),
    "from the very close": (OFFICE, "2017-11-01T16:00:00.000Z", 60, "2017-11-03T09:00:00.000Z"),
    "over a weekend": (OFFICE, "2017-11-03T15:30:00.000Z", 60, "2017-11-06T08:30:00.000Z"),
    "over the end of summer": (OFFICE, "2017-10-27T14:30:00.000Z", 60, "2017-10-30T08:30:00.000Z"),
    "in the longest night": (TWO_TO_FOUR, "2017-10-29T00:00:00.000Z", 170, "2017-10-29T02:50:00.000Z"),
    "over the shortest night": (TWO_TO_FOUR, "2018-03-25T00:00:00.000Z", 70, "2018-03-26T00:10:00.000Z"),
    "days on end": (ALWAYS, "2017-11-04T20:00:00.000Z", 1440, "2017-11-05T20:00:00.000Z"),
    "at the latest": (OFFICE, "2017-11-03T16:00:00.000Z", 60, "2017-11-04T16:00:00.000Z"),
}


@pytest.mark.parametrize("name", DUE)
def test_a_promise_falls_due_when_the_brand_was_open_for_so_long(name: str) -> None:
    hours, opened, minutes, due = DUE[name]
    opened_ms = parse_time(opened)
    latest_ms = opened_ms + (DAY_MS if name == "at the latest" else 30 * DAY_MS)
    assert format_time(due_ms(hours, opened_ms, minutes * MINUTE, latest_ms)) == due


SPANS = {  # hours, date, its spans in UTC
    "a winter's day": (OFFICE, "2017-11-01", ["08:00-16:00"]),
    "a summer's day": (OFFICE, "2017-07-03", ["07:00-15:00"]),
    "a holiday": (OFFICE, "2017-11-02", []),
    "a day without hours": (OFFICE, "2017-11-04", []),
    "what occurs twice is the first": (HALF_PAST_TWO, "2017-10-29", ["00:30-02:00"]),
    "what is skipped is read as before": (ROUND_TWO, "2018-03-25", ["00:45-01:45"]),  # 01:15 to 01:30 and 01:45
    "nothing is left": (HALF_PAST_TWO, "2018-03-25", []),  # from what would be 01:30 to 03:00, which is 01:00
}


@pytest.mark.parametrize("name", SPANS)
def test_local_hours_are_read_on_the_clock_of_the_day(name: str) -> None:
    hours, date, expected = SPANS[name]
    day = parse_time(f"{date}T00:00:00Z") // DAY_MS
    spans = [(format_time(begin), format_time(end)) for begin, end in open_spans(hours, day, day)]
    assert [f"{begin[11:16]}-{end[11:16]}" for begin, end in spans] == expected


@pytest.mark.parametrize(
    ("reply_at", "breached"), [("2017-11-03T09:00:00.000Z", False), ("2017-11-03T09:00:00.001Z", True)]
)
def test_a_reply_is_in_time_until_the_instant_that_is_due(reply_at: str, breached: bool) -> None:
    terms = PlainTerms(brands={AIR: PlainBrandTerms(horizon_ms=7 * DAY_MS, service_hours=OFFICE)})
    rows = [issue("1", parse_time("2017-11-01T16:00:00Z")), reply("2", parse_time(reply_at))]
    (case,) = export_account(rows, terms, NEVER).cases
    assert (case["sla_due"], case["sla_breached"]) == ("2017-11-03T09:00:00.000Z", breached)


def test_a_case_closed_before_it_was_due_is_breached_at_its_close() -> None:
    terms = PlainTerms(brands={AIR: PlainBrandTerms(horizon_ms=HOUR_MS, service_hours=OFFICE)})
    closed_ms = parse_time("2017-11-01T17:00:00Z")
    rows = [issue("1", closed_ms - HOUR_MS)]
    seen = [
        (case["outcome"], case["sla_due"], case["sla_breached"])
        for watermark_ms in (closed_ms, closed_ms + 1)
        for case in export_account(rows, terms, watermark_ms).cases
    ]
    due = "2017-11-03T09:00:00.000Z"
    assert seen == [("pending", due, None), ("missed", due, True)]
