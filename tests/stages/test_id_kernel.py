"""Goal: compiled steps on ids do what plain Python does with strings.

Method: Hypothesis against plain twins; SipHash and against a vector of its authors' too.
"""

from typing import Any, Final

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.packing import Strings
from streams.stages.id_kernel import hash_copies, join_ids, order_rows

MASK: Final = 2**64 - 1
ids = st.lists(st.text(st.sampled_from("ab9éZ\U0001f600\ud800"), max_size=20), max_size=12)


def columns(texts: list[str]) -> tuple[Any, Any, Any]:
    strings = Strings.of(texts)
    return strings.data, strings.offsets[:-1], strings.offsets[1:]


# ---------------------------------------------------------------- joining and ordering


@given(ids, st.data())
def test_joined_ids_have_a_nul_behind_each(texts: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    strings = Strings.of(texts)
    joined, ends = join_ids(strings.data, strings.offsets, np.array(chosen, np.int64))
    expected = [texts[number].encode("utf-8", "surrogatepass") + b"\0" for number in chosen]
    assert joined.tobytes() == b"".join(expected)
    assert ends.tolist() == np.cumsum([len(id_) for id_ in expected]).tolist()


@given(ids, st.data())
def test_rows_are_ordered_by_time_then_by_id_and_equal_ones_stay(texts: list[str], data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(-2, 2), min_size=len(texts), max_size=len(texts)))
    order = order_rows(np.array(times, np.int64), *columns(texts))
    assert order.tolist() == sorted(range(len(texts)), key=lambda row: (times[row], texts[row]))


# ---------------------------------------------------------------- hashing


def siphash(message: bytes, seed: tuple[int, int]) -> tuple[int, int]:
    """SipHash-2-4, 128 bits, as its authors describe it."""
    v = [
        seed[0] ^ 0x736F6D6570736575,
        seed[1] ^ 0x646F72616E646F6D ^ 0xEE,
        seed[0] ^ 0x6C7967656E657261,
        seed[1] ^ 0x7465646279746573,
    ]

    def turn(one: int, other: int, bits: int) -> None:
        v[one] = (v[one] + v[other]) & MASK
        v[other] = ((v[other] << bits | v[other] >> 64 - bits) & MASK) ^ v[one]

    def half(word: int) -> int:
        return (word << 32 | word >> 32) & MASK

    def mix(rounds: int) -> None:
        for _ in range(rounds):
            turn(0, 1, 13)
            v[0] = half(v[0])
            turn(2, 3, 16)
            turn(0, 3, 21)
            turn(2, 1, 17)
            v[2] = half(v[2])

    padded = message + b"\0" * (-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        mix(2)
        v[0] ^= word
    v[2] ^= 0xEE
    mix(4)
    first = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    mix(4)
    return first, v[0] ^ v[1] ^ v[2] ^ v[3]


Words = tuple[int, int]


def hashed(customers: list[int], texts: list[str], pairs: list[int], seeds: list[Words]) -> list[Words]:
    high, low = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint32)
    words = np.array(seeds, np.uint64).reshape(-1, 2), np.array(customers, np.uint64)
    hash_copies(*columns(texts), np.array(pairs, np.uint32), *words, high, low)
    return list(zip(high.tolist(), low.tolist(), strict=True))


def test_siphash_gives_what_its_reference_gives() -> None:
    """The reference's vector for 14 bytes, 00 to 0d, under the key 00 to 0f."""
    key, message, expected = bytes(range(16)), bytes(range(14)), "31fcefac66d7de9c7ec7485fe4494902"
    seed = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    assert b"".join(word.to_bytes(8, "little") for word in siphash(message, seed)).hex() == expected
    ((high, low),) = hashed([int.from_bytes(message[:8], "little")], [message[8:].decode()], [0], [seed])
    assert (high, low) == (siphash(message, seed)[0], siphash(message, seed)[1] >> 32)


@given(ids, st.data())
def test_a_copy_is_hashed_as_siphash_does(texts: list[str], data: st.DataObject) -> None:
    words = st.integers(0, MASK)
    seeds = data.draw(st.lists(st.tuples(words, words), min_size=1, max_size=3))
    customers = [data.draw(words) for _ in texts]
    pairs = [data.draw(st.integers(0, len(seeds) - 1)) for _ in texts]
    expected = []
    for customer, text, pair in zip(customers, texts, pairs, strict=True):
        message = customer.to_bytes(8, "little") + text.encode("utf-8", "surrogatepass")
        first, second = siphash(message, seeds[pair])
        expected.append((first, second >> 32))
    assert hashed(customers, texts, pairs, seeds) == expected
