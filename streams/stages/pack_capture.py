"""Packs what one batch says to capture into one record per capture partition."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.packed import (
    LINE_DTYPE,
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    Disconnect,
    FeedLines,
    Limit,
    RawSpan,
    Stall,
)
from models.records import ControlKind
from streams.stages.codes import compact
from streams.stages.decode import ANNOUNCEMENT, Lines
from streams.stages.keys import murmur2_partition
from streams.stages.split import encode_blocks

Ints = NDArray[np.int64]


def pack_capture(
    lines: Lines,
    offsets: Ints,
    spans: Sequence[RawSpan],
    ranges: Mapping[int, tuple[int, int]],
    *,
    partitions: int,
    block_bytes: int,
) -> list[list[bytes]]:
    """Per capture partition the encoded blocks of the batch. A feed's lines go to the partition of its name."""
    batch = _Batch(lines, offsets)
    found = {span.partition: list(batch.feed_lines(*ranges.get(span.partition, (0, 0)))) for span in spans}
    home = {feed.feed: murmur2_partition(feed.feed.encode(), partitions) for feeds in found.values() for feed in feeds}
    blocks: list[list[bytes]] = []
    for partition in range(partitions):
        sections = tuple(
            CaptureSection(span, tuple(feed for feed in found[span.partition] if home[feed.feed] == partition))
            for span in spans
        )
        blocks.append(encode_blocks(CaptureBlock(PACKED_SCHEMA, sections), block_bytes))
    return blocks


class _Batch:
    """The lines of a batch, column by column: ``feeds`` and ``sources`` by code, a source of -1 for what is no
    mention. ``told`` are the few rows with more to tell than their columns say."""

    def __init__(self, lines: Lines, offsets: Ints) -> None:
        self._lines, self._feeds = lines, lines.feeds
        self._table = np.empty(len(offsets), LINE_DTYPE)
        self._table["offset"], self._table["seq"], self._table["epoch"] = offsets, lines.seqs, lines.epochs
        self._table["feed_time_ms"], self._table["kind"] = lines.feed_times_ms, lines.kinds
        self._table["time_ms"] = lines.times_ms
        self._source_names = list(lines.mentions.source.names)
        self._sources = np.full(len(offsets), -1, np.int64)
        self._sources[lines.mention_rows] = lines.mentions.source.codes
        limits = (row for row, control in lines.controls.items() if control.control in _TOLD)
        self._told = np.array(sorted({*limits, *lines.rejects, *lines.silences_ms}), np.int64)

    def feed_lines(self, low: int, high: int) -> Iterator[FeedLines]:
        """What the rows of one raw partition hold, by name of the feed, then of the source."""
        counted = low + np.flatnonzero(self._table["kind"][low:high] != ANNOUNCEMENT)
        names = self._feeds.names
        used, place = compact(self._feeds.codes[counted], len(names))
        by_feed = counted[np.argsort(place, kind="stable")]
        ends = np.cumsum(np.bincount(place, minlength=len(used))).tolist()
        bounds = pairwise([0, *ends])
        parts = [(names[code], by_feed[start:end]) for code, (start, end) in zip(used.tolist(), bounds, strict=True)]
        for name, rows in sorted(parts, key=lambda part: part[0]):
            for source, some in self._by_source(name, rows, low, high):
                yield self._of_feed(name, source, some)

    def _by_source(self, feed: str, rows: Ints, low: int, high: int) -> list[tuple[str, Ints]]:
        """A feed's lines by source, because windows are: nearly always one. Where there are several, the first has
        what is no mention; where no mention names one, a control does."""
        sources = self._sources[rows]
        codes = np.flatnonzero(np.bincount(sources[sources >= 0])).tolist()
        if not codes:
            return [(self._source_told(feed, low, high), rows)]
        if len(codes) == 1:
            return [(self._source_names[codes[0]], rows)]
        codes.sort(key=self._source_names.__getitem__)
        sources[sources < 0] = codes[0]
        return [(self._source_names[code], rows[sources == code]) for code in codes]

    def _source_told(self, feed: str, low: int, high: int) -> str:
        controls = (control for row, control in self._lines.controls.items() if low <= row < high)
        return next((control.source for control in controls if control.feed == feed), "")

    def _of_feed(self, name: str, source: str, rows: Ints) -> FeedLines:
        told = self._told[np.isin(self._told, rows)].tolist() if len(self._told) else []
        return FeedLines(name, source, self._table.take(rows).tobytes(), *self._tell(told))

    def _tell(self, rows: list[int]) -> tuple[Any, ...]:
        """Rejects, limits, disconnects and stalls of these rows."""
        lines = self._lines
        rejects: dict[str, int] = {}
        limits, disconnects, stalls = list[Limit](), list[Disconnect](), list[Stall]()
        for row in rows:
            stamp = int(lines.epochs[row]), int(lines.seqs[row]), int(lines.feed_times_ms[row])
            if reject := lines.rejects.get(row):
                rejects[reject.reason.value] = rejects.get(reject.reason.value, 0) + 1
            if control := lines.controls.get(row):
                if control.control is ControlKind.LIMIT:
                    limits.append(Limit(*stamp, control.track))
                elif control.control is ControlKind.DISCONNECT:
                    disconnects.append(Disconnect(*stamp, control.code, control.reason))
            if row in lines.silences_ms:
                stalls.append(Stall(*stamp, lines.silences_ms[row]))
        return rejects, tuple(limits), tuple(disconnects), tuple(stalls)


_TOLD = frozenset({ControlKind.LIMIT, ControlKind.DISCONNECT})
