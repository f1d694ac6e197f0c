"""Reading ``care.events.v1``: a packed block, checked, as rows of the partition's own codes."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import EVENT_DTYPE, PACKED_SCHEMA, CareBlock, CareSection
from models.records import FOLLOWER_BANDS, INTENTS, Role
from streams.stages.fold import BlockError
from streams.stages.waiting import NO_ROWS, ROW_DTYPE, Rows, Table

_COPIED = ("time_ms", "seq", "epoch", "key", "flags", "pii", "role", "intent", "reasons", "tier", "band")
_decode = msgspec.msgpack.Decoder(CareBlock).decode


def decode_block(value: bytes) -> CareBlock:
    """The block in ``value``. Raises BlockError for another schema or a damaged record."""
    try:
        block = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BlockError(f"care block cannot be read: {error}") from error
    if block.schema != PACKED_SCHEMA:
        raise BlockError(f"care block has schema {block.schema}, not {PACKED_SCHEMA}")
    return block


def section_rows(
    section: CareSection, cut_offset: int, pair_of: Callable[[str], int], feed_of: Callable[[str, str], int]
) -> Rows:
    """Rows of ``section`` from raw offset ``cut_offset`` on. ``pair_of`` gives the code of (source, brand) of a case
    key, ``feed_of`` that of (feed, source of its first row). Raises BlockError for inconsistent columns."""
    events = _events(section)
    ids = list(section.ids)
    seen = events["offset"] < cut_offset
    if seen.any():
        kept = np.flatnonzero(~seen)
        events, ids = events[kept], [ids[row] for row in kept.tolist()]
    if len(events) == 0:
        return NO_ROWS
    table = np.empty(len(events), ROW_DTYPE)
    for name in _COPIED:
        table[name] = events[name]
    keys = list(section.keys)
    try:
        pairs = np.array([pair_of(key) for key in keys], np.uint32)
    except ValueError as error:
        raise BlockError(f"care section has no case key where one belongs: {error}") from error
    table["pair"] = pairs[events["key"]]
    table["feed"] = _feed_codes(section, events, feed_of)
    return Rows(table, ids, keys)


def _feed_codes(section: CareSection, events: Table, feed_of: Callable[[str, str], int]) -> NDArray[np.uint32]:
    codes = np.zeros(len(section.feeds), np.uint32)
    for feed, row in zip(*np.unique(events["feed"], return_index=True), strict=True):
        source = section.keys[events["key"][row]].split("\x1f", 1)[0]
        codes[feed] = feed_of(section.feeds[feed], source)
    by_row: NDArray[np.uint32] = codes[events["feed"]]
    return by_row


def _events(section: CareSection) -> Table:
    if len(section.rows) != len(section.ids) * EVENT_DTYPE.itemsize:
        raise BlockError(f"care section has {len(section.rows)} bytes for {len(section.ids)} events")
    events = np.frombuffer(section.rows, EVENT_DTYPE)
    limits = {
        "key": len(section.keys),
        "feed": len(section.feeds),
        "role": len(Role),
        "intent": len(INTENTS),
        "band": len(FOLLOWER_BANDS),
    }
    for name, limit in limits.items():
        if len(events) and int(events[name].max()) >= limit:
            raise BlockError(f"care section has {name} {int(events[name].max())} of {limit}")
    return events
