"""From logits to probabilities, and from probabilities to the flag and its reasons. Plain arrays in and out."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def intent_scores(logits: Floats, temperature: float) -> Floats:
    """float64[n, 5] probabilities: softmax of the logits over ``temperature`` (Guo et al. 2017)."""
    scaled = logits / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    np.exp(scaled, out=scaled)
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def platt(logits: Floats, slopes: Floats, intercepts: Floats) -> Floats:
    """Probabilities of binary heads: 1 / (1 + exp(-(slope * logit + intercept))) (Platt 1999)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits * slopes + intercepts, -50.0, 50.0))))


def decide(probabilities: Floats, thresholds: Floats) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """(escalate bool[n], reasons uint8[n]) of ``probabilities`` [n, 1 + reasons] (any reason, then each).

    The flag follows the first column alone. A flagged text names every reason at or above its threshold, and at
    least the one that comes nearest to it; one that is not flagged names none.
    """
    escalate = probabilities[:, 0] >= thresholds[0]
    relative = probabilities[:, 1:] / thresholds[1:]
    named = relative >= 1.0
    named[np.arange(len(named)), relative.argmax(axis=1)] = True
    bits = (named << np.arange(named.shape[1])).sum(axis=1)
    return escalate, np.where(escalate, bits, 0).astype(np.uint8)
