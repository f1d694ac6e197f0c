"""Windows: the counts of each (window, brand, source). Brand ``*`` counts a mention about several brands once, a case
or a tweet once per brand that it is about. Each width is counted for itself: none is summed up from another."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from models.counters import RESPONSE_EDGES_MS
from models.records import FOLLOWER_BANDS, Mention

from .capture import Gap
from .cases import Case
from .classified import Judged, format_time
from .curve import MEDIAN, P90, answered_quantile, curve_quantile
from .rules import Terms
from .tweets import Tweet

ALL_BRANDS: Final = "*"
_BESIDE: Final = ("mentions_pending", "tier_", "band_")  # these are seen in rates, not among the counts
_OUTCOMES: Final = ("missed", "stalled", "diverted", "resolved")

Rate = dict[str, Any]


class WindowKey(NamedTuple):
    start_ms: int
    brand: str
    source: str


class Windows:
    """Collects counts of one width; ``rows`` gives every window in which anything was counted
    or waits."""

    def __init__(self, window_ms: int, terms: Terms) -> None:
        self._window_ms, self._terms = window_ms, terms
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

    def add_waiting(self, mention: Mention) -> None:
        """A line with a mention at or after W: its window is there, with nothing of it counted yet."""
        self.add(mention.created_at_ms, ALL_BRANDS, mention.source, [])

    def add_case(self, case: Case) -> None:
        of_tier = (f"tier_{case.tier}_{what}" for what in ("opened", *_promise(case)))
        self.add(case.opened_ms, case.key.brand, case.key.source, of_tier)
        for brand in (ALL_BRANDS, case.key.brand):
            self.add(case.opened_ms, brand, case.key.source, _case_counters(case))

    def add_tweet(self, tweet: Tweet) -> None:
        what = {None: "pending", True: "answered", False: "unanswered"}[tweet.answered]
        for brand in (ALL_BRANDS, tweet.key.brand):
            names = (f"mentions_{what}", f"band_{tweet.band}_{what}")
            self.add(tweet.time_ms, brand, tweet.key.source, names)

    def add_gap(self, gap: Gap) -> None:
        name = "missed_exact" if gap.cause == "sequence" else "missed_upstream"
        self.add(gap.from_ms, ALL_BRANDS, gap.source, [name], gap.missed)

    def rows(self, settled_ms: int | None) -> list[dict[str, Any]]:
        """``window_start, window_s, brand, source``, ``counts`` (those above 0 by name) and what is worked out of them.
        ``settled_ms`` is W if no mention waits and no gap is undecided, else None: then what depends on these, pending
        parts and whether a window is final, is left out."""
        voices: Counter[WindowKey] = Counter()
        for key, counts in self._counts.items():
            if key.brand != ALL_BRANDS:
                voices[key._replace(brand=ALL_BRANDS)] += _customers(counts)
        rows = []
        for key, counts in sorted(self._counts.items()):
            everything = key._replace(brand=ALL_BRANDS)
            whole = self._counts.get(everything, Counter())
            received = whole["received"]
            rows.append(
                {
                    **self._row(key, counts),
                    "share_of_voice": None if key == everything else _rate(_customers(counts), voices[everything]),
                    "coverage": _rate(received, received + whole["missed_exact"]),
                }
            )
            if settled_ms is not None:
                rows[-1] |= self._settled(rows[-1], key.start_ms + self._window_ms, settled_ms)
        return rows

    def _row(self, key: WindowKey, counts: Counter[str]) -> dict[str, Any]:
        return {
            "window_start": format_time(key.start_ms),
            "window_s": self._window_ms / 1000,
            "brand": key.brand,
            "source": key.source,
            "counts": {name: count for name, count in counts.items() if not name.startswith(_BESIDE)},
            "rates": _rates(counts),
            "sla_by_tier": _by_tier(counts, self._terms.of_brand(key.brand).tiers),
            "response_by_followers": _by_band(counts),
            "first_response": _first_response(counts),
            "next_response": _response_times(counts, "next_response"),
            "resolution": _response_times(counts, "resolution"),
            "difference": 0,
        }

    @staticmethod
    def _settled(row: dict[str, Any], end_ms: int, watermark_ms: int) -> dict[str, Any]:
        changing = row["rates"]["missed"]["pending"] or row["rates"]["answered"]["pending"]
        nothing = {"pending": 0}
        return {
            "share_of_voice": row["share_of_voice"] and row["share_of_voice"] | nothing,
            "coverage": row["coverage"] | nothing,
            "final": end_ms <= watermark_ms and not changing,
        }


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
    if case.closed_ms is not None:
        yield f"cases_{case.outcome.value}"
    if case.first_response_ms is not None:
        yield "cases_replied"
        yield f"first_response_{_bucket(case.first_response_ms)}"
    elif case.closed_ms is not None:
        yield f"censored_{_bucket(case.closed_ms - case.opened_ms)}"
    if case.recontact:
        yield "cases_recontact"
    if case.comebacks:
        yield "cases_reopened"
    yield from (f"next_response_{_bucket(duration_ms)}" for duration_ms in case.next_responses_ms)
    if case.resolution_ms is not None:
        yield f"resolution_{_bucket(case.resolution_ms)}"
    yield from (f"sla_{name}" for name in _promise(case))


def _promise(case: Case) -> Iterator[str]:
    if case.sla_breached is not None:
        yield "breached" if case.sla_breached else "kept"


def _bucket(duration_ms: int) -> int:
    return bisect_left(RESPONSE_EDGES_MS, duration_ms)


def _customers(counts: Counter[str]) -> int:
    return counts["customer_actionable"] + counts["customer_other"]


def _rates(counts: Counter[str]) -> dict[str, Rate]:
    """Each with numerator, denominator and pending; nothing pending is in the first two, and an empty denominator has
    no value. abandoned = stalled + diverted."""
    closed = sum(counts[f"cases_{outcome}"] for outcome in _OUTCOMES)
    opened = counts["cases_opened"]
    abandoned = counts["cases_stalled"] + counts["cases_diverted"]
    return {
        **{outcome: _rate(counts[f"cases_{outcome}"], closed, opened - closed) for outcome in _OUTCOMES},
        "abandoned": _rate(abandoned, closed, opened - closed),
        "sla_breached": _parted(counts["sla_breached"], counts["sla_kept"], opened),
        "answered": _answered(counts, "mentions_"),
    }


def _by_tier(counts: Counter[str], tiers: Sequence[str]) -> dict[str, Rate]:
    """Of the tiers in which a case was opened, by name."""
    return {
        name: _parted(counts[f"tier_{index}_breached"], counts[f"tier_{index}_kept"], counts[f"tier_{index}_opened"])
        for index, name in enumerate(tiers)
        if counts[f"tier_{index}_opened"]
    }


def _by_band(counts: Counter[str]) -> dict[str, Rate]:
    """Of the bands with a tweet, by the numbers of followers in them."""
    rates = {}
    for band, (low, above) in enumerate(zip(FOLLOWER_BANDS, [*FOLLOWER_BANDS[1:], None], strict=True)):
        if any(counts[f"band_{band}_{what}"] for what in ("answered", "unanswered", "pending")):
            rates[f"{low}+" if above is None else f"{low}-{above - 1}"] = _answered(counts, f"band_{band}_")
    return rates


def _answered(counts: Counter[str], kind: str) -> Rate:
    answered, unanswered = counts[f"{kind}answered"], counts[f"{kind}unanswered"]
    return _rate(answered, answered + unanswered, counts[f"{kind}pending"])


def _parted(numerator: int, rest: int, of: int) -> Rate:
    return _rate(numerator, numerator + rest, of - numerator - rest)


def _rate(numerator: int, denominator: int, pending: int | None = None) -> Rate:
    """``pending`` is left out where it is not known."""
    value = numerator / denominator if denominator else None
    known = {} if pending is None else {"pending": pending}
    return {"numerator": numerator, "denominator": denominator, "value": value, **known}


def _response_times(counts: Counter[str], kind: str) -> dict[str, Any]:
    """Of the answered ones alone."""
    answers = _histogram(counts, kind)
    return {
        "count": answers.total(),
        "p50_ms": answered_quantile(answers, MEDIAN),
        "p90_ms": answered_quantile(answers, P90),
    }


def _first_response(counts: Counter[str]) -> dict[str, Any]:
    """Beside those of the answered ones the quantiles of the curve, which nobody knows while a case without a reply is
    pending."""
    replies, closes = _histogram(counts, "first_response"), _histogram(counts, "censored")
    known = replies.total() + closes.total() == counts["cases_opened"]
    return {
        **_response_times(counts, "first_response"),
        "km_p50_ms": curve_quantile(replies, closes, MEDIAN) if known else None,
        "km_p90_ms": curve_quantile(replies, closes, P90) if known else None,
    }


def _histogram(counts: Counter[str], kind: str) -> Counter[int]:
    prefix = f"{kind}_"
    return Counter({int(name.removeprefix(prefix)): n for name, n in counts.items() if name.startswith(prefix)})
