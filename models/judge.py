"""The judge: texts in, verdicts out, a batch at a time. Any string is fine, whatever is in it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from models import artefact, pii
from models.closing import closes
from models.deciding import INTENT_COUNT as INTENT_COUNT
from models.deciding import UNJUDGED as UNJUDGED
from models.deciding import Calibration, decide_all
from models.features import Ints
from models.language import JUDGED, LANGUAGES
from models.packing import Strings
from models.records import CHANNELS, INTENTS
from models.repeats import first_of_same
from models.replies import diverts
from models.scan import ANY_PII, CHANNEL, CONTENT, Scanner, may_close
from models.scorer import Scorer

_JUDGED_CODES = np.array([name in JUDGED for name in LANGUAGES])
_ENGLISH = LANGUAGES.index("en")
_JAPANESE = LANGUAGES.index("ja")  # has no words to look for
_NAMES = np.array(LANGUAGES, np.object_)

Texts = Strings | Sequence[str]
Read = Callable[[int], str]  # the text of a row


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
    languages: NDArray[np.uint8]  # the same as indexes into models.language.LANGUAGES
    closes: NDArray[np.bool_]  # customers only
    diverts: NDArray[np.uint8]  # index into CHANNELS; replies only
    phrases: dict[int, str]  # row → the words that send the customer there, only of replies that do


class Judge:
    """Holds one loaded model. Not for several threads at once: it keeps scratch memory."""

    __slots__ = ("_calibration", "_scanner", "_scorer", "version")

    def __init__(self, model: artefact.Artefact, escalation_threshold: float | None = None) -> None:
        parameters = model.parameters
        self.version = parameters.version
        thresholds = np.array(parameters.thresholds)
        if escalation_threshold is not None:
            thresholds[0] = escalation_threshold
        slopes, intercepts = np.array(parameters.slopes), np.array(parameters.intercepts)
        self._calibration = Calibration(parameters.temperature, slopes, intercepts, thresholds)
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

    def judge(self, texts: Texts, replies: NDArray[np.bool_]) -> Judgements:
        """Verdicts on ``texts``; where ``replies`` holds, the text is a brand's own and only ``diverts`` and ``pii``
        are looked for."""
        packed = texts if isinstance(texts, Strings) else Strings.of(texts)
        data, offsets = packed.data, packed.offsets
        first = first_of_same(data, offsets, replies)
        fresh = first == np.arange(len(first))
        flags, languages = self._scanner.scan(data, offsets, ~fresh)
        judged = ~replies & _JUDGED_CODES[languages] & ((flags & CONTENT) != 0)
        logits = self._scorer.logits(data, offsets, ~judged)
        decided = decide_all(logits, np.flatnonzero(judged), self._calibration)
        read = _reader(texts)
        kinds, masked = _find_pii(read, flags)
        channels, phrases = _find_diversions(read, flags, languages, replies & fresh)
        closing = _find_closes(read, flags, languages, decided.intent, replies)
        _copy(np.flatnonzero(~fresh), first, (*decided, kinds, languages, closing, channels))
        _copy_texts(np.flatnonzero(~fresh & (kinds != 0)), first, masked)
        _copy_texts(np.flatnonzero(~fresh & (channels != 0)), first, phrases)
        return Judgements(
            intent=decided.intent,
            scores=decided.scores,
            escalation=decided.escalation,
            escalate=decided.escalate,
            reasons=decided.reasons,
            pii=kinds,
            masked=masked,
            lang=_NAMES[languages].tolist(),
            languages=languages,
            closes=closing,
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


def _copy(rows: Ints, first: Ints, columns: Iterable[NDArray[Any]]) -> None:
    """Give ``rows``, whose texts were there before, what the ``first`` of the same text has."""
    for column in columns:
        column[rows] = column[first[rows]]


def _copy_texts(rows: Ints, first: Ints, found: dict[int, str]) -> None:
    found |= {row: found[like] for row, like in zip(rows.tolist(), first[rows].tolist(), strict=True)}


def _reader(texts: Texts) -> Read:
    """Few texts are needed as ``str``: each is made when it is asked for."""
    if not isinstance(texts, Strings):
        return texts.__getitem__
    data, ends = texts.data.data, texts.offsets.tolist()
    return lambda row: str(data[ends[row] : ends[row + 1]], "utf-8", "surrogatepass")


def _find_pii(read: Read, flags: NDArray[np.uint32]) -> tuple[NDArray[np.uint16], dict[int, str]]:
    kinds = np.zeros(len(flags), np.uint16)
    masked = {}
    for row in worth_masking(flags):
        text = read(row)
        spans = pii.find_pii(text, int(flags[row]) & ANY_PII)
        if spans:
            kinds[row] = pii.kind_bits(spans)
            masked[row] = pii.mask(text, spans)
    return kinds, masked


def _find_closes(
    read: Read,
    flags: NDArray[np.uint32],
    languages: NDArray[np.uint8],
    intent: NDArray[np.uint8],
    is_reply: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    found = np.zeros(len(flags), np.bool_)
    for row in worth_closing(flags, languages, intent, is_reply):
        found[row] = closes(read(row), INTENTS[intent[row]])
    return found


def _find_diversions(
    read: Read, flags: NDArray[np.uint32], languages: NDArray[np.uint8], is_reply: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    channels = np.zeros(len(flags), np.uint8)
    phrases = {}
    for row in worth_diverting(flags, languages, is_reply):
        channel, phrase = diverts(read(row))
        if channel:
            channels[row] = CHANNELS.index(channel)
            phrases[row] = phrase
    return channels, phrases
