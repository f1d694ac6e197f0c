"""The shape of every record that Unheard reads or writes, and nothing else.

Times are integers in milliseconds since the Unix epoch (UTC) and end in ``_ms``. JSON records go to topics that
people read; the packed ones (MessagePack, ``array_like``) travel between workers only. Field order in a packed
record is its wire format: append, never insert.
"""

from enum import IntEnum, IntFlag, StrEnum
from typing import Final

import msgspec
import numpy as np

# ---------------------------------------------------------------- closed vocabularies (the index is the wire code)

INTENTS: Final = ("issue", "praise", "vent", "review", "other", "unjudged")
REASONS: Final = ("safety", "legal", "security", "churn", "repeat", "abuse", "urgent")
PII_KINDS: Final = ("email", "phone", "card", "iban", "address", "reference", "national_id")
CHANNELS: Final = ("", "dm", "phone", "email", "chat", "form", "link", "store")
FOLLOWER_BANDS: Final = (0, 100, 1_000, 10_000, 100_000)  # lower edges; the band is the index


class Role(IntEnum):
    """Who speaks, seen from one brand. ``NONE`` marks a mention that concerns no configured brand."""

    CUSTOMER = 0
    BRAND = 1
    BOT = 2
    NONE = 3


class Flag(IntFlag):
    """Bits of ``EVENT_DTYPE['flags']``."""

    ACTIONABLE = 1
    NEEDS_REPLY = 2
    DIVERTS = 4
    CLOSES = 8
    ESCALATED = 16
    PRIMARY_MENTION = 32  # the one event of a mention that counts for brand "*" and for its feed
    PRIMARY_BRAND = 64  # the one event of a (mention, brand) that counts for the brand
    ADDRESSED = 128  # concerns a customer; unset for a brand's post to nobody, which is counted but is no event


class Outcome(StrEnum):
    """What became of a case. ``PENDING`` is never counted as a success or as a failure."""

    PENDING = "pending"
    MISSED = "missed"
    STALLED = "stalled"
    DIVERTED = "diverted"
    RESOLVED = "resolved"


class RejectReason(StrEnum):
    """Why a source line or raw record is no mention. Closed: metrics and DLQ headers use nothing else."""

    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_CSV = "not_csv"
    WRONG_SHAPE = "wrong_shape"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    BAD_TEXT = "bad_text"  # lone surrogates, NUL bytes
    TIME_OUT_OF_RANGE = "time_out_of_range"
    UNKNOWN_CONTROL = "unknown_control"
    FUTURE_SCHEMA = "future_schema"
    OUTPUT_TOO_LARGE = "output_too_large"


class ControlKind(StrEnum):
    """``FEED_START``, ``PROGRESS`` and ``END_OF_FEED`` are announcements: they carry no ``seq`` and are no source
    lines. The others are lines of the source and count as ``control`` in the conservation sum."""

    FEED_START = "feed-start"
    PROGRESS = "progress"
    END_OF_FEED = "end-of-feed"
    LIMIT = "limit"
    DELETE = "delete"
    DISCONNECT = "disconnect"
    HEARTBEAT = "heartbeat"
    NOTICE = "notice"


ANNOUNCEMENTS: Final = frozenset({ControlKind.FEED_START, ControlKind.PROGRESS, ControlKind.END_OF_FEED})

# ---------------------------------------------------------------- mentions.raw.v1 (JSON)


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One public message, in the form that replay writes to ``mentions.raw.v1``.

    ``author`` and ``mentions`` hold the identities that the source uses to tell people apart (ids where it has
    them, else lower-case handles without ``@``); ``handle`` is the author's display handle. The text of a retweet
    begins with ``RT @name:``: it is the original's, and concerns nobody. The stamps (``feed`` to ``feed_time_ms``) are
    empty on records of foreign producers.
    """

    id: str
    author: str
    created_at_ms: int
    text: str
    source: str = "x"
    handle: str = ""
    reply_to: str = ""
    reply_to_author: str = ""
    mentions: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()  # display handles of ``mentions`` and of whom it answers, where they differ
    lang: str = ""
    followers: int = 0
    verified: bool = False
    feed: str = ""
    epoch: int = 0
    seq: int = 0
    feed_time_ms: int = 0


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A control line of the source, or an announcement of the feed's own (see ``ControlKind``)."""

    control: ControlKind
    feed: str = ""
    epoch: int = 0
    seq: int = 0
    feed_time_ms: int = 0
    source: str = "x"
    partitions: tuple[int, ...] = ()  # feed-start: the raw partitions that the feed uses
    first_seq: int = 1  # feed-start
    last_seq: int = 0  # end-of-feed: 0 = the epoch had no line; progress: the last number sent to the partition
    settle_ms: int = 0  # end-of-feed
    final: bool = True  # end-of-feed: False ends an epoch only, another epoch of the same feed follows
    track: int = 0  # limit: cumulative number of withheld mentions on this connection
    code: int = 0  # disconnect
    reason: str = ""
    id: str = ""  # delete: the mention
    author: str = ""  # delete: its author


class Stamp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Stamps of a broken source line. They travel as JSON in the header ``unheard.stamp`` beside the original
    bytes; ``reason`` is what the reader of the source format found wrong, ``position`` where (line or row)."""

    feed: str
    epoch: int
    seq: int
    feed_time_ms: int
    reason: RejectReason
    position: int = 0


STAMP_HEADER: Final = "unheard.stamp"

# ---------------------------------------------------------------- mentions.classified.v1, escalations, DLQ (JSON)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What ``classify`` decides about one (mention, brand); spliced into the mention's JSON under ``verdict``."""

    brand: str  # "" when no configured brand is concerned
    role: str  # customer | brand | bot | none
    customers: tuple[str, ...]  # keyed hashes
    intent: str | None  # null for brand, bot and none: only customers are judged
    scores: dict[str, float]  # probability by intent; empty when unjudged or not a customer's
    actionable: bool
    needs_reply: bool
    escalate: bool
    escalation_score: float
    reasons: tuple[str, ...]
    diverts: str  # channel, "" if the reply diverts nobody
    closes: bool
    pii: tuple[str, ...]
    lang: str
    late: bool
    tier: str  # of a customer at this brand; "" for others
    model: str
    config: str


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """One line for the service desk; ``text`` is masked."""

    id: str
    source: str
    brand: str
    customer: str
    author: str
    created_at_ms: int
    text: str
    intent: str
    escalation_score: float
    reasons: tuple[str, ...]
    priority: float  # 0..100, formula in config/default.toml
    lang: str
    followers: int
    verified: bool
    tier: str
    late: bool
    model: str
    config: str


# ---------------------------------------------------------------- packed: what one batch says about its raw partitions


class FeedStart(msgspec.Struct, frozen=True, array_like=True):
    feed: str
    epoch: int
    first_seq: int
    partitions: tuple[int, ...]
    source: str


class FeedMark(msgspec.Struct, frozen=True, array_like=True):
    """``feed_time_ms`` is the largest stamp of the feed in this section; ``idle`` takes the (feed, raw partition)
    out of the watermark until it speaks again (live feeds only, decided by classify's clock)."""

    feed: str
    feed_time_ms: int
    idle: bool = False


class FeedEnd(msgspec.Struct, frozen=True, array_like=True):
    feed: str
    epoch: int
    last_seq: int
    feed_time_ms: int
    settle_ms: int
    final: bool


class RawSpan(msgspec.Struct, frozen=True, array_like=True):
    """The raw records [from_offset, to_offset) of one raw partition, and what they say about time."""

    topic_id: str
    partition: int
    from_offset: int
    to_offset: int
    starts: tuple[FeedStart, ...] = ()
    marks: tuple[FeedMark, ...] = ()
    ends: tuple[FeedEnd, ...] = ()


# ---------------------------------------------------------------- care.events.v1 (MessagePack)

EVENT_DTYPE: Final = np.dtype(
    [
        ("offset", "<i8"),  # raw offset: a section that is sent again is cut by it
        ("time_ms", "<i8"),
        ("seq", "<i8"),
        ("epoch", "<i8"),
        ("key", "<u4"),  # index into CareSection.keys
        ("feed", "<u2"),  # index into CareSection.feeds
        ("flags", "<u2"),  # Flag
        ("pii", "<u2"),  # bit i = PII_KINDS[i]
        ("role", "u1"),  # Role
        ("intent", "u1"),  # index into INTENTS
        ("reasons", "u1"),  # bit i = REASONS[i]
        ("tier", "u1"),  # index into the brand's tiers, 0 = default
        ("band", "u1"),  # index into FOLLOWER_BANDS
    ]
)


class CareSection(msgspec.Struct, frozen=True, array_like=True):
    """Events of one raw span that belong to one care partition, in raw order. Late mentions are not among them.

    ``rows`` is ``EVENT_DTYPE`` records; ``ids[i]`` is the mention id of row i. ``keys`` are case keys
    (see ``streams.stages.keys``), each at most once.
    """

    span: RawSpan
    rows: bytes = b""
    ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()


class CareBlock(msgspec.Struct, frozen=True, array_like=True):
    """One record of ``care.events.v1``: one batch, one care partition."""

    schema: int
    model: str
    config: str
    sections: tuple[CareSection, ...]


# ---------------------------------------------------------------- capture.reports.v1 (MessagePack)

LINE_DTYPE: Final = np.dtype(
    [("offset", "<i8"), ("seq", "<i8"), ("epoch", "<i8"), ("feed_time_ms", "<i8"), ("kind", "u1")]
)  # one row per stamped source line of the feed


class LineKind(IntEnum):
    """How a stamped source line ended; ``MENTION`` is settled (received or duplicate) in care."""

    MENTION = 0
    LATE = 1
    REJECTED = 2
    CONTROL = 3


class Limit(msgspec.Struct, frozen=True, array_like=True):
    epoch: int
    seq: int
    feed_time_ms: int
    track: int


class Disconnect(msgspec.Struct, frozen=True, array_like=True):
    epoch: int
    seq: int
    feed_time_ms: int
    code: int
    reason: str


class FeedLines(msgspec.Struct, frozen=True, array_like=True):
    """What one raw span holds of one feed; ``rows`` is ``LINE_DTYPE`` records in raw order."""

    feed: str
    source: str
    rows: bytes
    rejects: dict[str, int] = {}
    limits: tuple[Limit, ...] = ()
    disconnects: tuple[Disconnect, ...] = ()


class CaptureSection(msgspec.Struct, frozen=True, array_like=True):
    span: RawSpan
    feeds: tuple[FeedLines, ...] = ()


class CaptureBlock(msgspec.Struct, frozen=True, array_like=True):
    """One record of ``capture.reports.v1``: one batch, one capture partition (feeds are spread by name)."""

    schema: int
    sections: tuple[CaptureSection, ...]


# ---------------------------------------------------------------- care.windows.partial.v1 (MessagePack)


class WindowPart(msgspec.Struct, frozen=True, array_like=True):
    """Absolute counts of one (window, brand, source) as one worker partition knows them.

    ``counts`` follows ``models.counters.COUNTERS``, trailing zeros cut. ``open`` is how many of its cases, tweets or
    gaps can still change; ``waiting`` how many received mentions are not behind the watermark yet, and in no count.
    """

    window_start_ms: int
    brand: str
    source: str
    counts: tuple[int, ...]
    open: int
    waiting: int = 0


class FeedPart(msgspec.Struct, frozen=True, array_like=True):
    """Absolute totals of one feed as one worker partition knows them (care: received, duplicates, waiting;
    capture: the rest)."""

    feed: str
    source: str
    sent: int = 0
    received: int = 0
    duplicates: int = 0
    late: int = 0
    rejected: int = 0
    control: int = 0
    shed: int = 0
    missed_exact: int = 0
    missed_upstream: int = 0
    waiting: int = 0
    ended: bool = False
    end_ms: int = 0  # capture: feed time of the feed's end, once announced
    overtaken: int = 0  # care: of received, those that came behind W; they are in no window and no case


class PartialBlock(msgspec.Struct, frozen=True, array_like=True):
    """One record of ``care.windows.partial.v1``: what one worker partition changed in one merge partition.

    ``origin`` is ``care-<partition>`` or ``capture-<partition>``; ``revision`` the offset of the block that caused
    it (a lower one than seen before is a repeat); ``watermark_ms`` the origin's W, sent even when nothing changed.
    """

    schema: int
    origin: str
    origins: tuple[str, ...]  # all origins that exist, so that merge knows for whom to wait
    revision: int
    watermark_ms: int
    windows: tuple[WindowPart, ...]
    feeds: tuple[FeedPart, ...]


# ---------------------------------------------------------------- outputs of care and capture (JSON, upserts)


class CaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One case; key ``case_id``. The record with the highest revision stands."""

    case_id: str
    source: str
    brand: str
    customer: str
    tier: str
    opened_ms: int
    opened_by: str
    outcome: Outcome
    closed_ms: int | None
    first_response_ms: int | None  # duration
    sla_breached: bool | None  # None while neither breached nor kept
    mentions: int
    replies: int
    recontact: bool
    revision: int
    definitions: int


class GapRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A hole in what a feed delivered; key ``feed:epoch:cause:from_seq``.

    ``sequence``: numbers ``from_seq..to_seq`` never came (exact). ``limit``: the source withheld ``missed`` mentions
    (its own word). ``disconnect``: the source announced a cut (number unknown, 0).
    """

    feed: str
    source: str
    epoch: int
    cause: str  # sequence | limit | disconnect | stall
    exact: bool
    from_seq: int
    to_seq: int
    from_ms: int  # feed time of the predecessor
    to_ms: int  # feed time of the successor
    missed: int
    revision: int
    definitions: int


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is null on an empty denominator; ``pending`` is in neither of the two numbers."""

    numerator: int
    denominator: int
    pending: int
    value: float | None


class FeedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The capture account of one feed; key ``feed``. ``difference`` must be 0 once ``final``."""

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
    overtaken: int = 0  # of received: came behind W, so in no window and no case
    difference: int
    final: bool
    revision: int
    definitions: int


DEFINITIONS: Final = 1  # version of "what counts"; travels in each record
PACKED_SCHEMA: Final = 1  # version of the packed records' shape; a fold halts at any other
