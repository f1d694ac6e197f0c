"""Goal: the compiled reader of mentions says of any bytes either what msgspec says or nothing, and it does read what is
written plainly. Method: Hypothesis writes mentions in any order, spacing and escaping, with any values, and then cuts
and flips bytes; msgspec is the oracle, and for whole batches the columns of its mentions are."""

import json
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.records import Control, Mention, RejectReason
from streams.stages.decode import Lines, decode_batch
from streams.stages.mention_reader import read_mentions
from streams.stages.mention_table import MentionTable
from streams.stages.raw_values import plain
from tests.raw import NOON_MS, Value, batch, mention

LIMIT = 1_000


class Strict(Mention, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mention without other fields."""


def strict(value: bytes) -> Mention | None:
    try:
        return msgspec.json.decode(value, type=Strict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def facts(one: Mention) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Mention.__struct_fields__}


def assert_same(found: MentionTable, wanted: Sequence[Mention]) -> None:
    """Column by column, to the byte."""
    table = MentionTable.of(wanted)
    for name in set(MentionTable.__struct_fields__) - {"values"}:
        ours, theirs = getattr(found, name), getattr(table, name)
        if hasattr(ours, "offsets"):
            assert (bytes(ours.data), ours.offsets.tolist()) == (bytes(theirs.data), theirs.offsets.tolist()), name
        elif hasattr(ours, "codes"):
            assert (ours.codes.tolist(), ours.names) == (theirs.codes.tolist(), theirs.names), name
        else:
            assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist()), name


# ---------------------------------------------------------------- writing

chances = st.integers(0, 2**32 - 1).map(random.Random)  # one draw for many values: drawing each byte takes seconds
CHARS = 'abc é\u07ff\u0800\uffff\U0001f600\U0010ffff"\\/\b\f\n\r\t\x01\x1f\x7f\x80,:{}[]'
INTS = (0, 1, -1, 9, 10, 2**53, 2**62, 2**63 - 1, -(2**63) + 1, NOON_MS)
FIELDS = {field.name: field for field in msgspec.structs.fields(Mention)}


def any_value(rng: random.Random, kind: Any) -> Any:
    if kind is str:
        return "".join(rng.choices(CHARS, k=rng.choice([0, 1, 2, 5, 40])))
    if kind is int:
        return rng.choice([*INTS, rng.randrange(-(10**6), 10**12)])
    return rng.random() < 0.5 if kind is bool else tuple(any_value(rng, str) for _ in range(rng.randrange(4)))


def any_mention(rng: random.Random) -> Mention:
    return Mention(**{name: any_value(rng, field.type) for name, field in FIELDS.items()})


def write(rng: random.Random, pairs: Sequence[tuple[str, Any]]) -> bytes:
    """An object of JSON with blanks and escapes at random."""
    fields = [f"{_blank(rng)}{json.dumps(key)}{_blank(rng)}:{_blank(rng)}{_write(rng, value)}" for key, value in pairs]
    return f"{_blank(rng)}{{{','.join(field + _blank(rng) for field in fields)}}}{_blank(rng)}".encode()


def _write(rng: random.Random, value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ",".join(_blank(rng) + _write(rng, item) + _blank(rng) for item in value) + _blank(rng) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    return '"' + "".join(_escape(rng, char) for char in value) + '"'


def _escape(rng: random.Random, char: str) -> str:
    short = json.dumps(char, ensure_ascii=False)[1:-1]
    units = char.encode("utf-16-be")
    long = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    return rng.choice([short, short, long, long.upper().replace("\\U", "\\u")])


def _blank(rng: random.Random) -> str:
    return rng.choice(["", "", "", " ", "\n\t", "\r "])


# ---------------------------------------------------------------- agreement


@settings(max_examples=100, deadline=None)
@given(chances)
def test_mentions_written_in_any_order_spacing_and_escaping_are_read(rng: random.Random) -> None:
    said = [any_mention(rng) for _ in range(rng.choice([0, 1, 20, 40]))]
    values = []
    for one in said:
        pairs = [pair for pair in facts(one).items() if pair[1] != FIELDS[pair[0]].default or rng.random() < 0.5]
        rng.shuffle(pairs)
        earlier = [(name, getattr(one, rng.choice(_alike(name)))) for name, _ in pairs if rng.random() < 0.1]
        values.append(write(rng, [*earlier, *pairs]))
    found, rows = read_mentions(values, 10_000)
    assert rows.tolist() == list(range(len(said)))
    assert found.values == values
    assert_same(found, said)
    assert [facts(one) for one in found] == [facts(one) for one in said]


def _alike(name: str) -> list[str]:
    return [other for other, field in FIELDS.items() if field.type == FIELDS[name].type]


PIECES = (
    *("\\u0000", "\\ud83d\\ude00", "\\ud800", "\\udc00x", "\\ud800\\u0041", "\\/", "\\x", "\\u12", "\\", '"', ",", ":"),
    *("1.0", "1e3", "-", "-0", "01", "null", "true", "false", "99999999999999999999", "9223372036854775808", "NaN"),
    *("{", "}", "[", "]", "[]", '"more":1,', '"id":"2",', '"seq":7,', "é", "\U0001f600", "\x1f", "\0", " ", "\ufeff"),
)
BROKEN = (b"\xff", b"\xc0\x80", b"\xc3", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x90", b"")
FULL = Mention(
    id="1",
    author="c1",
    created_at_ms=NOON_MS,
    text="my bag, \U0001f600 again",
    mentions=("acme", "é"),
    verified=True,
    feed="f",
    seq=12,
    feed_time_ms=NOON_MS,
)


def mutant(rng: random.Random) -> bytes:
    """A plain mention in which a stretch of bytes or two became others, perhaps cut short."""
    value = msgspec.json.encode(FULL if rng.random() < 0.7 else any_mention(rng))
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(len(value) + 1)
        piece = rng.choice([rng.choice(PIECES).encode(), rng.choice(BROKEN), rng.randbytes(1)])
        value = value[:at] + piece + value[at + rng.choice([0, 0, 1, 1, 2, 5]) :]
    return value[: rng.choice([len(value)] * 8 + [len(value) // 2, len(value) - 1])]


@settings(max_examples=150, deadline=None)
@given(chances)
def test_what_is_read_of_any_bytes_is_what_msgspec_reads(rng: random.Random) -> None:
    values = [mutant(rng) if rng.random() < 0.95 else rng.randbytes(9) for _ in range(40)]
    found, rows = read_mentions(values, LIMIT)
    wanted = [strict(values[row]) for row in rows.tolist()]
    assert None not in wanted
    assert_same(found, [one for one in wanted if one is not None])


@settings(max_examples=100, deadline=None)
@given(chances)
def test_a_batch_has_the_mentions_that_msgspec_finds_in_it(rng: random.Random) -> None:
    values = [mutant(rng) for _ in range(rng.choice([1, 5, 30]))]
    lines = decode_batch(batch(values), LIMIT, {}, {})
    assert_same(lines.mentions, list(lines.mentions))
    assert lines.mentions.values == [values[row] for row in lines.mention_rows.tolist()]
    assert {row: kind_of(lines, row) for row in range(len(values))} == {
        row: told_by_msgspec(value) for row, value in enumerate(values)
    }


def kind_of(lines: Lines, row: int) -> str:
    if row in lines.controls:
        return "control"
    return "reject" if row in lines.rejects else "extended" if row in lines.extended else "mention"


def told_by_msgspec(value: bytes) -> str:
    """The rules once more, in plain words."""
    one = strict(value)
    kind = "extended" if one is None else "mention"
    try:
        one = one or msgspec.json.decode(value, type=Mention)
        value.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "reject"
    in_time = [946_684_800_000 <= time_ms < 4_102_444_800_000 for time_ms in (one.created_at_ms, one.feed_time_ms)]
    stamped = in_time[1] and 0 <= one.seq < 2**63 and 0 <= one.epoch < 2**63
    said = [text for text in facts(one).values() if isinstance(text, str)]
    good = (
        len(value) <= LIMIT
        and "\0" not in "".join([*said, *one.mentions, *one.handles])
        and bool(one.id and one.author)
        and in_time[0]
        and 0 <= one.followers < 2**63
        and max(len(one.feed), len(one.source)) <= 200
        and (stamped or not one.feed)
    )
    return kind if good else "reject"


# ---------------------------------------------------------------- single cases

UNUSUAL: dict[str, bytes] = {
    "a field of somebody else": b'{"id":"1","author":"a","text":"t","created_at_ms":1500000000000,"more":[{}]}',
    "an escaped key": b'{"\\u0069d":"1","author":"a","text":"t","created_at_ms":1500000000000}',
    "an integer beyond 64 bits": b'{"id":"1","author":"a","text":"t","created_at_ms":1500000000000,"seq":%d}' % 10**30,
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_mention_stands_among_plain_ones(name: str) -> None:
    value = UNUSUAL[name]
    assert len(read_mentions([value], LIMIT)[1]) == 0
    values = [msgspec.json.encode(mention(1)), b"{", value, msgspec.json.encode(mention(2, text="\U0001f600"))]
    lines = decode_batch(batch(values), LIMIT, {}, {})
    assert lines.mention_rows.tolist() == [0, 2, 3]
    assert [*lines.mentions.id] == ["1", "1", "2"]
    assert [*lines.mentions.text] == ["an issue with my bag", "t", "\U0001f600"]
    assert lines.mentions.values == [values[0], value, values[3]]
    assert [*lines.feeds] == ["f", "raw-0", "raw-0", "f"]
    assert lines.extended == ({2} if b"more" in value else frozenset())


@given(chances)
def test_any_mention_can_be_rewritten_so_that_it_is_read(rng: random.Random) -> None:
    one = any_mention(rng)
    huge = msgspec.structs.replace(one, seq=2**70, followers=-(2**63))
    found, rows = read_mentions([plain(one), plain(huge)], 10_000)
    assert rows.tolist() == [0, 1]
    assert (found.seq.tolist(), found.followers.tolist()) == ([one.seq, -1], [one.followers, -1])


def test_a_figure_beyond_64_bits_has_no_say_in_what_becomes_of_its_neighbours() -> None:
    values = [mention(1, seq=2**62), mention(2, seq=2**70), mention(3, seq=2**63 - 1)]
    lines = decode_batch(batch(values), LIMIT, {}, {})
    assert lines.mention_rows.tolist() == [0, 2]
    assert lines.rejects[1].reason is RejectReason.WRONG_SHAPE
    assert lines.seqs[[0, 2]].tolist() == [2**62, 2**63 - 1]


def test_an_unstamped_line_may_carry_any_figures() -> None:
    values: list[Value] = [
        mention(1, feed="", epoch=2**70, seq=-(2**70)),
        b'{"control":"heartbeat","epoch":%d}' % (2**70),
    ]
    lines = decode_batch(batch(values), LIMIT, {}, {})
    assert [*lines.feeds] == ["raw-0", "raw-0"]
    assert (lines.epochs.tolist(), lines.seqs.tolist()) == ([0, 0], [1, 2])


def test_a_value_above_the_limit_is_left_to_others() -> None:
    value = msgspec.json.encode(mention(1))
    assert read_mentions([value], len(value))[1].tolist() == [0]
    assert read_mentions([value], len(value) - 1)[1].tolist() == []


def test_only_what_has_a_text_can_be_a_mention_so_a_plain_control_is_none() -> None:
    required = {name for name, field in FIELDS.items() if field.required}
    assert not required <= set(Control.__struct_fields__)


@given(chances)
def test_a_table_without_some_mentions_is_the_table_of_the_others(rng: random.Random) -> None:
    said = [any_mention(rng) for _ in range(rng.choice([1, 2, 6]))]
    left_out = sorted(rng.sample(range(len(said)), rng.randrange(len(said) + 1)))
    others = [one for place, one in enumerate(said) if place not in left_out]
    table = read_mentions([plain(one) for one in said], 10_000)[0].without(left_out)
    assert_same(table, others)
    assert [one.id for one in table] == [one.id for one in others]


def test_many_feeds_are_numbered_in_order_of_appearance() -> None:
    names = [f"feed {number * 7919 % 500}" for number in range(1_000)]
    found, _ = read_mentions([msgspec.json.encode(mention(1, feed=name)) for name in names], LIMIT)
    assert [*found.feed] == names
    assert found.feed.names == tuple(dict.fromkeys(names))
    assert np.array_equal(found.feed.codes[:500], np.arange(500))
