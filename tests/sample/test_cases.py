"""Cases read off hand-made histories. Times in minutes; H is 60, S is 10, the case limit 500, re-contact 100."""

import msgspec
import pytest

from streams.sample.cases import Case, Said, Terms, read_cases

MINUTE = 60_000
TERMS = Terms(
    horizon_ms=60 * MINUTE,
    sla_ms=10 * MINUTE,
    case_limit_ms=500 * MINUTE,
    recontact_ms=100 * MINUTE,
    watermark_ms=10_000 * MINUTE,
)
# who says it: (speaker, actionable, needs a reply, closes, diverts)
WORDS = {
    "issue": ("customer", True, True, False, False),
    "vent": ("customer", False, True, False, False),
    "talk": ("customer", False, False, False, False),
    "thanks": ("customer", False, False, True, False),
    "thanks+issue": ("customer", True, True, True, False),
    "reply": ("agent", False, False, False, False),
    "divert": ("agent", False, False, False, True),
    "bot": ("bot", False, False, False, False),
}


def history(*events: tuple[float, str]) -> list[Said]:
    return [Said(round(at * MINUTE), f"{index:03d}", *WORDS[word]) for index, (at, word) in enumerate(events)]


def short(case: Case) -> tuple:
    closed = None if case.closed_ms is None else case.closed_ms / MINUTE
    first = None if case.first_response_ms is None else case.first_response_ms / MINUTE
    return case.outcome, closed, first, case.sla_breached, case.mentions, case.replies


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(0, "talk"), (1, "vent"), (2, "reply")], []),
        ([(0, "issue")], [("missed", 60, None, True, 1, 0)]),
        ([(0, "issue"), (1, "bot")], [("missed", 60, None, True, 1, 0)]),
        ([(0, "issue"), (5, "issue"), (50, "vent")], [("missed", 60, None, True, 3, 0)]),
        ([(0, "issue"), (10, "reply")], [("resolved", 70, 10, False, 1, 1)]),
        ([(0, "issue"), (10.001, "reply")], [("resolved", 70.001, 10.001, True, 1, 1)]),
        ([(0, "issue"), (60, "reply")], [("resolved", 120, 60, True, 1, 1)]),
        ([(0, "issue"), (60.001, "reply")], [("missed", 60, None, True, 1, 0)]),
        ([(0, "issue"), (5, "reply"), (9, "talk")], [("resolved", 65, 5, False, 2, 1)]),
        ([(0, "issue"), (5, "reply"), (9, "vent")], [("stalled", 69, 5, False, 2, 1)]),
        ([(0, "issue"), (5, "reply"), (9, "vent"), (30, "issue")], [("stalled", 69, 5, False, 3, 1)]),
        ([(0, "issue"), (5, "reply"), (9, "issue"), (20, "reply")], [("resolved", 80, 5, False, 2, 2)]),
        ([(0, "issue"), (5, "divert")], [("diverted", 65, 5, False, 1, 1)]),
        ([(0, "issue"), (5, "divert"), (8, "talk")], [("diverted", 65, 5, False, 2, 1)]),
        ([(0, "issue"), (5, "divert"), (8, "reply")], [("resolved", 68, 5, False, 1, 2)]),
        ([(0, "issue"), (5, "reply"), (8, "thanks")], [("resolved", 8, 5, False, 2, 1)]),
        ([(0, "issue"), (3, "thanks"), (5, "reply")], [("resolved", 65, 5, False, 2, 1)]),
        ([(0, "issue"), (5, "reply"), (8, "thanks+issue")], [("resolved", 8, 5, False, 2, 1)]),
        ([(0, "thanks+issue")], [("missed", 60, None, True, 1, 0)]),
        (
            [(0, "issue"), (5, "reply"), (8, "thanks"), (9, "issue")],
            [("resolved", 8, 5, False, 2, 1), ("missed", 69, None, True, 1, 0)],
        ),
        ([(0, "issue"), (61, "issue")], [("missed", 60, None, True, 1, 0), ("missed", 121, None, True, 1, 0)]),
        ([(0, "issue"), *((50 * i, "reply") for i in range(1, 12))], [("resolved", 500, 50, True, 1, 10)]),
    ],
)
def test_outcomes(events: list[tuple[float, str]], expected: list[tuple]) -> None:
    assert [short(case) for case in read_cases(history(*events), TERMS)] == expected


@pytest.mark.parametrize(("gap", "recontact"), [(0.001, True), (100, True), (100.001, False)])
def test_a_case_soon_after_another_is_a_recontact(gap: float, recontact: bool) -> None:
    events = [(0, "issue"), (5, "reply"), (8, "thanks"), (8 + gap, "issue")]
    assert [case.recontact for case in read_cases(history(*events), TERMS)] == [False, recontact]


@pytest.mark.parametrize(
    ("watermark", "expected"),
    [
        (5, ("pending", None, None, None, 1, 0)),
        (10, ("pending", None, None, None, 1, 0)),
        (10.001, ("pending", None, None, True, 1, 0)),
        (60, ("pending", None, None, True, 1, 0)),
        (60.001, ("missed", 60, None, True, 1, 0)),
    ],
)
def test_what_has_not_matured_is_pending(watermark: float, expected: tuple) -> None:
    terms = msgspec.structs.replace(TERMS, watermark_ms=round(watermark * MINUTE))
    assert [short(case) for case in read_cases(history((0, "issue")), terms)] == [expected]


def test_arrival_order_does_not_matter_and_equal_times_go_by_id() -> None:
    events = history((0, "issue"), (5, "reply"), (5, "thanks"), (9, "issue"))
    assert read_cases(events[::-1], TERMS) == read_cases(events, TERMS)
    assert [case.outcome for case in read_cases(events, TERMS)] == ["resolved", "missed"]
