"""Goal: what is due happens when W passes it, though no event comes, and the agenda does not grow."""

import gc
import tracemalloc

import msgspec
import numpy as np

from models.counters import COUNTER
from models.records import Flag, Outcome
from streams.stages.casebook import Casebook, PackedConversations
from streams.stages.route import make_hasher
from streams.stages.waiting import NO_ROWS, ROW_DTYPE, Rows, in_order, join
from tests.oracle.customers import hash_of
from tests.stages.rows import BOTH, BRAND, CUSTOMER, rows
from tests.stages.stories import HOUR_MS, TERMS

DAY_MS = 24 * HOUR_MS
ISSUE = BOTH | int(Flag.ACTIONABLE)
THANKS = BOTH | int(Flag.CLOSES)


def casebook() -> Casebook:
    return Casebook(terms_of=lambda _: TERMS)


def issue(time_ms: int, id_: str, customer: str = "ann") -> Rows:
    return rows((time_ms, id_), customer=customer, role=CUSTOMER, flags=ISSUE)


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


def test_a_case_opened_anew_is_looked_at_before_the_old_entry_in_the_agenda() -> None:
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


def test_the_agenda_does_not_grow_with_the_cases_of_one_customer() -> None:
    """Each case is opened while the agenda still holds the entry of the one before it."""
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


def test_it_is_looked_at_to_the_millisecond_however_small_the_steps_of_the_watermark() -> None:
    book = casebook()
    book.fold(issue(0, "m1"), 1)
    states = [seen(book, NO_ROWS, watermark_ms) for watermark_ms in range(HOUR_MS - 100, HOUR_MS + 100)]
    assert states[:101] == [[]] * 101
    assert states[101:] == [[("m1", Outcome.PENDING, True)]] + [[]] * 98


def test_two_brands_that_a_customer_talks_to_at_once_have_a_case_each() -> None:
    """One mention of both; one brand answers."""
    book = casebook()
    told = join(
        [
            rows((0, "m1"), pair=1, role=CUSTOMER, flags=ISSUE),
            rows((0, "m1"), pair=2, role=CUSTOMER, flags=ISSUE),
            rows((1, "m2"), pair=2, role=BRAND),
        ]
    )
    assert [(state.pair, state.case.replies) for state in book.fold(told, 10).cases] == [(1, 0), (2, 1)]
    ended = book.fold(NO_ROWS, 2 * DAY_MS).cases
    assert [(state.pair, state.customer, state.outcome) for state in ended] == [
        (1, hash_of("ann"), Outcome.MISSED),
        (2, hash_of("ann"), Outcome.RESOLVED),
    ]


def test_the_band_of_a_tweet_is_remembered_until_it_is_answered() -> None:
    book = casebook()
    book.fold(rows((0, "m1"), role=CUSTOMER, flags=ISSUE, band=3), 1)
    changes = book.fold(rows((5, "m2"), role=BRAND), 6).changes
    assert COUNTER["band_3_answered"] in changes[2::4]


def _many(count: int, book: Casebook) -> None:
    """Open ``count`` cases over a day, the way that they come: hashed customers, ids of 19 digits."""
    hash_customer, step = make_hasher(b"key"), count // 20
    for first in range(0, count, step):
        numbers = range(first, first + step)
        table = np.zeros(len(numbers), ROW_DTYPE)
        table["time_ms"] = [1_509_487_847_000 + number * (20 * HOUR_MS) // count for number in numbers]
        table["flags"], table["pair"] = ISSUE, 7
        table["customer"] = [int(hash_customer("x", f"author{number}"), 16) for number in numbers]
        ids = [str(925_000_000_000_000_000 * 2 + number * 4_099).encode() for number in numbers]
        table["id_from"], table["id_to"] = np.arange(len(ids)) * len(ids[0]), np.arange(1, len(ids) + 1) * len(ids[0])
        book.fold(Rows(table, np.frombuffer(b"".join(ids), np.uint8)), int(table["time_ms"][-1]) + 1)


def test_an_open_case_costs_no_more_than_200_bytes() -> None:
    """Everything that holds it counts: key, conversation, dict, agenda."""
    book, count = casebook(), 25_000
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    _many(count, book)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert book.open_cases == count
    assert (after - before) / count <= 200


def test_parts_of_a_snapshot_are_small_however_many_cases_there_are() -> None:
    book = casebook()
    _many(20_000, book)
    sizes = [len(msgspec.msgpack.encode(part)) for part in book.dump()]
    assert len(sizes) == 5
    assert max(sizes) < 400_000


def test_a_snapshot_keeps_deadlines() -> None:
    book, loaded = casebook(), casebook()
    book.fold(join([issue(0, "m1"), issue(7, "m2", customer="bob")]), 8)
    for part in book.dump():
        loaded.load(msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=PackedConversations))
    assert loaded.open_cases == 2
    assert seen(loaded, NO_ROWS, DAY_MS + 1) == seen(book, NO_ROWS, DAY_MS + 1) != []
