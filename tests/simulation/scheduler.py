"""Runs seeds. One is a world, its delivery, and workers that crash, or wake up too late, between any two effects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from streams.stages.care import CareFold
from streams.stages.care_state import CareState
from streams.stages.fold import Output
from tests.simulation.model import Account, expected_account, published_account
from tests.simulation.world import (
    DEDUPE,
    HORIZON,
    KINDS,
    LATENESS,
    LIMIT,
    RECONTACT,
    SLA,
    Delivery,
    Event,
    RawLog,
    Spoken,
    pack,
    raw_log,
    small_rules,
)

_GAPS = (0, 0, 1, 50, SLA, SLA + 1, HORIZON - 1, HORIZON, HORIZON + 1, LIMIT, LIMIT + 1, RECONTACT, RECONTACT + 1)
_KINDS = (*KINDS, "issue", "issue", "reply", "vent")


def tell_history(random: Random) -> list[Spoken]:
    """Some mentions whose distances are the ledger's own figures, so that deadlines are hit exactly."""
    times_ms = [10_000]
    history = []
    for number in range(random.randint(1, random.choice((6, 12, 24, 40)))):
        time_ms = random.choice(times_ms[-6:]) + random.choice(_GAPS)
        times_ms.append(time_ms)
        brands = random.sample(("acme", "beta"), random.choice((1, 1, 2)))
        customers = random.sample(("ann", "bob", "cyd"), random.choice((1, 1, 2)))
        kind, tier, band = random.choice(_KINDS), random.choice((0, 0, 1)), random.choice((0, 0, 2, 4))
        history.append(Spoken(time_ms, f"m{number * 7 % 41}", kind, tuple(brands), tuple(customers), tier, band))
    return history


def deliver(history: Sequence[Spoken], partitions: int, random: Random) -> list[Delivery]:
    """Two feeds with the same mentions, in part: each late by its own disorder, some copies at another time."""
    deliveries = []
    for feed, share in (("alpha", 1.0), ("zulu", random.choice((0.0, 0.5, 1.0)))):
        carried = [spoken for spoken in history if random.random() < share]
        carried = [_moved(spoken, random) if feed == "zulu" else spoken for spoken in carried]
        disorder = random.choice((0, LATENESS, LATENESS * 2))
        carried.sort(key=lambda spoken: spoken.time_ms + random.uniform(0, disorder))
        members = tuple(sorted(random.sample(range(partitions), random.randint(1, partitions))))
        deliveries.append(Delivery(feed, 1, carried, members))
    return deliveries


def _moved(spoken: Spoken, random: Random) -> Spoken:
    return replace(spoken, time_ms=spoken.time_ms + random.choice((0, 0, 0, 1, DEDUPE, DEDUPE + 1)))


def redeliver(log: RawLog, random: Random) -> RawLog:
    """Some records twice, as a producer that retries leaves them."""
    return [[copy for line in lines for copy in [line] * random.choice((1, 1, 1, 1, 2))] for lines in log]


def sent_batches(log: RawLog, random: Random) -> list[list[tuple[int, int, int]]]:
    """The batches of classify workers that crash: one may begin again anywhere before what was sent, and go on from
    there in other cuts. One that was only paused sends what it had in hand after its successor has begun."""
    largest, read = random.choice((1, 3, 8, 1_000)), [0] * len(log)
    sent = list(read)
    batches = []
    crashes = random.randint(0, 6)
    while any(position < len(lines) for position, lines in zip(read, log, strict=True)):
        batch = [_cut(log, partition, begin, largest, random) for partition, begin in enumerate(read)]
        read = [end for _, _, end in batch]
        sent = [max(pair) for pair in zip(sent, read, strict=True)]
        batches.append(batch)
        if crashes and random.random() < 0.2:
            crashes -= 1
            read = [random.randint(max(0, position - 2 * largest), position) for position in sent]
        if crashes and random.random() < 0.2:
            crashes -= 1
            begins = [random.randint(max(0, position - 2 * largest), position) for position in sent]
            batches.append([_cut(log, partition, begin, largest, random) for partition, begin in enumerate(begins)])
            sent = [max(position, end) for position, (_, _, end) in zip(sent, batches[-1], strict=True)]
    return batches


def _cut(log: RawLog, partition: int, begin: int, largest: int, random: Random) -> tuple[int, int, int]:
    return partition, begin, min(begin + random.randint(0, largest), len(log[partition]))


@dataclass(slots=True)
class Paused:
    """A worker that stood still in the middle of block ``offset`` while another took its place, and does not know."""

    state: CareState
    offset: int
    unsent: list[Output]


@dataclass(slots=True)
class Worker:
    """One care partition: its block log, its snapshots by offset, and the outputs that reached Kafka. ``woken`` is how
    often a paused one went on after its successor had begun."""

    fold: CareFold
    partition: int
    random: Random
    blocks: list[bytes] = field(default_factory=list)
    snapshots: dict[int, list[bytes]] = field(default_factory=dict)
    sent: list[Output] = field(default_factory=list)
    paused: list[Paused] = field(default_factory=list)
    woken: int = 0

    def run(self) -> None:
        state = self.fold.empty(self.partition)
        offset = 0
        while offset < len(self.blocks):
            if self.paused and self.random.random() < 0.2:
                self.wake(self.paused.pop(), offset)
            outputs = list(self.fold.apply(state, offset, self.blocks[offset]))
            fate = self.random.random()
            if fate < 0.05:  # dies, or is paused, with some outputs sent and the block not in its changelog
                reached = self.random.randint(0, len(outputs))
                self.sent += outputs[:reached]
                if self.random.random() < 0.5:
                    self.paused.append(Paused(state, offset, outputs[reached:]))
                state = self.recover(offset)
                continue
            self.sent += outputs
            offset += 1
            if fate < 0.10:  # dies after the block is in its changelog
                state = self.recover(offset)
            elif fate < 0.25:
                self.snapshots[offset] = list(self.fold.dump(state))
            if self.random.random() < 0.1:
                self.sent += self.fold.drain(state)
        for paused in self.paused:
            self.wake(paused, offset)

    def recover(self, upto: int) -> CareState:
        """What a successor knows: the newest snapshot, whoever wrote it last, and the blocks behind it."""
        begin, state = max(self.snapshots, default=0), self.fold.empty(self.partition)
        if begin:
            state = self.fold.load(self.partition, self.snapshots[begin])
        for offset in range(begin, upto):
            self.fold.apply(state, offset, self.blocks[offset])
        if self.random.random() < 0.5:  # else blocks come before it is time to publish
            self.sent += self.fold.drain(state)
        return state

    def wake(self, paused: Paused, successor: int) -> None:
        """It sends the rest of its block and goes on with those it was handed before, until it notices: outputs and a
        snapshot older than those of its successor, which is at block ``successor``, come after them."""
        self.woken += 1
        self.sent += paused.unsent
        begin = paused.offset + 1
        if begin <= successor:
            self.snapshots.setdefault(begin, list(self.fold.dump(paused.state)))
        for offset in range(begin, min(begin + self.random.randint(0, 3), len(self.blocks))):
            self.sent += self.fold.apply(paused.state, offset, self.blocks[offset])
        if self.random.random() < 0.3:
            self.sent += self.fold.drain(paused.state)


@dataclass(frozen=True, slots=True)
class Seed:
    """What one seed gives: the account that must come out, and the one that did."""

    expected: Account
    published: Account
    outputs: list[Output]
    watermark_ms: int
    woken: int

    @property
    def bent(self) -> bool:
        return self.published != self.expected


def run_seed(seed: int) -> Seed:
    random = Random(seed)
    partitions, care_partitions = random.choice((1, 2, 4)), random.choice((1, 2, 3))
    rules = small_rules(care_partitions, random.choice((1, 2)))
    deliveries = deliver(tell_history(random), partitions, random)
    log = redeliver(raw_log(deliveries, partitions, random), random)
    workers = [Worker(CareFold(rules), care, random) for care in range(care_partitions)]
    for batch in sent_batches(log, random):
        for worker, block in zip(workers, pack(log, batch, care_partitions), strict=True):
            worker.blocks.append(block)
    for worker in workers:
        worker.run()
    ends = [delivery.end for delivery in deliveries]
    watermark_ms = max(end.feed_time_ms + end.settle_ms for end in ends) + 1
    expected = expected_account(_events(deliveries), rules, watermark_ms)
    outputs = [output for worker in workers for output in worker.sent]
    return Seed(expected, published_account(outputs), outputs, watermark_ms, sum(worker.woken for worker in workers))


def _events(deliveries: Sequence[Delivery]) -> Iterator[Event]:
    for delivery in deliveries:
        for line in delivery.lines:
            yield from line.events


class Tally(NamedTuple):
    """What some seeds gave: those that bent the account, and how much happened in all of them."""

    bent: list[int]
    cases: int
    woken: int


def run_seeds(seeds: range) -> Tally:
    ran = [(seed, run_seed(seed)) for seed in seeds]
    return Tally(
        [seed for seed, result in ran if result.bent],
        sum(len(result.expected.cases) for _, result in ran),
        sum(result.woken for _, result in ran),
    )
