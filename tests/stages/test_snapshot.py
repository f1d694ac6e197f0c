"""Goal: a state comes back from its chunks exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.fold import BlockError
from streams.stages.snapshot import CHUNK_BYTES, decode_part, dump_chunks, dump_parts, load_chunks, load_parts

Values = dict[str, list[int]]


@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers(-(2**60), 2**60), max_size=5)))
def test_a_state_comes_back(value: Values) -> None:
    assert load_chunks(dump_chunks(value), Values) == value


def test_no_chunk_is_larger_than_a_record_may_be() -> None:
    value = {"big": list(range(300_000))}
    chunks = list(dump_chunks(value))
    assert len(chunks) > 2
    assert max(len(chunk) for chunk in chunks) <= CHUNK_BYTES <= 512_000
    assert load_chunks(chunks, Values) == value


@given(st.lists(st.integers(0, 2**40), max_size=8))
def test_parts_come_back_in_their_order(numbers: list[int]) -> None:
    assert [decode_part(part, int) for part in load_parts(dump_parts(numbers))] == numbers


def _chunks() -> list[bytes]:
    return list(dump_parts([b"a" * 700_000, b"b" * 10, b"c"]))


DAMAGES = {
    "no chunk at all": lambda chunks: chunks[:0],
    "the last one lost": lambda chunks: chunks[:-1],
    "the first one lost": lambda chunks: chunks[1:],
    "one in the middle lost": lambda chunks: chunks[:1] + chunks[2:],
    "two swapped": lambda chunks: [chunks[0], chunks[2], chunks[1], *chunks[3:]],
    "one twice": lambda chunks: [chunks[0], *chunks],
    "one too many": lambda chunks: [*chunks, chunks[-1]],
    "a flipped bit": lambda chunks: [chunks[0][:-1] + bytes([chunks[0][-1] ^ 1]), *chunks[1:]],
    "a flipped kind": lambda chunks: [chunks[0][:8] + b"\x01" + chunks[0][9:], *chunks[1:]],
    "another version": lambda chunks: [b"UHS9" + chunks[0][4:], *chunks[1:]],
    "cut short": lambda chunks: [chunks[0][:10], *chunks[1:]],
    "an empty chunk": lambda chunks: [b"", *chunks],
    "one of another snapshot": lambda chunks: [*chunks[:-2], list(dump_parts([b"x", b"y", b"z"]))[2], chunks[-1]],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_any_damage_is_noticed(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(BlockError, match="snapshot"):
        list(load_parts(damage(_chunks())))


def test_a_part_of_another_shape_is_refused() -> None:
    with pytest.raises(BlockError, match="snapshot: Expected `int`"):
        load_chunks(dump_chunks("text"), int)


def test_one_value_is_one_part() -> None:
    with pytest.raises(BlockError, match="2 parts where one was expected"):
        load_chunks(dump_parts([1, 2]), int)
