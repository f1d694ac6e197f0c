"""What the raw topic held, told by ``capture.reports``: runs of consecutive lines of one kind.

Reports come again after crashes, perhaps cut differently: a line is known by (feed, epoch, seq), and whatever else is
said of it is the same each time. Lines are joined to runs as they are read, so that memory follows the number of runs
and not that of lines: what is pending between the raw partitions, plus ``FLUSH_LINES`` lines.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import LINE_DTYPE, CaptureBlock, FeedEnd, FeedLines, FeedStart, LineKind, RawSpan
from streams.stages.rows import LineRow, rfc3339

FLUSH_LINES: Final = 1_000_000

_LIMIT: Final = len(LineKind)
_DISCONNECT: Final = _LIMIT + 1
_KINDS: Final = (*(kind.name.lower() for kind in LineKind), "limit", "disconnect")
_RUN_DTYPE: Final = np.dtype(
    [
        ("from_seq", "<i8"),
        ("to_seq", "<i8"),
        ("from_ms", "<i8"),
        ("to_ms", "<i8"),
        ("kind", "u1"),  # index into _KINDS
        ("alone", "?"),  # begins a run, whatever came before
    ]
)

Runs = NDArray[np.void]
FeedEpoch = tuple[str, int]


class _Epoch:
    """The lines of one (feed, epoch): joined runs, and single lines that are not joined yet."""

    __slots__ = ("_loose", "_runs", "silences", "tracks")

    def __init__(self) -> None:
        self._runs: Runs = np.empty(0, _RUN_DTYPE)
        self._loose: list[Runs] = []
        self.tracks: dict[int, int] = {}  # of limit notices, by number
        self.silences: dict[int, int] = {}  # ms, by the number of the line that ended them

    def add(self, rows: NDArray[np.void], lines: FeedLines, epoch: int) -> None:
        tracks = {limit.seq: limit.track for limit in lines.limits if limit.epoch == epoch}
        silences = {stall.seq: stall.silent_ms for stall in lines.stalls if stall.epoch == epoch}
        cuts = [cut.seq for cut in lines.disconnects if cut.epoch == epoch]
        self.tracks |= tracks
        self.silences |= silences
        runs = np.zeros(len(rows), _RUN_DTYPE)
        runs["from_seq"] = runs["to_seq"] = rows["seq"]
        runs["from_ms"] = runs["to_ms"] = rows["feed_time_ms"]
        runs["kind"] = rows["kind"]
        runs["kind"][np.isin(rows["seq"], list(tracks))] = _LIMIT
        runs["kind"][np.isin(rows["seq"], cuts)] = _DISCONNECT
        runs["alone"] = (runs["kind"] >= _LIMIT) | np.isin(rows["seq"], list(silences))
        self._loose.append(runs)

    def join(self) -> Runs:
        """All lines as runs, in order."""
        if self._loose:
            self._runs = join_runs(np.concatenate([self._runs, *self._loose]))
            self._loose = []
        return self._runs


class LineRuns:
    """Collects reports in any order."""

    def __init__(self, flush_lines: int = FLUSH_LINES) -> None:
        self._flush_lines = flush_lines
        self._loose_lines = 0
        self._epochs: dict[FeedEpoch, _Epoch] = {}
        self._sources: dict[str, str] = {}
        self._starts: dict[FeedEpoch, int] = {}
        self._ends: dict[FeedEpoch, FeedEnd] = {}

    def add(self, value: bytes) -> None:
        """Take in one record of ``capture.reports``. Raises msgspec.MsgspecError for one of another shape."""
        for section in msgspec.msgpack.decode(value, type=CaptureBlock).sections:
            self._announce(section.span)
            for lines in section.feeds:
                self._lines(lines)
        if self._loose_lines >= self._flush_lines:
            for epoch in self._epochs.values():
                epoch.join()
            self._loose_lines = 0

    def rows(self) -> Iterator[LineRow]:
        """By feed, epoch and number; an epoch's announcements stand before and behind its lines."""
        for key in sorted(self._epochs.keys() | self._starts.keys() | self._ends.keys()):
            feed, number = key
            source = self._sources.get(feed, "")
            if key in self._starts:
                first = self._starts[key]
                yield _row(feed, source, number, "feed-start", (first, first - 1), None)
            if key in self._epochs:
                yield from _run_rows(self._epochs[key], feed, source, number)
            if key in self._ends:
                yield _end_row(self._ends[key], source)

    def _announce(self, span: RawSpan) -> None:
        for start in span.starts:
            self._start(start)
        for end in span.ends:
            self._end(end)

    def _start(self, start: FeedStart) -> None:
        key = (start.feed, start.epoch)
        self._sources[start.feed] = start.source or self._sources.get(start.feed, "")
        self._starts[key] = min(self._starts.get(key, start.first_seq), start.first_seq)

    def _end(self, end: FeedEnd) -> None:
        """Each raw partition has the end; where they differ the largest figures stand, as in the accounts."""
        known = self._ends.get((end.feed, end.epoch), end)
        self._ends[end.feed, end.epoch] = FeedEnd(
            end.feed,
            end.epoch,
            max(end.last_seq, known.last_seq),
            max(end.feed_time_ms, known.feed_time_ms),
            max(end.settle_ms, known.settle_ms),
            end.final or known.final,
        )

    def _lines(self, lines: FeedLines) -> None:
        if lines.feed not in self._sources or not self._sources[lines.feed]:
            self._sources[lines.feed] = lines.source
        rows = np.frombuffer(lines.rows, LINE_DTYPE)
        self._loose_lines += len(rows)
        for number in np.unique(rows["epoch"]).tolist():
            epoch = self._epochs.setdefault((lines.feed, number), _Epoch())
            epoch.add(rows[rows["epoch"] == number], lines, number)


def join_runs(runs: Runs) -> Runs:
    """Runs in any order, some of them repeated or overlapping, as the fewest ones that say the same."""
    runs = runs[np.lexsort((runs["kind"], runs["to_seq"], runs["from_seq"]))]
    reached = np.maximum.accumulate(runs["to_seq"])
    gap = runs["from_seq"][1:] - reached[:-1]  # 1: follows on; less: repeats something
    other = (runs["kind"][1:] != runs["kind"][:-1]) | runs["alone"][1:] | (runs["kind"][:-1] >= _LIMIT)
    begins = np.append(True, (gap > 1) | ((gap == 1) & other))[: len(runs)]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(runs)) - 1
    farthest = np.flatnonzero(runs["to_seq"] == reached)
    last = runs[farthest[np.searchsorted(farthest, ends, side="right") - 1]]
    joined = runs[starts].copy()
    joined["to_seq"], joined["to_ms"] = last["to_seq"], last["to_ms"]
    return joined


def line_rows(values: Iterable[bytes]) -> Iterator[LineRow]:
    """The rows of ``lines.jsonl`` from all records of ``capture.reports``."""
    runs = LineRuns()
    for value in values:
        runs.add(value)
    return runs.rows()


def _run_rows(epoch: _Epoch, feed: str, source: str, number: int) -> Iterator[LineRow]:
    for from_seq, to_seq, from_ms, to_ms, kind, _ in epoch.join().tolist():
        yield _row(
            feed,
            source,
            number,
            _KINDS[kind],
            (from_seq, to_seq),
            (from_ms, to_ms),
            silent_ms=epoch.silences.get(from_seq, 0),
            track=epoch.tracks.get(from_seq) if kind == _LIMIT else None,
        )


def _end_row(end: FeedEnd, source: str) -> LineRow:
    return _row(
        end.feed,
        source,
        end.epoch,
        "end-of-feed",
        (end.last_seq, end.last_seq),
        (end.feed_time_ms, end.feed_time_ms),
        settle_s=end.settle_ms / 1000,
        final=end.final,
    )


def _row(
    feed: str,
    source: str,
    epoch: int,
    kind: str,
    seqs: tuple[int, int],
    times_ms: tuple[int, int] | None,
    *,
    silent_ms: int = 0,
    track: int | None = None,
    settle_s: float | None = None,
    final: bool | None = None,
) -> LineRow:
    return LineRow(
        feed=feed,
        source=source,
        epoch=epoch,
        kind=kind,
        from_seq=seqs[0],
        to_seq=seqs[1],
        from_time=rfc3339(times_ms[0]) if times_ms else None,
        to_time=rfc3339(times_ms[1]) if times_ms else None,
        silent_s=silent_ms / 1000,
        track=track,
        settle_s=settle_s,
        final=final,
    )
