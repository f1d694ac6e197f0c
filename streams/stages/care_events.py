"""Reading ``care.events.v1``: a packed block, checked, as rows of the partition's own codes."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packed import EVENT_DTYPE, PACKED_SCHEMA, CareBlock, CareSection, RawSpan
from models.records import FOLLOWER_BANDS, INTENTS, Role
from streams.stages.fold import BlockError
from streams.stages.id_kernel import hash_copies
from streams.stages.waiting import NO_ROWS, ROW_DTYPE, Rows, Table, in_order

_COPIED = ("time_ms", "seq", "epoch", "customer", "flags", "pii", "role", "intent", "reasons", "tier", "band")
_decode = msgspec.msgpack.Decoder(CareBlock).decode


def decode_block(value: bytes) -> CareBlock:
    """The block in ``value``. Raises BlockError for another schema or a damaged record."""
    try:
        block = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BlockError(f"care block cannot be read: {error}{_of_another_schema(value)}") from error
    if block.schema != PACKED_SCHEMA:
        raise BlockError(f"care block has schema {block.schema}, not {PACKED_SCHEMA}")
    return block


def _of_another_schema(value: bytes) -> str:
    """What a block says of its schema, if it is not ours: its shape may be anything then."""
    try:
        schema, *_ = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, ValueError):
        return ""
    return f" (it has schema {schema}, not {PACKED_SCHEMA})" if schema != PACKED_SCHEMA else ""


def block_rows(
    block: CareBlock,
    cut_offsets: Sequence[int | None],
    pair_of: Callable[[str, str], int],
    feed_of: Callable[[str, str], int],
    seeds_of: Callable[[], NDArray[np.uint64]],
) -> Rows:
    """Rows of ``block``, of each section those from its raw offset in ``cut_offsets`` on, none where that is None.

    ``pair_of`` gives the code of (source, brand), ``feed_of`` that of (feed, source of its first row), ``seeds_of`` the
    seeds of all pairs (``streams.stages.dedupe.seed_of``). Raises BlockError for inconsistent columns.
    """
    events, ends = _events(block)
    starts = np.append(0, ends[:-1])
    kept = _kept(block, events, cut_offsets)
    if kept is not None:
        events, starts, ends = events[kept], starts[kept], ends[kept]
    if len(events) == 0:
        return NO_ROWS
    table = np.empty(len(events), ROW_DTYPE)
    for name in _COPIED:
        table[name] = events[name]
    table["pair"] = np.array([pair_of(source, brand) for source, brand in block.pairs], np.uint32)[events["pair"]]
    table["feed"] = _feed_codes(block, events, feed_of)
    table["id_from"], table["id_to"] = starts, ends - 1  # without its NUL
    rows = Rows(table, np.frombuffer(block.ids, np.uint8))
    hash_copies(
        rows.ids,
        table["id_from"],
        table["id_to"],
        table["pair"],
        seeds_of(),
        table["customer"],
        table["copy_high"],
        table["copy_low"],
    )
    return rows


def warm_up() -> None:
    """Compile what is compiled on first use, before the first block has to wait for it."""
    two = np.zeros(2, EVENT_DTYPE).tobytes()
    sections = (CareSection(RawSpan("", 0, 0, 2), 2),)
    block = CareBlock(PACKED_SCHEMA, "", "", sections, two, b"a\0b\0", (("", ""),), ("",))
    in_order(block_rows(block, [0], lambda *_: 0, lambda *_: 0, lambda: np.zeros((1, 2), np.uint64)))


def _kept(block: CareBlock, events: Table, cut_offsets: Sequence[int | None]) -> NDArray[np.intp] | None:
    """The places of the rows that were not seen before; None for all of them."""
    whole = True
    kept = np.ones(len(events), np.bool_)
    low = 0
    for section, cut_offset in zip(block.sections, cut_offsets, strict=True):
        high = low + section.events
        if cut_offset is None:
            kept[low:high] = False
            whole = False
        elif cut_offset > section.span.from_offset:
            kept[low:high] = events["offset"][low:high] >= cut_offset
            whole = False
        low = high
    return None if whole else np.flatnonzero(kept)


def _feed_codes(block: CareBlock, events: Table, feed_of: Callable[[str, str], int]) -> NDArray[np.uint32]:
    codes = np.zeros(len(block.feeds), np.uint32)
    for feed, row in zip(*np.unique(events["feed"], return_index=True), strict=True):
        codes[feed] = feed_of(block.feeds[feed], block.pairs[events["pair"][row]][0])
    by_row: NDArray[np.uint32] = codes[events["feed"]]
    return by_row


def _events(block: CareBlock) -> tuple[Table, NDArray[np.int64]]:
    """The events, and where the id of each ends, its NUL included."""
    count = sum(section.events for section in block.sections)
    ends = np.flatnonzero(np.frombuffer(block.ids, np.uint8) == 0) + 1
    if len(block.rows) != count * EVENT_DTYPE.itemsize or len(ends) != count or block.ids[-1:] not in (b"", b"\0"):
        raise BlockError(f"care block has {len(block.rows)} bytes and {len(ends)} ids for {count} events")
    try:
        block.ids.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise BlockError(f"care block has ids that are no text: {error}") from error
    events = np.frombuffer(block.rows, EVENT_DTYPE)
    limits = {
        "pair": len(block.pairs),
        "feed": len(block.feeds),
        "role": len(Role),
        "intent": len(INTENTS),
        "band": len(FOLLOWER_BANDS),
    }
    for name, limit in limits.items():
        if len(events) and int(events[name].max()) >= limit:
            raise BlockError(f"care block has {name} {int(events[name].max())} of {limit}")
    return events, ends
