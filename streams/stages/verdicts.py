"""What is decided about each concern of a mention, from what the judge says and from who speaks."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.settings import Settings
from models.packing import Strings
from models.records import INTENTS, Flag, Role
from streams.stages.mention_table import MentionTable
from streams.stages.route import Concerns, bands_of
from streams.stages.tiers import Tiers

OUTPUT_ALLOWANCE_BYTES: Final = 65_536  # the longest verdict: 500 customers, a brand's name, fixed parts
SCORE_STEPS: Final = 10_000  # scores are published with four decimals
UNJUDGED: Final = INTENTS.index("unjudged")
_ISSUE, _VENT = INTENTS.index("issue"), INTENTS.index("vent")

Bytes = NDArray[np.uint8]
Flags = NDArray[np.uint16]


class Judgements(Protocol):
    """What a judge says of n texts."""

    @property
    def intent(self) -> NDArray[np.uint8]: ...  # index into INTENTS
    @property
    def scores(self) -> NDArray[np.float32]: ...  # n x 5
    @property
    def escalation(self) -> NDArray[np.float32]: ...
    @property
    def escalate(self) -> NDArray[np.bool_]: ...
    @property
    def reasons(self) -> NDArray[np.uint8]: ...  # bit i = REASONS[i]
    @property
    def pii(self) -> NDArray[np.uint16]: ...  # bit i = PII_KINDS[i]
    @property
    def masked(self) -> dict[int, str]: ...  # texts that had personal data in them, without it
    @property
    def lang(self) -> list[str]: ...
    @property
    def languages(self) -> NDArray[np.uint8]: ...  # the same as indexes into models.language.LANGUAGES
    @property
    def closes(self) -> NDArray[np.bool_]: ...
    @property
    def diverts(self) -> NDArray[np.uint8]: ...  # index into CHANNELS


class Judging(Protocol):
    """``models.judge.Judge``. ``replies[i]`` says that text i is a brand's own."""

    @property
    def version(self) -> str: ...
    def judge(self, texts: Strings, replies: NDArray[np.bool_]) -> Judgements: ...


class Decisions(msgspec.Struct, frozen=True):
    """One entry per concern, but ``late`` one per mention."""

    mention: NDArray[np.int64]
    role: Bytes
    intent: Bytes
    reasons: Bytes
    diverts: Bytes
    flags: Flags  # Flag, without the PRIMARY bits
    pii: Flags
    tier: Bytes
    band: Bytes
    late: NDArray[np.bool_]


def output_limit_bytes(settings: Settings) -> int:
    """The largest record that our outputs may be: a raw record and the longest verdict."""
    return settings.kafka.message_max_bytes + OUTPUT_ALLOWANCE_BYTES


def decide(
    mentions: MentionTable,
    concerns: Concerns,
    judged: Judgements,
    late: NDArray[np.bool_],
    tiers: Tiers,
    *,
    escalation_is_actionable: bool,
) -> Decisions:
    """Put judgements and roles together: only customers have intents, only brands and bots divert."""
    mention, role = concerns.mention, concerns.role
    customer, reply = role == Role.CUSTOMER, (role == Role.BRAND) | (role == Role.BOT)
    intent = judged.intent[mention]
    escalate = customer & judged.escalate[mention]
    actionable = customer & ((intent == _ISSUE) | (escalate & escalation_is_actionable))
    diverts = np.where(reply, judged.diverts[mention], 0).astype(np.uint8)
    flags = (
        actionable * Flag.ACTIONABLE
        | (actionable | (customer & (intent == _VENT))) * Flag.NEEDS_REPLY
        | (diverts > 0) * Flag.DIVERTS
        | (customer & judged.closes[mention]) * Flag.CLOSES
        | escalate * Flag.ESCALATED
        | concerns.addressed * Flag.ADDRESSED
    )
    return Decisions(
        mention=mention,
        role=role,
        intent=np.where(customer, intent, UNJUDGED).astype(np.uint8),
        reasons=np.where(customer, judged.reasons[mention], 0).astype(np.uint8),
        diverts=diverts,
        flags=flags.astype(np.uint16),
        pii=judged.pii[mention].astype(np.uint16),
        tier=_tiers_of(mentions, concerns, tiers),
        band=bands_of(mentions.followers)[mention].astype(np.uint8),
        late=late,
    )


def _tiers_of(mentions: MentionTable, concerns: Concerns, tiers: Tiers) -> Bytes:
    """The author's tier at the brand; brands' own posts have none."""
    found = np.zeros(len(concerns), np.uint8)
    customers = np.flatnonzero(concerns.role == Role.CUSTOMER)
    author = concerns.mention[customers]
    found[customers] = tiers.find(concerns.brand[customers], mentions.followers[author], mentions.verified[author])
    return found


def names_of(bits: int, names: Sequence[str]) -> tuple[str, ...]:
    """The names whose bits are set."""
    return tuple(name for index, name in enumerate(names) if bits >> index & 1)


def steps_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Scores in [0, 1] as published, in ten-thousandths."""
    return np.clip(np.rint(scores.astype(np.float64) * SCORE_STEPS), 0, SCORE_STEPS).astype(np.int64)
