"""Lines of the raw topic are told as runs, the same ones however the reports about them were cut or repeated."""

import random
from collections.abc import Sequence

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.packed import (
    LINE_DTYPE,
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    Disconnect,
    FeedEnd,
    FeedLines,
    FeedStart,
    Limit,
    LineKind,
    RawSpan,
    Stall,
)
from streams.stages.line_runs import LineRuns, line_rows
from streams.stages.rows import LineRow

MENTION, LATE, REJECTED, CONTROL = LineKind
Line = tuple[int, LineKind]  # number, kind; its feed time is a second for each number


def report(lines: Sequence[Line], span: RawSpan | None = None, epoch: int = 1, **told: object) -> bytes:
    """One record of ``capture.reports`` with lines of feed ``f``."""
    rows = np.zeros(len(lines), LINE_DTYPE)
    rows["seq"] = [seq for seq, _ in lines]
    rows["kind"] = [kind for _, kind in lines]
    rows["epoch"] = epoch
    rows["feed_time_ms"] = rows["seq"] * 1000
    feed = FeedLines("f", "x", rows.tobytes(), **told)  # type: ignore[arg-type]  # limits, disconnects, stalls
    section = CaptureSection(span or RawSpan("t", 0, 0, len(lines)), (feed,) if lines else ())
    return msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA, (section,)))


def told(rows: Sequence[LineRow]) -> list[tuple[str, int, int]]:
    return [(row.kind, row.from_seq, row.to_seq) for row in rows]


def of_kind(kind: LineKind, *numbers: int) -> list[Line]:
    return [(number, kind) for number in numbers]


def test_consecutive_numbers_of_one_kind_are_one_run() -> None:
    lines = [*of_kind(MENTION, 1, 2, 3), *of_kind(LATE, 4), *of_kind(MENTION, 5, 8), *of_kind(REJECTED, 6, 7)]
    rows = list(line_rows([report(lines)]))
    assert told(rows) == [("mention", 1, 3), ("late", 4, 4), ("mention", 5, 5), ("rejected", 6, 7), ("mention", 8, 8)]
    assert (rows[0].from_time, rows[0].to_time) == ("1970-01-01T00:00:01.000Z", "1970-01-01T00:00:03.000Z")


def test_numbers_that_never_came_part_two_runs() -> None:
    assert told(list(line_rows([report(of_kind(MENTION, 1, 2, 4))]))) == [("mention", 1, 2), ("mention", 4, 4)]


def test_notices_stand_alone_and_a_stall_begins_a_run() -> None:
    rows = list(
        line_rows(
            [
                report(
                    [*of_kind(CONTROL, 1, 2, 3, 4, 5), *of_kind(MENTION, 6, 7, 8)],
                    limits=(Limit(1, 2, 2000, 40), Limit(1, 3, 3000, 41)),
                    disconnects=(Disconnect(1, 5, 5000, 7, "stall"),),
                    stalls=(Stall(1, 7, 7000, 120_000),),
                )
            ]
        )
    )
    assert told(rows) == [
        ("control", 1, 1),
        ("limit", 2, 2),
        ("limit", 3, 3),
        ("control", 4, 4),
        ("disconnect", 5, 5),
        ("mention", 6, 6),
        ("mention", 7, 8),
    ]
    assert [row.track for row in rows[1:3]] == [40, 41]
    assert [row.silent_s for row in rows] == [0, 0, 0, 0, 0, 0, 120]


def test_each_epoch_is_announced_once_before_and_behind_its_lines() -> None:
    starts = tuple(FeedStart("f", epoch, 1, (0, 1), "x") for epoch in (1, 2))
    ends = (FeedEnd("f", 1, 2, 2500, 0, False), FeedEnd("f", 2, 1, 3000, 60_000, True))
    spans = [RawSpan("t", partition, 0, 9, starts, (), ends) for partition in (0, 1)]
    rows = list(line_rows([report(of_kind(MENTION, 1, 2), spans[0]), report(of_kind(LATE, 1), spans[1], epoch=2)]))
    assert [(row.epoch, row.kind) for row in rows] == [
        *((1, kind) for kind in ("feed-start", "mention", "end-of-feed")),
        *((2, kind) for kind in ("feed-start", "late", "end-of-feed")),
    ]
    start, end = rows[0], rows[-1]
    assert (start.from_seq, start.to_seq, start.from_time, start.final) == (1, 0, None, None)
    assert (end.from_seq, end.to_seq, end.to_time) == (1, 1, "1970-01-01T00:00:03.000Z")
    assert (end.settle_s, end.final, rows[2].final) == (60, True, False)


def test_a_feed_that_announced_itself_and_sent_nothing_is_told() -> None:
    span = RawSpan("t", 0, 0, 1, (FeedStart("f", 1, 1, (0,), "x"),))
    assert told(list(line_rows([report([], span)]))) == [("feed-start", 1, 0)]


@given(st.integers(0, 2**32), st.integers(1, 50))
def test_runs_do_not_depend_on_how_reports_were_cut_or_repeated(seed: int, flush_lines: int) -> None:
    chance = random.Random(seed)
    numbers = sorted(chance.sample(range(1, 80), 40))
    lines = [(number, chance.choice(list(LineKind))) for number in numbers]
    notices = {number: Limit(1, number, number * 1000, number) for number, kind in lines if kind is CONTROL}
    stalls = {number: Stall(1, number, number * 1000, 5) for number in chance.sample(numbers, 3)}

    def cut(some: Sequence[Line]) -> bytes:
        limits = tuple(notices[number] for number, _ in some if number in notices and number % 2)
        return report(some, limits=limits, stalls=tuple(stalls[number] for number, _ in some if number in stalls))

    whole = list(line_rows([cut(lines)]))
    pieces = LineRuns(flush_lines)
    shuffled = chance.sample(lines, len(lines))
    for at in range(0, len(lines), 7):
        pieces.add(cut(shuffled[at : at + 7]))
    for _ in range(4):
        start = chance.randrange(len(lines))
        pieces.add(cut(lines[start : start + chance.randrange(1, 20)]))
    assert list(pieces.rows()) == whole
    assert sum(row.to_seq - row.from_seq + 1 for row in whole) == len(lines)
