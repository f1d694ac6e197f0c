"""From logits to verdicts, compiled: ``models.escalation`` says the same in numpy, and the last bit agrees."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled
from models.escalation import GRAVE
from models.records import INTENTS, REASONS

INTENT_COUNT: Final = len(INTENTS) - 1
UNJUDGED: Final = INTENTS.index("unjudged")
_BINARY: Final = INTENT_COUNT  # the column of "any reason"; those of the reasons follow
_FIRST: Final = INTENT_COUNT + 1
_COLUMNS: Final = _FIRST + len(REASONS)
_LIMIT: Final = 50.0  # of exponents, as in ``models.escalation.platt``
_GRAVE: Final = np.array([name in GRAVE for name in REASONS])

Floats = NDArray[np.float64]


class Calibration(NamedTuple):
    temperature: float
    slopes: Floats  # [1 + reasons]
    intercepts: Floats  # [1 + reasons]
    thresholds: Floats  # [1 + reasons]


class Decided(NamedTuple):
    """Of n texts; zeros and ``unjudged`` where a text is not judged."""

    intent: NDArray[np.uint8]
    scores: NDArray[np.float32]  # [n, INTENT_COUNT]
    escalation: NDArray[np.float32]
    escalate: NDArray[np.bool_]
    reasons: NDArray[np.uint8]


@compiled
def _exponents(logits: Any, rows: Any, temperature: float, slopes: Any, intercepts: Any, out: Any) -> None:
    """What the exponential is taken of: of the intents, then of the binary heads."""
    for place in range(len(rows)):
        row = rows[place]
        top = logits[row, 0] / temperature
        for head in range(INTENT_COUNT):
            out[place, head] = logits[row, head] / temperature
            top = max(top, out[place, head])
        for head in range(INTENT_COUNT):
            out[place, head] -= top
        for head in range(_BINARY, _COLUMNS):
            line = logits[row, head] * slopes[head - _BINARY] + intercepts[head - _BINARY]
            out[place, head] = -min(max(line, -_LIMIT), _LIMIT)


@compiled
def _conclude(
    powers: Any, rows: Any, thresholds: Any, intent: Any, scores: Any, escalation: Any, escalate: Any, reasons: Any
) -> None:
    for place in range(len(rows)):
        row = rows[place]
        total = 0.0
        for head in range(INTENT_COUNT):
            total += powers[place, head]
        best = -1.0
        for head in range(INTENT_COUNT):
            score = powers[place, head] / total
            scores[row, head] = score
            if score > best:
                best = score
                intent[row] = head
        none = 1.0
        nearest = 0
        closest = -1.0
        named = 0
        grave = False
        for reason in range(len(REASONS)):
            probability = 1.0 / (1.0 + powers[place, _FIRST + reason])
            none *= 1 - probability
            relative = probability / thresholds[1 + reason]
            named |= (relative >= 1.0) << reason
            grave |= _GRAVE[reason] and relative >= 1.0
            if relative > closest:
                closest = relative
                nearest = reason
        flag = (1.0 / (1.0 + powers[place, _BINARY]) + 1 - none) / 2
        escalation[row] = flag
        if grave or flag >= thresholds[0]:
            escalate[row] = True
            reasons[row] = named | 1 << nearest


def decide_all(logits: Floats, rows: NDArray[np.int64], calibration: Calibration) -> Decided:
    """Verdicts on ``rows`` of ``logits`` [n, INTENT_COUNT + 1 + reasons]; the others are not judged."""
    n = len(logits)
    decided = Decided(
        intent=np.full(n, UNJUDGED, np.uint8),
        scores=np.zeros((n, INTENT_COUNT), np.float32),
        escalation=np.zeros(n, np.float32),
        escalate=np.zeros(n, np.bool_),
        reasons=np.zeros(n, np.uint8),
    )
    powers = np.zeros((len(rows), _COLUMNS))
    _exponents(logits, rows, calibration.temperature, calibration.slopes, calibration.intercepts, powers)
    np.exp(powers, out=powers)
    _conclude(powers, rows, calibration.thresholds, *decided)
    return decided
