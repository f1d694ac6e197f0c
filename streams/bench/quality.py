"""How good the judge and its rivals are, on labels that neither has seen."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from sklearn.metrics import f1_score

from models import artefact
from models.judge import Judge
from models.records import INTENTS
from streams.bench.rivals import Label, Rival
from streams.bench.texts import Texts

OURS: Final = "unheard"
_LEAST_LABELS: Final = 20


class Quality(msgspec.Struct, frozen=True):
    """On texts that the contender has not seen."""

    name: str
    intent_macro_f1: float
    escalation_f1: float | None
    how: str


def labels_of(texts: Texts, judge: Judge) -> tuple[list[Label], list[Label], list[str]]:
    """(to train the others on, held out, notes). Without labels they learn our own verdicts, and nothing is held out:
    that would only say how alike they are."""
    labels = [Label(row.text, row.intent, bool(row.reasons)) for row in texts.rows if row.intent]
    if len(labels) >= _LEAST_LABELS:
        tenth = len(labels) // 10
        return labels[tenth:], labels[:tenth], []
    judged = judge.judge(texts.texts, texts.replies)
    ours = zip(texts.texts, judged.intent.tolist(), judged.escalate.tolist(), strict=True)
    taught = [Label(text, INTENTS[intent], flag) for text, intent, flag in ours if INTENTS[intent] != "unjudged"]
    return taught, [], ["no labels at hand: the others learned our own verdicts, so only their speed means something"]


def measure_quality(
    judge: Judge, model: artefact.Artefact, texts: Texts, rivals: Sequence[Rival], held_out: list[Label]
) -> list[Quality]:
    """Scores on the held-out tenth. A model of ours that was trained on this very file has seen it, so what counts is
    its cross-validation."""
    unseen = [label.text for label in held_out]
    if model.parameters.training.get("data_sha256") == texts.labels_sha256:
        scores: dict[str, Any] = model.parameters.scores
        found = [
            Quality(
                OURS,
                scores["intent"]["all"]["macro_f1"],
                scores["escalation"]["f1"],
                "cross-validated in training, since it was trained on the held-out texts too",
            )
        ]
    else:
        judged = judge.judge(unseen, np.zeros(len(held_out), np.bool_))
        intents = [INTENTS[code] for code in judged.intent.tolist()]
        found = [_measure(OURS, held_out, intents, judged.escalate.tolist())]
    return found + [
        _measure(rival.name, held_out, *rival.predict([label.text for label in held_out])) for rival in rivals
    ]


def _measure(name: str, held_out: Sequence[Label], intents: Sequence[str], flags: Sequence[bool]) -> Quality:
    truth = [label.intent for label in held_out]
    macro = f1_score(truth, intents, average="macro", labels=sorted(set(truth)), zero_division=0)
    binary = f1_score([label.escalate for label in held_out], flags, zero_division=0) if flags else None
    return Quality(
        name,
        round(float(macro), 4),
        None if binary is None else round(float(binary), 4),
        f"on {len(held_out):,} held-out texts",
    )
