"""What a feed carries besides mentions: heartbeats, limit notices, deletes, disconnects, and lines that broke."""

from enum import Enum
from typing import Final

import msgspec

from models.records import Control, ControlKind
from streams.sample.brands import HOUR, MINUTE
from streams.sample.grammar import Draw, between, pick
from streams.sample.script import DAY_MS, DAYS, END_MS, START_MS, Post
from streams.sample.stories import BURST_MS, BURST_START_MS

HEARTBEAT_MS: Final = 30_000
_HEARTBEAT_SHARE: Final = 0.0432  # of all lines and by feed: at full size heartbeats fill the three days
_HEARTBEATS_LEAST: Final = 90  # in a small sample they begin so late
_HEARTBEAT_PHASE_MS: Final = {"a": 0, "b": 11_000}
_DELETE_SHARE: Final = {"a": 0.002, "b": 0.0005}
_BROKEN_SHARE: Final = 0.001  # of a feed's lines
_LIMIT_NOTICES: Final = 24

CUT_MS: Final = START_MS + DAY_MS + 3 * HOUR + 12 * MINUTE  # feed a says that it was cut, and loses lines
RESTART_MS: Final = START_MS + DAY_MS + 14 * HOUR  # feed b is cut, and numbers from 1 again when it is back
PAUSE_MS: Final = 6 * MINUTE  # how long that takes
STALL_MS: Final = 4 * MINUTE  # how long feed a delivers nothing, not even heartbeats
_STALL_AT_MS: Final = START_MS + DAY_MS + 19 * HOUR + 40 * MINUTE

_encode: Final = msgspec.json.Encoder().encode


STAMP: Final = b"<stamp>"


class Kind(Enum):
    MENTION = "mention"
    CONTROL = "control"
    BROKEN = "broken"


class Arrival(msgspec.Struct, frozen=True):
    """A line before it has a number. ``body`` lacks stamp and closing brace; a broken line is whole, with ``STAMP``
    where its stamp goes. ``control`` says which control it is."""

    at_ms: int
    kind: Kind
    body: bytes
    post: Post | None = None
    track: int = 0
    control: ControlKind | None = None


def control_lines(feed: str, lines: int, posts: list[Post], draw: Draw) -> list[Arrival]:
    """All control lines of one feed, in no order."""
    out = _heartbeats(feed, heartbeat_count(lines))
    out += _deletes(round(lines * _DELETE_SHARE[feed]), posts, draw)
    if feed == "a":
        out += _burst_limits(draw)
        out.append(_control(CUT_MS, Control(control=ControlKind.DISCONNECT, code=4, reason="stall")))
        return out
    out += _slow_limits(RESTART_MS - 2 * HOUR, draw) + _slow_limits(END_MS - 9 * HOUR, draw)
    out.append(_control(RESTART_MS, Control(control=ControlKind.DISCONNECT, code=7, reason="admin logout")))
    return out


def _control(at_ms: int, control: Control) -> Arrival:
    return Arrival(at_ms, Kind.CONTROL, _encode(control)[:-1], track=control.track, control=control.control)


def heartbeat_count(lines: int) -> int:
    """How many heartbeats each feed sends. A small sample cannot hold those of three days: there they begin late."""
    return min(DAYS * DAY_MS // HEARTBEAT_MS - 1, max(_HEARTBEATS_LEAST, round(lines * _HEARTBEAT_SHARE)))


def stall_at(lines: int) -> int:
    """When feed a falls silent: in a busy evening, but behind the first heartbeats, without which nobody notices."""
    return max(_STALL_AT_MS, END_MS - heartbeat_count(lines) * HEARTBEAT_MS + 10 * MINUTE)


def _heartbeats(feed: str, count: int) -> list[Arrival]:
    first_ms = END_MS - count * HEARTBEAT_MS + _HEARTBEAT_PHASE_MS[feed]
    return [_control(first_ms + HEARTBEAT_MS * i, Control(control=ControlKind.HEARTBEAT)) for i in range(count)]


def _deletes(count: int, posts: list[Post], draw: Draw) -> list[Arrival]:
    """Deletes of posts that concern no brand, and some of posts that this feed never carried."""
    out: list[Arrival] = []
    while len(out) < count:
        post = pick(posts, draw)
        if post.concerns:
            continue
        known = draw() < 0.9
        control = Control(control=ControlKind.DELETE, id=post.id if known else post.id[::-1])
        out.append(_control(min(post.created_ms + between(5, 600, draw) * MINUTE, END_MS), control))
    return out


def _burst_limits(draw: Draw) -> list[Arrival]:
    """Two interleaved counters of one connection while the burst exceeds what the source lets through. The second
    stays below the first, so that it can be told apart."""
    high, low = 600, 10
    out: list[Arrival] = []
    for index in range(_LIMIT_NOTICES):
        at_ms = BURST_START_MS + BURST_MS // 4 + index * (BURST_MS // 2 // _LIMIT_NOTICES)
        if index % 3 == 1:
            low += between(1, 20, draw)
        else:
            high += between(5, 90, draw)
        track = low if index % 3 == 1 else high
        out.append(_control(at_ms, Control(control=ControlKind.LIMIT, track=track)))
    return out


def _slow_limits(from_ms: int, draw: Draw) -> list[Arrival]:
    """One counter that starts anew with its connection."""
    track, out = 0, []
    for index in range(3):
        track += between(1, 12, draw)
        out.append(_control(from_ms + index * 17 * MINUTE, Control(control=ControlKind.LIMIT, track=track)))
    return out


def broken_lines(arrivals: list[Arrival], draw: Draw) -> list[Arrival]:
    """``arrivals`` with broken lines put in. Each still shows its number: one that does not is for every reader a
    hole in the sequence and a line from nowhere, and the truth could not say which feed it belongs to."""
    count = max(len(_BREAKS), round(len(arrivals) * _BROKEN_SHARE))
    places = sorted(between(1, len(arrivals) - 2, draw) for _ in range(count))
    out: list[Arrival] = []
    start = 0
    for index, place in enumerate(places):
        out += arrivals[start:place]
        start = place
        out.append(Arrival(out[-1].at_ms, Kind.BROKEN, _BREAKS[index % len(_BREAKS)]))
    return out + arrivals[start:]


_BREAKS: Final = (
    b'{<stamp>,"id":"1896","author":"mara_kite7","created_at_ms":1740990000000,"text":"my inter',
    b"HTTP/1.1 502 Bad Gateway {<stamp>}",
    b'{"id":"1897","author":"tom_otter3","created_at_ms":1740990000000,"text":"caf\xe9 \xff",<stamp>}',
    b'{"id":"1898","author":"tom_otter3","created_at_ms":"yesterday","text":"hello",<stamp>}',
    b'{"id":1899,"author":"noor_fern5","created_at_ms":1740990000000,"text":"hello",<stamp>}',
    b'{"id":"1900","author":"noor_fern5","created_at_ms":1740990000000,<stamp>}',
    b'{"id":"1901","author":"rui_lemon2","created_at_ms":-62135596800000,"text":"long ago",<stamp>}',
    b'{"id":"1902","author":"rui_lemon2","created_at_ms":9000000000000000,"text":"far ahead",<stamp>}',
    b'{"id":"1903","author":"yuki_owl8","created_at_ms":1740990000000,"text":"nul \\u0000 byte",<stamp>}',
    b'{"id":"1904","author":"yuki_owl8","created_at_ms":1740990000000,"text":"half \\ud83d a face",<stamp>}',
    b'{"control":"snooze",<stamp>}',
    b'{"id":"1905","deep":' + b"[" * 10_000 + b"]" * 10_000 + b",<stamp>}",
    b'["a list",{<stamp>}]',
    b"{<stamp>}",
)
