"""Running sums of many rows of counters, as one matrix: a row a slot, changed many at a time."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.counters import COUNTERS

_COLUMNS: Final = len(COUNTERS)
_LEAST_SLOTS: Final = 64


class Sums:
    """What one row sums up to is below 2**32; differences may be negative, for they wrap around."""

    __slots__ = ("_free", "_matrix", "_used")

    def __init__(self) -> None:
        self._matrix = np.zeros((0, _COLUMNS), np.uint32)
        self._used = 0
        self._free: list[int] = []

    def new_slot(self) -> int:
        """A row of zeros."""
        if self._free:
            return self._free.pop()
        if self._used == len(self._matrix):
            more = max(_LEAST_SLOTS, self._used // 2)
            self._matrix = np.concatenate([self._matrix, np.zeros((more, _COLUMNS), np.uint32)])
        self._used += 1
        return self._used - 1

    def free(self, slot: int) -> None:
        self._matrix[slot] = 0
        self._free.append(slot)

    def add(self, slots: NDArray[np.int64], counters: NDArray[np.int64], amounts: NDArray[np.int64]) -> None:
        np.add.at(self._matrix.reshape(-1), slots * _COLUMNS + counters, amounts.astype(np.uint32))

    def put(self, slot: int, counts: dict[int, int]) -> None:
        self._matrix[slot, list(counts)] = list(counts.values())

    def row(self, slot: int) -> list[int]:
        return self._matrix[slot].tolist()  # type: ignore[no-any-return]

    def packed(self, slot: int) -> dict[int, int]:
        """The counters of a row that are not 0."""
        used = np.flatnonzero(self._matrix[slot])
        return dict(zip(used.tolist(), self._matrix[slot, used].tolist(), strict=True))


def total(parts: Iterable[tuple[Sequence[int], dict[int, int]]]) -> list[int]:
    """The sum of rows given as their first counters, and others by index."""
    summed = [0] * _COLUMNS
    for first, others in parts:
        for index, value in enumerate(first):
            summed[index] += value
        for index, value in others.items():
            summed[index] += value
    return summed
