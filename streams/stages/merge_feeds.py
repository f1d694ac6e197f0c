"""Accounts of feeds, put together from what capture and care know of them."""

from collections.abc import Iterator
from typing import Final

import msgspec

from models.packed import FeedPart, PartialBlock
from models.records import DEFINITIONS, FeedRecord
from streams.stages import topics
from streams.stages.fold import Output
from streams.stages.merge_state import FeedParts, MergeState, MergeTotals
from streams.stages.watermark import UNSET

_SUMMED: Final = tuple(name for name in FeedPart.__struct_fields__ if name not in {"feed", "source", "ended", "end_ms"})
# What a number of a feed became: once all is settled, and while mentions are still on their way to care.
_SETTLED: Final = ("received", "duplicates", "late", "rejected", "control", "shed", "missed_exact")
_RUNNING: Final = ("mention_lines", "late", "rejected", "control", "shed", "missed_exact", "undecided")


def take_feed(state: MergeState, block: PartialBlock, part: FeedPart) -> None:
    """Keep ``part`` if it is not older than what the origin said before."""
    feed = state.totals.feeds.setdefault(part.feed, FeedParts())
    known = feed.parts.get(block.origin)
    if known is None or block.revision >= known[0]:
        feed.parts[block.origin] = (block.revision, part)
        if known is None or known[1] != part:
            state.dirty_feeds.add(part.feed)


def decided_feeds(state: MergeState) -> Iterator[Output]:
    """Accounts that have become final, or changed though they were."""
    for feed, parts in state.totals.feeds.items():
        was_final = parts.published is not None and parts.published.final
        if was_final and feed not in state.dirty_feeds:
            continue
        if was_final or feed_record(state.totals, feed).final:
            state.dirty_feeds.discard(feed)
            yield publish_feed(state, feed)


def feed_record(totals: MergeTotals, feed: str) -> FeedRecord:
    """The account as far as it is known; ``FeedRecord`` says what its difference compares."""
    parts = [part for _, part in totals.feeds[feed].parts.values()]
    sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMMED}
    end_ms = max(part.end_ms for part in parts)
    final = any(part.ended for part in parts) and not sums["waiting"] and _all_passed(totals, end_ms)
    return FeedRecord(
        feed=feed,
        source=next((part.source for part in parts if part.source), ""),
        **sums,
        difference=sums["sent"] - sum(sums[name] for name in (_SETTLED if final else _RUNNING)),
        final=final,
        revision=totals.revision,
        definitions=DEFINITIONS,
    )


def publish_feed(state: MergeState, feed: str) -> Output:
    """In a later phase than windows: whoever reads a final account finds the windows that led to it published."""
    record = feed_record(state.totals, feed)
    state.totals.feeds[feed].published = record
    return Output(topics.FEEDS, record.feed.encode(), msgspec.json.encode(record), phase=1)


def _all_passed(totals: MergeTotals, time_ms: int) -> bool:
    return all(totals.watermarks.get(origin, UNSET) > time_ms for origin in totals.origins)
