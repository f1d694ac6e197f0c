"""Sums what the worker partitions know about a window, and publishes windows and feed accounts.

Every origin sends absolute parts; of one origin's parts for a row the highest revision stands, so neither repeats nor
the order in which origins are heard change a result. A row (window, brand, source) is final once every origin's W has
reached the window's end and none has anything open or waiting in it: then it is published a last time and forgotten.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from models.counters import COUNTER
from models.records import DEFINITIONS, PACKED_SCHEMA, FeedPart, FeedRecord, PartialBlock, WindowPart
from streams.stages import topics
from streams.stages.fold import BlockError, Output
from streams.stages.rules import Rules
from streams.stages.snapshot import decode_part, dump_parts, load_parts
from streams.stages.watermark import UNSET
from streams.stages.windows import WindowCounts, WindowRules, render_window, total_counts

DRAIN_ROWS: Final = 250  # per publish interval, so that publishing never starves folding
_ROWS_PER_PART: Final = 5000

_SUMMED: Final = tuple(name for name in FeedPart.__struct_fields__ if name not in {"feed", "source", "ended", "end_ms"})

RowKey = tuple[str, str]  # brand, source


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What one origin says about a row; ``counts`` is the packed tuple, an eighth of its size as Python numbers."""

    revision: int
    open: int
    waiting: int
    counts: bytes


class Row(msgspec.Struct, array_like=True):
    """One (window, brand, source) in a snapshot."""

    window_start_ms: int
    brand: str
    source: str
    parts: dict[str, Part]


class FeedParts(msgspec.Struct, array_like=True):
    """One feed as each origin knows it, and what was published of it last."""

    parts: dict[str, tuple[int, FeedPart]] = msgspec.field(default_factory=dict)
    published: FeedRecord | None = None


class MergeTotals(msgspec.Struct, array_like=True):
    """The part of the state that does not grow with windows. ``behind`` counts parts for windows already final,
    ``row_difference`` adds up the conservation differences of final windows."""

    partition: int
    origins: tuple[str, ...] = ()
    watermarks: dict[str, int] = msgspec.field(default_factory=dict)
    feeds: dict[str, FeedParts] = msgspec.field(default_factory=dict)
    revision: int = -1
    passed_ms: int = UNSET
    windows_final: int = 0
    behind: int = 0
    row_difference: int = 0


class MergeState(msgspec.Struct):
    totals: MergeTotals
    windows: dict[int, dict[RowKey, dict[str, Part]]] = msgspec.field(default_factory=dict)
    dirty_rows: dict[tuple[int, RowKey], None] = msgspec.field(default_factory=dict)  # oldest change first
    dirty_feeds: set[str] = msgspec.field(default_factory=set)


class MergeFold:
    """``streams.stages.fold.Fold`` of ``care.windows.partial.v1``.

    ``baselines`` are contacts per hour by brand and channel (``windows.baselines_of``).
    """

    def __init__(self, rules: Rules, baselines: dict[str, dict[str, float]] | None = None) -> None:
        horizons = {rules.horizon_ms, *(brand.horizon_ms for brand in rules.brands.values())}
        self._rules = WindowRules(rules.window_ms, len(horizons) == 1, baselines or {})

    def empty(self, partition: int) -> MergeState:
        return MergeState(MergeTotals(partition))

    def apply(self, state: MergeState, offset: int, value: bytes) -> Sequence[Output]:
        block, totals = _decode(value), state.totals
        totals.revision, totals.origins = offset, block.origins
        heard_ms = totals.watermarks.get(block.origin, UNSET)
        touched = [part.window_start_ms for part in block.windows if self._take(state, block, part, heard_ms)]
        for feed in block.feeds:
            _take_feed(state, block, feed)
        totals.watermarks[block.origin] = max(heard_ms, block.watermark_ms)
        passed_ms = min((totals.watermarks.get(origin, UNSET) for origin in totals.origins), default=UNSET)
        rows = list(self._settle(state, touched, passed_ms))
        totals.passed_ms = max(totals.passed_ms, passed_ms)
        return [*rows, *_decided_feeds(state)]

    def drain(self, state: MergeState) -> Sequence[Output]:
        """Rows and feeds that changed, at most ``DRAIN_ROWS`` rows at a time."""
        outputs = list[Output]()
        for start, row in list(state.dirty_rows)[:DRAIN_ROWS]:
            del state.dirty_rows[start, row]
            outputs += self._publish(state, start, row, final=False)
        for feed in sorted(state.dirty_feeds):
            outputs.append(_feed_output(_publish_feed(state, feed)))
        state.dirty_feeds.clear()
        return outputs

    def gauges(self, state: MergeState) -> dict[str, float]:
        totals = state.totals
        records = self.feed_records(state)
        figures: dict[str, float] = {
            "unheard_windows_open": sum(len(rows) for rows in state.windows.values()),
            "unheard_windows_final": totals.windows_final,
            "unheard_parts_behind": totals.behind,
            "unheard_conservation_difference": sum(abs(record.difference) for record in records if record.final),
            "unheard_window_conservation_difference": totals.row_difference,
            "unheard_feeds_final": sum(record.final for record in records),
        }
        if totals.passed_ms != UNSET:
            figures["unheard_merge_watermark_seconds"] = totals.passed_ms / 1000
        return figures

    def feed_records(self, state: MergeState) -> list[FeedRecord]:
        """The account of each feed, for figures by feed."""
        return [_feed_record(state.totals, feed) for feed in sorted(state.totals.feeds)]

    def dump(self, state: MergeState) -> Iterable[bytes]:
        return dump_parts(_parts_of(state))

    def load(self, partition: int, chunks: Iterable[bytes]) -> MergeState:
        parts = load_parts(chunks)
        totals = decode_part(next(parts), MergeTotals)
        if totals.partition != partition:
            raise BlockError(f"snapshot of merge partition {totals.partition} in partition {partition}")
        state = MergeState(totals, dirty_feeds=set(totals.feeds))
        for part in parts:
            for row in decode_part(part, list[Row]):
                key = (row.brand, row.source)
                state.windows.setdefault(row.window_start_ms, {})[key] = row.parts
                state.dirty_rows[row.window_start_ms, key] = None
        return state

    def _take(self, state: MergeState, block: PartialBlock, part: WindowPart, heard_ms: int) -> bool:
        """Keep ``part`` if it is news. ``heard_ms`` is the origin's W before this block."""
        start, key = part.window_start_ms, (part.brand, part.source)
        held = state.windows.get(start, {}).get(key)
        if held is None and start + self._rules.window_ms <= heard_ms:
            state.totals.behind += 1
            return False
        known = held.get(block.origin) if held else None
        if known is not None and known.revision > block.revision:
            return False
        packed = Part(block.revision, part.open, part.waiting, msgspec.msgpack.encode(part.counts))
        state.windows.setdefault(start, {}).setdefault(key, {})[block.origin] = packed
        state.dirty_rows[start, key] = None
        if part.brand != "*" and ("*", part.source) in state.windows[start]:
            state.dirty_rows[start, ("*", part.source)] = None  # what it has pending is counted here
        return True

    def _settle(self, state: MergeState, touched: Iterable[int], passed_ms: int) -> Iterator[Output]:
        """Publish and forget the rows that cannot change any more, among windows that changed or were passed."""
        before_ms, width = state.totals.passed_ms, self._rules.window_ms
        due = {start for start in touched if start + width <= passed_ms}
        if passed_ms > before_ms:
            due |= {start for start in state.windows if before_ms < start + width <= passed_ms}
        for start in sorted(due):
            rows = state.windows.get(start)
            if rows is None:
                continue
            for key in sorted(key for key, parts in rows.items() if _is_closed(parts.values())):
                yield from self._publish(state, start, key, final=True)
                state.dirty_rows.pop((start, key), None)
                del rows[key]
            if not rows:
                del state.windows[start]

    def _publish(self, state: MergeState, start: int, key: RowKey, *, final: bool) -> Iterator[Output]:
        """The row's record; none for a row that only waits, or guards a gap that did not come."""
        window = _summed(state, start, key)
        if not any(window.counts):
            return
        record = render_window(window, self._rules, final=final, revision=state.totals.revision)
        if final:
            state.totals.windows_final += 1
            state.totals.row_difference += abs(record.difference)
        yield Output(topics.WINDOWS, f"{start}:{record.brand}:{record.source}".encode(), msgspec.json.encode(record))


def _summed(state: MergeState, start: int, key: RowKey) -> WindowCounts:
    brand, source = key
    rows = state.windows[start]
    parts = rows[key].values()
    counts = _total(parts)
    return WindowCounts(
        window_start_ms=start,
        brand=brand,
        source=source,
        counts=counts,
        actionable_pending=_pending_in(rows, source) if brand == "*" else _pending(counts),
        open=sum(part.open for part in parts),
        waiting=sum(part.waiting for part in parts),
    )


def _decode(value: bytes) -> PartialBlock:
    try:
        block = msgspec.msgpack.decode(value, type=PartialBlock)
    except msgspec.MsgspecError as error:
        raise BlockError(f"partial counts: {error}") from error
    if block.schema != PACKED_SCHEMA:
        raise BlockError(f"partial counts of schema {block.schema}, this worker reads {PACKED_SCHEMA}")
    return block


def _is_closed(parts: Iterable[Part]) -> bool:
    return all(part.open == 0 and part.waiting == 0 for part in parts)


def _total(parts: Iterable[Part]) -> list[int]:
    return total_counts(msgspec.msgpack.decode(part.counts, type=tuple[int, ...]) for part in parts)


def _pending(counts: Sequence[int]) -> int:
    """Actionable mentions that are neither answered nor unanswered yet."""
    decided = counts[COUNTER["mentions_answered"]] + counts[COUNTER["mentions_unanswered"]]
    return counts[COUNTER["customer_actionable"]] - decided


def _pending_in(rows: dict[RowKey, dict[str, Part]], source: str) -> int:
    """The same over the brands of a window: an actionable mention of two brands is two tweets to answer. Rows that
    are final and gone have none pending."""
    brands = [parts for (brand, of), parts in rows.items() if brand != "*" and of == source]
    return sum(_pending(_total(parts.values())) for parts in brands)


def _take_feed(state: MergeState, block: PartialBlock, part: FeedPart) -> None:
    feed = state.totals.feeds.setdefault(part.feed, FeedParts())
    known = feed.parts.get(block.origin)
    if known is None or block.revision >= known[0]:
        feed.parts[block.origin] = (block.revision, part)
        if known is None or known[1] != part:
            state.dirty_feeds.add(part.feed)


def _decided_feeds(state: MergeState) -> Iterator[Output]:
    """Accounts that have become final, or changed though they were."""
    for feed, parts in state.totals.feeds.items():
        was_final = parts.published is not None and parts.published.final
        if was_final and feed not in state.dirty_feeds:
            continue
        if was_final or _feed_record(state.totals, feed).final:
            state.dirty_feeds.discard(feed)
            yield _feed_output(_publish_feed(state, feed))


def _feed_record(totals: MergeTotals, feed: str) -> FeedRecord:
    """The account as far as it is known. Until it is final the difference contains what is still on its way."""
    parts = [part for _, part in totals.feeds[feed].parts.values()]
    sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMMED}
    end_ms = max(part.end_ms for part in parts)
    settled = ("received", "duplicates", "late", "rejected", "control", "shed", "missed_exact")
    return FeedRecord(
        feed=feed,
        source=next((part.source for part in parts if part.source), ""),
        **sums,
        difference=sums["sent"] - sum(sums[name] for name in settled),
        final=any(part.ended for part in parts) and not sums["waiting"] and _all_passed(totals, end_ms),
        revision=totals.revision,
        definitions=DEFINITIONS,
    )


def _all_passed(totals: MergeTotals, time_ms: int) -> bool:
    return all(totals.watermarks.get(origin, UNSET) > time_ms for origin in totals.origins)


def _publish_feed(state: MergeState, feed: str) -> FeedRecord:
    record = _feed_record(state.totals, feed)
    state.totals.feeds[feed].published = record
    return record


def _feed_output(record: FeedRecord) -> Output:
    """In a later phase than windows: whoever reads a final account finds the windows that led to it published."""
    return Output(topics.FEEDS, record.feed.encode(), msgspec.json.encode(record), phase=1)


def _parts_of(state: MergeState) -> Iterator[MergeTotals | list[Row]]:
    yield state.totals
    rows = [Row(start, *key, parts) for start, held in state.windows.items() for key, parts in held.items()]
    for at in range(0, len(rows), _ROWS_PER_PART):
        yield rows[at : at + _ROWS_PER_PART]
