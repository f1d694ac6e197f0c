"""Mentions of an open load: the texts of a file, with numbers, times and names of their own, spliced and not encoded.

Every line is prepared once, with a slot for its time and a mark wherever a copy's suffix belongs
(``streams.stages.amplify``). The lines are sent round by round; a round is a copy of its own, so no id comes twice.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

import msgspec

from config.errors import UnheardError
from config.settings import Brand
from models.records import Control, ControlKind, Mention
from streams.formats.lines import Good, SourceLine
from streams.stages.amplify import copy_suffix, make_template
from streams.stages.stamp import Kind, Line, stamp_prefix

_COPIES: Final = 2  # more than one, so that lines get their marks
_TIME: Final = re.compile(rb',"created_at_ms":\d+')
Record = dict[str, Any]  # "value" and "partition", as produce_batch takes them
_encode: Final = msgspec.json.Encoder().encode


class Payload(NamedTuple):
    """A mention's JSON before and behind its time, with ``mark`` for a copy's suffix, and what its partition is
    chosen by."""

    before: bytes
    behind: bytes
    mark: bytes
    author_crc: int
    has_fresh_author: bool


class Feed(msgspec.Struct, frozen=True):
    """Who sends, and where to: all of the raw partitions."""

    name: str
    source: str
    partitions: int


def brand_names(brands: Iterable[Brand]) -> frozenset[str]:
    """The names that copies share."""
    return frozenset(name.lower() for brand in brands for name in (*brand.handles, *brand.bot_handles))


def make_payloads(lines: Iterable[SourceLine], source: str, keep: frozenset[str]) -> list[Payload]:
    """The mentions among ``lines``, each id once. Raises UnheardError if there are none."""
    mentions = {line.mention.id: line.mention for line in lines if isinstance(line, Good)}
    if not mentions:
        raise UnheardError("there are no mentions to send")
    return [_payload(mention, source, keep) for mention in mentions.values()]


def _payload(mention: Mention, source: str, keep: frozenset[str]) -> Payload:
    payload = _encode(msgspec.structs.replace(mention, source=source))
    line = Line(Kind.MENTION, mention.created_at_ms, payload, crc32(mention.author.encode()))
    template = make_template(line, keep, _COPIES)
    before, behind = _TIME.split(template.payload, maxsplit=1)  # inside a JSON string the quotes would be escaped
    return Payload(
        before + b',"created_at_ms":', behind[:-1], template.mark, line.author_crc, template.has_fresh_author
    )


class Renderer:
    """Makes the records of one feed. The mention numbered *n* (from 0) has ``seq`` *n* + 1."""

    def __init__(self, payloads: Sequence[Payload], feed: Feed) -> None:
        self._payloads, self._partitions = payloads, feed.partitions
        self._prefix = stamp_prefix(feed.name, 1)
        self._seed = crc32(feed.name.encode())  # several feeds send the same lines under other names

    def render(self, first: int, times_ms: Sequence[int]) -> list[Record]:
        """The records numbered from ``first`` on, of these event times."""
        records: list[Record] = []
        count = len(self._payloads)
        at, end = first, first + len(times_ms)
        while at < end:
            stop = min(end, at - at % count + count)  # of the round
            records += self._of_one_round(at, times_ms[at - first : stop - first])
            at = stop
        return records

    def _of_one_round(self, first: int, times_ms: Sequence[int]) -> list[Record]:
        """All with one suffix. Nothing here is done twice that can be done once: at 150,000 a second it counts."""
        count, partitions, prefix = len(self._payloads), self._partitions, self._prefix
        suffix = copy_suffix(self._seed, first // count + 1)
        payloads = self._payloads[first % count : first % count + len(times_ms)]
        records: list[Record] = []
        for seq, ((before, behind, mark, crc, fresh), time_ms) in enumerate(
            zip(payloads, times_ms, strict=True), start=first + 1
        ):
            value = b'%b%d%b%b%d,"feed_time_ms":%d}' % (before, time_ms, behind, prefix, seq, time_ms)
            partition = (crc32(suffix, crc) if fresh else crc) % partitions
            records.append({"value": value.replace(mark, suffix), "partition": partition})
        return records


def feed_start(feed: Feed) -> bytes:
    """The announcement that every raw partition gets before the first mention."""
    return _encode(
        Control(
            control=ControlKind.FEED_START,
            feed=feed.name,
            epoch=1,
            source=feed.source,
            partitions=tuple(range(feed.partitions)),
        )
    )


def end_of_feed(feed: Feed, sent: int, last_ms: int) -> bytes:
    """The announcement that every raw partition gets behind the last of ``sent`` mentions."""
    return _encode(
        Control(
            control=ControlKind.END_OF_FEED,
            feed=feed.name,
            epoch=1,
            feed_time_ms=last_ms,
            source=feed.source,
            last_seq=sent,
        )
    )
