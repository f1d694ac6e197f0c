"""What one care partition remembers, and its snapshot."""

from collections.abc import Iterable, Iterator
from typing import Final, cast

import msgspec

from streams.stages.casebook import Casebook, PackedConversations
from streams.stages.cohorts import Cohorts, PackedSlots, Pairs
from streams.stages.dedupe import PackedCopies, Recent
from streams.stages.feed_totals import FeedTotal, FeedTotals
from streams.stages.fold import BlockError
from streams.stages.ledger import Terms
from streams.stages.rules import Rules
from streams.stages.snapshot import decode_part, load_parts
from streams.stages.waiting import PackedRows, Waiting
from streams.stages.watermark import UNSET, Marks, Watermarks


class Head(msgspec.Struct, array_like=True, tag="head"):
    """The first part of a snapshot: everything small."""

    partition: int
    offset: int
    marks: Marks
    watermarks: Watermarks
    pairs: list[tuple[str, str]]
    feeds: list[FeedTotal]
    recent_since_ms: int


Part = Head | PackedRows | PackedCopies | PackedSlots | PackedConversations
_PART: Final = cast("type[Part]", Part)


class CareState:
    """``offset`` is that of the last folded block, -1 before the first."""

    __slots__ = (
        "casebook",
        "cohorts",
        "feeds",
        "marks",
        "offset",
        "pairs",
        "partition",
        "recent",
        "terms",
        "waiting",
        "watermarks",
    )

    def __init__(self, head: Head, rules: Rules) -> None:
        self.partition, self.offset = head.partition, head.offset
        self.marks, self.watermarks = head.marks, head.watermarks
        self.pairs, self.feeds = Pairs(head.pairs), FeedTotals(head.feeds)
        self.terms = TermsOfPairs(rules, self.pairs)
        self.cohorts = Cohorts(rules.window_ms, self.pairs)
        self.casebook = Casebook(self.terms.of)
        self.waiting = Waiting()
        self.recent = Recent(rules.dedupe_ms, head.recent_since_ms)


class TermsOfPairs:
    """What each (source, brand) promises, by its code."""

    __slots__ = ("_pairs", "_rules", "_terms")

    def __init__(self, rules: Rules, pairs: Pairs) -> None:
        self._rules, self._pairs = rules, pairs
        self._terms: list[Terms] = []

    def of(self, pair: int) -> Terms:
        while len(self._terms) <= pair:
            self._terms.append(terms_of_brand(self._rules, self._pairs.names[len(self._terms)][1]))
        return self._terms[pair]


def terms_of_brand(rules: Rules, brand: str) -> Terms:
    promised = rules.of_brand(brand)
    return Terms(
        horizon_ms=promised.horizon_ms,
        sla_ms=promised.sla_ms,
        tiers=promised.tiers,
        limit_ms=rules.case_limit_ms,
        recontact_ms=rules.recontact_ms,
        hours=promised.service_hours,
    )


def empty_state(partition: int, rules: Rules) -> CareState:
    return CareState(Head(partition, -1, Marks(), Watermarks(rules.lateness_ms), [], [], UNSET), rules)


def snapshot_parts(state: CareState) -> Iterator[Part]:
    """The state in parts, one at a time."""
    yield Head(
        state.partition,
        state.offset,
        state.marks,
        state.watermarks,
        state.pairs.names,
        state.feeds.dump(),
        state.recent.since_ms,
    )
    yield from state.waiting.dump()
    yield from state.recent.dump()
    yield from state.cohorts.dump()
    yield from state.casebook.dump()


def load_state(partition: int, chunks: Iterable[bytes], rules: Rules) -> CareState:
    """Inverse of ``dump_parts(snapshot_parts(state))``. Raises BlockError."""
    parts = (decode_part(part, _PART) for part in load_parts(chunks))
    head = next(parts, None)
    if not isinstance(head, Head) or head.partition != partition:
        raise BlockError(f"snapshot is not one of care partition {partition}")
    state = CareState(head, rules)
    for part in parts:
        match part:
            case PackedRows():
                state.waiting.load(part)
            case PackedCopies():
                state.recent.load(part)
            case PackedSlots():
                state.cohorts.load(part)
            case PackedConversations():
                state.casebook.load(part)
            case Head():
                raise BlockError("snapshot has two heads")
    state.cohorts.pass_windows(state.watermarks.value_ms)  # whoever wrote the snapshot has told of these
    return state
