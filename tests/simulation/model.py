"""The account of a small world, computed plainly: sort, compare copies, walk each case key with the ledger, count.

It shares the ledger of one key (whose own tests are tables) with the product, and nothing else: no packing, no
watermark, no calendar, no columns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from models.counters import COUNTERS
from models.packed import FeedPart, PartialBlock, WindowPart
from models.records import INTENTS, PII_KINDS, REASONS, CaseRecord, Flag, Outcome, Role
from streams.stages import ledger, topics
from streams.stages.fold import Output
from streams.stages.rules import Rules
from tests.simulation.world import KINDS, Event

Window = tuple[int, str, str]
_Key = TypeVar("_Key")
_Part = TypeVar("_Part")


@dataclass(slots=True)
class Account:
    """``windows`` and ``feeds`` hold non-zero figures only, so that accounts compare."""

    cases: dict[str, dict[str, object]] = field(default_factory=dict)
    windows: dict[Window, Counter[str]] = field(default_factory=dict)
    feeds: dict[str, Counter[str]] = field(default_factory=dict)


def expected_account(events: Iterable[Event], rules: Rules, watermark_ms: int) -> Account:
    """The account of all events that are not late, with everything matured before ``watermark_ms``."""
    counted, copies = compare_copies(set(events), rules)
    windows: defaultdict[Window, Counter[str]] = defaultdict(Counter)
    feeds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in counted:
        _count(event, windows, rules)
        feeds[event.feed]["received"] += event.flags & Flag.PRIMARY_MENTION > 0
    for event in copies:
        _add(event, ("duplicates",), windows, rules)
        feeds[event.feed]["duplicates"] += event.flags & Flag.PRIMARY_MENTION > 0
    by_key: defaultdict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in sorted(counted, key=lambda event: (event.spoken.time_ms, event.spoken.id)):
        if event.flags & Flag.ADDRESSED:
            by_key[event.key].append(event)
    account = Account()
    for key, of_key in by_key.items():
        _walk(key, of_key, rules, watermark_ms, account, windows)
    account.windows = {name: +counts for name, counts in windows.items() if +counts}
    account.feeds = {name: +counts for name, counts in feeds.items() if +counts}
    return account


def compare_copies(events: Iterable[Event], rules: Rules) -> tuple[list[Event], list[Event]]:
    """(what counts, duplicates) of events with distinct stamps."""
    by_mention: defaultdict[tuple[object, str], list[Event]] = defaultdict(list)
    for event in events:
        by_mention[event.key, event.spoken.id].append(event)
    named = {feed: place for place, feed in enumerate(rules.feed_order)}
    counted, copies = [], []
    for of_mention in by_mention.values():
        of_mention.sort(key=lambda e: (e.spoken.time_ms, named.get(e.feed, len(named)), e.feed, e.epoch, e.seq))
        counts_ms: int | None = None
        for event in of_mention:
            if counts_ms is not None and event.spoken.time_ms - counts_ms <= rules.dedupe_ms:
                copies.append(event)
            else:
                counted.append(event)
                counts_ms = event.spoken.time_ms
    return counted, copies


def _count(event: Event, windows: Mapping[Window, Counter[str]], rules: Rules) -> None:
    role, _, intent, reasons, pii = KINDS[event.spoken.kind]
    names = ["received"]
    match role:
        case Role.CUSTOMER:
            names += ["customer_actionable" if event.flags & Flag.ACTIONABLE else "customer_other", f"intent_{intent}"]
        case Role.BRAND:
            names.append("brand")
        case Role.BOT:
            names.append("bot")
        case Role.NONE:
            names.append("no_brand")
    names += ["escalated"] if event.flags & Flag.ESCALATED else []
    names += [f"reason_{name}" for bit, name in enumerate(REASONS) if reasons >> bit & 1]
    names += [f"pii_{name}" for bit, name in enumerate(PII_KINDS) if pii >> bit & 1]
    names += ["diverting_replies"] if event.flags & Flag.DIVERTS and event.flags & Flag.ADDRESSED else []
    assert intent in INTENTS
    _add(event, names, windows, rules)


def _add(event: Event, names: Iterable[str], windows: Mapping[Window, Counter[str]], rules: Rules) -> None:
    source, brand, _ = event.key
    start_ms = event.spoken.time_ms // rules.window_ms * rules.window_ms
    if event.flags & Flag.PRIMARY_BRAND:
        windows[start_ms, brand, source].update(names)
    if event.flags & Flag.PRIMARY_MENTION:
        windows[start_ms, "*", source].update(names)


def _walk(
    key: tuple[str, str, str],
    events: list[Event],
    rules: Rules,
    watermark_ms: int,
    account: Account,
    windows: Mapping[Window, Counter[str]],
) -> None:
    source, brand, customer = key
    promised = rules.of_brand(brand)
    terms = ledger.Terms(
        promised.horizon_ms,
        promised.sla_ms,
        promised.tiers,
        rules.case_limit_ms,
        rules.recontact_ms,
        promised.service_hours,
    )
    conversation = ledger.SILENCE
    steps = []
    for event in events:
        spoken, role = event.spoken, KINDS[event.spoken.kind][0]
        met = ledger.Event(spoken.time_ms, spoken.id, role, event.flags, spoken.tier, spoken.band)
        steps.append(ledger.advance(conversation, met, terms))
        conversation = steps[-1].conversation
    steps.append(ledger.mature(conversation, watermark_ms, terms))
    ends: list[tuple[ledger.Case, Outcome, int | None, int | None]] = []
    ends += [closed for step in steps for closed in step.closed]
    if last := steps[-1].conversation.case:
        ends.append((last, Outcome.PENDING, None, None))
    for case, outcome, closed_ms, resolution_ms in ends:
        account.cases[f"{source}:{brand}:{customer}:{case.opened_by}"] = {
            "opened_ms": case.opened_ms,
            "tier": promised.tiers[case.tier],
            "outcome": outcome,
            "closed_ms": closed_ms,
            "first_response_ms": case.first_response_ms,
            "sla_due_ms": case.sla_due_ms,
            "sla_breached": case.breached,
            "mentions": case.mentions,
            "replies": case.replies,
            "recontact": case.recontact,
            "reopened": case.reopened,
            "next_responses": case.next_responses,
            "longest_next_response_ms": case.longest_next_ms,
            "resolution_ms": resolution_ms,
        }
    for step in steps:
        for at_ms, counter, opened in step.changes:
            start_ms = at_ms // rules.window_ms * rules.window_ms
            for name in (brand, "*"):
                counts = windows[start_ms, name, source]
                counts["open"] += opened
                if counter >= 0 and not (name == "*" and COUNTERS[counter].startswith("tier_")):
                    counts[COUNTERS[counter]] += 1


_CASE_FIELDS: Final = (
    *("opened_ms", "tier", "outcome", "closed_ms", "first_response_ms", "sla_due_ms", "sla_breached"),
    *("mentions", "replies", "recontact", "reopened", "next_responses", "longest_next_response_ms", "resolution_ms"),
)
_FEED_FIELDS: Final = ("received", "duplicates", "waiting", "overtaken")
_read_case: Final = msgspec.json.Decoder(CaseRecord).decode
_read_block: Final = msgspec.msgpack.Decoder(PartialBlock).decode


def published_account(outputs: Iterable[Output]) -> Account:
    """What the outputs of all care partitions say in the end: of each key the state with the highest revision, whoever
    sent it last; partitions summed."""
    cases: dict[str, CaseRecord] = {}
    parts: dict[tuple[str, Window], tuple[int, WindowPart]] = {}
    feeds: dict[tuple[str, str], tuple[int, FeedPart]] = {}
    for output in outputs:
        if output.topic == topics.CASES:
            record = _read_case(output.value or b"")
            if record.case_id not in cases or cases[record.case_id].revision <= record.revision:
                cases[record.case_id] = record
            continue
        block = _read_block(output.value or b"")
        for part in block.windows:
            _keep(parts, (block.origin, (part.window_start_ms, part.brand, part.source)), block.revision, part)
        for feed in block.feeds:
            _keep(feeds, (block.origin, feed.feed), block.revision, feed)
    windows: defaultdict[Window, Counter[str]] = defaultdict(Counter)
    for (_, window), (_, part) in parts.items():
        windows[window].update(_counts_of(part))
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, feed in feeds.values():
        totals[feed.feed].update({name: getattr(feed, name) for name in _FEED_FIELDS})
    return Account(
        {case_id: {name: getattr(record, name) for name in _CASE_FIELDS} for case_id, record in cases.items()},
        {name: +counts for name, counts in windows.items() if +counts},
        {name: +counts for name, counts in totals.items() if +counts},
    )


def _keep(known: dict[_Key, tuple[int, _Part]], key: _Key, revision: int, part: _Part) -> None:
    if key not in known or known[key][0] <= revision:
        known[key] = (revision, part)


def _counts_of(part: WindowPart) -> Counter[str]:
    counts = Counter(dict(zip(COUNTERS, part.counts, strict=False)))
    counts.update({COUNTERS[index]: held for index, held in part.sparse.items()})
    counts.update({"open": part.open, "waiting": part.waiting})
    return counts
