"""Tells the format of a file from its content, whatever its name says, and opens it."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from config.errors import UnheardError
from streams.formats.files import PARQUET_MAGIC, PhysicalLine, read_chunks, split_lines
from streams.formats.jsonl import read_jsonl
from streams.formats.lines import ReadLimits, SourceLine
from streams.formats.parquet import read_parquet
from streams.formats.twcs import header_columns, read_twcs
from streams.formats.x_v1 import CONTROL_KEYS, read_x_v1
from streams.formats.x_v2 import read_x_v2

_SAMPLE_LINES: Final = 1000
_SAMPLE_BYTES: Final = 4 << 20


class Format(StrEnum):
    TWCS = "TWCS CSV"
    X_V1 = "X API v1.1 JSON lines"
    X_V2 = "X API v2 JSON lines"
    JSONL = "Unheard JSON lines"
    PARQUET = "Parquet"


_READERS: Final = {
    Format.TWCS: read_twcs,
    Format.X_V1: read_x_v1,
    Format.X_V2: read_x_v2,
    Format.JSONL: read_jsonl,
}


def detect_format(path: Path, limits: ReadLimits) -> Format:
    """Raises UnheardError if the file is missing, empty, no file, damaged or of no format that Unheard reads."""
    if not path.exists():
        raise UnheardError(f"there is no file {path}")
    if not path.is_file():
        raise UnheardError(f"{path} is no regular file")
    chunks = read_chunks(path)
    first = next(filter(None, chunks), b"")
    if first.startswith(PARQUET_MAGIC):
        return Format.PARQUET
    sample = _sample(first, chunks, limits)
    if not any(line.raw.strip() for line in sample):
        raise UnheardError(f"{path} is empty")
    if header_columns(sample[0].raw):
        return Format.TWCS
    for line in sample:
        known = _format_of_line(line.raw)
        if known is not None:
            return known
    raise UnheardError(
        f"{path} is of no format that Unheard reads ({', '.join(Format)}; the text ones also as .gz and .zst)"
    )


def read_source(path: Path, source_format: Format, limits: ReadLimits) -> Iterator[SourceLine]:
    """Every line of the file, in file order. Raises UnheardError where a file turns out to be damaged."""
    if source_format is Format.PARQUET:
        return read_parquet(path, limits)
    return _READERS[source_format](split_lines(read_chunks(path), limits.line_bytes), limits)


def _sample(first: bytes, chunks: Iterator[bytes], limits: ReadLimits) -> list[PhysicalLine]:
    def bounded() -> Iterator[bytes]:
        seen = len(first)
        yield first
        for chunk in chunks:
            if seen > _SAMPLE_BYTES:
                return
            seen += len(chunk)
            yield chunk

    return list(islice(split_lines(bounded(), limits.line_bytes), _SAMPLE_LINES))


def _format_of_line(raw: bytes) -> Format | None:
    """The format that a line speaks for; None for one that could be of any, or of none."""
    try:
        value: Any = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("data"), dict | list):
        return Format.X_V2
    if "id_str" in value and "user" in value:
        return Format.X_V1
    if "control" in value or {"author", "text"} <= value.keys():
        return Format.JSONL
    if len(value) == 1 and value.keys() <= CONTROL_KEYS - {"delete"}:
        return Format.X_V1
    if isinstance(value.get("delete"), dict):
        return Format.X_V1 if "status" in value["delete"] else Format.X_V2
    return None
