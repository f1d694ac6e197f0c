"""The care ledger of one case key: what became of the conversation of one customer with one brand.

A pure state machine: no clock, no I/O, nothing about Kafka. Events come in the order (time, id). Every instant at which
something can change without an event (a deadline, an SLA instant, the horizon of a tweet, the end of the
memory for re-contacts) lies in the state, and ``mature`` lets all those before a given time happen.

Conventions where the design leaves a choice: the table in ``streams/README.md``.
"""

from bisect import bisect_left
from typing import Final, NamedTuple

import msgspec

from models.counters import COUNTER, RESPONSE_EDGES_MS
from models.records import Flag, Outcome, Role

NO_COUNTER: Final = -1

Change = tuple[int, int, int]
"""(time of the cohort in ms, counter that grows by one or ``NO_COUNTER``, change of what can still change)."""

_CASE_COUNTERS: Final[dict[Outcome, int]] = {
    outcome: COUNTER[f"cases_{outcome}"] for outcome in Outcome if outcome != Outcome.PENDING
}
_OPENED: Final = COUNTER["cases_opened"]
_RECONTACT: Final = COUNTER["cases_recontact"]
_REPLIED: Final = COUNTER["cases_replied"]
_BREACHED: Final = COUNTER["sla_breached"]
_KEPT: Final = COUNTER["sla_kept"]
_ANSWERED: Final = COUNTER["mentions_answered"]
_UNANSWERED: Final = COUNTER["mentions_unanswered"]
_FIRST_RESPONSE: Final = COUNTER["first_response_0"]

_ACTIONABLE: Final = int(Flag.ACTIONABLE)
_NEEDS_REPLY: Final = int(Flag.NEEDS_REPLY | Flag.ACTIONABLE)
_DIVERTS: Final = int(Flag.DIVERTS)
_CLOSES: Final = int(Flag.CLOSES)
_CUSTOMER: Final = int(Role.CUSTOMER)
_BRAND: Final = int(Role.BRAND)


class Terms(msgspec.Struct, frozen=True):
    """What one brand promises, all durations in ms; ``sla_ms`` and ``tiers`` by tier, the default tier first."""

    horizon_ms: int
    sla_ms: tuple[int, ...]
    tiers: tuple[str, ...]
    limit_ms: int
    recontact_ms: int


class Event(msgspec.Struct, frozen=True, gc=False):
    """One mention or reply as one case key meets it; ``role`` and ``flags`` as in ``EVENT_DTYPE``."""

    time_ms: int
    id: str
    role: int
    flags: int = 0
    tier: int = 0


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An open case. ``waiting_ms``: since when the customer waits, None while the brand has the last word.
    ``first_response_ms`` is a duration. ``breached`` is None until the SLA is decided."""

    opened_ms: int
    opened_by: str
    tier: int
    recontact: bool
    waiting_ms: int | None
    replied_ms: int | None = None
    diverts: bool = False
    first_response_ms: int | None = None
    breached: bool | None = None
    mentions: int = 1
    replies: int = 0


class Closed(NamedTuple):
    case: Case
    outcome: Outcome
    closed_ms: int


class Conversation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that one case key remembers: the open case, the times of actionable tweets that are neither answered nor
    past their horizon (ascending), and when the last case closed, as long as a re-contact is possible."""

    case: Case | None = None
    tweets: tuple[int, ...] = ()
    closed_ms: int | None = None


class Step(NamedTuple):
    conversation: Conversation
    changes: tuple[Change, ...] = ()
    closed: tuple[Closed, ...] = ()


SILENCE: Final = Conversation()  # a key that nothing is remembered of


def advance(conversation: Conversation, event: Event, terms: Terms) -> Step:
    """The conversation after ``event``, which is not before any event it has met."""
    due_ms = next_due_ms(conversation, terms)
    if due_ms is None or due_ms >= event.time_ms:
        return _meet(conversation, event, terms)
    matured = mature(conversation, event.time_ms, terms)
    met = _meet(matured.conversation, event, terms)
    return Step(met.conversation, matured.changes + met.changes, matured.closed + met.closed)


def mature(conversation: Conversation, now_ms: int, terms: Terms) -> Step:
    """The conversation after everything that was due before ``now_ms`` (not at it)."""
    due_ms = next_due_ms(conversation, terms)
    if due_ms is None or due_ms >= now_ms:
        return Step(conversation)
    case, tweets, closed_ms = conversation.case, conversation.tweets, conversation.closed_ms
    changes: list[Change] = []
    closed: tuple[Closed, ...] = ()
    expired = bisect_left(tweets, now_ms - terms.horizon_ms)
    changes += [(time_ms, _UNANSWERED, -1) for time_ms in tweets[:expired]]
    if case is not None and case.breached is None and case.opened_ms + _sla_ms(case.tier, terms) < now_ms:
        case = msgspec.structs.replace(case, breached=True)
        changes.append((case.opened_ms, _BREACHED, 0))
    if case is not None and (deadline_ms := _deadline_ms(case, terms)) < now_ms:
        changes += _count_close(case, outcome := _outcome(case))
        closed = (Closed(_decided(case), outcome, deadline_ms),)
        case, closed_ms = None, deadline_ms
    if case is None and closed_ms is not None and closed_ms + terms.recontact_ms < now_ms:
        closed_ms = None
    return Step(Conversation(case, tweets[expired:], closed_ms), tuple(changes), closed)


def next_due_ms(conversation: Conversation, terms: Terms) -> int | None:
    """The earliest instant at which the conversation changes by itself; None: never."""
    case, tweets = conversation.case, conversation.tweets
    due_ms = tweets[0] + terms.horizon_ms if tweets else None
    if case is not None:
        at_ms = _deadline_ms(case, terms)
        if case.breached is None:
            at_ms = min(at_ms, case.opened_ms + _sla_ms(case.tier, terms))
    elif conversation.closed_ms is not None:
        at_ms = conversation.closed_ms + terms.recontact_ms
    else:
        return due_ms
    return at_ms if due_ms is None else min(due_ms, at_ms)


def _meet(conversation: Conversation, event: Event, terms: Terms) -> Step:
    if event.role == _CUSTOMER:
        return _customer_speaks(conversation, event, terms)
    if event.role == _BRAND:
        return _brand_replies(conversation, event)
    return Step(conversation)


def _customer_speaks(conversation: Conversation, event: Event, terms: Terms) -> Step:
    case, tweets, closed_ms = conversation.case, conversation.tweets, conversation.closed_ms
    actionable = event.flags & _ACTIONABLE
    changes: tuple[Change, ...] = ()
    closed: tuple[Closed, ...] = ()
    if case is not None:
        case = _hear(case, event)
        if event.flags & _CLOSES and case.replies:
            changes = tuple(_count_close(case, Outcome.RESOLVED))
            closed = (Closed(_decided(case), Outcome.RESOLVED, event.time_ms),)
            case, closed_ms = None, event.time_ms
    elif actionable:
        case = _open(event, closed_ms, terms)
        changes = ((event.time_ms, _OPENED, 1),)
        closed_ms = None
        if case.recontact:
            changes += ((event.time_ms, _RECONTACT, 0),)
    if actionable:
        tweets += (event.time_ms,)
        changes += ((event.time_ms, NO_COUNTER, 1),)
    return Step(Conversation(case, tweets, closed_ms), changes, closed)


def _open(event: Event, closed_ms: int | None, terms: Terms) -> Case:
    return Case(
        opened_ms=event.time_ms,
        opened_by=event.id,
        tier=event.tier if event.tier < len(terms.sla_ms) else 0,
        recontact=closed_ms is not None and event.time_ms <= closed_ms + terms.recontact_ms,
        waiting_ms=event.time_ms,
    )


def _hear(case: Case, event: Event) -> Case:
    waits_again = case.waiting_ms is None and event.flags & _NEEDS_REPLY
    waiting_ms = event.time_ms if waits_again else case.waiting_ms
    return msgspec.structs.replace(case, mentions=case.mentions + 1, waiting_ms=waiting_ms)


def _brand_replies(conversation: Conversation, event: Event) -> Step:
    case = conversation.case
    changes: tuple[Change, ...] = tuple((time_ms, _ANSWERED, -1) for time_ms in conversation.tweets)
    if case is None:
        return Step(Conversation(None, (), conversation.closed_ms), changes)
    first_response_ms, breached = case.first_response_ms, case.breached
    if first_response_ms is None:
        first_response_ms = event.time_ms - case.opened_ms
        bucket = bisect_left(RESPONSE_EDGES_MS, first_response_ms)
        changes += ((case.opened_ms, _REPLIED, 0), (case.opened_ms, _FIRST_RESPONSE + bucket, 0))
        if breached is None:  # an SLA instant before this reply has matured already
            breached = False
            changes += ((case.opened_ms, _KEPT, 0),)
    case = msgspec.structs.replace(
        case,
        waiting_ms=None,
        replied_ms=event.time_ms,
        diverts=bool(event.flags & _DIVERTS),
        first_response_ms=first_response_ms,
        breached=breached,
        replies=case.replies + 1,
    )
    return Step(Conversation(case, (), conversation.closed_ms), changes)


def _deadline_ms(case: Case, terms: Terms) -> int:
    since_ms = case.waiting_ms if case.waiting_ms is not None else case.replied_ms
    limit_ms = case.opened_ms + terms.limit_ms
    return limit_ms if since_ms is None else min(since_ms + terms.horizon_ms, limit_ms)


def _outcome(case: Case) -> Outcome:
    """What an open case becomes at its deadline."""
    if case.waiting_ms is not None:
        return Outcome.STALLED if case.replies else Outcome.MISSED
    return Outcome.DIVERTED if case.diverts else Outcome.RESOLVED


def _count_close(case: Case, outcome: Outcome) -> list[Change]:
    changes: list[Change] = [(case.opened_ms, _CASE_COUNTERS[outcome], -1)]
    if case.breached is None:
        changes.append((case.opened_ms, _BREACHED, 0))
    return changes


def _decided(case: Case) -> Case:
    """A case that closes before its SLA is decided had no reply: it is breached at its close."""
    return case if case.breached is not None else msgspec.structs.replace(case, breached=True)


def _sla_ms(tier: int, terms: Terms) -> int:
    return terms.sla_ms[tier] if tier < len(terms.sla_ms) else terms.sla_ms[0]
