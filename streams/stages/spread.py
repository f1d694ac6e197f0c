"""Which raw partition a line goes to. Any choice gives the same account; this one is the same on every run."""

from enum import StrEnum
from typing import Final

from streams.stages.keys import murmur2_partition
from streams.stages.stamp import Kind

_MASK: Final = 2**64 - 1


class Spread(StrEnum):
    """``FEED``: all lines of a feed in one partition. ``AUTHOR``: an author's mentions in one. ``RANDOM``: anywhere."""

    FEED = "feed"
    AUTHOR = "author"
    RANDOM = "random"


def partition_set(spread: Spread, feed: str, partitions: int) -> tuple[int, ...]:
    """The raw partitions that a feed uses."""
    if spread is Spread.FEED:
        return (murmur2_partition(feed.encode(), partitions),)
    return tuple(range(partitions))


def choose_partition(spread: Spread, partitions: tuple[int, ...], kind: int, author_crc: int, number: int) -> int:
    """One of ``partitions``. ``number`` (seed and seq) places what has no author."""
    count = len(partitions)
    if count == 1:
        return partitions[0]
    if kind == Kind.MENTION and spread is Spread.AUTHOR:
        return partitions[author_crc % count]
    return partitions[mix(number) % count]


def mix(number: int) -> int:
    """64 well-mixed bits of a number: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = (number + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
