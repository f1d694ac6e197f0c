"""How the shipped model is made: scikit-learn on the features of ``models.features``, quantised to bytes.

Deterministic: the same labelled file gives the same bytes (one thread, fixed folds, seed 7).
"""

import hashlib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
import scipy.sparse as sp
import sklearn
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from config.errors import UnheardError
from models.artefact import FORMAT, Artefact, Parameters, digest, weights_bytes
from models.escalation import decide, intent_scores, platt
from models.features import BUCKETS, FEATURE_VERSION
from models.records import INTENTS, REASONS
from models.scorer import COLUMNS, HEADS, IDF, featurise

SEED: Final = 7
FOLDS: Final = 5
MIN_TEXTS: Final = 2  # a bucket that fewer texts fill says nothing
IDF_STEPS: Final = 11  # integer steps per unit of idf: the largest idf of 19,000 texts becomes 112
INTENT_C: Final = 5.0
BINARY_C: Final = 10.0
INTENT_COUNT: Final = len(INTENTS) - 1
WIDE_SOURCES: Final = frozenset({"sxsw", "apple", "sanders", "entity"})  # mostly not addressed to a brand

Floats = NDArray[np.float64]


class Row(msgspec.Struct, frozen=True):
    id: str
    text: str
    intent: Literal["issue", "praise", "vent", "review", "other"]
    reasons: tuple[str, ...]


class Targets(msgspec.Struct, frozen=True):
    """What is to be learned, one row per text: ``binary`` is (any reason, each reason)."""

    intent: NDArray[np.int64]
    binary: NDArray[np.bool_]
    wide: NDArray[np.bool_]
    source: NDArray[np.str_]


def load_rows(path: Path) -> tuple[list[Row], str]:
    """(labelled rows, SHA-256 of the file). Raises UnheardError when it is missing or a line is no labelled row."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnheardError(f"cannot read the training data {path}: {error.strerror}") from error
    decoder = msgspec.json.Decoder(Row)
    rows = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            rows.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise UnheardError(f"{path}, line {number}: {error}") from error
    return rows, hashlib.sha256(data).hexdigest()


def targets_of(rows: list[Row]) -> Targets:
    flags = [[bool(row.reasons), *(reason in row.reasons for reason in REASONS)] for row in rows]
    binary = np.array(flags, np.bool_).reshape(len(rows), 1 + len(REASONS))
    source = np.array([row.id.split("-")[0] for row in rows])
    intent = np.array([INTENTS.index(row.intent) for row in rows], np.int64)
    return Targets(intent, binary, np.array([name in WIDE_SOURCES for name in source]), source)


def presence(texts: list[str]) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """(words, characters) as 0/1 matrices of shape [n, BUCKETS]."""
    buckets, ends = featurise(texts)
    bounds = np.concatenate([[0], ends.reshape(-1)])
    return _part(buckets, bounds[0::2], ends[:, 0]), _part(buckets, ends[:, 0], ends[:, 1])


def _part(buckets: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> sp.csr_matrix:
    indices = [buckets[start:end] for start, end in zip(starts, ends, strict=False)]
    pointers = np.concatenate([[0], np.cumsum([len(part) for part in indices])])
    columns = np.concatenate(indices)
    return sp.csr_matrix((np.ones(len(columns)), columns, pointers), shape=(len(indices), BUCKETS))


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


class Heads(msgspec.Struct, frozen=True):
    weights: Floats  # [features, HEADS]
    bias: Floats  # [HEADS]


def fit(matrix: sp.csr_matrix, targets: Targets) -> Heads:
    """All heads by logistic regression: intents jointly with balanced classes, the binary ones each alone."""
    model = LogisticRegression(C=INTENT_C, class_weight="balanced", max_iter=300, tol=1e-3)
    model.fit(matrix, targets.intent)
    columns, bias = [model.coef_.T], [model.intercept_]
    for column in targets.binary.T:
        head = LogisticRegression(C=BINARY_C, max_iter=500, tol=1e-4).fit(matrix, column)
        columns.append(head.coef_.T)
        bias.append(head.intercept_)
    return Heads(np.hstack(columns), np.concatenate(bias))


def out_of_fold(matrix: sp.csr_matrix, targets: Targets) -> Floats:
    """float64[n, HEADS]: each row's logits by a model that has not seen it. Folds are stratified by intent and flag."""
    logits = np.zeros((matrix.shape[0], HEADS))
    strata = targets.intent * 2 + targets.binary[:, 0]
    for seen, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(logits, strata):
        part = Targets(targets.intent[seen], targets.binary[seen], targets.wide[seen], targets.source[seen])
        heads = fit(matrix[seen], part)
        logits[held_out] = matrix[held_out] @ heads.weights + heads.bias
    return logits


class Calibration(msgspec.Struct, frozen=True):
    temperature: float
    slopes: Floats
    intercepts: Floats
    thresholds: Floats


def calibrate(logits: Floats, targets: Targets) -> Calibration:
    """Temperature, Platt lines and the thresholds of best F1, all on out-of-fold logits."""
    grid = np.exp(np.linspace(np.log(0.3), np.log(3.0), 93))
    losses = [log_loss(targets.intent, intent_scores(logits[:, :INTENT_COUNT], t)) for t in grid]
    lines = [_platt_line(logits[:, INTENT_COUNT + i], column) for i, column in enumerate(targets.binary.T)]
    slopes, intercepts = np.array(lines).T
    probabilities = platt(logits[:, INTENT_COUNT:], slopes, intercepts)
    thresholds = [best_threshold(probabilities[:, i], column) for i, column in enumerate(targets.binary.T)]
    return Calibration(float(grid[int(np.argmin(losses))]), slopes, intercepts, np.array(thresholds))


def _platt_line(logits: Floats, truth: NDArray[np.bool_]) -> tuple[float, float]:
    line = LogisticRegression(C=1e6).fit(logits[:, None], truth)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def best_threshold(probabilities: Floats, truth: NDArray[np.bool_]) -> float:
    """The probability from which on flagging gives the highest F1 = 2 TP / (flagged + positives)."""
    order = np.argsort(-probabilities, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(probabilities[order[int(f1.argmax())]])


def quantise(heads: Heads, used: NDArray[np.int64], idf: NDArray[np.int64]) -> tuple[NDArray[np.int8], Floats]:
    """(int8[BUCKETS, COLUMNS], scales[HEADS]) for the compiled scorer; one step size per head."""
    folded = heads.weights * idf[used, None]
    scales = np.abs(folded).max(axis=0) / 127
    weights = np.zeros((BUCKETS, COLUMNS), np.int8)
    weights[used, :HEADS] = np.rint(folded / scales)
    weights[:, IDF] = idf
    return weights, scales


def measure(logits: Floats, targets: Targets, calibration: Calibration) -> dict[str, Any]:
    """Cross-validated scores for the model card: F1 by class, part and source; escalation; calibration error."""
    scores = intent_scores(logits[:, :INTENT_COUNT], calibration.temperature)
    binary = platt(logits[:, INTENT_COUNT:], calibration.slopes, calibration.intercepts)
    escalate, bits = decide(binary, calibration.thresholds)
    truth, guess = targets.intent, scores.argmax(axis=1)
    named = (bits[:, None] >> np.arange(len(REASONS))) & 1
    return {
        "intent": {
            **{
                part: _intent_report(truth[rows], guess[rows])
                for part, rows in {"all": targets.wide | True, "service": ~targets.wide, "wide": targets.wide}.items()
                if rows.any()
            },
            "macro_f1_by_source": {
                str(name): round(_macro(truth[targets.source == name], guess[targets.source == name]), 4)
                for name in np.unique(targets.source)
            },
            "expected_calibration_error": round(calibration_error(scores.max(axis=1), guess == truth), 4),
        },
        "escalation": {
            "f1": round(float(f1_score(targets.binary[:, 0], escalate)), 4),
            "average_precision": round(float(average_precision_score(targets.binary[:, 0], binary[:, 0])), 4),
            "expected_calibration_error": round(calibration_error(binary[:, 0], targets.binary[:, 0]), 4),
            "reason_f1": {
                name: round(float(f1_score(targets.binary[:, i + 1], named[:, i], zero_division=0)), 4)
                for i, name in enumerate(REASONS)
            },
        },
    }


def _macro(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    return float(f1_score(truth, guess, average="macro", labels=np.unique(truth), zero_division=0))


def _intent_report(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> dict[str, Any]:
    by_class = f1_score(truth, guess, average=None, labels=range(INTENT_COUNT), zero_division=0)
    return {
        "rows": len(truth),
        "macro_f1": round(float(by_class.mean()), 4),
        "accuracy": round(float((truth == guess).mean()), 4),
        "f1": {INTENTS[i]: round(float(value), 4) for i, value in enumerate(by_class)},
    }


def calibration_error(probabilities: Floats, truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean |share of hits - mean probability| over equal-width bins, by bin size."""
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    total = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            total += inside.mean() * abs(truth[inside].mean() - probabilities[inside].mean())
    return float(total)


def _check_enough(targets: Targets) -> None:
    """Every fold must have examples of everything. Raises UnheardError."""
    counts = [int((targets.intent == code).sum()) for code in range(INTENT_COUNT)] + targets.binary.sum(axis=0).tolist()
    names = [*INTENTS[:-1], "escalation", *REASONS]
    scarce = [name for name, count in zip(names, counts, strict=True) if count < FOLDS]
    if scarce:
        raise UnheardError(f"the training data need {FOLDS} examples or more of each of: {', '.join(scarce)}")


def train(rows: list[Row], data_sha256: str) -> Artefact:
    """The whole of training; some minutes on one core for 19,000 texts. Raises UnheardError for too few examples."""
    targets = targets_of(rows)
    _check_enough(targets)
    with threadpool_limits(1):
        words, grams = presence([row.text for row in rows])
        idf = integer_idf(words, grams)
        used = np.flatnonzero(idf)
        matrix = design(words, grams, idf)[:, used]
        logits = out_of_fold(matrix, targets)
        calibration = calibrate(logits, targets)
        heads = fit(matrix, targets)
    weights, scales = quantise(heads, used, idf)
    scores = measure(logits, targets, calibration)
    return Artefact(_parameters(heads, scales, calibration, weights, rows, data_sha256, scores), weights)


def _parameters(
    heads: Heads,
    scales: Floats,
    calibration: Calibration,
    weights: NDArray[np.int8],
    rows: list[Row],
    data_sha256: str,
    scores: dict[str, Any],
) -> Parameters:
    numbers = (scales, heads.bias, calibration.slopes, calibration.intercepts, calibration.thresholds)
    packed = weights_bytes(weights)
    identity = digest(packed + b"".join(np.asarray(part).tobytes() for part in numbers))
    lists = [tuple(float(value) for value in part) for part in numbers]
    return Parameters(
        format=FORMAT,
        version=f"linear-{FEATURE_VERSION}-{identity[:10]}",
        feature_version=FEATURE_VERSION,
        buckets=BUCKETS,
        intents=INTENTS[:-1],
        reasons=REASONS,
        scales=lists[0],
        bias=lists[1],
        temperature=calibration.temperature,
        slopes=lists[2],
        intercepts=lists[3],
        thresholds=lists[4],
        training={
            "data_sha256": data_sha256,
            "rows": len(rows),
            "seed": SEED,
            "folds": FOLDS,
            "scikit_learn": sklearn.__version__,
        },
        scores=scores,
        weights_sha256=digest(packed),
    )
