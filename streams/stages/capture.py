"""The capture ledger: folds what batches say about source lines into gaps and conservation counts, per feed.

A window counts a gap under the feed time of the line before it, a notice under its own, a mention under the mention's.
What is undecided counts as ``open`` once the watermark has passed its window, so that merge waits for it; so does the
newest line of a running feed, after which a gap may yet show.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.counters import COUNTER, DENSE
from models.packed import PACKED_SCHEMA, CaptureBlock, CaptureSection, FeedPart, FeedStart, WindowPart
from models.records import DEFINITIONS, GapRecord
from streams.stages import topics
from streams.stages.feed_account import FeedAccount, announcements
from streams.stages.feed_epoch import Finding
from streams.stages.fold import BlockError, Output
from streams.stages.keys import murmur2_partition
from streams.stages.partials import partial_outputs, trimmed
from streams.stages.rules import Rules
from streams.stages.snapshot import dump_chunks, load_chunks
from streams.stages.watermark import UNSET, Marks, Watermarks

Cell = tuple[str, int]  # source, window start
Times = dict[str, list[NDArray[np.int64]]]  # of mentions, by source


class Counted(msgspec.Struct):
    missed_exact: int = 0
    missed_upstream: int = 0
    mention_lines: int = 0


_NOTHING: Final = Counted()
_EXACT, _UPSTREAM, _LINES = (COUNTER[name] for name in ("missed_exact", "missed_upstream", "mention_lines"))


class CaptureState(msgspec.Struct):
    """``windows`` holds those that may still change, ``open`` what is undecided in windows behind W, ``turn`` what W
    and the feeds' ends were when everything was last told to merge."""

    partition: int
    watermarks: Watermarks
    marks: Marks = msgspec.field(default_factory=Marks)
    feeds: dict[str, FeedAccount] = msgspec.field(default_factory=dict)
    windows: dict[Cell, Counted] = msgspec.field(default_factory=dict)
    open: dict[Cell, int] = msgspec.field(default_factory=dict)
    revision: int = -1
    turn: tuple[int, int] = (UNSET, 0)
    dirty_cells: set[Cell] = msgspec.field(default_factory=set)
    dirty_feeds: set[str] = msgspec.field(default_factory=set)


class CaptureFold:
    """``streams.stages.fold.Fold`` of ``capture.reports.v1``."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def empty(self, partition: int) -> CaptureState:
        return CaptureState(partition, Watermarks(self._rules.lateness_ms))

    def apply(self, state: CaptureState, offset: int, value: bytes) -> Sequence[Output]:
        state.revision = offset
        outputs = list[Output]()
        behind_ms = state.watermarks.value_ms
        times: Times = {}
        for section in _decode(value).sections:
            self._fold_section(state, section, times)
        for source in sorted(times):
            self._count_mentions(state, source, np.concatenate(times[source]), behind_ms)
        for account in state.feeds.values():
            outputs += self._record(state, account, account.settle())
        return outputs + self._tell_decided(state)

    def drain(self, state: CaptureState) -> Sequence[Output]:
        return self._tell(state, UNSET)

    def gauges(self, state: CaptureState) -> dict[str, float]:
        accounts = state.feeds.values()
        figures: dict[str, float] = {
            "unheard_capture_feeds": len(accounts),
            "unheard_capture_feeds_ended": sum(account.ended for account in accounts),
            "unheard_capture_intervals": sum(len(e.seen) for a in accounts for e in a.epochs.values()),
            "unheard_capture_missed_exact": sum(account.missed_exact for account in accounts),
            "unheard_capture_missed_upstream": sum(account.missed_upstream for account in accounts),
            "unheard_capture_repeats": sum(account.repeats for account in accounts),
            "unheard_capture_windows_open": len(state.windows),
        }
        if state.watermarks.value_ms != UNSET:
            figures["unheard_capture_watermark_seconds"] = state.watermarks.value_ms / 1000
        return figures

    def feed_parts(self, state: CaptureState) -> list[FeedPart]:
        """The account of each feed, for figures by feed."""
        return [state.feeds[feed].part for feed in sorted(state.feeds)]

    def dump(self, state: CaptureState) -> Iterable[bytes]:
        return dump_chunks(state)

    def load(self, partition: int, chunks: Iterable[bytes]) -> CaptureState:
        state = load_chunks(chunks, CaptureState)
        if state.partition != partition:
            raise BlockError(f"snapshot of capture partition {state.partition} in partition {partition}")
        state.dirty_cells |= state.windows.keys() | state.open.keys()
        state.dirty_feeds |= state.feeds.keys()
        return state

    def _fold_section(self, state: CaptureState, section: CaptureSection, times: Times) -> None:
        """Take in what one raw partition brings; ``times`` collects when its mentions came."""
        span = section.span
        from_offset = state.marks.cut(span)
        if from_offset is None:
            return
        state.watermarks.observe(span)
        self._announce(state, section)
        for lines in section.feeds:
            said_ms = _account(state, lines.feed).lines(lines, span.partition, from_offset)
            times.setdefault(lines.source, []).append(said_ms)
        for account in state.feeds.values():
            account.marks(section.span)

    def _count_mentions(self, state: CaptureState, source: str, times_ms: NDArray[np.int64], behind_ms: int) -> None:
        """Count mentions in their windows. Those behind W are in none, as in care: merge may have closed it."""
        width = self._rules.window_ms
        starts, counts = np.unique(times_ms[times_ms >= behind_ms] // width * width, return_counts=True)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            _counted(state, (source, start)).mention_lines += count

    def _announce(self, state: CaptureState, section: CaptureSection) -> None:
        span = section.span
        named = {start.feed for start in span.starts} | {end.feed for end in span.ends}
        for feed in sorted(name for name in named if self._lives_here(name, state.partition)):
            account = _account(state, feed)
            for said in announcements(span, feed):
                if isinstance(said, FeedStart):
                    account.start(said, span.partition)
                else:
                    account.end(said, span.partition)

    def _lives_here(self, feed: str, partition: int) -> bool:
        return murmur2_partition(feed.encode(), self._rules.capture_partitions) == partition

    def _record(self, state: CaptureState, account: FeedAccount, found: Sequence[Finding]) -> list[Output]:
        """Count findings in their windows and publish them."""
        if found:
            state.dirty_feeds.add(account.feed)
        for finding in found:
            if not finding.missed:
                continue
            counted = _counted(state, (account.source, self._window(finding.from_ms)))
            if finding.exact:
                counted.missed_exact += finding.missed
            else:
                counted.missed_upstream += finding.missed
        return [_gap_output(account, finding, state.revision) for finding in found]

    def _window(self, time_ms: int) -> int:
        return time_ms - time_ms % self._rules.window_ms

    def _tell_decided(self, state: CaptureState) -> list[Output]:
        """When W crosses into another window, something behind it is decided, or a feed ends: tell merge all."""
        watermark_ms = state.watermarks.value_ms
        bound = UNSET if watermark_ms == UNSET else self._window(watermark_ms)
        turn = (bound, sum(account.ended for account in state.feeds.values()))
        undecided = self._undecided(state, bound)
        if turn == state.turn and undecided == state.open:
            return []
        state.dirty_cells |= {
            cell for cell in undecided.keys() | state.open.keys() if undecided.get(cell) != state.open.get(cell)
        }
        state.turn, state.open = turn, undecided
        outputs = self._tell(state, watermark_ms)
        for cell in [cell for cell in state.windows if cell[1] < bound and cell not in undecided]:
            del state.windows[cell]
        return outputs

    def _undecided(self, state: CaptureState, bound: int) -> dict[Cell, int]:
        """How much is undecided in each window that ends at or before ``bound``."""
        counts = Counter[Cell]()
        for account in state.feeds.values():
            times = account.unsettled_ms()
            for time_ms in times[times < bound].tolist():
                counts[(account.source, self._window(time_ms))] += 1
        return dict(counts)

    def _tell(self, state: CaptureState, watermark_ms: int) -> list[Output]:
        """Parts of everything that changed since it was last told."""
        cells, feeds = sorted(state.dirty_cells), sorted(state.dirty_feeds)
        state.dirty_cells, state.dirty_feeds = set(), set()
        windows = [_window_part(state, cell) for cell in cells]
        origin = f"capture-{state.partition}"
        parts = [state.feeds[feed].part for feed in feeds]
        return list(partial_outputs(self._rules, origin, state.revision, watermark_ms, windows, parts))


def _decode(value: bytes) -> CaptureBlock:
    try:
        block = msgspec.msgpack.decode(value, type=CaptureBlock)
    except msgspec.MsgspecError as error:
        raise BlockError(f"capture report: {error}") from error
    if block.schema != PACKED_SCHEMA:
        raise BlockError(f"capture report of schema {block.schema}, this worker reads {PACKED_SCHEMA}")
    return block


def _account(state: CaptureState, feed: str) -> FeedAccount:
    state.dirty_feeds.add(feed)
    return state.feeds.setdefault(feed, FeedAccount(feed))


def _counted(state: CaptureState, cell: Cell) -> Counted:
    """The counts of a window, which are about to change."""
    state.dirty_cells.add(cell)
    return state.windows.setdefault(cell, Counted())


def _window_part(state: CaptureState, cell: Cell) -> WindowPart:
    source, window_start_ms = cell
    counted = state.windows.get(cell, _NOTHING)
    counts = [0] * DENSE
    counts[_EXACT], counts[_UPSTREAM] = counted.missed_exact, counted.missed_upstream
    counts[_LINES] = counted.mention_lines
    return WindowPart(window_start_ms, "*", source, trimmed(counts), state.open.get(cell, 0))


def _gap_output(account: FeedAccount, finding: Finding, revision: int) -> Output:
    gap = GapRecord(
        feed=account.feed,
        source=account.source,
        epoch=finding.epoch,
        cause=finding.cause,
        exact=finding.exact,
        from_seq=finding.from_seq,
        to_seq=finding.to_seq,
        from_ms=finding.from_ms,
        to_ms=finding.to_ms,
        missed=finding.missed,
        estimated=finding.estimated,
        revision=revision,
        definitions=DEFINITIONS,
    )
    key = f"{gap.feed}:{gap.epoch}:{gap.cause}:{gap.from_seq}"
    return Output(topics.GAPS, key.encode(), msgspec.json.encode(gap))
