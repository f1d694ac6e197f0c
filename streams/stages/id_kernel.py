"""Mention ids side by side, as bytes that compiled steps read: joined, cut, hashed and compared."""

from typing import Any, Final

import numpy as np

from models.compiled import compiled, inner

# SipHash's own constants, and a key of no meaning that must stay as it is: snapshots hold what was hashed with it.
_V0: Final = np.uint64(0x736F6D6570736575)
_V1: Final = np.uint64(0x646F72616E646F6D)
_V2: Final = np.uint64(0x6C7967656E657261)
_V3: Final = np.uint64(0x7465646279746573)


@compiled
def join_ids(data: Any, offsets: Any, chosen: Any) -> Any:
    """The strings numbered ``chosen`` as one buffer with a NUL behind each, and where each ends, its NUL included."""
    ends = np.empty(len(chosen), np.int64)
    size = 0
    for row in range(len(chosen)):
        size += offsets[chosen[row] + 1] - offsets[chosen[row]] + 1
        ends[row] = size
    joined = np.zeros(size, np.uint8)
    at = 0
    for row in range(len(chosen)):
        for place in range(offsets[chosen[row]], offsets[chosen[row] + 1]):
            joined[at] = data[place]
            at += 1
        at += 1
    return joined, ends


@compiled
def hash_copies(ids: Any, starts: Any, ends: Any, pairs: Any, seeds: Any, customers: Any, high: Any, low: Any) -> None:
    """96 bits that stand for (source, brand, customer, id), 64 of them in ``high``: SipHash-2-4 of customer and id
    under a key for each pair. Id i is ``ids[starts[i]:ends[i]]``, ``seeds[pair]`` two words."""
    for row in range(len(starts)):
        seed0, seed1 = seeds[pairs[row], 0], seeds[pairs[row], 1]
        high[row], second = siphash(customers[row], ids, starts[row], ends[row], seed0, seed1)
        low[row] = np.uint32(second >> np.uint64(32))


@inner
def siphash(first: Any, data: Any, start: int, end: int, seed0: Any, seed1: Any) -> Any:
    """SipHash-2-4 with 128 bits of output, of the 8 bytes of ``first``, the least significant one first, and
    ``data[start:end]``."""
    v0, v1, v2, v3 = seed0 ^ _V0, seed1 ^ _V1 ^ np.uint64(0xEE), seed0 ^ _V2, seed1 ^ _V3
    v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, first)
    at = start
    while end - at >= 8:
        word = np.uint64(0)
        for place in range(8):
            word |= np.uint64(data[at + place]) << np.uint64(8 * place)
        v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
        at += 8
    word = np.uint64(end - start + 8) << np.uint64(56)
    for place in range(end - at):
        word |= np.uint64(data[at + place]) << np.uint64(8 * place)
    v0, v1, v2, v3 = _absorb(v0, v1, v2, v3, word)
    v2 ^= np.uint64(0xEE)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    high = v0 ^ v1 ^ v2 ^ v3
    v1 ^= np.uint64(0xDD)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return high, v0 ^ v1 ^ v2 ^ v3


@inner
def _absorb(v0: Any, v1: Any, v2: Any, v3: Any, word: Any) -> Any:
    v3 ^= word
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return v0 ^ word, v1, v2, v3


@inner
def _round(v0: Any, v1: Any, v2: Any, v3: Any) -> Any:
    v0 += v1
    v1 = _turned(v1, 13) ^ v0
    v0 = _turned(v0, 32)
    v2 += v3
    v3 = _turned(v3, 16) ^ v2
    v0 += v3
    v3 = _turned(v3, 21) ^ v0
    v2 += v1
    v1 = _turned(v1, 17) ^ v2
    v2 = _turned(v2, 32)
    return v0, v1, v2, v3


@inner
def _turned(word: Any, bits: int) -> Any:
    return word << np.uint64(bits) | word >> np.uint64(64 - bits)


@compiled
def order_rows(times: Any, ids: Any, starts: Any, ends: Any) -> Any:
    """The places of rows in the order (time, id by its bytes), for UTF-8 the order of code points; equal ones stay in
    theirs. A merge sort, because whole seconds may share one time."""
    count = len(times)
    order, spare = np.arange(count), np.empty(count, np.int64)
    width = 1
    while width < count:
        for low in range(0, count, 2 * width):
            middle, high = min(low + width, count), min(low + 2 * width, count)
            left, right = low, middle
            for place in range(low, high):
                ahead = left < middle and right < high
                if right == high or (ahead and not _is_before(times, ids, starts, ends, order[right], order[left])):
                    spare[place] = order[left]
                    left += 1
                else:
                    spare[place] = order[right]
                    right += 1
        order, spare = spare, order
        width *= 2
    return order


@inner
def _is_before(times: Any, ids: Any, starts: Any, ends: Any, one: int, other: int) -> Any:
    if times[one] != times[other]:
        return times[one] < times[other]
    a, b = starts[one], starts[other]
    while a < ends[one] and b < ends[other]:
        if ids[a] != ids[b]:
            return ids[a] < ids[b]
        a += 1
        b += 1
    return ends[one] - a < ends[other] - b
