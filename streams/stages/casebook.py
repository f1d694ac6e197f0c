"""The conversations of all case keys of one partition, and what happens in them by itself.

A conversation at rest is a few dozen bytes (``case_store``). It is taken out only when an event or its entry in the
agenda touches it.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec
import numpy as np

from models.records import Flag, Outcome, Role
from streams.stages.agenda import Agenda
from streams.stages.case_store import Kept, Key, customer_of_key, glance, pair_of, put_away, short_key, take_out
from streams.stages.ledger import SILENCE, Case, Event, Step, Terms, advance, mature, next_due_ms
from streams.stages.waiting import Rows

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

    changes: "array[int]"
    cases: list[CaseState]


class _Draft:
    """A conversation while a fold works on it. ``look_ms`` is None when the agenda has no entry of it."""

    __slots__ = ("before", "conversation", "look_ms", "pair", "terms")

    def __init__(self, kept: Kept | None, pair: int, terms: Terms) -> None:
        self.look_ms: int | None = kept[0] if kept else None
        self.conversation = self.before = kept[1] if kept else SILENCE
        self.pair, self.terms = pair, terms


_Drafts = dict[Key, _Draft]


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
        drafts: _Drafts = {}
        folded = Folded(array("q"), [])
        if rows.ids:
            self._meet(rows, drafts, folded)
        self._look(watermark_ms, drafts)
        for key, draft in drafts.items():
            self._put_down(key, draft, watermark_ms, folded)
        return folded

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

    def _meet(self, rows: Rows, drafts: _Drafts, folded: Folded) -> None:
        table, keys, ids = rows.table, rows.keys, rows.ids
        spoken = (table["role"] == _CUSTOMER) | (table["role"] == _BRAND)
        chosen = np.flatnonzero(spoken & (table["flags"] & _ADDRESSED > 0))
        names = ("key", "pair", "time_ms", "role", "flags", "tier", "band")
        columns = (table[name][chosen].tolist() for name in names)
        for row, index, pair, time_ms, role, flags, tier, band in zip(chosen.tolist(), *columns, strict=True):
            key = short_key(keys[index], pair)
            draft = drafts.get(key)
            if draft is None:
                at_rest = self._kept.get(key)
                if at_rest is None and not flags & _ACTIONABLE:
                    continue  # nothing is open and nothing opens: most of a firehose ends here
                kept = None if at_rest is None else take_out(at_rest)
                draft = drafts[key] = _Draft(kept, pair, self._terms_of(pair))
            step = advance(draft.conversation, Event(time_ms, ids[row], role, flags, tier, band), draft.terms)
            _note(key, draft, step, folded)

    def _look(self, watermark_ms: int, drafts: _Drafts) -> None:
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

    def _put_down(self, key: Key, draft: _Draft, watermark_ms: int, folded: Folded) -> None:
        due_ms = next_due_ms(draft.conversation, draft.terms)
        if due_ms is not None and due_ms < watermark_ms:
            _note(key, draft, mature(draft.conversation, watermark_ms, draft.terms), folded)
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
            folded.cases.append(CaseState(customer_of_key(key), draft.pair, after.case, Outcome.PENDING))
        self.open_cases += (after.case is not None) - (before.case is not None)


def _note(key: Key, draft: _Draft, step: Step, folded: Folded) -> None:
    draft.conversation = step.conversation
    changes, pair = folded.changes, draft.pair
    for time_ms, counter, opened in step.changes:
        changes.extend((pair, time_ms, counter, opened))
    for ended in step.closed:
        folded.cases.append(CaseState(customer_of_key(key), draft.pair, *ended))
