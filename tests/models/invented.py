"""Models that no training made: small, known to the last weight, and independent of the one that ships."""

import numpy as np
from numpy.typing import NDArray

from models.artefact import FORMAT, Artefact, Parameters
from models.features import ANY_HANDLE, BUCKETS, FEATURE_VERSION, word_hash
from models.network import HIDDEN, Network
from models.records import INTENTS, REASONS
from models.reference import pair_hash
from models.scorer import COLUMNS, HEADS, IDF


def invented_model(weights: NDArray[np.int8], network: Network | None = None) -> Artefact:
    """All the rest is plain: a little bias against all, Platt lines of slope 1, thresholds of one half."""
    binary = 1 + len(REASONS)
    network = network or no_network()
    parameters = Parameters(
        format=FORMAT,
        version="invented",
        feature_version=FEATURE_VERSION,
        buckets=BUCKETS,
        intents=INTENTS[:-1],
        reasons=REASONS,
        scales=tuple(0.5 + head / 10 for head in range(HEADS)),
        bias=tuple(head / 100 - 0.2 for head in range(HEADS)),
        temperature=1.0,
        slopes=(1.0,) * binary,
        intercepts=(0.0,) * binary,
        thresholds=(0.5,) * binary,
        training={},
        scores={},
        unit_scales=tuple(network.scales.tolist()),
        unit_bias=tuple(network.bias.tolist()),
        arrays_sha256={},
    )
    return Artefact(parameters, weights, network.keys, network.table, network.output)


def random_model(seed: int = 7) -> Artefact:
    """Every feature weighs something for every head."""
    draw = np.random.default_rng(seed)
    weights = draw.integers(-127, 128, (BUCKETS, COLUMNS)).astype(np.int8)
    weights[:, IDF] = draw.integers(0, 113, BUCKETS)
    return invented_model(weights, random_network(draw))


def no_network() -> Network:
    """One that adds nothing."""
    empty = np.zeros(HIDDEN)
    return Network(np.zeros(0, np.uint64), np.zeros((0, HIDDEN), np.int8), empty, empty, np.zeros((HIDDEN, HEADS)))


def random_network(draw: np.random.Generator) -> Network:
    """It knows some words and pairs of the tests."""
    words = [word_hash(word.encode()) for word in ("the", "not", "refund", "please", "i", "is", "help", "!", "?")]
    pairs = [pair_hash(before, word) for before in words for word in words]
    keys = np.array([*words, int(ANY_HANDLE), *pairs], np.uint64)
    return Network(
        keys,
        draw.integers(-127, 128, (len(keys), HIDDEN)).astype(np.int8),
        draw.random(HIDDEN) / 100,
        draw.standard_normal(HIDDEN) / 10,
        draw.standard_normal((HIDDEN, HEADS)),
    )


def taught_model(lessons: dict[int, dict[int, int]]) -> Artefact:
    """Only the buckets in ``lessons`` weigh anything: ``{bucket: {head: weight}}``."""
    weights = np.zeros((BUCKETS, COLUMNS), np.int8)
    weights[:, IDF] = 10
    for bucket, heads in lessons.items():
        for head, weight in heads.items():
            weights[bucket, head] = weight
    return invented_model(weights)
