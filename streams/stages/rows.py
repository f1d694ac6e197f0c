"""The shape of every exported row. Fields stand in files in this order.

Rows say nothing about how a run went (no revision, offset, partition or emission time), so that two runs over the
same input compare byte for byte. Times are RFC 3339 in UTC with milliseconds, durations seconds.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from models.records import Outcome, Rate, RejectReason
from streams.stages.windows import Cases, FirstResponse, Roles, VolumeRatio

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class ClassifiedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One (source, id, brand). Of several copies it is the one that counts."""

    id: str
    source: str
    brand: str
    role: str
    customers: tuple[str, ...]
    created_at: str
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
    followers: int
    verified: bool
    feed: str
    epoch: int
    seq: int


class EscalationRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    source: str
    brand: str
    customer: str
    author: str
    created_at: str
    text: str
    intent: str
    escalation_score: float
    reasons: tuple[str, ...]
    priority: float
    lang: str
    followers: int
    verified: bool
    tier: str
    late: bool


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    brand: str
    customer: str
    tier: str
    opened: str
    opened_by: str
    outcome: Outcome
    closed: str | None
    first_response_s: float | None
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool
    definitions: int


class WindowRow(msgspec.Struct, frozen=True, kw_only=True):
    """``streams.stages.windows.WindowRecord`` with the window's start as a time, without revision."""

    window_start: str
    window_s: int | float
    brand: str
    source: str
    received: int
    roles: Roles
    duplicates: int
    difference: int
    intents: dict[str, int]
    escalated: int
    reasons: dict[str, int]
    pii: dict[str, int]
    diverting_replies: int
    missed_exact: int
    missed_upstream: int
    cases: Cases
    rates: dict[str, Rate]
    first_response: FirstResponse
    volume_ratio: dict[str, VolumeRatio] | None
    open: int
    waiting: int
    final: bool
    definitions: int


class GapRow(msgspec.Struct, frozen=True, kw_only=True, rename={"from_time": "from", "to_time": "to"}):
    feed: str
    source: str
    epoch: int
    cause: str
    exact: bool
    from_seq: int
    to_seq: int
    from_time: str
    to_time: str
    missed: int
    definitions: int


class DlqRow(msgspec.Struct, frozen=True, kw_only=True):
    """A reject. Its original bytes stay in the topic: here are only their number and hash, since nobody has looked
    for personal data in them. ``position`` is the line or row in the source file, 0 if unknown."""

    reason: RejectReason
    feed: str
    epoch: int
    seq: int
    feed_time: str
    position: int
    bytes: int
    sha256: str


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    feed: str
    source: str
    sent: int
    received: int
    duplicates: int
    late: int
    rejected: int
    control: int
    shed: int
    missed_exact: int
    missed_upstream: int
    waiting: int
    overtaken: int
    difference: int
    final: bool


class BrandMeta(msgspec.Struct, frozen=True, kw_only=True):
    """H of a brand, and S of each of its tiers, the default one first."""

    response_horizon_s: float
    sla_s: dict[str, float]


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """``meta.json``: under which rules the rows beside it came about. L, H and S are given in full words too;
    ``watermark`` is the event time up to which everything is decided."""

    definitions: int
    model: str
    config: str
    window_s: float
    lateness_s: float
    response_horizon_s: float
    sla_s: float
    case_limit_s: float
    recontact_s: float
    dedupe_s: float
    feed_order: tuple[str, ...]
    brands: dict[str, BrandMeta]
    watermark: str | None
    feeds: tuple[FeedRow, ...]


def rfc3339(time_ms: int) -> str:
    """``2017-10-31T22:10:47.000Z``"""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(time: str) -> int:
    """Inverse of :func:`rfc3339`."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND
