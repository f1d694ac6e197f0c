"""What became of one conversation, read off its whole history at once.

Written from "What counts" in the design text alone, as a second opinion: it shares nothing with the care ledger, and
may look ahead where the ledger must wait. Times in ms.
"""

from collections.abc import Sequence

import msgspec


class Said(msgspec.Struct, frozen=True):
    """One event of a conversation with what classify judged about it. ``who`` is customer | agent | bot."""

    at_ms: int
    id: str
    who: str
    actionable: bool = False
    needs_reply: bool = False
    closes: bool = False
    diverts: bool = False


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """H, S, the limits, and W: what is not before ``watermark_ms`` has not matured."""

    horizon_ms: int
    sla_ms: int
    case_limit_ms: int
    recontact_ms: int
    watermark_ms: int


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """``closed_ms`` and ``first_response_ms`` (a duration) are None where there is none; ``sla_breached`` is None
    while it is open."""

    opened_ms: int
    opened_by: str
    outcome: str
    closed_ms: int | None
    first_response_ms: int | None
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool


def read_cases(history: Sequence[Said], terms: Terms) -> list[Case]:
    """The cases of one customer with one brand, in order."""
    ordered = sorted(history, key=lambda said: (said.at_ms, said.id))
    cases: list[Case] = []
    place, closed_ms = 0, None
    while place < len(ordered):
        if ordered[place].who != "customer" or not ordered[place].actionable:
            place += 1
            continue
        case, place = _read_case(ordered, place, closed_ms, terms)
        cases.append(case)
        closed_ms = case.closed_ms
    return cases


class _Reading:
    """A case while its history is read. ``waits_since_ms`` is None while the brand has the last word."""

    def __init__(self, first: Said, terms: Terms) -> None:
        self.first, self.terms = first, terms
        self.mentions = 1
        self.replies: list[Said] = []
        self.waits_since_ms: int | None = first.at_ms

    def deadline(self) -> tuple[int, str]:
        """When the case ends if nobody says another word, and as what."""
        if self.waits_since_ms is not None:
            end_ms = self.waits_since_ms + self.terms.horizon_ms
            outcome = "stalled" if self.replies else "missed"
        else:
            end_ms = self.replies[-1].at_ms + self.terms.horizon_ms
            outcome = "diverted" if self.replies[-1].diverts else "resolved"
        return min(end_ms, self.first.at_ms + self.terms.case_limit_ms), outcome

    def hear(self, said: Said) -> bool:
        """Take one more event. True if the customer closes the case with it."""
        if said.who == "agent":
            self.replies.append(said)
            self.waits_since_ms = None
        elif said.who == "customer":
            self.mentions += 1
            if said.closes and self.replies:
                return True
            if said.needs_reply and self.waits_since_ms is None:
                self.waits_since_ms = said.at_ms
        return False


def _read_case(ordered: Sequence[Said], start: int, previous_ms: int | None, terms: Terms) -> tuple[Case, int]:
    """The case that ``ordered[start]`` opens, and the place of the first event that it no longer covers."""
    reading = _Reading(ordered[start], terms)
    for place in range(start + 1, len(ordered)):
        said = ordered[place]
        if said.at_ms > reading.deadline()[0]:
            return _ended(reading, previous_ms, place)
        if reading.hear(said):
            return _case(reading, previous_ms, said.at_ms, "resolved"), place + 1
    return _ended(reading, previous_ms, len(ordered))


def _ended(reading: _Reading, previous_ms: int | None, place: int) -> tuple[Case, int]:
    end_ms, outcome = reading.deadline()
    if end_ms < reading.terms.watermark_ms:
        return _case(reading, previous_ms, end_ms, outcome), place
    return _case(reading, previous_ms, None, "pending"), place


def _case(reading: _Reading, previous_ms: int | None, closed_ms: int | None, outcome: str) -> Case:
    opened_ms = reading.first.at_ms
    answer_ms = reading.replies[0].at_ms - opened_ms if reading.replies else None
    return Case(
        opened_ms=opened_ms,
        opened_by=reading.first.id,
        outcome=outcome,
        closed_ms=closed_ms,
        first_response_ms=answer_ms,
        sla_breached=_breach(answer_ms, opened_ms, reading.terms),
        mentions=reading.mentions,
        replies=len(reading.replies),
        recontact=previous_ms is not None and opened_ms <= previous_ms + reading.terms.recontact_ms,
    )


def _breach(answer_ms: int | None, opened_ms: int, terms: Terms) -> bool | None:
    if answer_ms is not None:
        return answer_ms > terms.sla_ms
    return True if opened_ms + terms.sla_ms < terms.watermark_ms else None
