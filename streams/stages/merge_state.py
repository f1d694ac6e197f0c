"""What one merge partition knows: the rows of all widths that can still change, and what each origin said of them."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from models.packed import FeedPart
from models.records import FeedRecord
from streams.stages.fold import BlockError
from streams.stages.snapshot import decode_part, dump_parts, load_parts
from streams.stages.watermark import UNSET
from streams.stages.window_sums import Sums
from streams.stages.windows import SourceCounts

Place = tuple[int, int]  # width and start of a window, in ms
RowKey = tuple[int, int, str, str]  # the same, brand, source
_ROWS_PER_PART: Final = 2000


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one origin says about a row; ``counts`` are packed, an eighth of their size as Python numbers."""

    revision: int
    open: int
    waiting: int
    counts: bytes


class Row(msgspec.Struct):
    """One (window, brand, source). One of the base width has ``parts`` by origin, a wider one a ``slot`` of sums."""

    open: int = 0
    waiting: int = 0
    parts: dict[str, Part] = {}
    slot: int = -1


class FeedParts(msgspec.Struct, array_like=True):
    """One feed as each origin knows it, and what was published of it last."""

    parts: dict[str, tuple[int, FeedPart]] = {}
    published: FeedRecord | None = None


class MergeTotals(msgspec.Struct, array_like=True):
    """The part of the state that does not grow with windows. ``behind`` counts parts for windows already final,
    ``row_difference`` adds up the conservation differences of final rows of the base width."""

    partition: int
    origins: tuple[str, ...] = ()
    watermarks: dict[str, int] = {}
    feeds: dict[str, FeedParts] = {}
    revision: int = -1
    passed_ms: int = UNSET
    windows_final: int = 0
    behind: int = 0
    row_difference: int = 0


class MergeState:
    """``windows`` has the keys of each window's rows, ``around`` what these have to know of their source. Dirty is
    what has to be published, the oldest change first; of a dirty source, all rows."""

    def __init__(self, totals: MergeTotals) -> None:
        self.totals = totals
        self.rows: dict[RowKey, Row] = {}
        self.sums = Sums()
        self.windows: dict[Place, dict[RowKey, None]] = {}
        self.around: dict[Place, dict[str, SourceCounts]] = {}
        self.dirty_rows: dict[RowKey, None] = {}
        self.dirty_sources: dict[tuple[Place, str], None] = {}
        self.dirty_feeds: set[str] = set()
        self._unpassed: list[tuple[int, Place]] = []  # a heap of ends

    def new_row(self, key: RowKey, *, wide: bool) -> Row:
        place = key[0], key[1]
        if place not in self.windows:
            self.windows[place], self.around[place] = {}, {}
            heapq.heappush(self._unpassed, (sum(place), place))
        self.windows[place][key] = None
        row = self.rows[key] = Row(slot=self.sums.new_slot() if wide else -1)
        return row

    def forget(self, key: RowKey) -> None:
        """Drop a row, and its window with the last one."""
        row, place = self.rows.pop(key), (key[0], key[1])
        if row.slot >= 0:
            self.sums.free(row.slot)
        self.dirty_rows.pop(key, None)
        del self.windows[place][key]
        if not self.windows[place]:
            del self.windows[place], self.around[place]

    def passed(self, watermark_ms: int) -> Iterator[Place]:
        """The windows that end at or before ``watermark_ms``, each once in its life."""
        while self._unpassed and self._unpassed[0][0] <= watermark_ms:
            yield heapq.heappop(self._unpassed)[1]

    def rows_of(self, place: Place, source: str) -> list[RowKey]:
        return [key for key in self.windows.get(place, ()) if key[3] == source]

    def source(self, key: RowKey) -> SourceCounts:
        """What the row has to know of its source."""
        width, start, _, source = key
        return self.around[width, start].get(source) or SourceCounts()


class _HeldRow(msgspec.Struct, array_like=True, frozen=True):
    """One row in a snapshot; ``sums`` of a wide one."""

    key: RowKey
    open: int
    waiting: int
    parts: dict[str, Part]
    sums: dict[int, int]


class _HeldSources(msgspec.Struct, array_like=True, frozen=True):
    """What the rows of a window have to know of their sources."""

    place: Place
    around: dict[str, SourceCounts]


class _Held(msgspec.Struct, array_like=True, frozen=True):
    """One part of a snapshot behind the totals."""

    rows: list[_HeldRow]
    sources: list[_HeldSources]


def dump_state(state: MergeState) -> Iterable[bytes]:
    return dump_parts(_parts_of(state))


def load_state(partition: int, chunks: Iterable[bytes]) -> MergeState:
    """Inverse of :func:`dump_state`; everything counts as held back. Raises BlockError."""
    parts = load_parts(chunks)
    totals = decode_part(next(parts), MergeTotals)
    if totals.partition != partition:
        raise BlockError(f"snapshot of merge partition {totals.partition} in partition {partition}")
    state = MergeState(totals)
    state.dirty_feeds |= totals.feeds.keys()
    for part in parts:
        held = decode_part(part, _Held)
        for one in held.rows:
            row = state.new_row(one.key, wide=bool(one.sums) or not one.parts)
            row.open, row.waiting, row.parts = one.open, one.waiting, one.parts
            if row.slot >= 0:
                state.sums.put(row.slot, one.sums)
            state.dirty_rows[one.key] = None
        for window in held.sources:
            state.around[window.place] = window.around
    for _ in state.passed(totals.passed_ms):
        pass  # these have had their turn
    return state


def _parts_of(state: MergeState) -> Iterator[Any]:
    yield state.totals
    rows = (_held(state, key, row) for key, row in state.rows.items())
    while some := list(islice(rows, _ROWS_PER_PART)):
        yield _Held(some, [])
    sources = (_HeldSources(place, around) for place, around in state.around.items() if around)
    while others := list(islice(sources, _ROWS_PER_PART)):
        yield _Held([], others)


def _held(state: MergeState, key: RowKey, row: Row) -> _HeldRow:
    sums = state.sums.packed(row.slot) if row.slot >= 0 else {}
    return _HeldRow(key, row.open, row.waiting, row.parts, sums)
