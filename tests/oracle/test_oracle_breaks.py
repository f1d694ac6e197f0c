"""Stalls and disconnects against raw lines worked out by hand."""

from typing import Any

from models.records import ControlKind

from .account import oracle_account
from .by_hand import MINUTE, START_MS, at, clock, control, end, mention, start
from .classified import parse_time
from .raw import Line
from .rules import HOUR_MS, PlainTerms

CUT, BEAT = ControlKind.DISCONNECT, ControlKind.HEARTBEAT


def breaks(*lines: Line) -> list[tuple[Any, ...]]:
    """(cause, epoch, number, minutes from, minutes to, estimated) of what is not a gap in the numbers."""
    account = oracle_account(at(0, *lines), [], PlainTerms())
    gaps = [gap for gap in account.gaps if gap["cause"] in ("disconnect", "stall")]
    assert all((gap["exact"], gap["missed"], gap["to_seq"]) == (False, 0, gap["from_seq"]) for gap in gaps)
    minutes = [[_minutes(gap.get(name)) for name in ("from", "to")] for gap in gaps]
    return [
        (gap["cause"], gap["epoch"], gap["from_seq"], *span, gap.get("estimated"))
        for gap, span in zip(gaps, minutes, strict=True)
    ]


def _minutes(time: str | None) -> float | None:
    return None if time is None else (parse_time(time) - START_MS) / MINUTE


def test_a_stall_lasts_until_its_line_and_is_estimated_by_the_lines_before() -> None:
    lines = (
        start(),
        control(BEAT, 3, clock()),  # the numbers 1 and 2 are lost
        mention("4", 4, clock(ms=2 * MINUTE)),
        mention("9", 9, clock(ms=16 * MINUTE), silent_ms=10 * MINUTE),
        end(9, clock(ms=16 * MINUTE)),
    )
    # 6 numbers (3 to 8) in the 6 minutes before the silence: 10 in those 10 minutes
    assert breaks(*lines) == [("stall", 1, 9, 6, 16, 10)]


def test_an_estimate_is_rounded_down() -> None:
    lines = (
        start(),
        control(BEAT, 1, clock()),
        mention("2", 2, clock(hours=1)),
        mention("3", 3, clock(hours=2) - 1, silent_ms=HOUR_MS - 1),
        end(3, clock(hours=2)),
    )
    ((*_, estimated),) = breaks(*lines)
    assert estimated == 1  # 2 lines an hour, less than an hour long


def test_where_the_lines_before_took_no_time_nothing_is_estimated() -> None:
    lines = (
        start(),
        control(BEAT, 1, clock()),
        mention("2", 2, clock(hours=1), silent_ms=HOUR_MS),
        end(2, clock(hours=1)),
    )
    assert breaks(*lines) == [("stall", 1, 2, 0, 60, None)]


def test_the_last_notice_of_an_epoch_reaches_to_the_next_ones_lowest_line() -> None:
    lines = (
        start(),
        mention("1", 1, clock()),
        control(CUT, 3, clock(ms=MINUTE)),
        control(CUT, 5, clock(ms=4 * MINUTE)),
        mention("6", 6, clock(ms=5 * MINUTE)),
        end(6, clock(ms=5 * MINUTE), final=False),
        start(epoch=2, first_seq=1),
        mention("7", 2, clock(ms=14 * MINUTE), epoch=2),
        end(2, clock(ms=14 * MINUTE), epoch=2),
    )
    # 4 numbers (1 to 4) in 4 minutes, so 10 in 10
    assert breaks(*lines) == [("disconnect", 1, 3, 1, 1, 0), ("disconnect", 1, 5, 4, 14, 10)]


def test_a_new_epoch_without_a_notice_before_it_follows_a_break_behind_the_last_number() -> None:
    lines = (
        start(),
        mention("1", 1, clock()),
        mention("4", 4, clock(ms=3 * MINUTE)),
        end(4, clock(ms=3 * MINUTE), final=False),
        start(epoch=2),
        mention("7", 2, clock(ms=13 * MINUTE), epoch=2),
        end(2, clock(ms=13 * MINUTE), epoch=2),
    )
    assert breaks(*lines) == [("disconnect", 1, 4, 3, 13, 10)]


def test_a_last_number_that_never_came_has_the_time_of_the_end_of_feed() -> None:
    lines = (
        start(),
        mention("1", 1, clock()),
        end(3, clock(ms=2 * MINUTE), final=False),
        start(epoch=2),
        mention("2", 1, clock(ms=3 * MINUTE), epoch=2),
        end(1, clock(ms=3 * MINUTE), epoch=2),
    )
    assert breaks(*lines) == [("disconnect", 1, 3, 2, 3, 1)]


def test_a_notice_without_a_newer_epoch_has_no_length() -> None:
    lines = (start(), mention("1", 1, clock()), control(CUT, 2, clock(ms=MINUTE)), end(2, clock(ms=MINUTE)))
    assert breaks(*lines) == [("disconnect", 1, 2, 1, 1, 0)]


def test_an_epoch_without_lines_is_neither_broken_nor_the_end_of_a_break() -> None:
    before = (start(), end(0, 0, final=False), start(epoch=2), mention("1", 1, clock(), epoch=2))
    empty = (end(1, clock(), epoch=2, final=False), start(epoch=3), end(0, clock(), epoch=3, final=False))
    after = (start(epoch=4), mention("2", 1, clock(ms=MINUTE), epoch=4), end(1, clock(ms=MINUTE), epoch=4))
    assert breaks(*before, *empty, *after) == [("disconnect", 2, 1, 0, 1, None)]
