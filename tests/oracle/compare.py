"""Readable differences between what the oracle expects and what a run exported."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Row = Mapping[str, Any]
Key = tuple[Any, ...]

CASE_KEY: Final = ("source", "brand", "customer", "opened", "opened_by")
WINDOW_KEY: Final = ("window_start", "brand", "source")
GAP_KEY: Final = ("feed", "epoch", "cause", "from_seq")
FEED_KEY: Final = ("feed",)


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
