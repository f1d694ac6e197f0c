"""How good out-of-fold judgements are: F1 by class, source and brand, confusion, calibration, recall by reason."""

import re
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, precision_score, recall_score

from models.corpus import LABELLED, OWN, WIDE_SOURCES, Row, Targets
from models.escalation import decide, flag_score, intent_scores, platt
from models.records import INTENTS, REASONS

INTENT_COUNT: Final = len(INTENTS) - 1
BRANDS_SHOWN: Final = 12
_HANDLE: Final = re.compile(r"@(\w+)")

Floats = NDArray[np.float64]


class Calibration(msgspec.Struct, frozen=True):
    """What turns logits into probabilities and flags; fitted in ``models.training``."""

    temperature: float
    slopes: Floats
    intercepts: Floats
    thresholds: Floats


def brands_of(rows: list[Row]) -> NDArray[np.str_]:
    """The first handle of each text, lower case; the source where there is none: whom the mention is about, roughly."""
    matches = [_HANDLE.search(row.text) for row in rows]
    return np.array([found[1].lower() if found else row.source for row, found in zip(rows, matches, strict=True)])


def measure(logits: Floats, rows: list[Row], targets: Targets, calibration: Calibration) -> dict[str, Any]:
    """Scores for the model card. All are of ``labelled.jsonl`` but those of "own", which are of our own labels."""
    labelled = targets.kind == LABELLED
    chosen = [row for row, keep in zip(rows, labelled, strict=True) if keep]
    truth = targets.of(labelled)
    scores = intent_scores(logits[labelled][:, :INTENT_COUNT], calibration.temperature)
    guess = scores.argmax(axis=1)
    sources = np.array([row.source for row in chosen])
    wide = np.isin(sources, sorted(WIDE_SOURCES))
    parts = {"all": np.ones(len(wide), np.bool_), "service": ~wide, "wide": wide}
    return {
        "intent": {
            **{name: intent_report(truth.intent[part], guess[part]) for name, part in parts.items() if part.any()},
            **_own_part(logits, targets),
            "macro_f1_by_source": _by_group(truth.intent, guess, sources, len(np.unique(sources))),
            "macro_f1_by_brand": _by_group(truth.intent, guess, brands_of(chosen), BRANDS_SHOWN),
            "confusion": confusion_matrix(truth.intent, guess, labels=range(INTENT_COUNT)).tolist(),
            "reliability": reliability(scores.max(axis=1), guess == truth.intent),
            "expected_calibration_error": round(calibration_error(scores.max(axis=1), guess == truth.intent), 4),
        },
        "escalation": escalation_report(logits[labelled][:, INTENT_COUNT:], truth, calibration),
    }


def _own_part(logits: Floats, targets: Targets) -> dict[str, Any]:
    own = targets.kind == OWN
    if not own.any():
        return {}
    return {"own": intent_report(targets.intent[own], logits[own][:, :INTENT_COUNT].argmax(axis=1))}


def escalation_report(logits: Floats, truth: Targets, calibration: Calibration) -> dict[str, Any]:
    """Scores of the flag and, by reason, of the reasons named; ``recall`` is of a reason's texts that were flagged."""
    binary = platt(logits, calibration.slopes, calibration.intercepts)
    escalate, bits = decide(binary, calibration.thresholds)
    score = flag_score(binary)
    named = (bits[:, None] >> np.arange(len(REASONS))) & 1
    flag = truth.binary[:, 0]
    return {
        "f1": round(float(f1_score(flag, escalate)), 4),
        "precision": round(float(precision_score(flag, escalate, zero_division=0)), 4),
        "recall": round(float(recall_score(flag, escalate)), 4),
        "flagged": round(float(escalate.mean()), 4),
        "average_precision": round(float(average_precision_score(flag, score)), 4),
        "expected_calibration_error": round(calibration_error(score, flag), 4),
        "reason_f1": {
            name: round(float(f1_score(truth.binary[:, i + 1], named[:, i], zero_division=0)), 4)
            for i, name in enumerate(REASONS)
        },
        "reason_recall": {
            name: round(float(recall_score(truth.binary[:, i + 1], escalate, zero_division=0)), 4)
            for i, name in enumerate(REASONS)
        },
    }


def _by_group(
    truth: NDArray[np.int64], guess: NDArray[np.int64], groups: NDArray[np.str_], most: int
) -> dict[str, float]:
    """Macro-F1 of the ``most`` largest groups, over the classes that occur in each."""
    names, counts = np.unique(groups, return_counts=True)
    largest = names[np.argsort(-counts, kind="stable")[:most]]
    return {str(name): round(_macro(truth[groups == name], guess[groups == name]), 4) for name in sorted(largest)}


def _macro(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    return float(f1_score(truth, guess, average="macro", labels=np.unique(truth), zero_division=0))


def intent_report(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> dict[str, Any]:
    by_class = f1_score(truth, guess, average=None, labels=range(INTENT_COUNT), zero_division=0)
    return {
        "rows": len(truth),
        "macro_f1": round(float(by_class.mean()), 4),
        "accuracy": round(float((truth == guess).mean()), 4),
        "f1": {INTENTS[i]: round(float(value), 4) for i, value in enumerate(by_class)},
    }


def reliability(probabilities: Floats, truth: NDArray[np.bool_], bins: int = 10) -> list[list[float]]:
    """[mean probability, share of hits, texts] of each bin of equal width that is not empty."""
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    inside = [places == place for place in range(bins)]
    return [
        [round(float(probabilities[rows].mean()), 4), round(float(truth[rows].mean()), 4), int(rows.sum())]
        for rows in inside
        if rows.any()
    ]


def calibration_error(probabilities: Floats, truth: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean |share of hits - mean probability| over equal-width bins, by bin size."""
    return float(
        sum(abs(hits - mean) * texts for mean, hits, texts in reliability(probabilities, truth, bins)) / len(truth)
    )
