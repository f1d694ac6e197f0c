"""What an export claims against what its mentions and lines say, in lines that people can read."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import duckdb

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final = frozenset({"opened_ms", "closed_ms", "sla_due_ms", "start_ms", "from_ms", "to_ms"})


class Kind(NamedTuple):
    """One kind of rows. ``title`` fills in what names a row; ``figures`` are compared, some in a form of their own
    (SQL on ``{}``). ``undecided`` says of which pairs of rows a feed that still runs leaves nothing to compare."""

    name: str
    found: str
    claim: str
    key: tuple[str, ...]
    title: str
    figures: dict[str, str]
    undecided: str


CASES: Final = Kind(
    "cases",
    "case_found",
    "case_claim",
    ("source", "brand", "customer", "opened_ms", "opened_by"),
    "case of {customer} with {brand} on {source}, opened {opened_ms} by {opened_by}",
    dict.fromkeys(
        (
            *("tier", "outcome", "closed_ms", "first_response_ms", "sla_due_ms", "sla_breached", "mentions", "replies"),
            *("recontact", "reopened", "next_responses", "longest_next_response_ms", "resolution_ms", "definitions"),
        ),
        "{}",
    ),
    "coalesce(found.outcome = 'pending', claim.opened_ms >= watermark_ms OR claim.outcome = 'pending')",
)
WINDOWS: Final = Kind(
    "windows",
    "window_found",
    "window_claim",
    ("start_ms", "width_ms", "brand", "source"),
    "window {start_ms} of {width_ms}, brand {brand} on {source}",
    {
        **dict.fromkeys(("received", "roles", "duplicates", "difference"), "{}"),
        "intents": "without_zeros({})",
        "escalated": "{}",
        "reasons": "without_zeros({})",
        "pii": "without_zeros({})",
        **dict.fromkeys(("diverting_replies", "missed_exact", "missed_upstream", "coverage"), "{}"),
        "cases": "{}",
        "rates": "in_order({})",
        "sla_by_tier": "in_order({})",
        **dict.fromkeys(("first_response", "next_response", "resolution"), "{}"),
        "response_by_followers": "in_order({})",
        "share_of_voice": "{}",
        "volume_ratio": "nearly({})",
        **dict.fromkeys(("open", "waiting", "final", "definitions"), "{}"),
    },
    "NOT coalesce(claim.final, false) OR claim.start_ms + claim.width_ms > watermark_ms",
)
GAPS: Final = Kind(
    "gaps",
    "gap_found",
    "gap_claim",
    ("feed", "epoch", "cause", "from_seq"),
    "{cause} gap of {feed}, epoch {epoch}, from {from_seq}",
    dict.fromkeys(("source", "exact", "to_seq", "from_ms", "to_ms", "missed", "estimated", "definitions"), "{}"),
    "NOT coalesce(found.is_certain, false)",
)
FEEDS: Final = Kind(
    "feeds",
    "feed_found",
    "feed_claim",
    ("feed",),
    "feed {feed}",
    dict.fromkeys(
        (
            *("source", "sent", "received", "duplicates", "late", "rejected", "control", "shed", "missed_exact"),
            *("missed_upstream", "waiting", "mention_lines", "undecided", "difference", "final"),
        ),
        "{}",
    ),
    "true",
)
KINDS: Final = (CASES, WINDOWS, GAPS, FEEDS)


class Compared(NamedTuple):
    """``left_out``: rows of which feeds that still run leave nothing to compare; ``differing`` rows have at least one
    of the ``differences``."""

    recomputed: int
    left_out: int
    differing: int
    differences: int


def compare(connection: duckdb.DuckDBPyConnection, kind: Kind) -> Compared:
    """Make the table ``difference_in_<kind>``, a row for each figure that differs."""
    on = " AND ".join(f"found.{name} IS NOT DISTINCT FROM claim.{name}" for name in kind.key)
    connection.execute(
        f"""CREATE TABLE pair_of_{kind.name} AS
        SELECT found, claim, NOT (SELECT coalesce(bool_and(feed_ended), true) FROM epoch) AND ({kind.undecided}) AS open
        FROM (SELECT *, true AS there FROM {kind.found}) AS found
        FULL JOIN (SELECT *, count(*) OVER (PARTITION BY {", ".join(kind.key)}) AS times FROM {kind.claim}) AS claim
            ON {on}
        CROSS JOIN rule"""
    )
    connection.execute(f"CREATE TABLE difference_in_{kind.name} AS {_differences(kind)}")
    recomputed, left_out = _one(
        connection, f"SELECT count(found.there), count(*) FILTER (open) FROM pair_of_{kind.name}"
    )
    differing, differences = _one(
        connection,
        f"SELECT count(DISTINCT {_packed(kind)}), count(*) FROM difference_in_{kind.name}",
    )
    return Compared(recomputed, left_out, differing, differences)


def difference_lines(connection: duckdb.DuckDBPyConnection, kind: Kind, limit: int) -> Iterator[str]:
    """At most ``limit`` lines, one for each figure that differs."""
    keys = ", ".join(kind.key)
    rows = connection.execute(
        f"SELECT {keys}, figure, claimed, found FROM difference_in_{kind.name} ORDER BY {keys}, figure LIMIT ?",
        [limit],
    ).fetchall()
    for row in rows:
        named = {name: _shown(name, value) for name, value in zip(kind.key, row, strict=False)}
        figure, claimed, found = row[len(kind.key) :]
        yield f"{kind.title.format(**named)}: {_told(kind, figure, claimed, found)}"


def _differences(kind: Kind) -> str:
    """SQL of all figures that differ, as JSON; of rows that only one side has the figure is empty."""
    keys = ", ".join(f"coalesce(found.{name}, claim.{name}) AS {name}" for name in kind.key)
    source = f"pair_of_{kind.name} WHERE NOT open"
    parts = [
        f"SELECT {keys}, '' AS figure, claim.times::VARCHAR AS claimed, coalesce(found.there, false)::VARCHAR AS found "
        f"FROM {source} AND (claim.times IS NULL OR found.there IS NULL OR claim.times > 1)"
    ]
    for figure, form in kind.figures.items():
        expected = f"found.{figure}" if figure != "definitions" else "(SELECT definitions FROM rule)"
        parts.append(
            f"SELECT {keys}, '{figure}', to_json(claim.{figure})::VARCHAR, to_json({expected})::VARCHAR FROM {source} "
            f"AND claim.times IS NOT NULL AND found.there IS NOT NULL "
            f"AND {form.format(f'claim.{figure}')} IS DISTINCT FROM {form.format(expected)}"
        )
    return " UNION ALL ".join(parts)


def _packed(kind: Kind) -> str:
    return "(" + ", ".join(f"{name}" for name in kind.key) + ", '')"


def _told(kind: Kind, figure: str, claimed: str | None, found: str) -> str:
    if not figure:
        if claimed is None:
            return f"not among the {kind.name}"
        if found == "false":
            return f"among the {kind.name}, but nothing leads to it"
        return f"{claimed} times among the {kind.name}"
    pairs = _leaves(figure, json.loads(claimed or "null"), json.loads(found or "null"))
    return ", ".join(f"{name} is {_value(name, one)}, recomputed {_value(name, other)}" for name, one, other in pairs)


def _leaves(name: str, claimed: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """The parts of nested figures that differ."""
    if not isinstance(claimed, dict) or not isinstance(found, dict):
        yield name, claimed, found
        return
    for part in sorted(claimed.keys() | found.keys()):
        one, other = claimed.get(part), found.get(part)
        if one != other and (one or other):  # what is not listed is 0
            yield from _leaves(f"{name}.{part}", one, other)


def _value(name: str, value: Any) -> str:
    return _shown(name, value) if name in _TIMES else json.dumps(value, ensure_ascii=False)


def _shown(name: str, value: Any) -> str:
    if name == "width_ms":
        return f"{value / 1000:g} s"
    if name not in _TIMES or value is None:
        return "null" if value is None else str(value)
    moment = _EPOCH + timedelta(milliseconds=value)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(connection.execute(query).fetchall()[0])
