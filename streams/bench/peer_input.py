"""What the peers read and write: topics of their own on the broker of the benchmark, and sound mentions by author."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import kafka.errors
import msgspec
from confluent_kafka import Producer

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.kafka import administration, producer_config

_FLUSH_SECONDS: Final = 60.0
_SERVE_EVERY: Final = 10_000


class _Mention(msgspec.Struct):
    id: str
    author: str
    text: str
    created_at_ms: int


@contextmanager
def topics(settings: Settings, names: Sequence[str]) -> Iterator[None]:
    """Topics with as many partitions as the raw topic has, for the length of a block. Raises UnheardError."""
    wanted = {
        name: {"num_partitions": settings.topics.raw_partitions, "replication_factor": settings.kafka.replication}
        for name in names
    }
    with administration(settings) as admin:
        try:
            admin.create_topics(wanted, raise_errors=True)
            admin.wait_for_topics(list(names))
        except kafka.errors.KafkaError as error:
            raise UnheardError(f"cannot create the peers' topics: {error}") from None
        try:
            yield
        finally:
            admin.delete_topics(list(names))


def fill(settings: Settings, topic: str, source: Path, mentions: int) -> int:
    """Put at most so many mentions of a sample firehose into ``topic``, keyed by author; how many there are."""
    decoder = msgspec.json.Decoder(_Mention)
    producer = Producer(producer_config(settings) | {"linger.ms": 20})
    sent = 0
    with source.open("rb") as lines:
        for line in lines:
            if sent == mentions:
                break
            try:
                mention = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a control, or broken
                continue
            producer.produce(topic, line.rstrip(), key=mention.author)
            sent += 1
            if sent % _SERVE_EVERY == 0:
                producer.poll(0)
    if producer.flush(_FLUSH_SECONDS):
        raise UnheardError(f"the broker did not take all mentions for {topic}")
    return sent
