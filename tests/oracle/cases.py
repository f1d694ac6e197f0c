"""Cases: what became of the conversation of one customer with one brand.

The history of a case key is sorted once. Whether a case waits, since when, and when it would end is then a function of
(where it opened, where we look), answered by looking up the last reply and the first unanswered mention after it.

Conventions where the design leaves a choice: the table in ``streams/README.md``.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from models.records import Outcome

from .classified import Judged, format_time
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


@dataclass(frozen=True, slots=True)
class Case:
    """``closed_ms`` is None and ``outcome`` pending while the case can still change."""

    key: CaseKey
    opened_ms: int
    opened_by: str
    outcome: Outcome
    closed_ms: int | None
    first_response_ms: int | None
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool


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

    def end(self, opener: int) -> tuple[int, int, Outcome]:
        """Of the case opened by event ``opener``: (first event beyond it, instant of its end, outcome)."""
        for here in range(opener + 1, len(self.events)):
            event = self.events[here]
            standing = self.standing(opener, here)
            if event.time_ms > standing.deadline_ms:
                return here, standing.deadline_ms, standing.outcome
            if event.closes and standing.replied:
                return here + 1, event.time_ms, Outcome.RESOLVED
        standing = self.standing(opener, len(self.events))
        return len(self.events), standing.deadline_ms, standing.outcome

    def cases(self, watermark_ms: int) -> Iterator[Case]:
        """All cases of this key in order, as they stand at W."""
        beyond, closed_ms = 0, None
        while (place := bisect_left(self.openers, beyond)) < len(self.openers):
            opener = self.openers[place]
            beyond, end_ms, outcome = self.end(opener)
            opened_ms = self.events[opener].time_ms
            recontact = closed_ms is not None and opened_ms <= closed_ms + self.terms.recontact_ms
            closed_ms = end_ms if end_ms < watermark_ms else None
            yield self._case(range(opener, beyond), closed_ms, outcome, recontact, watermark_ms)

    def _case(self, span: range, closed_ms: int | None, outcome: Outcome, recontact: bool, watermark_ms: int) -> Case:
        members = [self.events[i] for i in span]
        opened = members[0]
        replies = [event for event in members if event.is_reply]
        due_ms = opened.time_ms + self.brand_terms.sla_ms[opened.tier]
        if closed_ms is not None and not replies:  # S is at most H, or else the close comes first
            due_ms = min(due_ms, closed_ms)
        first_ms = replies[0].time_ms if replies else None
        return Case(
            key=self.key,
            opened_ms=opened.time_ms,
            opened_by=opened.id,
            outcome=Outcome.PENDING if closed_ms is None else outcome,
            closed_ms=closed_ms,
            first_response_ms=None if first_ms is None else first_ms - opened.time_ms,
            sla_breached=_breached(first_ms, due_ms, watermark_ms),
            mentions=len(members) - len(replies),
            replies=len(replies),
            recontact=recontact,
        )


def _breached(first_reply_ms: int | None, due_ms: int, watermark_ms: int) -> bool | None:
    """None while neither breached nor kept. A reply exactly when it is due is in time."""
    if first_reply_ms is not None:
        return first_reply_ms > due_ms
    return True if due_ms < watermark_ms else None


def all_cases(keyed: dict[CaseKey, list[Event]], watermark_ms: int, terms: Terms) -> list[Case]:
    return [case for key, events in keyed.items() for case in History(key, events, terms).cases(watermark_ms)]


def case_row(case: Case) -> dict[str, Any]:
    """A row of ``cases.jsonl``."""
    return {
        "source": case.key.source,
        "brand": case.key.brand,
        "customer": case.key.customer,
        "opened": format_time(case.opened_ms),
        "opened_by": case.opened_by,
        "outcome": case.outcome.value,
        "closed": None if case.closed_ms is None else format_time(case.closed_ms),
        "first_response_s": None if case.first_response_ms is None else case.first_response_ms / 1000,
        "sla_breached": case.sla_breached,
        "mentions": case.mentions,
        "replies": case.replies,
        "recontact": case.recontact,
    }
