"""At any time capture can say where every number is, when mentions came, and for how long nothing came."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import PACKED_SCHEMA, CaptureBlock, FeedEnd, FeedMark, FeedStart, LineKind
from streams.stages.capture import CaptureState
from tests.stages.capture_told import FOLD, WINDOW_MS, Told, count, fold_all, lines, report
from tests.stages.feed_script import SETTLE_MS, Item, Line, blocks, interleaved, random_script, raw_log, section

seeds = st.integers(0, 2**32)


# ---------------------------------------------------------------- conservation, at any time


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 4), st.booleans())
def test_after_every_block_every_number_is_somewhere(seed: int, partitions: int, resend: bool) -> None:
    chance = random.Random(seed)
    logs = [raw_log(random_script(feed, chance), partitions, chance) for feed in ("f", "g")]
    state = FOLD.empty(0)
    for offset, value in enumerate(blocks(interleaved(logs, chance), chance, resend=resend)):
        FOLD.apply(state, offset, value)
        for part in FOLD.feed_parts(state):
            came = part.mention_lines + part.late + part.rejected + part.control
            assert part.sent == came + part.shed + part.missed_exact + part.undecided
            assert min(part.undecided, part.missed_exact, part.mention_lines) >= 0
            assert part.shed == 0


def test_what_is_undecided_is_the_head_the_holes_and_the_announced_tail() -> None:
    state = FOLD.empty(0)
    started = FeedStart("f", 1, 3, (0, 1), "x")
    FOLD.apply(state, 0, report(0, 0, started, Line(1, 5, 1000), Line(1, 9, 2000), Line(1, 10, 3000, LineKind.LATE)))
    [part] = FOLD.feed_parts(state)
    assert (part.sent, part.mention_lines, part.late, part.undecided) == (8, 2, 1, 2 + 3)
    FOLD.apply(state, 1, report(0, 4, FeedEnd("f", 1, 14, 3000, SETTLE_MS, final=True)))
    [part] = FOLD.feed_parts(state)
    assert (part.sent, part.undecided, part.missed_exact) == (12, 2 + 3 + 4, 0)
    FOLD.apply(state, 2, report(1, 0, started, FeedEnd("f", 1, 14, 3000, SETTLE_MS, final=True)))
    [part] = FOLD.feed_parts(state)
    assert (part.sent, part.undecided, part.missed_exact) == (12, 0, 9)


# ---------------------------------------------------------------- mentions by window


def test_a_timely_mention_counts_once_in_the_window_of_its_own_time() -> None:
    state, told = FOLD.empty(0), Told()
    items = (
        Line(1, 1, WINDOW_MS - 1),
        Line(1, 2, WINDOW_MS, age_ms=1),  # said before the window began
        Line(1, 2, WINDOW_MS, age_ms=1),  # delivered twice
        Line(1, 3, WINDOW_MS),
        Line(1, 4, WINDOW_MS + 9_000, LineKind.LATE, age_ms=9_001),
        Line(1, 5, WINDOW_MS + 9_000, LineKind.CONTROL),
        Line(1, 6, WINDOW_MS + 9_000, LineKind.REJECTED),
    )
    told.take(list(FOLD.apply(state, 0, report(0, 0, *items))))
    told.take(list(FOLD.drain(state)))
    lines = {w.window_start_ms: count(w.counts, "mention_lines") for block in told.blocks for w in block.windows}
    assert lines == {0: 2, WINDOW_MS: 1}


def test_a_mention_behind_w_is_in_the_feed_and_in_no_window() -> None:
    """As in care, for which merge may have closed the window."""
    state, told = FOLD.empty(0), Told()
    told.take(list(FOLD.apply(state, 0, report(0, 0, Line(1, 1, 1000), Line(1, 2, 5_000_000)))))
    told.take(list(FOLD.apply(state, 1, report(1, 0, Line(1, 3, 2000), Line(1, 4, 5_000_000, age_ms=1_000)))))
    told.take(list(FOLD.drain(state)))
    assert [part.mention_lines for part in FOLD.feed_parts(state)] == [4]
    assert {start: counts[2] for (_, start), counts in state_windows(state).items()} == {4_800_000: 2}


def state_windows(state: CaptureState) -> dict[tuple[str, int], tuple[int, int, int]]:
    return {cell: (c.missed_exact, c.missed_upstream, c.mention_lines) for cell, c in state.windows.items()}


def test_windows_behind_w_are_told_and_then_forgotten() -> None:
    state, told = FOLD.empty(0), Told()
    start = FeedStart("f", 1, 1, (0,), "x")
    told.take(list(FOLD.apply(state, 0, report(0, 0, start, *lines(*range(1, 40), step_ms=WINDOW_MS)))))
    assert {start for _, start in state.windows} == {38 * WINDOW_MS, 39 * WINDOW_MS}
    [block] = told.blocks
    assert block.watermark_ms == 39 * WINDOW_MS - 1_000
    assert {w.window_start_ms for w in block.windows} >= {n * WINDOW_MS for n in range(1, 39)}


def test_lines_of_two_sources_in_one_feed_count_in_the_windows_of_each() -> None:
    state = FOLD.empty(0)
    records: list[tuple[str, str, Item]] = [("f", "x", Line(1, 1, 1000)), ("f", "y", Line(1, 2, 2000))]
    taken = section(records, 0, 0)
    of_each = [section([record], 0, at).feeds[0] for at, record in enumerate(records)]
    both = msgspec.structs.replace(taken, feeds=tuple(of_each))
    FOLD.apply(state, 0, msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA, (both,))))
    assert state_windows(state) == {("x", 0): (0, 0, 1), ("y", 0): (0, 0, 1)}


# ---------------------------------------------------------------- stalls and disconnects


def gaps_of(*steps: bytes) -> list[tuple[str, int, int, int, int, int | None]]:
    """(cause, epoch, number, from, to, estimated) of all gaps after the steps."""
    _, told = fold_all(list(steps))
    return sorted((g.cause, g.epoch, g.from_seq, g.from_ms, g.to_ms, g.estimated) for g in told.gaps.values())


def test_a_stall_is_told_with_an_estimate_once_every_raw_partition_has_passed_it() -> None:
    start = FeedStart("f", 1, 1, (0, 1), "x")
    first = report(0, 0, start, Line(1, 101, 200_000), Line(1, 201, 900_000, silent_ms=500_000), Line(1, 202, 900_001))
    second = report(1, 0, start, Line(1, 1, 100_000))
    reached, passed = report(1, 2, FeedMark("f", 900_000)), report(1, 2, FeedMark("f", 900_001))
    assert "stall" not in {cause for cause, *_ in gaps_of(first, second, reached)}
    stalls = [found for found in gaps_of(first, second, passed) if found[0] == "stall"]
    assert stalls == [("stall", 1, 201, 400_000, 900_000, 200 * 500_000 // 300_000)]
    assert gaps_of(second, passed, first) == gaps_of(first, second, passed)


def test_without_time_before_a_stall_there_is_no_estimate() -> None:
    start = FeedStart("f", 1, 1, (0,), "x")
    lines_ = (Line(1, 1, 1000), Line(1, 2, 901_000, silent_ms=900_000), Line(1, 3, 901_001))
    assert gaps_of(report(0, 0, start, *lines_)) == [("stall", 1, 2, 1000, 901_000, None)]


def test_a_disconnect_is_told_at_once_and_again_when_the_feed_is_back() -> None:
    begun = [FeedStart("f", number, 1, (0,), "x") for number in (1, 2)]
    before = report(0, 0, *begun, Line(1, 1, 1000), Line(1, 11, 11_000), Line(1, 12, 11_000, LineKind.CONTROL, code=7))
    state, told = FOLD.empty(0), Told()
    told.take(list(FOLD.apply(state, 0, before)))
    assert [(g.from_ms, g.to_ms, g.estimated) for g in told.gaps.values() if g.cause == "disconnect"] == [
        (11_000, 11_000, 0)
    ]
    told.take(list(FOLD.apply(state, 1, report(0, 5, Line(2, 1, 71_000), Line(2, 2, 80_000)))))
    assert [(g.from_ms, g.to_ms, g.estimated) for g in told.gaps.values() if g.cause == "disconnect"] == [
        (11_000, 71_000, 66)
    ]
    assert list(FOLD.apply(state, 2, report(0, 7))) == []


def test_only_the_last_notice_of_an_epoch_reaches_to_the_next_one() -> None:
    cuts = [Line(1, n, n * 1000, LineKind.CONTROL, code=7) for n in (2, 3)]
    items = (Line(1, 1, 1000), *cuts, Line(1, 4, 4000), Line(2, 1, 9000))
    begun = [FeedStart("f", number, 1, (0,), "x") for number in (1, 2)]
    assert gaps_of(report(0, 0, *begun, *items)) == [
        ("disconnect", 1, 2, 2000, 2000, 0),
        ("disconnect", 1, 3, 3000, 9000, 2 * 6000 // 2000),
    ]


def test_a_connection_that_ended_without_a_word_is_told_by_its_last_number() -> None:
    begun = [FeedStart("f", number, 1, (0, 1), "x") for number in (1, 2, 3)]
    a = report(0, 0, *begun, Line(1, 1, 1000), Line(1, 3, 5000), Line(3, 2, 65_000))
    b = report(1, 0, *begun, Line(1, 2, 3000), Line(3, 1, 61_000))
    assert gaps_of(a, b) == gaps_of(b, a) == [("disconnect", 1, 3, 5000, 61_000, 2 * 56_000 // 4000)]
    ended = FeedEnd("f", 1, 4, 6000, 0, final=False)
    told_end = report(0, 0, *begun, Line(1, 1, 1000), Line(1, 3, 5000), ended, Line(3, 2, 65_000))
    assert ("disconnect", 1, 4, 6000, 61_000, 3 * 55_000 // 5000) in gaps_of(b, told_end)


def test_an_epoch_that_goes_back_in_time_makes_a_disconnect_of_no_length() -> None:
    begun = [FeedStart("f", number, 1, (0,), "x") for number in (1, 2)]
    assert gaps_of(report(0, 0, *begun, Line(1, 1, 1000), Line(1, 2, 9000), Line(2, 1, 1000))) == [
        ("disconnect", 1, 2, 9000, 9000, 0)
    ]


def test_settled_notices_do_not_pile_up() -> None:
    state = FOLD.empty(0)
    cuts = [Line(1, n, n * 1000, LineKind.CONTROL, code=7) for n in range(1, 200)]
    FOLD.apply(state, 0, report(0, 0, FeedStart("f", 1, 1, (0,), "x"), *cuts, Line(1, 200, 200_000)))
    [epoch] = state.feeds["f"].epochs.values()
    assert list(epoch.cuts) == [199]
    assert epoch.stalls == {}


# ---------------------------------------------------------------- reconnects


def test_an_old_epoch_is_still_counted_while_the_new_one_has_begun_elsewhere() -> None:
    begun = [FeedStart("f", number, 1, (0, 1), "x") for number in (1, 2)]
    steps = [
        report(0, 0, *begun, Line(1, 1, 1000), Line(1, 4, 4000), Line(2, 2, 7000)),
        report(1, 0, *begun, Line(1, 3, 3000)),  # raw partition 1 is still in the old epoch
        report(1, 3, Line(1, 5, 5000), Line(2, 1, 6000), Line(2, 3, 8000)),
        report(0, 5, Line(2, 4, 9000)),
    ]
    for order in ((0, 1, 2, 3), (1, 0, 2, 3), (1, 2, 0, 3), (0, 3, 1, 2)):
        state, told = fold_all([steps[at] for at in order])
        [part] = FOLD.feed_parts(state)
        assert (part.sent, part.mention_lines, part.missed_exact, part.undecided) == (9, 8, 1, 0)
        found = {(g.cause, g.epoch, g.from_seq, g.to_seq) for g in told.gaps.values()}
        assert found == {("sequence", 1, 2, 2), ("disconnect", 1, 5, 5)}


def test_a_reconnect_that_counts_from_where_it_was_is_no_gap() -> None:
    """Epochs of a source that goes on numbering, and one that delivers its last lines again."""
    begun = [FeedStart("f", 1, 1, (0,), "x"), FeedStart("f", 2, 4, (0,), "x")]
    state, told = fold_all(
        [report(0, 0, *begun, *lines(1, 2, 3), Line(1, 2, 3000), Line(2, 4, 9000), Line(2, 5, 9000))]
    )
    [part] = FOLD.feed_parts(state)
    assert (part.sent, part.mention_lines, part.missed_exact, part.undecided) == (5, 5, 0, 0)
    assert {gap.cause for gap in told.gaps.values()} == {"disconnect"}


def test_a_gap_in_an_old_epoch_counts_in_its_window_although_a_new_one_has_begun_elsewhere() -> None:
    """The window of its predecessor lies behind W, and stays open: raw partition 1 is still in the old epoch."""
    begun = [FeedStart("f", number, 1, (0, 1), "x") for number in (1, 2)]
    state, told = FOLD.empty(0), Told()
    steps = [
        report(1, 0, *begun),
        report(0, 0, *begun, Line(1, 1, 1000), Line(2, 1, 5_000_000)),
        report(1, 2, FeedMark("f", 3_900_000)),
        report(1, 3, Line(1, 3, 4_000_000)),
        report(1, 4, Line(2, 2, 6_000_000)),
        report(0, 4, Line(2, 3, 7_000_000)),
    ]
    for offset, step in enumerate(steps):
        told.take(list(FOLD.apply(state, offset, step)))
    newest = {w.window_start_ms: w for block in told.blocks for w in block.windows}
    assert (count(newest[0].counts, "missed_exact"), count(newest[0].counts, "mention_lines")) == (1, 1)
