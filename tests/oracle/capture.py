"""Capture: what each feed sent, what of it came, and the numbers that did not."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from models.records import Control, ControlKind, Stamp

from .classified import LineStamp, format_time
from .copies import Copies
from .raw import Line, RawLine, partition_sets

_NOTICES: Final = (ControlKind.LIMIT, ControlKind.DISCONNECT)


@dataclass(frozen=True, slots=True)
class Gap:
    feed: str
    source: str
    epoch: int
    cause: str  # sequence | limit | disconnect | stall
    exact: bool
    from_seq: int
    to_seq: int
    from_ms: int
    to_ms: int
    missed: int = 0
    estimated: int | None = None


@dataclass(slots=True)
class Epoch:
    """One numbering of one feed: what was announced about it and which numbers came (seq to feed time); ``notices``
    are the lines with which the source itself speaks of what is lacking, by number."""

    first_seq: int | None = None
    end: Control | None = None
    came: dict[int, int] = field(default_factory=dict)
    notices: dict[int, Line] = field(default_factory=dict)
    started_in: set[int] = field(default_factory=set)
    ended_in: set[int] = field(default_factory=set)
    reached_ms: dict[int, int] = field(default_factory=dict)  # largest feed time by raw partition

    @property
    def first(self) -> int:
        """The announced first number; where nobody announced it, the lowest seen."""
        return min(self.came, default=1) if self.first_seq is None else self.first_seq

    @property
    def last(self) -> int:
        """By end-of-feed, while that is outstanding the highest seen."""
        return self.end.last_seq if self.end else max(self.came, default=self.first - 1)

    @property
    def last_ms(self) -> int:
        """Feed time of the last number; the end-of-feed stands for one that never came."""
        return self.came.get(self.last, self.end.feed_time_ms if self.end else 0)

    @property
    def sent(self) -> int:
        return max(0, self.last - self.first + 1)


@dataclass(slots=True)
class Feed:
    name: str
    source: str = ""
    epochs: dict[int, Epoch] = field(default_factory=lambda: defaultdict(Epoch))
    partitions: frozenset[int] = frozenset()

    @property
    def end_ms(self) -> int:
        """Feed time of its last end."""
        return max((epoch.end.feed_time_ms for epoch in self.epochs.values() if epoch.end), default=0)

    def passed(self, number: int, time_ms: int) -> bool:
        """A partition holds a feed's lines in order, so one that is beyond a feed time, has seen the end of the epoch,
        or anything of a later epoch, will not bring what came before."""
        epoch = self.epochs[number]
        later = [other for n, other in self.epochs.items() if n > number]
        return all(
            partition in epoch.ended_in
            or epoch.reached_ms.get(partition, time_ms) > time_ms
            or any(partition in other.started_in | other.reached_ms.keys() for other in later)
            for partition in self.partitions
        )


def read_feeds(lines: Sequence[RawLine]) -> dict[str, Feed]:
    """Everything that the stamps say about each feed, whatever order the partitions were read in."""
    sets = partition_sets(lines)
    feeds = {name: Feed(name, partitions=partitions) for name, partitions in sets.items()}
    for line in lines:
        feed, value = feeds[line.value.feed], line.value
        if not isinstance(value, Stamp):
            feed.source = feed.source or value.source
        epoch = feed.epochs[value.epoch]
        if line.announces:
            assert isinstance(value, Control)
            _announce(epoch, value, line.partition)
        else:
            epoch.came[value.seq] = value.feed_time_ms
            if value.silent_ms or (isinstance(value, Control) and value.control in _NOTICES):
                epoch.notices[value.seq] = value
        reached_ms = epoch.reached_ms.get(line.partition, value.feed_time_ms)
        epoch.reached_ms[line.partition] = max(reached_ms, value.feed_time_ms)
    return feeds


def _announce(epoch: Epoch, value: Control, partition: int) -> None:
    if value.control is ControlKind.FEED_START:
        epoch.first_seq = value.first_seq
        epoch.started_in.add(partition)
    elif value.control is ControlKind.END_OF_FEED:
        epoch.end = value
        epoch.ended_in.add(partition)


def sequence_gaps(feed: Feed) -> Iterator[Gap]:
    """Numbers that never came, once every raw partition of the feed has passed their successor."""
    for number, epoch in sorted(feed.epochs.items()):
        for from_seq, to_seq in _holes(epoch):
            from_ms, to_ms = _bounds(epoch, from_seq, to_seq)
            missed = to_seq - from_seq + 1
            if feed.passed(number, to_ms):
                yield Gap(feed.name, feed.source, number, "sequence", True, from_seq, to_seq, from_ms, to_ms, missed)


def _holes(epoch: Epoch) -> Iterator[tuple[int, int]]:
    expected = epoch.first
    for seq in sorted(epoch.came):
        if seq > expected:
            yield expected, seq - 1
        expected = max(expected, seq + 1)
    if expected <= epoch.last:
        yield expected, epoch.last


def _bounds(epoch: Epoch, from_seq: int, to_seq: int) -> tuple[int, int]:
    """Feed times of the predecessor and the successor; where one is lacking, the other stands for both, and the
    end-of-feed is the successor of an epoch's last number."""
    end_ms = epoch.end.feed_time_ms if epoch.end else 0
    to_ms = epoch.came.get(to_seq + 1, end_ms)
    return epoch.came.get(from_seq - 1, to_ms), to_ms


def feed_rows(
    feeds: Mapping[str, Feed],
    ended: Collection[str],
    distinct: Sequence[RawLine],
    copies: Copies,
    gaps: Sequence[Gap],
    rejected: frozenset[LineStamp],
    watermark_ms: int,
) -> list[dict[str, Any]]:
    """The conservation account of each feed; ``difference`` must be 0 at any time. ``ended`` feeds are over."""
    parts = Counter[tuple[str, str]]()
    for name, mentions in (
        ("received", copies.counted),
        ("duplicates", copies.duplicates),
        ("late", copies.late),
        ("waiting", copies.waiting),
        ("mention_lines", [*copies.counted, *copies.duplicates, *copies.waiting]),
    ):
        parts.update((mention.feed, name) for mention in mentions)
    for line in distinct:
        if isinstance(line.value, Stamp) or line.stamp in rejected:
            parts[line.value.feed, "rejected"] += 1
        elif isinstance(line.value, Control):
            parts[line.value.feed, "control"] += 1
    for gap in gaps:
        parts[gap.feed, "missed_exact" if gap.cause == "sequence" else "missed_upstream"] += gap.missed
    return [
        _feed_row(feed, parts, feed.name in ended and watermark_ms > feed.end_ms) for _, feed in sorted(feeds.items())
    ]


_FIGURES: Final = (
    *("received", "duplicates", "late", "rejected", "control", "shed"),
    *("missed_exact", "missed_upstream", "waiting", "mention_lines"),
)


def _feed_row(feed: Feed, parts: Counter[tuple[str, str]], ended: bool) -> dict[str, Any]:
    """The account of a final feed is made up with what care received, that of a running one with what capture saw."""
    row = {name: parts[feed.name, name] for name in _FIGURES}
    sent = sum(epoch.sent for epoch in feed.epochs.values())
    holes = (hole for epoch in feed.epochs.values() for hole in _holes(epoch))
    undecided = sum(to_seq - from_seq + 1 for from_seq, to_seq in holes) - row["missed_exact"]
    final = ended and row["waiting"] == 0
    mentions = row["received"] + row["duplicates"] if final else row["mention_lines"] + undecided
    others = sum(row[name] for name in ("late", "rejected", "control", "shed", "missed_exact"))
    return {
        "feed": feed.name,
        "source": feed.source,
        "sent": sent,
        **row,
        "undecided": undecided,
        "difference": sent - mentions - others,
        "final": final,
    }


def gap_row(gap: Gap) -> dict[str, Any]:
    """A row of ``gaps.jsonl``."""
    return {
        "feed": gap.feed,
        "source": gap.source,
        "epoch": gap.epoch,
        "cause": gap.cause,
        "exact": gap.exact,
        "from_seq": gap.from_seq,
        "to_seq": gap.to_seq,
        "from": format_time(gap.from_ms),
        "to": format_time(gap.to_ms),
        "missed": gap.missed,
        "estimated": gap.estimated,
    }
