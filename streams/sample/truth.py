"""The ground truth of a sample firehose, counted from its lines in one plain pass.

Nothing here looks at text or shares code with the stream processor: what a line is, the generator knows. The capture
figures follow from the order of the lines alone; the conversations stand as they were made up, without any verdict.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.controls import Kind
from streams.sample.delivery import Line
from streams.sample.script import Post, Script

SOURCE: Final = "x"
LATENESS_MS: Final = 300_000


class GapTruth(msgspec.Struct, frozen=True):
    """Numbers ``from_seq..to_seq`` of an epoch never came."""

    epoch: int
    from_seq: int
    to_seq: int


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
    feed_order: tuple[str, ...]
    feeds: tuple[FeedTruth, ...]
    brands: dict[str, RoleCounts]
    no_brand: int
    unheard: tuple[str, ...]
    conversations: tuple[Conversation, ...]


class _Tally:
    """Running figures of one feed."""

    def __init__(self) -> None:
        self.feed_time_ms = 0
        self.last_seq: dict[int, int] = {}
        self.gaps: list[GapTruth] = []
        self.control = self.rejected = self.late = 0
        self.in_time: list[Post] = []
        self.counters: dict[int, list[int]] = {}
        self.upstream = 0


def count_truth(lines: Iterable[Line], script: Script, seed: int) -> Truth:
    """Count what a perfect account of ``lines`` says. Copies on the feed that comes first by name are the ones that
    count; a copy is late by its own feed's time."""
    tallies: dict[str, _Tally] = {}
    total = 0
    for line in lines:
        total += 1
        _count_line(line, tallies.setdefault(line.feed, _Tally()))
    heard: set[str] = set()
    feeds = []
    for name in sorted(tallies):
        received = [post.id for post in tallies[name].in_time if post.id not in heard]
        heard.update(received)
        feeds.append(_feed_truth(name, tallies[name], len(received)))
    brands, no_brand = _count_roles(script.posts, heard)
    return Truth(
        seed=seed,
        lines=total,
        lateness_ms=LATENESS_MS,
        feed_order=tuple(sorted(tallies)),
        feeds=tuple(feeds),
        brands=brands,
        no_brand=no_brand,
        unheard=tuple(post.id for post in script.posts if post.id not in heard),
        conversations=_conversations(script),
    )


def _count_line(line: Line, tally: _Tally) -> None:
    last = tally.last_seq.get(line.epoch, 0)
    if line.seq > last + 1:
        tally.gaps.append(GapTruth(line.epoch, last + 1, line.seq - 1))
    tally.last_seq[line.epoch] = line.seq
    if line.kind is Kind.BROKEN:
        tally.rejected += 1
    elif line.post is None:
        tally.control += 1
        if line.track:
            tally.upstream += read_limit(tally.counters.setdefault(line.epoch, []), line.track)
    else:
        tally.feed_time_ms = max(tally.feed_time_ms, line.post.created_ms)
        if line.post.created_ms < tally.feed_time_ms - LATENESS_MS:
            tally.late += 1
        else:
            tally.in_time.append(line.post)


def read_limit(counters: list[int], track: int) -> int:
    """What a limit notice adds: it extends the largest counter ≤ it, else opens one of four, else resets the smallest
    (up to four cumulative counters share one connection)."""
    fitting = [value for value in counters if value <= track]
    if fitting:
        place = counters.index(max(fitting))
        added = track - counters[place]
        counters[place] = track
        return added
    if len(counters) < 4:
        counters.append(track)
    else:
        counters[counters.index(min(counters))] = track
    return track


def _feed_truth(name: str, tally: _Tally, received: int) -> FeedTruth:
    return FeedTruth(
        feed=name,
        sent=sum(tally.last_seq.values()),
        received=received,
        duplicates=len(tally.in_time) - received,
        late=tally.late,
        rejected=tally.rejected,
        control=tally.control,
        missed_exact=sum(gap.to_seq - gap.from_seq + 1 for gap in tally.gaps),
        missed_upstream=tally.upstream,
        end_ms=tally.feed_time_ms,
        gaps=tuple(tally.gaps),
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
