"""What one care partition received of each feed. With the capture side it makes the conservation sum."""

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from models.packed import FeedPart
from models.records import Flag
from streams.stages.waiting import Table

_PRIMARY_MENTION: Final = int(Flag.PRIMARY_MENTION)


class FeedTotal(msgspec.Struct, array_like=True):
    feed: str
    source: str
    received: int = 0
    duplicates: int = 0
    waiting: int = 0
    overtaken: int = 0
    ended: bool = False


class FeedTotals:
    """Totals by feed; the index is the feed's code. Bounded by the feeds that ever spoke."""

    __slots__ = ("_changed", "_codes", "_totals")

    def __init__(self, totals: Iterable[FeedTotal] = ()) -> None:
        self._totals = list(totals)
        self._codes = {total.feed: code for code, total in enumerate(self._totals)}
        self._changed = set(range(len(self._totals)))  # nobody was told of those in a snapshot, as far as is known

    @property
    def names(self) -> list[str]:
        return [total.feed for total in self._totals]

    def code(self, feed: str, source: str) -> int:
        """The code of a feed, a new one for a new feed."""
        code = self._codes.get(feed)
        if code is None:
            code = self._codes[feed] = len(self._totals)
            self._totals.append(FeedTotal(feed, source))
            self._changed.add(code)
        return code

    def see(self, feed: str, source: str, ended: bool) -> None:
        """Note what the feed announced."""
        code = self.code(feed, source)
        total = self._totals[code]
        if (source and total.source != source) or total.ended != ended:
            total.source, total.ended = source or total.source, ended
            self._changed.add(code)

    def wait(self, table: Table, sign: int) -> None:
        """Rows begin (1) or cease (-1) to wait behind the watermark."""
        for code, rows in self._by_feed(table):
            self._totals[code].waiting += sign * rows

    def receive(self, table: Table) -> None:
        for code, rows in self._by_feed(table):
            self._totals[code].received += rows

    def duplicate(self, table: Table) -> None:
        for code, rows in self._by_feed(table):
            self._totals[code].duplicates += rows

    def overtake(self, table: Table) -> None:
        """Rows that came behind W: received, but in no window and no case."""
        for code, rows in self._by_feed(table):
            self._totals[code].received += rows
            self._totals[code].overtaken += rows

    def publish(self) -> list[FeedPart]:
        """The feeds that changed since the last publication, by name."""
        parts = [_part(self._totals[code]) for code in self._changed]
        self._changed = set()
        return sorted(parts, key=lambda part: part.feed)

    def dump(self) -> list[FeedTotal]:
        return self._totals

    def _by_feed(self, table: Table) -> list[tuple[int, int]]:
        """(feed code, rows) of the mentions in ``table``, each mention once."""
        if not len(table):
            return []
        counts = np.bincount(table["feed"][table["flags"] & _PRIMARY_MENTION > 0])
        found = [(int(code), int(counts[code])) for code in np.flatnonzero(counts)]
        self._changed.update(code for code, _ in found)
        return found


def _part(total: FeedTotal) -> FeedPart:
    return FeedPart(
        feed=total.feed,
        source=total.source,
        received=total.received,
        duplicates=total.duplicates,
        waiting=total.waiting,
        ended=total.ended,
        overtaken=total.overtaken,
    )
