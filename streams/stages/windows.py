"""What a window says to its readers: counts, rates and response times of one (window, brand, source).

A rate always comes with numerator, denominator and pending; what is pending is in neither of the two. Quantiles are
read from histograms, which can be added up without loss: the upper edge of the bucket that holds the quantile. So they
are never too short, and at most 2**(1/4) - 1 = 19 % too long; up to 1 s where all is shorter, and null beyond the last
edge. The Kaplan-Meier ones take the replies of a bucket before its closes: exact in order for one H, since nobody is
given up before it; under "*" with several H such a quantile may lie further off where a smaller H falls below it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from config.settings import Settings
from models.counters import COUNTER, COUNTERS, DENSE, MAX_TIERS, RESPONSE_EDGES_MS
from models.records import DEFINITIONS, FOLLOWER_BANDS, INTENTS, PII_KINDS, REASONS, Rate
from streams.stages.survival import quantile

HOUR_MS: Final = 3_600_000
ALL_BRANDS: Final = "*"
MEDIAN: Final = 0.5
P90: Final = 0.9
BAND_NAMES: Final = (
    *(f"{low}-{high - 1}" for low, high in pairwise(FOLLOWER_BANDS)),
    f"{FOLLOWER_BANDS[-1]}+",
)
_BUCKETS: Final = len(RESPONSE_EDGES_MS) + 1
_PLAIN: Final = COUNTERS[:DENSE]
_ACTIONABLE: Final = COUNTER["customer_actionable"]
_OTHER: Final = COUNTER["customer_other"]
_REPLIES: Final = COUNTER["first_response_0"]
_CENSORED: Final = COUNTER["censored_0"]
_NEXT_RESPONSE: Final = COUNTER["next_response_0"]
_RESOLUTION: Final = COUNTER["resolution_0"]
_FIRST_TIER: Final = COUNTER["tier_0_opened"]
_FIRST_BAND: Final = COUNTER["band_0_actionable"]

Histogram = tuple[tuple[int | None, int], ...]


class Roles(msgspec.Struct, frozen=True):
    """Every received mention of a brand is exactly one of the first four; ``no_brand`` occurs under "*" only."""

    customer_actionable: int
    customer_other: int
    brand: int
    bot: int
    no_brand: int


class Cases(msgspec.Struct, frozen=True):
    """Cases opened in the window; ``pending`` are those without an outcome yet, ``reopened`` those whose customer
    had to come back after an answer."""

    opened: int
    missed: int
    stalled: int
    diverted: int
    resolved: int
    pending: int
    replied: int
    recontact: int
    reopened: int


class FirstResponse(msgspec.Struct, frozen=True):
    """``p50_ms`` and ``p90_ms`` look at answered cases alone, ``km_*`` at all of them: null when so many are never
    answered, and while a case without a reply is pending. ``histogram`` lists (upper edge in ms, or null for the open
    last bucket; count) of the buckets in use, ``censored`` the same of cases that closed without a reply."""

    count: int
    p50_ms: int | None
    p90_ms: int | None
    km_p50_ms: int | None
    km_p90_ms: int | None
    histogram: Histogram
    censored: Histogram


class ResponseTimes(msgspec.Struct, frozen=True):
    """Durations that were observed, and nothing about those that were not."""

    count: int
    p50_ms: int | None
    p90_ms: int | None
    histogram: Histogram


class VolumeRatio(msgspec.Struct, frozen=True):
    """Received mentions to the contacts that another channel brings in the same time. ``pending`` mentions wait for
    the watermark and are not in the numerator."""

    numerator: int
    denominator: float
    pending: int
    value: float | None


class WindowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of ``care.windows.v1``; key ``window_start_ms:window_ms:brand:source``. The highest revision stands.

    ``difference`` must be 0: received mentions less the sum of their roles, in a final row of "*" also the lines with
    a mention less received and duplicate ones. ``coverage``: what was received from the source, over that and the
    numbers that never came. ``share_of_voice`` is null for "*", ``volume_ratio`` also without a baseline.
    ``definitions`` is the version of what counts.
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
    coverage: Rate
    cases: Cases
    rates: dict[str, Rate]
    sla_by_tier: dict[str, Rate]
    first_response: FirstResponse
    next_response: ResponseTimes
    resolution: ResponseTimes
    response_by_followers: dict[str, Rate]
    share_of_voice: Rate | None
    volume_ratio: dict[str, VolumeRatio] | None
    open: int
    waiting: int
    final: bool
    revision: int
    definitions: int


class SourceCounts(msgspec.Struct, array_like=True):
    """What a row has to know of its whole source in the same window. ``customers``: customers' mentions of each brand,
    added up; ``undecided``: what capture has not confirmed; ``waiting``: mentions that are not behind W yet."""

    customers: int = 0
    received: int = 0
    missed_exact: int = 0
    undecided: int = 0
    waiting: int = 0


class WindowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all origins; ``counts`` follows ``COUNTERS``."""

    window_start_ms: int
    window_ms: int
    brand: str
    source: str
    counts: Sequence[int]
    around: SourceCounts
    open: int
    waiting: int


class WindowRules(msgspec.Struct, frozen=True):
    """``tiers``: their names by brand, the default one first. ``baselines``: contacts per hour by brand and channel,
    those above 0."""

    tiers: dict[str, tuple[str, ...]] = {}
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


def window_key(window: WindowCounts) -> bytes:
    return f"{window.window_start_ms}:{window.window_ms}:{window.brand}:{window.source}".encode()


def render_window(window: WindowCounts, rules: WindowRules, *, final: bool, revision: int) -> WindowRecord:
    row, around, whole = window.counts, window.around, window.brand == ALL_BRANDS
    counts = dict(zip(_PLAIN, row, strict=False))  # the rest are histograms, tiers and bands
    roles = Roles(*(counts[name] for name in Roles.__struct_fields__))
    cases = cases_of(counts)
    tweets = sum(row[_FIRST_BAND : _FIRST_BAND + 3 * len(BAND_NAMES) : 3])
    return WindowRecord(
        window_start_ms=window.window_start_ms,
        window_s=_seconds(window.window_ms),
        brand=window.brand,
        source=window.source,
        received=counts["received"],
        roles=roles,
        duplicates=counts["duplicates"],
        difference=_difference(counts, settled=final and whole),
        intents=_named(counts, "intent_", INTENTS),
        escalated=counts["escalated"],
        reasons=_named(counts, "reason_", REASONS),
        pii=_named(counts, "pii_", PII_KINDS),
        diverting_replies=counts["diverting_replies"],
        missed_exact=counts["missed_exact"],
        missed_upstream=counts["missed_upstream"],
        coverage=rate(around.received, around.received + around.missed_exact, around.undecided),
        cases=cases,
        rates=rates_of(counts, cases, tweets),
        sla_by_tier={} if whole else _rates_of_groups(row, _FIRST_TIER, _tier_names(rules, window.brand)),
        first_response=_first_response(row, cases),
        next_response=response_times(_buckets(row, _NEXT_RESPONSE)),
        resolution=response_times(_buckets(row, _RESOLUTION)),
        response_by_followers=_rates_of_groups(row, _FIRST_BAND, BAND_NAMES),
        share_of_voice=None if whole else rate(row[_ACTIONABLE] + row[_OTHER], around.customers, around.waiting),
        volume_ratio=_volume_ratio(window, counts["received"], rules),
        open=window.open,
        waiting=window.waiting,
        final=final,
        revision=revision,
        definitions=DEFINITIONS,
    )


def _difference(counts: Mapping[str, int], *, settled: bool) -> int:
    by_role = abs(counts["received"] - sum(counts[name] for name in Roles.__struct_fields__))
    lines = counts["mention_lines"] - counts["received"] - counts["duplicates"]
    return by_role + (abs(lines) if settled else 0)


def cases_of(counts: Mapping[str, int]) -> Cases:
    closed = sum(counts[f"cases_{outcome}"] for outcome in ("missed", "stalled", "diverted", "resolved"))
    known = {name: counts[f"cases_{name}"] for name in Cases.__struct_fields__ if name != "pending"}
    return Cases(**known, pending=known["opened"] - closed)


def rates_of(counts: Mapping[str, int], cases: Cases, tweets: int) -> dict[str, Rate]:
    """Outcomes over the cases that are no longer pending; SLA, and answers to ``tweets`` actionable mentions, over
    those decided."""
    breached, kept = counts["sla_breached"], counts["sla_kept"]
    answered, unanswered = counts["mentions_answered"], counts["mentions_unanswered"]
    return {
        **outcome_rates(cases),
        "sla_breached": rate(breached, breached + kept, cases.opened - breached - kept),
        "answered": rate(answered, answered + unanswered, tweets - answered - unanswered),
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


def _rates_of_groups(row: Sequence[int], first: int, names: Sequence[str]) -> dict[str, Rate]:
    """By name, the rate of each group that has anything. A group is three counters, from ``first`` on: all of it,
    the numerator, and what else of it is decided."""
    found = dict[str, Rate]()
    for group, name in enumerate(names):
        everything, numerator, others = row[first + 3 * group : first + 3 * group + 3]
        if everything > 0:
            decided = numerator + others
            found[name] = rate(numerator, decided, everything - decided)
    return found


def _tier_names(rules: WindowRules, brand: str) -> tuple[str, ...]:
    """One that the rules do not name is called by its number."""
    names = rules.tiers.get(brand, ("default",))
    return (*names, *(str(tier) for tier in range(len(names), MAX_TIERS)))


def _first_response(row: Sequence[int], cases: Cases) -> FirstResponse:
    replies, censored = _buckets(row, _REPLIES), _buckets(row, _CENSORED)
    answered = response_times(replies)
    decided = cases.opened > 0 and cases.opened == answered.count + sum(censored.values())
    return FirstResponse(
        count=answered.count,
        p50_ms=answered.p50_ms,
        p90_ms=answered.p90_ms,
        km_p50_ms=bucket_quantile(replies, censored, MEDIAN) if decided else None,
        km_p90_ms=bucket_quantile(replies, censored, P90) if decided else None,
        histogram=answered.histogram,
        censored=_histogram(censored),
    )


def _buckets(row: Sequence[int], first: int) -> dict[int, int]:
    """The histogram that begins at counter ``first``: counts by bucket, without empty ones."""
    held = row[first : first + _BUCKETS]
    return {bucket: count for bucket, count in enumerate(held) if count} if any(held) else {}


def response_times(buckets: Mapping[int, int]) -> ResponseTimes:
    """What a histogram (count by bucket) says about the durations in it."""
    if not buckets:
        return _NO_TIMES
    return ResponseTimes(
        count=sum(buckets.values()),
        p50_ms=bucket_quantile(buckets, {}, MEDIAN),
        p90_ms=bucket_quantile(buckets, {}, P90),
        histogram=_histogram(buckets),
    )


_NO_TIMES: Final = ResponseTimes(0, None, None, ())


def bucket_quantile(events: Mapping[int, int], censored: Mapping[int, int], share: float) -> int | None:
    """The upper edge of the bucket in which the Kaplan-Meier curve comes down to 1 - ``share``; null if it does not,
    or in the open one."""
    bucket = quantile(events, censored, share)
    return None if bucket is None else edge_of(bucket)


def edge_of(bucket: int) -> int | None:
    return RESPONSE_EDGES_MS[bucket] if bucket < len(RESPONSE_EDGES_MS) else None


def _histogram(buckets: Mapping[int, int]) -> Histogram:
    return tuple((edge_of(bucket), held) for bucket, held in sorted(buckets.items()))


def _named(counts: Mapping[str, int], prefix: str, names: Iterable[str]) -> dict[str, int]:
    return {name: counts[prefix + name] for name in names}


def _seconds(duration_ms: int) -> int | float:
    return duration_ms // 1000 if duration_ms % 1000 == 0 else duration_ms / 1000


def _volume_ratio(window: WindowCounts, received: int, rules: WindowRules) -> dict[str, VolumeRatio] | None:
    """Over the whole width, also where a part of it has no mention."""
    baseline = rules.baselines.get(window.brand)
    if not baseline:
        return None
    contacts = {channel: per_hour * window.window_ms / HOUR_MS for channel, per_hour in baseline.items()}
    return {
        channel: VolumeRatio(received, expected, window.waiting, received / expected)
        for channel, expected in contacts.items()
    }
