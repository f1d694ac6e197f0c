"""What waits behind the watermark, in columns: a firehose times the allowed lateness is too much for objects."""

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.stages.id_kernel import order_rows

ROW_DTYPE: Final = np.dtype(
    [
        ("time_ms", "<i8"),
        ("seq", "<i8"),
        ("epoch", "<i8"),
        ("customer", "<u8"),  # the hash as a number
        ("copy_high", "<u8"),  # 96 bits that all copies of a mention share, in one case key
        ("copy_low", "<u4"),
        ("feed", "<u4"),  # code of the feed in the whole partition
        ("pair", "<u4"),  # code of (source, brand) in the whole partition
        ("id_from", "<u4"),  # the id is ids[id_from:id_to]
        ("id_to", "<u4"),
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
    """Events side by side: ``table`` (``ROW_DTYPE``), and the bytes that hold the mention ids, UTF-8."""

    table: Table
    ids: NDArray[np.uint8]

    def id_of(self, row: int) -> str:
        start, end = self.table["id_from"][row], self.table["id_to"][row]
        return self.ids[start:end].tobytes().decode("utf-8", "surrogatepass")

    def all_ids(self) -> list[str]:
        return [self.id_of(row) for row in range(len(self.table))]


NO_ROWS: Final = Rows(np.empty(0, ROW_DTYPE), np.empty(0, np.uint8))


class PackedRows(msgspec.Struct, frozen=True, array_like=True, tag="waiting"):
    """``Rows`` in a snapshot."""

    table: bytes
    ids: bytes


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
            taken.append(Rows(rows.table[:cut], rows.ids))
            if cut < len(rows.table):
                self._push(Rows(rows.table[cut:], rows.ids))
        merged = join(taken)
        self.rows -= len(merged.table)
        return in_order(merged)

    def dump(self) -> Iterator[PackedRows]:
        for _, _, rows in sorted(self._heap, key=lambda entry: entry[:2]):
            kept = _compact(rows)
            yield PackedRows(kept.table.tobytes(), kept.ids.tobytes())

    def load(self, packed: PackedRows) -> None:
        """Take in one part of ``dump``, in its order."""
        self.add(Rows(np.frombuffer(packed.table, ROW_DTYPE), np.frombuffer(packed.ids, np.uint8)))

    def _push(self, rows: Rows) -> None:
        heapq.heappush(self._heap, (int(rows.table["time_ms"][0]), next(self._number), rows))


def join(parts: list[Rows]) -> Rows:
    """All rows of ``parts``, one part after the other."""
    if len(parts) < 2:
        return parts[0] if parts else NO_ROWS
    table = np.concatenate([part.table for part in parts])
    shifts = np.cumsum([0, *(len(part.ids) for part in parts[:-1])]).astype(np.uint32)
    shift = np.repeat(shifts, [len(part.table) for part in parts])
    table["id_from"] += shift
    table["id_to"] += shift
    return Rows(table, np.concatenate([part.ids for part in parts]))


def in_order(rows: Rows) -> Rows:
    """Rows sorted by (time, id as a string of code points)."""
    if len(rows.table) < 2:
        return rows
    table = rows.table
    rows.ids.flags.writeable = False  # or it would be compiled twice, for arrays that may change as well
    return pick(rows, order_rows(table["time_ms"], rows.ids, table["id_from"], table["id_to"]))


def pick(rows: Rows, order: NDArray[np.intp]) -> Rows:
    """The rows at the given places, in their order."""
    return Rows(rows.table.take(order), rows.ids)


def _compact(rows: Rows) -> Rows:
    """Without the ids of rows already taken."""
    table = rows.table.copy()
    begins = table["id_from"].astype(np.int64)
    lengths = table["id_to"] - begins
    ends = np.cumsum(lengths)
    starts = ends - lengths
    gather = np.arange(int(lengths.sum())) + np.repeat(begins - starts, lengths)
    table["id_from"], table["id_to"] = starts, ends
    return Rows(table, rows.ids[gather])
