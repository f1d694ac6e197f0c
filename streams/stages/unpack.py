"""Record values as plain data that people can read: JSON as it is, packed blocks taken apart."""

from collections.abc import Callable
from itertools import islice
from typing import Any, Final

import msgspec
import numpy as np
import orjson

from models.packed import EVENT_DTYPE, LINE_DTYPE, CaptureBlock, CareBlock, LineKind, PartialBlock
from models.records import INTENTS, PII_KINDS, REASONS, Flag, Role
from streams.stages import topics
from streams.stages.verdicts import names_of


def unpack(topic: str, value: bytes | None) -> Any:
    """``topic`` is a name of the catalogue, without prefix. Values that nobody can read come as text."""
    if value is None:
        return None
    try:
        return _UNPACKERS.get(topic, orjson.loads)(value)
    except (msgspec.DecodeError, orjson.JSONDecodeError):
        return value.decode(errors="backslashreplace")


def _unpack_care(value: bytes) -> Any:
    block = msgspec.msgpack.decode(value, type=CareBlock)
    ids = block.ids.decode(errors="backslashreplace").split("\0")
    events = iter(
        [
            _row(row)
            | {
                "id": mention,
                "customer": f"{row['customer']:016x}",
                "pair": list(block.pairs[row["pair"]]),
                "feed": block.feeds[row["feed"]],
                "flags": [flag.name for flag in Flag if int(row["flags"]) & flag],
                "role": Role(int(row["role"])).name.lower(),
                "intent": INTENTS[row["intent"]],
                "reasons": names_of(int(row["reasons"]), REASONS),
                "pii": names_of(int(row["pii"]), PII_KINDS),
            }
            for row, mention in zip(np.frombuffer(block.rows, EVENT_DTYPE), ids[:-1], strict=True)
        ]
    )
    sections = [
        {"span": named(section.span), "events": list(islice(events, section.events))} for section in block.sections
    ]
    return {"schema": block.schema, "model": block.model, "config": block.config, "sections": sections}


def _unpack_capture(value: bytes) -> Any:
    block = msgspec.msgpack.decode(value, type=CaptureBlock)
    sections = [
        {
            "span": named(section.span),
            "feeds": [
                named(feed)
                | {
                    "rows": [
                        _row(row) | {"kind": LineKind(int(row["kind"])).name.lower()}
                        for row in np.frombuffer(feed.rows, LINE_DTYPE)
                    ]
                }
                for feed in section.feeds
            ],
        }
        for section in block.sections
    ]
    return {"schema": block.schema, "sections": sections}


def _unpack_partial(value: bytes) -> Any:
    return named(msgspec.msgpack.decode(value, type=PartialBlock))


def _row(row: np.void) -> dict[str, Any]:
    return {name: row[name].item() for name in row.dtype.names or ()}


def named(record: msgspec.Struct) -> dict[str, Any]:
    """A packed record's fields by name, nested ones too."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return named(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


_UNPACKERS: Final[dict[str, Callable[[bytes], Any]]] = {
    topics.CARE_EVENTS: _unpack_care,
    topics.CAPTURE_REPORTS: _unpack_capture,
    topics.PARTIALS: _unpack_partial,
}
