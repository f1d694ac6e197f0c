"""Wider windows from narrower ones: an hour or a day is the sum of its five-minute records, histograms included."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

from models.counters import COUNTER, COUNTERS, RESPONSE_EDGES_MS
from models.records import INTENTS, PII_KINDS, REASONS
from streams.stages.windows import WindowCounts, WindowRecord, WindowRules, render_window, total_counts

_BUCKETS: Final = {edge: index for index, edge in enumerate((*RESPONSE_EDGES_MS, None))}
_PLAIN: Final = ("received", "duplicates", "escalated", "diverting_replies", "missed_exact", "missed_upstream")


def roll_up(records: Iterable[WindowRecord], rules: WindowRules) -> list[WindowRecord]:
    """The records of windows ``rules.window_ms`` wide, a multiple of the width that ``records`` have."""
    groups = defaultdict[tuple[int, str, str], list[WindowRecord]](list)
    for record in records:
        start = record.window_start_ms - record.window_start_ms % rules.window_ms
        groups[start, record.brand, record.source].append(record)
    return [_sum(key, groups[key], rules) for key in sorted(groups)]


def counts_of(record: WindowRecord) -> list[int]:
    """The counts that ``record`` was rendered from, in the order of ``COUNTERS``."""
    sla, answered = record.rates["sla_breached"], record.rates["answered"]
    cases = {
        f"cases_{name}": value for name, value in msgspec.structs.asdict(record.cases).items() if name != "pending"
    }
    named = {
        **{name: getattr(record, name) for name in _PLAIN},
        **msgspec.structs.asdict(record.roles),
        **{f"intent_{name}": record.intents[name] for name in INTENTS},
        **{f"reason_{name}": record.reasons[name] for name in REASONS},
        **{f"pii_{name}": record.pii[name] for name in PII_KINDS},
        **cases,
        "sla_breached": sla.numerator,
        "sla_kept": sla.denominator - sla.numerator,
        "mentions_answered": answered.numerator,
        "mentions_unanswered": answered.denominator - answered.numerator,
        **{f"first_response_{_BUCKETS[edge]}": held for edge, held in record.first_response.histogram},
    }
    counts = [0] * len(COUNTERS)
    for name, value in named.items():
        counts[COUNTER[name]] = value
    return counts


def _sum(key: tuple[int, str, str], records: list[WindowRecord], rules: WindowRules) -> WindowRecord:
    start, brand, source = key
    window = WindowCounts(
        window_start_ms=start,
        brand=brand,
        source=source,
        counts=total_counts(map(counts_of, records)),
        actionable_pending=sum(record.rates["answered"].pending for record in records),
        open=sum(record.open for record in records),
        waiting=sum(record.waiting for record in records),
    )
    final = all(record.final for record in records)
    return render_window(window, rules, final=final, revision=max(record.revision for record in records))
