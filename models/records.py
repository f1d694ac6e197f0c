"""The shape of every record that people read, and nothing else; ``models.packed`` has those of workers.

Times are integers in milliseconds since the Unix epoch (UTC) and end in ``_ms``.
"""

from enum import IntEnum, IntFlag, StrEnum
from typing import Final

import msgspec

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
    silent_ms: int = 0  # stamped on the line that ended a stall: how long the feed had been silent


class Control(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A control line of the source, or an announcement of the feed's own (see ``ControlKind``)."""

    control: ControlKind
    feed: str = ""
    epoch: int = 0
    seq: int = 0
    feed_time_ms: int = 0
    silent_ms: int = 0
    at_ms: int = 0  # heartbeat: time by the source's clock, 0 if it does not say
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
    silent_ms: int = 0


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


# ---------------------------------------------------------------- outputs of care and capture (JSON, upserts)


class CaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One case; key ``case_id``. The record with the highest revision stands.

    ``sla_due_ms``: until when a first reply was promised. ``reopened``: how often the customer had to come back after
    an answer. ``next_responses``: human replies, after the first, to a customer who waited;
    ``longest_next_response_ms`` is the longest of those waits. ``resolution_ms``: from the opening to the customer's
    closing words, or to the last human reply where silence closed the case; of resolved cases only.
    """

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
    sla_due_ms: int
    reopened: int
    next_responses: int
    longest_next_response_ms: int | None  # duration
    resolution_ms: int | None  # duration
    revision: int
    definitions: int


class GapRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A hole in what a feed delivered; key ``feed:epoch:cause:from_seq``.

    ``sequence``: numbers ``from_seq..to_seq`` never came (exact). ``limit``: the source withheld ``missed`` mentions
    (its own word). ``disconnect``: the connection ended after ``from_seq``, or the source announced a cut there.
    ``stall``: nothing, not even a heartbeat, came before ``to_seq``. What was lost in these two nobody knows:
    ``missed`` is 0, ``estimated`` how many lines the epoch's own mean rate would have brought meanwhile.
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
    estimated: int | None  # disconnect, stall; null where there is no rate to go by
    revision: int
    definitions: int


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """``value`` is null on an empty denominator; ``pending`` is in neither of the two numbers."""

    numerator: int
    denominator: int
    pending: int
    value: float | None


class FeedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The capture account of one feed; key ``feed``. ``difference`` must be 0 at any time: once ``final`` it is
    ``sent - (received + duplicates + late + rejected + control + shed + missed_exact)``, before that
    ``sent - (mention_lines + late + rejected + control + shed + missed_exact + undecided)``, for mentions are on their
    way from one count to the other."""

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
    mention_lines: int = 0
    undecided: int = 0  # numbers that have not come and are not confirmed missing yet
    difference: int
    final: bool
    revision: int
    definitions: int


DEFINITIONS: Final = 2  # version of "what counts"; travels in each record
