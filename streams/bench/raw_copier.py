"""The process that copies a topic and does nothing else: what the client and the broker carry at best.

Keys and values, partition to partition. It says "ready" when its clients stand, begins when it gets a line, and
prints what came of it. It imports little, so that several start at once.
"""

import os
import sys
import time
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.bench.usage import usage

_PATIENCE_SECONDS: Final = 30.0
_IN_FLIGHT: Final = 1_000_000  # records in the producer's queue, as in the workers


class Style(msgspec.Struct, frozen=True):
    """How to copy; what took the least processor time of what was tried. ``produce_batch`` of lists takes a third more
    than single records, zstd half as much again as lz4, idempotence a tenth; linger, sizes of batches and of reads
    matter little. No compression at all takes a tenth less, but more of disk and network."""

    idempotent: bool = False
    linger_ms: int = 20
    batch_bytes: int = 1_000_000
    compression: str = "lz4"
    records: int = 5_000


class Task(msgspec.Struct, frozen=True):
    """Copy the ``ends[p]`` records of each partition p of ``source`` to ``target``."""

    bootstrap: str
    source: str
    target: str
    ends: dict[int, int]
    style: Style = Style()


class Copied(msgspec.Struct, frozen=True):
    """``began``: monotonic time when the first records were there; ``ended``: when the last was acknowledged."""

    records: int
    began: float
    ended: float
    cpu_seconds: float
    rss_peak_bytes: int


def copy(task: Task, ready: Any, go: Any) -> Copied:
    """Make the clients, tell ``ready``, await ``go``, copy."""
    consumer, producer = Consumer(_consumer_config(task)), Producer(_producer_config(task))
    consumer.list_topics(task.source, timeout=_PATIENCE_SECONDS)
    producer.list_topics(task.target, timeout=_PATIENCE_SECONDS)
    ready.write("ready\n")
    ready.flush()
    go.readline()
    before = usage(os.getpid())
    consumer.assign([TopicPartition(task.source, partition, 0) for partition in task.ends])
    began, records = _carry(task, consumer, producer)
    producer.flush()
    ended = time.monotonic()
    after = usage(os.getpid())
    consumer.close()
    return Copied(records, began, ended, after.cpu_seconds - before.cpu_seconds, after.rss_peak_bytes)


def _carry(task: Task, consumer: Consumer, producer: Producer) -> tuple[float, int]:
    """(when the first record was there, how many were read and handed to the producer)."""
    wanted, records = sum(task.ends.values()), 0
    messages = consumer.consume(1, timeout=_PATIENCE_SECONDS)
    began = last = time.monotonic()
    while messages or time.monotonic() - last < _PATIENCE_SECONDS:
        _send(task.target, [message for message in messages if message.error() is None], producer)
        records += len(messages)
        last = time.monotonic() if messages else last
        if records >= wanted:
            break
        producer.poll(0)
        while len(producer) > _IN_FLIGHT // 2:
            producer.poll(0.01)
        messages = consumer.consume(task.style.records, timeout=0.1)
    return began, records


def _send(topic: str, messages: list[Any], producer: Producer) -> None:
    produce = producer.produce
    for message in messages:
        produce(topic, message.value(), message.key(), message.partition())


def _consumer_config(task: Task) -> dict[str, Any]:
    return {
        "bootstrap.servers": task.bootstrap,
        "group.id": f"{task.target}-copiers",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "fetch.message.max.bytes": 4_194_304,
        "queued.max.messages.kbytes": 131_072,
        "check.crcs": False,
    }


def _producer_config(task: Task) -> dict[str, Any]:
    return {
        "bootstrap.servers": task.bootstrap,
        "enable.idempotence": task.style.idempotent,
        "acks": "all",
        "linger.ms": task.style.linger_ms,
        "batch.size": task.style.batch_bytes,
        "batch.num.messages": 100_000,
        "compression.type": task.style.compression,
        "queue.buffering.max.messages": _IN_FLIGHT,
        "queue.buffering.max.kbytes": 524_288,
    }


if __name__ == "__main__":
    done = copy(msgspec.json.decode(sys.argv[1], type=Task), sys.stdout, sys.stdin)
    sys.stdout.write(msgspec.json.encode(done).decode() + "\n")
