"""Readable differences between what the oracle expects and what a run exported."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from models.counters import COUNTERS, RESPONSE_EDGES_MS

from .classified import format_time

Row = Mapping[str, Any]
Key = tuple[Any, ...]

CASE_KEY: Final = ("source", "brand", "customer", "opened", "opened_by")
WINDOW_KEY: Final = ("window_start", "brand", "source")
GAP_KEY: Final = ("feed", "epoch", "cause", "from_seq")
FEED_KEY: Final = ("feed",)

_SAME_NAME: Final = ("received", "duplicates", "escalated", "diverting_replies", "missed_exact", "missed_upstream")
_ROLES: Final = ("customer_actionable", "customer_other", "brand", "bot", "no_brand")
_CASES: Final = ("opened", "missed", "stalled", "diverted", "resolved", "replied", "recontact")


def flat_window(row: Row) -> dict[str, Any]:
    """A window as it is published or exported, in the form of the oracle's rows: ``window_start`` in RFC 3339, its
    figures under ``counts`` by the names of ``COUNTERS``, and its ``rates``."""
    start_ms = row.get("window_start_ms")
    rates = row["rates"]
    kept = rates["sla_breached"]["denominator"] - rates["sla_breached"]["numerator"]
    unanswered = rates["answered"]["denominator"] - rates["answered"]["numerator"]
    counts = {
        **{name: row[name] for name in _SAME_NAME},
        **{name: row["roles"][name] for name in _ROLES},
        **_prefixed("intent_", row["intents"]),
        **_prefixed("reason_", row["reasons"]),
        **_prefixed("pii_", row["pii"]),
        **{f"cases_{name}": row["cases"][name] for name in _CASES},
        "sla_breached": rates["sla_breached"]["numerator"],
        "sla_kept": kept,
        "mentions_answered": rates["answered"]["numerator"],
        "mentions_unanswered": unanswered,
        **{f"first_response_{_bucket(edge)}": held for edge, held in row["first_response"]["histogram"]},
    }
    return {
        "window_start": row["window_start"] if start_ms is None else format_time(start_ms),
        "brand": row["brand"],
        "source": row["source"],
        "counts": {name: counts.get(name, 0) for name in COUNTERS},
        "rates": rates,
    }


def _prefixed(prefix: str, figures: Mapping[str, int]) -> dict[str, int]:
    return {prefix + name: figure for name, figure in figures.items()}


def _bucket(upper_edge_ms: int | None) -> int:
    """The bucket of an upper edge; the last one is open and has none."""
    return len(RESPONSE_EDGES_MS) if upper_edge_ms is None else RESPONSE_EDGES_MS.index(upper_edge_ms)


def differences(expected: Iterable[Row], actual: Iterable[Row], key: tuple[str, ...], limit: int = 20) -> list[str]:
    """At most ``limit`` lines and one that says how many more there are; empty when all agree. Fields that the
    expected row does not have are not compared."""
    found: list[str] = []
    wanted = _keyed(expected, key, "expected", found)
    present = _keyed(actual, key, "actual", found)
    for name in sorted(wanted.keys() | present.keys(), key=repr):
        if name not in present:
            found.append(f"{_show(name)}: missing, expected {_facts(wanted[name], key)}")
        elif name not in wanted:
            found.append(f"{_show(name)}: not expected, is {_facts(present[name], key)}")
        else:
            found.extend(_fields(name, wanted[name], present[name]))
    if len(found) > limit:
        return [*found[:limit], f"... and {len(found) - limit} more differences"]
    return found


def _keyed(rows: Iterable[Row], key: tuple[str, ...], side: str, found: list[str]) -> dict[Key, Row]:
    keyed: dict[Key, Row] = {}
    for row in rows:
        name = tuple(row.get(part) for part in key)
        if name in keyed:
            found.append(f"{_show(name)}: twice in {side}")
        keyed[name] = row
    return keyed


def _fields(name: Key, wanted: Row, present: Row) -> list[str]:
    is_ = dict(_leaves(present))
    return [
        f"{_show(name)}: {field} is {is_.get(field)!r}, expected {value!r}"
        for field, value in _leaves(wanted)
        if field not in is_ or is_[field] != value
    ]


def _leaves(row: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Fields with those of nested objects, by dotted names."""
    for field, value in row.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{field}.")
        else:
            yield prefix + field, value


def _show(name: Key) -> str:
    return " ".join(str(part) for part in name)


def _facts(row: Row, key: tuple[str, ...]) -> str:
    """What the row says beside its key; zeros and empties say nothing."""
    facts = ", ".join(f"{field}={value!r}" for field, value in _leaves(row) if field not in key and value)
    return facts[:200] or "nothing"
