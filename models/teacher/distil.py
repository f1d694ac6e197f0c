"""Distil a small sentence encoder into a table of word vectors: ``scripts/distil``.

Reads labelled.jsonl and unlabelled.jsonl (one object with "text" a line), cuts the texts into the judge's own words and
averages the encoder's states of each word, and of each pair of neighbours, over all the places where it stands. The
averages are reduced to 128 numbers of a byte each. What is written holds hashes and vectors, and no text. The same
texts give the same vectors up to rounding and sign. About 15 minutes on two cores.

Example: scripts/distil --data ../shared/data --limit 2000 --out vectors.npz
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.errors import UnheardError
from models.features import ANY_HANDLE
from models.reference import pair_hash, words_of
from models.teacher.encoder import STATES, Encoded, encode

WORD_TIMES: Final = 2  # what is seen less often gets no vector
PAIR_TIMES: Final = 8
WORD_WEIGHED: Final = 200  # seen more often than that, it does not weigh more in the principal components
PAIR_WEIGHED: Final = 100
SIZE: Final = 128
STRETCH: Final = 0.3  # how much longer the first components are: 0 would make all alike, 1 leave them as they are
_TINY: Final = 1e-6
_MOST: Final = 127  # of an int8; the lowest value is not used
_FILES: Final = ("labelled.jsonl", "unlabelled.jsonl")
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_TOLD_EVERY: Final = 6_400  # texts

Hashes = NDArray[np.uint64]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


class Text(NamedTuple):
    """A text's words: as the encoder reads them, by the judge's hashes, and by those of neighbours."""

    spoken: list[str]
    words: Hashes
    pairs: Hashes


class Sums(NamedTuple):
    """What was seen of each key so far."""

    keys: Hashes  # sorted
    sums: Floats  # [keys, STATES]
    times: NDArray[np.int64]


class Table(NamedTuple):
    keys: Hashes  # sorted
    vectors: NDArray[np.int8]  # [keys, SIZE]


class _Line(msgspec.Struct):
    text: str


def load_texts(folder: Path) -> list[str]:
    """All texts of both files. Raises UnheardError when one is missing or a line has no text."""
    return [text for name in _FILES for text in _lines(folder / name)]


def _lines(path: Path) -> list[str]:
    decoder = msgspec.json.Decoder(_Line)
    try:
        lines = path.read_bytes().splitlines()
        return [decoder.decode(line).text for line in lines]
    except OSError as error:
        raise UnheardError(f"cannot read the texts {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UnheardError(f"{path}: {error}") from error


def cut(text: str) -> Text:
    """The words of a text as the judge cuts it. All handles are one."""
    found = words_of(text)
    words = [value for _, value in found]
    pairs = [pair_hash(first, second) for first, second in pairwise(words)]
    return Text([_spoken(*word) for word in found], np.array(words, np.uint64), np.array(pairs, np.uint64))


def _spoken(name: str, value: int) -> str:
    """Names of people and links mean nothing to the encoder; plain words in their places do."""
    if value == ANY_HANDLE:
        return "user"
    return "url" if name == "URL" else name


def seen_often(hashes: Iterable[Hashes], times: int) -> Sums:
    """Empty sums for all that occur so often."""
    keys, counts = np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]), return_counts=True)
    keys = keys[counts >= times]
    return Sums(keys, np.zeros((len(keys), STATES), np.float32), np.zeros(len(keys), np.int64))


def vectors_of_words(states: Floats, word_of_piece: Sequence[int | None], words: int) -> tuple[Floats, Flags]:
    """(each word's mean over its pieces, whether it has any): one that the encoder leaves out or cuts off has none."""
    pieces = [piece for piece, word in enumerate(word_of_piece) if word is not None]
    owners = np.array([word for word in word_of_piece if word is not None], np.int64)
    vectors: Floats = np.zeros((words, states.shape[1]), np.float32)
    np.add.at(vectors, owners, states[pieces])
    counts = np.bincount(owners, minlength=words)
    vectors /= np.maximum(counts, 1).astype(np.float32)[:, None]
    return vectors, counts > 0


def add(sums: Sums, keys: Hashes, vectors: Floats) -> None:
    """Count one occurrence for each of the keys that ``sums`` knows."""
    if not len(sums.keys):
        return
    rows = np.minimum(np.searchsorted(sums.keys, keys), len(sums.keys) - 1)
    known = sums.keys[rows] == keys
    np.add.at(sums.sums, rows[known], vectors[known])
    np.add.at(sums.times, rows[known], 1)


def average(texts: Sequence[Text], encoded: Iterable[Encoded]) -> tuple[Sums, Sums]:
    """(words, pairs), each summed over all the places where the encoder read it."""
    words = seen_often((text.words for text in texts), WORD_TIMES)
    pairs = seen_often((text.pairs for text in texts), PAIR_TIMES)
    for done, found in enumerate(encoded):
        text = texts[found.text]
        vectors, read = vectors_of_words(found.states, found.words, len(text.words))
        add(words, text.words[read], vectors[read])
        both = read[:-1] & read[1:]
        add(pairs, text.pairs[both], (vectors[:-1][both] + vectors[1:][both]) / np.float32(2))
        if done % _TOLD_EVERY == 0:
            sys.stderr.write(f"text {done} of {len(texts)}\n")
    return words, pairs


def reduced(sums: Sums, least: int, weighed: int) -> Table:
    """The means of what was read at least so often, as bytes; ``weighed`` is the count that weighs most."""
    kept = sums.times >= least
    times = sums.times[kept]
    means = sums.sums[kept] / times[:, None].astype(np.float64)
    weights = np.sqrt(np.minimum(times, weighed).astype(np.float64))
    return Table(sums.keys[kept], as_bytes(principal_components(means, weights, SIZE)))


def principal_components(rows: NDArray[np.float64], weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """[rows, size]: by weighted principal components, of unit length first and then stretched by their importance."""
    if not len(rows):
        return np.zeros((0, size))
    weights = (weights / weights.sum())[:, None]
    rows = rows - (rows * weights).sum(axis=0)
    rows = rows / (rows.std(axis=0) + _TINY)
    importance, axes = np.linalg.eigh((rows * weights).T @ rows)  # the least comes first
    importance = np.maximum(importance[::-1][:size], 0) / max(importance[-1], _TINY)
    found = rows @ axes[:, ::-1][:, :size]
    stretched: NDArray[np.float64] = found / np.maximum(found.std(axis=0), _TINY) * np.sqrt(importance) ** STRETCH
    return stretched


def as_bytes(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """In steps of one scale. Few values come near the greatest, so those above half of it are cut for finer steps."""
    greatest = np.abs(values).max(initial=_TINY)
    steps: NDArray[np.float64] = np.clip(np.rint(values / greatest * 2 * _MOST), -_MOST, _MOST)
    return steps.astype(np.int8)


def save(path: Path, words: Table, pairs: Table) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(
                file,
                word_keys=words.keys,
                word_vectors=words.vectors,
                pair_keys=pairs.keys,
                pair_vectors=pairs.vectors,
            )
    except OSError as error:
        raise UnheardError(f"cannot write {path}: {error.strerror}") from error


def distil(texts: Sequence[str]) -> tuple[Table, Table]:
    """(words, pairs)"""
    found = [cut(text) for text in texts]
    words, pairs = average(found, encode([text.spoken for text in found]))
    return reduced(words, 1, WORD_WEIGHED), reduced(pairs, PAIR_TIMES, PAIR_WEIGHED)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/distil", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=_ROOT / ".." / "shared" / "data", help="folder of the texts")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "vectors.npz", help="file to write")
    parser.add_argument("--limit", type=int, help="only the first so many texts, to try it out")
    options = parser.parse_args()
    if options.limit is not None and options.limit < 1:
        parser.error("--limit must be at least 1")
    try:
        texts = load_texts(options.data)[: options.limit]
        words, pairs = distil(texts)
        save(options.out, words, pairs)
    except UnheardError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{len(words.keys)} words and {len(pairs.keys)} pairs of {len(texts)} texts in {options.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
