"""Goal: what a customer waited for is told to the millisecond: first and next responses, reopening, resolution, and
promises that run by the calendar.

Method: the same small language as in ``tests/stages/test_ledger.py``, with the figures beside the outcome.
"""

import msgspec
import pytest

from models.counters import COUNTERS, RESPONSE_EDGES_MS
from streams.stages.ledger import NO_COUNTER, SILENCE, Event, Terms, advance, mature, next_due_ms
from streams.stages.service_hours import ServiceHours
from tests.stages.stories import FOREVER_MS, HOUR_MS, TERMS, counts_of, held_in, parse_time, show_time, tell

FIGURES = {  # reopened, next responses, the longest of them, resolution
    "one answer": (
        """0:00 customer issue
           1:00 brand reply""",
        (0, 0, None, "1:00"),
    ),
    "nobody answers": ("0:00 customer issue", (0, 0, None, None)),
    "asked again and answered again": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer vent
           2:45 brand reply""",
        (1, 1, "0:45", "2:45"),
    ),
    "the longest of several": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           3:00 brand reply
           4:00 customer issue
           6:00 brand reply
           7:00 customer issue
           7:10 brand reply""",
        (3, 3, "2:00", "7:10"),
    ),
    "waiting counts from the first unanswered mention": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           3:00 customer issue
           4:00 brand reply""",
        (1, 1, "2:00", "4:00"),
    ),
    "several first mentions are no reopening, their answer no next response": (
        """0:00 customer issue
           1:00 customer issue
           2:00 brand reply""",
        (0, 0, None, "2:00"),
    ),
    "a second agent's reply ends no waiting": (
        """0:00 customer issue
           1:00 brand reply
           2:00 brand reply""",
        (0, 0, None, "2:00"),
    ),
    "small talk reopens nothing": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer talk
           3:00 brand reply""",
        (0, 0, None, "3:00"),
    ),
    "a bot does not end the waiting": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           2:01 bot
           5:00 brand reply""",
        (1, 1, "3:00", "5:00"),
    ),
    "reopened and left alone": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue""",
        (1, 0, None, None),
    ),
    "a diverted case is not resolved": (
        """0:00 customer issue
           1:00 brand divert""",
        (0, 0, None, None),
    ),
    "closing words end it, not the reply before": (
        """0:00 customer issue
           1:00 brand reply
           9:00 customer thanks""",
        (0, 0, None, "9:00"),
    ),
    "closing words exactly at the deadline too": (
        """0:00 customer issue
           1:00 brand reply
           25:00 customer thanks""",
        (0, 0, None, "25:00"),
    ),
    "closing words that raise an issue reopen nothing": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer solved, but""",
        (0, 0, None, "2:00"),
    ),
    "a next response in the millisecond of the question": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           2:00 brand reply""",
        (1, 1, "0:00", "2:00"),
    ),
}


@pytest.mark.parametrize(("story", "expected"), FIGURES.values(), ids=FIGURES.keys())
def test_what_is_told_of_a_case_beside_its_outcome(story: str, expected: tuple[int, int, str, str]) -> None:
    steps = tell(story)[1]
    (ended,) = [closed for step in steps for closed in step.closed]
    case = ended.case
    times = (case.longest_next_ms, ended.resolution_ms)
    longest, resolution = (None if time_ms is None else show_time(time_ms) for time_ms in times)
    assert (case.reopened, case.next_responses, longest, resolution) == expected
    counts = counts_of(steps)
    assert counts["cases_reopened"] == (case.reopened > 0)
    assert held_in(counts, "next_response") == case.next_responses
    assert held_in(counts, "resolution") == (ended.resolution_ms is not None)
    assert held_in(counts, "censored") == (case.replies == 0)
    assert {at_ms for step in steps for at_ms, counter, _ in step.changes if _is_of_case(counter)} == {case.opened_ms}


def _is_of_case(counter: int) -> bool:
    return counter != NO_COUNTER and not COUNTERS[counter].startswith(("mentions_", "band_"))


def test_a_first_reply_is_counted_once_in_the_window_of_the_opening() -> None:
    _, steps = tell("2:00 customer issue\n2:00:01 brand reply\n3:00 customer issue\n4:00 brand reply")
    counts = counts_of(steps)
    assert counts["cases_replied"] == counts["sla_kept"] == counts["first_response_0"] == 1
    opened_ms = parse_time("2:00")
    replied = [at_ms for step in steps for at_ms, counter, _ in step.changes if COUNTERS[counter] == "cases_replied"]
    assert replied == [opened_ms]


@pytest.mark.parametrize("bucket", [0, 1, 40, len(RESPONSE_EDGES_MS) - 1])
def test_a_first_response_on_an_edge_lies_in_the_bucket_below(bucket: int) -> None:
    edge_ms = RESPONSE_EDGES_MS[bucket]
    terms = Terms(2 * edge_ms, (HOUR_MS,), ("default",), FOREVER_MS, HOUR_MS)
    for delay_ms, expected in ((edge_ms, bucket), (edge_ms + 1, bucket + 1)):
        opened = advance(SILENCE, Event(0, "a", 0, 3), terms).conversation
        assert f"first_response_{expected}" in counts_of([advance(opened, Event(delay_ms, "b", 1), terms)])
        answered = advance(opened, Event(0, "b", 1), terms).conversation
        again = advance(answered, Event(0, "c", 0, 3), terms).conversation
        assert f"next_response_{expected}" in counts_of([advance(again, Event(delay_ms, "d", 1), terms)])
        closed = advance(answered, Event(delay_ms, "c", 0, 8), terms)
        assert f"resolution_{expected}" in counts_of([closed])


@pytest.mark.parametrize("bucket", [0, 1, 40])
def test_a_case_closed_without_a_reply_is_censored_at_its_close(bucket: int) -> None:
    for horizon_ms, expected in ((RESPONSE_EDGES_MS[bucket], bucket), (RESPONSE_EDGES_MS[bucket] + 1, bucket + 1)):
        terms = Terms(horizon_ms, (0,), ("default",), FOREVER_MS, HOUR_MS)
        assert counts_of(tell("0:00 customer issue", terms=terms)[1])[f"censored_{expected}"] == 1


OFFICE = ServiceHours("UTC", (((8 * 60, 20 * 60),),) * 7)
OFFICE_TERMS = msgspec.structs.replace(TERMS, hours=OFFICE)


@pytest.mark.parametrize(
    ("story", "due", "line"),
    [
        (
            "12:00 customer issue",
            "13:00",
            "12:00 missed 36:00, no reply, breached, 1 mention, 0 replies",
        ),
        (
            "19:30 customer issue\n32:30 brand reply",
            "32:30",
            "19:30 resolved 56:30, reply after 13:00, in time, 1 mention, 1 reply",
        ),
        (
            "19:30 customer issue\n32:30:00.001 brand reply",
            "32:30",
            "19:30 resolved 56:30:00.001, reply after 13:00:00.001, breached, 1 mention, 1 reply",
        ),
        (
            "23:00 gold issue\n32:00 brand reply",
            "32:15",
            "23:00 resolved 56:00, reply after 9:00, in time, 1 mention, 1 reply",
        ),
        (
            "21:00 customer issue\n21:01 brand reply",
            "33:00",
            "21:00 resolved 45:01, reply after 0:01, in time, 1 mention, 1 reply",
        ),
    ],
)
def test_with_service_hours_a_promise_runs_while_the_brand_is_open(story: str, due: str, line: str) -> None:
    lines, steps = tell(story, terms=OFFICE_TERMS)
    (ended,) = [closed for step in steps for closed in step.closed]
    assert (show_time(ended.case.sla_due_ms), lines) == (due, [line])


def test_a_promise_due_after_the_weekend_is_breached_when_the_case_closes_before() -> None:
    """Only S runs by the calendar: the customer waits H as ever."""
    monday_only = ServiceHours("UTC", (((8 * 60, 20 * 60),), (), (), (), (), (), ()))
    terms = msgspec.structs.replace(TERMS, hours=monday_only)  # the epoch was a Thursday
    lines, steps = tell("0:00 customer issue", terms=terms)
    assert lines == ["0:00 missed 24:00, no reply, breached, 1 mention, 0 replies"]
    assert counts_of(steps)["sla_breached"] == 1
    assert tell("0:00 customer issue", "24:00", terms=terms)[0] == [
        "0:00 pending, no reply, undecided, 1 mention, 0 replies"
    ]


def test_the_ledger_wakes_up_when_a_promise_by_the_calendar_falls_due() -> None:
    opened = advance(SILENCE, Event(parse_time("19:30"), "a", 0, 3), OFFICE_TERMS).conversation
    due_ms = next_due_ms(opened, OFFICE_TERMS)
    assert due_ms == parse_time("32:30")
    assert mature(opened, due_ms, OFFICE_TERMS).changes == ()
    assert counts_of([mature(opened, due_ms + 1, OFFICE_TERMS)])["sla_breached"] == 1
