"""Fits the shallow network on sums of word vectors, with scikit-learn, and folds it into rows for ``models.network``.

The vectors (``models/teacher``) were left by a sentence encoder. What is learned here: one hidden layer from a text's
two sums (words, pairs), of which the first INTENT_UNITS units serve the intents and the others the flags.
"""

import warnings
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from config.errors import UnheardError
from models.corpus import Targets
from models.features import Hashes
from models.network import HIDDEN, MOST_KEYS, Network, known_rows

VECTORS: Final = Path(__file__).parent / "teacher" / "vectors.npz"
INTENT_UNITS: Final = 40
EPOCHS: Final = 10
RATE: Final = 5e-4
BATCH: Final = 256
DECAY: Final = 1e-2  # alpha of scikit-learn
# How far the logits move from the shares of the training set towards equal classes: 1 would be all the way.
PRIOR: Final = 0.7

Floats = NDArray[np.float64]


class Vectors(NamedTuple):
    """Of the n rows the first ``words`` are words', the others pairs'."""

    keys: Hashes  # [n]
    vectors: NDArray[np.int8]  # [n, dimensions]
    words: int


def load_vectors(path: Path = VECTORS) -> Vectors:
    """Raises UnheardError where the file is missing or holds more than the network takes."""
    try:
        with np.load(path, allow_pickle=False) as file:
            keys = np.concatenate([file["word_keys"], file["pair_keys"]])
            vectors = np.concatenate([file["word_vectors"], file["pair_vectors"]])
            words = len(file["word_keys"])
    except (OSError, KeyError, ValueError) as error:
        raise UnheardError(f"cannot read the word vectors {path}: {error}") from error
    if len(keys) > MOST_KEYS:
        raise UnheardError(f"{path} holds {len(keys)} vectors, {MOST_KEYS} are possible")
    return Vectors(keys, vectors, words)


def pool(texts: list[str], vectors: Vectors) -> Floats:
    """float64[n, 2 * dimensions]: the sums of the vectors of a text's known words and pairs, each over the root of
    their number."""
    rows, ends = known_rows(texts, vectors.keys)
    bounds = np.concatenate([[0], ends.reshape(-1)])
    parts = [_sums(rows, bounds[first:-1:2], bounds[first + 1 :: 2], vectors.vectors) for first in (0, 1)]
    return np.hstack(parts)


def sparse_rows(
    columns: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], values: Floats, width: int
) -> sp.csr_matrix:
    """[n, width]: row i is ``values[i]`` in the columns ``columns[starts[i]:ends[i]]``."""
    sizes = ends - starts
    chosen = np.concatenate([columns[start:end] for start, end in zip(starts, ends, strict=True)])
    pointers = np.concatenate([[0], np.cumsum(sizes)])
    return sp.csr_matrix((np.repeat(values, sizes), chosen, pointers), shape=(len(starts), width))


def _sums(
    rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], vectors: NDArray[np.int8]
) -> Floats:
    weights = 1.0 / np.sqrt(np.maximum(ends - starts, 1))
    return np.asarray(sparse_rows(rows, starts, ends, weights, len(vectors)) @ vectors.astype(np.float64))


class Layers(NamedTuple):
    """The fitted network, on sums as :func:`pool` makes them."""

    hidden: Floats  # [2 * dimensions, HIDDEN]
    hidden_bias: Floats  # [HIDDEN]
    output: Floats  # [HIDDEN, heads]
    output_bias: Floats  # [heads]

    def logits(self, sums: Floats) -> Floats:
        return np.asarray(np.maximum(sums @ self.hidden + self.hidden_bias, 0) @ self.output + self.output_bias)


def fit_layers(sums: Floats, targets: Targets, trust: Floats, seed: int) -> Layers:
    """The logits of all heads from the sums: intents jointly, the flags jointly."""
    mean, spread = sums.mean(axis=0), sums.std(axis=0) + 1e-9
    scaled = (sums - mean) / spread
    intents = _fit(scaled, targets.intent, trust, INTENT_UNITS, seed)
    flags = _fit(scaled, targets.binary.astype(np.int64), trust, HIDDEN - INTENT_UNITS, seed)
    hidden = np.hstack([intents.coefs_[0], flags.coefs_[0]]) / spread[:, None]
    hidden_bias = np.concatenate([intents.intercepts_[0], flags.intercepts_[0]]) - mean @ hidden
    counts = np.bincount(targets.intent, weights=trust, minlength=intents.coefs_[1].shape[1])
    evened = intents.intercepts_[1] - PRIOR * np.log(np.maximum(counts, 1) / counts.sum())
    nothing = np.zeros((INTENT_UNITS, flags.coefs_[1].shape[1]))
    nothing_else = np.zeros((HIDDEN - INTENT_UNITS, intents.coefs_[1].shape[1]))
    output = np.block([[intents.coefs_[1], nothing], [nothing_else, flags.coefs_[1]]])
    return Layers(hidden, hidden_bias, output, np.concatenate([evened, flags.intercepts_[1]]))


def _fit(scaled: Floats, truth: NDArray[np.int64], trust: Floats, units: int, seed: int) -> MLPClassifier:
    network = MLPClassifier(
        (units,),
        alpha=DECAY,
        batch_size=min(BATCH, len(scaled)),
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many epochs are meant, not a minimum
        return network.fit(scaled, truth, sample_weight=trust)


def fold(layers: Layers, vectors: Vectors, output: Floats) -> Network:
    """The hidden layer applied to each vector and rounded to bytes: one step size per unit. ``output`` is the output
    layer as the scorer is to use it."""
    dimensions = vectors.vectors.shape[1]
    exact = vectors.vectors.astype(np.float64)
    rows = np.concatenate(
        [exact[: vectors.words] @ layers.hidden[:dimensions], exact[vectors.words :] @ layers.hidden[dimensions:]]
    )
    scales = np.maximum(np.abs(rows).max(axis=0) / 127, 1e-12)
    return Network(vectors.keys, np.rint(rows / scales).astype(np.int8), scales, layers.hidden_bias, output)
