"""Goal: a worker that takes over a million open cases is ready within a minute and keeps its place in the group.

Method: the state is folded from invented blocks, its snapshot written to the changelog of a real Kafka, and a care
worker started as a user would. ``UNHEARD_OPEN_CASES`` says how many cases.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from confluent_kafka import Producer
from numpy.typing import NDArray

from config.settings import Settings
from models.packed import EVENT_DTYPE, PACKED_SCHEMA, CareBlock, CareSection, FeedMark, FeedStart, RawSpan
from models.records import Flag, Role
from streams.runtime import processes
from streams.runtime.blocks import Manifest, chunk_key, manifest_key
from streams.runtime.kafka import producer_config
from streams.runtime.topics_admin import create_topics
from streams.stages import topics
from streams.stages.care import CareFold
from streams.stages.pack import partitions_of
from streams.stages.route import make_hasher
from streams.stages.rules import Rules
from tests.conftest import SettingsFor
from tests.waiting import await_that

CASES = int(os.environ.get("UNHEARD_OPEN_CASES", "1000000"))
PARTITIONS = 4
BLOCK_CASES = 5_000
PAIR = ("x", "Aerovanta")
START_MS, SPREAD_MS = 1_700_000_000_000, 60  # a million openings in 17 hours, so that none of them is given up
READY_SECONDS = 60
FLAGS = int(Flag.ACTIONABLE | Flag.NEEDS_REPLY | Flag.ADDRESSED | Flag.PRIMARY_BRAND | Flag.PRIMARY_MENTION)


def openings() -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Time and customer of each case, partition by partition."""
    hashes = make_hasher(b"key")
    customers = np.array([int(hashes("x", str(number)), 16) for number in range(CASES)], np.uint64)
    partitions = partitions_of([PAIR], np.zeros(CASES, np.int64), customers, PARTITIONS)
    for partition in range(PARTITIONS):
        mine = np.flatnonzero(partitions == partition)
        yield START_MS + mine * SPREAD_MS, customers[mine]


def blocks(times: NDArray[np.int64], customers: NDArray[np.uint64], lateness_ms: int) -> Iterator[bytes]:
    for at in range(0, len(customers), BLOCK_CASES):
        rows = np.zeros(len(customers[at : at + BLOCK_CASES]), EVENT_DTYPE)
        count = len(rows)
        rows["offset"] = rows["seq"] = np.arange(at, at + count)
        rows["time_ms"], rows["customer"] = times[at : at + count], customers[at : at + count]
        rows["flags"], rows["role"] = FLAGS, Role.CUSTOMER
        ids = b"".join(b"%d\0" % (1_700_000_000_000_000_000 + at + row) for row in range(count))
        starts = (FeedStart("a", 1, 0, (0,), "x"),) if at == 0 else ()
        marks = (FeedMark("a", int(rows["time_ms"][-1]) + lateness_ms + 1),)
        span = RawSpan("raw", 0, at, at + count, starts, marks)
        sections = (CareSection(span, count),)
        block = CareBlock(PACKED_SCHEMA, "model", "config", sections, rows.tobytes(), ids, (PAIR,), ("a",))
        yield msgspec.msgpack.encode(block)


def snapshots(settings: Settings) -> Iterator[tuple[int, int, list[bytes]]]:
    """Each partition, the offset that its snapshot covers, and the chunks."""
    rules = Rules.from_settings(settings)
    fold = CareFold(rules)
    for partition, (times, customers) in enumerate(openings()):
        state, offset = fold.empty(partition), -1
        for offset, block in enumerate(blocks(times, customers, rules.lateness_ms)):
            fold.apply(state, offset, block)
        yield partition, offset, list(fold.dump(state))


def write_changelog(producer: Producer, topic: str, partition: int, offset: int, chunks: Sequence[bytes]) -> None:
    for index, chunk in enumerate(chunks):
        producer.produce(topic, key=chunk_key(offset, index), value=chunk, partition=partition)
        producer.poll(0)
    digest = hashlib.blake2b(b"".join(chunks), digest_size=16).digest()
    manifest = msgspec.msgpack.encode(Manifest(len(chunks), digest))
    producer.produce(topic, key=manifest_key(offset), value=manifest, partition=partition)


def fill(settings: Settings) -> None:
    """Changelogs and topics as a worker left them that has folded everything."""
    table = topics.BLOCK_TABLES[topics.CARE_EVENTS]
    changelog = next(name for name in topics.changelog_topics(settings) if table in name)
    producer = Producer(producer_config(settings))
    for partition, offset, chunks in snapshots(settings):
        write_changelog(producer, changelog, partition, offset, chunks)
        for _ in range(offset + 1):  # the worker goes on behind what its snapshot covers
            producer.produce(topics.topic_name(topics.CARE_EVENTS, settings), value=b"folded", partition=partition)
        producer.flush()


def metric(address: str, name: str) -> float:
    """The sum of a metric over its labels; 0 while it is not there."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except urllib.error.URLError:
        return 0.0
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_million_open_cases_are_taken_over_within_a_minute(
    kafka_broker: str, settings_for: SettingsFor, tmp_path: Path
) -> None:
    settings, port = settings_for(kafka_broker, topics__care_partitions=PARTITIONS), processes.free_port()
    create_topics(settings)
    fill(settings)
    environment = {
        **os.environ,
        "UNHEARD_BOOTSTRAP_SERVERS": kafka_broker,
        "UNHEARD_TOPICS__PREFIX": settings.topics.prefix,
        "UNHEARD_TOPICS__RAW_PARTITIONS": str(settings.topics.raw_partitions),
        "UNHEARD_TOPICS__CARE_PARTITIONS": str(PARTITIONS),
        "UNHEARD_CARE__APP_ID": settings.care.app_id,
        "UNHEARD_METRICS__CARE_PORT": str(port),
    }
    address = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    with (tmp_path / "care.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, "-m", "streams.cli", "care"], env=environment, stderr=log)
    try:
        await_that(lambda: metric(address, "unheard_cases_open") >= CASES, READY_SECONDS)
        assert time.monotonic() - started <= READY_SECONDS
        assert worker.poll() is None
        assert metric(address, "unheard_cases_open") == CASES
        assert metric(address, "unheard_rebalances_total") == len(topics.BLOCK_TABLES), "it lost its place in the group"
    finally:
        worker.terminate()
        worker.wait(20)
