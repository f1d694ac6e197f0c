"""An export as tables of a DuckDB of its own: rules, what was said and what was claimed."""

from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import duckdb

from config.errors import UnheardError
from models.counters import RESPONSE_EDGES_MS
from streams.audit.files import ExportFile, find_files, unreadable
from streams.audit.hours import open_spans
from streams.audit.meta import BrandTerms, Meta, to_ms

_UNSET_MS: Final = -(2**62)  # W before anything is decided
STEPS: Final = ("copies", "cases", "promises", "gaps", "feeds", "windows", "durations", "account")
_HEARD: Final = """id, source, brand, role, customers, epoch_ms(created_at::TIMESTAMPTZ) AS time_ms, intent,
    needs_reply, actionable, escalate, reasons, diverts, closes, pii, late, tier, followers, feed, epoch, seq"""

# What is read from each file, and how. Times are ms since 1970, durations ms.
_READ: Final = (
    ("classified", f"CREATE TABLE mention AS SELECT true AS stands, {_HEARD} FROM {{scan}}"),
    ("copies", f"INSERT INTO mention SELECT false, {_HEARD} FROM {{scan}}"),
    ("dlq", "CREATE TABLE reject AS SELECT feed, epoch, seq FROM {scan}"),
    (
        "lines",
        """CREATE TABLE line AS SELECT feed, source, epoch, kind, from_seq, to_seq,
            epoch_ms("from"::TIMESTAMPTZ) AS from_ms, epoch_ms("to"::TIMESTAMPTZ) AS to_ms,
            in_ms(silent_s) AS silent_ms, track, in_ms(settle_s) AS settle_ms, final FROM {scan}""",
    ),
    (
        "cases",
        """CREATE TABLE case_claim AS SELECT source, brand, customer, tier, epoch_ms(opened::TIMESTAMPTZ) AS opened_ms,
            opened_by, outcome, epoch_ms(closed::TIMESTAMPTZ) AS closed_ms,
            in_ms(first_response_s) AS first_response_ms, epoch_ms(sla_due::TIMESTAMPTZ) AS sla_due_ms, sla_breached,
            mentions, replies, recontact, reopened, next_responses,
            in_ms(longest_next_response_s) AS longest_next_response_ms, in_ms(resolution_s) AS resolution_ms,
            definitions FROM {scan}""",
    ),
    (
        "windows",
        """CREATE TABLE window_claim AS SELECT * EXCLUDE (window_start, window_s),
            epoch_ms(window_start::TIMESTAMPTZ) AS start_ms, in_ms(window_s) AS width_ms FROM {scan}""",
    ),
    (
        "gaps",
        """CREATE TABLE gap_claim AS SELECT * EXCLUDE ("from", "to"), epoch_ms("from"::TIMESTAMPTZ) AS from_ms,
            epoch_ms("to"::TIMESTAMPTZ) AS to_ms FROM {scan}""",
    ),
)
_FEED_COLUMNS: Final = (
    *("feed", "source", "sent", "received", "duplicates", "late", "rejected", "control", "shed", "missed_exact"),
    *("missed_upstream", "waiting", "overtaken", "mention_lines", "undecided", "difference", "final"),
)


def load(directory: Path, meta: Meta, connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of rules, mentions, lines and claims. Raises UnheardError."""
    files = find_files(directory)
    connection.execute(_script("macros"))
    _load_rules(meta, connection)
    for name, statement in _READ:
        _read(connection, files[name], statement)
    _load_feed_claims(meta, connection)
    _add_unnamed_brands(meta, connection)
    _load_hours(meta, connection)


def recompute(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``case_found``, ``window_found``, ``gap_found`` and ``feed_found`` from mentions and lines."""
    for step in STEPS:
        connection.execute(_script(step))


def _script(name: str) -> str:
    return (resources.files("streams.audit") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _read(connection: duckdb.DuckDBPyConnection, file: ExportFile, statement: str) -> None:
    try:
        connection.execute(statement.format(scan=file.scan))
    except duckdb.Error as error:
        raise unreadable(file, error) from None


def _load_rules(meta: Meta, connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """CREATE TABLE rule AS SELECT coalesce(epoch_ms(?::TIMESTAMPTZ), ?::BIGINT) AS watermark_ms,
            ?::BIGINT AS lateness_ms, ?::BIGINT AS case_limit_ms, ?::BIGINT AS recontact_ms, ?::BIGINT AS dedupe_ms,
            ?::BIGINT AS definitions""",
        [
            meta.watermark,
            _UNSET_MS,
            *map(to_ms, (meta.lateness_s, meta.case_limit_s, meta.recontact_s, meta.dedupe_s)),
            meta.definitions,
        ],
    )
    _fill(connection, "width (width_ms BIGINT)", [(to_ms(width),) for width in (meta.window_s, *meta.rollup_s)])
    _fill(connection, "feed_place (feed VARCHAR, place BIGINT)", _placed(meta.feed_order))
    _fill(connection, "edge (edge_ms BIGINT, place BIGINT)", _placed(RESPONSE_EDGES_MS))
    _fill(connection, "band (place BIGINT, name VARCHAR, lowest BIGINT)", _bands(meta.follower_bands))
    _fill(connection, "brand (brand VARCHAR, place BIGINT, horizon_ms BIGINT, has_hours BOOLEAN)", ())
    _fill(connection, "tier (brand VARCHAR, place BIGINT, tier VARCHAR, sla_ms BIGINT)", ())
    _fill(connection, "baseline (brand VARCHAR, channel VARCHAR, per_hour DOUBLE)", ())
    for name, terms in meta.brands.items():
        _add_brand(connection, name, terms)


def _add_brand(connection: duckdb.DuckDBPyConnection, name: str, terms: BrandTerms) -> None:
    hours = terms.service_hours is not None
    connection.execute(
        "INSERT INTO brand SELECT ?, count(*), ?, ? FROM brand", [name, to_ms(terms.response_horizon_s), hours]
    )
    for place, (tier, sla_s) in enumerate(terms.sla_s.items()):
        connection.execute("INSERT INTO tier VALUES (?, ?, ?, ?)", [name, place, tier, to_ms(sla_s)])
    for channel, per_hour in terms.baseline.items():
        connection.execute("INSERT INTO baseline VALUES (?, ?, ?)", [name, channel, per_hour])


def _add_unnamed_brands(meta: Meta, connection: duckdb.DuckDBPyConnection) -> None:
    """Brands of mentions that the rules do not name have the general ones."""
    unnamed = connection.execute(
        "SELECT DISTINCT brand FROM mention ANTI JOIN brand USING (brand) WHERE brand <> '' ORDER BY brand"
    ).fetchall()
    for (name,) in unnamed:
        _add_brand(connection, name, BrandTerms(meta.response_horizon_s, {"default": meta.sla_s}, None, {}))


def _load_hours(meta: Meta, connection: duckdb.DuckDBPyConnection) -> None:
    """Spans of the days in which a case can have been opened, and of those until its limit."""
    _fill(connection, "service_span (brand VARCHAR, start_ms BIGINT, end_ms BIGINT)", ())
    first_ms, last_ms = connection.execute("SELECT min(time_ms), max(time_ms) FROM mention").fetchall()[0]
    if first_ms is None:
        return
    for name, terms in meta.brands.items():
        if terms.service_hours is not None:
            spans = list(open_spans(terms.service_hours, first_ms, last_ms + to_ms(meta.case_limit_s)))
            connection.execute(
                "INSERT INTO service_span SELECT ?, unnest(?::BIGINT[]), unnest(?::BIGINT[])",
                [name, [start for start, _ in spans], [end for _, end in spans]],
            )


def _load_feed_claims(meta: Meta, connection: duckdb.DuckDBPyConnection) -> None:
    types = {"feed": "VARCHAR", "source": "VARCHAR", "final": "BOOLEAN"}
    columns = ", ".join(f"{name} {types.get(name, 'BIGINT')}" for name in _FEED_COLUMNS)
    lacking = [name for feed in meta.feeds for name in _FEED_COLUMNS if name not in feed]
    if lacking:
        raise UnheardError(f"meta.json: its feeds lack {lacking[0]}: an older version wrote it, export again")
    _fill(connection, f"feed_claim ({columns})", [tuple(feed[name] for name in _FEED_COLUMNS) for feed in meta.feeds])


def _placed(names: Sequence[Any]) -> list[tuple[Any, int]]:
    return [(name, place) for place, name in enumerate(names)]


def _bands(lowest: Sequence[int]) -> Iterable[tuple[int, str, int]]:
    for place, low in enumerate(lowest):
        name = f"{low}-{lowest[place + 1] - 1}" if place + 1 < len(lowest) else f"{low}+"
        yield place, name, low


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.execute(f"CREATE TABLE {table}")
    filled = list(rows)
    if filled:
        places = ", ".join("?" * len(filled[0]))
        connection.executemany(f"INSERT INTO {table.partition(' ')[0]} VALUES ({places})", filled)
