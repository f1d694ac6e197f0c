"""Escalations: what a desk needs to know of the mentions that cannot wait, and how urgent each is."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from config.settings import Priority
from models.language import LANGUAGES
from models.records import INTENTS, REASONS, Escalation, Flag
from streams.stages.mention_table import MentionTable
from streams.stages.route import Concerns, Router
from streams.stages.verdicts import SCORE_STEPS, Decisions, Judgements, names_of, steps_of

_REPEAT: Final = 1 << REASONS.index("repeat")


class _Said(msgspec.Struct, frozen=True):
    """What an escalation repeats of a mention's JSON: only that is decoded."""

    id: str
    author: str
    created_at_ms: int
    text: str
    source: str = "x"
    followers: int = 0
    verified: bool = False


class _Decided(msgspec.Struct, frozen=True):
    """What was decided about one concern; numbers are codes."""

    place: int
    mention: int
    brand: int
    customer: int
    intent: int
    steps: int
    reasons: int
    tier: int
    lang: int
    late: bool


_decode = msgspec.json.Decoder(_Said).decode
_encode = msgspec.json.Encoder().encode


class EscalationWriter:
    """Writes the JSON of ``models.records.Escalation``. They are few, so it is done one by one."""

    def __init__(self, router: Router, priority: Priority, model: str, config: str) -> None:
        self._brands = [brand.name for brand in router.brands]
        self._tiers = [("default", *(tier.name for tier in brand.tiers)) for brand in router.brands]
        self._reasons = [names_of(bits, REASONS) for bits in range(1 << len(REASONS))]
        self._gravest = [gravest_of(priority, names) for names in self._reasons]
        self._priority, self._model, self._config = priority, model, config

    def write(
        self, mentions: MentionTable, concerns: Concerns, decisions: Decisions, judged: Judgements
    ) -> dict[int, bytes]:
        """The JSON of each escalation by index of its concern."""
        masked, values = judged.masked, mentions.values
        return {
            row.place: self._write(row, values[row.mention], masked.get(row.mention))
            for row in _escalated(concerns, decisions, judged)
        }

    def _write(self, row: _Decided, value: bytes, masked: str | None) -> bytes:
        said, score, reasons = _decode(value), row.steps / SCORE_STEPS, self._reasons[row.reasons]
        priority = priority_of(
            self._priority,
            score,
            self._gravest[row.reasons],
            said.followers,
            verified=said.verified,
            repeated=row.reasons & _REPEAT > 0,
            tiered=row.tier > 0,
        )
        return _encode(
            Escalation(
                id=said.id,
                source=said.source,
                brand=self._brands[row.brand],
                customer=f"{row.customer:016x}",
                author=said.author,
                created_at_ms=said.created_at_ms,
                text=said.text if masked is None else masked,
                intent=INTENTS[row.intent],
                escalation_score=score,
                reasons=reasons,
                priority=priority,
                lang=LANGUAGES[row.lang],
                followers=said.followers,
                verified=said.verified,
                tier=self._tiers[row.brand][row.tier],
                late=row.late,
                model=self._model,
                config=self._config,
            )
        )


def _escalated(concerns: Concerns, decisions: Decisions, judged: Judgements) -> Iterator[_Decided]:
    places = np.flatnonzero(decisions.flags & int(Flag.ESCALATED))
    mention = concerns.mention[places]
    columns = (
        places,
        mention,
        concerns.brand[places],
        concerns.subjects[concerns.subject_ends[places]],  # a customer's only one
        decisions.intent[places],
        steps_of(judged.escalation[mention]),
        decisions.reasons[places],
        decisions.tier[places],
        judged.languages[mention],
        decisions.late[mention],
    )
    return map(_Decided, *(column.tolist() for column in columns))


def gravest_of(priority: Priority, reasons: Sequence[str]) -> float:
    """The severity of the gravest of ``reasons``."""
    return max((priority.severity.get(reason, 0.0) for reason in reasons), default=0.0)


def priority_of(
    priority: Priority, score: float, gravest: float, followers: int, *, verified: bool, repeated: bool, tiered: bool
) -> float:
    """0..100, two decimals; the formula stands beside the settings of ``[priority]``."""
    reach = 1.0 if verified else min(1.0, math.log10(1 + followers) / 6)
    total = (
        priority.score_weight * score
        + priority.reason_weight * gravest
        + priority.reach_weight * reach
        + priority.repeat_weight * repeated
        + priority.tier_weight * tiered
    )
    return round(100 * total, 2)
