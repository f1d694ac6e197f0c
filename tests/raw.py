"""Builders of raw records: a test names only what matters to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from config.load import load_settings
from config.settings import Settings
from models.records import STAMP_HEADER, Control, ControlKind, Mention, Stamp
from streams.stages.classify import Context
from streams.stages.decode import Headers, RawBatch
from tests.fakes import WordJudge

NOON_MS = 1_500_000_000_000
TOPIC = "mentions.raw.v1"
BRANDS: list[dict[str, Any]] = [
    {
        "name": "Acme",
        "handles": ["AcmeCare", "acme"],
        "bot_handles": ["AcmeBot"],
        "keywords": ["acme air"],
        "tiers": [
            {"name": "press", "sla_ms": 60_000, "min_followers": 10_000, "verified": True},
            {"name": "fans", "sla_ms": 120_000, "min_followers": 500},
        ],
    },
    {"name": "Bolt", "handles": ["bolt"], "keywords": ["thunder"]},
]


def settings(**overrides: Any) -> Settings:
    """Settings with two brands and three care partitions; ``rules__lateness_ms=5`` sets a nested field."""
    own: dict[str, Any] = {"brands": BRANDS, "topics.care_partitions": 3, "topics.capture_partitions": 2}
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_settings(environ={}, overrides=own | dotted)


def context(**overrides: Any) -> Context:
    return Context.make(settings(**overrides), WordJudge(), TOPIC, "topic-1", "config-1")


def mention(number: int = 1, **fields: Any) -> Mention:
    """Mention ``number`` of feed ``f``, seconds apart, by customer c<number> to Acme unless ``fields`` differ."""
    time_ms = fields.get("created_at_ms", NOON_MS + 1_000 * number)
    base = {
        "id": str(number),
        "author": f"c{number}",
        "created_at_ms": time_ms,
        "text": "an issue with my bag",
        "mentions": ("acmecare",),
        "feed": "f",
        "epoch": 1,
        "seq": number,
        "feed_time_ms": time_ms,
    }
    return Mention(**(base | fields))


def control(kind: ControlKind, **fields: Any) -> Control:
    own: dict[str, Any] = {"feed": "f", "epoch": 1}
    return Control(control=kind, **(own | fields))


def stamp_header(stamp: Stamp) -> tuple[str, bytes]:
    return STAMP_HEADER, msgspec.json.encode(stamp)


Value = Mention | Control | bytes | str | None


def batch(
    values: Sequence[Value] | Mapping[int, Sequence[Value]],
    *,
    start: int = 0,
    headers: Mapping[int, Headers] | None = None,
    keys: Mapping[int, bytes] | None = None,
) -> RawBatch:
    """A batch of partition 0, or of several partitions; offsets count from ``start``, extras go by row."""
    by_partition = values if isinstance(values, Mapping) else {0: values}
    rows = [(p, start + i, value) for p, items in sorted(by_partition.items()) for i, value in enumerate(items)]
    extras = {row: ((keys or {}).get(row), (headers or {}).get(row, [])) for row in range(len(rows))}
    columns = ([p for p, _, _ in rows], [at for _, at, _ in rows], [as_bytes(value) for _, _, value in rows])
    return RawBatch(*columns, lambda row: extras[row])


def as_bytes(value: Value) -> bytes | None:
    if isinstance(value, Mention | Control):
        return msgspec.json.encode(value)
    return value.encode() if isinstance(value, str) else value
