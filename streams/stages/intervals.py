"""A set of sequence numbers as disjoint intervals, with the feed time at each interval's two ends.

A feed without a gap is one interval, however long it runs. Everything works on whole columns: a batch of every
eighth number (what one of eight raw partitions brings) costs a handful of array operations, not one per number.
"""

from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]

_CELL: Final = np.dtype("<i8")


class Holes(msgspec.Struct, frozen=True):
    """The numbers between the intervals: hole i is ``from_seq[i]..to_seq[i]``; ``from_ms`` and ``to_ms`` are the
    feed times of its two neighbours."""

    from_seq: Column
    to_seq: Column
    from_ms: Column
    to_ms: Column


class IntervalSet(msgspec.Struct, frozen=True):
    """``cells`` holds four rows of equal length: first numbers, last numbers, feed times (ms) at the first and at
    the last. Intervals ascend, and never touch."""

    cells: bytes = b""

    @classmethod
    def of(cls, table: NDArray[np.int64]) -> Self:
        return cls(np.ascontiguousarray(table, dtype=_CELL).tobytes())

    @classmethod
    def single(cls, first: int, last: int, time_ms: int) -> Self:
        return cls.of(np.array([[first], [last], [time_ms], [time_ms]], dtype=_CELL))

    @property
    def table(self) -> NDArray[np.int64]:
        return np.frombuffer(self.cells, dtype=_CELL).reshape(4, -1)

    def __len__(self) -> int:
        """How many intervals, not how many numbers."""
        return len(self.cells) // (4 * _CELL.itemsize)

    @property
    def first(self) -> int:
        """Smallest number; the set must not be empty."""
        return int(self.table[0, 0])

    @property
    def last(self) -> int:
        return int(self.table[1, -1])

    @property
    def first_ms(self) -> int:
        """Feed time of the smallest number."""
        return int(self.table[2, 0])

    @property
    def last_ms(self) -> int:
        return int(self.table[3, -1])

    def holes(self) -> Holes:
        first, last, first_ms, last_ms = self.table
        return Holes(last[:-1] + 1, first[1:] - 1, last_ms[:-1], first_ms[1:])

    def add(self, seqs: Column, times_ms: Column) -> tuple["IntervalSet", NDArray[np.bool_]]:
        """Take in numbers in any order. The mask tells which of ``seqs`` were new, the first of equal ones only."""
        order = np.argsort(seqs, kind="stable")
        ordered = seqs[order]
        is_new = _is_first(ordered) & ~self._has(ordered)
        fresh = np.empty(len(seqs), dtype=np.bool_)
        fresh[order] = is_new
        if not is_new.any():
            return self, fresh
        numbers, times = ordered[is_new], times_ms[order][is_new]
        return self._united(_join(np.stack([numbers, numbers, times, times]))), fresh

    def fill(self, holes: NDArray[np.bool_]) -> "IntervalSet":
        """Close the holes of ``self.holes()`` that the mask selects."""
        if not holes.any():
            return self
        return IntervalSet.of(_merge(self.table, ~holes))

    def reach(self, first: int, last: int, last_ms: int) -> "IntervalSet":
        """Stretch the outermost intervals to ``first`` and ``last``; ``last_ms`` becomes the feed time there."""
        table = self.table.copy()
        table[0, 0] = min(first, table[0, 0])
        if last > table[1, -1]:
            table[1, -1], table[3, -1] = last, last_ms
        return IntervalSet.of(table)

    def _has(self, seqs: Column) -> NDArray[np.bool_]:
        if not self.cells:
            return np.zeros(len(seqs), dtype=np.bool_)
        table = self.table
        at = np.searchsorted(table[0], seqs, side="right") - 1
        known: NDArray[np.bool_] = (at >= 0) & (seqs <= table[1][at])
        return known

    def _united(self, runs: NDArray[np.int64]) -> "IntervalSet":
        """The union with runs that share no number with this set. Only what they lie between is touched."""
        table = self.table
        low = int(np.searchsorted(table[1], runs[0, 0] - 1, side="left"))
        high = int(np.searchsorted(table[0], runs[1, -1] + 1, side="right"))
        middle = np.concatenate([table[:, low:high], runs], axis=1)
        middle = _join(middle[:, np.argsort(middle[0], kind="stable")])
        return IntervalSet.of(np.concatenate([table[:, :low], middle, table[:, high:]], axis=1))


def _is_first(ordered: Column) -> NDArray[np.bool_]:
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _join(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make one of intervals that touch; ``table`` ascends and has no overlaps."""
    return _merge(table, table[0, 1:] != table[1, :-1] + 1)


def _merge(table: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Drop the boundaries between neighbours that ``kept`` does not select."""
    starts = np.concatenate([[True], kept])
    ends = np.concatenate([kept, [True]])
    return np.stack([table[0, starts], table[1, ends], table[2, starts], table[3, ends]])
