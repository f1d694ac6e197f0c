"""The shallow network: its look-up, its sums, and that folding the trained layers changes only the last digits."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UnheardError
from models import reference
from models.corpus import Row, targets_of
from models.network import HIDDEN, MOST_KEYS, Network, known_rows
from models.network_training import Vectors, fit_layers, fold, load_vectors, pool
from models.reference import pair_hash, words_of
from tests.models.invented import random_model

TEXTS = ["the help is the best", "no help!", "@shop where is it", "", "unknown words only"]
KNOWN = words_of("the help is best no where it @")


def some_vectors() -> Vectors:
    words = [key for _, key in KNOWN]
    pairs = [pair_hash(words[0], words[1]), pair_hash(words[1], words[2])]
    draw = np.random.default_rng(3)
    return Vectors(
        np.array([*words, *pairs], np.uint64), draw.integers(-127, 128, (len(words) + 2, 6)).astype(np.int8), len(words)
    )


@given(st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=200))
def test_only_words_with_a_key_are_found(others: list[int]) -> None:
    keys = [key for _, key in KNOWN]
    table = np.array([key for key in others if key not in keys] + keys, np.uint64)
    rows, ends = known_rows(["the help zzz"], table)
    assert ends.tolist() == [[2, 2]]
    assert [int(table[row]) for row in rows] == keys[:2]


def test_sums_are_divided_by_the_root_of_the_number_of_known_words() -> None:
    vectors = some_vectors()
    exact = vectors.vectors.astype(float)
    sums = pool(TEXTS, vectors)
    np.testing.assert_allclose(sums[0, :6], (2 * exact[0] + exact[1] + exact[2] + exact[3]) / np.sqrt(5))
    np.testing.assert_allclose(sums[0, 6:], (exact[-2] + exact[-1]) / np.sqrt(2))
    assert not sums[3].any()
    assert not sums[4].any()


def test_the_folded_network_says_what_the_layers_say() -> None:
    vectors, draw = some_vectors(), np.random.default_rng(5)
    rows = [
        Row(text, intent, ("churn", "legal")[: number % 3], id=f"x-{number}")
        for number, text in enumerate(TEXTS * 8)
        for intent in (draw.choice(["issue", "praise", "vent", "review", "other"]),)
    ]
    rows += [Row("the best", "praise", (), id="y"), Row("no", "vent", (), id="z"), Row("it", "review", (), id="v")]
    sums = pool([row.text for row in rows], vectors)
    layers = fit_layers(sums, targets_of(rows), np.ones(len(rows)), seed=1)
    network = fold(layers, vectors, layers.output)
    folded = reference.network_output(network, TEXTS) + layers.output_bias
    np.testing.assert_allclose(folded, layers.logits(pool(TEXTS, vectors)), atol=0.05)


def test_an_unknown_word_adds_nothing() -> None:
    network = random_model().network
    some, more = reference.network_output(network, ["please help", "please help zyxwv"])
    alone = [pair for pair in reference.known(network, "please help zyxwv")[1] if "zyxwv" in pair[0]]
    assert not alone
    np.testing.assert_allclose(some, more)


def test_a_network_without_words_adds_what_its_bias_lets_pass() -> None:
    network = Network(
        np.zeros(0, np.uint64), np.zeros((0, HIDDEN), np.int8), np.ones(HIDDEN), -np.ones(HIDDEN), np.ones((HIDDEN, 2))
    )
    assert not reference.network_output(network, ["anything"]).any()


def test_missing_vectors_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="vectors"):
        load_vectors(tmp_path / "vectors.npz")


def test_more_vectors_than_the_table_takes_are_refused(tmp_path: Path) -> None:
    keys, vectors = np.arange(MOST_KEYS + 1, dtype=np.uint64), np.zeros((MOST_KEYS + 1, 2), np.int8)
    np.savez(tmp_path / "v.npz", word_keys=keys, word_vectors=vectors, pair_keys=keys[:0], pair_vectors=vectors[:0])
    with pytest.raises(UnheardError, match="are possible"):
        load_vectors(tmp_path / "v.npz")
