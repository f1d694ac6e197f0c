"""Goal: of several copies exactly the right one counts, whatever order they came in and however W advanced."""

from itertools import pairwise, permutations
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.dedupe import COUNTED, DUPLICATE, REDELIVERED, PackedCopies, Recent, feed_ranks, seed_of
from streams.stages.waiting import in_order, pick
from streams.stages.watermark import UNSET
from tests.stages.rows import rows

DEDUPE = 100
RANK = feed_ranks(["alpha", "beta", "first"], ("first",))
ALPHA, BETA, FIRST = 0, 1, 2


def judge(*told: tuple[int, str], recent: Recent | None = None, **columns: Any) -> list[int]:
    verdicts: list[int] = (recent or Recent(DEDUPE, UNSET)).judge(rows(*told, **columns), RANK).tolist()
    return verdicts


def test_named_feeds_come_first_and_the_others_by_name() -> None:
    ranks = feed_ranks(["zoe", "b", "anna", "a"], ("zoe", "absent", "b"))
    assert ranks.tolist() == [0, 1, 3, 2]


def test_of_copies_at_one_time_the_first_feed_counts() -> None:
    assert judge((5, "m"), (5, "m"), (5, "m"), feed=[ALPHA, FIRST, BETA]) == [DUPLICATE, COUNTED, DUPLICATE]


def test_within_one_feed_the_lowest_epoch_and_number_count() -> None:
    verdicts = judge((5, "m"), (5, "m"), (5, "m"), epoch=[2, 1, 1], seq=[1, 9, 8])
    assert verdicts == [DUPLICATE, DUPLICATE, COUNTED]


def test_the_same_stamp_again_is_no_copy() -> None:
    verdicts = judge((5, "m"), (5, "m"), (5, "m"), (5, "m"), feed=[BETA, BETA, ALPHA, ALPHA], seq=[3, 3, 4, 4])
    assert sorted(verdicts) == [COUNTED, DUPLICATE, REDELIVERED, REDELIVERED]
    assert COUNTED in verdicts[2:]


def test_other_ids_and_other_keys_are_no_copies() -> None:
    recent = Recent(DEDUPE, UNSET)
    assert judge((5, "m"), (5, "n"), recent=recent) == [COUNTED, COUNTED]
    assert recent.judge(rows((5, "m"), customer="another", seq=[7]), RANK).tolist() == [COUNTED]


@pytest.mark.parametrize(("distance", "verdict"), [(1, DUPLICATE), (DEDUPE, DUPLICATE), (DEDUPE + 1, COUNTED)])
@pytest.mark.parametrize("apart", [False, True])
def test_a_copy_at_another_time_is_a_duplicate_within_the_dedupe_span(distance: int, verdict: int, apart: bool) -> None:
    recent = Recent(DEDUPE, UNSET)
    if apart:
        assert judge((0, "m"), recent=recent, seq=[1]) == [COUNTED]
        recent.forget(distance - DEDUPE)
        assert judge((distance, "m"), recent=recent, seq=[2]) == [verdict]
    else:
        assert judge((0, "m"), (distance, "m"), recent=recent) == [COUNTED, verdict]


def test_a_duplicate_does_not_extend_the_span() -> None:
    assert judge((0, "m"), (60, "m"), (120, "m")) == [COUNTED, DUPLICATE, COUNTED]


def test_a_duplicate_delivered_again_is_not_counted_again() -> None:
    recent = Recent(DEDUPE, UNSET)
    judge((0, "m"), (0, "m"), recent=recent, feed=[ALPHA, BETA], seq=[1, 1])
    assert judge((0, "m"), (0, "m"), recent=recent, feed=[BETA, ALPHA], seq=[1, 1]) == [REDELIVERED, REDELIVERED]


def test_what_is_forgotten_counts_anew_and_takes_no_memory() -> None:
    recent = Recent(DEDUPE, UNSET)
    for step in range(200):
        judge(*((step * 10, f"{step}-{row}") for row in range(10)), recent=recent)
        recent.forget(step * 10 - DEDUPE)
    held = sum(len(part.table) for part in recent.dump()) / 24
    assert held < 2_000 / 4
    assert judge((1_000, "100-0"), recent=recent) == [COUNTED]


def test_no_order_of_arrival_matters() -> None:
    told = [((0, "m"), ALPHA, 1), ((0, "m"), FIRST, 1), ((0, "m"), BETA, 2), ((50, "m"), ALPHA, 9)]
    for order in permutations(told):
        verdicts = judge(*(row for row, _, _ in order), feed=[f for _, f, _ in order], seq=[s for _, _, s in order])
        assert [feed for (_, feed, _), verdict in zip(order, verdicts, strict=True) if not verdict] == [FIRST]


def test_seeds_do_not_run_into_each_other() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("a\x1f", "bc"), ("a", "\x1fbc"), ("a", "")]
    assert len({seed_of(*pair) for pair in pairs}) == len(pairs)
    assert seed_of("a", "bc") == seed_of("a", "bc")


def test_one_hash_does_not_make_two_of_one_time_copies_of_each_other() -> None:
    """Half of the bits are equal."""
    assert judge((5, "m"), (5, "n"), copy_high=[7, 7], copy_low=[1, 2]) == [COUNTED, COUNTED]
    assert judge((5, "m"), (5, "n"), copy_high=[7, 8], copy_low=[1, 1]) == [COUNTED, COUNTED]
    assert judge((5, "m"), (5, "n"), copy_high=[7, 7], copy_low=[1, 1]) == [COUNTED, DUPLICATE]


copies = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from("ab"), st.integers(0, 2), st.integers(1, 6)), max_size=25
)


@given(copies, st.lists(st.integers(0, 400), max_size=5))
def test_however_the_watermark_advances_the_verdicts_are_the_same(
    told: list[tuple[int, str, int, int]], stops: list[int]
) -> None:
    """Law, with a snapshot at every stop. One stamp has one time, as in any feed."""
    stamped = {(feed, seq): (time_ms, id_) for time_ms, id_, feed, seq in told}
    feeds, seqs = [feed for feed, _ in stamped], [seq for _, seq in stamped]
    sorted_rows = in_order(rows(*stamped.values(), feed=feeds, seq=seqs))
    whole = Recent(DEDUPE, UNSET).judge(sorted_rows, RANK)
    recent, verdicts = Recent(DEDUPE, UNSET), []
    for low, high in pairwise([-1, *sorted(stops), 401]):
        times_ms = sorted_rows.table["time_ms"]
        part = pick(sorted_rows, np.flatnonzero((times_ms >= low) & (times_ms < high)))
        verdicts += recent.judge(part, RANK).tolist()
        recent.forget(high - DEDUPE)
        recent = _reloaded(recent)
    assert verdicts == whole.tolist()


def _reloaded(recent: Recent) -> Recent:
    loaded = Recent(recent.dedupe_ms, recent.since_ms)
    for part in recent.dump():
        loaded.load(msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=PackedCopies))
    return loaded
