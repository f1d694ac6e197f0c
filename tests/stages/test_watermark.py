"""Goal: W never runs ahead of what can still come, and never waits for what cannot.

Method: spans told one after the other, with the watermark that must follow each.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.packed import FeedEnd, FeedMark, FeedStart, RawSpan
from streams.stages.fold import BlockError
from streams.stages.snapshot import dump_chunks, load_chunks
from streams.stages.watermark import FOREVER, UNSET, Marks, Watermarks

LATENESS = 100


def starts(*partitions: int, feed: str = "f", epoch: int = 1) -> tuple[FeedStart, ...]:
    return (FeedStart(feed, epoch, 1, partitions, "x"),)


def ends(time_ms: int, *, feed: str = "f", epoch: int = 1, final: bool = True) -> tuple[FeedEnd, ...]:
    return (FeedEnd(feed, epoch, 9, time_ms, 50, final),)


def marks(time_ms: int, *, feed: str = "f", idle: bool = False) -> tuple[FeedMark, ...]:
    return (FeedMark(feed, time_ms, idle),)


def span(
    partition: int,
    start: tuple[FeedStart, ...] = (),
    mark: tuple[FeedMark, ...] = (),
    end: tuple[FeedEnd, ...] = (),
) -> RawSpan:
    return RawSpan("t", partition, 0, 1, start, mark, end)


def watermarks(*spans: RawSpan) -> Watermarks:
    state = Watermarks(LATENESS)
    for told in spans:
        state.observe(told)
    return state


def test_it_is_unknown_until_every_announced_partition_has_reported() -> None:
    state = watermarks(span(0, starts(0, 1), marks(1000)))
    assert state.value_ms == UNSET
    state.observe(span(1, starts(0, 1), marks(700)))
    assert state.value_ms == 700 - LATENESS


def test_the_slowest_feed_and_partition_decide() -> None:
    state = watermarks(span(0, starts(0) + starts(0, feed="g"), marks(1000) + marks(400, feed="g")))
    assert state.value_ms == 300
    state.observe(span(0, (), marks(5000, feed="g")))
    assert state.value_ms == 900


def test_a_feed_that_was_never_announced_counts_where_it_was_seen() -> None:
    state = watermarks(span(3, (), marks(1000)))
    assert state.value_ms == 900
    state.observe(span(5, (), marks(2000)))
    assert state.value_ms == 900
    state.observe(span(3, (), marks(3000)))
    assert state.value_ms == 1900


def test_a_mark_outside_the_announced_set_holds_nothing() -> None:
    state = watermarks(span(0, starts(0), marks(1000)), span(7, starts(0), marks(5)))
    assert state.value_ms == 900


def test_it_never_goes_back() -> None:
    state = watermarks(span(0, starts(0), marks(1000)))
    assert state.value_ms == 900
    state.observe(span(0, starts(0, feed="late comer")))
    state.observe(span(0, (), marks(10, feed="late comer")))
    assert state.value_ms == 900


def test_after_the_end_of_all_feeds_it_passes_the_settling_time() -> None:
    state = watermarks(span(0, starts(0, 1), marks(1000), ends(1000)), span(1, starts(0, 1), marks(900)))
    assert (state.value_ms, state.ended) == (800, False)
    state.observe(span(1, (), (), ends(1000)))
    assert (state.value_ms, state.ended, state.ended_feeds) == (1000 + 50 + 1, True, frozenset({"f"}))


def test_a_feed_that_has_ended_does_not_hold_the_others() -> None:
    state = watermarks(span(0, starts(0), marks(10), ends(10)), span(0, starts(0, feed="g"), marks(1000, feed="g")))
    assert state.value_ms == 900
    assert not state.ended


def test_the_end_of_an_epoch_ends_no_feed() -> None:
    state = watermarks(span(0, starts(0), marks(1000), ends(1000, final=False)))
    assert (state.value_ms, state.ended) == (900, False)
    assert state.epoch_ended("f", 1)
    state.observe(span(0, starts(0, epoch=2), marks(2000), ends(2000, epoch=2)))
    assert (state.value_ms, state.ended) == (2051, True)


def test_a_new_epoch_with_fewer_partitions_waits_until_the_old_one_is_over_in_each() -> None:
    state = watermarks(span(0, starts(0, 1), marks(1000)), span(1, starts(0, 1), marks(500)))
    state.observe(span(0, starts(0, epoch=2), marks(2000)))
    assert state.value_ms == 400  # epoch 1 may still speak in raw partition 1
    assert not state.epoch_ended("f", 1)
    state.observe(span(1, starts(0, epoch=2)))
    assert state.value_ms == 1900
    assert state.epoch_ended("f", 1)


def test_new_partitions_hold_it_until_each_has_reported() -> None:
    state = watermarks(span(0, starts(0), marks(1000)))
    assert state.value_ms == 900
    state.observe(span(0, starts(0, 1, epoch=2), marks(3000)))
    assert state.value_ms == 900
    state.observe(span(1, starts(0, 1, epoch=2), marks(2000)))
    assert state.value_ms == 1900


def test_an_idle_partition_is_left_out_until_it_speaks() -> None:
    state = watermarks(span(0, starts(0, 1), marks(9000)), span(1, starts(0, 1), marks(100)))
    state.observe(span(1, (), marks(100, idle=True)))
    assert state.value_ms == 8900
    state.observe(span(1, (), marks(150)))
    state.observe(span(0, (), marks(9500)))
    assert state.value_ms == 8900  # it holds again, but nothing goes back
    state.observe(span(1, (), marks(9400)))
    assert state.value_ms == 9300


def test_when_all_are_idle_it_stays() -> None:
    state = watermarks(span(0, starts(0), marks(1000)))
    assert state.value_ms == 900
    state.observe(span(0, (), marks(1000, idle=True)))
    assert state.value_ms == 900


def test_a_feed_that_ends_without_a_line_holds_nothing() -> None:
    state = watermarks(span(0, starts(0), (), ends(0)), span(0, starts(0, feed="g"), marks(1000, feed="g")))
    assert state.value_ms == 900


def test_a_gap_is_confirmed_by_the_slowest_partition() -> None:
    state = watermarks(span(0, starts(0, 1), marks(1000)))
    assert state.feed_time_passed_by_all("f") == UNSET
    state.observe(span(1, starts(0, 1), marks(400)))
    state.observe(span(1, (), marks(400, idle=True)))
    assert state.feed_time_passed_by_all("f") == 400
    state.observe(span(0, (), (), ends(1000)))
    state.observe(span(1, (), (), ends(1000)))
    assert state.feed_time_passed_by_all("f") == FOREVER
    assert state.feed_time_passed_by_all("unheard of") == UNSET


told = st.one_of(
    st.builds(lambda p, e: span(p, starts(0, 1, epoch=e)), st.integers(0, 2), st.integers(1, 3)),
    st.builds(lambda p, t, i: span(p, (), marks(t, idle=i)), st.integers(0, 2), st.integers(1, 5000), st.booleans()),
    st.builds(lambda p, t, e: span(p, (), (), ends(t, epoch=e)), st.integers(0, 2), st.integers(1, 5000), st.just(3)),
)


@given(st.lists(told, max_size=20), st.integers(0, 20))
def test_a_snapshot_changes_nothing_and_telling_twice_changes_nothing(spans: list[RawSpan], cut: int) -> None:
    once, twice = watermarks(), watermarks()
    for number, each in enumerate(spans):
        once.observe(each)
        twice.observe(each)
        twice.observe(each)
        if number == cut:
            twice = load_chunks(dump_chunks(twice), Watermarks)
        assert once.value_ms == twice.value_ms


def test_a_span_goes_on_where_the_last_one_ended() -> None:
    state = Marks()
    assert state.cut(RawSpan("t", 0, 40, 50)) == 40
    assert state.cut(RawSpan("t", 0, 50, 60)) == 50
    assert state.cut(RawSpan("t", 1, 0, 5)) == 0


def test_a_span_that_was_seen_is_skipped_and_one_seen_in_part_is_cut() -> None:
    state = Marks()
    state.cut(RawSpan("t", 0, 0, 50))
    assert state.cut(RawSpan("t", 0, 10, 50)) is None
    assert state.cut(RawSpan("t", 0, 10, 40)) is None
    assert state.cut(RawSpan("t", 0, 10, 70)) == 50
    assert state.cut(RawSpan("t", 0, 70, 80)) == 70


def test_a_span_without_records_at_the_mark_may_say_that_a_feed_is_idle() -> None:
    state = Marks()
    state.cut(RawSpan("t", 0, 0, 50))
    assert state.cut(RawSpan("t", 0, 50, 50)) == 50
    assert state.cut(RawSpan("t", 0, 20, 20)) is None


def test_a_gap_below_a_span_halts() -> None:
    state = Marks()
    state.cut(RawSpan("t", 3, 0, 50))
    with pytest.raises(BlockError, match="raw partition 3 of topic t: offsets 50 to 50 are missing"):
        state.cut(RawSpan("t", 3, 51, 60))


def test_a_recreated_topic_starts_anew() -> None:
    state = Marks()
    state.cut(RawSpan("t", 0, 0, 50))
    assert state.cut(RawSpan("u", 0, 7, 9)) == 7
    assert state.cut(RawSpan("t", 0, 50, 51)) == 50
