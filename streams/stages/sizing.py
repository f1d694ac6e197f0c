"""How many workers, partitions, bytes of disk and of memory a rate of mentions needs, from measured costs.

A plain multiplication, so it is as good as its costs: processor time a mention is flat in the number of mentions,
workers and brands (``scripts/bench --only scale`` measures whether it is). A peak has to be sized for if it must not
queue; a spike that may wait is sized by its mean.
"""

from math import ceil
from typing import Final

import msgspec

from streams.stages.topics import TOPICS, TopicSpec

LEAST_PARTITIONS: Final = 8
MOST_PARTITIONS: Final = 1_024  # that the settings take
PARTITIONS_A_WORKER: Final = 2  # so that the workers can be doubled without new topics
BUSY: Final = 0.7  # share of a core that a worker may use: the rest is for rebalances, snapshots and peaks
CHANGELOGS: Final = "changelogs"
_US: Final = 1_000_000
_SNAPSHOTS: Final = 2


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one mention costs, as measured on ``measured_on``.

    ``*_us``: microseconds of a processor, all threads. ``*_rss_bytes``: memory of one worker that holds little.
    ``bytes_per_mention``: on the broker's disk, one copy, as compressed, by topic; ``bytes_per_second``: the same of
    topics that grow with time and brands, not with mentions. ``cases_per_mention``: cases that it opens. In care's
    memory: ``waiting_bytes`` a mention while it waits behind the watermark, ``copy_bytes`` a mention while copies of
    it would be recognised, ``case_bytes`` a case while it is open.
    """

    measured_on: str
    classify_us: float
    care_us: float
    broker_us: float
    classify_rss_bytes: int
    care_rss_bytes: int
    bytes_per_mention: dict[str, float]
    bytes_per_second: dict[str, float]
    cases_per_mention: float
    waiting_bytes: float
    copy_bytes: float
    case_bytes: float


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """``rate`` mentions a second, kept for ``retention_seconds`` in ``replication`` copies. The other times are L, H
    and the span in which copies are recognised. ``busy``: the share of a core that a worker may use."""

    rate: float
    retention_seconds: float
    replication: int
    lateness_seconds: float
    horizon_seconds: float
    dedupe_seconds: float
    busy: float = BUSY


class Sizing(msgspec.Struct, frozen=True, kw_only=True):
    """What a demand needs. ``cores`` by who uses them, at full load; ``disk_bytes`` by topic, all copies;
    ``memory_bytes`` of all workers of a kind together. ``notes``: what does not fit or is assumed."""

    rate: float
    mentions_per_core_second: float
    cores: dict[str, float]
    workers: dict[str, int]
    partitions: dict[str, int]
    disk_bytes: dict[str, int]
    disk_total_bytes: int
    memory_bytes: dict[str, int]
    notes: tuple[str, ...]


def mentions_per_core_second(costs: Costs) -> float:
    """How many mentions a second one core carries through classify and care, the broker elsewhere."""
    return _US / (costs.classify_us + costs.care_us)


def size(costs: Costs, demand: Demand) -> Sizing:
    """What ``demand`` needs at ``costs``."""
    each_us = {"classify": costs.classify_us, "care": costs.care_us, "broker": costs.broker_us}
    cores = {name: demand.rate * us / _US for name, us in each_us.items()}
    workers = {kind: max(1, ceil(round(cores[kind] / demand.busy, 9))) for kind in ("classify", "care")}
    wanted = {"raw": _partitions(workers["classify"]), "care": _partitions(workers["care"]), "capture": 1, "merge": 1}
    disk = {topic: ceil(kept) for topic, kept in _disk(costs, demand).items()}
    return Sizing(
        rate=demand.rate,
        mentions_per_core_second=round(mentions_per_core_second(costs), 1),
        cores={name: round(count, 3) for name, count in cores.items()},
        workers=workers,
        partitions={share: min(count, MOST_PARTITIONS) for share, count in wanted.items()},
        disk_bytes=disk,
        disk_total_bytes=sum(disk.values()),
        memory_bytes=_memory(costs, demand, workers),
        notes=tuple(_notes(costs, wanted, workers)),
    )


def _partitions(workers: int) -> int:
    """A power of two that ``workers``, and twice as many, can share."""
    needed = max(LEAST_PARTITIONS, workers * PARTITIONS_A_WORKER)
    return 1 << (needed - 1).bit_length()


def _disk(costs: Costs, demand: Demand) -> dict[str, float]:
    """By topic, all copies. The changelogs hold care's state, and for a moment the snapshot before it."""
    kept = demand.retention_seconds * demand.replication
    mentions = {topic: kept * demand.rate * each for topic, each in costs.bytes_per_mention.items()}
    time = {topic: kept * each for topic, each in costs.bytes_per_second.items()}
    return mentions | time | {CHANGELOGS: _SNAPSHOTS * demand.replication * _held(costs, demand)}


def _memory(costs: Costs, demand: Demand, workers: dict[str, int]) -> dict[str, int]:
    return {
        "classify": workers["classify"] * costs.classify_rss_bytes,
        "care": ceil(workers["care"] * costs.care_rss_bytes + _held(costs, demand)),
    }


def _held(costs: Costs, demand: Demand) -> float:
    """Bytes of care's state: what waits behind W, what copies are compared with, and cases for as long as a customer
    waits."""
    return demand.rate * (
        demand.lateness_seconds * costs.waiting_bytes
        + demand.dedupe_seconds * costs.copy_bytes
        + demand.horizon_seconds * costs.cases_per_mention * costs.case_bytes
    )


def _notes(costs: Costs, wanted: dict[str, int], workers: dict[str, int]) -> list[str]:
    notes = [
        f"{share} partitions: {count:,} are wanted, more than the {MOST_PARTITIONS:,} that one installation takes;"
        " split the feeds over several"
        for share, count in wanted.items()
        if count > MOST_PARTITIONS
    ]
    compacted = [spec.name for spec in TOPICS if _grows(spec, costs)]
    if compacted:
        notes.append(f"compacted topics ({', '.join(compacted)}) are counted for the retention: delete what is older")
    if workers["care"] > MOST_PARTITIONS:
        notes.append("care workers: more than care partitions")
    return notes


def _grows(spec: TopicSpec, costs: Costs) -> bool:
    return spec.cleanup == "compact" and costs.bytes_per_mention.get(spec.name, 0) >= 1
