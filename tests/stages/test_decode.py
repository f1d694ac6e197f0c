"""Goal: whatever bytes a raw record has, it becomes a mention, a control or a reject with a reason of the closed list,
and carries the stamps it came with or gets some. Method: tables of values, and any bytes by Hypothesis."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.packed import LineKind
from models.records import ControlKind, RejectReason, Stamp
from streams.stages.decode import ANNOUNCEMENT, NAMED_LIMIT, Foreign, Lines, decode_batch
from tests.raw import NOON_MS, Value, batch, control, mention, stamp_header

LIMIT = 65_536
STAMP = Stamp(feed="g", epoch=2, seq=7, feed_time_ms=NOON_MS, reason=RejectReason.NOT_CSV, position=12)


def decode(*values: Value, **options: object) -> Lines:
    return decode_batch(batch(values, **options), LIMIT, {}, {})  # type: ignore[arg-type]  # options of the builder


def test_a_mention_keeps_its_stamps() -> None:
    lines = decode(mention(3))
    assert [msgspec.structs.asdict(one) for one in lines.mentions] == [msgspec.structs.asdict(mention(3))]
    assert ([*lines.feeds], lines.epochs[0], lines.seqs[0], lines.feed_times_ms[0]) == (["f"], 1, 3, NOON_MS + 3_000)
    assert lines.kinds[0] == LineKind.MENTION


def test_controls_are_lines_and_announcements_are_not() -> None:
    lines = decode(control(ControlKind.LIMIT, seq=4, track=9), control(ControlKind.PROGRESS, feed_time_ms=NOON_MS))
    assert lines.kinds.tolist() == [LineKind.CONTROL, ANNOUNCEMENT]
    assert lines.controls[0].track == 9


FULL = msgspec.json.encode(mention()).decode()
BROKEN: dict[str, tuple[Value, RejectReason]] = {
    "tombstone": (None, RejectReason.EMPTY),
    "spaces": (" \n", RejectReason.EMPTY),
    "latin-1": (FULL.encode().replace(b"bag", b"b\xe4g"), RejectReason.NOT_UTF8),
    "latin-1 in a field that nobody reads": (FULL.encode()[:-1] + b',"other":"b\xe4g"}', RejectReason.NOT_UTF8),
    "cut short": (FULL[:-5], RejectReason.NOT_JSON),
    "not JSON": ("id,author,text", RejectReason.NOT_JSON),
    "NaN": (FULL.replace('"seq":1', '"seq":NaN'), RejectReason.NOT_JSON),
    "two objects": (FULL + FULL, RejectReason.NOT_JSON),
    "an array": ("[1,2]", RejectReason.WRONG_SHAPE),
    "a number": ("1", RejectReason.WRONG_SHAPE),
    "id is a number": (FULL.replace('"id":"1"', '"id":1'), RejectReason.WRONG_SHAPE),
    "no author": (FULL.replace('"author":"c1",', ""), RejectReason.WRONG_SHAPE),
    "empty id": (mention(id=""), RejectReason.WRONG_SHAPE),
    "negative seq": (mention(seq=-1), RejectReason.WRONG_SHAPE),
    "seq beyond 64 bits": (FULL.replace('"seq":1', '"seq":99999999999999999999'), RejectReason.WRONG_SHAPE),
    "negative followers": (mention(followers=-1), RejectReason.WRONG_SHAPE),
    "name of the feed too long": (mention(feed="f" * 201), RejectReason.WRONG_SHAPE),
    "too many named": (mention(mentions=("x",) * (NAMED_LIMIT + 1)), RejectReason.OUTPUT_TOO_LARGE),
    "unknown control": ('{"control":"party"}', RejectReason.UNKNOWN_CONTROL),
    "control of wrong shape": ('{"control":"limit","track":"many"}', RejectReason.WRONG_SHAPE),
    "announcement of no feed": ('{"control":"end-of-feed"}', RejectReason.WRONG_SHAPE),
    "nested too deep": ("[" * 10_000 + "]" * 10_000, RejectReason.TOO_DEEP),
    "nested too deep beside": (FULL[:-1] + ',"x":' + "[" * 10_000 + "]" * 10_000 + "}", RejectReason.TOO_DEEP),
    "too large": (mention(text="x" * LIMIT), RejectReason.TOO_LARGE),
    "too large and broken": ("x" * (LIMIT + 1), RejectReason.TOO_LARGE),
    "NUL, escaped": (mention(text="a\0b"), RejectReason.BAD_TEXT),
    "NUL, raw": (FULL.replace("bag", "b\0g"), RejectReason.BAD_TEXT),
    "lone surrogate": (FULL.replace("bag", "b\\ud800g"), RejectReason.BAD_TEXT),
    "lone surrogate at the end": (FULL.replace("my bag", "my \\udc00"), RejectReason.BAD_TEXT),
    "before 2000": (mention(created_at_ms=10**11), RejectReason.TIME_OUT_OF_RANGE),
    "seconds for milliseconds": (mention(created_at_ms=1_500_000_000), RejectReason.TIME_OUT_OF_RANGE),
    "after 2100": (mention(created_at_ms=10**14), RejectReason.TIME_OUT_OF_RANGE),
    "feed time from afar": (mention(feed_time_ms=10**14), RejectReason.TIME_OUT_OF_RANGE),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_kind_of_broken_value_has_its_reason(name: str) -> None:
    value, reason = BROKEN[name]
    lines = decode(mention(8), value, mention(9))
    assert lines.rejects[1].reason is reason
    assert [m.id for m in lines.mentions] == ["8", "9"], "the rest goes on"


GOOD: dict[str, Value] = {
    "emoji as surrogate pair": FULL.replace("bag", "\\ud83d\\ude00"),
    "escaped backslash before u0000": FULL.replace("bag", "\\\\u0000"),
    "unknown fields": FULL[:-1] + ',"extra":{"a":[1,2]}}',
    "spaces around": f" {FULL}\n",
    "100 named": mention(mentions=tuple(map(str, range(100)))),
}


@pytest.mark.parametrize("name", GOOD)
def test_unusual_but_valid_values_are_mentions(name: str) -> None:
    assert len(decode(GOOD[name]).mentions) == 1


def test_a_broken_line_takes_stamps_and_reason_from_its_header() -> None:
    lines = decode(b"\xff;1;2", headers={0: [("trace", b"x"), stamp_header(STAMP)]})
    assert lines.rejects[0].reason is RejectReason.NOT_CSV
    assert (lines.feeds[0], lines.epochs[0], lines.seqs[0], lines.feed_times_ms[0]) == ("g", 2, 7, NOON_MS)
    assert lines.rejects[0].stamp == STAMP


@pytest.mark.parametrize("raw", [b"", b"{", b'{"feed":"g"}', b'{"feed":"","epoch":0,"seq":1,"feed_time_ms":0}'])
def test_a_broken_stamp_is_no_stamp(raw: bytes) -> None:
    lines = decode("{", headers={0: [("unheard.stamp", raw)]})
    assert (lines.feeds[0], lines.rejects[0].reason) == ("raw-0", RejectReason.NOT_JSON)


def test_a_rejected_mention_keeps_the_stamps_it_came_with() -> None:
    lines = decode(mention(5, text="a\0b"))
    assert (lines.feeds[0], lines.seqs[0], lines.kinds[0]) == ("f", 5, LineKind.REJECTED)


def test_the_silence_that_a_line_ended_travels_with_mentions_controls_and_broken_lines() -> None:
    values: list[Value] = [
        mention(1, silent_ms=100_000),
        control(ControlKind.HEARTBEAT, seq=2, feed_time_ms=NOON_MS, silent_ms=200_000, at_ms=NOON_MS),
        "{",
        mention(4, silent_ms=300_000, text="a\0b"),
        mention(5),
    ]
    stamp = msgspec.structs.replace(STAMP, silent_ms=400_000)
    lines = decode(*values, headers={2: [stamp_header(stamp)]})
    assert lines.silences_ms == {0: 100_000, 1: 200_000, 2: 400_000, 3: 300_000}


@pytest.mark.parametrize("silent_ms", [-1, NOON_MS + 1_001, 2**62, 2**70])
def test_a_silence_that_cannot_be_is_none(silent_ms: int) -> None:
    assert decode(mention(1, silent_ms=silent_ms)).silences_ms == {}


def test_nobody_stamps_the_silence_of_an_unstamped_feed() -> None:
    assert decode(mention(1, feed="", epoch=0, seq=0, silent_ms=100_000)).silences_ms == {}


def test_mentions_have_a_time_and_other_lines_none() -> None:
    lines = decode(mention(1), control(ControlKind.HEARTBEAT, seq=2, at_ms=NOON_MS), "{", mention(3))
    assert lines.times_ms.tolist() == [NOON_MS + 1_000, 0, 0, NOON_MS + 3_000]


def test_records_without_stamps_are_stamped_in_partition_order() -> None:
    unstamped = [mention(created_at_ms=NOON_MS + t, feed="", epoch=0, seq=0, feed_time_ms=0) for t in (5, 9, 7)]
    raw = batch({3: [unstamped[0], "{", unstamped[1], unstamped[2]], 4: [unstamped[2]]}, start=40)
    lines = decode_batch(raw, LIMIT, {3: Foreign(7, 30, NOON_MS + 6)}, {})
    assert [*lines.feeds] == ["raw-3"] * 4 + ["raw-4"]
    assert lines.seqs.tolist() == [31, 32, 33, 34, 1]
    assert lines.epochs.tolist() == [7, 7, 7, 7, 40]
    assert [t - NOON_MS for t in lines.feed_times_ms.tolist()] == [6, 6, 9, 9, 7]
    assert lines.foreign == {3: Foreign(7, 34, NOON_MS + 9), 4: Foreign(40, 1, NOON_MS + 7)}


def test_stamped_neighbours_and_holes_in_offsets_are_no_gaps_of_an_unstamped_feed() -> None:
    unstamped = mention(feed="", epoch=0, seq=0, feed_time_ms=0)
    lines = decode_batch(batch([unstamped, mention(1), unstamped]), LIMIT, {}, {})
    assert lines.seqs.tolist() == [1, 1, 2]


def test_a_mention_that_a_later_step_cannot_take_becomes_a_reject() -> None:
    raw = batch([mention(1), mention(2), mention(3)])
    lines = decode_batch(raw, LIMIT, {}, {1: RejectReason.OUTPUT_TOO_LARGE})
    assert [m.id for m in lines.mentions] == ["1", "3"]
    assert (lines.rejects[1].reason, lines.seqs[1]) == (RejectReason.OUTPUT_TOO_LARGE, 2)


@given(st.lists(st.one_of(st.none(), st.binary(max_size=60), st.text(max_size=60)), max_size=8))
def test_any_bytes_become_exactly_one_line_each(values: list[bytes | str | None]) -> None:
    lines = decode(*values)
    assert len(lines.mentions) + len(lines.controls) + len(lines.rejects) == len(values)
    assert all(lines.feeds), "every record has a feed"
