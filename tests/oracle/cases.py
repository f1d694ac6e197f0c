"""Cases: what became of the conversation of one customer with one brand.

The history of a case key is sorted once. Whether a case waits, since when, and when it would end is then a function of
(where it opened, where we look), answered by looking up the last reply and the first unanswered mention after it.

Conventions where the design leaves a choice: the table in ``streams/README.md``.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from models.records import FOLLOWER_BANDS, Outcome

from .classified import Judged, format_time
from .hours import due_ms
from .rules import BrandTerms, Terms


class CaseKey(NamedTuple):
    source: str
    brand: str
    customer: str


@dataclass(frozen=True, slots=True)
class Event:
    """A customer's mention, or a human reply of the brand to that customer (``is_reply``). Bots are none."""

    time_ms: int
    id: str
    is_reply: bool
    actionable: bool
    needs_reply: bool
    diverts: bool
    closes: bool
    tier: int
    band: int  # of the author's followers


@dataclass(frozen=True, slots=True)
class Case:
    """``closed_ms`` is None and ``outcome`` pending while the case can still change. ``tier`` is an index,
    ``comebacks`` has how often the customer waited again after an answer, and ``next_responses_ms`` how long each of
    those waits took that a reply ended."""

    key: CaseKey
    tier: int
    opened_ms: int
    opened_by: str
    outcome: Outcome
    closed_ms: int | None
    first_response_ms: int | None
    sla_due_ms: int
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool
    comebacks: int
    next_responses_ms: tuple[int, ...]
    resolution_ms: int | None


def histories(rows: Iterable[Judged], terms: Terms) -> dict[CaseKey, list[Event]]:
    """The events of each case key in the order (time in ms, id as a string)."""
    keyed: dict[CaseKey, list[Event]] = defaultdict(list)
    for row in rows:
        if row.role in ("customer", "brand"):
            event = _event(row, terms.of_brand(row.brand))
            for customer in row.customers:
                keyed[CaseKey(row.source, row.brand, customer)].append(event)
    return {key: sorted(events, key=lambda event: (event.time_ms, event.id)) for key, events in keyed.items()}


def _event(row: Judged, terms: BrandTerms) -> Event:
    customer = row.role == "customer"
    return Event(
        time_ms=row.time_ms,
        id=row.id,
        is_reply=not customer,
        actionable=customer and row.actionable,
        needs_reply=customer and row.needs_reply,
        diverts=not customer and row.diverts != "",
        closes=customer and row.closes,
        tier=_tier_index(row.tier, terms),
        band=sum(edge <= row.followers for edge in FOLLOWER_BANDS[1:]),
    )


def _tier_index(tier: int | str, terms: BrandTerms) -> int:
    """A tier that the brand does not have is its default tier."""
    if isinstance(tier, int):
        return tier if tier < len(terms.sla_ms) else 0
    return terms.tiers.index(tier) if tier in terms.tiers else 0


class _Standing(NamedTuple):
    """How a case stands just before an event: if nothing more comes, it ends at ``deadline_ms`` as ``outcome``."""

    deadline_ms: int
    outcome: Outcome
    replied: bool


class _End(NamedTuple):
    """Where a case ends: the first event beyond it, and whether its last event are the customer's closing words."""

    beyond: int
    at_ms: int
    outcome: Outcome
    by_words: bool


class History:
    """The sorted events of one case key, with the places of its replies and of the mentions that need one."""

    def __init__(self, key: CaseKey, events: list[Event], terms: Terms) -> None:
        self.key = key
        self.events = events
        self.terms = terms
        self.brand_terms = terms.of_brand(key.brand)
        self.replies = [i for i, event in enumerate(events) if event.is_reply]
        self.needy = [i for i, event in enumerate(events) if event.needs_reply]
        self.openers = [i for i, event in enumerate(events) if event.actionable]

    def standing(self, opener: int, here: int) -> _Standing:
        """Of the case opened by event ``opener``, after all events before ``here``."""
        horizon_ms = self.brand_terms.horizon_ms
        limit_ms = self.events[opener].time_ms + self.terms.case_limit_ms
        last = bisect_left(self.replies, here) - 1
        if last < 0 or self.replies[last] < opener:
            since_ms, outcome, replied = self.events[opener].time_ms, Outcome.MISSED, False
        else:
            reply = self.replies[last]
            unanswered = bisect_right(self.needy, reply)
            if unanswered < len(self.needy) and self.needy[unanswered] < here:
                since_ms, outcome = self.events[self.needy[unanswered]].time_ms, Outcome.STALLED
            else:
                since_ms = self.events[reply].time_ms
                outcome = Outcome.DIVERTED if self.events[reply].diverts else Outcome.RESOLVED
            replied = True
        return _Standing(min(since_ms + horizon_ms, limit_ms), outcome, replied)

    def end(self, opener: int) -> _End:
        """Of the case opened by event ``opener``."""
        for here in range(opener + 1, len(self.events)):
            event = self.events[here]
            standing = self.standing(opener, here)
            if event.time_ms > standing.deadline_ms:
                return _End(here, standing.deadline_ms, standing.outcome, by_words=False)
            if event.closes and standing.replied:
                return _End(here + 1, event.time_ms, Outcome.RESOLVED, by_words=True)
        standing = self.standing(opener, len(self.events))
        return _End(len(self.events), standing.deadline_ms, standing.outcome, by_words=False)

    def cases(self, watermark_ms: int) -> Iterator[Case]:
        """All cases of this key in order, as they stand at W."""
        beyond, closed_ms = 0, None
        while (place := bisect_left(self.openers, beyond)) < len(self.openers):
            opener = self.openers[place]
            end = self.end(opener)
            opened_ms = self.events[opener].time_ms
            recontact = closed_ms is not None and opened_ms <= closed_ms + self.terms.recontact_ms
            closed_ms = end.at_ms if end.at_ms < watermark_ms else None
            yield self._case(self.events[opener : end.beyond], end, recontact, watermark_ms)
            beyond = end.beyond

    def _case(self, members: list[Event], end: _End, recontact: bool, watermark_ms: int) -> Case:
        opened_ms, tier = members[0].time_ms, members[0].tier
        closed_ms = end.at_ms if end.at_ms < watermark_ms else None
        replies_ms = [event.time_ms for event in members if event.is_reply]
        due_ms = self._due_ms(opened_ms, tier)
        # a promise may reach beyond the close of a case without a reply: it is broken then
        broken_ms = due_ms if closed_ms is None else min(due_ms, closed_ms)
        resolved = closed_ms is not None and end.outcome is Outcome.RESOLVED
        done_ms = end.at_ms if end.by_words else max(replies_ms, default=opened_ms)
        waits = list(_waits_again(members[:-1] if end.by_words else members))
        return Case(
            key=self.key,
            tier=tier,
            opened_ms=opened_ms,
            opened_by=members[0].id,
            outcome=Outcome.PENDING if closed_ms is None else end.outcome,
            closed_ms=closed_ms,
            first_response_ms=replies_ms[0] - opened_ms if replies_ms else None,
            sla_due_ms=due_ms,
            sla_breached=replies_ms[0] > due_ms if replies_ms else True if broken_ms < watermark_ms else None,
            mentions=len(members) - len(replies_ms),
            replies=len(replies_ms),
            recontact=recontact,
            comebacks=len(waits),
            next_responses_ms=tuple(reply_ms - since_ms for since_ms, reply_ms in waits if reply_ms is not None),
            resolution_ms=done_ms - opened_ms if resolved else None,
        )

    def _due_ms(self, opened_ms: int, tier: int) -> int:
        """Until when, inclusive, a first reply is promised."""
        promise_ms, hours = self.brand_terms.sla_ms[tier], self.brand_terms.service_hours
        latest_ms = opened_ms + self.terms.case_limit_ms
        if hours is None:
            return min(opened_ms + promise_ms, latest_ms)
        return due_ms(hours, opened_ms, promise_ms, latest_ms)


def _waits_again(members: list[Event]) -> Iterator[tuple[int, int | None]]:
    """Since when the customer waited again, and until which reply, if one came: between two replies, or after the last,
    from the first mention that needs one."""
    places = [place for place, event in enumerate(members) if event.is_reply]
    for reply, following in pairwise([*places, None]):
        needy = [event.time_ms for event in members[reply:following] if event.needs_reply]
        if needy:
            yield needy[0], None if following is None else members[following].time_ms


def all_cases(keyed: dict[CaseKey, list[Event]], watermark_ms: int, terms: Terms) -> list[Case]:
    return [case for key, events in keyed.items() for case in History(key, events, terms).cases(watermark_ms)]


def case_row(case: Case, terms: Terms) -> dict[str, Any]:
    """A row of ``cases.jsonl``."""
    return {
        "source": case.key.source,
        "brand": case.key.brand,
        "customer": case.key.customer,
        "tier": terms.of_brand(case.key.brand).tiers[case.tier],
        "opened": format_time(case.opened_ms),
        "opened_by": case.opened_by,
        "outcome": case.outcome.value,
        "closed": None if case.closed_ms is None else format_time(case.closed_ms),
        "first_response_s": _seconds(case.first_response_ms),
        "sla_due": format_time(case.sla_due_ms),
        "sla_breached": case.sla_breached,
        "mentions": case.mentions,
        "replies": case.replies,
        "recontact": case.recontact,
        "reopened": case.comebacks,
        "next_responses": len(case.next_responses_ms),
        "longest_next_response_s": _seconds(max(case.next_responses_ms, default=None)),
        "resolution_s": _seconds(case.resolution_ms),
    }


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000
