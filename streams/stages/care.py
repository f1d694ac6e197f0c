"""The care fold: packed events of one partition in, cases and counts out. A pure function of the blocks."""

from collections.abc import Iterable, Sequence

import numpy as np

from models.packed import CareBlock, FeedPart, WindowPart
from streams.stages.care_events import block_rows, decode_block
from streams.stages.care_state import CareState, empty_state, load_state, snapshot_parts
from streams.stages.case_records import case_output
from streams.stages.casebook import CaseState
from streams.stages.dedupe import COUNTED, DUPLICATE, feed_ranks
from streams.stages.fold import Output
from streams.stages.partials import partial_outputs
from streams.stages.rules import Rules
from streams.stages.snapshot import dump_parts
from streams.stages.waiting import Rows, pick
from streams.stages.watermark import UNSET


class CareFold:
    """``Fold[CareState]``: the same outputs for any batch cut, arrival order and raw partition count."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def empty(self, partition: int) -> CareState:
        return empty_state(partition, self._rules)

    def apply(self, state: CareState, offset: int, value: bytes) -> Sequence[Output]:
        """Fold one ``CareBlock``. Raises BlockError, and then the state is of no use any more."""
        before_ms = state.watermarks.value_ms
        arrived = _arrivals(state, decode_block(value))
        if len(arrived.table):
            _enqueue(state, _not_overtaken(state, arrived, before_ms, self._rules))
        cases = _fold_ready(state, self._rules)
        state.offset = offset
        now_ms = state.watermarks.value_ms
        windows, feeds = state.cohorts.publish(now_ms), state.feeds.publish()
        return [*self._cases(state, cases), *self._partials(state, now_ms, windows, feeds)]

    def drain(self, state: CareState) -> Sequence[Output]:
        """Counts that can still change; after recovery all of them once more."""
        if state.offset < 0:
            return ()
        return self._partials(state, UNSET, state.cohorts.provisional(), state.feeds.publish())

    def gauges(self, state: CareState) -> dict[str, float]:
        gauges: dict[str, float] = {
            "unheard_events_waiting": state.waiting.rows,
            "unheard_cases_open": state.casebook.open_cases,
        }
        if state.watermarks.value_ms != UNSET:
            gauges["unheard_watermark_seconds"] = state.watermarks.value_ms / 1000
        return gauges

    def dump(self, state: CareState) -> Iterable[bytes]:
        return dump_parts(snapshot_parts(state))

    def load(self, partition: int, chunks: Iterable[bytes]) -> CareState:
        return load_state(partition, chunks, self._rules)

    def _cases(self, state: CareState, cases: list[CaseState]) -> list[Output]:
        names, terms, offset = state.pairs.names, state.terms, state.offset
        outputs = [case_output(case, *names[case.pair], terms.of(case.pair), offset) for case in cases]
        return sorted(outputs, key=lambda output: output.key or b"")

    def _partials(
        self, state: CareState, watermark_ms: int, windows: list[WindowPart], feeds: list[FeedPart]
    ) -> list[Output]:
        origin = f"care-{state.partition}"
        return list(partial_outputs(self._rules, origin, state.offset, watermark_ms, windows, feeds))


def _arrivals(state: CareState, block: CareBlock) -> Rows:
    """The rows of ``block`` that were not seen before; marks and watermarks move on."""
    cut_offsets: list[int | None] = []
    for section in block.sections:
        cut_offsets.append(cut_offset := state.marks.cut(section.span))
        if cut_offset is not None:
            state.watermarks.observe(section.span)
    rows = block_rows(block, cut_offsets, state.pairs.code, state.feeds.code, state.pairs.seeds)
    for feed, clock in state.watermarks.feeds.items():
        state.feeds.see(feed, clock.source, clock.ended)
    return rows


def _enqueue(state: CareState, rows: Rows) -> None:
    state.waiting.add(rows)
    state.cohorts.wait(rows.table, 1)
    state.feeds.wait(rows.table, 1)


def _not_overtaken(state: CareState, rows: Rows, watermark_ms: int, rules: Rules) -> Rows:
    """The rows that are not behind W. Those that are (possible only after a live feed was idle) are accounted for
    here: feeds count them, windows and cases are closed to them."""
    behind = rows.table["time_ms"] < watermark_ms
    if not behind.any():
        return rows
    overtaken = pick(rows, np.flatnonzero(behind))
    verdicts = state.recent.judge(overtaken, feed_ranks(state.feeds.names, rules.feed_order))
    state.feeds.overtake(overtaken.table.compress(verdicts == COUNTED))
    state.feeds.duplicate(overtaken.table.compress(verdicts == DUPLICATE))
    return pick(rows, np.flatnonzero(~behind))


def _fold_ready(state: CareState, rules: Rules) -> list[CaseState]:
    """Fold what lies behind W now, in the order (time, id); the cases that changed."""
    watermark_ms = state.watermarks.value_ms
    ready = state.waiting.take(watermark_ms)
    if len(ready.table):
        ready = _count(state, ready, rules)
    state.recent.forget(watermark_ms - rules.dedupe_ms)
    folded = state.casebook.fold(ready, watermark_ms)
    state.cohorts.change(folded.changes)
    return folded.cases


def _count(state: CareState, ready: Rows, rules: Rules) -> Rows:
    """Count rows that wait no longer; those of them that are no copies."""
    state.cohorts.wait(ready.table, -1)
    state.feeds.wait(ready.table, -1)
    verdicts = state.recent.judge(ready, feed_ranks(state.feeds.names, rules.feed_order))
    copies = ready.table.compress(verdicts == DUPLICATE)
    state.cohorts.count_duplicates(copies)
    state.feeds.duplicate(copies)
    if verdicts.any():
        ready = pick(ready, np.flatnonzero(verdicts == COUNTED))
    state.cohorts.count(ready.table)
    state.feeds.receive(ready.table)
    return ready
