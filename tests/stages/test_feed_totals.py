"""Goal: each mention counts once for its feed, whatever became of it, and only changes are told."""

import msgspec

from models.packed import FeedPart
from models.records import Flag
from streams.stages.feed_totals import FeedTotal, FeedTotals
from tests.stages.rows import BOTH, rows


def test_a_mention_counts_once_though_it_concerns_several_keys() -> None:
    totals = FeedTotals()
    alpha = totals.code("alpha", "x")
    totals.receive(rows((1, "a"), (1, "a"), feed=alpha, flags=[BOTH, BOTH & ~int(Flag.PRIMARY_MENTION)]).table)
    assert totals.publish() == [FeedPart("alpha", "x", received=1)]
    assert totals.publish() == []


def test_what_waits_is_received_or_a_duplicate_later() -> None:
    totals = FeedTotals()
    feeds = [totals.code("beta", "x"), totals.code("alpha", "x")]
    table = rows((1, "a"), (1, "a"), feed=feeds).table
    totals.wait(table, 1)
    assert totals.publish() == [FeedPart("alpha", "x", waiting=1), FeedPart("beta", "x", waiting=1)]
    totals.wait(table, -1)
    totals.receive(table[:1])
    totals.duplicate(table[1:])
    assert totals.publish() == [FeedPart("alpha", "x", duplicates=1), FeedPart("beta", "x", received=1)]


def test_overtaken_mentions_are_received_and_told_apart() -> None:
    totals = FeedTotals()
    totals.overtake(rows((1, "a"), (2, "b"), feed=totals.code("alpha", "x")).table)
    assert totals.publish() == [FeedPart("alpha", "x", received=2, overtaken=2)]


def test_what_the_feed_announces_is_told_once() -> None:
    totals = FeedTotals()
    totals.see("alpha", "x", False)
    totals.see("alpha", "x", True)
    assert totals.publish() == [FeedPart("alpha", "x", ended=True)]
    totals.see("alpha", "", True)
    assert totals.publish() == []


def test_a_snapshot_keeps_totals_and_codes() -> None:
    totals = FeedTotals()
    totals.code("beta", "x")
    totals.receive(rows((1, "a"), feed=totals.code("alpha", "y")).table)
    loaded = FeedTotals(msgspec.msgpack.decode(msgspec.msgpack.encode(totals.dump()), type=list[FeedTotal]))
    assert loaded.publish() == totals.publish() != []
    assert loaded.names == ["beta", "alpha"]
    assert loaded.code("alpha", "") == 1
