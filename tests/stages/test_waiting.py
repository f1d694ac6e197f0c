"""Goal: what waits comes out once, in the order (time, id), as soon as W has passed it and not before."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.waiting import PackedRows, Rows, Waiting, in_order, join
from tests.stages.rows import rows, times_and_ids

told = st.lists(st.tuples(st.integers(-5, 30), st.sampled_from("abcdé9Z")), max_size=12)


def test_only_what_lies_before_the_watermark_is_taken() -> None:
    waiting = Waiting()
    waiting.add(rows((30, "c"), (10, "a"), (20, "b")))
    assert times_and_ids(waiting.take(20)) == [(10, "a")]
    assert waiting.rows == 2
    assert times_and_ids(waiting.take(21)) == [(20, "b")]
    assert times_and_ids(waiting.take(21)) == []


def test_ids_at_one_time_are_ordered_as_strings() -> None:
    assert times_and_ids(in_order(rows((1, "9"), (1, "10"), (0, "z"), (1, "é"), (1, "a")))) == [
        (0, "z"),
        (1, "10"),
        (1, "9"),
        (1, "a"),
        (1, "é"),
    ]


def test_joined_rows_keep_their_ids() -> None:
    joined = join([rows((1, "a")), rows((2, "bé"), (3, "")), rows(), rows((4, "d"))])
    assert joined.all_ids() == ["a", "bé", "", "d"]


@given(st.lists(told, max_size=6), st.lists(st.integers(-6, 31), max_size=6))
def test_everything_comes_out_once_and_in_order(blocks: list[list[tuple[int, str]]], stops: list[int]) -> None:
    waiting = Waiting()
    for number, block in enumerate(blocks):
        waiting.add(rows(*block, customer=f"c{number}"))
    taken: list[tuple[int, str]] = []
    for stop in [*sorted(stops), 31]:
        out = waiting.take(stop)
        assert all(time_ms < stop for time_ms, _ in times_and_ids(out))
        taken += times_and_ids(out)
    assert taken == sorted(row for block in blocks for row in block)
    assert waiting.rows == 0


@given(st.lists(told, max_size=6), st.integers(-6, 31))
def test_a_snapshot_keeps_what_waits(blocks: list[list[tuple[int, str]]], stop: int) -> None:
    waiting, loaded = Waiting(), Waiting()
    for number, block in enumerate(blocks):
        waiting.add(rows(*block, customer=f"c{number}"))
    waiting.take(stop)
    for part in waiting.dump():
        loaded.load(msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=PackedRows))
    assert loaded.rows == waiting.rows
    left, right = waiting.take(31), loaded.take(31)
    assert _told(left) == _told(right)


def _told(taken: Rows) -> list[tuple[int, str, int]]:
    """Time, id and customer of each, whatever order equal ones are in."""
    columns = taken.table["time_ms"].tolist(), taken.all_ids(), taken.table["customer"].tolist()
    return sorted(zip(*columns, strict=True))
