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
from streams.stages import service_hours

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
_REOPENED: Final = COUNTER["cases_reopened"]
# the first of each histogram, of the three of the first tier, of the three of the lowest band
_FIRST_RESPONSE: Final = COUNTER["first_response_0"]
_CENSORED: Final = COUNTER["censored_0"]
_NEXT_RESPONSE: Final = COUNTER["next_response_0"]
_RESOLUTION: Final = COUNTER["resolution_0"]
_TIER_OPENED: Final = COUNTER["tier_0_opened"]
_TIER_BREACHED: Final = COUNTER["tier_0_breached"]
_TIER_KEPT: Final = COUNTER["tier_0_kept"]
_PER_TIER: Final = COUNTER["tier_1_opened"] - _TIER_OPENED
_BAND_ACTIONABLE: Final = COUNTER["band_0_actionable"]
_BAND_ANSWERED: Final = COUNTER["band_0_answered"]
_BAND_UNANSWERED: Final = COUNTER["band_0_unanswered"]
_PER_BAND: Final = COUNTER["band_1_actionable"] - _BAND_ACTIONABLE
TWEET_BITS: Final = 3  # the lowest bits of a tweet say the band
_BAND_MASK: Final = (1 << TWEET_BITS) - 1

_ACTIONABLE: Final = int(Flag.ACTIONABLE)
_NEEDS_REPLY: Final = int(Flag.NEEDS_REPLY | Flag.ACTIONABLE)
_DIVERTS: Final = int(Flag.DIVERTS)
_CLOSES: Final = int(Flag.CLOSES)
_CUSTOMER: Final = int(Role.CUSTOMER)
_BRAND: Final = int(Role.BRAND)


class Terms(msgspec.Struct, frozen=True):
    """What one brand promises, all durations in ms; ``sla_ms`` and ``tiers`` by tier, the default tier first.
    ``hours`` None: the brand is always open."""

    horizon_ms: int
    sla_ms: tuple[int, ...]
    tiers: tuple[str, ...]
    limit_ms: int
    recontact_ms: int
    hours: service_hours.ServiceHours | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One mention or reply as one case key meets it; ``role`` and ``flags`` as in ``EVENT_DTYPE``."""

    time_ms: int
    id: str
    role: int
    flags: int = 0
    tier: int = 0
    band: int = 0


class Case(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An open case. ``waiting_ms``: since when the customer waits, None while the brand has the last word.
    ``first_response_ms`` and ``longest_next_ms`` are durations. ``breached`` is None until the SLA is decided."""

    opened_ms: int
    opened_by: str
    tier: int
    recontact: bool
    sla_due_ms: int
    waiting_ms: int | None
    replied_ms: int | None = None
    diverts: bool = False
    first_response_ms: int | None = None
    breached: bool | None = None
    mentions: int = 1
    replies: int = 0
    reopened: int = 0
    next_responses: int = 0
    longest_next_ms: int | None = None


class Closed(NamedTuple):
    """``resolution_ms``: from the opening to the closing words, or to the last reply where a deadline closed the
    case; None of cases that were not resolved."""

    case: Case
    outcome: Outcome
    closed_ms: int
    resolution_ms: int | None


class Conversation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that one case key remembers: the open case, the actionable tweets that are neither answered nor past their
    horizon (ascending, see ``tweet``), and when the last case closed, as long as a re-contact is possible."""

    case: Case | None = None
    tweets: tuple[int, ...] = ()
    closed_ms: int | None = None


class Step(NamedTuple):
    conversation: Conversation
    changes: tuple[Change, ...] = ()
    closed: tuple[Closed, ...] = ()


def tweet(time_ms: int, band: int) -> int:
    """A tweet in one number: its time, and in the lowest bits its author's band."""
    return time_ms << TWEET_BITS | band


SILENCE: Final = Conversation()  # a key that nothing is remembered of


def advance(conversation: Conversation, event: Event, terms: Terms) -> Step:
    """The conversation after ``event``, which is not before any event it has met."""
    due_ms = next_due_ms(conversation, terms)
    if due_ms is None or due_ms >= event.time_ms:
        return meet(conversation, event, terms)
    matured = mature(conversation, event.time_ms, terms)
    met = meet(matured.conversation, event, terms)
    return Step(met.conversation, matured.changes + met.changes, matured.closed + met.closed)


def mature(conversation: Conversation, now_ms: int, terms: Terms) -> Step:
    """The conversation after everything that was due before ``now_ms`` (not at it), which may be nothing."""
    case, tweets, closed_ms = conversation.case, conversation.tweets, conversation.closed_ms
    closed: tuple[Closed, ...] = ()
    expired = bisect_left(tweets, tweet(now_ms - terms.horizon_ms, 0))
    changes = _count_tweets(tweets[:expired], _UNANSWERED, _BAND_UNANSWERED)
    if case is not None and case.breached is None and case.sla_due_ms < now_ms:
        changes += _count_breach(case)
        case = msgspec.structs.replace(case, breached=True)
    if case is not None and (deadline_ms := _deadline_ms(case, terms)) < now_ms:
        changes += _count_close(case, ended := _end(case, deadline_ms))
        closed, case, closed_ms = (ended,), None, deadline_ms
    if case is None and closed_ms is not None and closed_ms + terms.recontact_ms < now_ms:
        closed_ms = None
    return Step(Conversation(case, tweets[expired:], closed_ms), tuple(changes), closed)


def next_due_ms(conversation: Conversation, terms: Terms) -> int | None:
    """The earliest instant at which the conversation changes by itself; None: never."""
    case, tweets = conversation.case, conversation.tweets
    due_ms = (tweets[0] >> TWEET_BITS) + terms.horizon_ms if tweets else None
    if case is not None:
        at_ms = _deadline_ms(case, terms)
        if case.breached is None:
            at_ms = min(at_ms, case.sla_due_ms)
    elif conversation.closed_ms is not None:
        at_ms = conversation.closed_ms + terms.recontact_ms
    else:
        return due_ms
    return at_ms if due_ms is None else min(due_ms, at_ms)


def meet(conversation: Conversation, event: Event, terms: Terms) -> Step:
    """The conversation after ``event``, before which nothing was due in it."""
    if event.role == _CUSTOMER:
        return _customer_speaks(conversation, event, terms)
    if event.role == _BRAND:
        return _brand_replies(conversation, event)
    return Step(conversation)


def _customer_speaks(conversation: Conversation, event: Event, terms: Terms) -> Step:
    case, tweets, closed_ms = conversation.case, conversation.tweets, conversation.closed_ms
    actionable = event.flags & _ACTIONABLE
    changes: list[Change] = []
    closed: tuple[Closed, ...] = ()
    if case is None and actionable:
        case = _open(event, closed_ms, terms)
        closed_ms, changes = None, _count_opening(case)
    elif case is not None and event.flags & _CLOSES and case.replies:
        heard = msgspec.structs.replace(case, mentions=case.mentions + 1)
        ended = Closed(heard, Outcome.RESOLVED, event.time_ms, event.time_ms - case.opened_ms)
        closed, changes = (ended,), _count_close(heard, ended)
        case, closed_ms = None, event.time_ms
    elif case is not None:
        case, changes = _hear(case, event)
    if actionable:
        tweets += (tweet(event.time_ms, event.band),)
        changes.append((event.time_ms, _BAND_ACTIONABLE + _PER_BAND * event.band, 1))
    return Step(Conversation(case, tweets, closed_ms), tuple(changes), closed)


def _open(event: Event, closed_ms: int | None, terms: Terms) -> Case:
    tier = event.tier if event.tier < len(terms.sla_ms) else 0
    return Case(
        opened_ms=event.time_ms,
        opened_by=event.id,
        tier=tier,
        recontact=closed_ms is not None and event.time_ms <= closed_ms + terms.recontact_ms,
        sla_due_ms=_promised_ms(event.time_ms, tier, terms),
        waiting_ms=event.time_ms,
    )


def _promised_ms(opened_ms: int, tier: int, terms: Terms) -> int:
    """Until when a first reply is promised."""
    if terms.hours is None:
        return opened_ms + terms.sla_ms[tier]
    return service_hours.due_ms(terms.hours, opened_ms, terms.sla_ms[tier], opened_ms + terms.limit_ms)


def _hear(case: Case, event: Event) -> tuple[Case, list[Change]]:
    """A case that an event does not close; it waits again if the brand had the last word and an answer is due."""
    mentions = case.mentions + 1
    if case.waiting_ms is not None or not event.flags & _NEEDS_REPLY:
        return msgspec.structs.replace(case, mentions=mentions), []
    changes: list[Change] = [] if case.reopened else [(case.opened_ms, _REOPENED, 0)]
    reopened = case.reopened + 1
    return msgspec.structs.replace(case, mentions=mentions, waiting_ms=event.time_ms, reopened=reopened), changes


def _brand_replies(conversation: Conversation, event: Event) -> Step:
    case = conversation.case
    changes = _count_tweets(conversation.tweets, _ANSWERED, _BAND_ANSWERED)
    if case is not None:
        changes += _count_answer(case, event)
        case = _answer(case, event)
    return Step(Conversation(case, (), conversation.closed_ms), tuple(changes))


def _answer(case: Case, event: Event) -> Case:
    waited_ms = None if case.waiting_ms is None else event.time_ms - case.waiting_ms
    first_response_ms, next_responses, longest_next_ms = (
        case.first_response_ms,
        case.next_responses,
        case.longest_next_ms,
    )
    if first_response_ms is None:
        first_response_ms = waited_ms  # until its first reply a case waits since its opening
    elif waited_ms is not None:
        next_responses += 1
        longest_next_ms = max(waited_ms, longest_next_ms or 0)
    return msgspec.structs.replace(
        case,
        waiting_ms=None,
        replied_ms=event.time_ms,
        diverts=bool(event.flags & _DIVERTS),
        first_response_ms=first_response_ms,
        breached=bool(case.breached),  # undecided: an SLA instant before this reply would have matured already
        replies=case.replies + 1,
        next_responses=next_responses,
        longest_next_ms=longest_next_ms,
    )


def _deadline_ms(case: Case, terms: Terms) -> int:
    since_ms = case.waiting_ms if case.waiting_ms is not None else case.replied_ms
    limit_ms = case.opened_ms + terms.limit_ms
    return limit_ms if since_ms is None else min(since_ms + terms.horizon_ms, limit_ms)


def _end(case: Case, deadline_ms: int) -> Closed:
    """What an open case becomes at its deadline."""
    case = _decided(case)
    if case.waiting_ms is not None:
        return Closed(case, Outcome.STALLED if case.replies else Outcome.MISSED, deadline_ms, None)
    if case.diverts or case.replied_ms is None:
        return Closed(case, Outcome.DIVERTED, deadline_ms, None)
    return Closed(case, Outcome.RESOLVED, deadline_ms, case.replied_ms - case.opened_ms)


def _decided(case: Case) -> Case:
    """A case that closes before its SLA is decided had no reply: it is breached at its close."""
    return case if case.breached is not None else msgspec.structs.replace(case, breached=True)


def _count_opening(case: Case) -> list[Change]:
    at_ms = case.opened_ms
    changes: list[Change] = [(at_ms, _OPENED, 1), (at_ms, _TIER_OPENED + _PER_TIER * case.tier, 0)]
    if case.recontact:
        changes.append((at_ms, _RECONTACT, 0))
    return changes


def _count_answer(case: Case, event: Event) -> list[Change]:
    """What a human reply to ``case``, as it was before, adds."""
    at_ms = case.opened_ms
    if case.waiting_ms is None:
        return []
    bucket = _bucket(event.time_ms - case.waiting_ms)
    if case.replies:
        return [(at_ms, _NEXT_RESPONSE + bucket, 0)]
    changes: list[Change] = [(at_ms, _REPLIED, 0), (at_ms, _FIRST_RESPONSE + bucket, 0)]
    if case.breached is None:
        changes += [(at_ms, _KEPT, 0), (at_ms, _TIER_KEPT + _PER_TIER * case.tier, 0)]
    return changes


def _count_breach(case: Case) -> list[Change]:
    return [(case.opened_ms, _BREACHED, 0), (case.opened_ms, _TIER_BREACHED + _PER_TIER * case.tier, 0)]


def _count_close(case: Case, ended: Closed) -> list[Change]:
    """What the end of ``case``, as it was before, adds."""
    at_ms = case.opened_ms
    changes: list[Change] = [(at_ms, _CASE_COUNTERS[ended.outcome], -1)]
    if case.breached is None:
        changes += _count_breach(case)
    if not case.replies:
        changes.append((at_ms, _CENSORED + _bucket(ended.closed_ms - at_ms), 0))
    if ended.resolution_ms is not None:
        changes.append((at_ms, _RESOLUTION + _bucket(ended.resolution_ms), 0))
    return changes


def _count_tweets(tweets: tuple[int, ...], counter: int, band_counter: int) -> list[Change]:
    """What becomes of ``tweets``: they can change no more."""
    changes: list[Change] = []
    for packed in tweets:
        time_ms = packed >> TWEET_BITS
        changes.append((time_ms, counter, -1))
        changes.append((time_ms, band_counter + _PER_BAND * (packed & _BAND_MASK), 0))
    return changes


def _bucket(duration_ms: int) -> int:
    return bisect_left(RESPONSE_EDGES_MS, duration_ms)
