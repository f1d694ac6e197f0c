"""The judge: texts in, verdicts out, a batch at a time. Any string is fine, whatever is in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from models import artefact, pii
from models.closing import closes
from models.escalation import decide, flag_score, intent_scores, platt
from models.language import JUDGED, LANGUAGES
from models.packing import Strings
from models.records import CHANNELS, INTENTS
from models.replies import diverts
from models.scan import ANY_PII, CHANNEL, CONTENT, Scanner, may_close
from models.scorer import Scorer

INTENT_COUNT = len(INTENTS) - 1
UNJUDGED = INTENTS.index("unjudged")
_JUDGED_CODES = np.array([name in JUDGED for name in LANGUAGES])
_ENGLISH = LANGUAGES.index("en")
_JAPANESE = LANGUAGES.index("ja")  # has no words to look for


class Judgements(msgspec.Struct, frozen=True):
    """Verdicts of n texts, by column. Rows that are not judged have intent ``unjudged`` and zeros."""

    intent: NDArray[np.uint8]  # index into INTENTS
    scores: NDArray[np.float32]  # [n, 5] probability of each intent
    escalation: NDArray[np.float32]  # probability of any reason
    escalate: NDArray[np.bool_]
    reasons: NDArray[np.uint8]  # bit i = REASONS[i]
    pii: NDArray[np.uint16]  # bit i = PII_KINDS[i]
    masked: dict[int, str]  # row → text without personal data, only where there is some
    lang: list[str]
    closes: NDArray[np.bool_]  # customers only
    diverts: NDArray[np.uint8]  # index into CHANNELS; replies only
    phrases: dict[int, str]  # row → the words that send the customer there, only of replies that do


class Judge:
    """Holds one loaded model. Not for several threads at once: it keeps scratch memory."""

    __slots__ = ("_intercepts", "_scanner", "_scorer", "_slopes", "_temperature", "_thresholds", "version")

    def __init__(self, model: artefact.Artefact, escalation_threshold: float | None = None) -> None:
        parameters = model.parameters
        self.version = parameters.version
        self._temperature = parameters.temperature
        self._slopes, self._intercepts = np.array(parameters.slopes), np.array(parameters.intercepts)
        self._thresholds = np.array(parameters.thresholds)
        if escalation_threshold is not None:
            self._thresholds[0] = escalation_threshold
        self._scorer = Scorer(model.weights, np.array(parameters.scales), np.array(parameters.bias), model.network)
        self._scanner = Scanner()

    @classmethod
    def load(cls, path: str | Path | None = None, escalation_threshold: float | None = None) -> Self:
        """Load the model in the folder ``path`` (none or "": the one that ships) and compile what is not compiled.

        Raises UnheardError when a file is missing, altered, or made for other features.
        """
        judge = cls(artefact.load(Path(path) if path else None), escalation_threshold)
        judge.judge(["@shop hello, it is 3 days late http://x.io 😀", "@you DM us"], np.array([False, True]))
        return judge

    def judge(self, texts: Strings | Sequence[str], replies: NDArray[np.bool_]) -> Judgements:
        """Verdicts on ``texts``; where ``replies`` holds, the text is a brand's own and only ``diverts`` and ``pii``
        are looked for."""
        packed = texts if isinstance(texts, Strings) else Strings.of(texts)
        data, offsets, texts = packed.data, packed.offsets, list(texts)
        flags, languages = self._scanner.scan(data, offsets)
        judged = ~replies & _JUDGED_CODES[languages] & ((flags & CONTENT) != 0)
        logits = self._scorer.logits(data, offsets, ~judged)
        scores = intent_scores(logits[:, :INTENT_COUNT], self._temperature)
        binary = platt(logits[:, INTENT_COUNT:], self._slopes, self._intercepts)
        escalate, reasons = decide(binary, self._thresholds)
        intent = np.where(judged, scores.argmax(axis=1), UNJUDGED).astype(np.uint8)
        kinds, masked = _find_pii(texts, flags)
        channels, phrases = _find_diversions(texts, flags, languages, replies)
        return Judgements(
            intent=intent,
            scores=np.where(judged[:, None], scores, 0).astype(np.float32),
            escalation=np.where(judged, flag_score(binary), 0).astype(np.float32),
            escalate=escalate & judged,
            reasons=np.where(judged, reasons, 0).astype(np.uint8),
            pii=kinds,
            masked=masked,
            lang=[LANGUAGES[code] for code in languages.tolist()],
            closes=_find_closes(texts, flags, languages, intent, replies),
            diverts=channels,
            phrases=phrases,
        )


def worth_masking(flags: NDArray[np.uint32]) -> list[int]:
    """Rows that may hold personal data, by the scanner's ``flags``; the others cannot."""
    return np.flatnonzero(flags & ANY_PII).tolist()


def worth_closing(
    flags: NDArray[np.uint32], languages: NDArray[np.uint8], intent: NDArray[np.uint8], replies: NDArray[np.bool_]
) -> list[int]:
    """Rows of customers that may close a case, by what the scanner says and by intent."""
    return np.flatnonzero(~replies & (may_close(flags, intent) | (languages == _JAPANESE))).tolist()


def worth_diverting(flags: NDArray[np.uint32], languages: NDArray[np.uint8], replies: NDArray[np.bool_]) -> list[int]:
    """Rows of brands that may send the customer elsewhere: the scanner can rule that out in English alone."""
    return np.flatnonzero(replies & (((flags & CHANNEL) != 0) | (languages != _ENGLISH))).tolist()


def _find_pii(texts: Sequence[str], flags: NDArray[np.uint32]) -> tuple[NDArray[np.uint16], dict[int, str]]:
    kinds = np.zeros(len(texts), np.uint16)
    masked = {}
    for row in worth_masking(flags):
        spans = pii.find_pii(texts[row], int(flags[row]) & ANY_PII)
        if spans:
            kinds[row] = pii.kind_bits(spans)
            masked[row] = pii.mask(texts[row], spans)
    return kinds, masked


def _find_closes(
    texts: Sequence[str],
    flags: NDArray[np.uint32],
    languages: NDArray[np.uint8],
    intent: NDArray[np.uint8],
    is_reply: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    found = np.zeros(len(texts), np.bool_)
    for row in worth_closing(flags, languages, intent, is_reply):
        found[row] = closes(texts[row], INTENTS[intent[row]])
    return found


def _find_diversions(
    texts: Sequence[str], flags: NDArray[np.uint32], languages: NDArray[np.uint8], is_reply: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    channels = np.zeros(len(texts), np.uint8)
    phrases = {}
    for row in worth_diverting(flags, languages, is_reply):
        channel, phrase = diverts(texts[row])
        if channel:
            channels[row] = CHANNELS.index(channel)
            phrases[row] = phrase
    return channels, phrases
