"""What a window says to its readers: counts, rates and response times of one (window, brand, source).

A rate always comes with numerator, denominator and pending; what is pending is in neither of the two. First-response
quantiles are read from a histogram: the upper edge of the bucket that holds the quantile, so at most
2**(1/4) - 1 = 19 % too long, and exact to merge. Those over the answered alone stand beside the Kaplan-Meier ones.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from config.settings import Settings
from models.counters import COUNTER, COUNTERS, RESPONSE_EDGES_MS
from models.records import DEFINITIONS, INTENTS, PII_KINDS, REASONS, Rate

HOUR_MS: Final = 3_600_000
MEDIAN: Final = Fraction(1, 2)
P90: Final = Fraction(9, 10)
_FIRST_BUCKET: Final = COUNTER["first_response_0"]


class Roles(msgspec.Struct, frozen=True):
    """Every received mention of a brand is exactly one of the first four; ``no_brand`` occurs under "*" only."""

    customer_actionable: int
    customer_other: int
    brand: int
    bot: int
    no_brand: int


class Cases(msgspec.Struct, frozen=True):
    """Cases opened in the window; ``pending`` are those without an outcome yet."""

    opened: int
    missed: int
    stalled: int
    diverted: int
    resolved: int
    pending: int
    replied: int
    recontact: int


class FirstResponse(msgspec.Struct, frozen=True):
    """``p50_ms`` and ``p90_ms`` look at answered cases alone, ``km_*`` at all of them (null when so many are never
    answered, while a case without a reply is pending, or where brands with different H are mixed).
    ``histogram`` lists (upper edge in ms, or null for the open last bucket; count) of the buckets in use."""

    count: int
    p50_ms: int | None
    p90_ms: int | None
    km_p50_ms: int | None
    km_p90_ms: int | None
    histogram: tuple[tuple[int | None, int], ...]


class VolumeRatio(msgspec.Struct, frozen=True):
    """Received mentions to the contacts that another channel brings in the same time. ``pending`` mentions wait for
    the watermark and are not in the numerator."""

    numerator: int
    denominator: float
    pending: int
    value: float | None


class WindowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of ``care.windows.v1``; key ``window_start_ms:brand:source``. The highest revision stands.

    ``difference`` is received mentions less the sum of their roles and must be 0. ``volume_ratio`` is null without a
    baseline and for "*". ``definitions`` is the version of what counts.
    """

    window_start_ms: int
    window_s: int | float
    brand: str
    source: str
    received: int
    roles: Roles
    duplicates: int
    difference: int
    intents: dict[str, int]
    escalated: int
    reasons: dict[str, int]
    pii: dict[str, int]
    diverting_replies: int
    missed_exact: int
    missed_upstream: int
    cases: Cases
    rates: dict[str, Rate]
    first_response: FirstResponse
    volume_ratio: dict[str, VolumeRatio] | None
    open: int
    waiting: int
    final: bool
    revision: int
    definitions: int


class WindowCounts(msgspec.Struct, frozen=True):
    """Sums over all origins; ``counts`` follows ``COUNTERS``. ``actionable_pending`` is how many actionable mentions
    are neither answered nor unanswered yet (under "*" a mention of two brands is two of them)."""

    window_start_ms: int
    brand: str
    source: str
    counts: Sequence[int]
    actionable_pending: int
    open: int
    waiting: int


class WindowRules(msgspec.Struct, frozen=True):
    """``baselines``: contacts per hour by brand and channel, those above 0. ``uniform_horizon``: one H for all."""

    window_ms: int
    uniform_horizon: bool = True
    baselines: dict[str, dict[str, float]] = {}


def baselines_of(settings: Settings) -> dict[str, dict[str, float]]:
    """Contacts per hour by brand and channel, as far as the configuration has them."""
    channels = {brand.name: brand.baseline.model_dump() for brand in settings.brands}
    return {
        brand: {c: rate for c, rate in by.items() if rate > 0} for brand, by in channels.items() if any(by.values())
    }


def rate(numerator: int, denominator: int, pending: int) -> Rate:
    """A rate as it is published: no value without a denominator."""
    value = numerator / denominator if denominator else None
    return Rate(numerator=numerator, denominator=denominator, pending=pending, value=value)


def render_window(window: WindowCounts, rules: WindowRules, *, final: bool, revision: int) -> WindowRecord:
    counts = dict(zip(COUNTERS, window.counts, strict=True))
    roles = Roles(*(counts[name] for name in Roles.__struct_fields__))
    cases = cases_of(counts)
    return WindowRecord(
        window_start_ms=window.window_start_ms,
        window_s=_seconds(rules.window_ms),
        brand=window.brand,
        source=window.source,
        received=counts["received"],
        roles=roles,
        duplicates=counts["duplicates"],
        difference=counts["received"] - sum(msgspec.structs.astuple(roles)),
        intents=_named(counts, "intent_", INTENTS),
        escalated=counts["escalated"],
        reasons=_named(counts, "reason_", REASONS),
        pii=_named(counts, "pii_", PII_KINDS),
        diverting_replies=counts["diverting_replies"],
        missed_exact=counts["missed_exact"],
        missed_upstream=counts["missed_upstream"],
        cases=cases,
        rates=rates_of(counts, cases, window.actionable_pending),
        first_response=first_response(
            window.counts[_FIRST_BUCKET:], cases, curve=rules.uniform_horizon or window.brand != "*"
        ),
        volume_ratio=_volume_ratio(window, counts["received"], rules),
        open=window.open,
        waiting=window.waiting,
        final=final,
        revision=revision,
        definitions=DEFINITIONS,
    )


def cases_of(counts: Mapping[str, int]) -> Cases:
    closed = sum(counts[f"cases_{outcome}"] for outcome in ("missed", "stalled", "diverted", "resolved"))
    known = {name: counts[f"cases_{name}"] for name in Cases.__struct_fields__ if name != "pending"}
    return Cases(**known, pending=known["opened"] - closed)


def rates_of(counts: Mapping[str, int], cases: Cases, actionable_pending: int) -> dict[str, Rate]:
    """Outcomes over the cases that are no longer pending; SLA and answers over those decided."""
    breached, kept = counts["sla_breached"], counts["sla_kept"]
    answered, unanswered = counts["mentions_answered"], counts["mentions_unanswered"]
    return {
        **outcome_rates(cases),
        "sla_breached": rate(breached, breached + kept, cases.opened - breached - kept),
        "answered": rate(answered, answered + unanswered, actionable_pending),
    }


def outcome_rates(cases: Cases) -> dict[str, Rate]:
    closed = cases.opened - cases.pending
    numerators = {
        "missed": cases.missed,
        "stalled": cases.stalled,
        "diverted": cases.diverted,
        "abandoned": cases.stalled + cases.diverted,
        "resolved": cases.resolved,
    }
    return {name: rate(numerator, closed, cases.pending) for name, numerator in numerators.items()}


def first_response(buckets: Sequence[int], cases: Cases, *, curve: bool) -> FirstResponse:
    """Quantiles of a histogram by ``RESPONSE_EDGES_MS``.

    In the Kaplan-Meier curve a case is censored only at its close without a reply, which is H after its opening and
    so never before a first reply of a case with the same H: with nothing pending, its quantile is the smallest time
    by which that share of all cases was answered.
    """
    count = sum(buckets)
    decided = curve and cases.opened > 0 and cases.opened == count + cases.missed
    return FirstResponse(
        count=count,
        p50_ms=histogram_quantile(buckets, MEDIAN, count),
        p90_ms=histogram_quantile(buckets, P90, count),
        km_p50_ms=histogram_quantile(buckets, MEDIAN, cases.opened) if decided else None,
        km_p90_ms=histogram_quantile(buckets, P90, cases.opened) if decided else None,
        histogram=tuple((_edge(index), held) for index, held in enumerate(buckets) if held),
    )


def histogram_quantile(buckets: Sequence[int], share: Fraction, total: int) -> int | None:
    """Upper edge of the bucket in which ``share`` of ``total`` is reached; null if it is not, or in the open one."""
    needed, reached = math.ceil(share * total), 0
    if total == 0:
        return None
    for index, held in enumerate(buckets):
        reached += held
        if reached >= needed:
            return _edge(index)
    return None


def response_bucket(duration_ms: int) -> int:
    """Index of the bucket (edge[i-1], edge[i]] that holds ``duration_ms``; the last one is open."""
    low, high = 0, len(RESPONSE_EDGES_MS)
    while low < high:
        middle = (low + high) // 2
        if duration_ms <= RESPONSE_EDGES_MS[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def total_counts(rows: Iterable[Sequence[int]]) -> list[int]:
    """Sum of count columns, each with its trailing zeros cut or not."""
    total = [0] * len(COUNTERS)
    for row in rows:
        for index, value in enumerate(row):
            total[index] += value
    return total


def _edge(index: int) -> int | None:
    return RESPONSE_EDGES_MS[index] if index < len(RESPONSE_EDGES_MS) else None


def _named(counts: Mapping[str, int], prefix: str, names: Iterable[str]) -> dict[str, int]:
    return {name: counts[prefix + name] for name in names}


def _seconds(duration_ms: int) -> int | float:
    return duration_ms // 1000 if duration_ms % 1000 == 0 else duration_ms / 1000


def _volume_ratio(window: WindowCounts, received: int, rules: WindowRules) -> dict[str, VolumeRatio] | None:
    baseline = rules.baselines.get(window.brand)
    if not baseline:
        return None
    contacts = {channel: per_hour * rules.window_ms / HOUR_MS for channel, per_hour in baseline.items()}
    return {
        channel: VolumeRatio(received, expected, window.waiting, received / expected)
        for channel, expected in contacts.items()
    }
