"""TWCS CSV, the columns of "Customer Support on Twitter".

Customers are numbers and brands are names in ``author_id``; texts name both with ``@``. A record ends where its
quotes balance. While a quote is open, a physical line that looks like the beginning of a record ends it too, and so
does the line limit: a quote that nobody closes costs its own record and not the rest of the file.
"""

import csv
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from models.records import Mention, RejectReason
from streams.formats.files import PhysicalLine
from streams.formats.lines import Broken, Good, MalformedError, ReadLimits, SourceLine, check_mention, handles_in
from streams.formats.times import parse_twitter_time

COLUMNS: Final = (
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "response_tweet_id",
    "in_response_to_tweet_id",
)
NEEDED: Final = frozenset(COLUMNS) - {"response_tweet_id"}
_ID: Final = re.compile(r"(\d{1,30})(?:\.0*)?", re.ASCII)
_DATE: Final = rb'"?[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2} [+-]\d{4} \d{4}'


class _Layout(NamedTuple):
    width: int
    tweet_id: int
    author_id: int
    inbound: int
    created_at: int
    text: int
    reply_to: int
    start: re.Pattern[bytes] | None  # what the first line of a record looks like, if that can be told


class _Record(NamedTuple):
    number: int
    raw: bytes
    fault: RejectReason | None = None


def header_columns(raw: bytes) -> tuple[str, ...]:
    """Column names of a header line, () if it is none of this format."""
    try:
        names = tuple(name.strip().lower() for name in next(csv.reader([raw.decode("utf-8-sig")]), ()))
    except (UnicodeDecodeError, csv.Error):
        return ()
    return names if set(names) >= NEEDED else ()


def read_twcs(lines: Iterator[PhysicalLine], limits: ReadLimits) -> Iterator[SourceLine]:
    """The first line must be the header (see :func:`header_columns`). Positions are physical lines."""
    header = next(lines, None)
    columns = header_columns(header.raw) if header else ()
    if not columns:
        return
    layout = _layout(columns)
    csv.field_size_limit(max(csv.field_size_limit(), limits.line_bytes))
    for record in _records(lines, layout.start, limits.line_bytes):
        try:
            yield _parse(record, layout, limits)
        except MalformedError as error:
            yield Broken(record.raw, record.number, error.reason)


def _layout(columns: tuple[str, ...]) -> _Layout:
    at = columns.index
    created_at, text = at("created_at"), at("text")
    start = rb'(?:"?[^",]*"?,){%d}' % created_at + _DATE if created_at < text else None
    return _Layout(
        len(columns),
        at("tweet_id"),
        at("author_id"),
        at("inbound"),
        created_at,
        text,
        at("in_response_to_tweet_id"),
        re.compile(start) if start is not None else None,
    )


def _records(lines: Iterator[PhysicalLine], start: re.Pattern[bytes] | None, line_bytes: int) -> Iterator[_Record]:
    """Join physical lines into records."""
    pending: list[bytes] = []
    number = size = 0
    is_open = False
    for line in lines:
        if pending and (size + len(line.raw) > line_bytes or (start is not None and start.match(line.raw))):
            yield _Record(number, b"\n".join(pending), RejectReason.NOT_CSV)
            pending, size, is_open = [], 0, False
        if line.cut:
            yield _Record(line.number, b"\n".join([*pending, line.raw])[:line_bytes], RejectReason.TOO_LARGE)
            pending, size, is_open = [], 0, False
            continue
        number = number if pending else line.number
        is_open ^= line.raw.count(b'"') % 2 == 1
        if is_open:
            pending.append(line.raw)
            size += len(line.raw) + 1
        else:
            yield _Record(number, b"\n".join([*pending, line.raw]) if pending else line.raw)
            pending, size = [], 0
    if pending:
        yield _Record(number, b"\n".join(pending), RejectReason.NOT_CSV)


def _parse(record: _Record, layout: _Layout, limits: ReadLimits) -> Good:
    row = _fields(record, layout.width)
    official = _is_false(row[layout.inbound])
    name, text = row[layout.author_id].strip(), row[layout.text]
    mention = Mention(
        id=_plain_id(row[layout.tweet_id]),
        author=name.lower(),
        created_at_ms=_time_ms(row[layout.created_at]),
        text=text,
        source="twcs",
        handle=name if official else "",
        reply_to=_plain_id(row[layout.reply_to]),
        mentions=handles_in(text),
    )
    return Good(check_mention(mention, limits), official)


def _fields(record: _Record, width: int) -> list[str]:
    raw = record.raw
    if record.fault is not None:
        raise MalformedError(record.fault)
    if not raw.strip():
        raise MalformedError(RejectReason.EMPTY)
    if b"\x00" in raw:
        raise MalformedError(RejectReason.BAD_TEXT)
    try:
        rows = list(csv.reader([raw.decode()], strict=True))
    except UnicodeDecodeError:
        raise MalformedError(RejectReason.NOT_UTF8) from None
    except csv.Error:
        raise MalformedError(RejectReason.NOT_CSV) from None
    if len(rows) != 1 or len(rows[0]) != width:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    return rows[0]


def _is_false(text: str) -> bool:
    match text.strip().lower():
        case "false":
            return True
        case "true":
            return False
    raise MalformedError(RejectReason.WRONG_SHAPE)


def _plain_id(text: str) -> str:
    """``"4.0"`` (what pandas makes of an id beside empty cells) and ``"4"`` are both ``"4"``."""
    text = text.strip()
    if not text:
        return ""
    match = _ID.fullmatch(text)
    if match is None:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    return match.group(1)


def _time_ms(text: str) -> int:
    try:
        return parse_twitter_time(text.strip())
    except ValueError:
        raise MalformedError(RejectReason.WRONG_SHAPE) from None
