"""Merge gives one account of each window, in whatever order and however often it hears the origins."""

import random
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.counters import COUNTER, DENSE
from models.packed import PACKED_SCHEMA, FeedPart, PartialBlock, WindowPart
from models.records import FeedRecord, Rate
from streams.stages import merge, topics
from streams.stages.fold import BlockError, Output
from streams.stages.merge import MergeFold
from streams.stages.merge_state import MergeState
from streams.stages.partials import trimmed
from streams.stages.watermark import UNSET
from streams.stages.windows import WindowRecord, rate
from tests.stages.capture_told import WINDOW_MS, rules

ORIGINS = ("care-0", "care-1", "capture-0")
FOLD = MergeFold(rules())
WIDTHS = (WINDOW_MS, 2 * WINDOW_MS, 6 * WINDOW_MS)
WIDE = MergeFold(msgspec.structs.replace(rules(), rollup_ms=WIDTHS[1:]))
ACME, BOLT = (f"0:{WINDOW_MS}:{brand}:x" for brand in ("acme", "bolt"))
seeds = st.integers(0, 2**32)


def part(start: int, brand: str, *, open: int = 0, waiting: int = 0, **counts: int) -> WindowPart:  # noqa: A002
    return row_part(start, brand, {COUNTER[name]: value for name, value in counts.items()}, open, waiting)


def row_part(start: int, brand: str, counts: dict[int, int], opened: int, waiting: int = 0) -> WindowPart:
    dense = trimmed([counts.get(index, 0) for index in range(DENSE)])
    sparse = {index: value for index, value in counts.items() if index >= DENSE and value}
    return WindowPart(start, brand, "x", dense, opened, waiting, sparse)


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
                assert key == f"{window.window_start_ms}:{window.window_s * 1000:.0f}:{window.brand}:{window.source}"
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
Key = tuple[int, int, str]  # width, start, brand
WINDOWS = 8
BRANDS = ("acme", "bolt", "c&a")
FIGURES = ("first_response_7", "censored_3", "next_response_9", "resolution_30", "tier_1_opened", "band_2_actionable")


def grow(chance: random.Random, counts: Counter[int], whole: Counter[int], *, mentions: int) -> None:
    """A brand's row and that of all brands get some mentions, and one of its figures grows."""
    figure = chance.choice(FIGURES)
    for row in (counts, whole):
        row[COUNTER["received"]] += mentions
        row[COUNTER["customer_other"]] += mentions
        row[COUNTER[figure]] += 1


def histories(chance: random.Random) -> tuple[Histories, dict[Key, Counter[int]]]:
    """What each origin says in its own order, and the true final counts of every row of every width. Origin time goes
    one window a step; a row of window i appears at step i and closes at step i + 1 or later."""
    said: dict[str, list[list[WindowPart]]] = {origin: [[] for _ in range(WINDOWS + 6)] for origin in ORIGINS}
    truth = dict[Key, Counter[int]]()
    for index in range(WINDOWS):
        brands = [brand for brand in BRANDS if chance.random() < 0.6]
        whole = Counter[int]()
        for origin in ("care-0", "care-1"):
            rows = care_rows(chance, index, brands, said[origin])
            whole += rows["*"]
            for brand, counts in rows.items():
                know(truth, index * WINDOW_MS, brand, counts)
        capture, closes = Counter({COUNTER["mention_lines"]: whole[COUNTER["received"]]}), index + chance.randint(1, 4)
        for step in range(index, closes + 1):
            capture[COUNTER["missed_exact"]] += chance.randint(0, 2)
            said["capture-0"][step].append(row_part(index * WINDOW_MS, "*", capture, int(step < closes)))
        know(truth, index * WINDOW_MS, "*", capture)
    packed = {
        origin: [block(origin, step, step * WINDOW_MS, tuple(parts)) for step, parts in enumerate(steps)]
        for origin, steps in said.items()
    }
    return packed, {key: counts for key, counts in truth.items() if any(counts.values())}


def care_rows(
    chance: random.Random, index: int, brands: list[str], steps: list[list[WindowPart]]
) -> dict[str, Counter[int]]:
    """One window as one care partition tells it step by step; its counts in the end."""
    rows, closes = {brand: Counter[int]() for brand in (*brands, "*")}, index + chance.randint(1, 4)
    for step in range(index, closes + 1):
        for brand in brands:
            if step == index or chance.random() < 0.5:
                grow(chance, rows[brand], rows["*"], mentions=chance.randint(0, 3) if step == index else 0)
        steps[step] += [row_part(index * WINDOW_MS, brand, rows[brand], int(step < closes)) for brand in rows]
    return rows


def know(truth: dict[Key, Counter[int]], start: int, brand: str, counts: Counter[int]) -> None:
    for width in WIDTHS:
        truth.setdefault((width, start - start % width, brand), Counter()).update(counts)


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
    blocks = shuffled_together(packed, random.Random(order))
    published = fold_all(blocks, fold=WIDE, drains=random.Random(order))
    assert sorted(published.finals) == sorted(f"{start}:{width}:{brand}:x" for width, start, brand in truth)
    assert all(window.final for window in published.windows.values())
    in_a_row = [value for blocks in packed.values() for value in blocks]
    assert published.standing == fold_all(in_a_row, fold=WIDE).standing


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_rows_of_every_width_have_the_sums_of_what_was_counted_in_them(seed: int) -> None:
    chance = random.Random(seed)
    packed, truth = histories(chance)
    published = fold_all(shuffled_together(packed, chance), fold=WIDE)
    for (width, start, brand), counts in truth.items():
        window = published.windows[f"{start}:{width}:{brand}:x"]
        whole = truth[width, start, "*"]
        assert (window.open, window.waiting, window.difference) == (0, 0, 0)
        assert window.received == window.roles.customer_other == counts[COUNTER["received"]]
        assert window.first_response.count == counts[COUNTER["first_response_7"]]
        assert window.next_response.count == counts[COUNTER["next_response_9"]]
        assert window.rates["answered"].pending == counts[COUNTER["band_2_actionable"]]
        received, missed = whole[COUNTER["received"]], whole[COUNTER["missed_exact"]]
        assert window.coverage == rate(received, received + missed, 0)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_shares_of_voice_of_all_brands_make_a_whole_in_every_window(seed: int) -> None:
    chance = random.Random(seed)
    packed, _ = histories(chance)
    published = fold_all(shuffled_together(packed, chance), fold=WIDE)
    shares = dict[tuple[int | float, int], list[Rate]]()
    for window in published.windows.values():
        assert (window.share_of_voice is None) == (window.brand == "*")
        if window.share_of_voice is not None:
            shares.setdefault((window.window_s, window.window_start_ms), []).append(window.share_of_voice)
    for rates in shares.values():
        assert {(one.denominator, one.pending) for one in rates} == {(sum(one.numerator for one in rates), 0)}


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_snapshot_in_the_middle_changes_nothing_and_the_state_empties(seed: int) -> None:
    chance = random.Random(seed)
    blocks = shuffled_together(histories(chance)[0], chance)
    state, published, middle = WIDE.empty(0), Published(), chance.randrange(len(blocks))
    for offset, value in enumerate(blocks):
        published.take(list(WIDE.apply(state, offset, value)))
        if offset == middle:
            state = WIDE.load(0, list(WIDE.dump(state)))
    assert published.standing == fold_all(blocks, fold=WIDE).standing
    assert (state.rows, state.windows, state.around, state.dirty_rows) == ({}, {}, {}, {})


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_provisional_rows_are_the_same_after_recovery(seed: int) -> None:
    chance = random.Random(seed)
    blocks = shuffled_together(histories(chance)[0], chance)
    state = WIDE.empty(0)
    for offset, value in enumerate(blocks[: chance.randrange(len(blocks))]):
        WIDE.apply(state, offset, value)
    recovered = WIDE.load(0, list(WIDE.dump(state)))
    state.dirty_rows |= dict.fromkeys(state.rows)
    assert set(WIDE.drain(recovered)) == set(WIDE.drain(state))
    assert WIDE.gauges(recovered) == WIDE.gauges(state)


def test_a_wide_row_keeps_what_its_final_base_rows_had_and_is_final_when_all_of_it_has_passed() -> None:
    one, state, published = ("care-0",), WIDE.empty(0), Published()
    first = part(0, "acme", received=2, customer_other=2)
    second = part(WINDOW_MS, "acme", received=3, customer_other=3)
    wide = f"0:{2 * WINDOW_MS}:acme:x"
    published.take(list(WIDE.apply(state, 0, block("care-0", 0, WINDOW_MS, (first,), origins=one))))
    published.take(list(WIDE.drain(state)))
    assert published.finals == [ACME]
    assert (published.windows[wide].received, published.windows[wide].final) == (2, False)
    published.take(list(WIDE.apply(state, 1, block("care-0", 1, 2 * WINDOW_MS, (second,), origins=one))))
    assert published.finals == [ACME, f"{WINDOW_MS}:{WINDOW_MS}:acme:x", wide]
    assert published.windows[wide].received == 5


def test_a_brands_row_is_not_final_while_capture_has_something_undecided_in_its_window() -> None:
    origins = ("care-0", "capture-0")
    rows = tuple(part(0, brand, received=1, customer_other=1) for brand in ("acme", "*"))
    undecided = part(0, "*", open=1, mention_lines=1)
    state, published = FOLD.empty(0), Published()
    published.take(list(FOLD.apply(state, 0, block("capture-0", 0, WINDOW_MS, (undecided,), origins=origins))))
    published.take(list(FOLD.apply(state, 1, block("care-0", 0, WINDOW_MS, rows, origins=origins))))
    published.take(list(FOLD.drain(state)))
    assert published.finals == []
    assert published.windows[ACME].coverage == rate(1, 1, 1)
    decided = part(0, "*", mention_lines=1, missed_exact=3)
    published.take(list(FOLD.apply(state, 2, block("capture-0", 1, WINDOW_MS, (decided,), origins=origins))))
    assert ACME in published.finals
    assert published.windows[ACME].coverage == rate(1, 4, 0)


def test_a_brands_share_is_told_again_when_another_brand_is_spoken_of() -> None:
    state, published = FOLD.empty(0), Published()
    FOLD.apply(state, 0, block("care-0", 0, 0, (part(0, "acme", received=1, customer_other=1),)))
    published.take(list(FOLD.drain(state)))
    FOLD.apply(state, 1, block("care-0", 1, 0, (part(0, "bolt", received=3, customer_other=3),)))
    published.take(list(FOLD.drain(state)))
    assert published.windows[ACME].share_of_voice == rate(1, 4, 0)


def test_only_the_narrowest_final_rows_add_to_the_difference_of_windows() -> None:
    unbalanced = part(0, "acme", received=2, customer_other=1)
    state = WIDE.empty(0)
    WIDE.apply(state, 0, block("care-0", 0, 9 * WINDOW_MS, (unbalanced,), origins=("care-0",)))
    assert WIDE.gauges(state)["unheard_window_conservation_difference"] == 1
    assert WIDE.gauges(state)["unheard_windows_final"] == len(WIDTHS)


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
    assert published.finals == [ACME]


@pytest.mark.parametrize("blocker", [{"open": 1}, {"waiting": 1}])
def test_an_open_or_waiting_part_holds_a_row_but_not_its_neighbours(blocker: dict[str, int]) -> None:
    one = ("care-0",)
    held = part(0, "acme", received=1, customer_other=1, **blocker)
    free = part(0, "bolt", received=1, customer_other=1)
    state, published = FOLD.empty(0), Published()
    published.take(list(FOLD.apply(state, 0, block("care-0", 0, 9 * WINDOW_MS, (held, free), origins=one))))
    assert published.finals == [BOLT]
    closed = part(0, "acme", received=1, customer_other=1)
    published.take(list(FOLD.apply(state, 1, block("care-0", 1, 9 * WINDOW_MS, (closed,), origins=one))))
    assert published.finals == [BOLT, ACME]


def test_provisional_records_are_held_back_until_drained_and_then_told_once() -> None:
    state = FOLD.empty(0)
    assert FOLD.apply(state, 0, block("care-0", 0, 0, (part(0, "acme", received=1, customer_other=1),))) == []
    assert FOLD.apply(state, 1, block("care-0", 1, 0, (part(0, "acme", received=2, customer_other=2),))) == []
    published = Published()
    published.take(list(FOLD.drain(state)))
    assert published.windows[ACME].received == 2
    assert not published.windows[ACME].final
    assert list(FOLD.drain(state)) == []


def test_publishing_takes_a_bounded_number_of_rows_the_oldest_change_first() -> None:
    state = FOLD.empty(0)
    parts = tuple(part(i * WINDOW_MS, "acme", received=1) for i in range(merge.DRAIN_ROWS + 5))
    FOLD.apply(state, 0, block("care-0", 0, 0, parts))
    first, second = FOLD.drain(state), FOLD.drain(state)
    assert (len(first), len(second)) == (merge.DRAIN_ROWS, 5)
    assert first[0].key == ACME.encode()


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    newer = block("care-0", 8, UNSET, (part(0, "acme", received=5),))
    older = block("care-0", 7, UNSET, (part(0, "acme", received=3),))
    assert fold_all([newer, older]).windows[ACME].received == 5


def test_a_part_for_a_window_that_is_final_is_a_repeat() -> None:
    one = ("care-0",)
    said = block("care-0", 0, 5 * WINDOW_MS, (part(0, "acme", received=1),), origins=one)
    state, published = FOLD.empty(0), Published()
    for offset in range(2):
        published.take(list(FOLD.apply(state, offset, said)))
    assert published.finals == [ACME]
    assert FOLD.gauges(state)["unheard_parts_behind"] == 1


def test_a_row_that_only_guards_a_gap_is_never_published() -> None:
    guard = part(0, "*", open=1)
    published = fold_all([block("capture-0", 0, 0, (guard,)), block("capture-0", 1, 0, (part(0, "*"),))])
    assert published.windows == {}


def feed_parts(**capture: Any) -> list[tuple[str, FeedPart]]:
    ended: dict[str, Any] = {"late": 1, "rejected": 2, "control": 3, "end_ms": 1000, "ended": True}
    return [
        ("care-0", FeedPart("f", "x", received=6, duplicates=1)),
        ("care-1", FeedPart("f", "x", received=3)),
        ("capture-0", FeedPart("f", "x", **ended | capture)),
    ]


@pytest.mark.parametrize(("undecided", "difference"), [(2, 0), (1, 1), (3, -1)])
def test_the_account_of_a_running_feed_compares_capture_with_itself(undecided: int, difference: int) -> None:
    """Ten mentions have come, of which care has nothing yet."""
    state = FOLD.empty(0)
    (_, _, (origin, said)) = feed_parts(sent=20, mention_lines=10, missed_exact=2, undecided=undecided, ended=False)
    FOLD.apply(state, 0, block(origin, 0, 2000, feeds=(said,)))
    (record,) = FOLD.feed_records(state)
    assert (record.final, record.difference) == (False, difference)
    assert FOLD.gauges(state)["unheard_conservation_difference"] == abs(difference)


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


def test_with_a_final_account_every_row_is_told_as_it_stands_also_one_that_can_still_change() -> None:
    one, ended = ("care-0",), FeedPart("f", "x", sent=1, received=1, ended=True, end_ms=1000)
    many = tuple(part(i * WINDOW_MS, "acme", received=1, customer_other=1, open=1) for i in range(merge.DRAIN_ROWS + 5))
    state, published = WIDE.empty(0), Published()
    published.take(list(WIDE.apply(state, 0, block("care-0", 0, WINDOW_MS, many, (ended,), origins=one))))
    assert published.feeds["f"].final
    assert len(published.windows) == len(state.rows) > merge.DRAIN_ROWS
    assert not any(window.final for window in published.windows.values())


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
    assert {output.key for output in FOLD.drain(recovered)} == {ACME.encode(), b"f"}
