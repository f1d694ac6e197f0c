"""Goal: the same partition on every run, and every partition used."""

from collections import Counter
from zlib import crc32

import pytest

from streams.stages.spread import Spread, choose_partition, mix, partition_set
from streams.stages.stamp import Kind


def test_a_feed_of_its_own_partition_uses_one_and_any_other_uses_all() -> None:
    (only,) = partition_set(Spread.FEED, "twcs", 8)
    assert 0 <= only < 8
    assert partition_set(Spread.FEED, "twcs", 8) == (only,)
    assert partition_set(Spread.AUTHOR, "twcs", 3) == partition_set(Spread.RANDOM, "twcs", 3) == (0, 1, 2)


def test_an_authors_mentions_share_a_partition() -> None:
    chosen = {choose_partition(Spread.AUTHOR, (0, 1, 2, 3), Kind.MENTION, crc32(b"jane"), n) for n in range(100)}
    assert chosen == {crc32(b"jane") % 4}


@pytest.mark.parametrize(
    ("spread", "kind"), [(Spread.RANDOM, Kind.MENTION), (Spread.AUTHOR, Kind.CONTROL), (Spread.AUTHOR, Kind.BROKEN)]
)
def test_lines_without_an_author_are_spread_evenly(spread: Spread, kind: Kind) -> None:
    counts = Counter(choose_partition(spread, (0, 1, 2, 3), kind, 5, number) for number in range(4000))
    assert set(counts) == {0, 1, 2, 3}
    assert all(900 < count < 1100 for count in counts.values())


def test_the_mixer_is_splitmix64() -> None:
    assert mix(0) == 0xE220A8397B1DCDAF  # first output of the published generator for seed 0
