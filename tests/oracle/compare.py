"""Readable differences between what the oracle expects and what a run exported."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from models.counters import RESPONSE_EDGES_MS

from .classified import format_time

Row = Mapping[str, Any]
Key = tuple[Any, ...]

CASE_KEY: Final = ("source", "brand", "customer", "opened", "opened_by")
WINDOW_KEY: Final = ("window_start", "window_s", "brand", "source")
GAP_KEY: Final = ("feed", "epoch", "cause", "from_seq")
FEED_KEY: Final = ("feed",)

_SAME_NAME: Final = (
    *("received", "duplicates", "escalated", "diverting_replies"),
    *("missed_exact", "missed_upstream"),
)
_ROLES: Final = ("customer_actionable", "customer_other", "brand", "bot", "no_brand")
_CASES: Final = ("opened", "missed", "stalled", "diverted", "resolved", "replied", "recontact", "reopened")


_SAME_FIELD: Final = (
    *("window_s", "brand", "source", "difference", "rates", "sla_by_tier", "response_by_followers"),
    *("share_of_voice", "coverage", "final"),
)
_WHOLE: Final = ("counts", "rates", "sla_by_tier", "response_by_followers")  # no name in them but the expected ones
_QUANTILES: Final = ("count", "p50_ms", "p90_ms", "km_p50_ms", "km_p90_ms")


def flat_window(row: Row) -> dict[str, Any]:
    """A window as it is published or exported, in the form of the oracle's rows: ``window_start`` in RFC 3339, its
    figures above 0 under ``counts`` by the names of the counters, those by tier or band as they are."""
    start_ms = row.get("window_start_ms")
    sla, answered = row["rates"]["sla_breached"], row["rates"]["answered"]
    kinds = ("first_response", "next_response", "resolution")
    histograms = {**{kind: row[kind]["histogram"] for kind in kinds}, "censored": row["first_response"]["censored"]}
    counts = {
        **{name: row[name] for name in _SAME_NAME},
        **{name: row["roles"][name] for name in _ROLES},
        **_prefixed("intent_", row["intents"]),
        **_prefixed("reason_", row["reasons"]),
        **_prefixed("pii_", row["pii"]),
        **{f"cases_{name}": row["cases"][name] for name in _CASES},
        "sla_breached": sla["numerator"],
        "sla_kept": sla["denominator"] - sla["numerator"],
        "mentions_answered": answered["numerator"],
        "mentions_unanswered": answered["denominator"] - answered["numerator"],
        **{f"{kind}_{_bucket(edge)}": held for kind, histogram in histograms.items() for edge, held in histogram},
    }
    return {
        "window_start": row["window_start"] if start_ms is None else format_time(start_ms),
        **{name: row[name] for name in _SAME_FIELD},
        "counts": {name: count for name, count in counts.items() if count},
        **{kind: {name: row[kind][name] for name in _QUANTILES if name in row[kind]} for kind in kinds},
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
    if all(field in present and present[field] == value for field, value in wanted.items()):
        return []
    is_, expected = dict(_leaves(present)), dict(_leaves(wanted))
    closed = tuple(f"{field}." for field in _WHOLE if field in wanted)
    others = {field: None for field in is_ if field.startswith(closed) and field not in expected}
    return [
        f"{_show(name)}: {field} is {is_.get(field)!r}, expected {value!r}"
        for field, value in (expected | others).items()
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
