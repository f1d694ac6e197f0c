"""What is decided about each concern of a mention, and the records that say so: classified and escalations."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.settings import Priority, Settings
from models.packing import Strings
from models.pii import find_pii, mask
from models.records import CHANNELS, INTENTS, PII_KINDS, REASONS, Escalation, Flag, Mention, Role
from streams.stages.decode import int_column
from streams.stages.mention_table import MentionTable
from streams.stages.route import NO_BRAND, Concerns, Router, bands_of, tier_of

OUTPUT_ALLOWANCE_BYTES: Final = 65_536  # the longest verdict: 500 customers, a brand's name, fixed parts
SCORE_STEPS: Final = 10_000  # scores are published with four decimals
UNJUDGED: Final = INTENTS.index("unjudged")
_CLOSES: Final = int(Flag.CLOSES)
_CUSTOMER: Final = int(Role.CUSTOMER)
_ISSUE, _VENT = INTENTS.index("issue"), INTENTS.index("vent")
SCORES: Final = tuple(msgspec.json.encode(step / SCORE_STEPS) for step in range(SCORE_STEPS + 1))
_OURS: Final = frozenset(Mention.__struct_encode_fields__)
_VERDICT: Final = b'"verdict"'
_CLOSING_BRACE: Final = ord("}")
_TAILS_LIMIT: Final = 65_536

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
    router: Router,
    *,
    escalation_is_actionable: bool,
) -> Decisions:
    """Put judgements and roles together: only customers have intents, only brands and bots divert."""
    mention = np.array([c.mention for c in concerns], np.int64)
    role = np.array([c.role for c in concerns], np.uint8)
    customer, reply = role == Role.CUSTOMER, (role == Role.BRAND) | (role == Role.BOT)
    intent = judged.intent[mention]
    escalate = customer & judged.escalate[mention]
    actionable = customer & ((intent == _ISSUE) | (escalate & escalation_is_actionable))
    diverts = np.where(reply, judged.diverts[mention], 0).astype(np.uint8)
    followers = int_column([m.followers for m in mentions])
    flags = (
        actionable * Flag.ACTIONABLE
        | (actionable | (customer & (intent == _VENT))) * Flag.NEEDS_REPLY
        | (diverts > 0) * Flag.DIVERTS
        | (customer & judged.closes[mention]) * Flag.CLOSES
        | escalate * Flag.ESCALATED
        | np.array([c.addressed for c in concerns], np.bool_) * Flag.ADDRESSED
    )
    return Decisions(
        mention=mention,
        role=role,
        intent=np.where(customer, intent, UNJUDGED).astype(np.uint8),
        reasons=np.where(customer, judged.reasons[mention], 0).astype(np.uint8),
        diverts=diverts,
        flags=flags.astype(np.uint16),
        pii=judged.pii[mention].astype(np.uint16),
        tier=_tiers(mentions, concerns, router),
        band=bands_of(followers)[mention].astype(np.uint8),
        late=late,
    )


def _tiers(mentions: MentionTable, concerns: Concerns, router: Router) -> Bytes:
    """The author's tier at the brand; brands' own posts have none."""
    tiers = np.zeros(len(concerns), np.uint8)
    if not any(brand.tiers for brand in router.brands):
        return tiers
    for place, concern in enumerate(concerns):
        if concern.role == Role.CUSTOMER:
            author = mentions[concern.mention]
            tiers[place] = tier_of(router.brands[concern.brand].tiers, author.followers, author.verified)
    return tiers


# ---------------------------------------------------------------- classified


Tail = tuple[int, int, int, int, str, bool, str]
"""(closes, reasons, diverts, pii, lang, late, tier): what decides the end of a verdict."""


class VerdictWriter:
    """Writes the JSON of ``models.records.Verdict`` piece by piece; the pieces that repeat are rendered once."""

    def __init__(self, router: Router, model: str, config: str) -> None:
        self._names = {index: brand.name for index, brand in enumerate(router.brands)} | {NO_BRAND: ""}
        self._model, self._config = model, config
        self._tiers = {
            index: ("default", *(tier.name for tier in brand.tiers)) for index, brand in enumerate(router.brands)
        }
        self._tails: dict[Tail, bytes] = {}

    def write(self, concerns: Concerns, decisions: Decisions, judged: Judgements) -> list[bytes]:
        """``,"verdict":{…}}`` of each concern, ready to replace the closing brace of the mention."""
        scores = steps_of(judged.scores).tolist()
        escalation = steps_of(judged.escalation).tolist()
        langs, late = judged.lang, decisions.late.tolist()
        heads = {pair: self._head(*pair) for pair in {(concern.brand, concern.role) for concern in concerns}}
        flags = (decisions.flags & 31).tolist()
        columns = (decisions.intent, decisions.reasons, decisions.diverts, decisions.pii, decisions.tier)
        rows = zip(concerns, flags, *(column.tolist() for column in columns), strict=True)
        return [
            b"".join(
                (
                    heads[concern.brand, concern.role],
                    b'"%b"' % '","'.join(concern.subjects).encode() if concern.addressed else b"",
                    _INTENTS[intent] if concern.role == _CUSTOMER else _NOT_JUDGED,
                    _scores(*scores[concern.mention]) if intent != UNJUDGED else b"",
                    _FLAGS[bits],
                    SCORES[escalation[concern.mention]] if concern.role == _CUSTOMER else b"0.0",
                    self._tail(
                        (
                            bits & _CLOSES,
                            reasons,
                            diverts,
                            pii,
                            langs[concern.mention],
                            late[concern.mention],
                            self._tiers[concern.brand][tier] if concern.role == _CUSTOMER else "",
                        )
                    ),
                )
            )
            for concern, bits, intent, reasons, diverts, pii, tier in rows
        ]

    def _head(self, brand: int, role: int) -> bytes:
        name, role_name = msgspec.json.encode(self._names[brand]), Role(role).name.lower().encode()
        return b',"verdict":{"brand":%b,"role":"%b","customers":[' % (name, role_name)

    def _tail(self, parts: Tail) -> bytes:
        tail = self._tails.get(parts)
        if tail is None:
            if len(self._tails) >= _TAILS_LIMIT:
                self._tails.clear()
            tail = self._tails[parts] = self._render_tail(*parts)
        return tail

    def _render_tail(
        self, closes: int, reasons: int, diverts: int, pii: int, lang: str, late: bool, tier: str
    ) -> bytes:
        fields = {
            "reasons": names_of(reasons, REASONS),
            "diverts": CHANNELS[diverts],
            "closes": closes > 0,
            "pii": names_of(pii, PII_KINDS),
            "lang": lang,
            "late": late,
            "tier": tier,
            "model": self._model,
            "config": self._config,
        }
        return b"," + msgspec.json.encode(fields)[1:] + b"}"


def names_of(bits: int, names: Sequence[str]) -> tuple[str, ...]:
    """The names whose bits are set."""
    return tuple(name for index, name in enumerate(names) if bits >> index & 1)


def steps_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Scores in [0, 1] as published, in ten-thousandths."""
    return np.clip(np.rint(scores.astype(np.float64) * SCORE_STEPS), 0, SCORE_STEPS).astype(np.int64)


def _scores(issue: int, praise: int, vent: int, review: int, other: int) -> bytes:
    return _SCORES_FORM % (SCORES[issue], SCORES[praise], SCORES[vent], SCORES[review], SCORES[other])


def _render_flags(flags: int) -> bytes:
    form = b'},"actionable":%b,"needs_reply":%b,"escalate":%b,"escalation_score":'
    return form % tuple(
        msgspec.json.encode(bool(flags & flag)) for flag in (Flag.ACTIONABLE, Flag.NEEDS_REPLY, Flag.ESCALATED)
    )


_INTENTS: Final = tuple(f'],"intent":"{name}","scores":{{'.encode() for name in INTENTS)
_NOT_JUDGED: Final = b'],"intent":null,"scores":{'
_SCORES_FORM: Final = b",".join(f'"{name}":%b'.encode() for name in INTENTS[:5])
_FLAGS: Final = tuple(_render_flags(flags) for flags in range(32))


def open_mentions(values: Sequence[bytes], masked: Mapping[int, str], extended: Sequence[int]) -> list[bytes | None]:
    """Each mention's JSON without its closing brace; re-encoded only if something in it must be masked, its text or
    one of the fields that are not ours in those that are ``extended``, or if it brought a ``verdict`` of its own.
    None for one that is nested too deeply for that."""
    opened: list[bytes | None] = [
        value[:-1] if value[-1] == _CLOSING_BRACE else value.rstrip()[:-1] for value in values
    ]
    rewritten = set(masked) | set(extended)
    if _VERDICT in b"".join(values):
        rewritten |= {place for place, value in enumerate(values) if _VERDICT in value}
    for place in rewritten:
        opened[place] = _rewrite(values[place], opened[place], masked.get(place))
    return opened


def _rewrite(value: bytes, opened: bytes | None, masked: str | None) -> bytes | None:
    """``opened`` where nothing needs to be changed."""
    try:
        tree = msgspec.json.decode(value)  # takes whatever the typed decoder took, unlike stricter ones
        changed = masked is not None or "verdict" in tree
        tree.pop("verdict", None)
        if masked is not None:
            tree["text"] = masked
        for name in tree.keys() - _OURS:
            plain = _without_personal_data(tree[name])
            changed = changed or plain != tree[name]
            tree[name] = plain
        return msgspec.json.encode(tree)[:-1] if changed else opened
    except RecursionError:
        return None


def _without_personal_data(value: Any) -> Any:
    """``value`` with all strings in it masked: sources bring along profiles and longer forms of the text."""
    if isinstance(value, str):
        spans = find_pii(value)
        return mask(value, spans) if spans else value
    if isinstance(value, list):
        return [_without_personal_data(item) for item in value]
    if isinstance(value, dict):
        return {_without_personal_data(name): _without_personal_data(item) for name, item in value.items()}
    return value


def message_key(mention: Mention, brand: str) -> bytes:
    """Key of the classified record and of the escalation."""
    return f"{mention.source}:{mention.id}:{brand}".encode()


# ---------------------------------------------------------------- escalations


def write_escalations(
    mentions: MentionTable,
    concerns: Concerns,
    decisions: Decisions,
    judged: Judgements,
    router: Router,
    priority: Priority,
    versions: tuple[str, str],
) -> dict[int, bytes]:
    """The JSON of each escalation by index of its concern; ``versions`` are of model and configuration."""
    model, config = versions
    written: dict[int, bytes] = {}
    for place in np.flatnonzero(decisions.flags & Flag.ESCALATED).tolist():
        concern = concerns[place]
        mention, brand = mentions[concern.mention], router.brands[concern.brand]
        tier = int(decisions.tier[place])
        score = int(steps_of(judged.escalation[concern.mention : concern.mention + 1])[0]) / SCORE_STEPS
        reasons = names_of(int(decisions.reasons[place]), REASONS)
        escalation = Escalation(
            id=mention.id,
            source=mention.source,
            brand=brand.name,
            customer=concern.subjects[0],
            author=mention.author,
            created_at_ms=mention.created_at_ms,
            text=judged.masked.get(concern.mention, mention.text),
            intent=INTENTS[int(decisions.intent[place])],
            escalation_score=score,
            reasons=reasons,
            priority=priority_of(priority, score, reasons, mention, tiered=tier > 0),
            lang=judged.lang[concern.mention],
            followers=mention.followers,
            verified=mention.verified,
            tier=brand.tiers[tier - 1].name if tier else "default",
            late=bool(decisions.late[concern.mention]),
            model=model,
            config=config,
        )
        written[place] = msgspec.json.encode(escalation)
    return written


def priority_of(priority: Priority, score: float, reasons: Sequence[str], author: Mention, *, tiered: bool) -> float:
    """0..100, two decimals; the formula stands beside the settings of ``[priority]``."""
    gravest = max((priority.severity.get(reason, 0.0) for reason in reasons), default=0.0)
    reach = 1.0 if author.verified else min(1.0, math.log10(1 + author.followers) / 6)
    total = (
        priority.score_weight * score
        + priority.reason_weight * gravest
        + priority.reach_weight * reach
        + priority.repeat_weight * ("repeat" in reasons)
        + priority.tier_weight * tiered
    )
    return round(100 * total, 2)
