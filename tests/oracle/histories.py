"""Hypothesis strategies for small histories in which everything happens at once: equal times, exact deadlines, copies
on two feeds, gaps, broken lines, stalls, new epochs, mentions that come out of order and too late, clocks that change.

A history is the raw topic as it was written, with the verdicts on its mentions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import add
from typing import Any, Final

from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention, RejectReason, Stamp

from .by_hand import AIR, MINUTE, START_MS, TEL, end, row, start
from .classified import parse_time
from .raw import Line, RawLine
from .rules import DAY_MS, HOUR_MS, PlainBrandTerms, PlainServiceHours, PlainTerms

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

_FOLLOWERS: Final = (0, 99, 100, 999, 5_000, 99_999, 100_000)  # on both sides of the edges of bands

TERMS: Final = PlainTerms(
    case_limit_ms=_LIMIT_MS,
    rollup_ms=(HOUR_MS,),
    feed_order=("b", "a"),
    brands={
        AIR: PlainBrandTerms(sla_ms=(HOUR_MS, 5 * MINUTE), tiers=("default", "gold")),
        TEL: PlainBrandTerms(horizon_ms=2 * HOUR_MS, sla_ms=(2 * HOUR_MS, MINUTE), tiers=("default", "gold")),
    },
)

# Around the two nights in which the clocks of Berlin change, on Sundays at 01:00 UTC; pauses as long as an S.
_NIGHTS: Final = ((0, 150), (210, 1440))
_OPEN_AT_NIGHT: Final = PlainServiceHours("Europe/Berlin", (_NIGHTS,) * 7, ("2017-10-30",))
_OPEN_ON_SUNDAYS: Final = PlainServiceHours("Europe/Berlin", (*((),) * 5, ((0, 5),), ((120, 150), (155, 185))))


def _during(hours: PlainServiceHours) -> PlainTerms:
    return replace(TERMS, brands={**TERMS.brands, AIR: replace(TERMS.brands[AIR], service_hours=hours)})


_SETTINGS: Final = (  # terms, and when the first message is written
    (TERMS, START_MS),
    (TERMS, START_MS),
    (_during(_OPEN_AT_NIGHT), parse_time("2017-10-29T00:00:00Z")),
    (_during(_OPEN_AT_NIGHT), parse_time("2018-03-25T00:00:00Z")),
    (_during(_OPEN_ON_SUNDAYS), parse_time("2017-10-28T22:00:00Z")),
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
    "gold issue": {"intent": "issue", "actionable": True, "needs_reply": True, "tier": 1},
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
_CLOSE: Final = st.sampled_from((False, False, True))  # a talk to the point: one customer, one brand, no long pauses
_TALKS: Final = st.one_of(st.lists(_KINDS, min_size=1, max_size=5), st.sampled_from(_SCRIPTS))


@st.composite
def tweets(draw: st.DrawFn, begin_ms: int, max_talks: int = 4) -> list[Tweet]:
    """Each message a chosen step after one of the last, so that deadlines are met to the millisecond; ids are in no
    order of time."""
    talks = draw(st.lists(st.tuples(_TALKS, st.sampled_from(_CUSTOMERS), _CLOSE), min_size=1, max_size=max_talks))
    spoken = [(kind, customer, close) for talk, customer, close in talks for kind in talk]
    ids = draw(st.permutations([str(number) for number in range(8, 8 + len(spoken))]))
    times = [begin_ms]
    made: list[Tweet] = []
    for id_, (kind, customer, close) in zip(ids, spoken, strict=True):
        if close:
            times.append(times[-1] + draw(st.sampled_from(_NEAR)))
        else:
            step = draw(_STEPS)
            times.append(draw(st.sampled_from(times[:-4:-1])) + step)
        made.append(draw(_said(id_, times[-1], kind, customer, close=close)))
    return made


@st.composite
def _said(draw: st.DrawFn, id_: str, time_ms: int, kind: str, customer: str, *, close: bool) -> Tweet:
    if kind == "none":
        return Tweet(id_, customer, time_ms, (row(id_, time_ms, "none", brand="", customers=[customer]),))
    if kind in _BRANDED:
        brand, named = (AIR, [customer]) if close else draw(_NAMING[customer])
        verdict = {"brand": brand, "customers": named} | _VERDICTS[kind]
        role = "bot" if kind == "bot" else "brand"
        return Tweet(id_, f"@{brand}", time_ms, (row(id_, time_ms, role, **verdict),))
    brands = (AIR,) if close else draw(st.sampled_from(((AIR,), (AIR,), (AIR,), (TEL,), (AIR, TEL))))
    verdict = {"customers": [customer]} | _VERDICTS[kind]
    return Tweet(id_, customer, time_ms, tuple(row(id_, time_ms, **verdict, brand=brand) for brand in brands))


_NAMING: Final = {  # brands' messages: whose, and whom they name
    customer: st.tuples(
        st.sampled_from((AIR, AIR, AIR, TEL)), st.sampled_from(([customer], [customer], ["ann", "bob"], ["bob", "ann"]))
    )
    for customer in _CUSTOMERS
}


_NOISE: Final = ("lost", "broken", "limit", "disconnect", "heartbeat", "heartbeat", "timed heartbeat")
_BEATS: Final = (-MINUTE, 0, MINUTE, 2 * MINUTE, HOUR_MS)  # how far a heartbeat's time is from the feed's


@dataclass(slots=True)
class _Clock:
    """The feed time, and what tells a stall of one epoch: whether its source sends heartbeats, and how many came since
    the feed time last went on."""

    terms: PlainTerms
    time_ms: int
    beating: bool = False
    beats: int = 0

    def meet(self, time_ms: int | None) -> int:
        """Take the time of the next line, if it has one; how long the feed was silent before it, if it stalled."""
        if time_ms is None or time_ms <= self.time_ms:
            return 0
        silent_ms = time_ms - self.time_ms - self.beats * self.terms.heartbeat_ms
        self.time_ms, self.beats = time_ms, 0
        return silent_ms if self.beating and silent_ms > self.terms.stall_ms else 0


@dataclass(frozen=True, slots=True)
class _Connection:
    feed: str
    partitions: tuple[int, ...]
    clock: _Clock
    written: list[RawLine] = field(default_factory=list)


@st.composite
def _feed_lines(draw: st.DrawFn, connection: _Connection, said: list[Tweet]) -> list[RawLine]:
    """What one connection writes after its first start: its copies of the messages in the order of their arrival, with
    noise between, in up to three epochs. Some feeds never end."""
    arrivals = sorted(said, key=lambda tweet: tweet.time_ms + draw(st.sampled_from(_DELAYS)))
    slots: list[Tweet | str] = [*arrivals]
    for noise in draw(st.lists(st.sampled_from(_NOISE), max_size=5)):
        slots.insert(draw(st.integers(0, len(slots))), noise)
    cuts = sorted(draw(st.lists(st.integers(0, len(slots)), max_size=2)))
    epochs = [slots[begin:end_] for begin, end_ in pairwise((0, *cuts, len(slots)))]
    endless = draw(st.integers(0, 7)) == 0
    settle_ms = draw(st.sampled_from((0, HOUR_MS, HOUR_MS - 1, _HORIZON_MS, _HORIZON_MS - 1, 60 * DAY_MS)))
    feed, partitions = connection.feed, connection.partitions
    for epoch, part in enumerate(epochs, start=1):
        first_seq = 1 if epoch == 1 else draw(st.sampled_from((1, 5)))
        if epoch > 1:
            connection.written.extend(everywhere(partitions, start(feed, epoch, partitions, first_seq)))
        draw(_epoch_lines(connection, epoch, first_seq, part))
        last = epoch == len(epochs)
        if not (last and endless):
            last_seq, time_ms = first_seq + len(part) - 1, connection.clock.time_ms
            closing = end(last_seq, time_ms, feed, epoch, settle_ms=settle_ms, final=last)
            connection.written.extend(everywhere(partitions, closing))
    return connection.written


@st.composite
def _epoch_lines(
    draw: st.DrawFn, connection: _Connection, epoch: int, first_seq: int, slots: list[Tweet | str]
) -> None:
    """Writes the stamped lines of one numbering, some of them twice."""
    clock = connection.clock
    clock.beating, clock.beats = False, 0
    for seq, slot in enumerate(slots, start=first_seq):
        said: dict[str, Any] = {}
        if slot == "limit":
            said["track"] = draw(st.sampled_from((0, 3, 7)))
        if slot == "timed heartbeat":
            said["at_ms"] = clock.time_ms + draw(st.sampled_from(_BEATS))
        line = _line(slot, connection, epoch, seq, said)
        if line is not None:
            partition, copies = draw(_PLACES[connection.partitions])
            connection.written.extend([RawLine(partition, line)] * copies)


_PLACES: Final = {  # in which partition, and how often
    tuple(range(number)): st.sampled_from([(place, 1 + (turn == 9)) for turn in range(10) for place in range(number)])
    for number in range(1, 4)
}


def everywhere(partitions: Iterable[int], value: Line) -> list[RawLine]:
    return [RawLine(partition, value) for partition in partitions]


def _line(slot: Tweet | str, connection: _Connection, epoch: int, seq: int, said: dict[str, Any]) -> Line | None:
    if slot == "lost":
        return None
    feed, clock = connection.feed, connection.clock
    silent_ms = clock.meet(slot.time_ms if isinstance(slot, Tweet) else said.get("at_ms"))
    stamps: dict[str, Any] = {"feed": feed, "epoch": epoch, "seq": seq, "feed_time_ms": clock.time_ms}
    stamps["silent_ms"] = silent_ms
    if isinstance(slot, Tweet):
        followers = _FOLLOWERS[(int(slot.id) + (feed == "b")) % len(_FOLLOWERS)]  # some won a few between two copies
        stamps["followers"] = followers
        return Mention(id=slot.id, author=slot.author, created_at_ms=slot.time_ms, text="text", **stamps)
    if slot == "broken":
        return Stamp(reason=RejectReason.NOT_JSON, **stamps)
    if slot.endswith("heartbeat"):
        clock.beating = True
        clock.beats += slot == "heartbeat"
        return Control(control=ControlKind.HEARTBEAT, **said, **stamps)
    return Control(control=ControlKind(slot), **said, **stamps)


@st.composite
def histories(draw: st.DrawFn, max_talks: int = 4, max_partitions: int = 3) -> History:
    """The raw topic of one or two feeds that carry the same messages or a part of them; all feeds are announced
    before any data."""
    terms, begin_ms = draw(st.sampled_from(_SETTINGS))
    said = draw(tweets(begin_ms, max_talks))
    raw_partitions = draw(st.integers(1, max_partitions))
    announced: list[RawLine] = []
    feeds: list[list[RawLine]] = []
    for feed in draw(st.sampled_from((("a",), ("a", "b")))):
        heard = said if draw(st.integers(0, 3)) else draw(st.lists(st.sampled_from(said), max_size=len(said)))
        own = tuple(range(draw(st.integers(1, raw_partitions))))
        announced += everywhere(range(raw_partitions), start(feed, partitions=own))
        connection = _Connection(feed, own, _Clock(terms, begin_ms - DAY_MS))
        feeds.append(draw(_feed_lines(connection, heard)))
    merged = draw(_merge(feeds))
    rows = tuple(verdict for tweet in said for verdict in tweet.rows)
    return History(terms, raw_partitions, (*announced, *merged), rows)


@st.composite
def _merge(draw: st.DrawFn, feeds: list[list[RawLine]]) -> list[RawLine]:
    """Feeds take turns as drawn; each keeps its own order."""
    left = [iter(lines) for lines in feeds]
    turns = draw(st.permutations([index for index, lines in enumerate(feeds) for _ in lines]))
    return [next(left[index]) for index in turns]
