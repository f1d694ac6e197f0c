"""Topic records to export rows: what ``--out`` and ``unheard export`` leave on disk, one JSON object a line.

Of the records of one key the last state stands, whatever order they are read in. Rows are sorted. The texts of
mentions are in ``escalations.jsonl`` alone, masked. ``streams.stages.rows`` has the shapes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from models.records import (
    DEFINITIONS,
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
    Meta,
    WindowRow,
    rfc3339,
)
from streams.stages.rules import Rules
from streams.stages.windows import WindowRecord

CLASSIFIED_FILE: Final = "classified.jsonl"
ESCALATIONS_FILE: Final = "escalations.jsonl"
CASES_FILE: Final = "cases.jsonl"
WINDOWS_FILE: Final = "windows.jsonl"
GAPS_FILE: Final = "gaps.jsonl"
DLQ_FILE: Final = "dlq.jsonl"
META_FILE: Final = "meta.json"

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


def classified_rows(values: Iterable[bytes], feed_order: Sequence[str] = ()) -> list[ClassifiedRow]:
    """One row for each (source, id, brand): of several copies one that is not late, then the earliest, then of the
    first feed in order (unnamed feeds after, by name), then the lowest (epoch, seq)."""
    decode = msgspec.json.Decoder(_Classified).decode
    ranks = {feed: rank for rank, feed in enumerate(feed_order)}

    def precedence(record: _Classified) -> tuple[bool, int, int, str, int, int]:
        rank = ranks.get(record.feed, len(ranks))
        return (record.verdict.late, record.created_at_ms, rank, record.feed, record.epoch, record.seq)

    best = _best(map(decode, values), lambda r: (r.source, r.id, r.verdict.brand), precedence)
    return [_classified_row(best[key]) for key in sorted(best)]


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
            first_response_s=None if case.first_response_ms is None else case.first_response_ms / 1000,
        )
        for case in _newest(values, CaseRecord, lambda case: case.case_id)
    ]
    return sorted(rows, key=lambda row: (row.source, row.brand, row.customer, row.opened, row.opened_by))


def window_rows(values: Iterable[bytes]) -> list[WindowRow]:
    newest = _newest(values, WindowRecord, lambda window: (window.window_start_ms, window.brand, window.source))
    ordered = sorted(newest, key=lambda window: (window.window_start_ms, window.brand, window.source))
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


def meta_of(rules: Rules, *, model: str, config: str, watermark_ms: int | None, feeds: Sequence[FeedRow]) -> Meta:
    """``model`` and ``config`` are the versions that classify stamps on its verdicts."""
    return Meta(
        definitions=DEFINITIONS,
        model=model,
        config=config,
        window_s=rules.window_ms / 1000,
        lateness_s=rules.lateness_ms / 1000,
        response_horizon_s=rules.horizon_ms / 1000,
        sla_s=rules.sla_ms / 1000,
        case_limit_s=rules.case_limit_ms / 1000,
        recontact_s=rules.recontact_ms / 1000,
        dedupe_s=rules.dedupe_ms / 1000,
        feed_order=rules.feed_order,
        brands={name: _brand_meta(rules, name) for name in rules.brands},
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


def _brand_meta(rules: Rules, name: str) -> BrandMeta:
    brand = rules.brands[name]
    sla_s = {tier: sla_ms / 1000 for tier, sla_ms in zip(brand.tiers, brand.sla_ms, strict=True)}
    return BrandMeta(response_horizon_s=brand.horizon_ms / 1000, sla_s=sla_s)
