"""The shape of every record that travels between workers only (MessagePack, ``array_like``).

Field order is the wire format: append, never insert. Times are milliseconds since the Unix epoch (UTC).
"""

from enum import IntEnum
from typing import Final

import msgspec
import numpy as np

PACKED_SCHEMA: Final = 3  # version of these shapes; a fold halts at any other

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
        ("customer", "<u8"),  # the hash as a number: its 16 hex digits are what people read
        ("pair", "<u4"),  # index into CareBlock.pairs
        ("feed", "<u4"),  # index into CareBlock.feeds
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
    """One raw span, and how many events of it belong to the block's care partition: so many of the block's rows, behind
    those of the section before it, in raw order. Late mentions are not among them."""

    span: RawSpan
    events: int = 0


class CareBlock(msgspec.Struct, frozen=True, array_like=True):
    """One record of ``care.events.v1``: one batch, one care partition.

    ``rows`` is ``EVENT_DTYPE`` records, ``ids`` their mention ids in UTF-8, a NUL behind each (no id holds one).
    ``pairs`` are (source, brand); with the customer they are a case key.
    """

    schema: int
    model: str
    config: str
    sections: tuple[CareSection, ...]
    rows: bytes = b""
    ids: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    feeds: tuple[str, ...] = ()


# ---------------------------------------------------------------- capture.reports.v1 (MessagePack)

LINE_DTYPE: Final = np.dtype(
    [
        ("offset", "<i8"),
        ("seq", "<i8"),
        ("epoch", "<i8"),
        ("feed_time_ms", "<i8"),
        ("time_ms", "<i8"),  # of a mention, 0 for other lines
        ("kind", "u1"),
    ]
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


class Stall(msgspec.Struct, frozen=True, array_like=True):
    """The line that ended a silence of ``silent_ms``; ``feed_time_ms`` is its own."""

    epoch: int
    seq: int
    feed_time_ms: int
    silent_ms: int


class FeedLines(msgspec.Struct, frozen=True, array_like=True):
    """What one raw span holds of one feed; ``rows`` is ``LINE_DTYPE`` records in raw order."""

    feed: str
    source: str
    rows: bytes
    rejects: dict[str, int] = {}
    limits: tuple[Limit, ...] = ()
    disconnects: tuple[Disconnect, ...] = ()
    stalls: tuple[Stall, ...] = ()


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

    ``counts`` follows ``models.counters.COUNTERS`` up to ``DENSE``, trailing zeros cut; ``sparse`` has the rest by
    index, without zeros. ``open`` is how many of its cases, tweets or gaps can still change; ``waiting`` how many
    received mentions are not behind the watermark yet, and in no count. The window is one of the base width.
    """

    window_start_ms: int
    brand: str
    source: str
    counts: tuple[int, ...]
    open: int
    waiting: int = 0
    sparse: dict[int, int] = {}


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
    mention_lines: int = 0  # capture: lines with a mention that is not late, each number once
    undecided: int = 0  # capture: numbers that have not come and are not confirmed missing yet


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
