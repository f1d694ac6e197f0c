"""Does the account of a run meet the ground truth of its sample firehose?

Capture must agree in every figure. Outcomes depend on how each mention was judged, so the cases are computed anew
from the script of each conversation and the exported verdicts, and must agree with the exported cases one by one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from streams.sample.cases import Case, Said, Terms, read_cases
from streams.sample.truth import Conversation, FeedTruth, Truth
from streams.stages.rules import Rules

Row: TypeAlias = Mapping[str, Any] | msgspec.Struct
T = TypeVar("T")

SHOWN_LIMIT: Final = 10  # differences of one kind that are spelled out
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FIGURES: Final = ("sent", "received", "duplicates", "late", "rejected", "control", "missed_exact", "missed_upstream")
_ROLES: Final = {"customer": "customer", "brand": "agent", "bot": "bot"}


class _Judged(msgspec.Struct, frozen=True):
    """The fields of ``classified.jsonl`` that decide what counts."""

    id: str
    source: str
    brand: str
    role: str
    customers: tuple[str, ...]
    created_at: str
    intent: str | None
    actionable: bool
    diverts: str
    closes: bool
    late: bool


class _CaseRow(msgspec.Struct, frozen=True):
    """The fields of ``cases.jsonl``."""

    source: str
    brand: str
    customer: str
    opened: str
    opened_by: str
    outcome: str
    closed: str | None
    first_response_s: float | None
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool


class _FeedRow(msgspec.Struct, frozen=True):
    feed: str
    sent: int
    received: int
    duplicates: int
    late: int
    rejected: int
    control: int
    shed: int
    missed_exact: int
    missed_upstream: int
    difference: int
    waiting: int
    final: bool


class _GapRow(msgspec.Struct, frozen=True, rename={"from_time": "from", "to_time": "to"}):
    feed: str
    epoch: int
    cause: str
    from_seq: int
    to_seq: int
    from_time: str
    to_time: str
    missed: int
    estimated: int | None


class Differences:
    """Differences by kind, the first few of each in words."""

    def __init__(self) -> None:
        self._shown: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()

    def note(self, kind: str, text: str) -> None:
        self._counts[kind] += 1
        shown = self._shown.setdefault(kind, [])
        if len(shown) < SHOWN_LIMIT:
            shown.append(f"{kind}: {text}")

    def lines(self) -> list[str]:
        out: list[str] = []
        for kind, shown in self._shown.items():
            out += shown
            if self._counts[kind] > len(shown):
                out.append(f"{kind}: {self._counts[kind] - len(shown)} more")
        return out


def hash_customer(source: str, author: str, customer_key: str) -> str:
    """The keyed hash that stands for a customer downstream of classify (16 hexadecimal digits). A key that BLAKE2b
    cannot hold (64 bytes) is hashed first."""
    key = customer_key.encode()
    if len(key) > blake2b.MAX_KEY_SIZE:
        key = blake2b(key).digest()
    return blake2b(f"{source}\x1f{author}".encode(), digest_size=8, key=key).hexdigest()


def check_account(
    truth: Truth,
    classified: Iterable[Row],
    cases: Iterable[Row],
    feeds: Iterable[Row],
    rules: Rules,
    *,
    customer_key: str,
    settle_ms: int | None = None,
    gaps: Iterable[Row] | None = None,
) -> list[str]:
    """All differences between the exports of a run and the truth, in words; empty when it is met exactly.

    ``classified``, ``cases`` and ``gaps`` are export rows, ``feeds`` capture records, as dictionaries or structs.
    ``settle_ms`` is the settling time that the replay announced (default: the general H).
    """
    found = Differences()
    _check_terms(truth, rules, found)
    _check_feeds(truth, feeds, found)
    if gaps is not None:
        _check_gaps(truth, gaps, found)
    judged = _read_judged(classified, found)
    _check_roles(truth, judged, found)
    watermark_ms = _last_watermark(truth, rules.horizon_ms if settle_ms is None else settle_ms)
    expected = _expected_cases(truth, judged, rules, customer_key, watermark_ms, found)
    _check_cases(expected, cases, found)
    return found.lines()


def check_gaps(truth: Truth, gaps: Iterable[Row]) -> list[str]:
    """The same for what a run says that it missed."""
    found = Differences()
    _check_gaps(truth, gaps, found)
    return found.lines()


def _last_watermark(truth: Truth, settle_ms: int) -> int:
    return max(feed.end_ms for feed in truth.feeds) + settle_ms + 1


def _check_terms(truth: Truth, rules: Rules, found: Differences) -> None:
    if rules.lateness_ms != truth.lateness_ms:
        found.note("rules", f"the truth holds for L = {truth.lateness_ms} ms, not {rules.lateness_ms}")
    if (rules.stall_ms, rules.heartbeat_ms) != (truth.stall_ms, truth.heartbeat_ms):
        found.note("rules", f"the truth holds for stalls of {truth.stall_ms} ms, heartbeats of {truth.heartbeat_ms} ms")
    order = sorted(truth.feed_order, key=lambda feed: _feed_rank(feed, rules.feed_order))
    if tuple(order) != truth.feed_order:
        found.note("rules", f"the truth holds for the feed order {', '.join(truth.feed_order)}")


def _feed_rank(feed: str, order: tuple[str, ...]) -> tuple[int, str]:
    return (order.index(feed) if feed in order else len(order)), feed


# ---------------------------------------------------------------- capture


def _check_feeds(truth: Truth, feeds: Iterable[Row], found: Differences) -> None:
    rows = {row.feed: row for row in _convert(feeds, _FeedRow, "feeds", found)}
    for expected in truth.feeds:
        row = rows.pop(expected.feed, None)
        if row is None:
            found.note("feeds", f"no account of feed {expected.feed}")
        else:
            _check_feed(expected, row, found)
    for feed in sorted(rows):
        found.note("feeds", f"an account of feed {feed}, which sent nothing")


def _check_feed(expected: FeedTruth, row: _FeedRow, found: Differences) -> None:
    wanted = {name: getattr(expected, name) for name in _FIGURES}
    wanted |= {"shed": 0, "difference": 0, "waiting": 0, "final": True}
    for name, value in wanted.items():
        if getattr(row, name) != value:
            found.note("feeds", f"{row.feed}: {name} is {getattr(row, name)}, in truth {value}")


def _check_gaps(truth: Truth, gaps: Iterable[Row], found: Differences) -> None:
    wanted = {(feed.feed, gap.epoch, gap.cause, gap.from_seq): gap for feed in truth.feeds for gap in feed.gaps}
    for row in _convert(gaps, _GapRow, "gaps", found):
        key = (row.feed, row.epoch, row.cause, row.from_seq)
        gap = wanted.pop(key, None)
        if gap is None:
            found.note("gaps", f"{_gap_name(key)} should not be, or is there twice")
            continue
        seen = msgspec.structs.asdict(row) | {"from_ms": _ms(row.from_time), "to_ms": _ms(row.to_time)}
        for field in ("to_seq", "from_ms", "to_ms", "missed", "estimated"):
            if seen[field] != getattr(gap, field):
                found.note("gaps", f"{_gap_name(key)}: {field} is {seen[field]}, in truth {getattr(gap, field)}")
    for key in wanted:
        found.note("gaps", f"{_gap_name(key)} is missing")


def _gap_name(key: tuple[str, int, str, int]) -> str:
    feed, epoch, cause, from_seq = key
    return f"{cause} of feed {feed} at number {from_seq} of epoch {epoch}"


# ---------------------------------------------------------------- who spoke


def _read_judged(classified: Iterable[Row], found: Differences) -> dict[tuple[str, str], _Judged]:
    judged: dict[tuple[str, str], _Judged] = {}
    for row in _convert(classified, _Judged, "classified", found):
        if (row.id, row.brand) in judged:
            found.note("classified", f"mention {row.id} about {row.brand or 'no brand'} is there twice")
        judged[row.id, row.brand] = row
    return judged


def _check_roles(truth: Truth, judged: Mapping[tuple[str, str], _Judged], found: Differences) -> None:
    unheard = frozenset(truth.unheard)
    counts: dict[str, Counter[str]] = {}
    for row in judged.values():
        if row.late:
            continue
        counts.setdefault(row.brand, Counter())[row.role] += 1
        if row.id in unheard:
            found.note("classified", f"mention {row.id} counts, but no feed delivered it in time")
    wanted = {brand: msgspec.structs.asdict(roles) for brand, roles in truth.brands.items()}
    wanted[""] = {"none": truth.no_brand}
    for brand in sorted(wanted.keys() | counts.keys()):
        seen, right = counts.get(brand, Counter()), Counter(wanted.get(brand, {}))
        for role in sorted(seen.keys() | right.keys()):
            if seen[role] != right[role]:
                name = brand or "no brand"
                found.note("roles", f"{name}: {seen[role]} mentions of role {role}, in truth {right[role]}")


# ---------------------------------------------------------------- what became of them


def _expected_cases(
    truth: Truth,
    judged: Mapping[tuple[str, str], _Judged],
    rules: Rules,
    customer_key: str,
    watermark_ms: int,
    found: Differences,
) -> Iterator[tuple[str, str, str, Case]]:
    """(source, brand, customer hash, case) of every conversation under the exported verdicts."""
    unheard = frozenset(truth.unheard)
    for talk in truth.conversations:
        customer = hash_customer(talk.source, talk.customer, customer_key)
        history = list(_history(talk, customer, judged, unheard, found))
        for case in read_cases(history, _terms(talk, rules, watermark_ms)):
            yield talk.source, talk.brand, customer, case


def _history(
    talk: Conversation,
    customer: str,
    judged: Mapping[tuple[str, str], _Judged],
    unheard: frozenset[str],
    found: Differences,
) -> Iterator[Said]:
    for at_ms, post_id, who in talk.events:
        if post_id in unheard:
            continue
        row = judged.get((post_id, talk.brand))
        if row is None or row.late:
            state = "late" if row else "missing"
            found.note("classified", f"mention {post_id} about {talk.brand} is {state}, but was delivered in time")
            continue
        if _ROLES.get(row.role) != who or customer not in row.customers or _ms(row.created_at) != at_ms:
            found.note("classified", f"mention {post_id} is not what {who} said to or about {talk.brand} then")
        needs_reply = row.actionable or row.intent == "vent"
        yield Said(at_ms, post_id, who, row.actionable, needs_reply, row.closes, bool(row.diverts))


def _terms(talk: Conversation, rules: Rules, watermark_ms: int) -> Terms:
    brand = rules.of_brand(talk.brand)
    tier = brand.tiers.index(talk.tier) if talk.tier in brand.tiers else 0
    return Terms(
        horizon_ms=brand.horizon_ms,
        sla_ms=brand.sla_ms[tier],
        case_limit_ms=rules.case_limit_ms,
        recontact_ms=rules.recontact_ms,
        watermark_ms=watermark_ms,
    )


def _check_cases(expected: Iterable[tuple[str, str, str, Case]], cases: Iterable[Row], found: Differences) -> None:
    wanted = {(source, brand, customer, case.opened_by): case for source, brand, customer, case in expected}
    for row in _convert(cases, _CaseRow, "cases", found):
        case = wanted.pop((row.source, row.brand, row.customer, row.opened_by), None)
        name = f"case of {row.customer} with {row.brand} opened by {row.opened_by}"
        if case is None:
            found.note("cases", f"{name} should not be, or is there twice")
            continue
        shown = _case_of(row)
        for field in case.__struct_fields__:
            seen, right = getattr(shown, field), getattr(case, field)
            if seen != right:
                found.note("cases", f"{name}: {field} is {seen}, in truth {right}")
    for _, brand, customer, opened_by in wanted:
        found.note("cases", f"case of {customer} with {brand} opened by {opened_by} is missing")


def _case_of(row: _CaseRow) -> Case:
    seconds = row.first_response_s
    return Case(
        opened_ms=_ms(row.opened),
        opened_by=row.opened_by,
        outcome=row.outcome,
        closed_ms=None if row.closed is None else _ms(row.closed),
        first_response_ms=None if seconds is None else round(seconds * 1000),
        sla_breached=row.sla_breached,
        mentions=row.mentions,
        replies=row.replies,
        recontact=row.recontact,
    )


# ---------------------------------------------------------------- rows


def _convert(rows: Iterable[Row], kind: type[T], name: str, found: Differences) -> Iterator[T]:
    for row in rows:
        try:
            yield msgspec.convert(row, kind, from_attributes=True)
        except msgspec.ValidationError as error:
            found.note(name, f"a row that is none: {error}")


def _ms(rfc3339: str) -> int:
    """Milliseconds since the epoch; -1, which no event has, for what is no time."""
    try:
        return (datetime.fromisoformat(rfc3339) - _EPOCH) // _MILLISECOND
    except (ValueError, TypeError):
        return -1
