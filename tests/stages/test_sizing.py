"""Goal: a plan is what its costs say: a table by hand, and laws that hold for any rate."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.sizing import (
    LEAST_PARTITIONS,
    MOST_PARTITIONS,
    PARTITIONS_A_WORKER,
    Costs,
    Demand,
    mentions_per_core_second,
    size,
)

COSTS = Costs(
    measured_on="a slate",
    classify_us=15,
    care_us=5,
    broker_us=2,
    classify_rss_bytes=300,
    care_rss_bytes=200,
    bytes_per_mention={"mentions.raw.v1": 100.0, "care.events.v1": 50.0},
    bytes_per_second={"care.windows.v1": 10.0},
    cases_per_mention=0.5,
    waiting_bytes=10,
    copy_bytes=2,
    case_bytes=4,
)
HOUR = Demand(
    rate=100, retention_seconds=3_600, replication=1, lateness_seconds=10, horizon_seconds=100, dedupe_seconds=50
)
HELD = 100 * (10 * 10 + 50 * 2 + 100 * 2)  # of waiting mentions, copies and cases at 100 a second
rates = st.floats(0.1, 1e7)
demands = st.builds(
    Demand,
    rate=rates,
    retention_seconds=st.floats(0, 1e7),
    replication=st.integers(1, 5),
    lateness_seconds=st.floats(0, 1e4),
    horizon_seconds=st.floats(0, 1e6),
    dedupe_seconds=st.floats(0, 1e5),
    busy=st.floats(0.05, 1),
)


def at(rate: float, **others: float) -> Demand:
    return msgspec.structs.replace(HOUR, rate=rate, **others)


@pytest.mark.parametrize(
    ("rate", "classify", "care", "raw", "care_partitions"),
    [
        (100, 1, 1, 8, 8),
        (46_000, 1, 1, 8, 8),  # 0.69 of a core
        (47_000, 2, 1, 8, 8),
        (140_000, 3, 1, 8, 8),
        (280_000, 6, 2, 16, 8),
        (5_700_000, 123, 41, 256, 128),
    ],
)
def test_workers_and_partitions(rate: float, classify: int, care: int, raw: int, care_partitions: int) -> None:
    sizing = size(COSTS, at(rate))
    assert sizing.workers == {"classify": classify, "care": care}
    assert (sizing.partitions["raw"], sizing.partitions["care"]) == (raw, care_partitions)


def test_one_core_carries_as_many_as_the_costs_of_both_workers_allow() -> None:
    assert mentions_per_core_second(COSTS) == 50_000


def test_cores_are_the_rate_times_the_cost() -> None:
    assert size(COSTS, at(100_000)).cores == {"classify": 1.5, "care": 0.5, "broker": 0.2}


def test_disk_is_what_comes_in_the_retention_in_all_copies() -> None:
    sizing = size(COSTS, at(100, replication=3))
    assert sizing.disk_bytes == {
        "mentions.raw.v1": 108_000_000,
        "care.events.v1": 54_000_000,
        "care.windows.v1": 108_000,
        "changelogs": 2 * 3 * HELD,
    }
    assert sizing.disk_total_bytes == 162_108_000 + 6 * HELD


def test_memory_is_the_workers_and_what_waits_is_compared_and_is_open() -> None:
    assert size(COSTS, at(100)).memory_bytes == {"classify": 300, "care": 200 + HELD}


def test_more_partitions_than_an_installation_takes_are_told() -> None:
    assert size(COSTS, at(1_000_000)).notes == ()
    sizing = size(COSTS, at(100_000_000))
    assert sizing.partitions["raw"] == MOST_PARTITIONS
    assert any(note.startswith("raw partitions: ") for note in sizing.notes)


def test_compacted_topics_are_told_of_because_they_forget_nothing_by_themselves() -> None:
    costs = msgspec.structs.replace(COSTS, bytes_per_mention={"mentions.classified.v1": 250.0, "mentions.raw.v1": 9.0})
    (note,) = size(costs, at(1)).notes
    assert "mentions.classified.v1" in note
    assert "mentions.raw.v1" not in note


@given(demands)
def test_workers_can_share_the_partitions_and_carry_the_rate(demand: Demand) -> None:
    sizing = size(COSTS, demand)
    for kind, share, cost_us in (("classify", "raw", COSTS.classify_us), ("care", "care", COSTS.care_us)):
        workers, partitions = sizing.workers[kind], sizing.partitions[share]
        assert workers * demand.busy * 1e6 >= demand.rate * cost_us * (1 - 1e-9)
        assert LEAST_PARTITIONS <= partitions <= MOST_PARTITIONS
        assert partitions >= min(MOST_PARTITIONS, workers * PARTITIONS_A_WORKER)


@given(demands, st.floats(1, 100))
def test_more_of_anything_never_needs_less(demand: Demand, more: float) -> None:
    smaller, larger = size(COSTS, demand), size(COSTS, msgspec.structs.replace(demand, rate=demand.rate * more))
    for before, after in (
        (smaller.cores, larger.cores),
        (smaller.workers, larger.workers),
        (smaller.partitions, larger.partitions),
        (smaller.disk_bytes, larger.disk_bytes),
        (smaller.memory_bytes, larger.memory_bytes),
    ):
        assert all(after[name] >= before[name] for name in before)


@given(demands)
def test_longer_retention_and_more_copies_cost_disk_and_nothing_else(demand: Demand) -> None:
    kept = msgspec.structs.replace(demand, retention_seconds=demand.retention_seconds * 2, replication=5)
    before, after = size(COSTS, demand), size(COSTS, kept)
    assert after.disk_total_bytes >= before.disk_total_bytes
    assert (after.workers, after.partitions, after.memory_bytes) == (
        before.workers,
        before.partitions,
        before.memory_bytes,
    )


@given(demands, st.floats(0.05, 1))
def test_busier_workers_are_fewer(demand: Demand, busy: float) -> None:
    idle, busier = sorted((demand.busy, busy))
    more = size(COSTS, msgspec.structs.replace(demand, busy=idle)).workers
    fewer = size(COSTS, msgspec.structs.replace(demand, busy=busier)).workers
    assert all(fewer[kind] <= more[kind] for kind in more)
