"""Goal: no crash, pause or error bends a folded state. Method: a real worker process with the smallest fold there
is (sums), on real brokers; its last outputs must equal what plain Python computes from the same numbers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from streams.runtime.blocks import BlockRunner, Manifest, block_key, chunk_key, manifest_key, split_entries
from streams.runtime.faust_app import BlockTable
from streams.runtime.metrics import Telemetry
from streams.runtime.outputs import OutputSender
from streams.stages import topics
from streams.stages.fold import BlockError, Output
from tests.runtime.sum_worker import PARTITIONS, SumFold, Sums, sum_settings

NUMBERS = list(range(1, 241))
ROOT = Path(__file__).parents[2]


class Bench:
    """Topics, the worker process, and what came out of it."""

    def __init__(self, bootstrap: str, prefix: str, directory: Path) -> None:
        self.bootstrap, self.prefix, self._log = bootstrap, prefix, directory / "worker.log"
        self.changelog = next(iter(topics.changelog_topics(sum_settings(bootstrap, prefix))))
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        names = [prefix + topics.CARE_EVENTS, prefix + topics.GAPS, self.changelog]
        admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
        admin.close()
        self._worker: subprocess.Popen[bytes] | None = None

    def produce(self, numbers: list[int]) -> None:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        for number in numbers:
            partition = number % PARTITIONS
            producer.send(self.prefix + topics.CARE_EVENTS, str(number).encode(), partition=partition)
        producer.flush()
        producer.close()

    def start(self, *extra: str) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "tests.runtime.sum_worker", self.bootstrap, self.prefix, "7", *extra],
                cwd=ROOT,
                env={**os.environ, "TMPDIR": str(self._log.parent)},
                stdout=log,
                stderr=log,
            )
        return self._worker

    def last_sums(self, enough: Callable[[dict[int, Any]], bool]) -> dict[int, Any]:
        """The newest output of each partition, once ``enough`` or after 40 s."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(self.prefix + topics.GAPS, p) for p in range(PARTITIONS)])
        consumer.seek_to_beginning()
        sums: dict[int, Any] = {}
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and not enough(sums):
            for records in consumer.poll(timeout_ms=200).values():
                sums.update((record.partition, json.loads(record.value)) for record in records)
        consumer.close()
        return sums

    def changelog_entries(self, partition: int) -> dict[bytes, bytes]:
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap)
        place = TopicPartition(self.changelog, partition)
        consumer.assign([place])
        end = consumer.end_offsets([place])[place]
        consumer.seek_to_beginning()
        entries: dict[bytes, bytes | None] = {}
        deadline = time.monotonic() + 20
        while consumer.position(place) < end and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=200).values():
                entries.update((record.key, record.value) for record in records)
        consumer.close()
        return {key: value for key, value in entries.items() if value is not None}

    def close(self) -> None:
        if self._worker is not None and self._worker.poll() is None:
            self._worker.kill()
            self._worker.wait()

    def log(self) -> str:
        return self._log.read_text()


def expected_sums() -> dict[int, Any]:
    sums = {p: {"partition": p, "total": 0, "count": 0, "digest": 0, "revision": -1} for p in range(PARTITIONS)}
    for number in NUMBERS:
        state = sums[number % PARTITIONS]
        state["total"] += number
        state["count"] += 1
        state["digest"] = (state["digest"] * 31 + number) % (1 << 61)
        state["revision"] += 1
    return sums


def everything_is_summed(sums: dict[int, Any]) -> bool:
    return sums == expected_sums()


def at_least(count: int) -> Callable[[dict[int, Any]], bool]:
    return lambda sums: sum(state["count"] for state in sums.values()) >= count


@pytest.fixture
def bench(broker: str, topic_prefix: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(broker, topic_prefix, tmp_path)
    yield made
    made.close()


@pytest.fixture
def kafka_bench(kafka_broker: str, topic_prefix: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(kafka_broker, topic_prefix, tmp_path)
    yield made
    made.close()


def test_a_worker_folds_everything_snapshots_and_stops_on_sigterm_within_ten_seconds(bench: Bench) -> None:
    bench.produce(NUMBERS)
    worker = bench.start()
    assert bench.last_sums(everything_is_summed) == expected_sums(), bench.log()
    asked = time.monotonic()
    worker.terminate()
    assert worker.wait(10) == 0
    assert time.monotonic() - asked < 10
    covered, chunks, blocks = split_entries(bench.changelog_entries(0))
    assert covered == 118  # 120 records a partition, a snapshot after each seventh offset
    assert len(chunks) == 1
    assert [offset for offset, _ in blocks] == [119]


@pytest.mark.kafka
def test_kill_9_in_the_middle_changes_nothing(kafka_bench: Bench) -> None:
    worker = kafka_bench.start()
    kafka_bench.produce(NUMBERS[:150])
    kafka_bench.last_sums(at_least(60))
    worker.kill()
    worker.wait()
    kafka_bench.start()
    kafka_bench.produce(NUMBERS[150:])
    assert kafka_bench.last_sums(everything_is_summed) == expected_sums(), kafka_bench.log()


@pytest.mark.kafka
def test_a_second_worker_takes_over_its_share_with_the_right_state(kafka_bench: Bench, tmp_path: Path) -> None:
    kafka_bench.start()
    kafka_bench.produce(NUMBERS[:120])
    kafka_bench.last_sums(at_least(120))
    (tmp_path / "second").mkdir()
    second = Bench.__new__(Bench)
    second.__dict__.update(kafka_bench.__dict__, _log=tmp_path / "second" / "worker.log")
    second.start()
    try:
        kafka_bench.produce(NUMBERS[120:])
        assert kafka_bench.last_sums(everything_is_summed) == expected_sums(), kafka_bench.log()
    finally:
        second.close()


@pytest.mark.kafka
def test_an_error_in_the_fold_stops_the_worker_and_acks_nothing(kafka_bench: Bench) -> None:
    kafka_bench.produce(NUMBERS)
    failing = kafka_bench.start("50")
    assert failing.wait(40) == 1
    assert "planted failure" in kafka_bench.log()
    kafka_bench.start()
    assert kafka_bench.last_sums(everything_is_summed) == expected_sums(), kafka_bench.log()


@pytest.mark.kafka
def test_a_worker_that_was_paused_longer_than_its_session_leaves_instead_of_writing(kafka_bench: Bench) -> None:
    paused = kafka_bench.start()
    kafka_bench.produce(NUMBERS[:100])
    kafka_bench.last_sums(at_least(100))
    os.kill(paused.pid, signal.SIGSTOP)
    paused_at = time.monotonic()
    first_log = kafka_bench.log()
    other = kafka_bench.start()
    kafka_bench.produce(NUMBERS[100:])
    assert kafka_bench.last_sums(everything_is_summed) == expected_sums(), first_log
    wait_until(paused_at + 7)
    os.kill(paused.pid, signal.SIGCONT)
    assert paused.wait(10) == 1
    assert other.poll() is None


def wait_until(instant: float) -> None:
    """Block until the monotonic ``instant``: the time itself is the event that is awaited."""
    signal.sigtimedwait([], max(0.0, instant - time.monotonic()))


def snapshot_of(offset: int, chunks: list[bytes], digest: bytes | None = None) -> dict[bytes, bytes]:
    from streams.runtime.blocks import _digest

    manifest = msgspec.msgpack.encode(Manifest(len(chunks), _digest(chunks) if digest is None else digest))
    return {manifest_key(offset): manifest, **{chunk_key(offset, i): chunk for i, chunk in enumerate(chunks)}}


def test_recovery_takes_the_newest_snapshot_and_the_blocks_behind_it() -> None:
    entries = {
        **snapshot_of(3, [b"old"]),
        **snapshot_of(5, [b"a", b"b"]),
        block_key(4): b"4",
        block_key(7): b"7",
        block_key(6): b"6",
    }
    assert split_entries(entries) == (5, [b"a", b"b"], [(6, b"6"), (7, b"7")])


def test_chunks_without_a_manifest_are_ignored() -> None:
    entries = {chunk_key(3, 0): b"half a snapshot", block_key(2): b"2", block_key(3): b"3"}
    assert split_entries(entries) == (-1, [], [(2, b"2"), (3, b"3")])


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({block_key(1): b"1", block_key(3): b"3"}, "no block at offset 2"),
        ({**snapshot_of(5, [b"a"]), block_key(7): b"7"}, "no block at offset 6"),
        (snapshot_of(5, [b"a"], digest=b"other"), "damaged"),
        ({k: v for k, v in snapshot_of(5, [b"a", b"b"]).items() if k != chunk_key(5, 1)}, "incomplete"),
        ({manifest_key(5): b"\xff"}, "incomplete"),
    ],
)
def test_a_damaged_changelog_is_refused(entries: dict[bytes, bytes], complaint: str) -> None:
    with pytest.raises(BlockError, match=complaint):
        split_entries(entries)


class FakeEvent:
    """A record of partition 0 as Faust delivers it; its value is its offset."""

    def __init__(self, offset: int) -> None:
        self.message, self.value, self.acked = self, str(offset).encode(), False
        self.partition, self.offset, self.timestamp = 0, offset, 0.0

    def ack(self) -> None:
        self.acked = True


class FakeTable(BlockTable):
    """A table whose partition 0 was recovered with ``entries``; it writes down what it is asked for."""

    def __init__(self, entries: dict[bytes, bytes], earliest: int) -> None:
        self.generation, self.active, self.recovered = 1, frozenset({0}), asyncio.Event()
        self._entries, self._earliest = entries, earliest
        self.reread_from: list[int] = []
        self.dropped: list[int] = []
        self.written: list[bytes] = []

    async def append(self, partition: int, key: bytes, value: bytes | None) -> "asyncio.Future[Any]":
        del partition, value
        self.written.append(key)
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    async def earliest(self, partition: int) -> int:
        del partition
        return self._earliest

    async def reread(self, partition: int, offset: int, earliest: int) -> None:
        del partition, earliest
        self.reread_from.append(offset)

    def drop(self, event: Any) -> None:
        self.dropped.append(event.offset)

    def take(self, partition: int) -> dict[bytes, bytes]:
        del partition
        return self._entries


class FakeSender(OutputSender):
    def __init__(self) -> None:
        self.sent: list[Output] = []

    async def send(self, outputs: Sequence[Output]) -> None:
        self.sent += outputs

    def check_loop(self) -> None:
        return None


class Delivery:
    """One assignment of partition 0, its changelog up to ``recovered``, and what Faust delivers in it."""

    def __init__(self, *, recovered: int, earliest: int = 0, reread_seconds: float = 30.0) -> None:
        entries = {block_key(offset): str(offset).encode() for offset in range(recovered + 1)}
        self.table, self.sender, self.failures = FakeTable(entries, earliest), FakeSender(), list[str]()
        self.events: list[FakeEvent] = []
        self.runner: BlockRunner[Sums] = BlockRunner(
            "events",
            SumFold(),
            self.table,
            self.sender,
            Telemetry(),
            snapshot_blocks=1_000,
            publish_interval_seconds=3_600,
            fail=lambda _, error: self.failures.append(str(error)),
            reread_seconds=reread_seconds,
        )

    async def deliver(self, before_resumed: Sequence[int], after_resumed: Sequence[int]) -> None:
        """Give the agent these offsets and wait until what it folded is acked."""
        committing = asyncio.ensure_future(self.runner.commit())
        await asyncio.wait_for(self.runner.consume(self._stream(before_resumed, after_resumed)), 5)
        await self.runner.settle()
        committing.cancel()

    async def _stream(self, before_resumed: Sequence[int], after_resumed: Sequence[int]) -> AsyncIterator[FakeEvent]:
        for offset in before_resumed:
            yield self._event(offset)
        self.table.recovered.set()
        for offset in after_resumed:
            yield self._event(offset)

    def _event(self, offset: int) -> FakeEvent:
        self.events.append(FakeEvent(offset))
        return self.events[-1]

    def folded(self) -> list[int]:
        return [json.loads(output.value or b"")["revision"] for output in self.sender.sent]

    def acked(self) -> list[int]:
        return [event.offset for event in self.events if event.acked]


def test_what_was_delivered_before_faust_resumed_is_dropped_and_folded_when_it_comes_again() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=33)
        await delivery.deliver(before_resumed=[35], after_resumed=[34, 35, 36])
        assert delivery.failures == []
        assert delivery.table.dropped == [35]
        assert delivery.table.reread_from == [34]
        assert delivery.folded() == delivery.acked() == [34, 35, 36]
        assert delivery.table.written == [block_key(34), block_key(35), block_key(36)]

    asyncio.run(scenario())


def test_records_read_before_going_back_wait_for_their_turn_and_none_is_folded_twice() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=33)
        await delivery.deliver(before_resumed=[], after_resumed=[40, 41, 32, 33, 34, 35, 34, 35, 36])
        assert delivery.failures == []
        assert delivery.folded() == [34, 35, 36]
        assert delivery.acked() == [32, 33, 34, 35, 36]
        assert delivery.table.dropped == [40, 41, 32, 33, 34, 35]

    asyncio.run(scenario())


def test_a_record_missing_in_the_middle_halts_at_once() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=33)
        await delivery.deliver(before_resumed=[], after_resumed=[34, 36, 37])
        assert delivery.failures == ["events: partition 0 continues at offset 36, not 35"]
        assert delivery.folded() == delivery.acked() == [34]

    asyncio.run(scenario())


def test_a_record_that_retention_took_halts_before_anything_is_folded() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=33, earliest=40)
        await delivery.deliver(before_resumed=[], after_resumed=[40, 41])
        assert delivery.failures == ["events: partition 0 continues at offset 40, not 34"]
        assert delivery.folded() == delivery.acked() == []

    asyncio.run(scenario())


def test_a_record_that_never_comes_again_halts_when_patience_ends() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=33, reread_seconds=-1.0)
        await delivery.deliver(before_resumed=[], after_resumed=[35])
        await asyncio.wait_for(delivery.runner.verify(), 5)
        assert delivery.failures == ["events: partition 0 has later records, but not 34"]
        assert delivery.folded() == delivery.acked() == []

    asyncio.run(scenario())


def test_a_partition_without_a_changelog_begins_at_the_first_record_there_is() -> None:
    async def scenario() -> None:
        delivery = Delivery(recovered=-1, earliest=5)
        await delivery.deliver(before_resumed=[], after_resumed=[7, 5, 6, 7])
        assert delivery.failures == []
        assert delivery.table.reread_from == [5]
        assert delivery.folded() == delivery.acked() == [5, 6, 7]

    asyncio.run(scenario())
