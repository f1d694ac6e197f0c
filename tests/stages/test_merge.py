"""Merge gives one account of each window, in whatever order and however often it hears the origins."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.counters import COUNTER, COUNTERS
from models.records import PACKED_SCHEMA, FeedPart, FeedRecord, PartialBlock, WindowPart
from streams.stages import merge, topics
from streams.stages.fold import BlockError, Output
from streams.stages.merge import MergeFold, MergeState
from streams.stages.partials import trimmed
from streams.stages.watermark import UNSET
from streams.stages.windows import WindowRecord, total_counts
from tests.stages.test_capture import WINDOW_MS, rules

ORIGINS = ("care-0", "care-1", "capture-0")
FOLD = MergeFold(rules())
seeds = st.integers(0, 2**32)


def part(start: int, brand: str, *, open: int = 0, waiting: int = 0, **counts: int) -> WindowPart:  # noqa: A002
    row = [0] * len(COUNTERS)
    for name, value in counts.items():
        row[COUNTER[name]] = value
    return WindowPart(start, brand, "x", trimmed(row), open, waiting)


def block(
    origin: str,
    revision: int,
    watermark_ms: int = UNSET,
    windows: tuple[WindowPart, ...] = (),
    feeds: tuple[FeedPart, ...] = (),
    origins: tuple[str, ...] = ORIGINS,
) -> bytes:
    return msgspec.msgpack.encode(PartialBlock(PACKED_SCHEMA, origin, origins, revision, watermark_ms, windows, feeds))


class Published:
    """Newest record of each key, and how often each window was final."""

    def __init__(self) -> None:
        self.windows: dict[str, WindowRecord] = {}
        self.feeds: dict[str, FeedRecord] = {}
        self.finals: list[str] = []

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            assert output.key is not None
            assert output.value is not None
            key = output.key.decode()
            if output.topic == topics.WINDOWS:
                window = msgspec.json.decode(output.value, type=WindowRecord)
                assert key == f"{window.window_start_ms}:{window.brand}:{window.source}"
                assert key not in self.windows or self.windows[key].revision <= window.revision
                self.windows[key] = window
                self.finals += [key] if window.final else []
            else:
                self.feeds[key] = msgspec.json.decode(output.value, type=FeedRecord)

    @property
    def standing(self) -> dict[str, WindowRecord]:
        return {key: msgspec.structs.replace(window, revision=0) for key, window in self.windows.items()}


def fold_all(blocks: list[bytes], *, fold: MergeFold = FOLD, drains: random.Random | None = None) -> Published:
    state, published = fold.empty(0), Published()
    for offset, value in enumerate(blocks):
        published.take(list(fold.apply(state, offset, value)))
        if drains and drains.random() < 0.4:
            published.take(list(fold.drain(state)))
    published.take(list(fold.drain(state)))
    return published


Histories = dict[str, list[bytes]]


def histories(chance: random.Random) -> tuple[Histories, dict[str, list[int]]]:
    """What each origin says in its own order, and the true final counts of every row. Origin time goes one window
    a step; a row of window i appears at step i and closes at step i + 1 or later."""
    rows = [(i, brand) for i in range(5) for brand in ("*", "acme", "bolt") if chance.random() < 0.8]
    said: dict[str, list[list[WindowPart]]] = {origin: [[] for _ in range(10)] for origin in ORIGINS}
    truth = dict[str, list[int]]()
    for index, brand in rows:
        for origin in ORIGINS:
            if chance.random() < 0.4:
                continue
            counts, closes = [0] * len(COUNTERS), index + 1 + chance.randint(0, 3)
            for step in range(index, closes + 1):
                counts[COUNTER["received"]] += (more := chance.randint(0, 2))
                counts[COUNTER["customer_other"]] += more
                counts[chance.choice((COUNTER["missed_exact"], COUNTER["first_response_7"]))] += 1
                is_open = int(step < closes)
                said[origin][step].append(WindowPart(index * WINDOW_MS, brand, "x", trimmed(counts), is_open))
            key = f"{index * WINDOW_MS}:{brand}:x"
            truth[key] = total_counts([truth.get(key, []), counts])
    packed = {
        origin: [block(origin, step, step * WINDOW_MS, tuple(parts)) for step, parts in enumerate(steps)]
        for origin, steps in said.items()
    }
    return packed, truth


def shuffled_together(packed: Histories, chance: random.Random) -> list[bytes]:
    """Each origin in its own order, now and then going back some blocks and saying them again."""
    at, blocks = dict.fromkeys(packed, 0), list[bytes]()
    while left := [origin for origin in packed if at[origin] < len(packed[origin])]:
        origin = chance.choice(left)
        blocks.append(packed[origin][at[origin]])
        at[origin] += 1
        if chance.random() < 0.15:
            again = chance.randrange(at[origin])
            blocks += packed[origin][again : at[origin]]
    return blocks


@settings(max_examples=60, deadline=None)
@given(seeds, seeds)
def test_any_order_of_origins_and_any_repeats_give_the_same_final_records(seed: int, order: int) -> None:
    packed, truth = histories(random.Random(seed))
    published = fold_all(shuffled_together(packed, random.Random(order)), drains=random.Random(order))
    assert sorted(published.finals) == sorted(truth)
    for key, window in published.windows.items():
        assert window.final
        assert (window.open, window.waiting, window.difference) == (0, 0, 0)
        assert window.received == window.roles.customer_other == truth[key][COUNTER["received"]]
        assert window.missed_exact == truth[key][COUNTER["missed_exact"]]
        assert window.first_response.count == truth[key][COUNTER["first_response_7"]]
    assert published.standing == fold_all([b for blocks in packed.values() for b in blocks]).standing


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_snapshot_in_the_middle_changes_nothing_and_the_state_empties(seed: int) -> None:
    chance = random.Random(seed)
    blocks = shuffled_together(histories(chance)[0], chance)
    state, published, middle = FOLD.empty(0), Published(), chance.randrange(len(blocks))
    for offset, value in enumerate(blocks):
        published.take(list(FOLD.apply(state, offset, value)))
        if offset == middle:
            state = FOLD.load(0, list(FOLD.dump(state)))
    assert published.standing == fold_all(blocks).standing
    assert (state.windows, state.dirty_rows) == ({}, {})


def test_a_window_is_final_only_when_every_origin_has_passed_it() -> None:
    state, published = FOLD.empty(0), Published()
    steps = [
        block("care-0", 0, WINDOW_MS, (part(0, "acme", received=1, customer_other=1),)),
        block("care-1", 0, WINDOW_MS),
        block("capture-0", 0, WINDOW_MS - 1),
    ]
    for offset, step in enumerate(steps):
        published.take(list(FOLD.apply(state, offset, step)))
    assert published.finals == []
    published.take(list(FOLD.apply(state, 3, block("capture-0", 1, WINDOW_MS))))
    assert published.finals == ["0:acme:x"]


@pytest.mark.parametrize("blocker", [{"open": 1}, {"waiting": 1}])
def test_an_open_or_waiting_part_holds_a_row_but_not_its_neighbours(blocker: dict[str, int]) -> None:
    one = ("care-0",)
    held = part(0, "acme", received=1, customer_other=1, **blocker)
    free = part(0, "bolt", received=1, customer_other=1)
    state, published = FOLD.empty(0), Published()
    published.take(list(FOLD.apply(state, 0, block("care-0", 0, 9 * WINDOW_MS, (held, free), origins=one))))
    assert published.finals == ["0:bolt:x"]
    closed = part(0, "acme", received=1, customer_other=1)
    published.take(list(FOLD.apply(state, 1, block("care-0", 1, 9 * WINDOW_MS, (closed,), origins=one))))
    assert published.finals == ["0:bolt:x", "0:acme:x"]


def test_provisional_records_are_held_back_until_drained_and_then_told_once() -> None:
    state = FOLD.empty(0)
    assert FOLD.apply(state, 0, block("care-0", 0, 0, (part(0, "acme", received=1, customer_other=1),))) == []
    assert FOLD.apply(state, 1, block("care-0", 1, 0, (part(0, "acme", received=2, customer_other=2),))) == []
    published = Published()
    published.take(list(FOLD.drain(state)))
    assert published.windows["0:acme:x"].received == 2
    assert not published.windows["0:acme:x"].final
    assert list(FOLD.drain(state)) == []


def test_publishing_takes_a_bounded_number_of_rows_the_oldest_change_first() -> None:
    state = FOLD.empty(0)
    parts = tuple(part(i * WINDOW_MS, "acme", received=1) for i in range(merge.DRAIN_ROWS + 5))
    FOLD.apply(state, 0, block("care-0", 0, 0, parts))
    first, second = FOLD.drain(state), FOLD.drain(state)
    assert (len(first), len(second)) == (merge.DRAIN_ROWS, 5)
    assert first[0].key == b"0:acme:x"


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    newer = block("care-0", 8, UNSET, (part(0, "acme", received=5),))
    older = block("care-0", 7, UNSET, (part(0, "acme", received=3),))
    assert fold_all([newer, older]).windows["0:acme:x"].received == 5


def test_a_part_for_a_window_that_is_final_is_a_repeat() -> None:
    one = ("care-0",)
    said = block("care-0", 0, 5 * WINDOW_MS, (part(0, "acme", received=1),), origins=one)
    state, published = FOLD.empty(0), Published()
    for offset in range(2):
        published.take(list(FOLD.apply(state, offset, said)))
    assert published.finals == ["0:acme:x"]
    assert FOLD.gauges(state)["unheard_parts_behind"] == 1


def test_a_row_that_only_guards_a_gap_is_never_published() -> None:
    guard = part(0, "*", open=1)
    published = fold_all([block("capture-0", 0, 0, (guard,)), block("capture-0", 1, 0, (part(0, "*"),))])
    assert published.windows == {}


def test_pending_answers_of_all_brands_are_the_sum_over_brands() -> None:
    """One actionable mention of two brands is one mention there, and two tweets to answer."""
    windows = (
        part(0, "*", received=1, customer_actionable=1, mentions_answered=1, open=1),
        part(0, "acme", received=1, customer_actionable=1, mentions_answered=1),
        part(0, "bolt", received=1, customer_actionable=1, open=1),
    )
    answered = fold_all([block("care-0", 0, 0, windows)]).windows["0:*:x"].rates["answered"]
    assert (answered.numerator, answered.denominator, answered.pending) == (1, 1, 1)


def feed_parts(**capture: Any) -> list[tuple[str, FeedPart]]:
    return [
        ("care-0", FeedPart("f", "x", received=6, duplicates=1)),
        ("care-1", FeedPart("f", "x", received=3)),
        ("capture-0", FeedPart("f", "x", late=1, rejected=2, control=3, end_ms=1000, ended=True, **capture)),
    ]


@pytest.mark.parametrize(("missed", "difference"), [(4, 0), (3, 1), (5, -1)])
def test_the_account_of_a_feed_balances_or_says_by_how_much_not(missed: int, difference: int) -> None:
    state, published = FOLD.empty(0), Published()
    for offset, (origin, said) in enumerate(feed_parts(sent=20, missed_exact=missed)):
        published.take(list(FOLD.apply(state, offset, block(origin, 0, 2000, feeds=(said,)))))
    assert published.feeds["f"].final
    assert published.feeds["f"].difference == difference
    assert FOLD.gauges(state)["unheard_conservation_difference"] == abs(difference)


@pytest.mark.parametrize(
    ("ended", "watermark_ms", "waiting", "final"),
    [(True, 1001, 0, True), (False, 1001, 0, False), (True, 1000, 0, False), (True, 1001, 1, False)],
)
def test_an_account_is_final_once_the_feed_ended_and_everybody_has_passed_its_end(
    ended: bool, watermark_ms: int, waiting: int, final: bool
) -> None:
    capture = FeedPart("f", "x", sent=1, ended=ended, end_ms=1000)
    care = FeedPart("f", "x", received=1, waiting=waiting)
    published = fold_all(
        [
            block("care-0", 0, watermark_ms, feeds=(care,)),
            block("care-1", 0, 5000),
            block("capture-0", 0, 5000, feeds=(capture,)),
        ]
    )
    assert published.feeds["f"].final == final


def test_the_final_account_is_sent_after_the_windows_that_led_to_it() -> None:
    one, ended = ("care-0",), FeedPart("f", "x", sent=1, received=1, ended=True, end_ms=1000)
    said = block("care-0", 0, WINDOW_MS, (part(0, "*", received=1, customer_other=1),), (ended,), origins=one)
    phases = {output.topic: output.phase for output in FOLD.apply(FOLD.empty(0), 0, said)}
    assert phases[topics.WINDOWS] < phases[topics.FEEDS]


def test_a_final_account_that_changes_after_all_is_published_again_at_once() -> None:
    state, published = FOLD.empty(0), Published()
    for offset, (origin, said) in enumerate(feed_parts(sent=20, missed_exact=4)):
        published.take(list(FOLD.apply(state, offset, block(origin, 0, 2000, feeds=(said,)))))
    more = FeedPart("f", "x", received=4)
    published.take(list(FOLD.apply(state, 9, block("care-1", 1, 3000, feeds=(more,)))))
    assert (published.feeds["f"].difference, published.feeds["f"].revision) == (-1, 9)


@pytest.mark.parametrize("value", [b"", b"\xc1", block("care-0", 0)[:-1]])
def test_a_block_it_cannot_read_halts_it(value: bytes) -> None:
    with pytest.raises(BlockError):
        FOLD.apply(FOLD.empty(0), 0, value)


def test_after_recovery_everything_open_counts_as_held_back() -> None:
    state = FOLD.empty(0)
    FOLD.apply(state, 0, block("care-0", 0, 0, (part(0, "acme", received=1),), (FeedPart("f", "x", received=1),)))
    assert len(FOLD.drain(state)) == 2
    recovered: MergeState = FOLD.load(0, list(FOLD.dump(state)))
    assert {output.key for output in FOLD.drain(recovered)} == {b"0:acme:x", b"f"}
