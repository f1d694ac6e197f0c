"""Goal: compiled code hashes customers exactly as Python's own BLAKE2b does.
Method: laws against ``hashlib``, through the readable hasher; keys, sources and names of all lengths."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.packing import Strings
from streams.stages.customer_hash import CustomerHash
from streams.stages.mention_table import Coded
from streams.stages.route import make_hasher


def hashes(key: bytes, customers: list[tuple[str, str]]) -> list[str]:
    """The hash of each (source, name)."""
    names = Strings.of(name for _, name in customers)
    sources = Coded.of(source for source, _ in customers)
    found = CustomerHash(key).hash_all(sources, names, np.arange(len(customers)))
    return [f"{number:016x}" for number in found.tolist()]


def short_texts(limit: int) -> st.SearchStrategy[str]:
    characters = st.characters(exclude_categories=("Cs",))
    return st.text(characters, max_size=limit) | st.integers(0, limit).map(
        lambda size: "ab\u00e9\U0001f600"[:size] * size
    )


NAMES = short_texts(400).filter(lambda name: len(name.encode()) <= 2_000)


@given(st.binary(max_size=200), st.lists(st.tuples(short_texts(20), NAMES), max_size=5))
@example(b"", [("x", "7")])
@example(b"k" * 64, [("x", "7"), ("", "")])
@example(b"k" * 65, [("y", "\u00e9"), ("x", "7")])
def test_every_hash_is_that_of_the_standard_library(key: bytes, customers: list[tuple[str, str]]) -> None:
    hash_customer = make_hasher(key)
    assert hashes(key, customers) == [hash_customer(source, name) for source, name in customers]


@pytest.mark.parametrize("key", [b"", b"key"])
def test_names_that_fill_blocks_to_the_last_byte_are_hashed_right(key: bytes) -> None:
    customers = [("x", "a" * size) for size in range(520)] + [("s" * size, "a" * 130) for size in range(300)]
    hash_customer = make_hasher(key)
    assert hashes(key, customers) == [hash_customer(source, name) for source, name in customers]


def test_names_are_hashed_in_the_order_and_as_often_as_they_are_chosen() -> None:
    names, chosen = Strings.of(["a", "b", "c"]), np.array([2, 0, 2])
    found = CustomerHash(b"k").hash_all(Coded.of(["x", "y", "x"]), names, chosen).tolist()
    hash_customer = make_hasher(b"k")
    assert found == [int(hash_customer(*pair), 16) for pair in (("x", "c"), ("y", "a"), ("x", "c"))]
