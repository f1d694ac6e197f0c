"""Windows: the counts of each (window, brand, source). Brand ``*`` counts a mention about several brands once, a case
or a tweet once per brand that it is about."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from models.records import COUNTERS, RESPONSE_EDGES_MS, Outcome

from .capture import Gap
from .cases import Case
from .classified import Judged, format_time
from .tweets import Tweet

ALL_BRANDS: Final = "*"


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
        if tweet.answered is None:
            return
        name = "mentions_answered" if tweet.answered else "mentions_unanswered"
        for brand in (ALL_BRANDS, tweet.key.brand):
            self.add(tweet.time_ms, brand, tweet.key.source, [name])

    def add_gap(self, gap: Gap) -> None:
        name = "missed_exact" if gap.cause == "sequence" else "missed_upstream"
        self.add(gap.from_ms, ALL_BRANDS, gap.source, [name], gap.missed)

    def rows(self) -> list[dict[str, Any]]:
        """``window_start, brand, source`` and ``counts``: every counter by name."""
        return [
            {
                "window_start": format_time(key.start_ms),
                "brand": key.brand,
                "source": key.source,
                "counts": {name: counts[name] for name in COUNTERS},
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
    if row.role in ("brand", "bot") and row.diverts:
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
