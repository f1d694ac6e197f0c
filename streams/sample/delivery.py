"""How two feeds deliver what was said: delays, copies, gaps, a stall, controls, broken lines, a reconnect.

Feed ``a`` carries everything but loses lines in gaps, and once stands still for minutes; feed ``b`` carries a part of
it again, is cut half-way, and numbers anew when it is back. The file holds both in order of arrival.
"""

from typing import Final

import msgspec

from models.records import ControlKind
from streams.sample.brands import MINUTE
from streams.sample.controls import (
    CUT_MS,
    PAUSE_MS,
    RESTART_MS,
    STALL_MS,
    STAMP,
    Arrival,
    Kind,
    broken_lines,
    control_lines,
    stall_at,
)
from streams.sample.grammar import Draw, spread
from streams.sample.script import Post

COPY_SHARE: Final = 0.30
FULL_LINES: Final = 200_000  # the size for which the gaps are given

_DELAY_MS: Final = (150, 400, 700, 1_000, 1_400, 1_900, 2_600, 4_000, 9_000, 30_000, 240_000)
_LATE_MS: Final = (9 * MINUTE, 15 * MINUTE, 40 * MINUTE)  # far more than any allowed lateness
_LATE_FATES: Final = ("a", "b", "both", "alone")  # late on feed a, on b, on both, or on a without a copy
_LATE_EVERY: Final = 1_650  # posts
_LATE_LEAST: Final = 12
_GAPS: Final = ((0.06, 1), (0.11, 2), (0.17, 7), (0.29, 1), (0.58, 35), (0.63, 120), (0.77, 3), (0.84, 18), (0.93, 1))
_CUT_LINES: Final = 400


class Line(msgspec.Struct, frozen=True):
    """One line of the file. ``post`` is set for mentions, ``track`` for limit notices, ``control`` for controls."""

    feed: str
    epoch: int
    seq: int
    kind: Kind
    raw: bytes
    post: Post | None = None
    track: int = 0
    control: ControlKind | None = None


def deliver(posts: list[Post], lines: int, draw: Draw) -> list[Line]:
    """The lines of both feeds, in order of arrival. ``lines`` is the size that gaps and controls are scaled to."""
    sent = {"a": control_lines("a", lines, posts, draw), "b": control_lines("b", lines, posts, draw)}
    late_every = min(_LATE_EVERY, len(posts) // _LATE_LEAST)
    for index, post in enumerate(posts, start=1):
        turn, rest = divmod(index, late_every)
        fate = "" if rest else _LATE_FATES[turn % len(_LATE_FATES)]
        _carry(post, fate, sent["a"], sent["b"], draw)
    numbered: list[tuple[int, Line]] = []
    for feed, arrivals in sent.items():
        arrivals.sort(key=lambda arrival: arrival.at_ms)
        whole = broken_lines(_stalled(arrivals, stall_at(lines)) if feed == "a" else _paused(arrivals), draw)
        epochs = _split(whole) if feed == "b" else [whole]
        for epoch, part in enumerate(epochs, start=1):
            numbered.extend(_number(feed, epoch, part, _lost(part, lines) if feed == "a" else frozenset()))
    numbered.sort(key=lambda pair: pair[0])
    return [line for _, line in numbered]


def _carry(post: Post, fate: str, a: list[Arrival], b: list[Arrival], draw: Draw) -> None:
    """Put a post on feed a, and perhaps a copy on b. ``fate`` is one of ``_LATE_FATES`` for the few that come late."""
    copied = draw() < COPY_SHARE if not fate else fate != "alone"
    a_delay = spread(_LATE_MS if fate in ("a", "both", "alone") else _DELAY_MS, draw)
    a.append(Arrival(post.created_ms + a_delay, Kind.MENTION, post.body, post))
    if copied:
        b_delay = spread(_LATE_MS if fate in ("b", "both") else _DELAY_MS, draw)
        b.append(Arrival(post.created_ms + b_delay, Kind.MENTION, post.body, post))


def _stalled(arrivals: list[Arrival], from_ms: int) -> list[Arrival]:
    """Deliver nothing for a while. Then the source sends what is new first, and right behind it what it has kept; the
    heartbeats of that time were never sent."""
    until_ms = from_ms + STALL_MS
    live = next((a for a in arrivals if a.post and a.at_ms >= until_ms <= a.post.created_ms), None)
    if live is None:
        return arrivals
    before = [a for a in arrivals if a.at_ms < from_ms]
    kept = [a for a in arrivals if from_ms <= a.at_ms < (live.at_ms if a.post else until_ms) and not _beats(a)]
    others = [a for a in arrivals if until_ms <= a.at_ms < live.at_ms and not a.post]
    after = [a for a in arrivals if a.at_ms >= live.at_ms and a is not live]
    return [*before, *others, live, *(msgspec.structs.replace(a, at_ms=live.at_ms) for a in kept), *after]


def _beats(arrival: Arrival) -> bool:
    return arrival.control is ControlKind.HEARTBEAT


def _paused(arrivals: list[Arrival]) -> list[Arrival]:
    """Feed b carries nothing until it is back: this was never numbered, and nobody can miss it by its number."""
    return [a for a in arrivals if not RESTART_MS < a.at_ms <= RESTART_MS + PAUSE_MS]


def _split(arrivals: list[Arrival]) -> list[list[Arrival]]:
    """Cut feed b behind the disconnect that it announces at ``RESTART_MS``."""
    place = next(i for i, arrival in enumerate(arrivals) if arrival.at_ms > RESTART_MS)
    return [arrivals[:place], arrivals[place:]]


def _lost(arrivals: list[Arrival], lines: int) -> frozenset[int]:
    """Indexes of the lines that feed a never delivers."""
    scale = min(1.0, lines / FULL_LINES)
    cut = next(i for i, arrival in enumerate(arrivals) if arrival.at_ms > CUT_MS)
    runs = [(int(share * len(arrivals)), size) for share, size in _GAPS] + [(cut, _CUT_LINES)]
    return frozenset(i for start, size in runs for i in range(start, start + max(1, round(size * scale))))


def _number(feed: str, epoch: int, arrivals: list[Arrival], lost: frozenset[int]) -> list[tuple[int, Line]]:
    """Number the lines from 1 and drop the lost ones."""
    out: list[tuple[int, Line]] = []
    prefix = f'"feed":"{feed}","epoch":{epoch},"seq":'.encode()
    for index, arrival in enumerate(arrivals):
        if index in lost:
            continue
        stamp = b"%b%d" % (prefix, index + 1)
        is_broken = arrival.kind is Kind.BROKEN
        raw = arrival.body.replace(STAMP, stamp) if is_broken else b"%b,%b}" % (arrival.body, stamp)
        line = Line(feed, epoch, index + 1, arrival.kind, raw, arrival.post, arrival.track, arrival.control)
        out.append((arrival.at_ms, line))
    return out
