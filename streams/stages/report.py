"""The account: how much was heard, and what became of those who were.

Built from export rows alone, so that it can be made again from what ``--out`` left. Mentions, answers and intents come
from the windows; cases, SLA and response times, exact to the millisecond, from the cases; capture from the feeds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from models.records import Outcome, Rate
from streams.stages.rows import CaseRow, DlqRow, FeedRow, GapRow, WindowRow, milliseconds
from streams.stages.survival import Quantiles, quantiles
from streams.stages.windows import Cases, Roles, outcome_rates, rate

ALL: Final = "*"


class GapSum(msgspec.Struct, frozen=True):
    """How many gaps of one cause, and how many mentions were lost in them."""

    gaps: int
    missed: int


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What reached us of what the sources numbered. ``withheld`` (their own word) is no part of ``sent``; the two
    are never added up. ``captured``: lines that came, over all lines."""

    captured: Rate
    missed: int
    withheld: int
    feeds: tuple[FeedRow, ...]
    gaps: dict[str, GapSum]
    rejects: dict[str, int]


class FirstResponse(msgspec.Struct, frozen=True, kw_only=True):
    """``expected``: Kaplan-Meier over all cases. ``answered``: over the answered alone, which flatters."""

    answered_cases: int
    expected: Quantiles
    answered: Quantiles


class Care(msgspec.Struct, frozen=True, kw_only=True):
    """One brand, or all of them (``*``), over all sources."""

    brand: str
    received: int
    duplicates: int
    roles: Roles
    intents: dict[str, int]
    escalated: int
    reasons: dict[str, int]
    pii: dict[str, int]
    diverting_replies: int
    cases: Cases
    rates: dict[str, Rate]
    first_response: FirstResponse


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """``differences`` must all be 0: what a check found on each side of an equation that has to hold.
    ``provisional`` is how many windows and feeds are not final."""

    capture: Capture
    total: Care
    brands: tuple[Care, ...]
    differences: dict[str, int]
    provisional: int
    watermark: str | None

    @property
    def balanced(self) -> bool:
        return not any(self.differences.values())


def build_account(
    windows: Sequence[WindowRow],
    cases: Sequence[CaseRow],
    gaps: Sequence[GapRow],
    feeds: Sequence[FeedRow],
    dlq: Sequence[DlqRow],
    watermark: str | None,
) -> Account:
    """``watermark`` is the event time up to which everything is decided: pending cases have waited until then. Without
    one they count as having waited not at all."""
    by_brand = defaultdict[str, list[WindowRow]](list)
    for window in windows:
        by_brand[window.brand].append(window)
    cases_of = defaultdict[str, list[CaseRow]](list)
    for case in cases:
        cases_of[case.brand].append(case)
    total = _care(ALL, by_brand[ALL], cases, watermark)
    names = sorted((by_brand.keys() | cases_of.keys()) - {ALL})
    brands = tuple(_care(name, by_brand[name], cases_of[name], watermark) for name in names)
    return Account(
        capture=_capture(feeds, gaps, dlq),
        total=total,
        brands=brands,
        differences=_differences(windows, cases, gaps, feeds),
        provisional=sum(not window.final for window in windows) + sum(not feed.final for feed in feeds),
        watermark=watermark,
    )


def _capture(feeds: Sequence[FeedRow], gaps: Sequence[GapRow], dlq: Sequence[DlqRow]) -> Capture:
    sent, missed = sum(feed.sent for feed in feeds), sum(feed.missed_exact for feed in feeds)
    lost = Counter[str]()
    for gap in gaps:
        lost[gap.cause] += gap.missed
    numbers = Counter(gap.cause for gap in gaps)
    return Capture(
        captured=rate(sent - missed - sum(feed.shed for feed in feeds), sent, 0),
        missed=missed,
        withheld=sum(feed.missed_upstream for feed in feeds),
        feeds=tuple(feeds),
        gaps={cause: GapSum(numbers[cause], lost[cause]) for cause in sorted(numbers)},
        rejects=dict(sorted(Counter(str(row.reason) for row in dlq).items())),
    )


def _care(brand: str, windows: Sequence[WindowRow], cases: Sequence[CaseRow], watermark: str | None) -> Care:
    counted = count_cases(cases)
    return Care(
        brand=brand,
        received=sum(window.received for window in windows),
        duplicates=sum(window.duplicates for window in windows),
        roles=Roles(*(sum(getattr(w.roles, name) for w in windows) for name in Roles.__struct_fields__)),
        intents=_summed(window.intents for window in windows),
        escalated=sum(window.escalated for window in windows),
        reasons=_summed(window.reasons for window in windows),
        pii=_summed(window.pii for window in windows),
        diverting_replies=sum(window.diverting_replies for window in windows),
        cases=counted,
        rates={**outcome_rates(counted), "sla_breached": _sla(cases), "answered": _answered(windows)},
        first_response=_first_response(cases, watermark),
    )


def count_cases(cases: Iterable[CaseRow]) -> Cases:
    """Cases by outcome."""
    rows = list(cases)
    outcomes = Counter(case.outcome for case in rows)
    return Cases(
        opened=len(rows),
        missed=outcomes[Outcome.MISSED],
        stalled=outcomes[Outcome.STALLED],
        diverted=outcomes[Outcome.DIVERTED],
        resolved=outcomes[Outcome.RESOLVED],
        pending=outcomes[Outcome.PENDING],
        replied=sum(case.first_response_s is not None for case in rows),
        recontact=sum(case.recontact for case in rows),
    )


def _sla(cases: Iterable[CaseRow]) -> Rate:
    decided = Counter(case.sla_breached for case in cases)
    return rate(decided[True], decided[True] + decided[False], decided[None])


def _answered(windows: Iterable[WindowRow]) -> Rate:
    rates = [window.rates["answered"] for window in windows]
    return rate(
        sum(one.numerator for one in rates), sum(one.denominator for one in rates), sum(one.pending for one in rates)
    )


def _first_response(cases: Sequence[CaseRow], watermark: str | None) -> FirstResponse:
    """First replies are events; without one a case is censored at its close, or while pending at the watermark."""
    events = [round(case.first_response_s * 1000) for case in cases if case.first_response_s is not None]
    censored = [_waited_ms(case, watermark) for case in cases if case.first_response_s is None]
    return FirstResponse(answered_cases=len(events), expected=quantiles(events, censored), answered=quantiles(events))


def _waited_ms(case: CaseRow, watermark: str | None) -> int:
    until = case.closed or watermark or case.opened
    return max(0, milliseconds(until) - milliseconds(case.opened))


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total = dict[str, int]()
    for one in counts:
        for name, value in one.items():
            total[name] = total.get(name, 0) + value
    return total


def _differences(
    windows: Sequence[WindowRow], cases: Sequence[CaseRow], gaps: Sequence[GapRow], feeds: Sequence[FeedRow]
) -> dict[str, int]:
    """What must be 0. Sums of absolute differences, so that two mistakes cannot cancel out."""
    stars = [window for window in windows if window.brand == ALL]
    counted = count_cases(cases)
    in_windows = Counter[str]()
    for window in stars:
        in_windows.update(msgspec.structs.asdict(window.cases))
    lost = {exact: sum(gap.missed for gap in gaps if gap.exact == exact) for exact in (True, False)}
    return {
        "feeds": sum(abs(feed.difference) for feed in feeds if feed.final),
        "windows": sum(abs(window.difference) for window in windows),
        "cases_in_windows": sum(
            abs(in_windows[name] - value) for name, value in msgspec.structs.asdict(counted).items()
        ),
        "received_in_windows": sum(f.received - f.overtaken for f in feeds) - sum(w.received for w in stars),
        "missed_in_gaps": sum(feed.missed_exact for feed in feeds) - lost[True],
        "withheld_in_gaps": sum(feed.missed_upstream for feed in feeds) - lost[False],
        "missed_in_windows": sum(window.missed_exact for window in stars) - lost[True],
        "withheld_in_windows": sum(window.missed_upstream for window in stars) - lost[False],
    }
