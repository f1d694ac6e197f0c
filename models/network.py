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
from models.features import FINALISER, Hashes, Ints, extract, scratch
from models.packing import pack

HIDDEN: Final = 64
_SLOT_BITS: Final = 17
_SLOTS: Final = 1 << _SLOT_BITS
MOST_KEYS: Final = _SLOTS // 2
_SHIFT: Final = np.uint64(64 - _SLOT_BITS)
_FOLD: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]


class Network(NamedTuple):
    """Rows by key and what follows them; heads are those of the linear layer, to which the output is added."""

    keys: Hashes  # [n]
    table: NDArray[np.int8]  # [n, HIDDEN]
    scales: Floats  # [HIDDEN] value of one step
    bias: Floats  # [HIDDEN]
    output: Floats  # [HIDDEN, heads]


def no_network(heads: int) -> Network:
    """One that adds nothing."""
    empty = np.zeros(HIDDEN)
    return Network(np.zeros(0, np.uint64), np.zeros((0, HIDDEN), np.int8), empty, empty, np.zeros((HIDDEN, heads)))


class KeyTable(NamedTuple):
    """Key → row, open-addressed; a row below 0 is an empty slot, the tag is the lower half of the mixed key."""

    tags: NDArray[np.uint32]
    rows: Rows


def key_table(keys: Hashes) -> KeyTable:
    """Of the n distinct ``keys`` number i finds row i; n is at most MOST_KEYS."""
    tags, rows = np.zeros(_SLOTS, np.uint32), np.full(_SLOTS, -1, np.int32)
    _fill(keys, tags, rows)
    return KeyTable(tags, rows)


@inner
def _mixed(key: Any) -> Any:
    return (key ^ (key >> _FOLD)) * FINALISER


@compiled
def _fill(keys: Any, tags: Any, rows: Any) -> None:
    for row in range(len(keys)):
        mixed = _mixed(keys[row])
        slot = np.int64(mixed >> _SHIFT)
        while rows[slot] >= 0:
            slot = (slot + 1) & (_SLOTS - 1)
        rows[slot] = row
        tags[slot] = np.uint32(mixed & _LOW)


@inner
def find_row(key: Any, tags: Any, rows: Any) -> Any:
    """Row of ``key``, -1 for none."""
    mixed = _mixed(key)
    slot = np.int64(mixed >> _SHIFT)
    tag = np.uint32(mixed & _LOW)
    while rows[slot] >= 0:
        if tags[slot] == tag:
            return rows[slot]
        slot = (slot + 1) & (_SLOTS - 1)
    return np.int32(-1)


@inner
def add_known(keys: Any, n: int, tags: Any, rows: Any, table: Any, sums: Any) -> int:
    """Write the sum of the rows of the first ``n`` keys to ``sums``; returns how many of them are known."""
    sums[:] = 0
    known = 0
    for i in range(n):
        row = find_row(keys[i], tags, rows)
        if row >= 0:
            known += 1
            at = np.uint64(row)
            for unit in range(HIDDEN):
                sums[unit] += np.int32(table[at, unit])
    return known


@compiled
def _look_up(
    data: Any, offsets: Any, tags: Any, rows: Any,
    work: Any, hashes: Any, kinds: Any, pairs: Any, seen: Any, found: Any, ends: Any, out: Any,
) -> int:  # fmt: skip
    """Rows of all texts' words and pairs in ``out``; with an empty ``out`` it only counts. Returns the total."""
    total = 0
    for text in range(len(offsets) - 1):
        words = extract(data, offsets[text], offsets[text + 1], work, hashes, kinds, pairs, seen, found)[2]
        for family in range(2):
            for i in range(words):
                row = find_row(hashes[i] if family == 0 else pairs[i], tags, rows)
                if row >= 0:
                    if len(out):
                        out[total] = row
                    total += 1
            ends[text, family] = total
    return total


def known_rows(texts: Sequence[str], keys: Hashes) -> tuple[Ints, Ints]:
    """(rows, ends): text i has known words in ``rows[ends[i-1, 1]:ends[i, 0]]``, known pairs up to ``ends[i, 1]``."""
    data, offsets = pack(texts)
    table = key_table(keys)
    ends = np.zeros((len(texts), 2), np.int64)
    total = _look_up(data, offsets, *table, *scratch(), ends, np.zeros(0, np.int64))
    found = np.zeros(total, np.int64)
    _look_up(data, offsets, *table, *scratch(), ends, found)
    return found, ends
