"""The account: how much was heard, and what became of those who were.

Built from export rows alone, so that it can be made again from what ``--out`` left. Mentions, answers and intents come
from the narrowest windows; cases, SLA and response times, exact to the millisecond, from the cases; capture from the
feeds. Of next responses a case has the number and the longest: their quantiles are the windows', read from histograms.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from models.counters import RESPONSE_EDGES_MS
from models.records import Outcome, Rate
from streams.stages.rows import CaseRow, DlqRow, FeedRow, GapRow, WindowRow, milliseconds
from streams.stages.survival import Quantiles, quantiles
from streams.stages.windows import BAND_NAMES, Cases, Roles, outcome_rates, rate, response_times

ALL: Final = "*"
_BUCKET_OF: Final = {edge: bucket for bucket, edge in enumerate((*RESPONSE_EDGES_MS, None))}


class GapSum(msgspec.Struct, frozen=True):
    """How many gaps of one cause, how many mentions were lost in them, and how many lines more may have been, by the
    feeds' mean rates: null where no gap has an estimate."""

    gaps: int
    missed: int
    estimated: int | None


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What reached us of what the sources numbered. ``withheld`` (their own word) is no part of ``sent``; the two
    are never added up. ``captured``: lines that came, over all lines. ``coverage``: mentions received, over those and
    the numbers that never came."""

    captured: Rate
    coverage: Rate
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


class NextResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Human replies to a customer who waited again. The quantiles are upper bounds, at most 19 % too long."""

    replies: int
    p50_at_most_s: float | None
    p90_at_most_s: float | None
    longest_s: float | None


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """From the opening to the end of the conversation, of resolved cases."""

    cases: int
    times: Quantiles


class Care(msgspec.Struct, frozen=True, kw_only=True):
    """One brand, or all of them (``*``), over all sources. ``sla_by_tier`` and ``share_of_voice`` are of one brand
    alone: tiers of two have nothing in common, and all of them have the whole voice."""

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
    sla_by_tier: dict[str, Rate]
    first_response: FirstResponse
    next_response: NextResponse
    resolution: Resolution
    response_by_followers: dict[str, Rate]
    share_of_voice: Rate | None


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
    windows = narrowest(windows)
    by_brand = defaultdict[str, list[WindowRow]](list)
    for window in windows:
        by_brand[window.brand].append(window)
    cases_of = defaultdict[str, list[CaseRow]](list)
    for case in cases:
        cases_of[case.brand].append(case)
    waiting = sum(window.waiting for window in by_brand[ALL])
    voices = rate(0, _customers(window for window in windows if window.brand != ALL), waiting)
    total = _care(ALL, by_brand[ALL], cases, watermark, voices)
    names = sorted((by_brand.keys() | cases_of.keys()) - {ALL})
    brands = tuple(_care(name, by_brand[name], cases_of[name], watermark, voices) for name in names)
    return Account(
        capture=_capture(feeds, gaps, dlq, by_brand[ALL]),
        total=total,
        brands=brands,
        differences=_differences(windows, cases, gaps, feeds),
        provisional=sum(not window.final for window in windows) + sum(not feed.final for feed in feeds),
        watermark=watermark,
    )


def narrowest(windows: Sequence[WindowRow]) -> list[WindowRow]:
    """The rows that add up to everything; wider ones are sums of them."""
    width = min((window.window_s for window in windows), default=0)
    return [window for window in windows if window.window_s == width]


def _capture(
    feeds: Sequence[FeedRow], gaps: Sequence[GapRow], dlq: Sequence[DlqRow], stars: Sequence[WindowRow]
) -> Capture:
    sent, missed = sum(feed.sent for feed in feeds), sum(feed.missed_exact for feed in feeds)
    return Capture(
        captured=rate(sent - missed - sum(feed.shed for feed in feeds), sent, 0),
        coverage=_added_up(window.coverage for window in stars),
        missed=missed,
        withheld=sum(feed.missed_upstream for feed in feeds),
        feeds=tuple(feeds),
        gaps={cause: _gaps(gap for gap in gaps if gap.cause == cause) for cause in sorted({g.cause for g in gaps})},
        rejects=dict(sorted(Counter(str(row.reason) for row in dlq).items())),
    )


def _gaps(gaps: Iterable[GapRow]) -> GapSum:
    found = list(gaps)
    estimates = [gap.estimated for gap in found if gap.estimated is not None]
    return GapSum(len(found), sum(gap.missed for gap in found), sum(estimates) if estimates else None)


def _care(
    brand: str,
    windows: Sequence[WindowRow],
    cases: Sequence[CaseRow],
    watermark: str | None,
    voices: Rate,
) -> Care:
    """``windows`` and ``cases`` are those of ``brand``; ``voices`` has the mentions of all brands' customers below the
    line."""
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
        rates={
            **outcome_rates(counted),
            "sla_breached": _sla(cases),
            "answered": _added_up(window.rates["answered"] for window in windows),
        },
        sla_by_tier={} if brand == ALL else _sla_by_tier(cases),
        first_response=_first_response(cases, watermark),
        next_response=_next_response(cases, windows),
        resolution=_resolution(cases),
        response_by_followers=_by_followers(windows),
        share_of_voice=None if brand == ALL else rate(_customers(windows), voices.denominator, voices.pending),
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
        reopened=sum(case.reopened > 0 for case in rows),
    )


def _sla(cases: Iterable[CaseRow]) -> Rate:
    decided = Counter(case.sla_breached for case in cases)
    return rate(decided[True], decided[True] + decided[False], decided[None])


def _sla_by_tier(cases: Iterable[CaseRow]) -> dict[str, Rate]:
    by_tier = defaultdict[str, list[CaseRow]](list)
    for case in cases:
        by_tier[case.tier].append(case)
    return {tier: _sla(by_tier[tier]) for tier in sorted(by_tier)}


def _added_up(rates: Iterable[Rate]) -> Rate:
    found = list(rates)
    return rate(sum(r.numerator for r in found), sum(r.denominator for r in found), sum(r.pending for r in found))


def _by_followers(windows: Sequence[WindowRow]) -> dict[str, Rate]:
    bands = {
        band: [w.response_by_followers[band] for w in windows if band in w.response_by_followers] for band in BAND_NAMES
    }
    return {band: _added_up(rates) for band, rates in bands.items() if rates}


def _customers(windows: Iterable[WindowRow]) -> int:
    return sum(window.roles.customer_actionable + window.roles.customer_other for window in windows)


def _next_response(cases: Sequence[CaseRow], windows: Sequence[WindowRow]) -> NextResponse:
    held = Counter[int]()
    for window in windows:
        for edge, count in window.next_response.histogram:
            held[_BUCKET_OF[edge]] += count
    times = response_times(held)
    longest = [case.longest_next_response_s for case in cases if case.longest_next_response_s is not None]
    return NextResponse(
        replies=sum(case.next_responses for case in cases),
        p50_at_most_s=None if times.p50_ms is None else times.p50_ms / 1000,
        p90_at_most_s=None if times.p90_ms is None else times.p90_ms / 1000,
        longest_s=max(longest, default=None),
    )


def _resolution(cases: Sequence[CaseRow]) -> Resolution:
    times = [round(case.resolution_s * 1000) for case in cases if case.resolution_s is not None]
    return Resolution(cases=len(times), times=quantiles(times))


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
    """What must be 0. Sums of absolute differences, so that two mistakes cannot cancel out. ``windows`` are the
    narrowest ones."""
    stars = [window for window in windows if window.brand == ALL]
    counted = count_cases(cases)
    in_windows = Counter[str]()
    for window in stars:
        in_windows.update(msgspec.structs.asdict(window.cases))
    lost = {exact: sum(gap.missed for gap in gaps if gap.exact == exact) for exact in (True, False)}
    return {
        "feeds": sum(abs(feed.difference) for feed in feeds),
        "windows": sum(abs(window.difference) for window in windows),
        "cases_in_windows": sum(
            abs(in_windows[name] - value) for name, value in msgspec.structs.asdict(counted).items()
        ),
        "next_responses_in_windows": sum(case.next_responses for case in cases)
        - sum(window.next_response.count for window in stars),
        "resolutions_in_windows": sum(case.resolution_s is not None for case in cases)
        - sum(window.resolution.count for window in stars),
        "received_in_windows": sum(f.received - f.overtaken for f in feeds) - sum(w.received for w in stars),
        "missed_in_gaps": sum(feed.missed_exact for feed in feeds) - lost[True],
        "withheld_in_gaps": sum(feed.missed_upstream for feed in feeds) - lost[False],
        "missed_in_windows": sum(window.missed_exact for window in stars) - lost[True],
        "withheld_in_windows": sum(window.missed_upstream for window in stars) - lost[False],
    }
