"""Goal: Parquet rows are mentions under the same rules as lines."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from config.errors import UnheardError
from models.records import Mention, RejectReason
from streams.formats.lines import Broken, Good
from tests.formats.samples import read_file


def write(path: Path, **columns: Any) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_rows_are_mentions_and_nulls_are_defaults(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.parquet",
        id=["1", "2"],
        author=["a", "b"],
        created_at_ms=[1_700_000_000_000, 1_700_000_000_001],
        text=["x", "y"],
        mentions=[["acme"], None],
        lang=[None, "en"],
        seq=[4, None],
        ignored=[1, 2],
    )
    assert read_file(path) == [
        Good(Mention(id="1", author="a", created_at_ms=1_700_000_000_000, text="x", mentions=("acme",)), seq=4),
        Good(Mention(id="2", author="b", created_at_ms=1_700_000_000_001, text="y", lang="en")),
    ]


def test_times_may_be_timestamps_or_texts(tmp_path: Path) -> None:
    moment = datetime(2024, 3, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    stamps = write(tmp_path / "a", id=["1"], author=["a"], text=["x"], created_at=[moment])
    texts = write(tmp_path / "b", id=["1"], author=["a"], text=["x"], created_at=["2024-03-01T10:00:00.123Z"])
    assert read_file(stamps) == read_file(texts)
    (line,) = read_file(stamps)
    assert isinstance(line, Good)
    assert line.mention.created_at_ms == 1_709_287_200_123


def test_a_broken_row_is_a_reject_with_its_number(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x",
        id=["1", None, "3", "4"],
        author=["a"] * 4,
        text=["x", "x", "nul \x00", "x"],
        created_at_ms=[1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000, 5],
    )
    lines = read_file(path)
    rejects = [(line.position, line.reason) for line in lines if isinstance(line, Broken)]
    assert rejects == [
        (2, RejectReason.WRONG_SHAPE),
        (3, RejectReason.BAD_TEXT),
        (4, RejectReason.TIME_OUT_OF_RANGE),
    ]


def test_text_that_is_not_utf8_costs_its_row_only(tmp_path: Path) -> None:
    binary = pyarrow.array([b"good", b"caf\xe9", b"good"]).view(pyarrow.utf8())
    path = write(
        tmp_path / "x", id=["1", "2", "3"], author=["a"] * 3, text=binary, created_at_ms=[1_700_000_000_000] * 3
    )
    assert [getattr(line, "reason", "good") for line in read_file(path)] == ["good", RejectReason.NOT_UTF8, "good"]


def test_a_file_without_a_needed_column_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "x", id=["1"], text=["x"], created_at_ms=[1])
    with pytest.raises(UnheardError, match="lacks the column author"):
        read_file(path)


def test_a_truncated_file_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "x", id=["1"] * 1000, author=["a"] * 1000, text=["x"] * 1000, created_at_ms=[1] * 1000)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnheardError, match="damaged"):
        read_file(path)
