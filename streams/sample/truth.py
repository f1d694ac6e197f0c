"""The ground truth of a sample firehose, counted from its lines in one plain pass.

Nothing here looks at text or shares code with the stream processor: what a line is, the generator knows. The capture
figures follow from the order of the lines alone; the conversations stand as they were made up, without any verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.delivery import Line
from streams.sample.script import Post, Script
from streams.sample.tally import HEARTBEAT_MS, LATENESS_MS, STALL_MS, GapTruth, Tally

SOURCE: Final = "x"


class FeedTruth(msgspec.Struct, frozen=True, kw_only=True):
    """``sent`` is the sum of the last number of each epoch; ``end_ms`` the feed time at the end."""

    feed: str
    sent: int
    received: int
    duplicates: int
    late: int
    rejected: int
    control: int
    missed_exact: int
    missed_upstream: int
    end_ms: int
    gaps: tuple[GapTruth, ...]


class RoleCounts(msgspec.Struct, frozen=True):
    """Received mentions about one brand by who speaks."""

    customer: int = 0
    brand: int = 0
    bot: int = 0


class Conversation(msgspec.Struct, frozen=True):
    """All that one customer and one brand said to each other: (time in ms, mention id, customer | agent | bot)."""

    source: str
    brand: str
    customer: str
    tier: str
    events: tuple[tuple[int, str, str], ...]


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """``unheard`` are the ids of posts that no feed delivered in time: they take no part in any case."""

    seed: int
    lines: int
    lateness_ms: int
    stall_ms: int
    heartbeat_ms: int
    feed_order: tuple[str, ...]
    feeds: tuple[FeedTruth, ...]
    brands: dict[str, RoleCounts]
    no_brand: int
    unheard: tuple[str, ...]
    conversations: tuple[Conversation, ...]


def count_truth(lines: Sequence[Line], script: Script, seed: int) -> Truth:
    """Count what a perfect account of ``lines`` says. Copies on the feed that comes first by name are the ones that
    count; a copy is late by its own feed's time."""
    tallies: dict[str, Tally] = {}
    for line in lines:
        if line.post and line.feed not in tallies:
            tallies[line.feed] = Tally(line.post.created_ms)
    for line in lines:
        tallies[line.feed].take(line)
    heard: set[str] = set()
    feeds = []
    for name in sorted(tallies):
        received = [post.id for post in tallies[name].in_time if post.id not in heard]
        heard.update(received)
        feeds.append(_feed_truth(name, tallies[name], len(received)))
    brands, no_brand = _count_roles(script.posts, heard)
    return Truth(
        seed=seed,
        lines=len(lines),
        lateness_ms=LATENESS_MS,
        stall_ms=STALL_MS,
        heartbeat_ms=HEARTBEAT_MS,
        feed_order=tuple(sorted(tallies)),
        feeds=tuple(feeds),
        brands=brands,
        no_brand=no_brand,
        unheard=tuple(post.id for post in script.posts if post.id not in heard),
        conversations=_conversations(script),
    )


def _feed_truth(name: str, tally: Tally, received: int) -> FeedTruth:
    gaps = tally.gaps()
    return FeedTruth(
        feed=name,
        sent=sum(epoch.last_seq for epoch in tally.epochs),
        received=received,
        duplicates=len(tally.in_time) - received,
        late=tally.late,
        rejected=tally.rejected,
        control=tally.control,
        missed_exact=sum(gap.missed for gap in gaps if gap.cause == "sequence"),
        missed_upstream=sum(gap.missed for gap in gaps if gap.cause == "limit"),
        end_ms=tally.feed_time_ms,
        gaps=tuple(gaps),
    )


def _count_roles(posts: Iterable[Post], heard: set[str]) -> tuple[dict[str, RoleCounts], int]:
    counts: list[dict[str, int]] = [{"customer": 0, "agent": 0, "bot": 0} for _ in SAMPLE_BRANDS]
    no_brand = 0
    for post in posts:
        if post.id not in heard:
            continue
        if not post.concerns:
            no_brand += 1
        for brand, who in {concern.brand: concern.who for concern in post.concerns}.items():
            counts[brand][who] += 1
    brands = {
        brand.name: RoleCounts(count["customer"], count["agent"], count["bot"])
        for brand, count in zip(SAMPLE_BRANDS, counts, strict=True)
    }
    return brands, no_brand


def _conversations(script: Script) -> tuple[Conversation, ...]:
    events: dict[tuple[int, str], list[tuple[int, str, str]]] = {}
    for post in script.posts:
        for concern in post.concerns:
            if concern.customer:
                key = (concern.brand, concern.customer)
                events.setdefault(key, []).append((post.created_ms, post.id, concern.who))
    return tuple(_conversation(key, said, script.tiers) for key, said in events.items())


def _conversation(
    key: tuple[int, str], said: list[tuple[int, str, str]], tiers: Mapping[tuple[int, str], str]
) -> Conversation:
    brand, customer = key
    return Conversation(
        source=SOURCE,
        brand=SAMPLE_BRANDS[brand].name,
        customer=customer,
        tier=tiers.get(key, "default"),
        events=tuple(sorted(said)),
    )
