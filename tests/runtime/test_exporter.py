"""Exports are written whole, in either format, and say the same in both."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from config.errors import UnheardError
from models.packed import LineKind
from models.records import STAMP_HEADER, RejectReason, Stamp
from streams.runtime.classified import ClassifiedRows
from streams.runtime.exporter import ROWS, ExportDirectory, Exports
from streams.stages import export
from streams.stages.line_runs import line_rows
from tests.stages.account_rows import (
    TIME_MS,
    case_record,
    classified,
    escalation,
    feed_record,
    gap_record,
    verdict,
    window_record,
)
from tests.stages.capture_told import rules
from tests.stages.test_line_runs import of_kind, report

encode = msgspec.json.encode
STAMP = Stamp(feed="f", epoch=1, seq=5, feed_time_ms=TIME_MS, reason=RejectReason.NOT_JSON, position=17)


def made() -> Exports:
    counts = {"received": 2, "intent_issue": 1, "first_response_3": 1, "first_response_86": 2, "cases_opened": 4}
    told = rules()
    return Exports(
        classified=ClassifiedRows(
            [
                classified(),
                classified(verdict(late=True), seq=2),
                classified(verdict(intent=None, customers=("a", "b")), id="2"),
            ],
            (),
        ),
        escalations=export.escalation_rows([encode(escalation())]),
        cases=export.case_rows([encode(case_record()), encode(case_record(case_id="2", resolution_ms=1001))]),
        windows=export.window_rows(
            [encode(window_record(counts=counts)), encode(window_record(brand="acme", counts=counts))]
        ),
        gaps=export.gap_rows([encode(gap_record())]),
        lines=list(line_rows([report(of_kind(LineKind.MENTION, 1, 2))])),
        dlq=export.dlq_rows([(b"{", {STAMP_HEADER: encode(STAMP)})]),
        meta=export.meta_of(
            told, model="m", config="c", watermark_ms=TIME_MS, feeds=export.feed_rows([encode(feed_record())])
        ),
    )


def plain(value: Any) -> Any:
    """What DuckDB reads from Parquet, as JSON has it."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def test_parquet_says_what_json_lines_say_in_typed_columns(tmp_path: Path) -> None:
    with made() as exports:
        lines = ExportDirectory.made(tmp_path / "lines").write(exports)
        assert ExportDirectory.made(tmp_path / "columns").write(exports, "parquet") == lines
    assert lines == {
        "classified": 2,
        "copies": 1,
        "escalations": 1,
        "cases": 2,
        "windows": 2,
        "gaps": 1,
        "lines": 1,
        "dlq": 1,
    }
    with duckdb.connect() as connection:
        for name in lines:
            found = connection.execute(f"FROM read_parquet('{tmp_path}/columns/{name}.parquet')")
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]
            written = (tmp_path / "lines" / f"{name}.jsonl").read_text().splitlines()
            assert rows == [json.loads(line) for line in written]
        types = dict(
            connection.execute(
                f"SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('{tmp_path}/columns/cases.parquet'))"
            ).fetchall()
        )
    assert (types["opened"], types["closed"]) == ("TIMESTAMP WITH TIME ZONE",) * 2
    metas = [(tmp_path / directory / "meta.json").read_bytes() for directory in ("lines", "columns")]
    assert metas[0] == metas[1]


def test_a_file_without_rows_has_its_columns_all_the_same(tmp_path: Path) -> None:
    with made() as exports:
        ExportDirectory.made(tmp_path).write(msgspec.structs.replace(exports, gaps=[]), "parquet")
    with duckdb.connect() as connection:
        assert len(connection.execute(f"DESCRIBE FROM read_parquet('{tmp_path}/gaps.parquet')").fetchall()) == 12


def test_a_directory_holds_one_export(tmp_path: Path) -> None:
    with made() as exports:
        ExportDirectory.made(tmp_path).write(exports, "parquet")
        ExportDirectory.made(tmp_path).write(exports)
    assert {path.name for path in tmp_path.iterdir()} == {*ROWS, export.META_FILE}


def test_a_file_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    (tmp_path / export.CASES_FILE).mkdir()
    with made() as exports, pytest.raises(UnheardError, match="cannot write to"):
        ExportDirectory.made(tmp_path).write(exports)
    assert not list(tmp_path.glob(".*"))


def test_classified_rows_are_read_as_often_as_wanted_and_leave_nothing(tmp_path: Path) -> None:
    rows = ClassifiedRows((classified(id=str(number % 50), seq=number) for number in range(100)), (), tmp_path)
    assert list(tmp_path.iterdir()) != []
    assert len(list(rows)) == len(list(rows)) == len(list(rows.copies)) == len(list(rows.copies)) == 50
    rows.close()
    assert list(tmp_path.iterdir()) == []
