"""Raw records to typed lines: mentions, controls and rejects, each with its stamps.

A record that carries no stamps gets them here, in partition order (feed ``raw-<partition>``, epoch 0, seq offset + 1,
feed time the running maximum); it stands outside the determinism promise.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.records import ANNOUNCEMENTS, STAMP_HEADER, Control, LineKind, Mention, RejectReason, Stamp

Headers = Sequence[tuple[str, bytes | None]]
Ints = NDArray[np.int64]

ANNOUNCEMENT: Final = 255  # kind of a record that is no source line
EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01: no source of ours is older
LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01
NAME_CHARS_LIMIT: Final = 200  # feeds and sources become keys of state and labels of metrics
NAMED_LIMIT: Final = 500  # people that one mention may name: each becomes an event

_MENTION: Final = msgspec.json.Decoder(Mention)
_CONTROL: Final = msgspec.json.Decoder(Control)
_STAMP: Final = msgspec.json.Decoder(Stamp)
_FAILURES: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_NUL_ESCAPE: Final = b"\\u0000"


class RawBatch(msgspec.Struct, frozen=True):
    """What was consumed, column by column; records of one partition stand together, in offset order.

    ``extras(row)`` gives key and headers, asked for only when a record is a reject or no mention.
    """

    partitions: list[int]
    offsets: list[int]
    values: list[bytes | None]
    extras: Callable[[int], tuple[bytes | None, Headers]]


class Reject(msgspec.Struct, frozen=True):
    reason: RejectReason
    position: int = 0


class Lines(msgspec.Struct, frozen=True):
    """A decoded batch. ``feeds``, ``epochs``, ``seqs``, ``feed_times_ms`` and ``kinds`` have one entry per record
    (``kinds``: LineKind or ``ANNOUNCEMENT``); the three dicts and lists say which record is what."""

    mentions: list[Mention]
    mention_rows: Ints
    controls: dict[int, Control]
    rejects: dict[int, Reject]
    feeds: list[str]
    epochs: Ints
    seqs: Ints
    feed_times_ms: Ints
    kinds: NDArray[np.uint8]
    foreign_times_ms: dict[int, int]  # by partition: running maximum of unstamped records


Line = Mention | Control | Reject


def decode_batch(
    batch: RawBatch, size_limit: int, foreign_times_ms: Mapping[int, int], refused: Mapping[int, RejectReason]
) -> Lines:
    """Decode every record. ``size_limit`` in bytes; ``refused`` names records that a later step could not take."""
    lines, stamps = _decode_values(batch, size_limit)
    for row, reason in refused.items():
        lines[row] = Reject(reason)
    return _arrange(batch, lines, stamps, dict(foreign_times_ms))


def _decode_values(batch: RawBatch, size_limit: int) -> tuple[list[Line], dict[int, Stamp]]:
    """The line of each record, and the stamps of those that keep them in a header."""
    decode = _MENTION.decode
    lines: list[Line] = []
    stamps: dict[int, Stamp] = {}
    for row, value in enumerate(batch.values):
        try:
            mention = decode(value)  # type: ignore[arg-type]  # None raises TypeError
        except _FAILURES:
            line, stamp = _decode_other(value, size_limit, batch.extras(row)[1])
            if stamp is not None:
                stamps[row] = stamp
            lines.append(line)
        else:
            lines.append(mention)
    _check_values(batch.values, lines, size_limit)
    _check_mentions(lines)
    return lines, stamps


def _decode_other(value: bytes | None, size_limit: int, headers: Headers) -> tuple[Line, Stamp | None]:
    """A record that is no mention: a control, else a reject, explained by its header or by a closer look."""
    try:
        control = _CONTROL.decode(value)  # type: ignore[arg-type]
    except _FAILURES:
        stamp = read_stamp(headers)
        if stamp is not None:
            return Reject(stamp.reason, stamp.position), stamp
        return Reject(explain(value, size_limit)), None
    return _check_control(control), None


def read_stamp(headers: Headers) -> Stamp | None:
    """The stamp that travels beside the bytes of a broken line; None if there is none, or a broken one."""
    for name, raw in headers:
        if name == STAMP_HEADER and raw is not None:
            try:
                stamp = _STAMP.decode(raw)
            except _FAILURES:
                return None
            sane = _sane_stamp(stamp.feed, stamp.epoch, stamp.seq, stamp.feed_time_ms)
            return stamp if sane else None
    return None


def explain(value: bytes | None, size_limit: int) -> RejectReason:
    """Why ``value`` is neither mention nor control."""
    if value is None or not value.strip():
        return RejectReason.EMPTY
    if len(value) > size_limit:
        return RejectReason.TOO_LARGE
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return RejectReason.NOT_UTF8
    try:
        tree = json.loads(text)
    except RecursionError:
        return RejectReason.TOO_DEEP
    except ValueError:
        return RejectReason.BAD_TEXT if "\0" in text else RejectReason.NOT_JSON
    return _explain_tree(value, text, tree)


def _explain_tree(value: bytes, text: str, tree: object) -> RejectReason:
    """Why JSON that Python's lenient reader takes is none of ours."""
    try:
        msgspec.json.decode(value)
    except RecursionError:
        return RejectReason.TOO_DEEP
    except (msgspec.DecodeError, UnicodeDecodeError):
        return RejectReason.BAD_TEXT if _SURROGATE.search(text) else RejectReason.NOT_JSON
    if isinstance(tree, dict) and isinstance(tree.get("control"), str):
        known = tree["control"] in {kind.value for kind in type_of_control()}
        return RejectReason.WRONG_SHAPE if known else RejectReason.UNKNOWN_CONTROL
    return RejectReason.WRONG_SHAPE
