"""Goal: the care fold says the same whatever way the same events came, and halts at a block that it must not fold.

Method: small worlds (``tests.simulation.world``) folded block by block; Hypothesis cuts, spreads and shuffles them.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import PACKED_SCHEMA, CareBlock, CareSection, FeedMark, PartialBlock, RawSpan
from models.records import DEFINITIONS, CaseRecord, Outcome
from streams.stages import topics
from streams.stages.care import CareFold
from streams.stages.care_state import CareState
from streams.stages.fold import BlockError, Fold, Output
from streams.stages.rules import Rules
from tests.oracle.customers import hash_of
from tests.simulation.model import expected_account, published_account
from tests.simulation.world import (
    DEDUPE,
    HORIZON,
    KINDS,
    LATENESS,
    LIMIT,
    RECONTACT,
    SLA,
    WINDOW,
    Delivery,
    RawLog,
    Spoken,
    cut_all,
    pack,
    raw_log,
    small_rules,
)

RULES = small_rules()
ANN = hash_of("ann")
T = TypeVar("T", bound=Hashable)


def world(*spoken: Spoken, partitions: int = 1, feed: str = "alpha") -> tuple[Delivery, RawLog]:
    delivery = Delivery(feed, 1, list(spoken), tuple(range(partitions)))
    return delivery, raw_log([delivery], partitions, Random(0))


def whole(log: RawLog) -> list[tuple[int, int, int]]:
    return [(partition, 0, len(lines)) for partition, lines in enumerate(log)]


def fold(blocks: Iterable[bytes], rules: Rules = RULES) -> tuple[CareFold, CareState, list[Output]]:
    care = CareFold(rules)
    state = care.empty(0)
    outputs = [output for offset, block in enumerate(blocks) for output in care.apply(state, offset, block)]
    return care, state, outputs


def cases(outputs: Sequence[Output]) -> list[CaseRecord]:
    values = [output.value for output in outputs if output.topic == topics.CASES]
    return [msgspec.json.decode(value or b"", type=CaseRecord) for value in values]


def partials(outputs: Sequence[Output]) -> list[PartialBlock]:
    values = [output.value for output in outputs if output.topic == topics.PARTIALS]
    return [msgspec.msgpack.decode(value or b"", type=PartialBlock) for value in values]


def test_it_is_a_fold() -> None:
    care: Fold[CareState] = CareFold(RULES)
    assert care.drain(care.empty(3)) == ()


def test_a_case_is_sent_once_a_block_with_its_last_state() -> None:
    _, log = world(Spoken(10_000, "m1", "issue"), Spoken(10_050, "m2", "reply"), Spoken(10_060, "m3", "issue"))
    _, _, outputs = fold(pack(log, whole(log), 1))
    assert [output.key for output in outputs if output.topic == topics.CASES] == [f"x:acme:{ANN}:m1".encode()]
    assert cases(outputs)[0] == CaseRecord(
        case_id=f"x:acme:{ANN}:m1",
        source="x",
        brand="acme",
        customer=ANN,
        tier="default",
        opened_ms=10_000,
        opened_by="m1",
        outcome=Outcome.STALLED,
        closed_ms=10_060 + HORIZON,
        first_response_ms=50,
        sla_breached=False,
        mentions=2,
        replies=1,
        recontact=False,
        sla_due_ms=10_000 + SLA,
        reopened=1,
        next_responses=0,
        longest_next_response_ms=None,
        resolution_ms=None,
        revision=0,
        definitions=DEFINITIONS,
    )


def test_a_pending_case_is_sent_while_it_changes() -> None:
    _, log = world(*(Spoken(10_000 + 200 * at, f"m{at}", "issue") for at in range(5)))
    cuts = [[(0, at, at + 1)] for at in range(len(log[0]))]
    _, _, outputs = fold(block for cut in cuts for block in pack(log, cut, 1))
    states = [(case.outcome, case.sla_breached, case.mentions, case.revision) for case in cases(outputs)]
    assert states == [
        ("pending", None, 1, 3),  # the record at 10,400 moves W to 10,100
        ("pending", True, 2, 4),  # W = 10,300: the SLA instant at 10,100 has passed, the mention at 10,200 counts
        ("pending", True, 3, 5),
        ("missed", True, 5, 6),
    ]


def test_every_merge_partition_hears_of_every_block() -> None:
    rules = small_rules(merge_partitions=3)
    _, log = world(Spoken(10_000, "m1", "issue"))
    _, _, outputs = fold(pack(log, [(0, 0, 2)], 1) + pack(log, [(0, 2, 3)], 1), rules)
    assert [output.partition for output in outputs if output.topic == topics.PARTIALS] == [0, 1, 2, 0, 1, 2]
    assert {output.phase for output in outputs if output.topic == topics.PARTIALS} == {1}
    assert {block.origin for block in partials(outputs)} == {"care-0"}
    assert {block.origins for block in partials(outputs)} == {("care-0", "capture-0")}
    assert {(part.window_start_ms, part.brand) for block in partials(outputs) for part in block.windows} == {
        (10_000, "*"),
        (10_000, "acme"),
    }


def test_a_mention_that_waits_is_visible_before_it_counts() -> None:
    _, log = world(Spoken(10_000, "m1", "issue"), Spoken(10_000 + LATENESS + 1, "m2", "talk"))
    before, behind = (block for cut in ((0, 0, 2), (0, 2, 3)) for block in pack(log, [cut], 1))
    care, state, told = fold([before])
    first, provisional = partials([*told, *care.drain(state)])
    outputs = [*care.apply(state, 1, behind), *care.drain(state)]
    windows = [part for block in partials(outputs) for part in block.windows]
    assert [(part.waiting, part.counts) for part in provisional.windows] == [(1, ()), (1, ())]
    assert [(part.feed, part.waiting, part.received) for part in first.feeds] == [("alpha", 1, 0)]
    assert [(part.window_start_ms, part.waiting) for part in windows] == [
        (10_000, 0),
        (10_000, 0),
        (10_250, 1),
        (10_250, 1),
    ]
    assert care.gauges(state) == {
        "unheard_events_waiting": 1,
        "unheard_cases_open": 1,
        "unheard_watermark_seconds": 10.001,
    }


def test_a_gap_between_blocks_halts() -> None:
    _, log = world(*(Spoken(10_000, f"m{at}", "talk") for at in range(5)))
    blocks = pack(log, [(0, 0, 2)], 1) + pack(log, [(0, 3, 5)], 1)
    with pytest.raises(BlockError, match="offsets 2 to 2 are missing"):
        fold(blocks)


def test_a_section_that_is_sent_again_in_another_cut_counts_only_what_is_new() -> None:
    """Even when nothing remembers the copies any more: the mark alone tells."""
    told = [Spoken(10_000, "m1", "talk"), Spoken(20_000, "m2", "talk"), Spoken(30_000, "m3", "talk")]
    _, log = world(*told)
    cuts = [(0, 0, 3), (0, 0, 3), (0, 1, 4), (0, 0, 5)]
    _, _, outputs = fold(block for cut in cuts for block in pack(log, [cut], 1))
    last = partials(outputs)[-1].feeds[0]
    assert (last.received, last.duplicates, last.overtaken) == (3, 0, 0)


def _block(**changes: object) -> bytes:
    _, log = world(Spoken(10_000, "m1", "issue"))
    block = msgspec.msgpack.decode(pack(log, whole(log), 1)[0], type=CareBlock)
    return msgspec.msgpack.encode(msgspec.structs.replace(block, **changes))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_block(schema=PACKED_SCHEMA + 1), f"schema {PACKED_SCHEMA + 1}"),
        (b"", "cannot be read"),
        (b"\x93\x01\x02", "cannot be read"),
        (b"not msgpack at all", "cannot be read"),
        (_block(rows=b"\0" * 7), "7 bytes and 1 ids for 1 events"),
        (_block(ids=b""), "0 ids for 1 events"),
        (_block(ids=b"m1\0m2\0"), "2 ids for 1 events"),
        (_block(ids=b"m1\0m2"), "for 1 events"),
        (_block(ids=b"\xff\0"), "ids that are no text"),
        (_block(pairs=()), "pair 0 of 0"),
        (_block(feeds=()), "feed 0 of 0"),
        (msgspec.msgpack.encode((2, "model", "config", ((("t", 0, 0, 1), b"", ("m1",)),))), "schema 2, not"),
    ],
)
def test_a_block_that_cannot_be_trusted_halts(value: bytes, message: str) -> None:
    with pytest.raises(BlockError, match=message):
        fold([value])


def test_what_comes_behind_the_watermark_is_counted_for_its_feed_and_nowhere_else() -> None:
    """A live feed was idle, W went on without it, and then it speaks of the past."""
    fast = Delivery("alpha", 1, [Spoken(10_000, "m1", "talk"), Spoken(20_000, "m2", "talk")], (0,))
    slow = Delivery("zulu", 1, [Spoken(10_000, "m1", "talk"), Spoken(10_001, "m3", "issue")], (1,))
    log: RawLog = [fast.lines, slow.lines]
    idle = CareSection(RawSpan("topic", 1, 0, 0, marks=(FeedMark("zulu", 10_000, idle=True),)))
    told = msgspec.msgpack.encode(CareBlock(PACKED_SCHEMA, "m", "c", (idle,)))
    blocks = [told, *pack(log, [(0, 0, 2)], 1), *pack(log, [(1, 0, 2)], 1), *pack(log, [(1, 0, 2)], 1)]
    _, state, outputs = fold(blocks)
    feeds = {part.feed: part for block in partials(outputs) for part in block.feeds}
    assert (feeds["zulu"].received, feeds["zulu"].overtaken, feeds["zulu"].duplicates) == (2, 2, 0)
    assert cases(outputs) == []
    assert not any(part.window_start_ms == 10_001 // WINDOW * WINDOW for part in state.cohorts.parts())


def test_an_overtaken_copy_is_a_duplicate_while_its_like_is_remembered() -> None:
    fast = Delivery("alpha", 1, [Spoken(10_000, "m1", "talk"), Spoken(10_000 + LATENESS + 50, "m2", "talk")], (0,))
    slow = Delivery("zulu", 1, [Spoken(10_000, "m1", "talk")], (1,))
    log: RawLog = [fast.lines, slow.lines]
    blocks = [*pack(log, [(0, 0, 2)], 1), *pack(log, [(1, 0, 1)], 1)]
    _, _, outputs = fold(blocks)
    feeds = {part.feed: part for block in partials(outputs) for part in block.feeds}
    assert (feeds["zulu"].received, feeds["zulu"].overtaken, feeds["zulu"].duplicates) == (0, 0, 1)


def test_a_late_copy_never_reaches_a_case() -> None:
    told = [Spoken(10_000, "m1", "talk"), Spoken(20_000, "m2", "talk"), Spoken(10_001, "m3", "issue")]
    delivery, log = world(*told)
    assert [len(line.events) for line in delivery.lines] == [1, 1, 0]
    _, _, outputs = fold(pack(log, whole(log), 1))
    assert cases(outputs) == []
    assert sum(part.received for block in partials(outputs) for part in block.feeds) == 2


def test_after_recovery_everything_that_can_change_is_sent_once_more() -> None:
    _, log = world(Spoken(10_000, "m1", "issue"), Spoken(10_000 + LATENESS + 1, "m2", "talk"))
    care, state, outputs = fold(pack(log, [(0, 0, 3)], 1))
    loaded = care.load(0, list(care.dump(state)))
    care.drain(state)
    (block,) = partials(care.drain(loaded))
    assert block.windows == tuple(state.cohorts.parts())
    assert block.feeds == partials(outputs)[0].feeds
    assert list(care.drain(loaded)) == []


def test_a_snapshot_of_another_partition_is_refused() -> None:
    care = CareFold(RULES)
    with pytest.raises(BlockError, match="not one of care partition 2"):
        care.load(2, care.dump(care.empty(1)))
    with pytest.raises(BlockError, match="ends early"):
        care.load(2, [])


def test_thirty_days_of_events_leave_no_more_than_what_can_still_change() -> None:
    """State is bounded by open cases, the horizon, the lateness and the memory for re-contacts."""
    step = 40
    days = [Spoken(10_000 + step * at, f"m{at}", "issue", customers=(f"c{at}",)) for at in range(1_500)]
    _, log = world(*days)
    care = CareFold(RULES)
    state, sizes = care.empty(0), []
    for number, cut in enumerate(cut_all(log, Random(0), 50)):
        care.apply(state, number, pack(log, cut, 1)[0])
        sizes.append(len(b"".join(care.dump(state))))
    remembered = (LATENESS + HORIZON + RECONTACT) // step + 2
    assert state.casebook.keys <= remembered
    assert state.casebook.open_cases <= HORIZON // step + 2
    middle, end = sizes[len(sizes) // 2], max(sizes[-10:])
    assert end < 1.3 * middle


kinds = st.sampled_from(sorted(KINDS))
gaps = st.sampled_from((0, 0, 1, SLA, SLA + 1, HORIZON, HORIZON + 1, LIMIT, RECONTACT, DEDUPE))
lines = st.tuples(gaps, kinds, st.sampled_from(("acme", "beta")), st.sampled_from(("ann", "bob")))


def _history(told: Sequence[tuple[int, str, str, str]]) -> list[Spoken]:
    time_ms, history = 10_000, []
    for number, (gap_ms, kind, brand, customer) in enumerate(told):
        time_ms += gap_ms
        history.append(Spoken(time_ms, f"m{number}", kind, (brand,), (customer,)))
    return history


def _published(history: list[Spoken], random: Random, partitions: int, largest: int) -> list[Output]:
    """Fold ``history``, shuffled within the lateness, spread and cut anyhow, with a snapshot taken on the way."""
    shuffled = sorted(history, key=lambda spoken: spoken.time_ms + random.uniform(0, LATENESS))
    delivery = Delivery("alpha", 1, shuffled, tuple(range(partitions)))
    log = raw_log([delivery], partitions, random)
    care = CareFold(RULES)
    state = care.empty(0)
    outputs: list[Output] = []
    for offset, cut in enumerate(cut_all(log, random, largest)):
        outputs += care.apply(state, offset, pack(log, cut, 1)[0])
        if random.random() < 0.2:
            state = care.load(0, list(care.dump(state)))
    return [*outputs, *care.drain(state)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(lines, min_size=1, max_size=20),
    st.integers(0, 2**32),
    st.sampled_from((1, 2, 4)),
    st.sampled_from((1, 7, 5_000)),
)
def test_no_cut_no_spread_and_no_order_of_arrival_changes_the_account(
    told: list[tuple[int, str, str, str]], seed: int, partitions: int, largest: int
) -> None:
    history = _history(told)
    straight = Delivery("alpha", 1, history, (0,))
    end_ms = straight.end.feed_time_ms + straight.settle_ms + 1
    expected = expected_account((event for line in straight.lines for event in line.events), RULES, end_ms)
    published = published_account(_published(history, Random(seed), partitions, largest))
    assert published.cases == expected.cases
    assert published.windows == expected.windows
    assert published.feeds == expected.feeds


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, min_size=1, max_size=20), st.sampled_from((1, 60)))
def test_after_every_block_the_account_is_that_of_all_before_the_watermark(
    told: list[tuple[int, str, str, str]], scale: int
) -> None:
    """Nothing matures late: no deadline needs an event to be noticed. ``scale`` puts many calendar pages between."""
    rules = small_rules(scale=scale)
    history = [replace(spoken, time_ms=spoken.time_ms * scale) for spoken in _history(told)]
    delivery = Delivery("alpha", 1, history, (0,), settle_ms=LIMIT * scale)
    (log,) = raw_log([delivery], 1, Random(0))
    care = CareFold(rules)
    state = care.empty(0)
    outputs: list[Output] = []
    for offset in range(len(log)):
        outputs += [*care.apply(state, offset, pack([log], [(0, offset, offset + 1)], 1)[0]), *care.drain(state)]
        watermark_ms = state.watermarks.value_ms
        behind = [event for line in log for event in line.events if event.spoken.time_ms < watermark_ms]
        expected, published = expected_account(behind, rules, watermark_ms), published_account(outputs)
        assert published.cases == expected.cases
        assert _without_waiting(published.windows) == expected.windows
        assert _without_waiting(published.feeds) == expected.feeds


def _without_waiting(accounts: dict[T, Counter[str]]) -> dict[T, Counter[str]]:
    counted = {name: counts - Counter(waiting=counts["waiting"]) for name, counts in accounts.items()}
    return {name: counts for name, counts in counted.items() if counts}


def test_a_feed_is_known_to_have_ended_once_every_raw_partition_says_so() -> None:
    _, log = world(Spoken(10_000, "m1", "talk"), partitions=2)
    cuts = [[(0, 0, len(log[0])), (1, 0, len(log[1]) - 1)], [(1, len(log[1]) - 1, len(log[1]))]]
    _, _, outputs = fold(block for cut in cuts for block in pack(log, cut, 1))
    assert [part.ended for block in partials(outputs) for part in block.feeds] == [False, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, min_size=1, max_size=20), st.integers(0, 30), st.sampled_from((1, 3)))
def test_a_state_from_a_snapshot_has_the_same_future(
    told: list[tuple[int, str, str, str]], taken_at: int, largest: int
) -> None:
    _, log = world(*_history(told))
    care = CareFold(RULES)
    state = loaded = care.empty(0)
    for offset, cut in enumerate(cut_all(log, Random(len(told)), largest)):
        block = pack(log, cut, 1)[0]
        if offset == taken_at:
            care.drain(state)
            loaded = care.load(0, list(care.dump(state)))
            care.drain(loaded)
        future = list(care.apply(state, offset, block))
        if offset >= taken_at:
            assert list(care.apply(loaded, offset, block)) == future
