"""Hypothesis strategies for small histories in which everything happens at once: equal times, exact deadlines, copies
on two feeds, gaps, broken lines, new epochs, mentions that come out of order and too late.

A history is the raw topic as it was written, with the verdicts on its mentions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import add
from typing import Any, Final

from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention, RejectReason, Stamp

from .by_hand import AIR, MINUTE, START_MS, TEL, end, row, start
from .raw import Line, RawLine
from .rules import DAY_MS, HOUR_MS, PlainBrandTerms, PlainTerms

_LATENESS_MS: Final = 5 * MINUTE
_HORIZON_MS: Final = DAY_MS
_WEEK_MS: Final = 7 * DAY_MS
_LIMIT_MS: Final = 36 * HOUR_MS  # so short that conversations of a few messages meet it
_EXACT: Final = (  # from one event to the instant at which something else happens
    0,
    256_000,  # an edge of the response histogram
    5 * MINUTE,
    HOUR_MS,
    2 * HOUR_MS,
    _HORIZON_MS,
    _LIMIT_MS,
    _WEEK_MS,
    *(_HORIZON_MS + _WEEK_MS,) * 4,  # the last instant of a re-contact is rare enough
)
_NEAR: Final = (0, 0, 1, MINUTE, 2 * MINUTE, 4 * MINUTE, HOUR_MS, 20 * HOUR_MS)
_STEPS: Final = st.one_of(
    st.sampled_from(_NEAR),
    st.sampled_from(_EXACT),
    st.builds(add, st.sampled_from(_EXACT[1:]), st.sampled_from((-1, 1))),
)
_DELAYS: Final = (0, 0, 0, MINUTE, _LATENESS_MS, _LATENESS_MS + 1, 2 * _LATENESS_MS)
_CUSTOMERS: Final = ("ann", "bob")

TERMS: Final = PlainTerms(
    case_limit_ms=_LIMIT_MS,
    feed_order=("b", "a"),
    brands={
        AIR: PlainBrandTerms(sla_ms=(HOUR_MS, 5 * MINUTE), tiers=("default", "gold")),
        TEL: PlainBrandTerms(horizon_ms=2 * HOUR_MS, sla_ms=(2 * HOUR_MS, MINUTE), tiers=("default", "gold")),
    },
)


@dataclass(frozen=True, slots=True)
class Tweet:
    """One message and what is decided about it: a row of the export for each brand."""

    id: str
    author: str
    time_ms: int
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class History:
    """``log`` is the raw topic in the order of arrival; the offset of a record is its place in its partition."""

    terms: PlainTerms
    raw_partitions: int
    log: tuple[RawLine, ...]
    rows: tuple[dict[str, Any], ...]


_VERDICTS: Final[Mapping[str, dict[str, Any]]] = {
    "issue": {"intent": "issue", "actionable": True, "needs_reply": True},
    "gold issue": {"intent": "issue", "actionable": True, "needs_reply": True, "tier": 1, "band": 2},
    "issue with thanks": {"intent": "issue", "actionable": True, "needs_reply": True, "closes": True},
    "escalated": {
        "intent": "vent",
        "actionable": True,
        "needs_reply": True,
        "escalate": True,
        "reasons": ["safety", "abuse"],
    },
    "vent": {"intent": "vent", "needs_reply": True, "pii": ["email", "national_id"]},
    "talk": {"intent": "other"},
    "unjudged": {"intent": "unjudged"},
    "thanks": {"intent": "praise", "closes": True},
    "reply": {},
    "diversion": {"diverts": "dm", "pii": ["phone"]},
    "bot": {},
    "post": {"customers": []},
}
_BRANDED: Final = ("reply", "reply", "reply", "diversion", "diversion", "bot", "post")
_SPOKEN: Final = (
    "issue",
    "issue",
    "issue with thanks",
    "gold issue",
    "escalated",
    "vent",
    "talk",
    "unjudged",
    "thanks",
)


_SCRIPTS: Final = (  # what one customer and one brand say to each other in turn
    ("issue", "reply", "vent", "reply"),
    ("issue", "reply", "issue", "talk"),
    ("issue", "diversion", "talk", "thanks"),
    ("gold issue", "reply", "diversion"),
    ("escalated", "bot", "reply", "issue with thanks", "issue"),
    ("issue", "issue", "reply", "thanks"),
    ("issue", "issue"),
    ("issue", "issue", "issue"),
    ("issue", "reply", "thanks", "issue"),
)
_KINDS: Final = st.one_of(st.sampled_from(_SPOKEN), st.sampled_from(_BRANDED), st.sampled_from((*_SPOKEN, "none")))
_TALKS: Final = st.one_of(st.lists(_KINDS, min_size=1, max_size=5), st.sampled_from(_SCRIPTS))


@st.composite
def tweets(draw: st.DrawFn, max_talks: int = 4) -> list[Tweet]:
    """Each message a chosen step after one of the last, so that deadlines are met to the millisecond; ids are in no
    order of time."""
    talks = draw(st.lists(st.tuples(_TALKS, st.sampled_from(_CUSTOMERS)), min_size=1, max_size=max_talks))
    spoken = [(kind, customer) for talk, customer in talks for kind in talk]
    ids = draw(st.permutations([str(number) for number in range(8, 8 + len(spoken))]))
    times = [START_MS]
    made: list[Tweet] = []
    for id_, (kind, customer) in zip(ids, spoken, strict=True):
        step = draw(_STEPS)
        times.append(draw(st.sampled_from(times[:-4:-1])) + step)
        made.append(draw(_said(id_, times[-1], kind, customer)))
    return made


@st.composite
def _said(draw: st.DrawFn, id_: str, time_ms: int, kind: str, customer: str) -> Tweet:
    if kind == "none":
        return Tweet(id_, customer, time_ms, (row(id_, time_ms, "none", brand="", customers=[customer]),))
    if kind in _BRANDED:
        brand = draw(st.sampled_from((AIR, AIR, AIR, TEL)))
        named = draw(st.sampled_from(([customer], [customer], ["ann", "bob"], ["bob", "ann"])))
        verdict = {"brand": brand, "customers": named} | _VERDICTS[kind]
        role = "bot" if kind == "bot" else "brand"
        return Tweet(id_, f"@{brand}", time_ms, (row(id_, time_ms, role, **verdict),))
    brands = draw(st.sampled_from(((AIR,), (AIR,), (AIR,), (TEL,), (AIR, TEL))))
    verdict = {"customers": [customer]} | _VERDICTS[kind]
    return Tweet(id_, customer, time_ms, tuple(row(id_, time_ms, **verdict, brand=brand) for brand in brands))


_NOISE: Final = ("lost", "broken", "limit", "disconnect", "heartbeat")


@st.composite
def _feed_lines(draw: st.DrawFn, feed: str, said: list[Tweet], partitions: tuple[int, ...]) -> list[RawLine]:
    """What one connection writes after its first start: its copies of the messages in the order of their arrival, with
    noise between, in one or two epochs. Some feeds never end."""
    arrivals = sorted(said, key=lambda tweet: tweet.time_ms + draw(st.sampled_from(_DELAYS)))
    slots: list[Tweet | str] = [*arrivals]
    for noise in draw(st.lists(st.sampled_from(_NOISE), max_size=4)):
        slots.insert(draw(st.integers(0, len(slots))), noise)
    cut = draw(st.one_of(st.none(), st.integers(0, len(slots))))
    epochs = [slots] if cut is None else [slots[:cut], slots[cut:]]
    endless = draw(st.integers(0, 7)) == 0
    settle_ms = draw(st.sampled_from((0, HOUR_MS, HOUR_MS - 1, _HORIZON_MS, _HORIZON_MS - 1, 60 * DAY_MS)))
    written: list[RawLine] = []
    clock_ms = START_MS - DAY_MS
    for epoch, part in enumerate(epochs, start=1):
        first_seq = 1 if epoch == 1 else draw(st.sampled_from((1, 5)))
        if epoch > 1:
            written += everywhere(partitions, start(feed, epoch, partitions, first_seq))
        lines, clock_ms = draw(_epoch_lines(feed, epoch, first_seq, clock_ms, part, partitions))
        written += lines
        last = epoch == len(epochs)
        if not (last and endless):
            last_seq = first_seq + len(part) - 1
            closing = end(last_seq, clock_ms, feed, epoch, settle_ms=settle_ms, final=last)
            written += everywhere(partitions, closing)
    return written


@st.composite
def _epoch_lines(
    draw: st.DrawFn,
    feed: str,
    epoch: int,
    first_seq: int,
    clock_ms: int,
    slots: list[Tweet | str],
    partitions: tuple[int, ...],
) -> tuple[list[RawLine], int]:
    """The stamped lines of one numbering, some delivered twice, and the feed time after them."""
    lines: list[RawLine] = []
    for seq, slot in enumerate(slots, start=first_seq):
        if isinstance(slot, Tweet):
            clock_ms = max(clock_ms, slot.time_ms)
        line = _line(slot, feed, epoch, seq, clock_ms, draw(st.sampled_from((0, 3, 7))))
        if line is not None:
            copies = 2 if draw(st.integers(0, 9)) == 9 else 1
            lines += [RawLine(draw(st.sampled_from(partitions)), line)] * copies
    return lines, clock_ms


def everywhere(partitions: Iterable[int], value: Line) -> list[RawLine]:
    return [RawLine(partition, value) for partition in partitions]


def _line(slot: Tweet | str, feed: str, epoch: int, seq: int, clock_ms: int, track: int) -> Line | None:
    stamps: dict[str, Any] = {"feed": feed, "epoch": epoch, "seq": seq, "feed_time_ms": clock_ms}
    if isinstance(slot, Tweet):
        return Mention(id=slot.id, author=slot.author, created_at_ms=slot.time_ms, text="text", **stamps)
    if slot == "lost":
        return None
    if slot == "broken":
        return Stamp(reason=RejectReason.NOT_JSON, **stamps)
    return Control(control=ControlKind(slot), track=track if slot == "limit" else 0, **stamps)


@st.composite
def histories(draw: st.DrawFn, max_talks: int = 4, max_partitions: int = 3) -> History:
    """The raw topic of one or two feeds that carry the same messages or a part of them; all feeds are announced
    before any data."""
    said = draw(tweets(max_talks))
    raw_partitions = draw(st.integers(1, max_partitions))
    announced: list[RawLine] = []
    feeds: list[list[RawLine]] = []
    for feed in draw(st.sampled_from((("a",), ("a", "b")))):
        heard = said if draw(st.integers(0, 3)) else draw(st.lists(st.sampled_from(said), max_size=len(said)))
        own = tuple(range(draw(st.integers(1, raw_partitions))))
        announced += everywhere(range(raw_partitions), start(feed, partitions=own))
        feeds.append(draw(_feed_lines(feed, heard, own)))
    merged = draw(_merge(feeds))
    rows = tuple(verdict for tweet in said for verdict in tweet.rows)
    return History(TERMS, raw_partitions, (*announced, *merged), rows)


@st.composite
def _merge(draw: st.DrawFn, feeds: list[list[RawLine]]) -> list[RawLine]:
    """Feeds take turns as drawn; each keeps its own order."""
    left = [iter(lines) for lines in feeds]
    turns = draw(st.permutations([index for index, lines in enumerate(feeds) for _ in lines]))
    return [next(left[index]) for index in turns]
