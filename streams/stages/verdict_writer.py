"""Writes classified records: each mention's own JSON and a verdict behind it, for all of a batch at once."""

from collections.abc import Sequence
from itertools import chain, product
from typing import Final

import msgspec
import numpy as np

from models.features import Ints
from models.language import LANGUAGES
from models.packing import Strings
from models.records import CHANNELS, INTENTS, PII_KINDS, REASONS, Flag, Role
from streams.stages.mention_table import MentionTable
from streams.stages.output_records import ByteStrings
from streams.stages.rewrite import Opened
from streams.stages.route import Concerns, Router
from streams.stages.verdict_kernel import SUBJECT_BYTES, write_keys, write_values
from streams.stages.verdicts import SCORE_STEPS, UNJUDGED, Decisions, Judgements, names_of, steps_of

SCORES: Final = tuple(msgspec.json.encode(step / SCORE_STEPS) for step in range(SCORE_STEPS + 1))
_TAILS_LIMIT: Final = 65_536
_FLAG_BITS: Final = 31
_CUSTOMER: Final = int(Role.CUSTOMER)
_SHOWN_FLAGS: Final = (Flag.ACTIONABLE, Flag.NEEDS_REPLY, Flag.ESCALATED)


def _render_flags(flags: int) -> bytes:
    form = b'},"actionable":%b,"needs_reply":%b,"escalate":%b,"escalation_score":'
    return form % tuple(msgspec.json.encode(bool(flags & flag)) for flag in _SHOWN_FLAGS)


# Pieces of verdicts, by number: the scores come first, so that a score in ten-thousandths is its own number.
_NAME_PIECES: Final = tuple(f'{"," if place else ""}"{name}":'.encode() for place, name in enumerate(INTENTS[:5]))
_INTENT_PIECES: Final = (
    *(f'],"intent":"{name}","scores":{{'.encode() for name in INTENTS),
    b'],"intent":null,"scores":{',
)
_FLAG_PIECES: Final = tuple(_render_flags(flags) for flags in range(_FLAG_BITS + 1))
_NAMES: Final = len(SCORES)
_INTENTS: Final = _NAMES + len(_NAME_PIECES)
_NO_INTENT: Final = _INTENTS + len(INTENTS)
_FLAGS: Final = _INTENTS + len(_INTENT_PIECES)
_HEADS: Final = _FLAGS + len(_FLAG_PIECES)
_JUDGED_BYTES: Final = sum(map(len, _NAME_PIECES)) + len(_NAME_PIECES) * max(map(len, SCORES))

# What decides the end of a verdict, as one number: (name, bits) from the lowest bits up.
_TAIL_BITS: Final = (("closes", 1), ("late", 1), ("diverts", 8), ("reasons", 8), ("lang", 8), ("pii", 16), ("tier", 20))


class VerdictWriter:
    """Writes the JSON of ``models.records.Verdict``; the pieces that repeat are rendered once."""

    def __init__(self, router: Router, model: str, config: str) -> None:
        brands = [*(brand.name for brand in router.brands), ""]  # the last one is NO_BRAND's, which is -1
        heads = [_head(name, role) for name, role in product(brands, Role)]
        self._pieces = ByteStrings.of([*SCORES, *_NAME_PIECES, *_INTENT_PIECES, *_FLAG_PIECES, *heads])
        self._brand_keys = Strings.of(f":{name}" for name in brands)
        self._tier_names, self._tiers = _tier_table(router)
        self._model, self._config = model, config
        self._tails: dict[int, int] = {}
        self._tail_pieces: list[bytes] = []
        self._tail_bytes = ByteStrings.of([])

    def write_values(self, opened: Opened, concerns: Concerns, decisions: Decisions, judged: Judgements) -> ByteStrings:
        """The record of each concern: its mention and ``,"verdict":{…}}`` in place of the closing brace."""
        mention, customer = concerns.mention, concerns.role == _CUSTOMER
        codes = self._codes(concerns, decisions, judged)
        tails = self._tail_codes(concerns, decisions, judged)
        judges = customer & (decisions.intent != UNJUDGED)
        room = (
            (opened.stops - opened.starts)[mention].sum()
            + self._pieces.sizes()[codes].sum()
            + self._tail_bytes.sizes()[tails].sum()
            + _JUDGED_BYTES * np.count_nonzero(judges)
            + SUBJECT_BYTES * len(concerns.subjects)
        )
        out, ends = np.empty(room, np.uint8), np.zeros(len(mention) + 1, np.int64)
        write_values(
            opened.data,
            opened.starts,
            opened.stops,
            mention,
            concerns.subjects,
            concerns.subject_ends,
            concerns.addressed,
            judges,
            steps_of(judged.scores),
            self._pieces.data,
            self._pieces.ends,
            _NAMES,
            codes,
            self._tail_bytes.data,
            self._tail_bytes.ends,
            tails,
            out,
            ends,
        )
        return ByteStrings(out[: ends[-1]], ends)

    def write_keys(self, mentions: MentionTable, concerns: Concerns) -> ByteStrings:
        """Key of each concern's classified record and of its escalation: source, id and brand, with colons."""
        mention, brand = concerns.mention, self._places_of(concerns)
        sources, ids = Strings.of(f"{name}:" for name in mentions.source.names), mentions.id
        room = (
            np.diff(sources.offsets)[mentions.source.codes[mention]].sum()
            + np.diff(ids.offsets)[mention].sum()
            + np.diff(self._brand_keys.offsets)[brand].sum()
        )
        out, ends = np.empty(room, np.uint8), np.zeros(len(mention) + 1, np.int64)
        write_keys(
            mention,
            mentions.source.codes,
            sources.data,
            sources.offsets,
            ids.data,
            ids.offsets,
            brand,
            self._brand_keys.data,
            self._brand_keys.offsets,
            out,
            ends,
        )
        return ByteStrings(out, ends)

    def _codes(self, concerns: Concerns, decisions: Decisions, judged: Judgements) -> Ints:
        """[n, 4] numbers of the pieces: head, intent, flags, score of the escalation."""
        customer = concerns.role == _CUSTOMER
        brand = self._places_of(concerns)
        escalation = steps_of(judged.escalation)[concerns.mention]
        return np.column_stack(
            (
                _HEADS + brand * len(Role) + concerns.role,
                np.where(customer, _INTENTS + decisions.intent.astype(np.int64), _NO_INTENT),
                _FLAGS + (decisions.flags & _FLAG_BITS).astype(np.int64),
                np.where(customer, escalation, 0),
            )
        )

    def _places_of(self, concerns: Concerns) -> Ints:
        """Brands as places in the writer's tables: NO_BRAND has the last one."""
        return concerns.brand % len(self._brand_keys)

    # ---------------------------------------------------------------- tails

    def _tail_codes(self, concerns: Concerns, decisions: Decisions, judged: Judgements) -> Ints:
        """The number of each concern's tail in ``_tail_bytes``, where it is by then."""
        customer = concerns.role == _CUSTOMER
        columns = {
            "closes": (decisions.flags & int(Flag.CLOSES)) > 0,
            "late": decisions.late[concerns.mention],
            "diverts": decisions.diverts,
            "reasons": decisions.reasons,
            "lang": judged.languages[concerns.mention],
            "pii": decisions.pii,
            "tier": np.where(customer, self._tiers[self._places_of(concerns), decisions.tier], 0),
        }
        packed = np.zeros(len(concerns), np.int64)
        for name, bits in reversed(_TAIL_BITS):
            packed = packed << bits | columns[name]
        distinct, places = np.unique(packed, return_inverse=True)
        return self._numbers_of(distinct.tolist())[places]

    def _numbers_of(self, tails: Sequence[int]) -> Ints:
        if len(self._tails) > _TAILS_LIMIT:
            self._tails.clear()
            self._tail_pieces.clear()
        new = [tail for tail in tails if tail not in self._tails]
        for tail in new:
            self._tails[tail] = len(self._tail_pieces)
            self._tail_pieces.append(self._render_tail(tail))
        if new:
            self._tail_bytes = ByteStrings.of(self._tail_pieces)
        return np.array([self._tails[tail] for tail in tails], np.int64)

    def _render_tail(self, tail: int) -> bytes:
        parts = {}
        for name, bits in _TAIL_BITS:
            parts[name] = tail & (1 << bits) - 1
            tail >>= bits
        fields = {
            "reasons": names_of(parts["reasons"], REASONS),
            "diverts": CHANNELS[parts["diverts"]],
            "closes": parts["closes"] > 0,
            "pii": names_of(parts["pii"], PII_KINDS),
            "lang": LANGUAGES[parts["lang"]],
            "late": parts["late"] > 0,
            "tier": self._tier_names[parts["tier"]],
            "model": self._model,
            "config": self._config,
        }
        return b"," + msgspec.json.encode(fields)[1:] + b"}"


def _head(brand: str, role: Role) -> bytes:
    form = b',"verdict":{"brand":%b,"role":"%b","customers":['
    return form % (msgspec.json.encode(brand), role.name.lower().encode())


def _tier_table(router: Router) -> tuple[tuple[str, ...], Ints]:
    """(names of tiers, number of the name by brand and tier). Name 0 is "", that of everybody but customers."""
    rows = [("default", *(tier.name for tier in brand.tiers)) for brand in router.brands]
    numbers = {"": 0}
    for name in chain.from_iterable(rows):
        numbers.setdefault(name, len(numbers))
    table = np.zeros((len(rows) + 1, max(map(len, rows), default=1)), np.int64)  # the last row is that of NO_BRAND
    for brand, row in enumerate(rows):
        table[brand, : len(row)] = [numbers[name] for name in row]
    return tuple(numbers), table
