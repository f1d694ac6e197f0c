"""Sums what the worker partitions know about windows, and publishes windows of all widths and feed accounts.

Every origin sends absolute parts of the narrowest windows; of one origin's parts for a row the highest revision
stands, so neither repeats nor the order in which origins are heard change a result. What a part changes is added to
its row and to those of the wider windows around it, which are running sums.

A row (window, brand, source) is final once every origin's W has reached the window's end, none has anything open or
waiting in it, and capture has decided what its source missed there: then it is published a last time and forgotten.
Its sums stay in the wider rows until those are final.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from operator import sub
from typing import Final

import msgspec
import numpy as np

from models.counters import COUNTER, DENSE
from models.packed import PACKED_SCHEMA, PartialBlock, WindowPart
from models.records import FeedRecord
from streams.stages import topics
from streams.stages.fold import BlockError, Output
from streams.stages.merge_feeds import decided_feeds, feed_record, publish_feed, take_feed
from streams.stages.merge_state import MergeState, MergeTotals, Part, Row, RowKey, dump_state, load_state
from streams.stages.partials import is_capture
from streams.stages.rules import Rules
from streams.stages.watermark import UNSET
from streams.stages.window_sums import total
from streams.stages.windows import ALL_BRANDS, SourceCounts, WindowCounts, WindowRules, render_window, window_key

DRAIN_ROWS: Final = 100  # per publish interval, so that publishing never starves folding
_DENSE: Final = range(DENSE)
_ACTIONABLE: Final = COUNTER["customer_actionable"]
_OTHER: Final = COUNTER["customer_other"]
_RECEIVED: Final = COUNTER["received"]
_MISSED_EXACT: Final = COUNTER["missed_exact"]
_encode_counts = msgspec.msgpack.Encoder().encode
_decode_counts = msgspec.msgpack.Decoder(tuple[tuple[int, ...], dict[int, int]]).decode
_decode_block = msgspec.msgpack.Decoder(PartialBlock).decode


class Changes:
    """What the parts of one block change: each has ``lengths`` of the ``counters`` and ``amounts``, and ``slots`` of
    its rows, one of each width. ``closed`` are rows that have nothing open or waiting now, ``decided``
    the (base window, source) of which capture or care decided something."""

    __slots__ = ("amounts", "closed", "counters", "decided", "lengths", "slots")

    def __init__(self) -> None:
        self.counters: list[int] = []
        self.amounts: list[int] = []
        self.lengths: list[int] = []
        self.slots: list[list[int]] = []
        self.closed: list[RowKey] = []
        self.decided: list[tuple[int, str]] = []


class MergeFold:
    """``streams.stages.fold.Fold`` of ``care.windows.partial.v1``.

    ``baselines`` are contacts per hour by brand and channel (``windows.baselines_of``).
    """

    def __init__(self, rules: Rules, baselines: dict[str, dict[str, float]] | None = None) -> None:
        self._base_ms, self._widths = rules.window_ms, (rules.window_ms, *rules.rollup_ms)
        self._rules = WindowRules({name: brand.tiers for name, brand in rules.brands.items()}, baselines or {})

    def empty(self, partition: int) -> MergeState:
        return MergeState(MergeTotals(partition))

    def apply(self, state: MergeState, offset: int, value: bytes) -> Sequence[Output]:
        block, totals = _decode(value), state.totals
        totals.revision, totals.origins = offset, block.origins
        heard_ms = totals.watermarks.get(block.origin, UNSET)
        changes = Changes()
        for part in block.windows:
            self._take(state, changes, block, part, heard_ms)
        _add_counts(state, changes)
        for feed in block.feeds:
            take_feed(state, block, feed)
        totals.watermarks[block.origin] = max(heard_ms, block.watermark_ms)
        passed_ms = min((totals.watermarks.get(origin, UNSET) for origin in totals.origins), default=UNSET)
        totals.passed_ms = max(totals.passed_ms, passed_ms)
        settled, feeds = list(self._settle(state, changes)), list(decided_feeds(state))
        # Whoever sees a feed's final account finds every row as it stood then, also one that can still change.
        return [*settled, *self._tell_rows(state, len(state.rows)), *feeds] if feeds else settled

    def drain(self, state: MergeState) -> Sequence[Output]:
        """Rows and feeds that changed, at most ``DRAIN_ROWS`` rows at a time."""
        outputs = self._tell_rows(state, DRAIN_ROWS)
        outputs += [publish_feed(state, feed) for feed in sorted(state.dirty_feeds)]
        state.dirty_feeds.clear()
        return outputs

    def gauges(self, state: MergeState) -> dict[str, float]:
        totals = state.totals
        records = self.feed_records(state)
        figures: dict[str, float] = {
            "unheard_windows_open": len(state.rows),
            "unheard_windows_final": totals.windows_final,
            "unheard_parts_behind": totals.behind,
            "unheard_conservation_difference": sum(abs(record.difference) for record in records),
            "unheard_window_conservation_difference": totals.row_difference,
            "unheard_feeds_final": sum(record.final for record in records),
        }
        if totals.passed_ms != UNSET:
            figures["unheard_merge_watermark_seconds"] = totals.passed_ms / 1000
        return figures

    def feed_records(self, state: MergeState) -> list[FeedRecord]:
        """The account of each feed, for figures by feed."""
        return [feed_record(state.totals, feed) for feed in sorted(state.totals.feeds)]

    def dump(self, state: MergeState) -> Iterable[bytes]:
        return dump_state(state)

    def load(self, partition: int, chunks: Iterable[bytes]) -> MergeState:
        return load_state(partition, chunks)

    def _take(self, state: MergeState, changes: Changes, block: PartialBlock, part: WindowPart, heard_ms: int) -> None:
        """Keep ``part`` if it is news. ``heard_ms`` is the origin's W before this block."""
        start = part.window_start_ms
        key = (self._base_ms, start, part.brand, part.source)
        row = state.rows.get(key)
        if row is None:
            if start + self._base_ms <= heard_ms:
                state.totals.behind += 1
                return
            row = state.new_row(key, wide=False)
        known = row.parts.get(block.origin)
        if known is not None and known.revision > block.revision:
            return
        packed = _encode_counts((part.counts, part.sparse))
        row.parts[block.origin] = Part(block.revision, part.open, part.waiting, packed)
        if known is None or (known.counts, known.open, known.waiting) != (packed, part.open, part.waiting):
            self._spread(state, changes, block.origin, known, part)

    def _spread(self, state: MergeState, changes: Changes, origin: str, known: Part | None, part: WindowPart) -> None:
        """Add what ``part`` changes to its row in windows of all widths; the counters themselves come last."""
        start, brand, source = part.window_start_ms, part.brand, part.source
        dense, sparse = changed_counts(known, part)
        more_open = part.open - (known.open if known else 0)
        more_waiting = part.waiting - (known.waiting if known else 0)
        around = _around(brand, origin, dense, more_open, more_waiting)
        slots = list[int]()
        for width in self._widths:
            key = (width, start - start % width, brand, source)
            row = state.rows.get(key) or state.new_row(key, wide=True)
            row.open += more_open
            row.waiting += more_waiting
            if not (row.open or row.waiting):
                changes.closed.append(key)
            slots.append(row.slot)
            state.dirty_rows[key] = None
            if around is not None:
                _add_around(state, key, around)
        before = len(changes.counters)
        changes.counters += (*compress(_DENSE, dense), *sparse)
        changes.amounts += (*filter(None, dense), *sparse.values())
        changes.lengths.append(len(changes.counters) - before)
        changes.slots.append(slots)
        if around is not None and (around.undecided < 0 or around.waiting < 0):
            changes.decided.append((start, source))

    def _settle(self, state: MergeState, changes: Changes) -> Iterator[Output]:
        """Publish and forget the rows that cannot change any more, among those that changed or were passed."""
        passed_ms = state.totals.passed_ms
        due = {key for key in changes.closed if key[0] + key[1] <= passed_ms}
        for start, source in changes.decided:
            for width in self._widths:
                at = start - start % width
                due.update(state.rows_of((width, at), source) if at + width <= passed_ms else ())
        for place in state.passed(passed_ms):
            due.update(state.windows.get(place, ()))
        for key in sorted(key for key in due if _is_closed(state, key)):
            yield from self._publish(state, key, final=True)
            state.forget(key)

    def _tell_rows(self, state: MergeState, limit: int) -> list[Output]:
        """Up to ``limit`` of the rows that changed."""
        for place, source in state.dirty_sources:
            state.dirty_rows |= dict.fromkeys(state.rows_of(place, source))
        state.dirty_sources.clear()
        outputs = list[Output]()
        for key in list(islice(state.dirty_rows, limit)):
            del state.dirty_rows[key]
            outputs += self._publish(state, key, final=False)
        return outputs

    def _publish(self, state: MergeState, key: RowKey, *, final: bool) -> Iterator[Output]:
        """The row's record; none for a row of which nothing was counted: it only waits, or guards a gap that did not
        come."""
        row = state.rows[key]
        counts = _counts_of(state, row)
        if not any(counts):
            return
        window = WindowCounts(
            window_start_ms=key[1],
            window_ms=key[0],
            brand=key[2],
            source=key[3],
            counts=counts,
            around=state.source(key),
            open=row.open,
            waiting=row.waiting,
        )
        record = render_window(window, self._rules, final=final, revision=state.totals.revision)
        if final:
            state.totals.windows_final += 1
            state.totals.row_difference += record.difference if key[0] == self._base_ms else 0
        yield Output(topics.WINDOWS, window_key(window), msgspec.json.encode(record))


def _decode(value: bytes) -> PartialBlock:
    try:
        block = _decode_block(value)
    except msgspec.MsgspecError as error:
        raise BlockError(f"partial counts: {error}") from error
    if block.schema != PACKED_SCHEMA:
        raise BlockError(f"partial counts of schema {block.schema}, this worker reads {PACKED_SCHEMA}")
    return block


def changed_counts(known: Part | None, part: WindowPart) -> tuple[Sequence[int], dict[int, int]]:
    """By how much each counter is more than what its origin said before: the first ones, others by index."""
    now = part.counts + (0,) * (DENSE - len(part.counts))
    if known is None:
        return now, part.sparse
    first, others = _decode_counts(known.counts)
    dense = tuple(map(sub, now, first + (0,) * (DENSE - len(first))))
    if others == part.sparse:
        return dense, {}
    more = {index: value - others.pop(index, 0) for index, value in part.sparse.items()}
    return dense, {index: value for index, value in more.items() if value} | {i: -value for i, value in others.items()}


def _around(brand: str, origin: str, dense: Sequence[int], more_open: int, more_waiting: int) -> SourceCounts | None:
    """What a change means for the other rows of its source."""
    if brand != ALL_BRANDS:
        customers = dense[_ACTIONABLE] + dense[_OTHER]
        return SourceCounts(customers=customers) if customers else None
    undecided = more_open if is_capture(origin) else 0
    received, missed = dense[_RECEIVED], dense[_MISSED_EXACT]
    if not (received or missed or undecided or more_waiting):
        return None
    return SourceCounts(0, received, missed, undecided, more_waiting)


def _add_around(state: MergeState, key: RowKey, more: SourceCounts) -> None:
    place, source = (key[0], key[1]), key[3]
    held = state.around[place].get(source)
    if held is None:
        held = state.around[place][source] = SourceCounts()
    held.customers += more.customers
    held.received += more.received
    held.missed_exact += more.missed_exact
    held.undecided += more.undecided
    held.waiting += more.waiting
    state.dirty_sources[place, source] = None


def _add_counts(state: MergeState, changes: Changes) -> None:
    """Add the changes of counters to the sums of the wider windows."""
    if changes.counters:
        counters, amounts = np.array(changes.counters), np.array(changes.amounts)
        slots = np.repeat(np.array(changes.slots, np.int64), changes.lengths, axis=0)
        for column in range(1, slots.shape[1]):  # the first is the base width: its rows have parts
            state.sums.add(slots[:, column], counters, amounts)


def _counts_of(state: MergeState, row: Row) -> list[int]:
    return state.sums.row(row.slot) if row.slot >= 0 else total(_decode_counts(p.counts) for p in row.parts.values())


def _is_closed(state: MergeState, key: RowKey) -> bool:
    row = state.rows.get(key)
    if row is None or row.open or row.waiting:
        return False
    source = state.source(key)
    return not (source.undecided or source.waiting)
