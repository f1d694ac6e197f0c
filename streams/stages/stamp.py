"""Stamps the lines of a source: which number each has in its feed, how far time was when it came, and whether the
feed had stood still before.

A line travels as the JSON of its mention or control without stamps, or as the bytes of a broken line. Stamps are
spliced into that JSON, which costs a tenth of encoding it again.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from models.records import RejectReason, Stamp


class Kind(IntEnum):
    MENTION = 0
    CONTROL = 1
    BROKEN = 2


class Line(NamedTuple):
    """``payload``: JSON without stamps, or the bytes of a broken line. ``time_ms``: ``created_at_ms`` of a mention,
    ``at_ms`` of a heartbeat that says it, else 0. ``author_crc``: CRC-32 of a mention's author, what its partition is
    chosen by. ``reason``: a broken line's."""

    kind: int
    time_ms: int
    payload: bytes
    author_crc: int = 0
    reason: str = ""
    position: int = 0
    is_heartbeat: bool = False


class Entry(NamedTuple):
    """A line of the source where it belongs: sorted, entries are in the order of their feeds' sequences.

    ``feed`` is an index. ``seq`` is the source's own number, 0 if it has none: then the order is by time and id.
    """

    feed: int
    epoch: int
    seq: int
    time_ms: int
    id: str
    ordinal: int
    line: Line


class Placed(NamedTuple):
    """A line with its stamps. Sorted, lines of all feeds are in the order in which they are sent. ``silent_ms``: how
    long the feed had stood still, 0 unless the line ended a stall."""

    feed_time_ms: int
    feed: int
    epoch: int
    seq: int
    ordinal: int
    line: Line
    silent_ms: int = 0


class Silence(NamedTuple):
    """From when on silence is a stall, and how much of it a heartbeat without a time vouches for."""

    stall_ms: int
    heartbeat_ms: int


def place(entries: Iterable[Entry], first_ms: Mapping[int, int], start_ms: int, silence: Silence) -> Iterator[Placed]:
    """Stamp sorted entries. ``feed_time_ms`` is the running maximum of event time in the order of the sequence, over
    all epochs of a feed; before a feed's first line with a time it is that line's, ``first_ms[feed]``.

    A step of that time by more than ``silence`` allows was a stall, where heartbeats have come in the epoch: a source
    without them may just have had nothing to say. Lines before ``start_ms`` are left out. Epochs without numbers of
    their own count from 1.
    """
    feed = epoch = -1
    feed_time_ms = counted = heartbeats = 0  # heartbeats: without a time, since feed time moved last
    last_seq, has_heartbeats = 0, False
    stall_ms, heartbeat_ms = silence
    for entry in entries:
        if entry.feed != feed:
            feed, feed_time_ms, heartbeats = entry.feed, first_ms.get(entry.feed, 0), 0
            epoch, counted, last_seq, has_heartbeats = entry.epoch, 0, 0, False
        elif entry.epoch != epoch:
            epoch, counted, last_seq, has_heartbeats = entry.epoch, 0, 0, False
        line, silent_ms = entry.line, 0
        if line.time_ms > feed_time_ms:
            if has_heartbeats:
                silent_ms = line.time_ms - feed_time_ms - heartbeats * heartbeat_ms
            feed_time_ms, heartbeats = line.time_ms, 0
        if feed_time_ms < start_ms:
            continue
        counted += 1
        if line.is_heartbeat and not (entry.seq and entry.seq == last_seq):  # delivered twice it vouches once
            has_heartbeats, heartbeats = True, heartbeats + (not line.time_ms)
        last_seq = entry.seq
        silent_ms = silent_ms if silent_ms > stall_ms else 0
        yield Placed(feed_time_ms, feed, epoch, entry.seq or counted, entry.ordinal, line, silent_ms)


class EpochSpan(msgspec.Struct, frozen=True):
    """One epoch of a feed as it will be sent; ``feed`` is an index."""

    feed: int
    epoch: int
    lines: int
    first_seq: int
    last_seq: int
    feed_time_ms: int


def epoch_spans(lines: Iterable[Placed]) -> tuple[EpochSpan, ...]:
    """The epochs that ``lines`` have, by feed and number."""
    spans: dict[tuple[int, int], list[int]] = {}
    for feed_time_ms, feed, epoch, seq, *_ in lines:
        span = spans.get((feed, epoch))
        if span is None:
            spans[feed, epoch] = [1, seq, seq, feed_time_ms]
        else:
            span[0] += 1
            span[2] = seq
            span[3] = feed_time_ms
    return tuple(EpochSpan(feed, epoch, *span) for (feed, epoch), span in sorted(spans.items()))


# ---------------------------------------------------------------- stamps in JSON

_CREATED: Final = b',"created_at_ms":%d'
_AT: Final = b',"at_ms":%d'
_encode: Final = msgspec.json.Encoder().encode


def stamp_prefix(feed: str, epoch: int) -> bytes:
    """The part of the stamps that all lines of an epoch share."""
    return b',"feed":%b,"epoch":%d,"seq":' % (_encode(feed), epoch)


def splice_stamps(payload: bytes, prefix: bytes, seq: int, feed_time_ms: int, silent_ms: int) -> bytes:
    """The JSON object ``payload`` (not empty) with its stamps behind its other fields."""
    if silent_ms:
        return b'%b%b%d,"feed_time_ms":%d,"silent_ms":%d}' % (payload[:-1], prefix, seq, feed_time_ms, silent_ms)
    return b'%b%b%d,"feed_time_ms":%d}' % (payload[:-1], prefix, seq, feed_time_ms)


def broken_stamp(line: Line, feed: str, epoch: int, seq: int, feed_time_ms: int, silent_ms: int) -> bytes:
    """The value of the header ``unheard.stamp``."""
    return _encode(
        Stamp(
            feed=feed,
            epoch=epoch,
            seq=seq,
            feed_time_ms=feed_time_ms,
            reason=RejectReason(line.reason),
            position=line.position,
            silent_ms=silent_ms,
        )
    )


def move_time(payload: bytes, time_ms: int, shift_ms: int) -> bytes:
    """The JSON of a mention or a heartbeat with its event time moved. Inside a JSON string the quotes would be
    escaped, so the first match is the field."""
    moved = payload.replace(_CREATED % time_ms, _CREATED % (time_ms + shift_ms), 1)
    return moved if moved != payload else payload.replace(_AT % time_ms, _AT % (time_ms + shift_ms), 1)
