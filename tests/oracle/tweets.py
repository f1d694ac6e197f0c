"""Tweets: whether each actionable customer mention was answered, whatever became of its case."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from .cases import CaseKey, Event
from .rules import Terms


@dataclass(frozen=True, slots=True)
class Tweet:
    """``answered`` is None while a reply could still come in time, ``band`` that of the author's followers."""

    key: CaseKey
    time_ms: int
    id: str
    band: int
    answered: bool | None


def all_tweets(keyed: dict[CaseKey, list[Event]], watermark_ms: int, terms: Terms) -> Iterator[Tweet]:
    """Answered iff the next human reply after the tweet, in the order (time, id), comes up to H later inclusive."""
    for key, events in keyed.items():
        horizon_ms = terms.of_brand(key.brand).horizon_ms
        replies = [(event.time_ms, event.id) for event in events if event.is_reply]
        for event in events:
            if not event.actionable:
                continue
            due_ms = event.time_ms + horizon_ms
            following = bisect_right(replies, (event.time_ms, event.id))
            answered: bool | None = following < len(replies) and replies[following][0] <= due_ms
            if not answered and due_ms >= watermark_ms:
                answered = None
            yield Tweet(key, event.time_ms, event.id, event.band, answered)
