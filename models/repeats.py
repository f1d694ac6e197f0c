"""Texts of a batch that were there before (retweets, templates, copies), so that each is judged once."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import FINALISER, FNV_OFFSET, FNV_PRIME, Bytes, Ints

_FEWEST_SLOTS: Final = 16
_PROBES: Final = 8  # slots looked at: whoever makes texts whose hashes collide gains nothing
_SHIFT: Final = np.uint64(32)
_LANES: Final = 4


@inner
def _hash(data: Any, start: int, end: int) -> Any:
    """Of all bytes, in four lanes at once: one waits for the multiplications before it."""
    a = b = c = d = FNV_OFFSET
    at = start
    while at + _LANES <= end:
        a = (a ^ np.uint64(data[at])) * FNV_PRIME
        b = (b ^ np.uint64(data[at + 1])) * FNV_PRIME
        c = (c ^ np.uint64(data[at + 2])) * FNV_PRIME
        d = (d ^ np.uint64(data[at + 3])) * FNV_PRIME
        at += _LANES
    while at < end:
        a = (a ^ np.uint64(data[at])) * FNV_PRIME
        at += 1
    together = (((a * FNV_PRIME ^ b) * FNV_PRIME ^ c) * FNV_PRIME ^ d ^ np.uint64(end - start)) * FINALISER
    return together ^ (together >> _SHIFT)


@inner
def _is_same(data: Any, one: int, other: int, size: int) -> bool:
    same = True
    for place in range(size):  # without an early end, so that many bytes are compared at a time
        same &= data[one + place] == data[other + place]
    return same


@compiled
def _first_of_same(data: Any, offsets: Any, groups: Any, slots: Any, hashes: Any, first: Any) -> None:
    """``slots`` holds -1, a power of two of them, more than there are rows; ``hashes`` is scratch."""
    mask = len(slots) - 1
    for row in range(len(first)):
        start, end = offsets[row], offsets[row + 1]
        hashes[row] = _hash(data, start, end)
        first[row] = row
        slot = np.int64(hashes[row]) & mask
        for _ in range(_PROBES):
            other = np.int64(slots[slot])
            if other < 0:
                slots[slot] = row
                break
            if hashes[other] == hashes[row] and groups[other] == groups[row]:
                size = offsets[other + 1] - offsets[other]
                if size == end - start and _is_same(data, offsets[other], start, size):
                    first[row] = other
                    break
            slot = (slot + 1) & mask


def first_of_same(data: Bytes, offsets: Ints, groups: NDArray[np.bool_]) -> Ints:
    """int64[n]: for each text the first row with the same bytes in the same group, mostly itself. A repetition may go
    unnoticed where many hashes collide; what is said to be one is one."""
    rows = len(offsets) - 1
    slots = np.full(max(_FEWEST_SLOTS, 1 << (2 * rows).bit_length()), -1, np.int32)
    first = np.zeros(rows, np.int64)
    _first_of_same(data, offsets, groups, slots, np.zeros(rows, np.uint64), first)
    return first
