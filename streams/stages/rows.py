"""The shape of every exported row. Fields stand in files in this order.

Rows say nothing about how a run went (no revision, offset, partition or emission time), so that two runs over the
same input compare byte for byte. Times are RFC 3339 in UTC with milliseconds, durations seconds.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

import msgspec

from models.records import Outcome, Rate, RejectReason
from streams.stages.windows import Cases, FirstResponse, ResponseTimes, Roles, VolumeRatio

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000

Time = Annotated[str, msgspec.Meta(extra={"time": True})]
"""RFC 3339; a timestamp where a format has such a type."""


class ClassifiedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One (source, id, brand). Of several copies ``classified`` has the one that counts, ``copies`` the others."""

    id: str
    source: str
    brand: str
    role: str
    customers: tuple[str, ...]
    created_at: Time
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
    created_at: Time
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
    opened: Time
    opened_by: str
    outcome: Outcome
    closed: Time | None
    first_response_s: float | None
    sla_due: Time
    sla_breached: bool | None
    mentions: int
    replies: int
    recontact: bool
    reopened: int
    next_responses: int
    longest_next_response_s: float | None
    resolution_s: float | None
    definitions: int


class WindowRow(msgspec.Struct, frozen=True, kw_only=True):
    """``streams.stages.windows.WindowRecord`` with the window's start as a time, without revision."""

    window_start: Time
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
    coverage: Rate
    cases: Cases
    rates: dict[str, Rate]
    sla_by_tier: dict[str, Rate]
    first_response: FirstResponse
    next_response: ResponseTimes
    resolution: ResponseTimes
    response_by_followers: dict[str, Rate]
    share_of_voice: Rate | None
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
    from_time: Time
    to_time: Time
    missed: int
    estimated: int | None
    definitions: int


class LineRow(msgspec.Struct, frozen=True, kw_only=True, rename={"from_time": "from", "to_time": "to"}):
    """Lines of one feed as the raw topic held them: a maximal run of consecutive numbers of one ``kind`` of which none
    came before. ``from`` and ``to`` are the feed times of its first and last line. A line that ended a stall of
    ``silent_s`` begins a run; a limit notice (``track``) and a disconnect stand alone.

    Announcements are rows too, one for each epoch: ``feed-start`` has ``from_seq`` = the first number, ``to_seq`` = the
    one before and no times, ``end-of-feed`` the last number, ``settle_s`` and ``final``.
    """

    feed: str
    source: str
    epoch: int
    kind: str  # mention | late | rejected | control | limit | disconnect | feed-start | end-of-feed
    from_seq: int
    to_seq: int
    from_time: Time | None
    to_time: Time | None
    silent_s: float
    track: int | None
    settle_s: float | None
    final: bool | None


class DlqRow(msgspec.Struct, frozen=True, kw_only=True):
    """A reject. Its original bytes stay in the topic: here are only their number and hash, since nobody has looked
    for personal data in them. ``position`` is the line or row in the source file, 0 if unknown."""

    reason: RejectReason
    feed: str
    epoch: int
    seq: int
    feed_time: Time
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
    mention_lines: int
    undecided: int
    difference: int
    final: bool


class HoursMeta(msgspec.Struct, frozen=True, kw_only=True):
    """When a brand promises to answer: hours by weekday (``mon`` to ``sun``), and dates without any."""

    time_zone: str
    week: dict[str, tuple[str, ...]]
    holidays: tuple[str, ...]


class BrandMeta(msgspec.Struct, frozen=True, kw_only=True):
    """H of a brand, S of each of its tiers (the default one first), the hours in which its SLA clocks run, and the
    contacts per hour by channel that volume ratios compare with."""

    response_horizon_s: float
    sla_s: dict[str, float]
    service_hours: HoursMeta | None = None
    baseline: dict[str, float] = {}


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """``meta.json``: under which rules the rows beside it came about. L, H and S are given in full words too;
    ``watermark`` is the event time up to which everything is decided."""

    definitions: int
    model: str
    config: str
    window_s: float
    rollup_s: tuple[float, ...]
    heartbeat_s: float
    stall_s: float
    lateness_s: float
    response_horizon_s: float
    sla_s: float
    case_limit_s: float
    recontact_s: float
    dedupe_s: float
    actionable: str
    follower_bands: tuple[int, ...]
    feed_order: tuple[str, ...]
    brands: dict[str, BrandMeta]
    watermark: str | None
    feeds: tuple[FeedRow, ...]


def rfc3339(time_ms: int) -> str:
    """``2017-10-31T22:10:47.000Z``"""
    day, ms = divmod(time_ms, _DAY_MS)
    second, ms = divmod(ms, 1000)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_date(day)}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """Of the day that begins so many days after the epoch; an export names few of them, but often."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def milliseconds(time: str) -> int:
    """Inverse of :func:`rfc3339`."""
    return (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND
