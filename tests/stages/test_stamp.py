"""Goal: stamps are those of the design, and splicing them gives what encoding would have given."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention, RejectReason, Stamp
from streams.stages.stamp import (
    Entry,
    EpochSpan,
    Kind,
    Line,
    Silence,
    broken_stamp,
    epoch_spans,
    move_time,
    place,
    splice_stamps,
    stamp_prefix,
)

SILENCE = Silence(stall_ms=90_000, heartbeat_ms=30_000)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def entry(feed: int, epoch: int, seq: int, time_ms: int | None, ordinal: int) -> Entry:
    """A mention of that time, or a control line if it has none."""
    kind = Kind.CONTROL if time_ms is None else Kind.MENTION
    return Entry(feed, epoch, seq, time_ms or 0, "", ordinal, Line(kind, time_ms or 0, b"{}"))


def stamps(entries: list[Entry], first_ms: dict[int, int], start_ms: int = 0) -> list[tuple[int, int, int, int]]:
    return [(p.feed, p.epoch, p.seq, p.feed_time_ms) for p in place(entries, first_ms, start_ms, SILENCE)]


def test_lines_without_a_number_count_from_1_and_time_is_the_running_maximum() -> None:
    entries = [entry(0, 1, 0, 100, 1), entry(0, 1, 0, None, 2), entry(0, 1, 0, 300, 3), entry(0, 1, 0, 200, 4)]
    assert stamps(entries, {0: 100}) == [(0, 1, 1, 100), (0, 1, 2, 100), (0, 1, 3, 300), (0, 1, 4, 300)]


def test_numbers_of_the_source_stay_and_time_runs_on_over_its_epochs() -> None:
    entries = [entry(0, 1, 5, 500, 1), entry(0, 1, 9, 400, 2), entry(0, 2, 1, 450, 3), entry(1, 7, 3, 10, 4)]
    assert stamps(entries, {0: 500, 1: 10}) == [(0, 1, 5, 500), (0, 1, 9, 500), (0, 2, 1, 500), (1, 7, 3, 10)]


def test_what_comes_before_the_first_mention_has_its_time() -> None:
    entries = [entry(0, 1, 1, None, 1), entry(0, 1, 2, 700, 2), entry(1, 1, 1, None, 3)]
    assert stamps(entries, {0: 700}) == [(0, 1, 1, 700), (0, 1, 2, 700), (1, 1, 1, 0)]


def test_what_lies_before_the_start_is_left_out_and_does_not_count() -> None:
    unnumbered = [entry(0, 1, 0, 100, 1), entry(0, 1, 0, 200, 2), entry(0, 1, 0, 300, 3)]
    assert stamps(unnumbered, {0: 100}, start_ms=150) == [(0, 1, 1, 200), (0, 1, 2, 300)]
    numbered = [entry(0, 1, 4, 100, 1), entry(0, 1, 5, 200, 2)]
    assert stamps(numbered, {0: 100}, start_ms=150) == [(0, 1, 5, 200)]


def test_epochs_span_from_their_first_to_their_last_number() -> None:
    entries = [entry(0, 1, 5, 500, 1), entry(0, 1, 9, 600, 2), entry(0, 2, 1, 650, 3)]
    assert epoch_spans(place(entries, {0: 500}, 0, SILENCE)) == (
        EpochSpan(0, 1, 2, 5, 9, 600),
        EpochSpan(0, 2, 1, 1, 1, 650),
    )


@given(
    st.builds(Mention, id=TEXTS, author=TEXTS, created_at_ms=st.integers(1, 10**13), text=TEXTS, handle=TEXTS),
    TEXTS.filter(bool),
    st.integers(1, 2**40),
    st.integers(1, 2**40),
    st.integers(1, 10**13),
    st.sampled_from([0, 90_001]),
)
def test_spliced_stamps_are_what_encoding_gives(
    mention: Mention, feed: str, epoch: int, seq: int, time_ms: int, silent_ms: int
) -> None:
    spliced = splice_stamps(msgspec.json.encode(mention), stamp_prefix(feed, epoch), seq, time_ms, silent_ms)
    stamps = {"feed": feed, "epoch": epoch, "seq": seq, "feed_time_ms": time_ms, "silent_ms": silent_ms}
    stamped = msgspec.structs.replace(mention, **stamps)
    assert spliced == msgspec.json.encode(stamped)


def test_controls_are_stamped_in_the_same_way() -> None:
    control = Control(control=ControlKind.LIMIT, track=5)
    spliced = splice_stamps(msgspec.json.encode(control), stamp_prefix("a", 2), 3, 4, 5)
    assert msgspec.json.decode(spliced, type=Control) == msgspec.structs.replace(
        control, feed="a", epoch=2, seq=3, feed_time_ms=4, silent_ms=5
    )


@given(TEXTS, st.integers(1, 10**13), st.integers(-(10**9), 10**13))
def test_only_the_event_time_moves(text: str, time_ms: int, shift_ms: int) -> None:
    tricky = f'{text},"created_at_ms":{time_ms},'
    mention = Mention(id=tricky, author=tricky, created_at_ms=time_ms, text=tricky)
    moved = msgspec.json.decode(move_time(msgspec.json.encode(mention), time_ms, shift_ms), type=Mention)
    assert moved == msgspec.structs.replace(mention, created_at_ms=time_ms + shift_ms)


def test_the_time_of_a_heartbeat_moves_too() -> None:
    heartbeat = Control(control=ControlKind.HEARTBEAT, at_ms=1_000, reason='"at_ms":1000')
    moved = msgspec.json.decode(move_time(msgspec.json.encode(heartbeat), 1_000, 50), type=Control)
    assert moved == msgspec.structs.replace(heartbeat, at_ms=1_050)


def test_a_broken_lines_stamp_says_what_was_wrong_and_where() -> None:
    line = Line(Kind.BROKEN, 0, b"x", 0, "not_json", 17)
    assert msgspec.json.decode(broken_stamp(line, "a", 1, 2, 3, 4), type=Stamp) == Stamp(
        feed="a", epoch=1, seq=2, feed_time_ms=3, reason=RejectReason.NOT_JSON, position=17, silent_ms=4
    )


# ---------------------------------------------------------------- stalls


def feed_of(*said: tuple[int, int | str], feed: int = 0) -> list[Entry]:
    """Lines of (epoch, time): ``"beat"`` is a heartbeat without a time, ``"at 500"`` one with it."""
    return [heard(feed, epoch, number, what) for number, (epoch, what) in enumerate(said, start=1)]


def heard(feed: int, epoch: int, number: int, what: int | str) -> Entry:
    if isinstance(what, int):
        return entry(feed, epoch, number, what, number)
    time_ms = 0 if what == "beat" else int(what.removeprefix("at "))
    return Entry(feed, epoch, number, 0, "", number, Line(Kind.CONTROL, time_ms, b"{}", is_heartbeat=True))


def silences(*said: tuple[int, int | str], start_ms: int = 0) -> list[int]:
    entries = feed_of(*said)
    first_ms = next((e.line.time_ms for e in entries if e.line.time_ms), 0)
    return [placed.silent_ms for placed in place(entries, {0: first_ms}, start_ms, SILENCE)]


def test_a_step_of_more_than_the_limit_behind_a_heartbeat_is_a_stall() -> None:
    assert silences((1, 1_000), (1, "at 1000"), (1, 91_000)) == [0, 0, 0]
    assert silences((1, 1_000), (1, "at 1000"), (1, 91_001)) == [0, 0, 90_001]


def test_each_heartbeat_without_a_time_vouches_for_its_share_of_the_silence() -> None:
    assert silences((1, 1_000), (1, "beat"), (1, "beat"), (1, 151_000)) == [0, 0, 0, 0]
    assert silences((1, 1_000), (1, "beat"), (1, "beat"), (1, 151_001)) == [0, 0, 0, 90_001]


def test_a_heartbeat_that_is_delivered_twice_vouches_once() -> None:
    entries = [entry(0, 1, 1, 1_000, 1), *[heard(0, 1, 2, "beat")] * 2, entry(0, 1, 3, 121_001, 3)]
    assert [placed.silent_ms for placed in place(entries, {0: 1_000}, 0, SILENCE)] == [0, 0, 0, 90_001]


def test_heartbeats_vouch_only_since_the_last_progress() -> None:
    assert silences((1, 1_000), (1, "beat"), (1, "beat"), (1, 2_000), (1, 92_001)) == [0, 0, 0, 0, 90_001]
    late = silences((1, 1_000), (1, "beat"), (1, 900), (1, 121_000))
    assert late == [0, 0, 0, 0], "an older mention is no progress"


def test_a_heartbeat_with_a_time_moves_the_feed_and_can_end_a_stall_itself() -> None:
    entries = feed_of((1, 1_000), (1, "at 60000"), (1, "at 200000"), (1, 200_500))
    placed = list(place(entries, {0: 1_000}, 0, SILENCE))
    assert [p.feed_time_ms for p in placed] == [1_000, 60_000, 200_000, 200_500]
    assert [p.silent_ms for p in placed] == [0, 0, 140_000, 0]


def test_without_a_heartbeat_before_in_the_epoch_silence_is_no_stall() -> None:
    assert silences((1, 1_000), (1, 500_000), (1, "beat"), (1, 900_000)) == [0, 0, 0, 370_000]
    assert silences((1, 1_000), (1, "beat"), (2, 500_000), (2, 900_000)) == [0, 0, 0, 0]
    assert silences((1, 1_000), (1, "beat"), (2, "beat"), (2, 500_000)) == [0, 0, 0, 439_000]


def test_each_feed_has_heartbeats_of_its_own() -> None:
    entries = feed_of((1, 1_000), (1, "beat")) + feed_of((1, 5_000), (1, 900_000), feed=1)
    assert [p.silent_ms for p in place(entries, {0: 1_000, 1: 5_000}, 0, SILENCE)] == [0, 0, 0, 0]


def test_what_is_left_out_neither_beats_nor_stalls() -> None:
    assert silences((1, 1_000), (1, "beat"), (1, 500_000), (1, 900_000), start_ms=2_000) == [0, 0]
