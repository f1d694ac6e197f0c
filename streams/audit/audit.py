"""One export from its files to the differences."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec

from config.errors import UnheardError
from streams.audit.compare import KINDS, compare, difference_lines
from streams.audit.meta import read_meta
from streams.audit.records import count_records, record_lines
from streams.audit.tables import load, recompute


class Checked(msgspec.Struct, frozen=True):
    """Rows of one kind: ``recomputed`` ones, and of them those that are ``left_out`` because a feed still ran. ``rows``
    of them differ, in so many ``differences``."""

    recomputed: int
    left_out: int
    rows: int
    differences: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """``lines`` spells out the first differences, in order of kinds; ``notes`` say what cannot be told."""

    agrees: bool
    mentions: Checked
    cases: Checked
    windows: Checked
    gaps: Checked
    feeds: Checked
    differences: int
    lines: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def by_kind(self) -> dict[str, Checked]:
        names = ("mentions", *(kind.name for kind in KINDS))
        return {name: getattr(self, name) for name in names}


def audit(directory: Path, limit: int) -> Audit:
    """Recompute the account of the export in ``directory``; at most ``limit`` differences of each kind are spelled out.
    Raises UnheardError for one that cannot be read."""
    with database() as connection:
        load(directory, read_meta(directory), connection)
        recompute(connection)
        mentions, disagreements = count_records(connection)
        checked = {kind.name: Checked(*compare(connection, kind)) for kind in KINDS}
        checked["mentions"] = Checked(mentions, 0, disagreements, disagreements)
        lines = record_lines(connection, limit)
        for kind in KINDS:
            lines += difference_lines(connection, kind, limit)
        differences = sum(one.differences for one in checked.values())
        return Audit(
            agrees=not differences,
            **checked,
            differences=differences,
            lines=tuple(lines),
            notes=tuple(_notes(connection)),
        )


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """In memory, as far as it fits. Times are UTC wherever this runs."""
    with tempfile.TemporaryDirectory(prefix="unheard-audit-") as overflow, duckdb.connect() as connection:
        connection.execute("SET temp_directory = ?", [overflow])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        try:
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise UnheardError(f"the audit needs more memory: {str(error).splitlines()[0]}") from None


def _notes(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    running = connection.execute("SELECT DISTINCT feed FROM epoch WHERE NOT feed_ended ORDER BY feed").fetchall()
    if running:
        names = ", ".join(row[0] for row in running)
        yield f"still running when this was exported: {names}; what was not final then is left out"
    for feed, overtaken in connection.execute(
        "SELECT feed, overtaken FROM feed_claim WHERE overtaken > 0 ORDER BY feed"
    ).fetchall():
        yield f"{overtaken} mentions of {feed} came behind W: an export does not tell which, cases may differ by them"
