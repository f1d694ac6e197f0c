"""Reads ``classified.jsonl``: what ``classify`` decided about each (mention, brand)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class LineStamp(NamedTuple):
    """Names one line of a source; two records that bear the same one are one line, delivered twice."""

    feed: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of the export. ``tier`` is an index or a name of the brand's tiers, ``customers`` are hashes."""

    source: str
    id: str
    brand: str
    role: str  # customer | brand | bot | none
    customers: tuple[str, ...]
    time_ms: int
    intent: str | None
    actionable: bool
    needs_reply: bool
    escalated: bool
    reasons: tuple[str, ...]
    diverts: str
    closes: bool
    pii: tuple[str, ...]
    late: bool
    tier: int | str
    followers: int  # of the author when this was said
    stamp: LineStamp


def judged_from(row: Mapping[str, Any]) -> Judged:
    """One row of the export as a value. ``needs_reply`` follows from the rest where the export leaves it out: a
    customer mention needs a reply iff it is actionable or its intent is ``vent``."""
    actionable = bool(row["actionable"])
    return Judged(
        source=row["source"],
        id=row["id"],
        brand=row["brand"],
        role=row["role"],
        customers=tuple(row["customers"]),
        time_ms=parse_time(row["created_at"]),
        intent=row["intent"],
        actionable=actionable,
        needs_reply=bool(row.get("needs_reply", actionable or row["intent"] == "vent")),
        escalated=bool(row["escalate"]),
        reasons=tuple(row["reasons"]),
        diverts=row["diverts"] or "",
        closes=bool(row["closes"]),
        pii=tuple(row["pii"]),
        late=bool(row["late"]),
        tier=row.get("tier") or 0,
        followers=row.get("followers", 0),
        stamp=LineStamp(row["feed"], row["epoch"], row["seq"]),
    )


def parse_time(text: str) -> int:
    """RFC 3339 to milliseconds since the Unix epoch."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND


def format_time(time_ms: int) -> str:
    """Milliseconds since the Unix epoch to RFC 3339, UTC, three decimals."""
    return (_EPOCH + time_ms * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_brand_order(rows: Iterable[Judged], brands: Iterable[str]) -> list[Judged]:
    """Configured brands as configured, others after them by name."""
    rank = {brand: index for index, brand in enumerate(brands)}
    return sorted(rows, key=lambda row: (rank.get(row.brand, len(rank)), row.brand))
