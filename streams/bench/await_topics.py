"""When the work is done, seen from outside: from the group's committed offsets, and from the account itself."""

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.load import Filled
from streams.runtime.kafka import ANSWER_SECONDS, consume_all, consumer_config
from streams.stages import topics

_POLL_SECONDS: Final = 0.05
_READ_SECONDS: Final = 0.05
Check = Callable[[], object]


def _nothing() -> None:
    """Stands for a check where there is none."""


def await_classified(settings: Settings, filled: Filled, timeout: float, check: Check = _nothing) -> float:
    """The monotonic instant at which classify had committed every record of the raw topic. ``check`` is called in
    between and may raise; UnheardError when ``timeout`` seconds have passed."""
    with CommitWatch(settings) as watch:
        return _await(lambda: watch.committed() >= filled.records, timeout, check, "classify has not committed all")


def await_final(settings: Settings, filled: Filled, timeout: float, check: Check = _nothing) -> float:
    """The monotonic instant at which the account of every feed was final, which merge publishes behind the windows
    that led to it: once the feeds have settled, behind the last final one (see :func:`count_windows`)."""
    with _FeedWatch(settings) as watch:
        return _await(lambda: watch.final() >= set(filled.feeds), timeout, check, "the account is not final")


def _await(done: Callable[[], bool], timeout: float, check: Check, what: str) -> float:
    deadline, pause = time.monotonic() + timeout, threading.Event()
    while not done():
        check()
        if time.monotonic() > deadline:
            raise UnheardError(f"{what} within {timeout:g} s")
        pause.wait(_POLL_SECONDS)
    return time.monotonic()


class CommitWatch:
    """How far classify's group has committed."""

    def __init__(self, settings: Settings) -> None:
        name = topics.topic_name(topics.RAW, settings)
        self._places = [TopicPartition(name, partition) for partition in range(settings.topics.raw_partitions)]
        self._consumer = Consumer(consumer_config(settings, settings.classify.group))

    def committed(self) -> int:
        """Records before the committed offsets, of all partitions."""
        places = self._consumer.committed(self._places, timeout=ANSWER_SECONDS)
        return sum(max(0, place.offset) for place in places)

    def __enter__(self) -> "CommitWatch":
        return self

    def __exit__(self, *_error: object) -> None:
        self._consumer.close()


class _Feed(msgspec.Struct):
    feed: str
    final: bool


class _FeedWatch:
    """Reads the accounts of feeds, which are few. Between two looks nothing is assigned: the embedded broker answers
    a fetch of nothing at once, and would keep a core busy."""

    def __init__(self, settings: Settings) -> None:
        name = topics.topic_name(topics.FEEDS, settings)
        count = topics.partitions_of(topics.FEEDS, settings)
        self._next = {(name, partition): OFFSET_BEGINNING for partition in range(count)}
        self._final: dict[str, bool] = {}
        config = consumer_config(settings, f"{settings.topics.prefix}feeds")
        self._consumer = Consumer(config | {"enable.partition.eof": True})

    def final(self) -> set[str]:
        """Feeds whose account is final now."""
        unread = set(self._next)
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])
        deadline = time.monotonic() + ANSWER_SECONDS
        while unread and time.monotonic() < deadline:
            for message in self._consumer.consume(100, timeout=_READ_SECONDS):
                place = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is not None:
                    unread -= {place} if error.code() == KafkaError._PARTITION_EOF else set()
                elif (value := message.value()) is not None:
                    self._next[place] = (message.offset() or 0) + 1
                    feed = msgspec.json.decode(value, type=_Feed)
                    self._final[feed.feed] = feed.final
        self._consumer.unassign()
        return {feed for feed, final in self._final.items() if final}

    def __enter__(self) -> "_FeedWatch":
        return self

    def __exit__(self, *_error: object) -> None:
        self._consumer.close()


class _Window(msgspec.Struct):
    final: bool


def count_windows(settings: Settings) -> tuple[int, int]:
    """(final ones, others) among the newest rows of the windows topic. Reads it to its end."""
    newest: dict[bytes, bool] = {}
    for message in consume_all(settings, topics.topic_name(topics.WINDOWS, settings)):
        key, value = message.key(), message.value()
        if isinstance(key, bytes) and value is not None:
            newest[key] = msgspec.json.decode(value, type=_Window).final
    final = sum(newest.values())
    return final, len(newest) - final
