"""Reads ``mentions.raw.v1``, and what the stamps of its records say about time and about lateness."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from models.records import ANNOUNCEMENTS, STAMP_HEADER, Control, ControlKind, Mention, Stamp

from .classified import LineStamp

UNSET_MS: Final = -(2**62)

Line = Mention | Control | Stamp


@dataclass(frozen=True, slots=True)
class RawLine:
    """One record of the raw topic: where it lies and what it says. A ``Stamp`` stands for a broken line."""

    partition: int
    value: Line

    @property
    def stamp(self) -> LineStamp:
        return LineStamp(self.value.feed, self.value.epoch, self.value.seq)

    @property
    def announces(self) -> bool:
        return isinstance(self.value, Control) and self.value.control in ANNOUNCEMENTS


def decode_raw(partition: int, value: bytes, headers: Mapping[str, bytes]) -> RawLine:
    """A record as it lies in the topic. The stamp header says that the bytes are a broken line, whatever they hold.

    Raises msgspec.MsgspecError for a record without stamps that is neither a mention nor a control line.
    """
    if STAMP_HEADER in headers:
        return RawLine(partition, msgspec.json.decode(headers[STAMP_HEADER], type=Stamp))
    return raw_from_json(partition, msgspec.json.decode(value))


def raw_from_json(partition: int, value: Mapping[str, Any]) -> RawLine:
    """A line as untyped JSON: ``control`` marks a control line, ``reason`` without ``text`` a broken one."""
    if "control" in value:
        return RawLine(partition, msgspec.convert(value, Control))
    if "reason" in value and "text" not in value:
        return RawLine(partition, msgspec.convert(value, Stamp))
    return RawLine(partition, msgspec.convert(value, Mention))


def is_late(mention: Mention, lateness_ms: int) -> bool:
    return mention.created_at_ms < mention.feed_time_ms - lateness_ms


def distinct_lines(lines: Iterable[RawLine]) -> list[RawLine]:
    """The source's lines, each once: a stamp that comes again is the same line delivered again."""
    seen: dict[LineStamp, RawLine] = {}
    for line in lines:
        if not line.announces:
            seen.setdefault(line.stamp, line)
    return list(seen.values())


def partition_sets(lines: Iterable[RawLine]) -> dict[str, frozenset[int]]:
    """The raw partitions of each feed: those it announced, else those in which it was seen."""
    announced: dict[str, set[int]] = defaultdict(set)
    seen: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        value = line.value
        seen[value.feed].add(line.partition)
        if isinstance(value, Control) and value.control is ControlKind.FEED_START:
            announced[value.feed].update(value.partitions)
    return {feed: frozenset(announced.get(feed) or partitions) for feed, partitions in seen.items()}


def watermark(lines: Sequence[RawLine], lateness_ms: int) -> int:
    """W when all ``lines`` have been read: the least of ``feed_time - L`` over the unfinished feeds and their
    partitions; after the end of all feeds the last event + settling time + 1 ms."""
    sets = partition_sets(lines)
    finals = _final_ends(lines)
    marks: dict[tuple[str, int], int] = {}
    for line in lines:
        if isinstance(line.value, Control) and line.value.control is ControlKind.FEED_START:
            continue  # says where a feed will speak, not how far it is
        place = (line.value.feed, line.partition)
        marks[place] = max(marks.get(place, UNSET_MS), line.value.feed_time_ms)
    unfinished = [
        marks.get((feed, partition), UNSET_MS)
        for feed, partitions in sets.items()
        if not partitions <= finals[feed].keys()
        for partition in partitions
    ]
    if unfinished:
        return max(min(unfinished) - lateness_ms, UNSET_MS)
    settled = [end.feed_time_ms + end.settle_ms for ends in finals.values() for end in ends.values()]
    return max(settled) + 1 if settled else UNSET_MS


def ended_feeds(lines: Sequence[RawLine]) -> frozenset[str]:
    """Feeds whose last end has been read from each of their partitions."""
    finals = _final_ends(lines)
    return frozenset(feed for feed, partitions in partition_sets(lines).items() if partitions <= finals[feed].keys())


def _final_ends(lines: Iterable[RawLine]) -> dict[str, dict[int, Control]]:
    ends: dict[str, dict[int, Control]] = defaultdict(dict)
    for line in lines:
        value = line.value
        if isinstance(value, Control) and value.control is ControlKind.END_OF_FEED and value.final:
            ends[value.feed][line.partition] = value
    return ends
