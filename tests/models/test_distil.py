"""Distilling word vectors, with a made-up encoder: the real one is not installed for tests."""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from config.errors import UnheardError
from models.features import ANY_HANDLE, BUCKET_BITS, FINALISER, word_hash
from models.reference import named_words, pair_hash, words_of
from models.teacher import distil
from models.teacher.encoder import STATES, Encoded, encode


def states(*values: float) -> distil.Floats:
    """One piece for each value, all its numbers alike."""
    return np.repeat(np.array(values, np.float32)[:, None], STATES, axis=1)


def encoded(texts: Sequence[distil.Text], value: float) -> list[Encoded]:
    """As if each word were one piece, all of the same state."""
    return [
        Encoded(row, states(*[value] * len(text.words)), [*range(len(text.words))]) for row, text in enumerate(texts)
    ]


def table(sums: distil.Sums) -> dict[int, tuple[float, int]]:
    """The first number and the count by key."""
    return {int(key): (float(total[0]), int(n)) for key, total, n in zip(*sums, strict=True)}


def test_words_are_those_of_the_judge_and_all_handles_are_one() -> None:
    found = words_of("@AcmeCares Hello world, see https://example.org")
    assert [name for name, _ in found] == ["@acmecares", "hello", "world", ",", "see", "URL"]
    assert found[0][1] == ANY_HANDLE
    assert found[1][1] == word_hash(b"hello")
    assert words_of("@other Hello")[0][1] == found[0][1]


def test_a_pairs_hash_is_the_one_whose_bucket_the_judge_counts() -> None:
    first, second = (value for _, value in words_of("hello world"))
    value = pair_hash(first, second)
    bucket = ((value ^ value >> 32) * int(FINALISER) & (1 << 64) - 1) >> (64 - BUCKET_BITS)
    assert ("hello world", bucket) in list(named_words(b"hello world"))
    assert value != pair_hash(second, first)


def test_the_encoder_reads_plain_words_in_place_of_handles_and_links() -> None:
    text = distil.cut("@acme look https://example.org now")
    assert text.spoken == ["user", "look", "url", "now"]
    assert len(text.words) == 4
    assert text.pairs.tolist() == [pair_hash(*pair) for pair in pairwise(text.words.tolist())]


def test_a_text_without_words_has_no_pairs() -> None:
    text = distil.cut("")
    assert (text.spoken, len(text.words), len(text.pairs)) == ([], 0, 0)


def test_a_word_is_the_mean_of_its_pieces_and_marks_at_the_ends_belong_to_none() -> None:
    vectors, read = distil.vectors_of_words(states(9, 1, 2, 4, 9), [None, 0, 1, 1, None], 2)
    assert (vectors[:, 0].tolist(), read.tolist()) == ([1.0, 3.0], [True, True])


def test_a_word_that_the_encoder_left_out_or_cut_off_has_no_vector() -> None:
    vectors, read = distil.vectors_of_words(states(9, 1, 2, 9), [None, 0, 2, None], 4)
    assert (vectors[:, 0].tolist(), read.tolist()) == ([1.0, 0.0, 2.0, 0.0], [True, False, True, False])


def test_a_text_without_pieces_has_no_vectors() -> None:
    vectors, read = distil.vectors_of_words(states(9, 9), [None, None], 0)
    assert (vectors.shape, read.shape) == ((0, STATES), (0,))


def test_only_what_is_seen_often_enough_is_kept_in_the_order_of_the_hashes() -> None:
    hashes = [np.array(values, np.uint64) for values in ([7, 3, 7], [2**64 - 1, 3], [5, 2**64 - 1])]
    assert distil.seen_often(hashes, 2).keys.tolist() == [3, 7, 2**64 - 1]
    assert distil.seen_often([], 2).keys.tolist() == []


def test_sums_count_each_occurrence_and_pass_over_unknown_keys() -> None:
    sums = distil.seen_often([np.array([3, 3, 7, 7], np.uint64)], 2)
    distil.add(sums, np.array([7, 7, 5, 9], np.uint64), states(1, 2, 50, 90))
    assert table(sums) == {3: (0.0, 0), 7: (3.0, 2)}


def test_adding_to_nothing_changes_nothing() -> None:
    sums = distil.seen_often([], 2)
    distil.add(sums, np.array([7], np.uint64), states(1))
    assert table(sums) == {}


def test_words_seen_twice_and_pairs_seen_eight_times_are_averaged_over_all_their_places() -> None:
    texts = [distil.cut(text) for text in ["good day"] * 7 + ["good day to you", "you there"]]
    words, pairs = distil.average(texts, encoded(texts, 2.0))
    good, day, you = (word_hash(word) for word in (b"good", b"day", b"you"))
    assert table(words) == {good: (16.0, 8), day: (16.0, 8), you: (4.0, 2)}
    assert table(pairs) == {pair_hash(good, day): (16.0, 8)}


def test_a_pair_is_the_mean_of_its_two_words_and_needs_both() -> None:
    texts = [distil.cut("good day")] * 8
    both = [Encoded(row, states(1, 3), [0, 1]) for row in range(7)]
    _, pairs = distil.average(texts, [*both, Encoded(7, states(1), [0])])
    assert list(table(pairs).values()) == [(14.0, 7)]


def test_components_come_by_importance_and_do_not_depend_on_where_the_rows_lie() -> None:
    drawn = np.random.default_rng(1).normal(size=(400, 12))
    rows = drawn @ np.random.default_rng(2).normal(size=(12, 12))
    weights = np.ones(400)
    found = distil.principal_components(rows, weights, 5)
    spread = found.std(axis=0)
    assert found.shape == (400, 5)
    assert np.all(np.diff(spread) <= 1e-9)
    assert spread[0] == pytest.approx(1)
    assert np.abs(distil.principal_components(rows * 3 + 7, weights, 5)) == pytest.approx(np.abs(found), abs=1e-4)


def test_components_are_apart_from_each_other() -> None:
    rows = np.random.default_rng(3).normal(size=(300, 6)) @ np.random.default_rng(4).normal(size=(6, 6))
    found = distil.principal_components(rows, np.ones(300), 6)
    assert np.corrcoef(found.T) == pytest.approx(np.eye(6), abs=1e-6)


def test_few_or_equal_or_no_rows_give_numbers_all_the_same() -> None:
    for rows in (np.zeros((0, 8)), np.ones((1, 8)), np.ones((3, 8)), np.eye(3, 8)):
        found = distil.principal_components(rows, np.ones(len(rows)), 5)
        assert found.shape == (len(rows), 5)
        assert np.isfinite(found).all()
        assert distil.as_bytes(found).dtype == np.int8


def test_bytes_keep_the_order_and_cut_what_is_above_half_of_the_greatest() -> None:
    found = distil.as_bytes(np.array([[-1.0, -0.25, 0.0, 0.25, 0.5, 0.6, 1.0]]))
    assert found.tolist() == [[-127, -64, 0, 64, 127, 127, 127]]
    assert distil.as_bytes(np.zeros((0, 4))).shape == (0, 4)


def test_a_table_holds_what_was_read_often_enough() -> None:
    sums = distil.Sums(np.array([3, 5, 9], np.uint64), np.ones((3, STATES), np.float32), np.array([8, 0, 7]))
    assert distil.reduced(sums, 1, 200).keys.tolist() == [3, 9]
    found = distil.reduced(sums, 8, 100)
    assert (found.keys.tolist(), found.vectors.shape) == ([3], (1, distil.SIZE))
    assert found.vectors.dtype == np.int8


def test_the_file_holds_hashes_and_vectors_and_nothing_else(tmp_path: Path) -> None:
    words = distil.Table(np.array([3, 5], np.uint64), np.ones((2, distil.SIZE), np.int8))
    pairs = distil.Table(np.zeros(0, np.uint64), np.zeros((0, distil.SIZE), np.int8))
    distil.save(tmp_path / "new" / "vectors.npz", words, pairs)
    with np.load(tmp_path / "new" / "vectors.npz", allow_pickle=False) as found:
        shapes = {name: (array.dtype, array.shape) for name, array in found.items()}
    assert shapes == {
        "word_keys": (np.uint64, (2,)),
        "word_vectors": (np.int8, (2, distil.SIZE)),
        "pair_keys": (np.uint64, (0,)),
        "pair_vectors": (np.int8, (0, distil.SIZE)),
    }


def test_texts_are_those_of_both_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "labelled.jsonl").write_text('{"id": "a-1", "text": "one"}\n{"id": "a-2", "text": "two"}\n')
    (tmp_path / "unlabelled.jsonl").write_text('{"id": "a-3", "text": "three"}\n')
    assert distil.load_texts(tmp_path) == ["one", "two", "three"]


def test_a_missing_or_broken_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="cannot read the texts"):
        distil.load_texts(tmp_path)
    (tmp_path / "labelled.jsonl").write_text('{"id": "a-1"}\n')
    with pytest.raises(UnheardError, match=r"labelled\.jsonl: .*text"):
        distil.load_texts(tmp_path)


@pytest.mark.skipif(find_spec("tokenizers") is not None, reason="the encoder is installed here")
def test_without_the_encoder_one_line_says_what_to_run() -> None:
    with pytest.raises(UnheardError, match="scripts/distil"):
        next(iter(encode([["hello"]])))


def test_the_shipped_vectors_are_sorted_bytes() -> None:
    path = Path(distil.__file__).parent / "vectors.npz"
    with np.load(path, allow_pickle=False) as found:
        arrays = dict(found)
    for kind in ("word", "pair"):
        keys, vectors = arrays[f"{kind}_keys"], arrays[f"{kind}_vectors"]
        assert (keys.dtype, vectors.dtype, vectors.shape) == (np.uint64, np.int8, (len(keys), distil.SIZE))
        assert np.all(keys[:-1] < keys[1:])
