"""A small world to fold: who said what, how feeds delivered it, and how classify cut it into packed blocks.

Everything is plain data made from its arguments, so that one seed is one world.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec
import numpy as np

from models.packed import EVENT_DTYPE, PACKED_SCHEMA, CareBlock, CareSection, FeedEnd, FeedMark, FeedStart, RawSpan
from models.records import INTENTS, Flag, Role
from streams.stages.keys import case_key, murmur2_partition
from streams.stages.rules import BrandRules, Rules
from tests.oracle.customers import hash_of, number_of

# Small figures, so that a short history meets every deadline.
LATENESS, HORIZON, SLA, LIMIT, RECONTACT, DEDUPE, WINDOW = 300, 1000, 100, 2500, 2000, 400, 250

KINDS: dict[str, tuple[Role, Flag, str, int, int]] = {  # role, flags, intent, reasons, pii
    "issue": (Role.CUSTOMER, Flag.ACTIONABLE | Flag.NEEDS_REPLY, "issue", 0, 1),
    "rage": (Role.CUSTOMER, Flag.ACTIONABLE | Flag.NEEDS_REPLY | Flag.ESCALATED, "vent", 5, 0),
    "vent": (Role.CUSTOMER, Flag.NEEDS_REPLY, "vent", 0, 0),
    "talk": (Role.CUSTOMER, Flag(0), "other", 0, 2),
    "thanks": (Role.CUSTOMER, Flag.CLOSES, "praise", 0, 0),
    "solved, but": (Role.CUSTOMER, Flag.CLOSES | Flag.ACTIONABLE | Flag.NEEDS_REPLY, "issue", 0, 0),
    "reply": (Role.BRAND, Flag(0), "unjudged", 0, 0),
    "divert": (Role.BRAND, Flag.DIVERTS, "unjudged", 0, 0),
    "bot": (Role.BOT, Flag.DIVERTS, "unjudged", 0, 0),
    "post": (Role.BRAND, Flag.DIVERTS, "unjudged", 0, 0),
    "chatter": (Role.NONE, Flag(0), "unjudged", 0, 0),
}


def small_rules(care_partitions: int = 1, merge_partitions: int = 1, scale: int = 1) -> Rules:
    sla_ms = (SLA * scale, SLA // 2 * scale)
    tiers = BrandRules(horizon_ms=(HORIZON + 200) * scale, sla_ms=sla_ms, tiers=("default", "gold"))
    return Rules(
        lateness_ms=LATENESS * scale,
        horizon_ms=HORIZON * scale,
        sla_ms=SLA * scale,
        case_limit_ms=LIMIT * scale,
        recontact_ms=RECONTACT * scale,
        dedupe_ms=DEDUPE * scale,
        window_ms=WINDOW * scale,
        rollup_ms=(4 * WINDOW * scale,),
        feed_order=("zulu", "alpha"),
        care_partitions=care_partitions,
        capture_partitions=1,
        merge_partitions=merge_partitions,
        brands={"beta": tiers},
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """One mention. Customers speak to ``brands``; a brand (the first of them) replies to ``customers``."""

    time_ms: int
    id: str
    kind: str
    brands: tuple[str, ...] = ("acme",)
    customers: tuple[str, ...] = ("ann",)
    tier: int = 0
    band: int = 0
    source: str = "x"


@dataclass(frozen=True, slots=True)
class Event:
    """One row for care: ``spoken`` as one case key meets it, delivered under one stamp."""

    spoken: Spoken
    key: tuple[str, str, str]
    flags: int
    feed: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Line:
    """One raw record: a stamped mention (late ones have no events), or an announcement."""

    feed: str
    feed_time_ms: int
    events: tuple[Event, ...] = ()
    start: FeedStart | None = None
    end: FeedEnd | None = None


@dataclass(slots=True)
class Delivery:
    """What one feed delivers, in the order of its numbers."""

    feed: str
    epoch: int
    spoken: list[Spoken]
    partitions: tuple[int, ...]
    settle_ms: int = LIMIT + RECONTACT
    source: str = "x"
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        feed_time_ms = 0
        for seq, spoken in enumerate(self.spoken, start=1):
            feed_time_ms = max(feed_time_ms, spoken.time_ms)
            late = spoken.time_ms < feed_time_ms - LATENESS
            events = () if late else events_of(spoken, self.feed, self.epoch, seq)
            self.lines.append(Line(self.feed, feed_time_ms, events))

    @property
    def end(self) -> FeedEnd:
        time_ms = self.lines[-1].feed_time_ms if self.lines else 0
        return FeedEnd(self.feed, self.epoch, len(self.lines), time_ms, self.settle_ms, final=True)


def events_of(spoken: Spoken, feed: str, epoch: int, seq: int) -> tuple[Event, ...]:
    role, flags, *_ = KINDS[spoken.kind]
    if role == Role.CUSTOMER:
        subjects = [(brand, spoken.customers[0], Flag.PRIMARY_BRAND) for brand in spoken.brands]
    elif role == Role.NONE:
        subjects = [("", spoken.customers[0], Flag(0))]
    else:
        subjects = [(spoken.brands[0], customer, Flag(0)) for customer in spoken.customers]
        subjects[0] = (*subjects[0][:2], Flag.PRIMARY_BRAND)
    if role != Role.NONE and spoken.kind != "post":
        flags |= Flag.ADDRESSED
    events = []
    for index, (brand, customer, primary) in enumerate(subjects):
        first = Flag.PRIMARY_MENTION if index == 0 else Flag(0)
        key = (spoken.source, brand, hash_of(customer))
        events.append(Event(spoken, key, int(flags | primary | first), feed, epoch, seq))
    return tuple(events)


RawLog = list[list[Line]]  # by raw partition, in offset order


def raw_log(deliveries: Sequence[Delivery], partitions: int, random: Random) -> RawLog:
    """Spread the feeds over the raw partitions. Each keeps its order in each; otherwise they interleave anyhow."""
    log: RawLog = [[] for _ in range(partitions)]
    for delivery in deliveries:
        start = FeedStart(delivery.feed, delivery.epoch, 1, delivery.partitions, delivery.source)
        for partition in log:
            partition.append(Line(delivery.feed, 0, start=start))
    queues = {delivery.feed: list(delivery.lines) for delivery in deliveries}
    by_feed = {delivery.feed: delivery for delivery in deliveries}
    while queues:
        feed = random.choice(sorted(queues))
        if queues[feed]:
            log[random.choice(by_feed[feed].partitions)].append(queues[feed].pop(0))
            continue
        del queues[feed]
        for partition in log:
            partition.append(Line(feed, by_feed[feed].end.feed_time_ms, end=by_feed[feed].end))
    return log


def pack(log: RawLog, cuts: Iterable[tuple[int, int, int]], care_partitions: int) -> list[bytes]:
    """One block per care partition with a section for each (raw partition, from, to) of ``cuts``."""
    spans: list[RawSpan] = []
    told: list[list[list[tuple[int, Event]]]] = [[] for _ in range(care_partitions)]
    for partition, begin, end in cuts:
        lines = log[partition][begin:end]
        spans.append(_span(partition, begin, end, lines))
        events = [(begin + at, event) for at, line in enumerate(lines) for event in line.events]
        for care in range(care_partitions):
            told[care].append([(at, event) for at, event in events if _lives_in(event, care_partitions) == care])
    return [msgspec.msgpack.encode(_block(spans, of_care)) for of_care in told]


def _span(partition: int, begin: int, end: int, lines: Sequence[Line]) -> RawSpan:
    times: dict[str, int] = {}
    for line in lines:
        if line.feed_time_ms:
            times[line.feed] = max(times.get(line.feed, 0), line.feed_time_ms)
    return RawSpan(
        "topic",
        partition,
        begin,
        end,
        tuple(line.start for line in lines if line.start),
        tuple(FeedMark(feed, time_ms) for feed, time_ms in sorted(times.items())),
        tuple(line.end for line in lines if line.end),
    )


def _lives_in(event: Event, care_partitions: int) -> int:
    return murmur2_partition(case_key(*event.key).encode(), care_partitions)


def _block(spans: Sequence[RawSpan], told: Sequence[Sequence[tuple[int, Event]]]) -> CareBlock:
    """``told`` are the events of each span with their raw offsets."""
    events = [event for of_span in told for event in of_span]
    rows = np.zeros(len(events), EVENT_DTYPE)
    pairs: dict[tuple[str, str], int] = {}
    feeds: dict[str, int] = {}
    for row, (offset, event) in zip(rows, events, strict=True):
        role, _, intent, reasons, pii = KINDS[event.spoken.kind]
        row["offset"], row["time_ms"], row["seq"], row["epoch"] = offset, event.spoken.time_ms, event.seq, event.epoch
        row["pair"] = pairs.setdefault(event.key[:2], len(pairs))
        row["customer"] = number_of(event.key[2])
        row["feed"] = feeds.setdefault(event.feed, len(feeds))
        row["flags"], row["role"], row["intent"] = event.flags, role, INTENTS.index(intent)
        row["reasons"], row["pii"], row["tier"] = reasons, pii, event.spoken.tier
        row["band"] = event.spoken.band
    ids = b"".join(event.spoken.id.encode() + b"\0" for _, event in events)
    sections = tuple(CareSection(span, len(of_span)) for span, of_span in zip(spans, told, strict=True))
    return CareBlock(PACKED_SCHEMA, "model", "config", sections, rows.tobytes(), ids, tuple(pairs), tuple(feeds))


def cut_all(log: RawLog, random: Random, largest: int) -> list[list[tuple[int, int, int]]]:
    """Cut the whole log into batches of at most ``largest`` records a raw partition."""
    read = [0] * len(log)
    batches = []
    while any(position < len(lines) for position, lines in zip(read, log, strict=True)):
        batch = []
        for partition, lines in enumerate(log):
            size = min(random.randint(0, largest), len(lines) - read[partition])
            batch.append((partition, read[partition], read[partition] + size))
            read[partition] += size
        batches.append(batch)
    return batches
