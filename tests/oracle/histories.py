"""Hypothesis strategies for small histories in which everything happens at once: equal times, exact deadlines, copies
on two feeds, gaps, broken lines, new epochs, mentions that come out of order and too late.

A history is the raw topic as it was written, with the verdicts on its mentions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention, RejectReason, Stamp

from .by_hand import AIR, MINUTE, START_MS, TEL, end, row, start
from .raw import Line, RawLine
from .rules import DAY_MS, HOUR_MS, PlainBrandTerms, PlainTerms

_LATENESS_MS: Final = 5 * MINUTE
_HORIZON_MS: Final = DAY_MS
_WEEK_MS: Final = 7 * DAY_MS
_MONTH_MS: Final = 30 * DAY_MS
_EXACT: Final = (0, MINUTE, 5 * MINUTE, HOUR_MS, 2 * HOUR_MS, _HORIZON_MS, _WEEK_MS, _HORIZON_MS + _WEEK_MS, _MONTH_MS)
_STEPS: Final = tuple(step + off for step in _EXACT for off in (-1, 0, 1) if step + off >= 0)
_DELAYS: Final = (0, 0, 0, MINUTE, _LATENESS_MS, _LATENESS_MS + 1, 2 * _LATENESS_MS)
_CUSTOMERS: Final = ("ann", "bob")

TERMS: Final = PlainTerms(
    feed_order=("b", "a"),
    brands={
        AIR: PlainBrandTerms(),
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
_BRANDED: Final = ("reply", "reply", "diversion", "bot", "post")
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


@st.composite
def tweets(draw: st.DrawFn, max_size: int = 12) -> list[Tweet]:
    """Each message a chosen step after an earlier one, so that deadlines are met to the millisecond; ids are in no
    order of time."""
    size = draw(st.integers(1, max_size))
    ids = draw(st.permutations([str(number) for number in range(8, 8 + size)]))
    times = [START_MS]
    made: list[Tweet] = []
    for id_ in ids:
        time_ms = draw(st.sampled_from(times[-4:])) + draw(st.sampled_from(_STEPS))
        times.append(time_ms)
        made.append(draw(_said(id_, time_ms)))
    return made


@st.composite
def _said(draw: st.DrawFn, id_: str, time_ms: int) -> Tweet:
    kind = draw(st.sampled_from((*_SPOKEN, *_BRANDED, "none")))
    if kind == "none":
        author = draw(st.sampled_from(_CUSTOMERS))
        return Tweet(id_, author, time_ms, (row(id_, time_ms, "none", brand="", customers=[author]),))
    if kind in _BRANDED:
        brand = draw(st.sampled_from((AIR, AIR, TEL)))
        named = draw(st.sampled_from((["ann"], ["ann"], ["bob"], ["ann", "bob"], ["bob", "ann"])))
        verdict = {"brand": brand, "customers": named} | _VERDICTS[kind]
        role = "bot" if kind == "bot" else "brand"
        return Tweet(id_, f"@{brand}", time_ms, (row(id_, time_ms, role, **verdict),))
    author = draw(st.sampled_from(("ann", *_CUSTOMERS)))
    brands = draw(st.sampled_from(((AIR,), (AIR,), (TEL,), (AIR, TEL))))
    verdict = {"customers": [author]} | _VERDICTS[kind]
    return Tweet(id_, author, time_ms, tuple(row(id_, time_ms, **verdict, brand=brand) for brand in brands))


_NOISE: Final = ("lost", "broken", "limit", "disconnect", "heartbeat")


@st.composite
def _feed_lines(draw: st.DrawFn, feed: str, said: list[Tweet], partitions: tuple[int, ...]) -> list[RawLine]:
    """What one connection writes: its copies of the messages in the order of their arrival, with noise between, in
    one or two epochs; ends are announced iff the feed ends."""
    arrivals = sorted(said, key=lambda tweet: tweet.time_ms + draw(st.sampled_from(_DELAYS)))
    slots: list[Tweet | str] = list(arrivals)
    for noise in draw(st.lists(st.sampled_from(_NOISE), max_size=4)):
        slots.insert(draw(st.integers(0, len(slots))), noise)
    cut = draw(st.one_of(st.none(), st.integers(0, len(slots))))
    parts = [slots] if cut is None else [slots[:cut], slots[cut:]]
    ends = draw(st.booleans()) or draw(st.booleans())
    settle_ms = draw(st.sampled_from((0, HOUR_MS, _HORIZON_MS, _HORIZON_MS - 1, 2 * _MONTH_MS)))
    written: list[RawLine] = []
    clock_ms = START_MS - DAY_MS
    for epoch, part in enumerate(parts, start=1):
        first_seq = draw(st.sampled_from((1, 1, 5)))
        opening = start(feed, epoch, partitions, first_seq)
        if epoch > 1:
            written.extend(RawLine(partition, opening) for partition in partitions)
        else:
            written.append(RawLine(-1, opening))
        seq = first_seq - 1
        for seq, slot in zip(count(first_seq), part):
            if isinstance(slot, Tweet):
                clock_ms = max(clock_ms, slot.time_ms)
            line = _line(slot, feed, epoch, seq, clock_ms, draw(st.sampled_from((0, 3, 7))))
            if line is not None:
                copies = 2 if draw(st.integers(0, 9)) == 9 else 1
                written.extend([RawLine(draw(st.sampled_from(partitions)), line)] * copies)
        last = epoch == len(parts)
        if ends or not last:
            closing = end(seq, clock_ms, feed, epoch, settle_ms=settle_ms, final=last)
            written.extend(RawLine(partition, closing) for partition in partitions)
    return written


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
def histories(draw: st.DrawFn, max_tweets: int = 12, max_partitions: int = 3) -> History:
    """The raw topic of one or two feeds that carry the same messages or a part of them."""
    said = draw(tweets(max_tweets))
    raw_partitions = draw(st.integers(1, max_partitions))
    feeds: list[list[RawLine]] = []
    for feed in draw(st.sampled_from((("a",), ("a", "b")))):
        heard = said if draw(st.booleans()) else draw(st.lists(st.sampled_from(said), max_size=len(said)))
        width = draw(st.integers(1, raw_partitions))
        feeds.append(draw(_feed_lines(feed, heard, tuple(range(width)))))
    announced = [RawLine(partition, lines[0].value) for lines in feeds for partition in range(raw_partitions)]
    merged = draw(_merge([lines[1:] for lines in feeds]))
    rows = tuple(verdict for tweet in said for verdict in tweet.rows)
    return History(TERMS, raw_partitions, (*announced, *merged), rows)


@st.composite
def _merge(draw: st.DrawFn, feeds: list[list[RawLine]]) -> list[RawLine]:
    """Feeds take turns as drawn; each keeps its own order."""
    left = [iter(lines) for lines in feeds]
    turns = draw(st.permutations([index for index, lines in enumerate(feeds) for _ in lines]))
    return [next(left[index]) for index in turns]


def partition_logs(history: History) -> Iterator[tuple[int, int, RawLine]]:
    """(arrival, offset, record) of each record of the log."""
    offsets = dict.fromkeys(range(history.raw_partitions), 0)
    for arrival, line in enumerate(history.log):
        yield arrival, offsets[line.partition], line
        offsets[line.partition] += 1
