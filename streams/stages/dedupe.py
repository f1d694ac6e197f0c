"""Which of several copies of a mention counts.

Copies have the same case key and mention id. Of those of one time the first in (feed order, epoch, seq) counts and
the others are duplicates; a copy of another time is a duplicate if one that counted lies within ``dedupe_ms``. The same
stamp (feed, epoch, seq) again is no copy but the same record delivered twice: it is counted nowhere.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.stages.keys import case_key
from streams.stages.waiting import Rows, Table

COUNTED: Final = 0
DUPLICATE: Final = 1
REDELIVERED: Final = 2

# h1, h2: 96 bits that stand for (case key, id), stamp: 31 bits over (feed, epoch, seq), with which two stamps are
# told apart that share all of the former; its lowest bit says that the copy counted. 24 bytes a copy.
RECENT_DTYPE: Final = np.dtype([("h1", "<u8"), ("h2", "<u4"), ("stamp", "<u4"), ("time_ms", "<i8")])
_COUNTED_BIT: Final = np.uint32(1)


class PackedCopies(msgspec.Struct, frozen=True, array_like=True, tag="recent"):
    """One piece of ``Recent`` in a snapshot."""

    table: bytes


Verdicts = NDArray[np.uint8]
Known = tuple[int, int]  # stamp, time


class _Piece:
    """Copies sorted by ``h1``, which is also held side by side, for that is searched; and the latest time of them."""

    __slots__ = ("copies", "h1", "latest_ms")

    def __init__(self, copies: Table) -> None:
        self.copies, self.h1 = copies, np.ascontiguousarray(copies["h1"])
        self.latest_ms = int(copies["time_ms"].max())


class Recent:
    """The copies of the last ``dedupe_ms``, in few sorted pieces that are merged as they grow (as in an LSM tree)."""

    __slots__ = ("_pieces", "dedupe_ms", "since_ms")

    def __init__(self, dedupe_ms: int, since_ms: int) -> None:
        self.dedupe_ms, self.since_ms = dedupe_ms, since_ms
        self._pieces: list[_Piece] = []

    def judge(self, rows: Rows, rank: NDArray[np.int64]) -> Verdicts:
        """What each row is. ``rank[feed code]`` is the feed's place in the order. The rows are remembered."""
        if len(rows.table) == 0:
            return np.empty(0, np.uint8)
        order = _order(rows.table, rank)
        copies = _copies(rows.table.take(order))
        verdicts = self._judge_sorted(copies)
        copies["stamp"] |= verdicts == COUNTED
        self._remember(copies.compress(verdicts != REDELIVERED))
        by_row = np.empty(len(copies), np.uint8)
        by_row[order] = verdicts
        return by_row

    def forget(self, before_ms: int) -> None:
        """Forget copies of a time before ``before_ms``."""
        self.since_ms = before_ms
        while self._pieces and self._pieces[0].latest_ms < before_ms:
            self._pieces.pop(0)

    def dump(self) -> Iterator[PackedCopies]:
        for piece in self._pieces:
            yield PackedCopies(piece.copies.tobytes())

    def load(self, packed: PackedCopies) -> None:
        """Take in one piece of ``dump``, in its order."""
        self._pieces.append(_Piece(np.frombuffer(packed.table, RECENT_DTYPE)))

    def _judge_sorted(self, copies: Table) -> Verdicts:
        new_id = _differs(copies, "h1", "h2")
        new_time = new_id | _differs(copies, "time_ms")
        new_stamp = new_time | _differs(copies, "stamp")
        verdicts = np.where(new_time, COUNTED, np.where(new_stamp, DUPLICATE, REDELIVERED)).astype(np.uint8)
        groups = np.cumsum(new_id) - 1
        starts = np.flatnonzero(new_id)
        known = self._known(copies[starts])
        several_times = groups[new_time & ~new_id].tolist()
        ends = np.append(starts[1:], len(copies))
        for group in known.keys() | set(several_times):
            here = slice(int(starts[group]), int(ends[group]))
            verdicts[here] = _judge_one(copies[here], known.get(group, []), self.dedupe_ms)
        return verdicts

    def _known(self, leaders: Table) -> dict[int, list[Known]]:
        """What is remembered of each of ``leaders`` (sorted, one row an id), by its index."""
        found: dict[int, list[Known]] = {}
        sought = np.ascontiguousarray(leaders["h1"])
        for piece in self._pieces:
            left = np.searchsorted(piece.h1, sought)
            inside = np.minimum(left, len(piece.h1) - 1)
            for index in np.flatnonzero(piece.h1[inside] == sought).tolist():
                right = np.searchsorted(piece.h1, sought[index], side="right")
                for copy in piece.copies[left[index] : right]:
                    if copy["h2"] == leaders["h2"][index] and copy["time_ms"] >= self.since_ms:
                        found.setdefault(index, []).append((int(copy["stamp"]), int(copy["time_ms"])))
        return found

    def _remember(self, copies: Table) -> None:
        if len(copies) == 0:
            return
        self._pieces.append(_Piece(copies))
        while len(self._pieces) > 1 and len(self._pieces[-2].h1) < 2 * len(self._pieces[-1].h1):
            merged = np.concatenate([self._pieces.pop(-2).copies, self._pieces.pop().copies])
            merged = merged.compress(merged["time_ms"] >= self.since_ms)
            if len(merged):
                self._pieces.append(_Piece(merged.take(np.argsort(merged["h1"].copy(), kind="stable"))))


def seed_of(source: str, brand: str) -> tuple[int, int]:
    """128 bits that stand for (source, brand): the key under which the copies in its case keys are hashed."""
    digest = blake2b(case_key(source, brand, "").encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def _hash_stamps(table: Table) -> NDArray[np.uint32]:
    """31 bits of (feed, epoch, seq), shifted to leave the lowest bit free."""
    mixed = table["seq"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= (table["epoch"].astype(np.uint64) + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= (table["feed"].astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(32)).astype(np.uint32) & ~_COUNTED_BIT


def _order(table: Table, rank: NDArray[np.int64]) -> NDArray[np.intp]:
    """The places of rows by hash, then by time, then by who is preferred. Few share a hash: only those are sorted by
    all of it."""
    h1 = np.ascontiguousarray(table["copy_high"])
    order = np.argsort(h1)
    h1 = h1[order]
    repeated = np.flatnonzero(h1[1:] == h1[:-1])
    if len(repeated):
        places = np.union1d(repeated, repeated + 1)
        some = table[order[places]]
        keys = (some["seq"], some["epoch"], rank[some["feed"]], some["time_ms"], some["copy_low"], some["copy_high"])
        order[places] = order[places[np.lexsort(keys)]]
    return order


def feed_ranks(feeds: list[str], feed_order: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each feed: the named ones as they are named, the others after them by name."""
    named = {feed: place for place, feed in enumerate(feed_order)}
    order = sorted(range(len(feeds)), key=lambda code: (named.get(feeds[code], len(named)), feeds[code]))
    ranks = np.empty(len(feeds), np.int64)
    ranks[order] = np.arange(len(feeds))
    return ranks


def _copies(table: Table) -> Table:
    copies = np.empty(len(table), RECENT_DTYPE)
    copies["h1"], copies["h2"] = table["copy_high"], table["copy_low"]
    copies["stamp"], copies["time_ms"] = _hash_stamps(table), table["time_ms"]
    return copies


def _differs(copies: Table, *columns: str) -> NDArray[np.bool_]:
    """Whether each row differs from the one before it in any of ``columns``; the first one does."""
    differs = np.zeros(len(copies), np.bool_)
    for name in columns:
        column = copies[name]
        differs[1:] |= column[1:] != column[:-1]
    differs[:1] = True
    return differs


def _judge_one(copies: Table, known: list[Known], dedupe_ms: int) -> list[int]:
    """Verdicts of the copies of one id, in the order (time, feed order, epoch, seq)."""
    stamps = {stamp & ~1 for stamp, _ in known}
    counted_ms = [time_ms for stamp, time_ms in known if stamp & 1]
    verdicts = []
    for stamp, time_ms in zip(copies["stamp"].tolist(), copies["time_ms"].tolist(), strict=True):
        if stamp in stamps:
            verdicts.append(REDELIVERED)
            continue
        stamps.add(stamp)
        if any(abs(time_ms - before_ms) <= dedupe_ms for before_ms in counted_ms):
            verdicts.append(DUPLICATE)
        else:
            verdicts.append(COUNTED)
            counted_ms.append(time_ms)
    return verdicts
