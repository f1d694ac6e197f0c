"""The shallow network beside the linear layer, compiled: what words mean, from vectors that a sentence encoder left.

Each known word and each known pair of neighbours has one row of HIDDEN small integers. The rows of a text's words are
added up and divided by the root of their number, the rows of its pairs likewise; a rectifier, one output layer, done.
A word that the encoder did not meet adds nothing.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import FINALISER, NO_TABLE, Hashes, Ints, extract, scratch
from models.packing import pack
from models.prefetch import prefetch

HIDDEN: Final = 64
_SLOT_BITS: Final = 17
_SLOTS: Final = 1 << _SLOT_BITS
MOST_KEYS: Final = _SLOTS // 2
_SHIFT: Final = np.uint64(64 - _SLOT_BITS)
_FOLD: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_ONE: Final = np.uint64(1)
_MASK: Final = np.uint64(_SLOTS - 1)

Floats = NDArray[np.float64]


class Network(NamedTuple):
    """Rows by key and what follows them; heads are those of the linear layer, to which the output is added."""

    keys: Hashes  # [n]
    table: NDArray[np.int8]  # [n, HIDDEN]
    scales: Floats  # [HIDDEN] value of one step
    bias: Floats  # [HIDDEN]
    output: Floats  # [HIDDEN, heads]


def key_table(keys: Hashes) -> Hashes:
    """Key → row, open-addressed, for the n distinct ``keys``, at most MOST_KEYS: number i finds row i + 1, what is no
    key finds row 0. An entry holds the lower half of the mixed key and the row; an empty slot is 0."""
    entries = np.zeros(_SLOTS, np.uint64)
    _fill(keys, entries)
    return entries


def rows_of(table: NDArray[np.int8]) -> NDArray[np.int8]:
    """``table`` behind a row 0 of zeros; each row fills one line of the cache, if it can."""
    room = np.zeros(table.size + 2 * HIDDEN, np.int8)
    start = -room.ctypes.data % HIDDEN
    rows = room[start : start + table.size + HIDDEN].reshape(-1, HIDDEN)
    rows[1:] = table
    return rows


@inner
def _mixed(key: Any) -> Any:
    return (key ^ (key >> _FOLD)) * FINALISER


@compiled
def _fill(keys: Any, entries: Any) -> None:
    for row in range(len(keys)):
        mixed = _mixed(keys[row])
        slot = mixed >> _SHIFT
        while entries[slot] != 0:
            slot = (slot + _ONE) & _MASK
        entries[slot] = mixed << _FOLD | np.uint64(row + 1)


@inner
def find_row(key: Any, entries: Any) -> Any:
    """Row of ``key``, 0 for none."""
    mixed = _mixed(key)
    slot = mixed >> _SHIFT
    tag = mixed & _LOW
    entry = entries[slot]
    while entry != 0 and entry >> _FOLD != tag:
        slot = (slot + _ONE) & _MASK
        entry = entries[slot]
    return entry & _LOW


@inner
def fetch_slots(keys: Any, n: int, entries: Any) -> None:
    """Start loading where the first ``n`` keys are looked up."""
    for i in range(n):
        prefetch(entries, _mixed(keys[i]) >> _SHIFT)


@inner
def find_rows(keys: Any, n: int, entries: Any, table: Any, rows: Any, first: int) -> int:
    """Write the rows of the first ``n`` keys to ``rows`` from ``first`` on and start loading them; returns how many of
    them are known."""
    known = 0
    for i in range(n):
        row = find_row(keys[i], entries)
        known += row != 0
        rows[first + i] = row
        prefetch(table, row)
    return known


@inner
def add_rows(rows: Any, first: int, end: int, table: Any, sums: Any) -> None:
    """Write the sum of ``rows[first:end]`` of ``table`` to ``sums``. The row of zeros is added like any other: that
    costs less than a branch that nobody can predict."""
    sums[:] = 0
    for i in range(first, end):
        row = np.uint64(rows[i])
        for unit in range(HIDDEN):
            sums[unit] += np.int32(table[row, unit])


@compiled
def _look_up(
    data: Any, offsets: Any, entries: Any,
    work: Any, hashes: Any, kinds: Any, pairs: Any, seen: Any, found: Any, ends: Any, out: Any,
) -> int:  # fmt: skip
    """Rows of all texts' words and pairs in ``out``; with an empty ``out`` it only counts. Returns the total."""
    total = 0
    for text in range(len(offsets) - 1):
        words = extract(data, offsets[text], offsets[text + 1], NO_TABLE, work, hashes, kinds, pairs, seen, found)[2]
        for family in range(2):
            for i in range(words):
                row = find_row(hashes[i] if family == 0 else pairs[i], entries)
                if row != 0:
                    if len(out):
                        out[total] = row - _ONE
                    total += 1
            ends[text, family] = total
    return total


def known_rows(texts: Sequence[str], keys: Hashes) -> tuple[Ints, Ints]:
    """(rows, ends): text i has known words in ``rows[ends[i-1, 1]:ends[i, 0]]``, known pairs up to ``ends[i, 1]``."""
    data, offsets = pack(texts)
    table = key_table(keys)
    ends = np.zeros((len(texts), 2), np.int64)
    total = _look_up(data, offsets, table, *scratch(), ends, np.zeros(0, np.int64))
    found = np.zeros(total, np.int64)
    _look_up(data, offsets, table, *scratch(), ends, found)
    return found, ends
