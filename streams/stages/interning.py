"""Equal strings of a column numbered alike, compiled."""

from typing import Any

import numpy as np

from models.compiled import compiled, inner
from models.features import FNV_OFFSET, FNV_PRIME, Ints
from models.packing import Strings


def number_alike(strings: Strings) -> tuple[Ints, tuple[str, ...]]:
    """(number of each string, the different strings): numbers count from 0 in order of the first appearance."""
    count = len(strings)
    codes, firsts = np.empty(count, np.int64), np.empty(count, np.int64)
    table = np.full(1 << (2 * count).bit_length(), -1, np.int64)
    known = _number(strings.data, strings.offsets, table, codes, firsts)
    return codes, tuple(strings[row] for row in firsts[:known].tolist())


@compiled
def _number(data: Any, offsets: Any, table: Any, codes: Any, firsts: Any) -> int:
    """Fill ``codes``, and ``firsts`` with the row in which each code appears first; returns how many there are.
    ``table`` is of -1, a power of two of them, at least twice as many as strings."""
    count = 0
    last = np.uint64(len(table) - 1)
    for row in range(len(codes)):
        if row > 0 and _same(data, offsets, row, row - 1):
            codes[row] = codes[row - 1]
            continue
        slot = np.int64(_hash(data, offsets[row], offsets[row + 1]) & last)
        while table[slot] >= 0 and not _same(data, offsets, row, firsts[table[slot]]):
            slot = (slot + 1) & np.int64(last)
        if table[slot] < 0:
            table[slot] = count
            firsts[count] = row
            count += 1
        codes[row] = table[slot]
    return count


@inner
def _same(data: Any, offsets: Any, one: int, other: int) -> bool:
    start, begin = offsets[one], offsets[other]
    size = offsets[one + 1] - start
    if size != offsets[other + 1] - begin:
        return False
    at = 0
    while at < size and data[start + at] == data[begin + at]:
        at += 1
    return bool(at == size)


@inner
def _hash(data: Any, start: int, end: int) -> Any:
    value = FNV_OFFSET
    for at in range(start, end):
        value = (value ^ np.uint64(data[at])) * FNV_PRIME
    return value
