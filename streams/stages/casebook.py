"""The conversations of all case keys of one partition, and what happens in them by itself.

A conversation at rest is a few dozen bytes (``case_store``). It is taken out only when an event or its entry in the
agenda touches it.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.records import Flag, Outcome, Role
from streams.stages.agenda import Agenda
from streams.stages.case_store import Kept, Key, customer_of_key, glance, keys_of, pair_of, put_away, take_out
from streams.stages.ledger import SILENCE, Case, Change, Event, Step, Terms, advance, mature, meet, next_due_ms
from streams.stages.waiting import Rows
from streams.stages.watermark import FOREVER, UNSET

_PART_ENTRIES: Final = 4_000  # conversations in one part of a snapshot
_ADDRESSED: Final = int(Flag.ADDRESSED)
_ACTIONABLE: Final = int(Flag.ACTIONABLE)
_CUSTOMER: Final = int(Role.CUSTOMER)
_BRAND: Final = int(Role.BRAND)


class PackedConversations(msgspec.Struct, frozen=True, array_like=True, tag="conversations"):
    """Conversations at rest in a snapshot, each with its key."""

    entries: list[tuple[Key, bytes]]


class CaseState(NamedTuple):
    """The last state of a case that changed. ``closed_ms`` and ``resolution_ms`` as in ``Closed``; None while it is
    pending."""

    customer: str
    pair: int
    case: Case
    outcome: Outcome
    closed_ms: int | None = None
    resolution_ms: int | None = None


class Folded(NamedTuple):
    """``changes`` are the ledger's, each as (pair, time of the cohort, counter, change of open), flattened."""

    changes: NDArray[np.int64]
    cases: list[CaseState]


class _Folding:
    """The same while it grows; ``pairs`` has one for each change."""

    __slots__ = ("cases", "changes", "drafts", "pairs")

    def __init__(self) -> None:
        self.drafts: dict[Key, _Draft] = {}
        self.changes: list[Change] = []
        self.pairs: list[int] = []
        self.cases: list[CaseState] = []

    def note(self, key: Key, draft: "_Draft", step: Step) -> None:
        draft.conversation = step.conversation
        if changes := step.changes:
            self.changes += changes
            self.pairs += [draft.pair] * len(changes)
        for ended in step.closed:
            self.cases.append(CaseState(customer_of_key(key), draft.pair, *ended))

    def folded(self) -> Folded:
        table = np.empty((len(self.changes), 4), np.int64)
        table[:, 0] = self.pairs
        numbers = chain.from_iterable(self.changes)
        table[:, 1:] = np.fromiter(numbers, np.int64, 3 * len(self.changes)).reshape(-1, 3)
        return Folded(table.reshape(-1), self.cases)


class _Draft:
    """A conversation while a fold works on it. ``look_ms`` is None when the agenda has no entry of it. Nothing is due
    in it before ``quiet_to_ms``."""

    __slots__ = ("before", "conversation", "look_ms", "pair", "quiet_to_ms", "terms")

    def __init__(self, kept: Kept | None, pair: int, terms: Terms) -> None:
        self.look_ms: int | None = kept[0] if kept else None
        self.quiet_to_ms = kept[0] if kept else FOREVER
        self.conversation = self.before = kept[1] if kept else SILENCE
        self.pair, self.terms = pair, terms


class Casebook:
    __slots__ = ("_agenda", "_kept", "_terms_of", "open_cases")

    def __init__(self, terms_of: Callable[[int], Terms]) -> None:
        self._terms_of = terms_of
        self._kept: dict[Key, bytes] = {}
        self._agenda = Agenda()
        self.open_cases = 0

    @property
    def keys(self) -> int:
        """How many case keys are remembered: open cases, waiting tweets, recent closes."""
        return len(self._kept)

    @property
    def entries(self) -> int:
        """How many entries the agenda has, stale ones included."""
        return self._agenda.entries

    def fold(self, rows: Rows, watermark_ms: int) -> Folded:
        """Meet ``rows`` (sorted, all before W, each mention once), then let happen what was due before W."""
        folding = _Folding()
        if len(rows.table):
            self._meet(rows, folding)
        self._look(watermark_ms, folding.drafts)
        for key, draft in folding.drafts.items():
            self._put_down(key, draft, watermark_ms, folding)
        return folding.folded()

    def dump(self) -> Iterator[PackedConversations]:
        entries = iter(self._kept.items())
        while part := list(islice(entries, _PART_ENTRIES)):
            yield PackedConversations(part)

    def load(self, packed: PackedConversations) -> None:
        """Take in one part of ``dump``."""
        for key, at_rest in packed.entries:
            look_ms, is_open = glance(at_rest)
            self._kept[key] = at_rest
            self._agenda.enter(look_ms, key)
            self.open_cases += is_open

    def _meet(self, rows: Rows, folding: _Folding) -> None:
        table, ids, drafts = rows.table, rows.ids.tobytes(), folding.drafts
        spoken = (table["role"] == _CUSTOMER) | (table["role"] == _BRAND)
        table = table.compress(spoken & (table["flags"] & _ADDRESSED > 0))
        names = ("pair", "time_ms", "role", "flags", "tier", "band", "id_from", "id_to")
        columns = (table[name].tolist() for name in names)
        keys = keys_of(table["pair"], table["customer"])
        for key, pair, time_ms, role, flags, tier, band, id_from, id_to in zip(keys, *columns, strict=True):
            draft = drafts.get(key)
            if draft is None:
                at_rest = self._kept.get(key)
                if at_rest is None and not flags & _ACTIONABLE:
                    continue  # nothing is open and nothing opens: most of a firehose ends here
                kept = None if at_rest is None else take_out(at_rest)
                draft = drafts[key] = _Draft(kept, pair, self._terms_of(pair))
            id_ = ids[id_from:id_to].decode("utf-8", "surrogatepass") if flags & _ACTIONABLE else ""  # may open a case
            event = Event(time_ms, id_, role, flags, tier, band)
            if time_ms <= draft.quiet_to_ms:
                folding.note(key, draft, meet(draft.conversation, event, draft.terms))
            else:
                folding.note(key, draft, advance(draft.conversation, event, draft.terms))
            draft.quiet_to_ms = UNSET

    def _look(self, watermark_ms: int, drafts: dict[Key, _Draft]) -> None:
        """Take up what the agenda has before W; what is not due yet is entered anew when put down."""
        for at_ms, key in self._agenda.due(watermark_ms):
            draft = drafts.get(key)
            if draft is None and (at_rest := self._kept.get(key)) is not None:
                kept = take_out(at_rest)
                if kept[0] == at_ms:
                    pair = pair_of(key)
                    draft = drafts[key] = _Draft(kept, pair, self._terms_of(pair))
            if draft is not None and draft.look_ms == at_ms:
                draft.look_ms = None

    def _put_down(self, key: Key, draft: _Draft, watermark_ms: int, folding: _Folding) -> None:
        due_ms = next_due_ms(draft.conversation, draft.terms)
        if due_ms is not None and due_ms < watermark_ms:
            folding.note(key, draft, mature(draft.conversation, watermark_ms, draft.terms))
            due_ms = next_due_ms(draft.conversation, draft.terms)
        before, after, look_ms = draft.before, draft.conversation, draft.look_ms
        if due_ms is None:
            self._kept.pop(key, None)
        else:
            if look_ms is None or due_ms < look_ms:
                look_ms = due_ms
                self._agenda.enter(look_ms, key)
            self._kept[key] = put_away(look_ms, after)
        if after.case is not None and after.case != before.case:
            folding.cases.append(CaseState(customer_of_key(key), draft.pair, after.case, Outcome.PENDING))
        self.open_cases += (after.case is not None) - (before.case is not None)
