"""Raw records to typed lines: mentions, controls and rejects, each with its stamps.

Mentions are read straight into columns by a compiled reader; what that does not take is looked at one by one
(``raw_values``). A record that carries no stamps gets them here, in partition order: feed ``raw-<partition>``, seq one
more than the one before (offsets have holes that are nobody's loss), feed time the running maximum. It stands outside
the determinism promise.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import LineKind
from models.records import ANNOUNCEMENTS, Control, Mention, RejectReason, Stamp
from streams.stages.mention_reader import read_mentions
from streams.stages.mention_table import Coded, MentionTable
from streams.stages.raw_values import NAMED_LIMIT as NAMED_LIMIT
from streams.stages.raw_values import Headers as Headers
from streams.stages.raw_values import Reject as Reject
from streams.stages.raw_values import decode_value, fault, good_mentions, plain, read_stamp, refuse

Ints = NDArray[np.int64]

ANNOUNCEMENT: Final = 255  # kind of a record that is no source line


class Foreign(NamedTuple):
    """The stamp of an unstamped record. ``epoch`` is the offset at which the numbering began."""

    epoch: int
    seq: int
    time_ms: int


class RawBatch(msgspec.Struct, frozen=True):
    """What was consumed, column by column; records of one partition stand together, in offset order.

    ``extras(row)`` gives key and headers, asked for only when a record is no plain mention with stamps.
    """

    partitions: list[int]
    offsets: list[int]
    values: list[bytes | None]
    extras: Callable[[int], tuple[bytes | None, Headers]]


class Lines(msgspec.Struct, frozen=True):
    """A decoded batch of n records. ``feeds`` to ``kinds`` have n entries (``times_ms``: of mentions, 0 for others;
    ``kinds``: LineKind or ``ANNOUNCEMENT``); ``mention_rows`` (ascending), ``controls`` and ``rejects`` say which is
    what. ``silences_ms`` are those that lines ended, by row."""

    mentions: MentionTable
    mention_rows: Ints
    extended: frozenset[int]  # rows of mentions with fields that are not ours
    controls: dict[int, Control]
    rejects: dict[int, Reject]
    feeds: Coded
    epochs: Ints
    seqs: Ints
    feed_times_ms: Ints
    times_ms: Ints
    kinds: NDArray[np.uint8]
    silences_ms: dict[int, int]
    foreign: dict[int, Foreign]  # by partition: the newest stamp of unstamped records


class _Found(msgspec.Struct, frozen=True):
    """The mentions of a batch, the rows they stand in, and what is none by row."""

    mentions: MentionTable
    rows: Ints
    others: dict[int, Control | Reject]
    extended: frozenset[int]


def decode_batch(
    batch: RawBatch, size_limit: int, foreign: Mapping[int, Foreign], refused: Mapping[int, RejectReason]
) -> Lines:
    """Decode every record. ``size_limit`` in bytes; ``refused`` names mentions that a later step could not take."""
    found = _find_mentions(batch, size_limit)
    rejects = _reject_mentions(batch, found, refused)
    if rejects:
        places = np.searchsorted(found.rows, sorted(rejects)).tolist()
        found = msgspec.structs.replace(
            found,
            mentions=found.mentions.without(places),
            rows=np.delete(found.rows, places),
            others={**found.others, **rejects},
        )
    return _stamp_lines(batch, found, dict(foreign))


# ---------------------------------------------------------------- values


def _find_mentions(batch: RawBatch, size_limit: int) -> _Found:
    values = [value or b"" for value in batch.values]
    unread = np.ones(len(values), np.bool_)
    mentions, rows = read_mentions(values, size_limit)
    unread[rows] = False
    unusual: dict[int, Mention] = {}
    others: dict[int, Control | Reject] = {}
    extended: list[int] = []
    for row in np.flatnonzero(unread).tolist():
        line, is_extended = decode_value(values[row], size_limit, partial(_headers, batch, row))
        if is_extended:
            extended.append(row)
        if isinstance(line, Mention):
            unusual[row] = line
        else:
            others[row] = line
    if unusual:
        mentions, rows = _with_unusual(values, rows, unusual)
    return _Found(mentions, rows, others, frozenset(extended))


def _headers(batch: RawBatch, row: int) -> Headers:
    return batch.extras(row)[1]


def _with_unusual(values: list[bytes], rows: Ints, unusual: Mapping[int, Mention]) -> tuple[MentionTable, Ints]:
    """Read once more, with the unusual mentions as they look when we write them, and nothing that is no mention."""
    written = [b""] * len(values)
    for row in rows.tolist():
        written[row] = values[row]
    for row, mention in unusual.items():
        written[row] = plain(mention)
    mentions, rows = read_mentions(written, max(map(len, written)))
    return msgspec.structs.replace(mentions, values=[values[row] for row in rows.tolist()]), rows


def _reject_mentions(batch: RawBatch, found: _Found, refused: Mapping[int, RejectReason]) -> dict[int, Reject]:
    """The mentions that are none of ours nevertheless, by row."""
    table, rows = found.mentions, found.rows
    rejects: dict[int, Reject] = {}
    for row in rows[table.feed_time_ms == 0].tolist():
        stamp = read_stamp(_headers(batch, row))
        if stamp is not None:
            rejects[row] = Reject(stamp.reason, stamp)  # the reader of the source saw what a decoder cannot
    bad = ~good_mentions(table)
    for place in np.flatnonzero(bad | np.isin(rows, list(refused))).tolist() if refused or bad.any() else ():
        row, mention = int(rows[place]), table[place]
        reason = fault(mention) if bad[place] else refused[row]
        rejects.setdefault(row, refuse(mention, reason, _headers(batch, row)))
    return rejects


# ---------------------------------------------------------------- stamps


def _stamp_lines(batch: RawBatch, found: _Found, foreign: dict[int, Foreign]) -> Lines:
    count, others = len(batch.values), sorted(found.others.items())
    feeds, unstamped = _name_feeds(batch, found)
    lines = Lines(
        mentions=found.mentions,
        mention_rows=found.rows,
        extended=found.extended,
        controls={row: line for row, line in others if isinstance(line, Control)},
        rejects={row: line for row, line in others if isinstance(line, Reject)},
        feeds=feeds,
        epochs=np.zeros(count, np.int64),
        seqs=np.zeros(count, np.int64),
        feed_times_ms=np.zeros(count, np.int64),
        times_ms=np.zeros(count, np.int64),
        silences_ms={},
        kinds=np.zeros(count, np.uint8),
        foreign=foreign,
    )
    _copy_stamps(lines)
    _stamp_foreign(batch, lines, unstamped)
    return lines


def _name_feeds(batch: RawBatch, found: _Found) -> tuple[Coded, Ints]:
    """The feed of every record, and the rows of those without stamps."""
    numbers = {"": -1}
    codes = np.full(len(batch.values), -1, np.int64)
    feed = found.mentions.feed
    own = [numbers.setdefault(name, len(numbers) - 1) for name in feed.names]
    codes[found.rows] = np.array(own, np.int64)[feed.codes]
    for row, line in found.others.items():
        stamp = line.stamp if isinstance(line, Reject) else line
        if stamp is not None:
            codes[row] = numbers.setdefault(stamp.feed, len(numbers) - 1)
    unstamped = np.flatnonzero(codes < 0)
    for row in unstamped.tolist():
        codes[row] = numbers.setdefault(foreign_feed(batch.partitions[row]), len(numbers) - 1)
    return Coded(codes, tuple(numbers)[1:]), unstamped


def _copy_stamps(lines: Lines) -> None:
    rows, mentions = lines.mention_rows, lines.mentions
    lines.epochs[rows], lines.seqs[rows] = mentions.epoch, mentions.seq
    lines.feed_times_ms[rows], lines.times_ms[rows] = mentions.feed_time_ms, mentions.created_at_ms
    for place in np.flatnonzero(mentions.silent_ms).tolist():
        _put_silence(lines, int(rows[place]), mentions[place])
    for row, control in lines.controls.items():
        lines.kinds[row] = ANNOUNCEMENT if control.control in ANNOUNCEMENTS else LineKind.CONTROL
        if control.feed:  # else its figures may be anything
            _put_stamp(lines, row, control)
    for row, reject in lines.rejects.items():
        lines.kinds[row] = LineKind.REJECTED
        if reject.stamp is not None:
            _put_stamp(lines, row, reject.stamp)


def _put_stamp(lines: Lines, row: int, stamp: Control | Stamp) -> None:
    lines.epochs[row], lines.seqs[row] = stamp.epoch, stamp.seq
    lines.feed_times_ms[row] = stamp.feed_time_ms
    _put_silence(lines, row, stamp)


def _put_silence(lines: Lines, row: int, stamp: Mention | Control | Stamp) -> None:
    """A silence from before 1970 on is none, whoever says so."""
    if stamp.feed and 0 < stamp.silent_ms <= stamp.feed_time_ms:
        lines.silences_ms[row] = stamp.silent_ms


def _stamp_foreign(batch: RawBatch, lines: Lines, rows: Ints) -> None:
    """Stamp the records without stamps, partition by partition in their order."""
    partitions = np.array([batch.partitions[row] for row in rows.tolist()], np.int64)
    for partition in dict.fromkeys(partitions.tolist()):
        own = rows[partitions == partition]
        before = lines.foreign.get(partition) or Foreign(batch.offsets[int(own[0])], 0, 0)
        times = np.maximum(np.maximum.accumulate(lines.times_ms[own]), before.time_ms)
        lines.epochs[own], lines.seqs[own] = before.epoch, before.seq + 1 + np.arange(len(own))
        lines.feed_times_ms[own] = times
        lines.foreign[partition] = Foreign(before.epoch, before.seq + len(own), int(times[-1]))


def foreign_feed(partition: int) -> str:
    """Name of the feed that unstamped records of a raw partition make up."""
    return f"raw-{partition}"
