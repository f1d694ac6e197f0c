"""Finds out how far an earlier replay of the same feed came, from the tails of the raw partitions.

Every announcement of a replay carries its fingerprint, and progress says the last number sent to its partition, so
that the tail of each partition tells where to go on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnheardError
from config.settings import Settings
from models.records import ANNOUNCEMENTS, STAMP_HEADER, ControlKind
from streams.runtime.kafka import ANSWER_SECONDS, consumer_config, unreachable

_FIRST_WINDOW: Final = 2_000  # records of a partition's tail that are searched first
_HOPELESS: Final = 170_000  # so many records without a trace: no replay of ours was here lately
_BATCH: Final = 5_000


class Trace(msgspec.Struct, frozen=True):
    """What a raw record says about its feed: a stamped line, or an announcement with ``control`` and ``reason``."""

    feed: str = ""
    epoch: int = 0
    seq: int = 0
    last_seq: int = 0
    control: str = ""
    reason: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the tails hold of the feeds and epochs that a replay is about to send.

    ``positions``: the last (epoch, seq) by (feed, partition). ``reasons``: of their announcements. ``ended``: the
    partitions that have the end, by (feed, epoch).
    """

    positions: dict[tuple[str, int], tuple[int, int]]
    reasons: frozenset[str]
    ended: dict[tuple[str, int], frozenset[int]]


class PlacedTrace(NamedTuple):
    partition: int
    trace: Trace


class Wanted(msgspec.Struct, frozen=True):
    """The epochs of a feed that a replay is about to send, and the raw partitions that it uses."""

    epochs: frozenset[int]
    partitions: tuple[int, ...]


def gather(traces: Iterable[PlacedTrace]) -> Found:
    positions: dict[tuple[str, int], tuple[int, int]] = {}
    ended: dict[tuple[str, int], set[int]] = {}
    reasons: set[str] = set()
    for partition, trace in traces:
        if trace.control in ANNOUNCEMENTS:
            reasons.add(trace.reason)
        if trace.control == ControlKind.FEED_START:
            continue  # all epochs are announced before the first line: it says nothing about how far any came
        if trace.control == ControlKind.END_OF_FEED:
            ended.setdefault((trace.feed, trace.epoch), set()).add(partition)
        at, reached = (trace.feed, partition), (trace.epoch, max(trace.seq, trace.last_seq))
        positions[at] = max(positions.get(at, reached), reached)
    return Found(
        positions=positions,
        reasons=frozenset(reasons),
        ended={place: frozenset(partitions) for place, partitions in ended.items()},
    )


def find_traces(
    settings: Settings,
    topic: str,
    partitions: int,
    wanted: Mapping[str, Wanted],
    first_window: int = _FIRST_WINDOW,
) -> list[PlacedTrace]:
    """Traces of the wanted feeds in the tails of the raw partitions: enough to tell how far each feed came in each.

    Raises UnheardError when the broker does not answer.
    """
    consumer = Consumer(
        consumer_config(settings, f"{settings.kafka.client_id}-replay") | {"isolation.level": "read_uncommitted"}
    )
    try:
        return [
            PlacedTrace(partition, trace)
            for partition in range(partitions)
            for trace in _search(consumer, topic, partition, wanted, first_window)
        ]
    except KafkaException as error:
        raise unreachable(settings, error.args[0].name()) from None
    finally:
        consumer.close()


def _search(consumer: Consumer, topic: str, partition: int, wanted: Mapping[str, Wanted], window: int) -> list[Trace]:
    """Search back until every feed of this partition has shown how far it came; a partition without any trace is
    given up before its start."""
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_SECONDS)
    needles = [b'"feed":' + msgspec.json.encode(feed) for feed in wanted]
    missing = {feed for feed, want in wanted.items() if partition in want.partitions}
    traces: list[Trace] = []
    end = high
    while missing and end > low and (traces or high - end < _HOPELESS):
        start = max(low, end - window)
        for message in _read(consumer, topic, partition, start, end):
            trace = _trace(message, needles)
            if trace is not None and trace.feed in wanted and trace.epoch in wanted[trace.feed].epochs:
                traces.append(trace)
                if trace.control != ControlKind.FEED_START:
                    missing.discard(trace.feed)
        window, end = window * 4, start
    return traces


def _read(consumer: Consumer, topic: str, partition: int, start: int, end: int) -> Iterable[Message]:
    """The records [start, end) of one partition."""
    if start >= end:
        return
    consumer.assign([TopicPartition(topic, partition, start)])
    left = end - start
    while True:
        messages = consumer.consume(min(_BATCH, left), timeout=0.5) or consumer.consume(1, timeout=ANSWER_SECONDS)
        if not messages:
            raise UnheardError(f"topic {topic}: partition {partition} cannot be read: the broker sent nothing")
        for message in messages:
            error = message.error()
            if error is not None:
                _check(error, topic)
                continue
            offset = message.offset()
            if offset is None or offset >= end:
                return
            yield message
            left = end - 1 - offset
            if not left:
                return


def _check(error: KafkaError, topic: str) -> None:
    if not error.retriable():
        raise UnheardError(f"topic {topic} cannot be read: {error.str()}")


_decode: Final = msgspec.json.Decoder(Trace).decode


def _trace(message: Message, needles: Sequence[bytes]) -> Trace | None:
    """What a record says, if it can be of a feed in ``needles`` (JSON of ours has no blanks)."""
    headers = message.headers()
    value = dict(headers).get(STAMP_HEADER) if headers else message.value()
    if value is None or not any(needle in value for needle in needles):
        return None
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
