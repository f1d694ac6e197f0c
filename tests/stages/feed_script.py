"""A feed as its source and its raw partitions saw it, for tests of the capture ledger.

``FeedScript`` holds what the source numbered, lost lines included. ``raw_log`` spreads it over raw partitions,
``blocks`` cuts those into the packed reports that classify would send.
"""

import random
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from models.packed import (
    LINE_DTYPE,
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    Disconnect,
    FeedEnd,
    FeedLines,
    FeedMark,
    FeedStart,
    Limit,
    LineKind,
    RawSpan,
    Stall,
)

TOPIC = "topic-1"
SETTLE_MS = 10_000_000


@dataclass(frozen=True)
class Line:
    """One numbered source line. ``lost``: it never reached us. ``age_ms``: how much older than its stamp a mention is.
    ``silent_ms``: the silence that it ended."""

    epoch: int
    seq: int
    feed_time_ms: int
    kind: LineKind = LineKind.MENTION
    age_ms: int = 0
    silent_ms: int = 0
    track: int | None = None
    code: int | None = None
    lost: bool = False

    @property
    def time_ms(self) -> int:
        return self.feed_time_ms - self.age_ms if self.kind in (LineKind.MENTION, LineKind.LATE) else 0


@dataclass(frozen=True)
class EpochScript:
    """One numbering; ``end`` is "final", "more" (another epoch follows) or "crash" (no end-of-feed). ``begun_ms``: how
    far the feed had come before."""

    number: int
    lines: tuple[Line, ...]
    first_seq: int = 1
    end: str = "final"
    begun_ms: int = 0

    @property
    def received(self) -> list[Line]:
        return [line for line in self.lines if not line.lost]

    @property
    def last_seq(self) -> int:
        return self.lines[-1].seq if self.lines else 0

    @property
    def end_ms(self) -> int:
        return self.lines[-1].feed_time_ms if self.lines else self.begun_ms


@dataclass(frozen=True)
class FeedScript:
    feed: str
    epochs: tuple[EpochScript, ...]
    source: str = "x"


Item = Line | FeedStart | FeedEnd | FeedMark
Log = list[list[tuple[str, str, Item]]]  # by raw partition: (feed, source, item)


def raw_log(script: FeedScript, partitions: int, chance: random.Random) -> Log:
    """What lands in each raw partition: announcements in all of them, each received line in one, now and then a
    line a second time (in its own partition) or word of how far the feed has come."""
    log: Log = [[] for _ in range(partitions)]
    everywhere = tuple(range(partitions))

    def put(item: Item, *targets: int) -> None:
        for target in targets:
            log[target].append((script.feed, script.source, item))

    for epoch in script.epochs:
        put(FeedStart(script.feed, epoch.number, epoch.first_seq, everywhere, script.source), *everywhere)
        for line in epoch.lines:
            home = chance.randrange(partitions)
            if not line.lost:
                put(line, home)
                if chance.random() < 0.05:
                    put(line, home)
            if chance.random() < 0.1:
                put(FeedMark(script.feed, line.feed_time_ms), *everywhere)
        if epoch.end != "crash":
            final = epoch.end == "final"
            end = FeedEnd(script.feed, epoch.number, epoch.last_seq, epoch.end_ms, SETTLE_MS, final)
            put(end, *everywhere)
    return log


def interleaved(logs: list[Log], chance: random.Random) -> Log:
    """Feeds beside each other: all announced before any data, each in its own order."""
    merged: Log = []
    for columns in zip(*logs, strict=True):
        announced = [column[0] for column in columns]
        rest = [list(column[1:]) for column in columns]
        turns = [which for which, column in enumerate(rest) for _ in column]
        chance.shuffle(turns)
        merged.append(announced + [rest[which].pop(0) for which in turns])
    return merged


def blocks(log: Log, cuts: random.Random, *, resend: bool = False) -> list[bytes]:
    """The packed reports of ``log``: each takes the next few records of one or more raw partitions. With ``resend``
    some start again below what was reported, as after a crash."""
    at, packed = [0] * len(log), list[bytes]()
    while any(position < len(records) for position, records in zip(at, log, strict=True)):
        sections = []
        for partition in cuts.sample(range(len(log)), cuts.randint(1, len(log))):
            start = at[partition] - (cuts.randint(0, at[partition]) if resend and cuts.random() < 0.3 else 0)
            stop = min(len(log[partition]), start + cuts.choice((1, 2, 7, 40)))
            sections.append(section(log[partition][start:stop], partition, start))
            at[partition] = max(at[partition], stop)
        packed.append(msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA, tuple(sections))))
    return packed


def section(records: list[tuple[str, str, Item]], partition: int, offset: int) -> CaptureSection:
    lines, marks = dict[str, _Lines](), dict[str, int]()
    starts, ends = list[FeedStart](), list[FeedEnd]()
    for position, (feed, source, item) in enumerate(records, start=offset):
        match item:
            case FeedStart():
                starts.append(item)
            case FeedEnd():
                ends.append(item)
            case FeedMark():
                marks[feed] = max(marks.get(feed, 0), item.feed_time_ms)
            case Line():
                marks[feed] = max(marks.get(feed, 0), item.feed_time_ms)
                lines.setdefault(feed, _Lines(feed, source)).take(position, item)
    said = tuple(FeedMark(feed, time_ms) for feed, time_ms in marks.items())
    span = RawSpan(TOPIC, partition, offset, offset + len(records), tuple(starts), said, tuple(ends))
    return CaptureSection(span, tuple(taken.packed() for taken in lines.values()))


@dataclass
class _Lines:
    feed: str
    source: str
    rows: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    cuts: list[Disconnect] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)

    def take(self, offset: int, line: Line) -> None:
        self.rows.append((offset, line.seq, line.epoch, line.feed_time_ms, line.time_ms, line.kind))
        if line.silent_ms:
            self.stalls.append(Stall(line.epoch, line.seq, line.feed_time_ms, line.silent_ms))
        if line.track is not None:
            self.limits.append(Limit(line.epoch, line.seq, line.feed_time_ms, line.track))
        if line.code is not None:
            self.cuts.append(Disconnect(line.epoch, line.seq, line.feed_time_ms, line.code, "cut"))

    def packed(self) -> FeedLines:
        rows = np.array(self.rows, dtype=LINE_DTYPE).tobytes()
        said = tuple(self.limits), tuple(self.cuts), tuple(self.stalls)
        return FeedLines(self.feed, self.source, rows, {}, *said)


def random_script(feed: str, chance: random.Random, *, start_ms: int = 1_000_000) -> FeedScript:
    """One to three epochs of up to 40 lines with losses at any place, notices, disconnects and stalls. Mentions are up
    to a second out of order."""
    time_ms, epochs = start_ms, list[EpochScript]()
    count = chance.randint(1, 3)
    for number in range(1, count + 1):
        first = chance.choice((1, 1, 500))
        lines, begun_ms = list[Line](), time_ms
        for seq in range(first, first + chance.randint(0, 40)):
            step_ms = chance.choice((0, 1, 400, 90_000, 700_000))
            time_ms += step_ms
            silent_ms = step_ms if step_ms > 400 and chance.random() < 0.3 else 0
            lines.append(_random_line(Line(number, seq, time_ms, silent_ms=silent_ms), chance))
        end = "final" if number == count else chance.choice(("more", "crash"))
        epochs.append(EpochScript(number, tuple(lines), first, end, begun_ms))
    return FeedScript(feed, tuple(epochs))


def _random_line(line: Line, chance: random.Random) -> Line:
    kind = chance.choice((*[LineKind.MENTION] * 5, LineKind.LATE, LineKind.REJECTED, LineKind.CONTROL))
    age_ms = 5_000 if kind is LineKind.LATE else chance.choice((0, 0, 3, 999, 1_000))
    line = replace(line, kind=kind, lost=chance.random() < 0.25, age_ms=age_ms)
    if kind is LineKind.CONTROL:
        if chance.random() < 0.7:
            return replace(line, track=chance.randint(1, 60))
        return replace(line, code=7)
    return line
