"""What one feed of the sample delivered and what it did not, counted line by line.

Written from the conventions in ``streams/README.md`` as a second opinion: it shares nothing with the capture ledger,
and sees the lines in their order, which the ledger does not.
"""

from typing import Final

import msgspec

from models.records import ControlKind
from streams.sample.controls import Kind
from streams.sample.delivery import Line
from streams.sample.script import Post

LATENESS_MS: Final = 300_000
STALL_MS: Final = 90_000
HEARTBEAT_MS: Final = 30_000  # of silence that each heartbeat vouches for


class GapTruth(msgspec.Struct, frozen=True):
    """Numbers that never came (``sequence``), mentions that the source withheld (``limit``), or a time in which
    nothing came (``stall``, ``disconnect``); fields as in ``models.records.GapRecord``."""

    epoch: int
    cause: str
    from_seq: int
    to_seq: int
    from_ms: int
    to_ms: int
    missed: int = 0
    estimated: int | None = None


class Epoch:
    """One numbering of a feed so far; ``cuts`` are (number, feed time) of disconnects that it announced."""

    def __init__(self, number: int, first_seq: int, first_ms: int) -> None:
        self.number, self.first_seq, self.first_ms = number, first_seq, first_ms
        self.last_seq = 0
        self.has_heartbeats = False
        self.counters: list[int] = []
        self.cuts: list[tuple[int, int]] = []

    def standstill(self, cause: str, seq: int, from_ms: int, to_ms: int) -> GapTruth:
        """A time without lines, with what the lines before it would have gone on to bring."""
        took_ms = from_ms - self.first_ms
        estimated = (seq - self.first_seq) * (to_ms - from_ms) // took_ms if took_ms > 0 else None
        return GapTruth(self.number, cause, seq, seq, from_ms, to_ms, 0, estimated)


class Tally:
    """Running figures of one feed. ``first_ms`` is the time of its first mention."""

    def __init__(self, first_ms: int) -> None:
        self.feed_time_ms = first_ms
        self.epochs: list[Epoch] = []
        self.control = self.rejected = self.late = 0
        self.in_time: list[Post] = []
        self._heartbeats = 0  # since feed time moved last
        self._gaps: list[GapTruth] = []

    def take(self, line: Line) -> None:
        before_ms, silent_ms = self.feed_time_ms, 0
        if line.post is not None:
            silent_ms = self._advance(line.post.created_ms)
        if not self.epochs or self.epochs[-1].number != line.epoch:
            self._reconnect(before_ms)
            self.epochs.append(Epoch(line.epoch, line.seq, self.feed_time_ms))
        epoch, now_ms = self.epochs[-1], self.feed_time_ms
        if line.seq > epoch.last_seq + 1:
            from_seq, to_seq = epoch.last_seq + 1, line.seq - 1
            missed = to_seq - from_seq + 1
            self._gaps.append(GapTruth(line.epoch, "sequence", from_seq, to_seq, before_ms, now_ms, missed))
        if silent_ms > STALL_MS and epoch.has_heartbeats:
            self._gaps.append(epoch.standstill("stall", line.seq, now_ms - silent_ms, now_ms))
        epoch.last_seq = line.seq
        self._count(line, epoch)

    def gaps(self) -> list[GapTruth]:
        """All of them, with the disconnects of the newest epoch, to which nothing came back."""
        return [
            *self._gaps,
            *(self.epochs[-1].standstill("disconnect", seq, at, at) for seq, at in self.epochs[-1].cuts),
        ]

    def _advance(self, time_ms: int) -> int:
        """Move the feed's time; how long it had stood still beyond what heartbeats vouch for."""
        if time_ms <= self.feed_time_ms:
            return 0
        silent_ms = time_ms - self.feed_time_ms - self._heartbeats * HEARTBEAT_MS
        self.feed_time_ms, self._heartbeats = time_ms, 0
        return silent_ms

    def _reconnect(self, before_ms: int) -> None:
        """Close the epoch before: it ended at its last disconnect, or without a word behind its last number."""
        if self.epochs:
            epoch = self.epochs[-1]
            *others, (seq, at_ms) = epoch.cuts or [(epoch.last_seq, before_ms)]
            self._gaps += [epoch.standstill("disconnect", seq, at, at) for seq, at in others]
            self._gaps.append(epoch.standstill("disconnect", seq, at_ms, self.feed_time_ms))

    def _count(self, line: Line, epoch: Epoch) -> None:
        now_ms = self.feed_time_ms
        if line.kind is Kind.BROKEN:
            self.rejected += 1
        elif line.post is None:
            self.control += 1
            if line.control is ControlKind.HEARTBEAT:
                self._heartbeats, epoch.has_heartbeats = self._heartbeats + 1, True
            elif line.control is ControlKind.DISCONNECT:
                epoch.cuts.append((line.seq, now_ms))
            elif line.control is ControlKind.LIMIT and (missed := read_limit(epoch.counters, line.track)):
                self._gaps.append(GapTruth(line.epoch, "limit", line.seq, line.seq, now_ms, now_ms, missed))
        elif line.post.created_ms < now_ms - LATENESS_MS:
            self.late += 1
        else:
            self.in_time.append(line.post)


def read_limit(counters: list[int], track: int) -> int:
    """What a limit notice adds: it extends the largest counter ≤ it, else opens one of four, else resets the smallest
    (up to four cumulative counters share one connection)."""
    fitting = [value for value in counters if value <= track]
    if fitting:
        place = counters.index(max(fitting))
        added = track - counters[place]
        counters[place] = track
        return added
    if len(counters) < 4:
        counters.append(track)
    else:
        counters[counters.index(min(counters))] = track
    return track
