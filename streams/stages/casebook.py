"""The conversations of all case keys of one partition, and the calendar of what happens in them by itself.

A conversation at rest is a few dozen bytes of MessagePack: a million open cases must fit into a worker. It is
decoded only when an event or its calendar page touches it.
"""

import heapq
from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec
import numpy as np

from models.records import Flag, Outcome, Role
from streams.stages.ledger import SILENCE, Case, Conversation, Event, Step, Terms, advance, mature, next_due_ms
from streams.stages.waiting import Rows

_PAGE_BITS: Final = 12  # a calendar page holds 2**12 ms
_PART_ENTRIES: Final = 4_000  # conversations in one part of a snapshot
_ADDRESSED: Final = int(Flag.ADDRESSED)
_ACTIONABLE: Final = int(Flag.ACTIONABLE)
_CUSTOMER: Final = int(Role.CUSTOMER)
_BRAND: Final = int(Role.BRAND)


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A conversation at rest. The calendar looks at it on ``page``, never later than something is due in it."""

    page: int
    conversation: Conversation


class PackedConversations(msgspec.Struct, frozen=True, array_like=True, tag="conversations"):
    """Conversations in a snapshot: (case key, packed ``Kept``)."""

    entries: list[tuple[str, bytes]]


class CaseState(NamedTuple):
    """The last state of a case that changed. ``closed_ms`` is None while it is pending."""

    key: str
    pair: int
    case: Case
    outcome: Outcome
    closed_ms: int | None


class Folded(NamedTuple):
    """``changes`` are the ledger's, each as (pair, time of the cohort, counter, change of open), flattened."""

    changes: "array[int]"
    cases: list[CaseState]


class _Draft:
    """A conversation while a fold works on it. ``page`` is None when no calendar page has it."""

    __slots__ = ("before", "conversation", "page", "pair", "terms")

    def __init__(self, kept: Kept | None, pair: int, terms: Terms) -> None:
        self.page: int | None = kept.page if kept else None
        self.conversation = self.before = kept.conversation if kept else SILENCE
        self.pair, self.terms = pair, terms


class Casebook:
    __slots__ = ("_calendar", "_decode", "_encode", "_kept", "_pages", "_pair_of", "_terms_of", "open_cases")

    def __init__(self, pair_of: Callable[[str], int], terms_of: Callable[[int], Terms]) -> None:
        self._pair_of, self._terms_of = pair_of, terms_of
        self._kept: dict[str, bytes] = {}
        self._pages: dict[int, list[str]] = {}
        self._calendar: list[int] = []  # the pages, the earliest first
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Kept).decode
        self.open_cases = 0

    @property
    def keys(self) -> int:
        """How many case keys are remembered: open cases, waiting tweets, recent closes."""
        return len(self._kept)

    @property
    def entries(self) -> int:
        """How many entries the calendar has, replaced ones included."""
        return sum(len(page) for page in self._pages.values())

    def fold(self, rows: Rows, watermark_ms: int) -> Folded:
        """Meet ``rows`` (sorted, all before W, each mention once), then let happen what was due before W."""
        drafts: dict[str, _Draft] = {}
        folded = Folded(array("q"), [])
        if rows.ids:
            self._meet(rows, drafts, folded)
        self._turn_pages(watermark_ms, drafts)
        for key, draft in drafts.items():
            self._put_down(key, draft, watermark_ms, folded)
        return folded

    def dump(self) -> Iterator[PackedConversations]:
        entries = iter(self._kept.items())
        while part := list(islice(entries, _PART_ENTRIES)):
            yield PackedConversations(part)

    def load(self, packed: PackedConversations) -> None:
        """Take in one part of ``dump``."""
        for key, conversation in packed.entries:
            kept = self._decode(conversation)
            self._kept[key] = conversation
            self._enter(key, kept.page)
            self.open_cases += kept.conversation.case is not None

    def _meet(self, rows: Rows, drafts: dict[str, _Draft], folded: Folded) -> None:
        table, keys, ids = rows.table, rows.keys, rows.ids
        spoken = (table["role"] == _CUSTOMER) | (table["role"] == _BRAND)
        chosen = np.flatnonzero(spoken & (table["flags"] & _ADDRESSED > 0))
        columns = (table[name][chosen].tolist() for name in ("key", "pair", "time_ms", "role", "flags", "tier"))
        for row, index, pair, time_ms, role, flags, tier in zip(chosen.tolist(), *columns, strict=True):
            key = keys[index]
            draft = drafts.get(key)
            if draft is None:
                packed = self._kept.get(key)
                if packed is None and not flags & _ACTIONABLE:
                    continue  # nothing is open and nothing opens: most of a firehose ends here
                draft = drafts[key] = self._take_up(packed, pair)
            step = advance(draft.conversation, Event(time_ms, ids[row], role, flags, tier), draft.terms)
            _note(key, draft, step, folded)

    def _turn_pages(self, watermark_ms: int, drafts: dict[str, _Draft]) -> None:
        """Take up what stands on pages that begin before W; what is not due yet is entered anew when put down."""
        while self._calendar and self._calendar[0] << _PAGE_BITS < watermark_ms:
            page = heapq.heappop(self._calendar)
            for key in self._pages.pop(page):
                draft = drafts.get(key)
                if draft is None:
                    packed = self._kept.get(key)
                    if packed is None:
                        continue
                    draft = drafts[key] = self._take_up(packed, self._pair_of(key))
                draft.page = None

    def _take_up(self, packed: bytes | None, pair: int) -> _Draft:
        return _Draft(self._decode(packed) if packed else None, pair, self._terms_of(pair))

    def _put_down(self, key: str, draft: _Draft, watermark_ms: int, folded: Folded) -> None:
        due_ms = next_due_ms(draft.conversation, draft.terms)
        if due_ms is not None and due_ms < watermark_ms:
            _note(key, draft, mature(draft.conversation, watermark_ms, draft.terms), folded)
            due_ms = next_due_ms(draft.conversation, draft.terms)
        before, after, page = draft.before, draft.conversation, draft.page
        if due_ms is None:
            self._kept.pop(key, None)
        else:
            due_page = due_ms >> _PAGE_BITS
            if page is None or due_page < page:
                page = due_page
                self._enter(key, page)
            self._kept[key] = self._encode(Kept(page, after))
        if after.case is not None and after.case != before.case:
            folded.cases.append(CaseState(key, draft.pair, after.case, Outcome.PENDING, None))
        self.open_cases += (after.case is not None) - (before.case is not None)

    def _enter(self, key: str, page: int) -> None:
        if page not in self._pages:
            self._pages[page] = []
            heapq.heappush(self._calendar, page)
        self._pages[page].append(key)


def _note(key: str, draft: _Draft, step: Step, folded: Folded) -> None:
    draft.conversation = step.conversation
    for change in step.changes:
        folded.changes.append(draft.pair)
        folded.changes.extend(change)
    for case, outcome, closed_ms in step.closed:
        folded.cases.append(CaseState(key, draft.pair, case, outcome, closed_ms))
