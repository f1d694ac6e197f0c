"""The counts of every (window, brand, source) that one care partition knows and that can still change.

A slot is one such row. The counters before ``DENSE`` are one matrix (a row a slot). The rest (histograms, tiers, bands)
is kept by slot and counter: most of it is 0. ``*`` stands for all brands of a source.
"""

import heapq
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.counters import COUNTER, COUNTERS, DENSE, MAX_TIERS
from models.packed import WindowPart
from models.records import INTENTS, PII_KINDS, REASONS, Flag, Role
from streams.stages.codes import compact
from streams.stages.dedupe import seed_of
from streams.stages.waiting import Table

ALL_BRANDS: Final = "*"
_TIERS_FROM: Final = COUNTER["tier_0_opened"]
_TIERS_TO: Final = COUNTER[f"tier_{MAX_TIERS - 1}_kept"]
_PAIR_BITS: Final = 24
# numpy works on plain numbers; a lookup in an enum costs more than the operation
_PRIMARY_BRAND: Final = int(Flag.PRIMARY_BRAND)
_PRIMARY_MENTION: Final = int(Flag.PRIMARY_MENTION)
_ACTIONABLE: Final = int(Flag.ACTIONABLE)
_ESCALATED: Final = int(Flag.ESCALATED)
_DIVERTING: Final = int(Flag.DIVERTS | Flag.ADDRESSED)
_CUSTOMER: Final = int(Role.CUSTOMER)
# by role * 2 + whether it is actionable, which only customers are asked
_CLASSES: Final = np.array(
    [
        COUNTER[name]
        for name in ("customer_other", "customer_actionable", *("brand",) * 2, *("bot",) * 2, *("no_brand",) * 2)
    ],
    np.int64,
)
_PART_SLOTS: Final = 1_000  # slots in one part of a snapshot
_FEW_CODES: Final = 4_096  # so many are found faster without sorting
_PAIR_MASK: Final = (1 << _PAIR_BITS) - 1

Codes = NDArray[np.int64]


class SlotRecord(msgspec.Struct, frozen=True, array_like=True):
    """One slot."""

    code: int
    counts: list[int]
    sparse: dict[int, int]
    open: int
    waiting: int


class PackedSlots(msgspec.Struct, frozen=True, array_like=True, tag="cohorts"):
    """Slots in a snapshot."""

    slots: list[SlotRecord]


class Pairs:
    """Codes of (source, brand), given in the order of their first use. ``all_brands[code]`` is the code of ``*`` of
    the same source. Bounded by the configured sources and brands."""

    __slots__ = ("_codes", "_seeds", "all_brands", "names")

    def __init__(self, names: Iterable[tuple[str, str]] = ()) -> None:
        self.names: list[tuple[str, str]] = []
        self.all_brands: list[int] = []
        self._codes: dict[tuple[str, str], int] = {}
        self._seeds = np.empty((0, 2), np.uint64)
        for source, brand in names:
            self.code(source, brand)

    def code(self, source: str, brand: str) -> int:
        known = self._codes.get((source, brand))
        if known is not None:
            return known
        whole = self.code(source, ALL_BRANDS) if brand != ALL_BRANDS else len(self.names)
        code = self._codes[source, brand] = len(self.names)
        self.names.append((source, brand))
        self.all_brands.append(whole)
        return code

    def seeds(self) -> NDArray[np.uint64]:
        """The seeds of all pairs by code, for ``id_kernel.hash_copies``."""
        if len(self._seeds) < len(self.names):
            self._seeds = np.array([seed_of(source, brand) for source, brand in self.names], np.uint64)
        return self._seeds


class Cohorts:
    __slots__ = (
        "_changed",
        "_codes",
        "_counts",
        "_free",
        "_heap",
        "_open",
        "_pairs",
        "_slots",
        "_sparse",
        "_unpassed",
        "_untold",
        "_waiting",
        "_window_ms",
    )

    def __init__(self, window_ms: int, pairs: Pairs) -> None:
        self._window_ms, self._pairs = window_ms, pairs
        self._slots: dict[int, int] = {}  # code of (window, pair) -> slot
        self._codes: list[int] = []  # slot -> code
        self._free: list[int] = []
        self._counts = np.zeros((0, DENSE), np.uint32)  # what one partition counts in one window is below 2**32
        self._open = np.zeros(0, np.int64)
        self._waiting = np.zeros(0, np.int64)
        self._sparse: dict[int, dict[int, int]] = {}  # slot -> counter from DENSE on -> count
        self._unpassed: dict[int, list[int]] = {}  # windows that W has not passed -> codes of their slots
        self._heap: list[int] = []  # the same windows, the earliest first
        self._changed: set[int] = set()  # slots since the last ``publish``
        self._untold: set[int] = set()  # slots that changed before it, and of which nobody was told

    @property
    def rows(self) -> int:
        """How many (window, brand, source) are held."""
        return len(self._slots)

    def wait(self, table: Table, sign: int) -> None:
        """Rows begin (1) or cease (-1) to wait behind the watermark."""
        if len(table):
            _, slots = self._spread(table)  # first: it may replace the arrays by larger ones
            np.add.at(self._waiting, slots, sign)

    def count(self, table: Table) -> None:
        """Rows that count, each in its brand and in ``*`` as its flags say."""
        if len(table):
            rows, slots = self._spread(table)
            cells = np.concatenate([slots[chosen] * DENSE + counter for chosen, counter in _increments(table, rows)])
            np.add.at(self._counts.reshape(-1), cells, 1)

    def count_duplicates(self, table: Table) -> None:
        if len(table):
            cells = self._spread(table)[1] * DENSE + COUNTER["duplicates"]
            np.add.at(self._counts.reshape(-1), cells, 1)

    def change(self, changes: "NDArray[np.int64] | array[int]") -> None:
        """Apply what the ledger reports: (pair, time of the cohort, counter or -1, change of open), flattened. Each
        counts for its brand and for ``*``."""
        if not len(changes):
            return
        pairs, times_ms, counters, opens = np.frombuffer(changes, np.int64).reshape(-1, 4).T
        shared = np.flatnonzero((counters < _TIERS_FROM) | (counters > _TIERS_TO))  # tiers of two brands differ
        rows = np.concatenate([np.arange(len(counters)), shared])
        whole = np.array(self._pairs.all_brands)[pairs[shared]]
        slots = self._slots_of(times_ms[rows], np.concatenate([pairs, whole]))
        counters = counters[rows]
        np.add.at(self._open, slots, opens[rows])
        dense = (counters >= 0) & (counters < DENSE)
        np.add.at(self._counts.reshape(-1), slots[dense] * DENSE + counters[dense], 1)
        self._count_sparse(slots[counters >= DENSE], counters[counters >= DENSE])

    def _count_sparse(self, slots: Codes, counters: Codes) -> None:
        cells, counts = np.unique(slots * len(COUNTERS) + counters, return_counts=True)
        for cell, count in zip(cells.tolist(), counts.tolist(), strict=True):
            slot, counter = divmod(cell, len(COUNTERS))
            sparse = self._sparse.setdefault(slot, {})
            sparse[counter] = sparse.get(counter, 0) + count

    def publish(self, watermark_ms: int) -> list[WindowPart]:
        """What merge must hear before it hears of this W: changed slots that W has just passed or that can change no
        more, sorted; the latter are dropped. What else has changed is told by ``provisional``: most slots change
        several times before W passes them."""
        passed = self.pass_windows(watermark_ms)
        finished = {slot for slot in self._changed if self._is_finished(slot, watermark_ms)}
        untold = self._changed | self._untold
        due = finished | ({self._slots[code] for code in passed} & untold)
        parts = self._parts(due)
        for code in [*passed, *(self._codes[slot] for slot in finished)]:
            self._drop_finished(code, watermark_ms)
        self._changed, self._untold = set(), untold - due
        return parts

    def pass_windows(self, watermark_ms: int) -> list[int]:
        """Note that W has come so far; the codes of the slots that it passes now, each once."""
        passed = list[int]()
        while self._heap and self._end_ms(self._heap[0]) <= watermark_ms:
            passed += self._unpassed.pop(heapq.heappop(self._heap))
        return passed

    def provisional(self) -> list[WindowPart]:
        """What has changed and was not told yet, sorted."""
        parts = self._parts(self._untold)
        self._untold = set()
        return parts

    def parts(self) -> list[WindowPart]:
        """Everything that is held, sorted."""
        return self._parts(self._slots.values())

    def dump(self) -> Iterator[PackedSlots]:
        entries = iter(sorted(self._slots.items()))
        while part := list(islice(entries, _PART_SLOTS)):
            yield PackedSlots([self._record(code, slot) for code, slot in part])

    def load(self, packed: PackedSlots) -> None:
        """Take in one part of ``dump``; nobody was told of it yet, as far as is known."""
        for record in packed.slots:
            slot = self._slot(record.code)
            self._untold.add(slot)
            self._counts[slot] = record.counts
            self._open[slot], self._waiting[slot] = record.open, record.waiting
            if record.sparse:
                self._sparse[slot] = record.sparse

    def _spread(self, table: Table) -> tuple[Codes, Codes]:
        """Which rows count for their brand, then which ones count for ``*``, as their flags say; the slot of each."""
        flags = table["flags"]
        in_brand, in_whole = np.flatnonzero(flags & _PRIMARY_BRAND), np.flatnonzero(flags & _PRIMARY_MENTION)
        pairs = table["pair"].astype(np.int64)
        whole = np.array(self._pairs.all_brands, np.int64)[pairs[in_whole]]
        rows = np.concatenate([in_brand, in_whole])
        return rows, self._slots_of(table["time_ms"][rows], np.concatenate([pairs[in_brand], whole]))

    def _record(self, code: int, slot: int) -> SlotRecord:
        counts, sparse = self._counts[slot].tolist(), self._sparse.get(slot, {})
        return SlotRecord(code, counts, sparse, int(self._open[slot]), int(self._waiting[slot]))

    def _slots_of(self, times_ms: Codes, pairs: Codes) -> Codes:
        """The slot of each (time, pair), created where needed. All of them count as changed."""
        if not len(pairs):
            return pairs
        windows, width = times_ms // self._window_ms, len(self._pairs.names)
        first = int(windows.min())
        span = int(windows.max()) - first + 1
        if span * width <= _FEW_CODES + len(pairs):
            places, index = compact((windows - first) * width + pairs, span * width)
            codes = (first + places // width << _PAIR_BITS) | places % width
        else:
            codes, index = np.unique((windows << _PAIR_BITS) | pairs, return_inverse=True)
        slots = [self._slot(code) for code in codes.tolist()]
        self._changed.update(slots)
        return np.array(slots, np.int64)[index]

    def _slot(self, code: int) -> int:
        slot = self._slots.get(code)
        if slot is not None:
            return slot
        slot = self._free.pop() if self._free else self._grow()
        self._slots[code], self._codes[slot] = slot, code
        window = code >> _PAIR_BITS
        if window not in self._unpassed:
            self._unpassed[window] = []
            heapq.heappush(self._heap, window)
        self._unpassed[window].append(code)
        return slot

    def _grow(self) -> int:
        slot = len(self._codes)
        self._codes.append(0)
        if slot >= len(self._open):
            more = max(64, len(self._open) // 2)
            self._counts = np.concatenate([self._counts, np.zeros((more, DENSE), np.uint32)])
            self._open = np.concatenate([self._open, np.zeros(more, np.int64)])
            self._waiting = np.concatenate([self._waiting, np.zeros(more, np.int64)])
        return slot

    def _drop_finished(self, code: int, watermark_ms: int) -> None:
        slot = self._slots.get(code)
        if slot is None or not self._is_finished(slot, watermark_ms):
            return
        del self._slots[code]
        self._sparse.pop(slot, None)
        self._counts[slot] = 0
        self._free.append(slot)

    def _is_finished(self, slot: int, watermark_ms: int) -> bool:
        """Whether W has passed it and nothing in it can change any more."""
        if self._open[slot] or self._waiting[slot]:
            return False
        return self._end_ms(self._codes[slot] >> _PAIR_BITS) <= watermark_ms

    def _end_ms(self, window: int) -> int:
        return (window + 1) * self._window_ms

    def _parts(self, slots: Iterable[int]) -> list[WindowPart]:
        parts = [self._part(slot) for slot in slots]
        return sorted(parts, key=lambda part: (part.window_start_ms, part.brand, part.source))

    def _part(self, slot: int) -> WindowPart:
        code = self._codes[slot]
        source, brand = self._pairs.names[code & _PAIR_MASK]
        counts = self._counts[slot].tolist()
        while counts and not counts[-1]:
            counts.pop()
        start_ms = (code >> _PAIR_BITS) * self._window_ms
        return WindowPart(
            start_ms,
            brand,
            source,
            tuple(counts),
            int(self._open[slot]),
            int(self._waiting[slot]),
            dict(self._sparse.get(slot, {})),
        )


def _increments(table: Table, rows: Codes) -> Iterator[tuple[NDArray[np.bool_] | Codes, Codes | int]]:
    """Which of ``rows`` increase which counter, one for all of them or one for each."""
    role, flags = table["role"][rows], table["flags"][rows]
    yield np.ones(len(rows), np.bool_), COUNTER["received"]
    yield np.ones(len(rows), np.bool_), _CLASSES[role * 2 + (flags & _ACTIONABLE)]
    customers = np.flatnonzero(role == _CUSTOMER)
    yield customers, COUNTER[f"intent_{INTENTS[0]}"] + table["intent"][rows[customers]].astype(np.int64)
    yield flags & _ESCALATED > 0, COUNTER["escalated"]
    yield flags & _DIVERTING == _DIVERTING, COUNTER["diverting_replies"]
    for name, first, kinds in (
        ("reasons", COUNTER[f"reason_{REASONS[0]}"], len(REASONS)),
        ("pii", COUNTER[f"pii_{PII_KINDS[0]}"], len(PII_KINDS)),
    ):
        column = table[name][rows]
        marked = np.flatnonzero(column)
        for bit in range(kinds if len(marked) else 0):
            yield marked[column[marked] >> bit & 1 > 0], first + bit
