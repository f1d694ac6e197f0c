"""Windows: the counts of each (window, brand, source). Brand ``*`` counts a mention about several brands once, a case
or a tweet once per brand that it is about."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from models.counters import COUNTERS, RESPONSE_EDGES_MS
from models.records import Outcome

from .capture import Gap
from .cases import Case
from .classified import Judged, format_time
from .tweets import Tweet

ALL_BRANDS: Final = "*"
_PENDING: Final = "mentions_pending"  # beside COUNTERS: what the rate of answered mentions leaves out
_OUTCOMES: Final = ("missed", "stalled", "diverted", "resolved")


class WindowKey(NamedTuple):
    start_ms: int
    brand: str
    source: str


class Windows:
    """Collects counts; ``rows`` gives every window in which anything was counted."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._counts: dict[WindowKey, Counter[str]] = defaultdict(Counter)

    def add(self, time_ms: int, brand: str, source: str, names: Iterable[str], number: int = 1) -> None:
        if not number:
            return
        counts = self._counts[WindowKey(time_ms - time_ms % self._window_ms, brand, source)]
        for name in names:
            counts[name] += number

    def add_mention(self, rows: list[Judged]) -> None:
        """One unique mention, as judged for each of its brands, in configured order."""
        first = rows[0]
        self.add(first.time_ms, ALL_BRANDS, first.source, _mention_counters(first))
        for row in rows:
            if row.role != "none":
                self.add(row.time_ms, row.brand, row.source, _mention_counters(row))

    def add_duplicate(self, time_ms: int, source: str, brands: Iterable[str]) -> None:
        for brand in (ALL_BRANDS, *brands):
            self.add(time_ms, brand, source, ["duplicates"])

    def add_case(self, case: Case) -> None:
        for brand in (ALL_BRANDS, case.key.brand):
            self.add(case.opened_ms, brand, case.key.source, _case_counters(case))

    def add_tweet(self, tweet: Tweet) -> None:
        name = {None: _PENDING, True: "mentions_answered", False: "mentions_unanswered"}[tweet.answered]
        for brand in (ALL_BRANDS, tweet.key.brand):
            self.add(tweet.time_ms, brand, tweet.key.source, [name])

    def add_gap(self, gap: Gap) -> None:
        name = "missed_exact" if gap.cause == "sequence" else "missed_upstream"
        self.add(gap.from_ms, ALL_BRANDS, gap.source, [name], gap.missed)

    def rows(self) -> list[dict[str, Any]]:
        """``window_start, brand, source`` and ``counts`` (every counter by name) and ``rates``."""
        return [
            {
                "window_start": format_time(key.start_ms),
                "brand": key.brand,
                "source": key.source,
                "counts": {name: counts[name] for name in COUNTERS},
                "rates": _rates(counts),
            }
            for key, counts in sorted(self._counts.items())
        ]


def _mention_counters(row: Judged) -> Iterator[str]:
    yield "received"
    yield _class_of(row)
    if row.role == "customer" and row.intent is not None:
        yield f"intent_{row.intent}"
    if row.escalated:
        yield "escalated"
    yield from (f"reason_{name}" for name in row.reasons)
    yield from (f"pii_{name}" for name in row.pii)
    if row.role in ("brand", "bot") and row.diverts and row.customers:
        yield "diverting_replies"


def _class_of(row: Judged) -> str:
    """Exactly one class for each received mention and brand."""
    if row.role == "customer":
        return "customer_actionable" if row.actionable else "customer_other"
    return {"brand": "brand", "bot": "bot", "none": "no_brand"}[row.role]


def _case_counters(case: Case) -> Iterator[str]:
    yield "cases_opened"
    if case.outcome is not Outcome.PENDING:
        yield f"cases_{case.outcome.value}"
    if case.first_response_ms is not None:
        yield "cases_replied"
        yield f"first_response_{bisect_left(RESPONSE_EDGES_MS, case.first_response_ms)}"
    if case.recontact:
        yield "cases_recontact"
    if case.sla_breached is not None:
        yield "sla_breached" if case.sla_breached else "sla_kept"


def _rates(counts: Counter[str]) -> dict[str, dict[str, Any]]:
    """Each with numerator, denominator and pending; nothing pending is in the first two, and an empty denominator has
    no value. abandoned = stalled + diverted."""
    closed = sum(counts[f"cases_{outcome}"] for outcome in _OUTCOMES)
    decided = counts["sla_breached"] + counts["sla_kept"]
    matured = counts["mentions_answered"] + counts["mentions_unanswered"]
    opened = counts["cases_opened"]
    abandoned = counts["cases_stalled"] + counts["cases_diverted"]
    return {
        **{outcome: _rate(counts[f"cases_{outcome}"], closed, opened - closed) for outcome in _OUTCOMES},
        "abandoned": _rate(abandoned, closed, opened - closed),
        "sla_breached": _rate(counts["sla_breached"], decided, opened - decided),
        "answered": _rate(counts["mentions_answered"], matured, counts[_PENDING]),
    }


def _rate(numerator: int, denominator: int, pending: int) -> dict[str, Any]:
    value = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "pending": pending, "value": value}
