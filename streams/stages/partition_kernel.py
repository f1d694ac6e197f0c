"""Which partition a key lives in, compiled: murmur2 of the Java client. ``streams.stages.keys`` has it in plain
Python."""

from typing import Any, Final

import numpy as np

from models.compiled import compiled, inner

_MULTIPLIER: Final = np.uint32(0x5BD1E995)
_SEED: Final = np.uint32(0x9747B28C)
_SIGN: Final = np.uint32(0x7FFFFFFF)  # all bits but it
_HASH_DIGITS: Final = 16


@compiled
def hash_keys(data: Any, ends: Any, hashes: Any) -> None:
    """The hashes, 31 bits each, of keys that stand side by side in ``data``; key i ends at ``ends[i]``."""
    start = 0
    for row in range(len(ends)):
        hashes[row] = _murmur2(data, start, ends[row])
        start = ends[row]


@compiled
def hash_case_keys(prefixes: Any, ends: Any, pairs: Any, customers: Any, hashes: Any) -> None:
    """The same of case keys: row i has that prefix in ``prefixes`` which ends at ``ends[pairs[i]]``, and the 16 hex
    digits of ``customers[i]``."""
    longest = 0
    for pair in range(len(ends)):
        longest = max(longest, ends[pair] - (ends[pair - 1] if pair else 0))
    key = np.empty(longest + _HASH_DIGITS, np.uint8)
    last = -1
    length = 0
    for row in range(len(pairs)):
        pair = pairs[row]
        if pair != last:
            start = ends[pair - 1] if pair else 0
            length = ends[pair] - start
            key[:length] = prefixes[start : ends[pair]]
            last = pair
        customer = customers[row]
        for place in range(_HASH_DIGITS):
            digit = np.uint8(customer >> np.uint64(4 * (_HASH_DIGITS - 1 - place)) & np.uint64(15))
            key[length + place] = digit + np.uint8(48 if digit < 10 else 87)  # "0", and "a" less 10
        hashes[row] = _murmur2(key, 0, length + _HASH_DIGITS)


@inner
def _murmur2(data: Any, start: int, end: int) -> Any:
    h = _SEED ^ np.uint32(end - start)
    at = start
    while end - at >= 4:
        k = np.uint32(data[at]) | np.uint32(data[at + 1]) << np.uint32(8)
        k |= np.uint32(data[at + 2]) << np.uint32(16) | np.uint32(data[at + 3]) << np.uint32(24)
        k = np.uint32(k * _MULTIPLIER)
        k ^= k >> np.uint32(24)
        h = np.uint32(h * _MULTIPLIER) ^ np.uint32(k * _MULTIPLIER)
        at += 4
    left = end - at
    if left >= 3:
        h ^= np.uint32(data[at + 2]) << np.uint32(16)
    if left >= 2:
        h ^= np.uint32(data[at + 1]) << np.uint32(8)
    if left >= 1:
        h = np.uint32((h ^ np.uint32(data[at])) * _MULTIPLIER)
    h ^= h >> np.uint32(13)
    h = np.uint32(h * _MULTIPLIER)
    h ^= h >> np.uint32(15)
    return h & _SIGN
