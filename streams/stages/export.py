"""Topic records to export rows: what ``--out`` and ``unheard export`` leave on disk.

Of the records of one key the last state stands, whatever order they are read in. Rows are sorted. The texts of
mentions are in the escalations alone, masked. ``streams.stages.rows`` has the shapes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from models.records import (
    DEFINITIONS,
    FOLLOWER_BANDS,
    STAMP_HEADER,
    CaseRecord,
    Escalation,
    FeedRecord,
    GapRecord,
    RejectReason,
    Stamp,
)
from streams.stages.dead_letters import Digest
from streams.stages.rows import (
    BrandMeta,
    CaseRow,
    ClassifiedRow,
    DlqRow,
    EscalationRow,
    FeedRow,
    GapRow,
    HoursMeta,
    Meta,
    WindowRow,
    rfc3339,
)
from streams.stages.rules import BrandRules, Rules
from streams.stages.service_hours import ServiceHours
from streams.stages.windows import WindowRecord

CLASSIFIED_FILE: Final = "classified.jsonl"
COPIES_FILE: Final = "copies.jsonl"
ESCALATIONS_FILE: Final = "escalations.jsonl"
CASES_FILE: Final = "cases.jsonl"
WINDOWS_FILE: Final = "windows.jsonl"
GAPS_FILE: Final = "gaps.jsonl"
LINES_FILE: Final = "lines.jsonl"
DLQ_FILE: Final = "dlq.jsonl"
META_FILE: Final = "meta.json"

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

T = TypeVar("T")
Record = TypeVar("Record", CaseRecord, WindowRecord, GapRecord, FeedRecord)


class _Judgement(msgspec.Struct, frozen=True):
    """What a row says of ``models.records.Verdict``."""

    brand: str
    role: str
    customers: tuple[str, ...]
    intent: str | None
    needs_reply: bool
    actionable: bool
    escalate: bool
    escalation_score: float
    reasons: tuple[str, ...]
    diverts: str
    closes: bool
    pii: tuple[str, ...]
    late: bool
    lang: str
    tier: str


class _Classified(msgspec.Struct, frozen=True):
    """What a row says of a record of ``mentions.classified.v1``; its text is not even kept in memory."""

    id: str
    created_at_ms: int
    verdict: _Judgement
    source: str = "x"
    followers: int = 0
    verified: bool = False
    feed: str = ""
    epoch: int = 0
    seq: int = 0


_decode_classified: Final = msgspec.json.Decoder(_Classified).decode
_decode_row: Final = msgspec.json.Decoder(ClassifiedRow).decode


class ClassifiedItem(NamedTuple):
    """A row of ``ClassifiedRow`` as JSON behind what it is sorted by. ``place`` is that of its feed. The first item of
    a (source, id, brand) is the copy that counts."""

    source: str
    id: str
    brand: str
    late: bool
    time_ms: int
    place: int
    feed: str
    epoch: int
    seq: int
    row: bytes

    @property
    def stamp(self) -> tuple[str, int, int]:
        return (self.feed, self.epoch, self.seq)


def classified_item(value: bytes, places: Mapping[str, int]) -> ClassifiedItem:
    """``places`` has those of the feeds that ``feed_order`` names; the others follow by name."""
    record = _decode_classified(value)
    return ClassifiedItem(
        record.source,
        record.id,
        record.verdict.brand,
        record.verdict.late,
        record.created_at_ms,
        places.get(record.feed, len(places)),
        record.feed,
        record.epoch,
        record.seq,
        msgspec.json.encode(_classified_row(record)),
    )


def feed_places(feed_order: Sequence[str]) -> dict[str, int]:
    return {feed: place for place, feed in enumerate(feed_order)}


def counting_rows(items: Iterable[ClassifiedItem]) -> Iterator[ClassifiedRow]:
    """Of sorted items, the copy of each (source, id, brand) that counts."""
    for _, copies in groupby(items, key=_mention_of):
        yield _decode_row(next(copies).row)


def other_rows(items: Iterable[ClassifiedItem]) -> Iterator[ClassifiedRow]:
    """Of sorted items, all copies but the one that counts, each stamp once, in the order of time and stamp."""
    for _, copies in groupby(items, key=_mention_of):
        by_stamp = dict[tuple[str, int, int], ClassifiedItem]()
        for item in copies:
            by_stamp.setdefault(item.stamp, item)
        _, *others = by_stamp.values()
        for item in sorted(others, key=lambda item: (item.time_ms, *item.stamp)):
            yield _decode_row(item.row)


def _mention_of(item: ClassifiedItem) -> tuple[str, str, str]:
    return (item.source, item.id, item.brand)


def escalation_rows(values: Iterable[bytes]) -> list[EscalationRow]:
    decode = msgspec.json.Decoder(Escalation).decode
    best = _best(
        map(decode, values),
        lambda record: (record.source, record.id, record.brand),
        lambda record: (record.late, record.created_at_ms, msgspec.json.encode(record)),
    )
    return [_row(EscalationRow, best[key], created_at=rfc3339(best[key].created_at_ms)) for key in sorted(best)]


def case_rows(values: Iterable[bytes]) -> list[CaseRow]:
    rows = [
        _row(
            CaseRow,
            case,
            opened=rfc3339(case.opened_ms),
            closed=None if case.closed_ms is None else rfc3339(case.closed_ms),
            first_response_s=_seconds(case.first_response_ms),
            sla_due=rfc3339(case.sla_due_ms),
            longest_next_response_s=_seconds(case.longest_next_response_ms),
            resolution_s=_seconds(case.resolution_ms),
        )
        for case in _newest(values, CaseRecord, lambda case: case.case_id)
    ]
    return sorted(rows, key=lambda row: (row.source, row.brand, row.customer, row.opened, row.opened_by))


def window_rows(values: Iterable[bytes]) -> list[WindowRow]:
    ordered = sorted(_newest(values, WindowRecord, _window_key), key=_window_key)
    return [_row(WindowRow, window, window_start=rfc3339(window.window_start_ms)) for window in ordered]


def gap_rows(values: Iterable[bytes]) -> list[GapRow]:
    newest = _newest(values, GapRecord, _gap_key)
    return [
        _row(GapRow, gap, from_time=rfc3339(gap.from_ms), to_time=rfc3339(gap.to_ms))
        for gap in sorted(newest, key=_gap_key)
    ]


def feed_rows(values: Iterable[bytes]) -> list[FeedRow]:
    newest = _newest(values, FeedRecord, lambda feed: feed.feed)
    return [_row(FeedRow, record) for record in sorted(newest, key=lambda record: record.feed)]


def dlq_rows(records: Iterable[tuple[bytes | None, Mapping[str, bytes | None]]]) -> list[DlqRow]:
    """Rows of (value, headers); a reject that was delivered twice is one. Records without our stamp are not ours."""
    rows = {
        _dlq_row(value, msgspec.json.decode(stamp, type=Stamp))
        for value, headers in records
        if (stamp := headers.get(STAMP_HEADER)) is not None
    }
    return sorted(rows, key=lambda row: (row.feed, row.epoch, row.seq, row.position, row.reason, row.sha256))


def meta_of(
    rules: Rules,
    *,
    model: str,
    config: str,
    watermark_ms: int | None,
    feeds: Sequence[FeedRow],
    baselines: Mapping[str, dict[str, float]] | None = None,
) -> Meta:
    """``model`` and ``config`` are the versions that classify stamps on its verdicts; ``baselines`` are contacts per
    hour by brand and channel."""
    contacts = baselines or {}
    return Meta(
        definitions=DEFINITIONS,
        model=model,
        config=config,
        window_s=rules.window_ms / 1000,
        rollup_s=tuple(width_ms / 1000 for width_ms in rules.rollup_ms),
        heartbeat_s=rules.heartbeat_ms / 1000,
        stall_s=rules.stall_ms / 1000,
        lateness_s=rules.lateness_ms / 1000,
        response_horizon_s=rules.horizon_ms / 1000,
        sla_s=rules.sla_ms / 1000,
        case_limit_s=rules.case_limit_ms / 1000,
        recontact_s=rules.recontact_ms / 1000,
        dedupe_s=rules.dedupe_ms / 1000,
        actionable=rules.actionable,
        follower_bands=FOLLOWER_BANDS,
        feed_order=rules.feed_order,
        brands={name: _brand_meta(brand, contacts.get(name, {})) for name, brand in rules.brands.items()},
        watermark=None if watermark_ms is None else rfc3339(watermark_ms),
        feeds=tuple(feeds),
    )


def json_lines(rows: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    """Each row as one line, its line feed included, fields in the order of its type."""
    encode = msgspec.json.Encoder().encode
    for row in rows:
        yield encode(row) + b"\n"


def read_rows(lines: Iterable[bytes], type: type[T]) -> list[T]:  # noqa: A002 - reads best at the call
    """Inverse of :func:`json_lines`. Raises msgspec.MsgspecError for a line of another shape."""
    decode = msgspec.json.Decoder(type).decode
    return [decode(line) for line in lines if line.strip()]


def _best(records: Iterable[T], key: Callable[[T], Any], precedence: Callable[[T], Any]) -> dict[Any, T]:
    """Of the records of each key the one with the lowest precedence."""
    best = dict[Any, tuple[Any, T]]()
    for record in records:
        found, rank = key(record), precedence(record)
        if found not in best or rank < best[found][0]:
            best[found] = (rank, record)
    return {found: record for found, (_, record) in best.items()}


def _newest(values: Iterable[bytes], type: type[Record], key: Callable[[Record], Any]) -> list[Record]:  # noqa: A002
    decode = msgspec.json.Decoder(type).decode
    return list(_best(map(decode, values), key, lambda record: -record.revision).values())


def _row(type: type[T], record: msgspec.Struct, **made: Any) -> T:  # noqa: A002 - reads best at the call
    """A row with the record's fields of the same names, and those made of others."""
    names = [field for field in getattr(type, "__struct_fields__", ()) if field not in made]
    return type(**{name: getattr(record, name) for name in names}, **made)


def _classified_row(record: _Classified) -> ClassifiedRow:
    return ClassifiedRow(
        id=record.id,
        source=record.source,
        created_at=rfc3339(record.created_at_ms),
        followers=record.followers,
        verified=record.verified,
        feed=record.feed,
        epoch=record.epoch,
        seq=record.seq,
        **msgspec.structs.asdict(record.verdict),
    )


def _window_key(window: WindowRecord) -> tuple[int, float, str, str]:
    return (window.window_start_ms, window.window_s, window.brand, window.source)


def _gap_key(gap: GapRecord) -> tuple[str, int, int, str]:
    return (gap.feed, gap.epoch, gap.from_seq, gap.cause)


def _dlq_row(value: bytes | None, stamp: Stamp) -> DlqRow:
    size, digest = _digest(value or b"", stamp.reason)
    return DlqRow(
        reason=stamp.reason,
        feed=stamp.feed,
        epoch=stamp.epoch,
        seq=stamp.seq,
        feed_time=rfc3339(stamp.feed_time_ms),
        position=stamp.position,
        bytes=size,
        sha256=digest,
    )


def _digest(value: bytes, reason: RejectReason) -> tuple[int, str]:
    """Size and hash of the original bytes, for which a digest may stand already."""
    if reason in (RejectReason.TOO_LARGE, RejectReason.OUTPUT_TOO_LARGE):
        try:
            original = msgspec.json.decode(value, type=Digest)
        except msgspec.MsgspecError:
            pass
        else:
            return original.bytes, original.sha256
    return len(value), hashlib.sha256(value).hexdigest()


def _brand_meta(brand: BrandRules, baseline: dict[str, float]) -> BrandMeta:
    return BrandMeta(
        response_horizon_s=brand.horizon_ms / 1000,
        sla_s={tier: sla_ms / 1000 for tier, sla_ms in zip(brand.tiers, brand.sla_ms, strict=True)},
        service_hours=None if brand.service_hours is None else _hours_meta(brand.service_hours),
        baseline=baseline,
    )


def _hours_meta(hours: ServiceHours) -> HoursMeta:
    week = {
        day: tuple(f"{_clock(start)}-{_clock(end)}" for start, end in spans)
        for day, spans in zip(_WEEKDAYS, hours.week, strict=True)
        if spans
    }
    return HoursMeta(time_zone=hours.time_zone, week=week, holidays=hours.holidays)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000
