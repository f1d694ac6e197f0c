"""Goal: the project's own lines come back as they were written, numbers of the source included."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention, RejectReason
from streams.formats.files import split_lines
from streams.formats.jsonl import read_jsonl, salvage_stamp
from streams.formats.lines import Broken, Good, SourceControl, SourceLine
from tests.formats.samples import LIMITS, own_line

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=20)
MENTIONS = st.builds(
    Mention,
    id=TEXTS,
    author=TEXTS,
    created_at_ms=st.integers(1_200_000_000_000, LIMITS.now_ms),
    text=TEXTS,
    mentions=st.lists(TEXTS, max_size=3).map(tuple),
    followers=st.integers(0, 10**9),
    feed=st.sampled_from(["", "a"]),
    epoch=st.integers(0, 5),
    seq=st.integers(0, 10**12),
    feed_time_ms=st.integers(0, LIMITS.now_ms),
    silent_ms=st.sampled_from([0, 90_001]),
)


def read(*lines: bytes | str) -> list[SourceLine]:
    raw = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    return list(read_jsonl(split_lines(iter([raw]), LIMITS.line_bytes), LIMITS))


@given(MENTIONS)
def test_a_mention_is_read_without_its_stamps_which_stand_beside_it(mention: Mention) -> None:
    (line,) = read(msgspec.json.encode(mention))
    bare = msgspec.structs.replace(mention, feed="", epoch=0, seq=0, feed_time_ms=0, silent_ms=0)
    assert line == Good(bare, False, mention.feed, mention.epoch, mention.seq)


def test_a_date_may_stand_instead_of_milliseconds() -> None:
    (line,) = read('{"id":"1","author":"a","created_at":"2024-03-01T10:00:00.123Z","text":"x","seq":4}')
    assert line == Good(Mention(id="1", author="a", created_at_ms=1_709_287_200_123, text="x"), seq=4)


def test_a_control_is_read_without_its_stamps() -> None:
    (line,) = read('{"control":"limit","track":7,"feed":"a","epoch":2,"seq":9}')
    assert line == SourceControl(Control(control=ControlKind.LIMIT, track=7), "a", 2, 9)


def test_a_heartbeat_may_say_the_time_of_the_source() -> None:
    (line,) = read(f'{{"control":"heartbeat","at_ms":{LIMITS.now_ms},"silent_ms":7,"feed":"a","epoch":2,"seq":9}}')
    assert line == SourceControl(Control(control=ControlKind.HEARTBEAT, at_ms=LIMITS.now_ms), "a", 2, 9)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", RejectReason.EMPTY),
        ('{"control":"heartbeat","at_ms":5}', RejectReason.TIME_OUT_OF_RANGE),
        ('{"control":"heartbeat","at_ms":-1}', RejectReason.TIME_OUT_OF_RANGE),
        ('{"control":"heartbeat","at_ms":9000000000000000}', RejectReason.TIME_OUT_OF_RANGE),
        ('{"control":"heartbeat","at_ms":"now"}', RejectReason.WRONG_SHAPE),
        ('{"control":"snooze"}', RejectReason.UNKNOWN_CONTROL),
        ('{"control":"limit","track":"x"}', RejectReason.WRONG_SHAPE),
        ('{"id":"1","author":"a","text":"x"}', RejectReason.WRONG_SHAPE),
        (own_line(1, created_at_ms=5), RejectReason.TIME_OUT_OF_RANGE),
        (own_line(1, created_at_ms=10**20), RejectReason.TIME_OUT_OF_RANGE),
        (own_line(1, followers=10**20), RejectReason.WRONG_SHAPE),
        (own_line(1, seq=-4), RejectReason.WRONG_SHAPE),
        (own_line(1, id=""), RejectReason.WRONG_SHAPE),
        (own_line(1, text="nul \x00"), RejectReason.BAD_TEXT),
        (own_line(1, text="half \ud83d a face"), RejectReason.BAD_TEXT),
        (b'{"id":"1","deep":' + b"[" * 10_000 + b"]" * 10_000 + b"}", RejectReason.TOO_DEEP),
        (b'{"id":"1","text":"' + b"x" * 250_000, RejectReason.TOO_LARGE),
    ],
)
def test_a_broken_line_is_one_reject_and_the_rest_goes_on(line: bytes | str, reason: RejectReason) -> None:
    before, broken, after = read(own_line(1), line, own_line(2))
    assert isinstance(before, Good)
    assert isinstance(after, Good)
    assert isinstance(broken, Broken)
    assert (broken.reason, broken.position) == (reason, 2)


def test_a_text_of_100_kb_is_a_mention() -> None:
    (line,) = read(own_line(1, text="long" * 25_000))
    assert isinstance(line, Good)


@pytest.mark.parametrize(
    ("raw", "stamp"),
    [
        (b'{"id":"1","text":"\xff","feed":"a","epoch":2,"seq":17}', ("a", 2, 17)),
        (b'{"feed": "a", "seq": 17, "text": "cut he', ("a", 0, 17)),
        (b'{"text":"says \\"seq\\":5, no more', ("", 0, 0)),
        (b'{"feed":"a","epoch":2,"seq":1', ("", 0, 0)),  # the number may have lost digits
        (b"HTTP/1.1 502 Bad Gateway", ("", 0, 0)),
    ],
)
def test_a_broken_line_keeps_the_stamps_that_can_still_be_read(raw: bytes, stamp: tuple[str, int, int]) -> None:
    assert salvage_stamp(raw) == stamp
