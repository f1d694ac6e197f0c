"""Follows a running account from its output topics: cases by outcome, feeds, what is final."""

from collections import Counter
from typing import Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from config.settings import Settings
from models.records import Outcome
from streams.runtime.kafka import consumer_config
from streams.stages import topics

_READ_RECORDS: Final = 2_000
_ANSWER_SECONDS: Final = 10.0


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
    """A reader of ``care.cases.v1`` and ``capture.feeds.v1`` without a group; ``poll`` it from one thread."""

    def __init__(self, settings: Settings) -> None:
        self._cases_topic = topics.topic_name(topics.CASES, settings)
        self._feeds_topic = topics.topic_name(topics.FEEDS, settings)
        self._outcomes: dict[str, Outcome] = {}
        self._feeds: dict[str, _Feed] = {}
        self._consumer = Consumer(consumer_config(settings, f"{settings.kafka.client_id}-watch"))
        self._consumer.assign(
            [
                TopicPartition(topics.topic_name(name, settings), partition, OFFSET_BEGINNING)
                for name in (topics.CASES, topics.FEEDS)
                for partition in range(topics.partitions_of(name, settings))
            ]
        )

    def poll(self, timeout_seconds: float) -> None:
        """Read what has come; at most some thousand records."""
        for message in self._consumer.consume(_READ_RECORDS, timeout=timeout_seconds):
            if message.error() is None and message.value() is not None:
                self._take(message)

    def _take(self, message: Message) -> None:
        value = message.value() or b""
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
