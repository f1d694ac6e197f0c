"""How the shipped model is made: scikit-learn on the features of ``models.features`` and on word vectors, as bytes.

Deterministic: the same files give the same bytes (one thread, fixed folds, seed 7).
"""

from typing import Any, Final

import msgspec
import numpy as np
import scipy.sparse as sp
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from config.errors import UnheardError
from models.artefact import FORMAT, Artefact, Parameters, digest, packed_arrays
from models.corpus import LABELLED, MADE_UP, Corpus, Row, Targets, targets_of
from models.escalation import GRAVE, flag_score, intent_scores, platt
from models.evaluation import Calibration, measure
from models.features import BUCKETS, FEATURE_VERSION
from models.network import Network
from models.network_training import VECTORS, Layers, Vectors, fit_layers, fold, load_vectors, pool, sparse_rows
from models.records import INTENTS, REASONS
from models.scorer import COLUMNS, HEADS, IDF, featurise

INTENT_COUNT: Final = len(INTENTS) - 1
SEED: Final = 7
FOLDS: Final = 5
MIN_TEXTS: Final = 2  # a bucket that fewer texts fill says nothing
IDF_STEPS: Final = 11  # integer steps per unit of idf: the largest idf of 56,000 texts becomes 124
STRENGTH: Final = 3.0  # C of scikit-learn: the inverse of the regularisation
# Of the logits of an intent and of a flag; the rest is the linear layer's.
NETWORK_SHARES: Final = np.array([0.4] * INTENT_COUNT + [0.2] * (HEADS - INTENT_COUNT))
MADE_UP_WEIGHT: Final = 0.3  # of a made-up mention, of which nothing is known but that it could be
# How far a grave reason's threshold leans to recall: the beta of F-beta (van Rijsbergen 1979).
GRAVE_BETA: Final = 1.5

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def presence(texts: list[str]) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """(words, characters) as 0/1 matrices of shape [n, BUCKETS]."""
    buckets, ends = featurise(texts)
    bounds = np.concatenate([[0], ends.reshape(-1)])
    return _part(buckets, bounds[0:-1:2], bounds[1::2]), _part(buckets, bounds[1::2], bounds[2::2])


def _part(buckets: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> sp.csr_matrix:
    return sparse_rows(buckets, starts, ends, np.ones(len(starts)), BUCKETS)


def integer_idf(words: sp.csr_matrix, grams: sp.csr_matrix) -> NDArray[np.int64]:
    """int64[BUCKETS]: smoothed idf ln((1 + n) / (1 + df)) + 1 in steps of 1 / IDF_STEPS; 0 for rare buckets."""
    counts = np.asarray(((words + grams) > 0).sum(axis=0)).ravel()
    idf = np.log((1 + words.shape[0]) / (1 + counts)) + 1
    return np.where(counts < MIN_TEXTS, 0, np.minimum(127, np.rint(idf * IDF_STEPS))).astype(np.int64)


def design(words: sp.csr_matrix, grams: sp.csr_matrix, idf: NDArray[np.int64]) -> sp.csr_matrix:
    """Each family times idf, divided by its own length, and the two added."""
    return (_unit(words, idf) + _unit(grams, idf)).tocsr()


def _unit(part: sp.csr_matrix, idf: NDArray[np.int64]) -> sp.csr_matrix:
    weighted = (part @ sp.diags(idf.astype(float))).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sp.diags(1.0 / np.maximum(lengths, 1.0)) @ weighted


class Inputs(msgspec.Struct, frozen=True):
    """What the two parts of the model see of n texts."""

    matrix: sp.csr_matrix  # [n, features]
    sums: Floats  # [n, 2 * dimensions] of word vectors

    def of(self, rows: Rows) -> "Inputs":
        return Inputs(self.matrix[rows], self.sums[rows])


class Heads(msgspec.Struct, frozen=True):
    """The logits of all heads are the sum of a linear layer's and of a network's."""

    weights: Floats  # [features, HEADS]
    bias: Floats  # [HEADS]
    layers: Layers

    def logits(self, inputs: Inputs) -> Floats:
        linear = inputs.matrix @ self.weights + self.bias
        return np.asarray((1 - NETWORK_SHARES) * linear + NETWORK_SHARES * self.layers.logits(inputs.sums))


def fit(inputs: Inputs, targets: Targets) -> Heads:
    """Both parts. The linear one by logistic regression, each head alone: an intent against the rest with balanced
    classes, and the flags."""
    trust = np.where(targets.kind == MADE_UP, MADE_UP_WEIGHT, 1.0)
    counts = np.bincount(targets.intent, weights=trust, minlength=INTENT_COUNT)
    balance = (counts.sum() / INTENT_COUNT / np.maximum(counts, 1))[targets.intent]
    heads = [_fit_head(inputs.matrix, targets.intent == code, trust * balance) for code in range(INTENT_COUNT)]
    heads += [_fit_head(inputs.matrix, column, trust) for column in targets.binary.T]
    weights, bias = np.column_stack([weights for weights, _ in heads]), np.array([bias for _, bias in heads])
    return Heads(weights, bias, fit_layers(inputs.sums, targets, trust, SEED))


def _fit_head(matrix: sp.csr_matrix, truth: NDArray[np.bool_], trust: Floats) -> tuple[Floats, float]:
    """liblinear's dual coordinate descent: lbfgs stops on the mean gradient, which a rare class hardly moves."""
    head = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=1e-3, max_iter=100, random_state=SEED)
    head.fit(matrix, truth, sample_weight=trust)
    return head.coef_[0], float(head.intercept_[0])


def folds(targets: Targets, groups: NDArray[np.str_] | None = None) -> list[tuple[Rows, Rows]]:
    """(to learn from, held out) of each fold. By chance, stratified by intent and flag; with ``groups`` no group is on
    both sides. Made-up mentions are learned from always and held out never."""
    real = np.flatnonzero(targets.kind != MADE_UP)
    made_up = np.flatnonzero(targets.kind == MADE_UP)
    if groups is None:
        strata = (targets.intent * 2 + targets.binary[:, 0])[real]
        parts = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(real, strata)
    else:
        parts = GroupKFold(min(FOLDS, len(np.unique(groups[real])))).split(real, groups=groups[real])
    return [(np.concatenate([real[seen], made_up]), real[held_out]) for seen, held_out in parts]


def out_of_fold(inputs: Inputs, targets: Targets, parts: list[tuple[Rows, Rows]]) -> Floats:
    """float64[n, HEADS]: each row's logits by a model that has not seen it; made-up rows stay 0."""
    logits = np.zeros((len(targets.intent), HEADS))
    for seen, held_out in parts:
        logits[held_out] = fit(inputs.of(seen), targets.of(seen)).logits(inputs.of(held_out))
    return logits


def calibrate(logits: Floats, targets: Targets) -> Calibration:
    """Temperature, Platt lines and thresholds on out-of-fold logits: of best F1, for grave reasons of best F-beta."""
    grid = np.exp(np.linspace(np.log(0.2), np.log(5.0), 129))
    losses = [log_loss(targets.intent, intent_scores(logits[:, :INTENT_COUNT], t)) for t in grid]
    lines = [_platt_line(logits[:, INTENT_COUNT + i], column) for i, column in enumerate(targets.binary.T)]
    slopes, intercepts = np.array(lines).T
    probabilities = platt(logits[:, INTENT_COUNT:], slopes, intercepts)
    betas = [1.0, *(GRAVE_BETA if name in GRAVE else 1.0 for name in REASONS)]
    scores = [flag_score(probabilities), *probabilities[:, 1:].T]
    judged = zip(scores, targets.binary.T, betas, strict=True)
    thresholds = [best_threshold(score, truth, beta) for score, truth, beta in judged]
    return Calibration(float(grid[int(np.argmin(losses))]), slopes, intercepts, np.array(thresholds))


def _platt_line(logits: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    line = LogisticRegression(C=1e6).fit(logits[:, None], truth)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def best_threshold(probabilities: Floats, truth: NDArray[np.bool_], beta: float = 1.0) -> float:
    """The probability from which on flagging gives the highest F-beta = (1 + b2) TP / (flagged + b2 positives)."""
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(truth[order])
    score = hits / (np.arange(1, len(order) + 1) + beta * beta * truth.sum())
    return float(probabilities[order[int(score.argmax())]])


def quantise(heads: Heads, used: NDArray[np.int64], idf: NDArray[np.int64]) -> tuple[NDArray[np.int8], Floats]:
    """(int8[BUCKETS, COLUMNS], scales[HEADS]) for the compiled scorer; one step size per head."""
    folded = (1 - NETWORK_SHARES) * heads.weights * idf[used, None]
    scales = np.abs(folded).max(axis=0) / 127
    weights = np.zeros((BUCKETS, COLUMNS), np.int8)
    weights[used, :HEADS] = np.rint(folded / scales)
    weights[:, IDF] = idf
    return weights, scales


def _check_enough(targets: Targets) -> None:
    """Every fold must have examples of everything. Raises UnheardError."""
    counts = [int((targets.intent == code).sum()) for code in range(INTENT_COUNT)] + targets.binary.sum(axis=0).tolist()
    names = [*INTENTS[:-1], "escalation", *REASONS]
    scarce = [name for name, count in zip(names, counts, strict=True) if count < FOLDS]
    if scarce:
        raise UnheardError(f"the training data need {FOLDS} examples or more of each of: {', '.join(scarce)}")


def prepare(rows: list[Row], vectors: Vectors) -> tuple[Inputs, NDArray[np.int64], NDArray[np.int64]]:
    """(inputs, the buckets that are the columns of its matrix, idf of all buckets)."""
    texts = [row.text for row in rows]
    words, grams = presence(texts)
    idf = integer_idf(words, grams)
    used = np.flatnonzero(idf)
    return Inputs(design(words, grams, idf)[:, used], pool(texts, vectors)), used, idf


def train(corpus: Corpus) -> Artefact:
    """The whole of training; some minutes on one core for 56,000 texts. Raises UnheardError for too few examples.

    What was held out of ``labelled.jsonl`` alone calibrates and measures: its labels are the reference.
    """
    targets = targets_of(corpus.rows)
    labelled = targets.kind == LABELLED
    _check_enough(targets.of(labelled))
    vectors = load_vectors()
    with threadpool_limits(1):
        inputs, used, idf = prepare(corpus.rows, vectors)
        logits = out_of_fold(inputs, targets, folds(targets))
        calibration = calibrate(logits[labelled], targets.of(labelled))
        heads = fit(inputs, targets)
    weights, scales = quantise(heads, used, idf)
    network = fold(heads.layers, vectors, NETWORK_SHARES * heads.layers.output)
    scores = measure(logits, corpus.rows, targets, calibration)
    parameters = _parameters(heads, scales, calibration, network, corpus, scores)
    model = Artefact(parameters, weights, network.keys, network.table, network.output)
    return named(model)


def cross_validated(corpus: Corpus, groups: NDArray[np.str_]) -> dict[str, Any]:
    """Scores as of :func:`train`, where no group (source, brand) of the held-out mentions was learned from."""
    targets = targets_of(corpus.rows)
    labelled = targets.kind == LABELLED
    with threadpool_limits(1):
        inputs, _, _ = prepare(corpus.rows, load_vectors())
        logits = out_of_fold(inputs, targets, folds(targets, groups))
    return measure(logits, corpus.rows, targets, calibrate(logits[labelled], targets.of(labelled)))


def named(model: Artefact) -> Artefact:
    """``model`` with a version that follows from everything that judges."""
    chosen = model.parameters
    numbers = (chosen.scales, chosen.bias, chosen.slopes, chosen.intercepts, chosen.thresholds, chosen.unit_bias)
    identity = digest(b"".join([*packed_arrays(model).values(), *(np.asarray(part).tobytes() for part in numbers)]))
    version = f"shallow-{FEATURE_VERSION}-{identity[:10]}"
    return Artefact(
        msgspec.structs.replace(chosen, version=version), model.weights, model.keys, model.table, model.output
    )


def _parameters(
    heads: Heads, scales: Floats, calibration: Calibration, network: Network, corpus: Corpus, scores: dict[str, Any]
) -> Parameters:
    bias = (1 - NETWORK_SHARES) * heads.bias + NETWORK_SHARES * heads.layers.output_bias
    kinds = [row.kind for row in corpus.rows]
    return Parameters(
        format=FORMAT,
        version="",
        feature_version=FEATURE_VERSION,
        buckets=BUCKETS,
        intents=INTENTS[:-1],
        reasons=REASONS,
        scales=_floats(scales),
        bias=_floats(bias),
        temperature=calibration.temperature,
        slopes=_floats(calibration.slopes),
        intercepts=_floats(calibration.intercepts),
        thresholds=_floats(calibration.thresholds),
        unit_scales=_floats(network.scales),
        unit_bias=_floats(network.bias),
        training={
            "data_sha256": corpus.sha256,
            "vectors_sha256": digest(VECTORS.read_bytes()),
            "rows": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
            "seed": SEED,
            "folds": FOLDS,
            "scikit_learn": sklearn.__version__,
        },
        scores=scores,
        arrays_sha256={},
    )


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
