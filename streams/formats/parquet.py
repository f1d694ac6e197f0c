"""Parquet with the columns of :class:`models.records.Mention`; ``created_at`` (timestamp or RFC 3339 text) may
stand instead of ``created_at_ms``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from config.errors import UnheardError
from models.records import Mention, RejectReason
from streams.formats.lines import LARGEST_NUMBER, Broken, Good, MalformedError, ReadLimits, SourceLine, check_mention
from streams.formats.times import parse_rfc3339

_BATCH_ROWS: Final = 2048
_NEEDED: Final = ("id", "author", "text")
_STAMPS: Final = {"feed": "", "epoch": 0, "seq": 0, "feed_time_ms": 0}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_parquet(path: Path, limits: ReadLimits) -> Iterator[SourceLine]:
    """Rows in file order; a row's position is its 1-based number. Raises UnheardError for a file that is damaged or
    lacks a column."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        columns = _columns(path, file.schema_arrow.names)
        position = 0
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
            for row in _rows(batch):
                position += 1
                yield _parse(row, position, limits)
    except (pyarrow.ArrowException, OSError) as error:
        raise UnheardError(f"{path} is damaged or no Parquet file: {str(error).splitlines()[0]}") from None


def _columns(path: Path, names: list[str]) -> list[str]:
    missing = [name for name in _NEEDED if name not in names]
    if not {"created_at", "created_at_ms"} & set(names):
        missing.append("created_at_ms")
    if missing:
        raise UnheardError(f"{path} lacks the column {missing[0]} of a mention")
    return [name for name in names if name in {*Mention.__struct_fields__, "created_at"}]


def _rows(batch: Any) -> Iterator[dict[str, Any] | None]:
    """Rows as plain values; None for a row with text that is not UTF-8 (Parquet does not check it)."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except UnicodeDecodeError:
                yield None


def _parse(row: dict[str, Any] | None, position: int, limits: ReadLimits) -> SourceLine:
    if row is None:
        return Broken(b"", position, RejectReason.NOT_UTF8)
    try:
        return _good({name: value for name, value in row.items() if value is not None}, limits)
    except MalformedError as error:
        return Broken(orjson.dumps(row, default=str)[: limits.line_bytes], position, error.reason)


def _good(row: dict[str, Any], limits: ReadLimits) -> Good:
    created_at = row.pop("created_at", None)
    if "created_at_ms" not in row and created_at is not None:
        row["created_at_ms"] = _time_ms(created_at)
    try:
        mention = msgspec.convert(row, Mention)
    except msgspec.ValidationError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None
    feed, epoch, seq = mention.feed, mention.epoch, mention.seq
    if not (0 <= epoch <= LARGEST_NUMBER and 0 <= seq <= LARGEST_NUMBER):
        raise MalformedError(RejectReason.WRONG_SHAPE)
    mention = check_mention(msgspec.structs.replace(mention, **_STAMPS), limits)
    return Good(mention, mention.verified and mention.reply_to != "", feed, epoch, seq)


def _time_ms(value: object) -> int:
    """A timestamp without a zone is UTC, as Parquet has it."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)
    try:
        return parse_rfc3339(value) if isinstance(value, str) else int(str(value))
    except ValueError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None
