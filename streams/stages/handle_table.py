"""The brands' handles as an open-addressed table that compiled code looks names up in."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from models.compiled import compiled, inner
from models.features import Bytes, Ints
from models.packing import Strings

NOBODY: Final = -1
ODD: Final = -2  # not ASCII: what is lower case there, compiled code does not know
_SPARE: Final = 4  # slots for each handle: most names are nobody's, and seen to be after one look
_HASH_START: Final = 0xCBF29CE484222325  # FNV-1a, 64 bit
_HASH_FACTOR: Final = 0x100000001B3
_HASH_START_64: Final = np.uint64(_HASH_START)
_HASH_FACTOR_64: Final = np.uint64(_HASH_FACTOR)
_FOLD: Final = np.uint64(32)
_BITS: Final = 2**64 - 1


class HandleTable(NamedTuple):
    """Handle i is ``names[ends[i]:ends[i + 1]]``, of brand ``brands[i]`` in role ``roles[i]``. A slot has a handle's
    index or NOBODY; their number is a power of two."""

    slots: Ints
    names: Bytes
    ends: Ints
    brands: Ints
    roles: Ints


def handle_table(parties: Mapping[str, tuple[int, int]]) -> HandleTable:
    """The table of lower-case handles, each with its (brand, role)."""
    size = 1 << (_SPARE * len(parties) + 1).bit_length()
    slots = np.full(size, NOBODY, np.int64)
    for index, handle in enumerate(parties):
        slot = _hash(handle.encode()) & (size - 1)
        while slots[slot] != NOBODY:
            slot = (slot + 1) & (size - 1)
        slots[slot] = index
    known = np.array(list(parties.values()), np.int64).reshape(-1, 2)
    names = Strings.of(parties)
    return HandleTable(slots, names.data, names.offsets, known[:, 0].copy(), known[:, 1].copy())


def _hash(handle: bytes) -> int:
    value = _HASH_START
    for byte in handle:
        value = (value ^ byte) * _HASH_FACTOR & _BITS
    return value ^ value >> 32


def find_handles(table: HandleTable, names: Strings) -> Ints:
    """Index of the handle that each name writes, in any case; NOBODY for none, ODD for a name that is not ASCII."""
    found = np.empty(len(names), np.int64)
    data = names.data.view()
    data.flags.writeable = False  # numba compiles anew for an array that can be written
    _find_handles(table, data, names.offsets, found)
    return found


@compiled
def _find_handles(table: Any, data: Any, ends: Any, found: Any) -> None:
    mask = np.uint64(len(table.slots) - 1)
    for name in range(len(found)):
        start, end = ends[name], ends[name + 1]
        value, seen = _HASH_START_64, np.uint8(0)
        for at in range(start, end):
            seen |= data[at]
            value = (value ^ np.uint64(_lower(data[at]))) * _HASH_FACTOR_64
        slot = (value ^ (value >> _FOLD)) & mask
        while table.slots[slot] != NOBODY and not _is_same(table, table.slots[slot], data, start, end):
            slot = (slot + np.uint64(1)) & mask
        found[name] = ODD if seen >= 0x80 else table.slots[slot]


@inner
def _is_same(table: Any, handle: int, data: Any, start: int, end: int) -> bool:
    begin = table.ends[handle]
    size = table.ends[handle + 1] - begin
    at = 0
    while at < size and start + at < end and table.names[begin + at] == _lower(data[start + at]):
        at += 1
    return bool(at == size == end - start)


@inner
def _lower(byte: int) -> int:
    return byte + 32 if 65 <= byte <= 90 else byte
