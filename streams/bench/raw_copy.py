"""The limit that everything is held against: consume, produce, no work."""

import contextlib
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.raw_copier import Copied, Style, Task
from streams.runtime.kafka import ANSWER_SECONDS, client_config, consumer_config
from streams.stages.topics import RAW, topic_name

# The fastest of those tried: without idempotence, transactions and checksums, which no worker of ours can do without.
BEST: Final = Style()
_COPY_SECONDS: Final = 3_600.0


class Copying(msgspec.Struct, frozen=True):
    """``seconds`` from the first record read to the last one acknowledged, over all copiers; ``cpu_seconds`` and
    ``rss_peak_bytes`` of each."""

    records: int
    seconds: float
    cpu_seconds: list[float]
    rss_peak_bytes: list[int]


def raw_copy(settings: Settings, copiers: int = 1, style: Style = BEST) -> Copying:
    """Copy the whole raw topic with so many processes that share its partitions. Raises UnheardError when one fails."""
    source = topic_name(RAW, settings)
    ends = _ends(settings, source)
    with _target(settings, len(ends)) as target, contextlib.ExitStack() as stack:
        shares = [{p: end for p, end in ends.items() if p % copiers == index} for index in range(copiers)]
        tasks = [Task(settings.kafka.bootstrap_servers, source, target, share, style) for share in shares if share]
        children = [stack.enter_context(_child(task)) for task in tasks]
        for child in children:
            _read_line(child)
        for child in children:
            child.stdin.write(b"go\n")  # type: ignore[union-attr]  # a pipe
            child.stdin.flush()  # type: ignore[union-attr]
        parts = [msgspec.json.decode(_read_line(child), type=Copied) for child in children]
        _check(sum(_ends(settings, target).values()), sum(ends.values()))
    return Copying(
        sum(part.records for part in parts),
        max(part.ended for part in parts) - min(part.began for part in parts),
        [round(part.cpu_seconds, 3) for part in parts],
        [part.rss_peak_bytes for part in parts],
    )


def _check(copied: int, wanted: int) -> None:
    if copied != wanted:
        raise UnheardError(f"the raw copy brought {copied:,} of {wanted:,} records over")


@contextmanager
def _child(task: Task) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "streams.bench.raw_copier", msgspec.json.encode(task).decode()]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield child
        child.wait(_COPY_SECONDS)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            pipe.close()  # type: ignore[union-attr]  # both are ours


def _read_line(child: "subprocess.Popen[bytes]") -> bytes:
    line = child.stdout.readline()  # type: ignore[union-attr]  # a pipe
    if not line:
        raise UnheardError("a raw copier ended early")
    return line


def _ends(settings: Settings, topic: str) -> dict[int, int]:
    consumer = Consumer(consumer_config(settings, f"{settings.topics.prefix}ends"))
    try:
        places = [TopicPartition(topic, partition) for partition in range(settings.topics.raw_partitions)]
        return {p.partition: consumer.get_watermark_offsets(p, timeout=ANSWER_SECONDS, cached=False)[1] for p in places}
    finally:
        consumer.close()


@contextmanager
def _target(settings: Settings, partitions: int) -> Iterator[str]:
    """A topic for one copy, gone afterwards."""
    admin = AdminClient(client_config(settings))
    name = f"{settings.topics.prefix}copy-{secrets.token_hex(4)}"
    try:
        admin.create_topics([NewTopic(name, partitions, settings.kafka.replication)])[name].result(ANSWER_SECONDS)
        yield name
    except KafkaException as error:
        raise UnheardError(f"the raw copy failed: {error.args[0].str()}") from None
    finally:
        with contextlib.suppress(KafkaException):
            admin.delete_topics([name])[name].result(ANSWER_SECONDS)
