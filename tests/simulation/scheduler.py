"""Runs one seed: a world, its delivery, and a worker that crashes between any two effects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from streams.stages.care import CareFold
from streams.stages.care_state import CareState
from streams.stages.fold import Output
from streams.stages.rules import Rules
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
    for number in range(random.randint(1, 40)):
        time_ms = random.choice(times_ms[-6:]) + random.choice(_GAPS)
        times_ms.append(time_ms)
        brands = random.sample(("acme", "beta"), random.choice((1, 1, 2)))
        customers = random.sample(("ann", "bob", "cyd"), random.choice((1, 1, 2)))
        kind, tier = random.choice(_KINDS), random.choice((0, 0, 1))
        history.append(Spoken(time_ms, f"m{number * 7 % 41}", kind, tuple(brands), tuple(customers), tier))
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
    there in other cuts."""
    largest, read = random.choice((1, 7, 1_000)), [0] * len(log)
    batches = []
    crashes = random.randint(0, 6)
    while any(position < len(lines) for position, lines in zip(read, log, strict=True)):
        batch = []
        for partition, lines in enumerate(log):
            begin = read[partition]
            read[partition] = min(begin + random.randint(0, largest), len(lines))
            batch.append((partition, begin, read[partition]))
        batches.append(batch)
        if crashes and random.random() < 0.2:
            crashes -= 1
            read = [random.randint(max(0, position - 2 * largest), position) for position in read]
    return batches


@dataclass(slots=True)
class Worker:
    """One care partition: its block log, the newest snapshot, and the outputs that reached Kafka."""

    fold: CareFold
    partition: int
    random: Random
    blocks: list[bytes] = field(default_factory=list)
    snapshot: tuple[int, list[bytes]] | None = None
    sent: list[Output] = field(default_factory=list)

    def run(self) -> None:
        state = self.fold.empty(self.partition)
        offset = 0
        while offset < len(self.blocks):
            outputs = list(self.fold.apply(state, offset, self.blocks[offset]))
            fate = self.random.random()
            if fate < 0.05:  # dies with some outputs sent and the block not in its changelog
                self.sent += outputs[: self.random.randint(0, len(outputs))]
                state = self.recover(offset)
                continue
            self.sent += outputs
            offset += 1
            if fate < 0.10:  # dies after the block is in its changelog
                state = self.recover(offset)
            elif fate < 0.20:
                self.snapshot = (offset, list(self.fold.dump(state)))
            if self.random.random() < 0.1:
                self.sent += self.fold.drain(state)

    def recover(self, upto: int) -> CareState:
        begin, state = 0, self.fold.empty(self.partition)
        if self.snapshot:
            begin, chunks = self.snapshot
            state = self.fold.load(self.partition, chunks)
        for offset in range(begin, upto):
            self.fold.apply(state, offset, self.blocks[offset])
        self.sent += self.fold.drain(state)
        return state


@dataclass(frozen=True, slots=True)
class Seed:
    """What one seed gives: the account that must come out, and the one that did."""

    expected: Account
    published: Account
    outputs: list[Output]
    watermark_ms: int


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
    return _compared(deliveries, rules, [output for worker in workers for output in worker.sent])


def _compared(deliveries: Sequence[Delivery], rules: Rules, outputs: list[Output]) -> Seed:
    ends = [delivery.end for delivery in deliveries]
    watermark_ms = max(end.feed_time_ms + end.settle_ms for end in ends) + 1
    expected = expected_account(_events(deliveries), rules, watermark_ms)
    return Seed(expected, published_account(outputs), outputs, watermark_ms)


def _events(deliveries: Sequence[Delivery]) -> Iterator:
    for delivery in deliveries:
        for line in delivery.lines:
            yield from line.events
