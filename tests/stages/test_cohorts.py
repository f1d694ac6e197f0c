"""Goal: every row counts once where it belongs, and a row of counts is held as long as it can change, no longer."""

from array import array

import msgspec
import pytest

from models.counters import COUNTER, COUNTERS, DENSE
from models.packed import WindowPart
from models.records import Flag
from streams.stages.cohorts import Cohorts, PackedSlots, Pairs
from streams.stages.dedupe import seed_of
from tests.stages.rows import BOT, BOTH, BRAND, CUSTOMER, NONE, rows

WINDOW = 100


def cohorts() -> tuple[Cohorts, Pairs]:
    pairs = Pairs()
    return Cohorts(WINDOW, pairs), pairs


def show(part: WindowPart) -> dict[str, int]:
    """The figures of a part that are not 0."""
    counts = {name: count for name, count in zip(COUNTERS, part.counts, strict=False) if count}
    counts |= {COUNTERS[counter]: count for counter, count in part.sparse.items()}
    return counts | ({"open": part.open} if part.open else {}) | ({"waiting": part.waiting} if part.waiting else {})


def published(held: Cohorts, watermark_ms: int = 0) -> dict[tuple[int, str], dict[str, int]]:
    return {(part.window_start_ms, part.brand): show(part) for part in told(held, watermark_ms)}


def told(held: Cohorts, watermark_ms: int) -> list[WindowPart]:
    """Everything that is news, whether W makes it urgent or not."""
    return [*held.publish(watermark_ms), *held.provisional()]


def test_codes_of_brands_come_with_their_source_as_a_whole() -> None:
    pairs = Pairs()
    acme = pairs.code("x", "acme")
    assert pairs.names == [("x", "*"), ("x", "acme")]
    assert pairs.all_brands[acme] == pairs.code("x", "*") == 0
    assert pairs.code("x", "acme") == acme
    assert pairs.code("y", "acme") != acme
    assert pairs.seeds().tolist() == [list(seed_of(*name)) for name in pairs.names]
    assert Pairs(pairs.names).names == pairs.names


def test_a_row_counts_in_its_brand_and_in_all_brands() -> None:
    held, pairs = cohorts()
    flags = [BOTH | int(Flag.ACTIONABLE | Flag.ESCALATED), BOTH]
    held.count(
        rows((10, "a"), (199, "b"), pair=pairs.code("x", "acme"), flags=flags, intent=[0, 1], reasons=[0b101, 0]).table
    )
    first = {
        "received": 1,
        "customer_actionable": 1,
        "intent_issue": 1,
        "escalated": 1,
        "reason_safety": 1,
        "reason_security": 1,
    }
    second = {"received": 1, "customer_other": 1, "intent_praise": 1}
    assert published(held) == {(0, "*"): first, (0, "acme"): first, (100, "*"): second, (100, "acme"): second}


@pytest.mark.parametrize(
    ("role", "flags", "expected"),
    [
        (BRAND, Flag.ADDRESSED, {"brand": 1}),
        (BRAND, Flag.ADDRESSED | Flag.DIVERTS, {"brand": 1, "diverting_replies": 1}),
        (BRAND, Flag.DIVERTS, {"brand": 1}),
        (BOT, Flag.ADDRESSED | Flag.DIVERTS, {"bot": 1, "diverting_replies": 1}),
        (CUSTOMER, Flag.ADDRESSED, {"customer_other": 1, "intent_other": 1}),
        (NONE, Flag(0), {"no_brand": 1}),
    ],
)
def test_each_row_is_of_exactly_one_class(role: int, flags: Flag, expected: dict[str, int]) -> None:
    held, pairs = cohorts()
    table = rows(
        (10, "a"), pair=pairs.code("x", ""), role=role, flags=int(flags | Flag.PRIMARY_MENTION), intent=4
    ).table
    held.count(table)
    assert published(held) == {(0, "*"): {"received": 1} | expected}


def test_a_mention_of_two_brands_counts_once_in_all_brands() -> None:
    held, pairs = cohorts()
    codes = [pairs.code("x", "acme"), pairs.code("x", "beta")]
    held.count(rows((1, "a"), (1, "a"), pair=codes, flags=[BOTH, BOTH & ~int(Flag.PRIMARY_MENTION)]).table)
    assert {name: counts["received"] for name, counts in published(held).items()} == {
        (0, "*"): 1,
        (0, "acme"): 1,
        (0, "beta"): 1,
    }


def test_sources_are_kept_apart() -> None:
    held, pairs = cohorts()
    held.count(rows((1, "a"), (1, "b"), pair=[pairs.code("x", "acme"), pairs.code("y", "acme")]).table)
    parts = [(part.brand, part.source, part.counts[0]) for part in told(held, 0)]
    assert parts == [("*", "x", 1), ("*", "y", 1), ("acme", "x", 1), ("acme", "y", 1)]


def test_personal_data_is_counted_by_kind() -> None:
    held, pairs = cohorts()
    held.count(rows((1, "a"), pair=pairs.code("x", "acme"), pii=0b1000011).table)
    assert {name for name in published(held)[0, "acme"] if name.startswith("pii")} == {
        "pii_email",
        "pii_phone",
        "pii_national_id",
    }


def test_changes_of_the_ledger_count_for_the_brand_and_for_all() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    opened, response = COUNTER["cases_opened"], DENSE + 40
    held.change(array("q", [acme, 10, opened, 1, acme, 10, -1, 1, acme, 10, response, 0, acme, 10, response, 0]))
    expected = {"cases_opened": 1, "first_response_40": 2, "open": 2}
    assert published(held) == {(0, "*"): expected, (0, "acme"): expected}


def test_tiers_of_two_brands_are_not_added_up() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    first, last, band = COUNTER["tier_0_opened"], COUNTER["tier_7_kept"], COUNTER["band_0_actionable"]
    held.change(array("q", [acme, 10, first, 0, acme, 10, last, 0, acme, 10, band, 1]))
    assert published(held) == {
        (0, "*"): {"band_0_actionable": 1, "open": 1},
        (0, "acme"): {"tier_0_opened": 1, "tier_7_kept": 1, "band_0_actionable": 1, "open": 1},
    }


def test_a_part_holds_no_zeros_and_no_count_twice() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    held.change(array("q", [acme, 10, COUNTER["cases_opened"], 1, acme, 10, DENSE, 0, acme, 10, len(COUNTERS) - 1, 0]))
    (_, part) = told(held, 0)
    assert len(part.counts) == COUNTER["cases_opened"] + 1
    assert part.sparse == {DENSE: 1, len(COUNTERS) - 1: 1}


def test_what_waits_is_published_before_it_counts() -> None:
    held, pairs = cohorts()
    table = rows((1, "a"), (2, "b"), pair=pairs.code("x", "acme")).table
    held.wait(table, 1)
    assert published(held) == {(0, "*"): {"waiting": 2}, (0, "acme"): {"waiting": 2}}
    held.wait(table, -1)
    held.count_duplicates(table[:1])
    assert published(held) == {(0, "*"): {"duplicates": 1}, (0, "acme"): {"duplicates": 1}}


def test_only_what_changed_is_published() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    held.count(rows((1, "a"), (150, "b"), pair=acme).table)
    assert len(told(held, 0)) == 4
    assert told(held, 0) == []
    held.change(array("q", [acme, 150, COUNTER["sla_kept"], 0]))
    assert [part.window_start_ms for part in told(held, 0)] == [100, 100]


def test_only_what_cannot_wait_is_told_at_once() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    held.change(array("q", [acme, 1, COUNTER["cases_opened"], 1, acme, 150, COUNTER["cases_opened"], 1]))
    assert held.publish(99) == []
    assert [part.window_start_ms for part in held.publish(100)] == [0, 0], "W has passed it"
    held.change(array("q", [acme, 1, COUNTER["sla_kept"], 0]))
    assert held.publish(110) == []
    held.change(array("q", [acme, 1, COUNTER["cases_missed"], -1]))
    assert [part.window_start_ms for part in held.publish(120)] == [0, 0], "it can change no more"
    assert [part.window_start_ms for part in held.provisional()] == [100, 100]
    assert held.provisional() == []


def test_a_finished_window_is_dropped_after_its_last_part() -> None:
    held, pairs = cohorts()
    held.count(rows((1, "a"), pair=pairs.code("x", "acme")).table)
    assert len(told(held, 99)) == 2
    assert held.rows == 2
    assert held.publish(100) == []
    assert held.rows == 0


def test_a_window_is_held_while_something_in_it_is_open() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    held.change(array("q", [acme, 1, COUNTER["cases_opened"], 1]))
    held.publish(10_000)
    assert held.rows == 2
    held.change(array("q", [acme, 1, COUNTER["cases_missed"], -1]))
    assert show(held.publish(10_000)[0]) == {"cases_opened": 1, "cases_missed": 1}
    assert held.rows == 0


def test_a_slot_that_is_used_again_starts_from_zero() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    for window in range(500):
        held.count(rows((window * WINDOW, "a"), pair=acme).table)
        held.change(array("q", [acme, window * WINDOW, DENSE + 3, 0]))
        assert published(held, (window + 1) * WINDOW)[window * WINDOW, "acme"] == {
            "received": 1,
            "customer_other": 1,
            "intent_issue": 1,
            "first_response_3": 1,
        }
    assert held.rows == 0


def test_a_snapshot_gives_the_same_parts() -> None:
    held, pairs = cohorts()
    acme = pairs.code("x", "acme")
    held.count(rows((-5, "a"), (150, "b"), pair=acme).table)
    held.change(array("q", [acme, 150, DENSE + 7, 0, acme, 150, COUNTER["cases_opened"], 1]))
    told(held, 0)
    loaded = Cohorts(WINDOW, Pairs(pairs.names))
    for part in held.dump():
        loaded.load(msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=PackedSlots))
    assert loaded.parts() == held.parts() != []
    assert told(loaded, 10_000) == held.parts(), "nobody knows whether they were told before"
    assert loaded.rows == held.rows
