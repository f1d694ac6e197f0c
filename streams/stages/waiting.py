"""What waits behind the watermark, in columns: a firehose times the allowed lateness is too much for objects."""

import heapq
from collections.abc import Iterator
from itertools import chain, count
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

ROW_DTYPE: Final = np.dtype(
    [
        ("time_ms", "<i8"),
        ("seq", "<i8"),
        ("epoch", "<i8"),
        ("key", "<u4"),  # index into the keys that come with the rows
        ("feed", "<u4"),  # code of the feed in the whole partition
        ("pair", "<u4"),  # code of (source, brand) in the whole partition
        ("flags", "<u2"),
        ("pii", "<u2"),
        ("role", "u1"),
        ("intent", "u1"),
        ("reasons", "u1"),
        ("tier", "u1"),
        ("band", "u1"),
    ],
    align=True,
)

Table = NDArray[np.void]


class Rows(NamedTuple):
    """Events side by side: ``table`` (``ROW_DTYPE``), the mention id of each row, and the case keys that
    ``table["key"]`` points to."""

    table: Table
    ids: list[str]
    keys: list[str]

    def keys_by_row(self) -> list[str]:
        keys = self.keys
        return [keys[index] for index in self.table["key"].tolist()]


NO_ROWS: Final = Rows(np.empty(0, ROW_DTYPE), [], [])


class PackedRows(msgspec.Struct, frozen=True, array_like=True, tag="waiting"):
    """``Rows`` in a snapshot."""

    table: bytes
    ids: list[str]
    keys: list[str]


class Waiting:
    """Rows in order of arrival, each block's sorted by time, so that taking a prefix of it copies nothing else."""

    __slots__ = ("_heap", "_number", "rows")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Rows]] = []  # (time of the first row, tie-breaker, rows)
        self._number = count()
        self.rows = 0

    def add(self, rows: Rows) -> None:
        """Keep ``rows`` in any order until they are taken."""
        if len(rows.table) == 0:
            return
        order = np.argsort(rows.table["time_ms"], kind="stable")
        self._push(pick(rows, order))
        self.rows += len(rows.table)

    def take(self, before_ms: int) -> Rows:
        """Remove and return all rows of a time before ``before_ms``, in the order (time, id)."""
        taken = []
        while self._heap and self._heap[0][0] < before_ms:
            _, _, rows = heapq.heappop(self._heap)
            cut = int(np.searchsorted(rows.table["time_ms"], before_ms))
            taken.append(Rows(rows.table[:cut], rows.ids[:cut], rows.keys))
            if cut < len(rows.ids):
                self._push(Rows(rows.table[cut:], rows.ids[cut:], rows.keys))
        merged = join(taken)
        self.rows -= len(merged.table)
        return in_order(merged)

    def dump(self) -> Iterator[PackedRows]:
        for _, _, rows in sorted(self._heap, key=lambda entry: entry[:2]):
            kept = _compact(rows)
            yield PackedRows(kept.table.tobytes(), kept.ids, kept.keys)

    def load(self, packed: PackedRows) -> None:
        """Take in one part of ``dump``, in its order."""
        self.add(Rows(np.frombuffer(packed.table, ROW_DTYPE), packed.ids, packed.keys))

    def _push(self, rows: Rows) -> None:
        heapq.heappush(self._heap, (int(rows.table["time_ms"][0]), next(self._number), rows))


def join(parts: list[Rows]) -> Rows:
    """All rows of ``parts``, one part after the other; the keys are put side by side and re-indexed."""
    if len(parts) < 2:
        return parts[0] if parts else NO_ROWS
    table = np.empty(sum(len(part.table) for part in parts), ROW_DTYPE)
    row = key = 0
    for part in parts:
        here = table[row : row + len(part.table)]
        here[:] = part.table
        here["key"] += key
        row, key = row + len(part.table), key + len(part.keys)
    ids = list(chain.from_iterable(part.ids for part in parts))
    return Rows(table, ids, list(chain.from_iterable(part.keys for part in parts)))


def in_order(rows: Rows) -> Rows:
    """Rows sorted by (time, id as a string of code points)."""
    if len(rows.ids) < 2:
        return rows
    by_id = np.array(sorted(range(len(rows.ids)), key=rows.ids.__getitem__))
    return pick(rows, by_id[np.argsort(rows.table["time_ms"][by_id], kind="stable")])


def pick(rows: Rows, order: NDArray[np.intp]) -> Rows:
    """The rows at the given places, in their order."""
    ids = rows.ids
    return Rows(rows.table.take(order), [ids[index] for index in order.tolist()], rows.keys)


def _compact(rows: Rows) -> Rows:
    """Without the keys that only rows already taken needed."""
    used, index = np.unique(rows.table["key"], return_inverse=True)
    table = rows.table.copy()
    table["key"] = index
    return Rows(table, rows.ids, [rows.keys[code] for code in used.tolist()])
