"""The capture ledger tells exactly what each feed did not deliver, whatever the order in which reports arrive."""

import random
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from math import floor

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import (
    PACKED_SCHEMA,
    CaptureBlock,
    CaptureSection,
    FeedMark,
    FeedPart,
    FeedStart,
    LineKind,
    PartialBlock,
    RawSpan,
)
from models.records import DEFINITIONS, GapRecord
from streams.stages import feed_account, topics
from streams.stages.capture import CaptureFold
from streams.stages.fold import BlockError
from streams.stages.keys import murmur2_partition
from streams.stages.limits import withheld_since
from streams.stages.watermark import UNSET
from tests.stages.capture_told import FOLD, WINDOW_MS, Told, count, fold_all, lines, report, rules
from tests.stages.feed_script import (
    SETTLE_MS,
    TOPIC,
    EpochScript,
    FeedScript,
    Line,
    blocks,
    interleaved,
    random_script,
    raw_log,
)

seeds = st.integers(0, 2**32)


def expected_gaps(script: FeedScript) -> dict[str, GapRecord]:
    gaps = [gap for epoch in script.epochs for gap in (*holes_of(script, epoch), *notices_of(script, epoch))]
    gaps += [gap for at, epoch in enumerate(script.epochs) for gap in standstills_of(script, epoch, at)]
    return {f"{gap.feed}:{gap.epoch}:{gap.cause}:{gap.from_seq}": gap for gap in gaps}


def holes_of(script: FeedScript, epoch: EpochScript) -> list[GapRecord]:
    """Every run of lost numbers, found by looking at the neighbours."""
    came = epoch.received
    if not came:
        tail = [(epoch.first_seq, epoch.last_seq, epoch.end_ms, epoch.end_ms)]
        return [gap(script, epoch, "sequence", *t) for t in tail if epoch.lines and epoch.end != "crash"]
    first, last = came[0], came[-1]
    runs = [(epoch.first_seq, first.seq - 1, first.feed_time_ms, first.feed_time_ms)]
    runs += [(a.seq + 1, b.seq - 1, a.feed_time_ms, b.feed_time_ms) for a, b in pairwise(came)]
    if epoch.end != "crash":
        runs.append((last.seq + 1, epoch.last_seq, last.feed_time_ms, epoch.end_ms))
    return [gap(script, epoch, "sequence", *run) for run in runs if run[0] <= run[1]]


def notices_of(script: FeedScript, epoch: EpochScript) -> list[GapRecord]:
    found, counters = list[GapRecord](), tuple[int, ...]()
    for line in epoch.received:
        at = (line.seq, line.seq, line.feed_time_ms, line.feed_time_ms)
        if line.track is not None:
            counters, delta = withheld_since(counters, line.track)
            found += [gap(script, epoch, "limit", *at, missed=delta)] if delta else []
    return found


def standstills_of(script: FeedScript, epoch: EpochScript, at: int) -> list[GapRecord]:
    """Stalls and disconnects: (cause, number, from, to) as the script has them, then the estimate."""
    came = epoch.received
    if not came:
        return []
    spans = [
        ("stall", line.seq, line.feed_time_ms - line.silent_ms, line.feed_time_ms) for line in came if line.silent_ms
    ]
    newer = next((later.received[0].feed_time_ms for later in script.epochs[at + 1 :] if later.received), None)
    cuts = [(line.seq, line.feed_time_ms) for line in came if line.code is not None]
    if not cuts and newer is not None:
        is_cut_off = epoch.end == "crash" or epoch.last_seq == came[-1].seq
        cuts = [(came[-1].seq, came[-1].feed_time_ms) if is_cut_off else (epoch.last_seq, epoch.end_ms)]
    spans += [("disconnect", seq, from_ms, from_ms) for seq, from_ms in cuts[:-1]]
    spans += [("disconnect", seq, from_ms, from_ms if newer is None else newer) for seq, from_ms in cuts[-1:]]
    return [
        gap(script, epoch, cause, seq, seq, start_ms, end_ms, 0, estimate(came[0], seq, start_ms, end_ms))
        for cause, seq, start_ms, end_ms in spans
    ]


def estimate(lowest: Line, seq: int, from_ms: int, to_ms: int) -> int | None:
    """Lines before the standstill at their mean rate, as fractions."""
    if from_ms <= lowest.feed_time_ms:
        return None
    return floor(Fraction(seq - lowest.seq, from_ms - lowest.feed_time_ms) * (to_ms - from_ms))


def gap(
    script: FeedScript,
    epoch: EpochScript,
    cause: str,
    from_seq: int,
    to_seq: int,
    from_ms: int,
    to_ms: int,
    missed: int | None = None,
    estimated: int | None = None,
) -> GapRecord:
    return GapRecord(
        feed=script.feed,
        source=script.source,
        epoch=epoch.number,
        cause=cause,
        exact=cause == "sequence",
        from_seq=from_seq,
        to_seq=to_seq,
        from_ms=from_ms,
        to_ms=to_ms,
        missed=to_seq - from_seq + 1 if missed is None else missed,
        estimated=estimated,
        revision=0,
        definitions=DEFINITIONS,
    )


def expected_windows(scripts: list[FeedScript], gaps: dict[str, GapRecord]) -> dict[tuple[str, int], tuple[int, ...]]:
    sums = defaultdict[tuple[str, int], list[int]](lambda: [0, 0, 0])
    for found in gaps.values():
        sums[found.source, found.from_ms - found.from_ms % WINDOW_MS][0 if found.exact else 1] += found.missed
    for script in scripts:
        for line in (line for epoch in script.epochs for line in epoch.received if line.kind is LineKind.MENTION):
            sums[script.source, line.time_ms - line.time_ms % WINDOW_MS][2] += 1
    return {key: tuple(counts) for key, counts in sums.items() if any(counts)}


def one_epoch(*numbers: int, lost: tuple[int, ...] = (), first_seq: int = 1) -> FeedScript:
    return FeedScript("f", (EpochScript(1, lines(*numbers, lost=lost), first_seq),))


@settings(max_examples=150, deadline=None)
@given(seeds, st.integers(1, 4), st.booleans())
def test_any_partitions_cuts_order_and_repeats_give_the_same_account(seed: int, partitions: int, resend: bool) -> None:
    chance = random.Random(seed)
    scripts = [random_script("f", chance), random_script("g", chance)]
    log = interleaved([raw_log(script, partitions, chance) for script in scripts], chance)
    state, told = fold_all(blocks(log, chance, resend=resend))
    gaps = expected_gaps(scripts[0]) | expected_gaps(scripts[1])
    assert told.gaps == gaps
    assert told.windows == expected_windows(scripts, gaps)
    for script in scripts:
        assert_conserved(script, told.feeds[script.feed])
    assert state.windows == {}
    assert all(len(epoch.seen) <= 1 for account in state.feeds.values() for epoch in account.epochs.values())


def assert_conserved(script: FeedScript, part: FeedPart) -> None:
    came = [line for epoch in script.epochs for line in epoch.received]
    kinds = {kind: sum(line.kind == kind for line in came) for kind in LineKind}
    assert part.ended
    assert part.mention_lines == kinds[LineKind.MENTION]
    assert part.undecided == 0
    assert (part.late, part.rejected) == (kinds[LineKind.LATE], kinds[LineKind.REJECTED])
    assert part.control == kinds[LineKind.CONTROL]
    assert part.sent == kinds[LineKind.MENTION] + part.late + part.rejected + part.control + part.missed_exact


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_what_lies_behind_a_told_watermark_with_nothing_open_never_changes(seed: int) -> None:
    chance = random.Random(seed)
    log = raw_log(random_script("f", chance), 3, chance)
    state, told = FOLD.empty(0), Told()
    for offset, value in enumerate(blocks(log, chance)):
        told.take(list(FOLD.apply(state, offset, value)))
        if chance.random() < 0.3:
            told.take(list(FOLD.drain(state)))
    sealed, newest, watermark_ms = set[int](), dict[int, tuple[int, ...]](), UNSET
    for block in told.blocks:
        for part in block.windows:
            assert part.window_start_ms not in sealed or newest.get(part.window_start_ms, ()) == part.counts
            newest[part.window_start_ms] = part.counts
        watermark_ms = max(watermark_ms, block.watermark_ms)
        opened = {part.window_start_ms for part in block.windows if part.open}
        closed = {part.window_start_ms for part in block.windows if not part.open}
        sealed = {start for start in sealed | closed if start + WINDOW_MS <= watermark_ms} - opened
    assert watermark_ms > max(newest, default=0)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_snapshot_in_the_middle_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    reports = blocks(raw_log(random_script("f", chance), 2, chance), chance)
    middle = chance.randrange(len(reports))
    state, told = FOLD.empty(0), Told()
    for offset, value in enumerate(reports):
        told.take(list(FOLD.apply(state, offset, value)))
        if offset == middle:
            state = FOLD.load(0, list(FOLD.dump(state)))
    told.take(list(FOLD.drain(state)))
    _, straight = fold_all(reports)
    assert told.gaps == straight.gaps
    assert told.windows == straight.windows
    assert told.feeds == straight.feeds


@pytest.mark.parametrize(
    ("script", "holes"),
    [
        (one_epoch(1, 2, 3), []),
        (one_epoch(1, 2, 3, lost=(2,)), [(2, 2, 1000, 3000)]),
        (one_epoch(1, 2, 3, lost=(1,)), [(1, 1, 2000, 2000)]),  # no predecessor: the successor's time
        (one_epoch(1, 2, 3, lost=(3,)), [(3, 3, 2000, 3000)]),
        (one_epoch(1, 2, 3, lost=(1, 2, 3)), [(1, 3, 3000, 3000)]),
        (one_epoch(7, 8, 9, first_seq=7), []),  # what was before the first number is not ours
        (one_epoch(7, 8, 9, first_seq=7, lost=(7, 9)), [(7, 7, 8000, 8000), (9, 9, 8000, 9000)]),
        (FeedScript("f", (EpochScript(1, ()),)), []),
    ],
)
def test_gaps_at_every_place(script: FeedScript, holes: list[tuple[int, int, int, int]]) -> None:
    _, told = fold_all(blocks(raw_log(script, 2, random.Random(1)), random.Random(1)))
    found = sorted((g.from_seq, g.to_seq, g.from_ms, g.to_ms) for g in told.gaps.values())
    assert found == holes


def test_a_gap_waits_until_every_raw_partition_has_passed_it() -> None:
    start = FeedStart("f", 1, 1, (0, 1), "x")
    state, told = FOLD.empty(0), Told()
    steps = [
        report(0, 0, start, Line(1, 1, 1000), Line(1, 3, 3000), Line(1, 4, 4000)),
        report(1, 0, start, FeedMark("f", 2500)),
        report(1, 2, FeedMark("f", 3000)),  # number 2 may still come at 3000
    ]
    for offset, step in enumerate(steps):
        told.take(list(FOLD.apply(state, offset, step)))
        assert told.gaps == {}
    told.take(list(FOLD.apply(state, 3, report(1, 3, FeedMark("f", 3001)))))
    assert [(g.from_seq, g.to_seq, g.missed) for g in told.gaps.values()] == [(2, 2, 1)]


def test_a_number_that_comes_after_its_gap_was_confirmed_is_a_repeat() -> None:
    start = FeedStart("f", 1, 1, (0,), "x")
    state, told = FOLD.empty(0), Told()
    told.take(list(FOLD.apply(state, 0, report(0, 0, start, *lines(1, 3, 4)))))
    told.take(list(FOLD.apply(state, 1, report(0, 4, Line(1, 2, 4000, LineKind.LATE)))))
    [part] = FOLD.feed_parts(state)
    assert (part.missed_exact, part.late, part.sent) == (1, 0, 4)
    assert FOLD.gauges(state)["unheard_capture_repeats"] == 1


def test_a_new_epoch_that_starts_at_an_earlier_time_is_not_confirmed_by_the_old_ones_times() -> None:
    first, second = FeedStart("f", 1, 1, (0, 1), "x"), FeedStart("f", 2, 1, (0, 1), "x")
    state, told = FOLD.empty(0), Told()
    steps = [
        report(0, 0, first, Line(1, 1, 9_000_000), second, Line(2, 1, 1000), Line(2, 3, 3000)),
        report(1, 0, first, FeedMark("f", 9_000_000), second),
        report(1, 3, Line(2, 2, 2000)),
    ]
    for offset, step in enumerate(steps):
        told.take(list(FOLD.apply(state, offset, step)))
    assert {gap.cause for gap in told.gaps.values()} == {"disconnect"}
    assert FOLD.feed_parts(state)[0].missed_exact == 0


def test_a_live_feed_has_sent_what_was_highest_so_far() -> None:
    start = FeedStart("f", 1, 1, (0,), "x")
    state = FOLD.empty(0)
    FOLD.apply(state, 0, report(0, 0, start, *lines(1, 2, 5)))
    [part] = FOLD.feed_parts(state)
    assert (part.sent, part.ended, part.missed_exact) == (5, False, 0)


def test_a_feed_nobody_announced_is_counted_from_its_first_line() -> None:
    state, told = FOLD.empty(0), Told()
    told.take(list(FOLD.apply(state, 0, report(0, 0, *lines(10, 11, 13, 14)))))
    [part] = FOLD.feed_parts(state)
    assert part.sent == 5
    assert [g.from_seq for g in told.gaps.values()] == [12]


def test_the_newest_line_holds_its_window_open_until_the_feed_goes_on() -> None:
    """Word of the feed's time can pass a window while the lines that carried it there are lost."""
    start = FeedStart("f", 1, 1, (0,), "x")
    state, told = FOLD.empty(0), Told()
    told.take(list(FOLD.apply(state, 0, report(0, 0, start, Line(1, 1, 1000), FeedMark("f", 5_000_000)))))
    assert [(w.window_start_ms, w.open) for w in told.blocks[-1].windows] == [(0, 1)]
    told.take(list(FOLD.apply(state, 1, report(0, 3, Line(1, 9, 5_000_000), Line(1, 10, 5_000_001)))))
    newest = told.blocks[-1].windows[0]
    assert (newest.window_start_ms, newest.open, count(newest.counts, "missed_exact")) == (0, 0, 7)


def test_nothing_is_told_twice_and_drain_never_promises_a_watermark() -> None:
    start = FeedStart("f", 1, 1, (0,), "x")
    state = FOLD.empty(0)
    FOLD.apply(state, 0, report(0, 0, start, Line(1, 1, 1000)))
    FOLD.apply(state, 1, report(0, 2, Line(1, 2, 1001, LineKind.LATE)))
    [output] = FOLD.drain(state)
    assert output.value is not None
    block = msgspec.msgpack.decode(output.value, type=PartialBlock)
    assert (block.watermark_ms, block.revision, block.origin) == (UNSET, 1, "capture-0")
    assert [part.late for part in block.feeds] == [1]
    assert list(FOLD.drain(state)) == []


def test_every_merge_partition_hears_the_watermark_and_its_own_windows() -> None:
    fold = CaptureFold(rules(merge_partitions=3))
    script = FeedScript("f", (EpochScript(1, lines(*range(1, 60), lost=(5, 25, 45), step_ms=100_000)),))
    told, homes = Told(), set[int]()
    state = fold.empty(0)
    for offset, value in enumerate(blocks(raw_log(script, 1, random.Random(2)), random.Random(2))):
        for output in fold.apply(state, offset, value):
            told.take([output])
            if output.topic == topics.PARTIALS:
                for part in told.blocks[-1].windows:
                    assert murmur2_partition(str(part.window_start_ms).encode(), 3) == output.partition
                if told.blocks[-1].watermark_ms >= 59 * 100_000 + SETTLE_MS:
                    homes.add(output.partition or 0)
    assert homes == {0, 1, 2}
    assert told.blocks[0].origins == ("care-0", "capture-0")


def test_epochs_without_end_are_bounded() -> None:
    count_ = feed_account.MAX_EPOCHS + 20
    epochs = [EpochScript(n, (Line(n, 1, n * 1000), Line(n, 2, n * 1000)), 1, "crash") for n in range(1, count_)]
    last = EpochScript(count_, (Line(count_, 1, count_ * 1000),), 1, "final")
    state, told = fold_all(blocks(raw_log(FeedScript("f", (*epochs, last)), 1, random.Random(3)), random.Random(3)))
    assert len(state.feeds["f"].epochs) == feed_account.MAX_EPOCHS
    assert told.feeds["f"].sent == 2 * (count_ - 1) + 1


def test_a_feed_lives_in_one_capture_partition() -> None:
    fold = CaptureFold(rules(capture_partitions=4))
    home = murmur2_partition(b"f", 4)
    span = RawSpan(TOPIC, 0, 0, 1, (FeedStart("f", 1, 1, (0,), "x"),))
    value = msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA, (CaptureSection(span),)))
    for partition in range(4):
        state = fold.empty(partition)
        fold.apply(state, 0, value)
        assert (set(state.feeds) == {"f"}) == (partition == home)


@pytest.mark.parametrize(
    "value",
    [b"", b"\xc1", msgspec.msgpack.encode(CaptureBlock(PACKED_SCHEMA + 1, ()))],
)
def test_a_report_it_cannot_read_halts_it(value: bytes) -> None:
    with pytest.raises(BlockError):
        FOLD.apply(FOLD.empty(0), 0, value)


def test_records_missing_below_a_report_halt_it() -> None:
    state = FOLD.empty(0)
    FOLD.apply(state, 0, report(0, 0, Line(1, 1, 1000)))
    with pytest.raises(BlockError, match="offsets 1 to 4 are missing"):
        FOLD.apply(state, 1, report(0, 5, Line(1, 2, 2000)))


def test_a_snapshot_of_another_partition_is_refused() -> None:
    chunks = list(FOLD.dump(FOLD.empty(0)))
    with pytest.raises(BlockError, match="partition 0"):
        FOLD.load(1, chunks)
