"""Goal: what is due happens when W passes it, though no event comes, and the calendar does not grow."""

import msgspec

from models.records import Flag, Outcome
from streams.stages.casebook import Casebook, PackedConversations
from streams.stages.waiting import NO_ROWS, Rows, in_order, join
from tests.stages.rows import BOTH, BRAND, CUSTOMER, rows
from tests.stages.stories import HOUR_MS, TERMS

DAY_MS = 24 * HOUR_MS
ISSUE = BOTH | int(Flag.ACTIONABLE)
THANKS = BOTH | int(Flag.CLOSES)


def casebook() -> Casebook:
    return Casebook(pair_of=lambda _: 0, terms_of=lambda _: TERMS)


def issue(time_ms: int, id_: str, key: str = "x\x1facme\x1fann") -> Rows:
    return rows((time_ms, id_), key=key, role=CUSTOMER, flags=ISSUE)


def seen(book: Casebook, told: Rows, watermark_ms: int) -> list[tuple[str, Outcome, bool | None]]:
    return [(state.case.opened_by, state.outcome, state.case.breached) for state in book.fold(told, watermark_ms).cases]


def test_a_case_opens_breaches_and_is_missed_without_any_further_event() -> None:
    book = casebook()
    assert seen(book, issue(0, "m1"), 1) == [("m1", Outcome.PENDING, None)]
    assert seen(book, NO_ROWS, HOUR_MS) == []
    assert seen(book, NO_ROWS, HOUR_MS + 1) == [("m1", Outcome.PENDING, True)]
    assert seen(book, NO_ROWS, DAY_MS) == []
    assert book.open_cases == 1
    assert seen(book, NO_ROWS, DAY_MS + 1) == [("m1", Outcome.MISSED, True)]
    assert (book.open_cases, book.keys) == (0, 1)
    assert seen(book, NO_ROWS, 8 * DAY_MS + 1) == []
    assert book.keys == 0


def test_all_of_it_may_happen_in_one_step() -> None:
    book = casebook()
    assert seen(book, issue(0, "m1"), 30 * DAY_MS) == [("m1", Outcome.MISSED, True)]
    assert (book.open_cases, book.keys) == (0, 0)


def test_a_case_opened_anew_is_looked_at_before_the_old_entry_in_the_calendar() -> None:
    book = casebook()
    told = join(
        [
            issue(0, "m1"),
            rows((1, "m2"), role=BRAND),
            rows((2, "m3"), role=CUSTOMER, flags=THANKS),
        ]
    )
    assert seen(book, told, 10) == [("m1", Outcome.RESOLVED, False)]  # due again in seven days
    assert seen(book, issue(20, "m4"), 30) == [("m4", Outcome.PENDING, None)]
    assert seen(book, NO_ROWS, HOUR_MS + 21) == [("m4", Outcome.PENDING, True)]


def test_what_nothing_is_remembered_of_costs_nothing() -> None:
    book = casebook()
    told = join([rows((0, "m1"), role=CUSTOMER), rows((1, "m2"), role=BRAND), rows((2, "m3"), role=2, flags=ISSUE)])
    assert seen(book, told, 10) == []
    assert book.keys == 0


def test_the_calendar_does_not_grow_with_the_cases_of_one_customer() -> None:
    """Each case is opened while the calendar still holds the entry of the one before it."""
    book, at_ms = casebook(), 0
    for number in range(200):
        told = join(
            [
                issue(at_ms, f"a{number}"),
                rows((at_ms + 1, f"b{number}"), role=BRAND),
                rows((at_ms + 2, f"c{number}"), role=CUSTOMER, flags=THANKS),
            ]
        )
        book.fold(in_order(told), at_ms + 3)
        at_ms += 5 * HOUR_MS
        book.fold(NO_ROWS, at_ms)
    assert book.entries <= 8 * 24 // 5 + 2


def test_a_snapshot_keeps_deadlines() -> None:
    book, loaded = casebook(), casebook()
    book.fold(join([issue(0, "m1"), issue(7, "m2", key="x\x1facme\x1fbob")]), 8)
    for part in book.dump():
        loaded.load(msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=PackedConversations))
    assert loaded.open_cases == 2
    assert seen(loaded, NO_ROWS, DAY_MS + 1) == seen(book, NO_ROWS, DAY_MS + 1) != []
