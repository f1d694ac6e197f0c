"""What the audit recomputes of an export, as plain rows."""

from pathlib import Path
from typing import Any

from streams.audit.audit import database
from streams.audit.meta import read_meta
from streams.audit.tables import load, recompute
from tests.audit.export import START, Row, write


def recomputed(directory: Path, table: str, columns: str, order: str = "ALL", **files: Any) -> list[tuple[Any, ...]]:
    """``columns`` (SQL) of a recomputed table. Times are told by ``since``, in ms after the start."""
    write(directory, **files)
    with database() as connection:
        load(directory, read_meta(directory), connection)
        connection.execute(f"CREATE MACRO since(time_ms) AS time_ms - {int(START.timestamp() * 1000)}")
        recompute(connection)
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()


def cases(directory: Path, columns: str, classified: list[Row], **files: Any) -> list[tuple[Any, ...]]:
    return recomputed(directory, "case_found", columns, "case_n", classified=classified, **files)
