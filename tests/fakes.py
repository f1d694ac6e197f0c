"""Stand-ins that pass the contracts of the real things."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.language import LANGUAGES
from models.records import INTENTS


@dataclass(frozen=True, slots=True)
class FakeJudgements:
    intent: NDArray[np.uint8]
    scores: NDArray[np.float32]
    escalation: NDArray[np.float32]
    escalate: NDArray[np.bool_]
    reasons: NDArray[np.uint8]
    pii: NDArray[np.uint16]
    masked: dict[int, str]
    lang: list[str]
    languages: NDArray[np.uint8]
    closes: NDArray[np.bool_]
    diverts: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class WordJudge:
    """Judges by single words: an intent's name, ``lawyer`` (escalates), ``a@b.c`` (personal data), ``dm`` (diverts),
    ``solved`` (closes), ``hola`` (another language)."""

    version: str = "words-1"
    words: dict[str, int] = field(default_factory=lambda: {name: code for code, name in enumerate(INTENTS)})

    def judge(self, texts: Sequence[str], replies: NDArray[np.bool_]) -> FakeJudgements:
        del replies
        intents = [self._intent(text) for text in texts]
        scores = np.zeros((len(texts), 5), np.float32)
        for row, intent in enumerate(intents):
            if intent < 5:
                scores[row] = 0.05
                scores[row, intent] = 0.8
        legal = np.array(["lawyer" in text for text in texts], np.bool_)
        return FakeJudgements(
            intent=np.array(intents, np.uint8),
            scores=scores,
            escalation=np.where(legal, 0.9, 0.125).astype(np.float32),
            escalate=legal,
            reasons=np.where(legal, 2, 0).astype(np.uint8),
            pii=np.array(["a@b.c" in text for text in texts], np.uint16),
            masked={
                row: text.replace("a@b.c", "[e-mail address]") for row, text in enumerate(texts) if "a@b.c" in text
            },
            lang=["es" if "hola" in text else "en" for text in texts],
            languages=np.array([LANGUAGES.index("es" if "hola" in text else "en") for text in texts], np.uint8),
            closes=np.array(["solved" in text for text in texts], np.bool_),
            diverts=np.array(["dm" in text for text in texts], np.uint8),
        )

    def _intent(self, text: str) -> int:
        if "hola" in text or not text:
            return self.words["unjudged"]
        return next((self.words[word] for word in text.split() if word in self.words), self.words["other"])
