"""The files of an export as tables: their columns, and what is said when one is not there or of another shape."""

import json
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from config.errors import UnheardError

_RATE: Final = "STRUCT(numerator BIGINT, denominator BIGINT, pending BIGINT, value DOUBLE)"
_VOLUME: Final = "STRUCT(numerator BIGINT, denominator DOUBLE, pending BIGINT, value DOUBLE)"
_TIMES: Final = "STRUCT(count BIGINT, p50_ms BIGINT, p90_ms BIGINT, histogram BIGINT[][])"
_CLASSIFIED: Final = {
    "id": "VARCHAR",
    "source": "VARCHAR",
    "brand": "VARCHAR",
    "role": "VARCHAR",
    "customers": "VARCHAR[]",
    "created_at": "VARCHAR",
    "intent": "VARCHAR",
    "needs_reply": "BOOLEAN",
    "actionable": "BOOLEAN",
    "escalate": "BOOLEAN",
    "reasons": "VARCHAR[]",
    "diverts": "VARCHAR",
    "closes": "BOOLEAN",
    "pii": "VARCHAR[]",
    "late": "BOOLEAN",
    "tier": "VARCHAR",
    "followers": "BIGINT",
    "feed": "VARCHAR",
    "epoch": "BIGINT",
    "seq": "BIGINT",
}
COLUMNS: Final[dict[str, dict[str, str]]] = {
    "classified": _CLASSIFIED,
    "copies": _CLASSIFIED,
    "lines": {
        "feed": "VARCHAR",
        "source": "VARCHAR",
        "epoch": "BIGINT",
        "kind": "VARCHAR",
        "from_seq": "BIGINT",
        "to_seq": "BIGINT",
        "from": "VARCHAR",
        "to": "VARCHAR",
        "silent_s": "DOUBLE",
        "track": "BIGINT",
        "settle_s": "DOUBLE",
        "final": "BOOLEAN",
    },
    "dlq": {"feed": "VARCHAR", "epoch": "BIGINT", "seq": "BIGINT"},
    "cases": {
        "source": "VARCHAR",
        "brand": "VARCHAR",
        "customer": "VARCHAR",
        "tier": "VARCHAR",
        "opened": "VARCHAR",
        "opened_by": "VARCHAR",
        "outcome": "VARCHAR",
        "closed": "VARCHAR",
        "first_response_s": "DOUBLE",
        "sla_due": "VARCHAR",
        "sla_breached": "BOOLEAN",
        "mentions": "BIGINT",
        "replies": "BIGINT",
        "recontact": "BOOLEAN",
        "reopened": "BIGINT",
        "next_responses": "BIGINT",
        "longest_next_response_s": "DOUBLE",
        "resolution_s": "DOUBLE",
        "definitions": "BIGINT",
    },
    "windows": {
        "window_start": "VARCHAR",
        "window_s": "DOUBLE",
        "brand": "VARCHAR",
        "source": "VARCHAR",
        "received": "BIGINT",
        "roles": "STRUCT(customer_actionable BIGINT, customer_other BIGINT, brand BIGINT, bot BIGINT, no_brand BIGINT)",
        "duplicates": "BIGINT",
        "difference": "BIGINT",
        "intents": "MAP(VARCHAR, BIGINT)",
        "escalated": "BIGINT",
        "reasons": "MAP(VARCHAR, BIGINT)",
        "pii": "MAP(VARCHAR, BIGINT)",
        "diverting_replies": "BIGINT",
        "missed_exact": "BIGINT",
        "missed_upstream": "BIGINT",
        "coverage": _RATE,
        "cases": "STRUCT(opened BIGINT, missed BIGINT, stalled BIGINT, diverted BIGINT, resolved BIGINT, "
        "pending BIGINT, replied BIGINT, recontact BIGINT, reopened BIGINT)",
        "rates": f"MAP(VARCHAR, {_RATE})",
        "sla_by_tier": f"MAP(VARCHAR, {_RATE})",
        "first_response": "STRUCT(count BIGINT, p50_ms BIGINT, p90_ms BIGINT, km_p50_ms BIGINT, km_p90_ms BIGINT, "
        "histogram BIGINT[][], censored BIGINT[][])",
        "next_response": _TIMES,
        "resolution": _TIMES,
        "response_by_followers": f"MAP(VARCHAR, {_RATE})",
        "share_of_voice": _RATE,
        "volume_ratio": f"MAP(VARCHAR, {_VOLUME})",
        "open": "BIGINT",
        "waiting": "BIGINT",
        "final": "BOOLEAN",
        "definitions": "BIGINT",
    },
    "gaps": {
        "feed": "VARCHAR",
        "source": "VARCHAR",
        "epoch": "BIGINT",
        "cause": "VARCHAR",
        "exact": "BOOLEAN",
        "from_seq": "BIGINT",
        "to_seq": "BIGINT",
        "from": "VARCHAR",
        "to": "VARCHAR",
        "missed": "BIGINT",
        "estimated": "BIGINT",
        "definitions": "BIGINT",
    },
}


class ExportFile(NamedTuple):
    """``name`` is without its ending."""

    name: str
    path: Path

    @property
    def scan(self) -> str:
        """A table function of SQL that reads the file."""
        place = "'" + str(self.path).replace("'", "''") + "'"
        if self.path.suffix == ".parquet":
            return f"read_parquet({place})"
        columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in COLUMNS[self.name].items())
        return f"read_json({place}, format = 'newline_delimited', columns = {{{columns}}})"


def find_files(directory: Path) -> dict[str, ExportFile]:
    """Every file of the export by name. Raises UnheardError for one that is missing or lacks a column."""
    files = {name: ExportFile(name, _path_of(directory, name)) for name in COLUMNS}
    for file in files.values():
        lacking = [column for column in COLUMNS[file.name] if column not in (_names(file) or COLUMNS[file.name])]
        if lacking:
            raise UnheardError(f"{file.path} lacks {', '.join(lacking)}: an older version wrote it, export again")
    return files


def _path_of(directory: Path, name: str) -> Path:
    found = [path for ending in ("jsonl", "parquet") if (path := directory / f"{name}.{ending}").is_file()]
    if not found:
        raise UnheardError(f"{directory} has no {name}.jsonl or {name}.parquet: an older version left it, export again")
    if len(found) > 1:
        raise UnheardError(f"{directory} has both {found[0].name} and {found[1].name}: remove one of them")
    return found[0]


def _names(file: ExportFile) -> list[str]:
    """The columns of the first row; empty where there is none to ask. Raises UnheardError."""
    try:
        if file.path.suffix == ".parquet":
            described = duckdb.execute(f"DESCRIBE SELECT * FROM {file.scan}").fetchall()
            return [str(row[0]) for row in described]
        with file.path.open(encoding="utf-8") as lines:
            first = json.loads(lines.readline() or "{}")
    except (OSError, ValueError, duckdb.Error) as error:
        raise UnheardError(f"{file.path} cannot be read: {_first_line(error)}") from None
    if not isinstance(first, dict):
        raise UnheardError(f"{file.path} is no file of an export: its first line is no object")
    return list(first)


def unreadable(file: ExportFile, error: duckdb.Error) -> UnheardError:
    return UnheardError(f"{file.path} cannot be read: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
