"""Why a text got its verdict: what each of its features adds to a logit, by ``models.reference``, the readable twin.

A head's logit is a sum over the features of the text and some that is there without any, so each feature's share is
known exactly: weight * scale / length of its family in the linear layer; in the network, whose rectifier lets some of
its units pass for this text, what the word's row adds to those. Features are named for a reader. What the substrings
of a chunk add is added to the word that the chunk is, since nobody reads substrings.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.judge import INTENT_COUNT, UNJUDGED, Judgements
from models.pii import find_pii
from models.records import INTENTS, REASONS
from models.reference import families, known, normalise, units, words_of
from models.scorer import HEADS, IDF

SHOWN: Final = 8
_AROUND: Final = '.,;:!?()"'  # what may stand around a word
_DIGITS: Final = 4
_ESCALATION: Final = INTENT_COUNT  # column of the head; those of the reasons follow

Shares = list[tuple[str, float]]


class Contributions(NamedTuple):
    """``shares[i]`` is what the feature ``names[i]`` adds to each logit, which is all of them and ``constant``."""

    names: list[str]
    shares: NDArray[np.float64]  # [names, HEADS]
    constant: NDArray[np.float64]  # [HEADS]


def contributions(model: Artefact, text: str) -> Contributions:
    """Everything in ``text`` that counts, each name once; a word and its letters have one name."""
    words, grams = families(text)
    named = (words, [(chunk.strip(_AROUND) or chunk, bucket) for chunk, bucket in grams])
    places: dict[str, int] = {}
    meanings = known(model.network, text)
    for name, _ in (*named[0], *named[1], *meanings[0], *meanings[1]):
        places.setdefault(name, len(places))
    shares: NDArray[np.float64] = np.zeros((len(places), HEADS))
    for family in named:
        weights = model.weights[np.array([bucket for _, bucket in family], np.int64)].astype(np.float64)
        length = math.sqrt(max(1.0, float((weights[:, IDF] ** 2).sum())))
        np.add.at(shares, np.array([places[name] for name, _ in family], np.int64), weights[:, :HEADS] / length)
    shares *= np.array(model.parameters.scales)
    network = model.network
    passing = units(network, text) > 0
    for family in meanings:
        rows = network.table[[row for _, row in family]] * (network.scales * passing) / math.sqrt(max(1, len(family)))
        np.add.at(shares, np.array([places[name] for name, _ in family], np.int64), rows @ network.output)
    constant = np.array(model.parameters.bias) + (network.bias * passing) @ network.output
    return Contributions(list(places), shares, constant)


def explain(model: Artefact, text: str, judged: Judgements, row: int) -> dict[str, object]:
    """What decided the verdict in ``row``, a verdict of ``model`` on ``text``, as it stands in JSON:

    * ``intent``: the features of the greatest weight for the chosen intent (or, below 0, against it) when compared
      with ``runner_up``, the next probable one;
    * ``escalation``: the same for its logit;
    * ``reasons``: for each reason that was named, the features that speak for it.

    All of it is empty where nothing was judged.
    """
    if judged.intent[row] == UNJUDGED:
        return {"intent": [], "runner_up": None, "escalation": [], "reasons": {}}
    found = contributions(model, text)
    secrets = _secret_words(text) if judged.pii[row] else {}
    found = found._replace(names=[_hide(name, secrets) for name in found.names])
    chosen = int(judged.intent[row])
    runner_up = max(set(range(INTENT_COUNT)) - {chosen}, key=lambda code: float(judged.scores[row, code]))
    bits = int(judged.reasons[row])
    return {
        "intent": _strongest(found.names, found.shares[:, chosen] - found.shares[:, runner_up]),
        "runner_up": INTENTS[runner_up],
        "escalation": _strongest(found.names, found.shares[:, _ESCALATION]),
        "reasons": {
            name: _strongest(found.names, np.maximum(0, found.shares[:, _ESCALATION + 1 + code]))
            for code, name in enumerate(REASONS)
            if bits >> code & 1
        },
    }


def _secret_words(text: str) -> dict[str, str]:
    """Word of a personal datum, as features name it → the datum's kind in brackets."""
    secrets = {}
    for span in find_pii(text):
        datum = text[span.start : span.end]
        chunks = normalise(datum.encode("utf-8", "surrogatepass")).decode(errors="backslashreplace").split()
        for word in (*chunks, *(name for name, _ in words_of(datum))):
            if any(letter.isalnum() for letter in word):
                secrets[word] = f"[{span.kind.replace('_', ' ')}]"
    return secrets


def _hide(name: str, secrets: dict[str, str]) -> str:
    """``name`` without words of personal data."""
    return " ".join(secrets.get(part, secrets.get(part.strip(_AROUND), part)) for part in name.split(" "))


def _strongest(names: Sequence[str], shares: NDArray[np.float64]) -> Shares:
    """The ``SHOWN`` of the greatest size, the greatest first; of equal ones the first in the text."""
    order = np.argsort(-np.abs(shares), kind="stable")[:SHOWN]
    rounded = [(names[place], round(float(shares[place]), _DIGITS)) for place in order.tolist()]
    return [(name, share) for name, share in rounded if share]
