"""Follows a running account from its output topics: cases by outcome, feeds, what is final."""

import time
from collections import Counter
from typing import Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from config.settings import Settings
from models.records import Outcome
from streams.runtime.kafka import consumer_config
from streams.stages import topics

_READ_RECORDS: Final = 2_000
_ANSWER_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 0.05


class _Case(msgspec.Struct):
    case_id: str
    outcome: Outcome
    revision: int


class _Feed(msgspec.Struct):
    feed: str
    sent: int
    received: int
    missed_exact: int
    difference: int
    final: bool
    revision: int


_decode_case = msgspec.json.Decoder(_Case).decode
_decode_feed = msgspec.json.Decoder(_Feed).decode


class AccountWatch:
    """A reader of ``care.cases.v1`` and ``capture.feeds.v1`` without a group; ``refresh`` it from one thread.

    Between two refreshes nothing is assigned, so nothing is fetched: the embedded broker answers a fetch of nothing
    at once, and a client that waits for news would keep a core busy.
    """

    def __init__(self, settings: Settings) -> None:
        self._cases_topic = topics.topic_name(topics.CASES, settings)
        self._outcomes: dict[str, Outcome] = {}
        self._feeds: dict[str, _Feed] = {}
        config = consumer_config(settings, f"{settings.kafka.client_id}-watch")
        self._consumer = Consumer(config | {"enable.partition.eof": True})
        self._next = {
            (topics.topic_name(name, settings), partition): OFFSET_BEGINNING
            for name in (topics.CASES, topics.FEEDS)
            for partition in range(topics.partitions_of(name, settings))
        }

    def refresh(self, patience_seconds: float) -> None:
        """Read on to the ends of the topics, for at most ``patience_seconds``."""
        unread = set(self._next)
        deadline = time.monotonic() + patience_seconds
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])
        while unread and (left := deadline - time.monotonic()) > 0:
            for message in self._consumer.consume(_READ_RECORDS, timeout=min(left, _WAIT_SECONDS)):
                place = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is None:
                    self._next[place] = (message.offset() or 0) + 1
                    self._take(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(place)
        self._consumer.unassign()

    def _take(self, message: Message) -> None:
        value = message.value()
        if value is None:
            return
        if message.topic() == self._cases_topic:
            case = _decode_case(value)
            self._outcomes[case.case_id] = case.outcome
        else:
            feed = _decode_feed(value)
            self._feeds[feed.feed] = feed

    def outcomes(self) -> Counter[Outcome]:
        """How many cases stand at each outcome."""
        return Counter(self._outcomes.values())

    def missed_in_capture(self) -> int:
        return sum(feed.missed_exact for feed in self._feeds.values())

    def final(self, feeds: frozenset[str]) -> bool:
        """Whether the account of every one of ``feeds`` is final."""
        return all((feed := self._feeds.get(name)) is not None and feed.final for name in feeds)

    def close(self) -> None:
        self._consumer.close()


class LagWatch:
    """How many raw records classify has not committed yet."""

    def __init__(self, settings: Settings) -> None:
        name = topics.topic_name(topics.RAW, settings)
        count = topics.partitions_of(topics.RAW, settings)
        self._places = [TopicPartition(name, partition) for partition in range(count)]
        self._consumer = Consumer(consumer_config(settings, settings.classify.group))

    def records(self) -> int:
        """Records between the committed offsets and the ends of the raw partitions."""
        committed = self._consumer.committed(self._places, timeout=_ANSWER_SECONDS)
        return sum(self._behind(place) for place in committed)

    def _behind(self, place: TopicPartition) -> int:
        low, high = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS, cached=False)
        return high - max(place.offset, low)

    def close(self) -> None:
        self._consumer.close()
