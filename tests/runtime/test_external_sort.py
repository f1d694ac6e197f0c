"""Goal: the same order as sorting in memory, from bounded memory, as often as asked, and no file left behind."""

import random
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UnheardError
from streams.runtime.external_sort import MERGE_WIDTH, ExternalSort


class Item(NamedTuple):
    key: int
    name: str
    payload: bytes = b""


def sort(
    items: list[Item], parent: Path | None = None, run_items: int = 10, run_bytes: int = 1 << 20
) -> ExternalSort[Item]:
    made = ExternalSort(Item, lambda item: len(item.payload), run_items, run_bytes, parent)
    made.extend(items)
    return made


@given(st.lists(st.builds(Item, st.integers(0, 5), st.text(max_size=2), st.binary(max_size=3)), max_size=60))
def test_items_come_in_their_own_order_as_often_as_asked(items: list[Item]) -> None:
    sorted_items = sort(items)
    assert list(sorted_items) == sorted(items)
    assert list(sorted_items) == sorted(items)
    sorted_items.close()


def test_more_runs_than_can_be_read_at_once_are_merged_in_steps(tmp_path: Path) -> None:
    items = [Item(number, "") for number in range(MERGE_WIDTH * 3 * 5)]
    random.Random(1).shuffle(items)
    runs = sort(items, tmp_path, run_items=5)
    assert runs.runs == MERGE_WIDTH * 3
    assert list(runs) == sorted(items)
    assert runs.runs <= MERGE_WIDTH
    assert list(tmp_path.iterdir()) != []
    runs.close()
    assert list(tmp_path.iterdir()) == []


def test_items_may_be_added_after_reading(tmp_path: Path) -> None:
    made = sort([Item(3, ""), Item(1, "")], tmp_path, run_items=2)
    assert [item.key for item in made] == [1, 3]
    made.add(Item(2, ""))
    assert [item.key for item in made] == [1, 2, 3]
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_large_payloads_fill_a_run_before_its_items_do() -> None:
    made = sort([Item(n, "", b"x" * 1000) for n in range(100)], run_items=1000, run_bytes=10_000)
    assert made.runs == 10
    made.close()


def test_few_items_touch_no_disk(tmp_path: Path) -> None:
    made = sort([Item(1, "")], tmp_path)
    assert list(made) == [Item(1, "")]
    assert (made.runs, list(tmp_path.iterdir())) == (0, [])


def test_a_disk_that_takes_nothing_is_one_clear_line(tmp_path: Path) -> None:
    made = sort([Item(n, "") for n in range(10)], tmp_path)
    (run_directory,) = tmp_path.iterdir()
    for path in run_directory.iterdir():
        path.unlink()
    run_directory.rmdir()
    with pytest.raises(UnheardError, match="cannot sort in"):
        made.extend(Item(n, "") for n in range(10))
