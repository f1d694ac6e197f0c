"""The customer hash of many names in one call: keyed BLAKE2b (RFC 7693), 8 bytes long, compiled.

``streams.stages.route.make_hasher`` says in two lines what is computed here, and is the test's yardstick. The state
behind the key is the same for all, so it is made once; nearly every name then takes one block.
"""

from hashlib import blake2b
from typing import Any, Final

import numpy as np

from models.compiled import compiled, inner
from models.features import Hashes, Ints
from models.packing import Strings
from streams.stages.mention_table import Coded

SEPARATOR: Final = "\x1f"  # between source and name
KEY_BYTES_LIMIT: Final = 64  # of BLAKE2b

_BLOCK_BYTES: Final = 128
_DIGEST_BYTES: Final = 8
_ROUNDS: Final = 12
_PARAMETERS: Final = 0x01010000 ^ _DIGEST_BYTES  # one leaf, no tree
_START: Final = np.array(
    [
        *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
        *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
    ],
    np.uint64,
)
_ORDERS: Final = np.array(  # of the block's words in each round; rounds 10 and 11 repeat the first two
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.uint64,  # signed indexes would be looked at whether they count from the end
)
_WORD_BITS: Final = np.uint64(64)
_BYTE_BITS: Final = np.uint64(8)
_BYTE: Final = np.uint64(0xFF)
_ZERO: Final = np.uint64(0)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)


class CustomerHash:
    """Hashes (source, name) under one key. Keys above 64 bytes are hashed first."""

    def __init__(self, key: bytes) -> None:
        key = fitting_key(key)
        self._start = _START.copy()
        self._start[0] ^= np.uint64(_PARAMETERS ^ len(key) << 8)
        self._key_block = key.ljust(_BLOCK_BYTES, b"\0") if key else b""

    def hash_all(self, sources: Coded, names: Strings, chosen: Ints) -> Hashes:
        """The hash of each (``sources[i]``, ``names[chosen[i]]``), as a number of 16 hex digits."""
        heads = [self._key_block + f"{source}{SEPARATOR}".encode() for source in sources.names]
        ends = np.cumsum([0, *map(len, heads)])
        hashes = np.empty(len(chosen), np.uint64)
        data = names.data.view()
        data.flags.writeable = False  # numba compiles anew for an array that can be written
        _hash_all(
            np.frombuffer(b"".join(heads), np.uint8),
            ends,
            sources.codes,
            data,
            names.offsets,
            chosen,
            self._start.copy(),
            len(self._key_block),
            hashes,
        )
        return hashes


def fitting_key(key: bytes) -> bytes:
    """The key, or its digest if it is too long for BLAKE2b."""
    return blake2b(key).digest() if len(key) > KEY_BYTES_LIMIT else key


@compiled
def _hash_all(
    heads: Any, head_ends: Any, codes: Any, names: Any, ends: Any, chosen: Any, start: Any, key_bytes: int, hashes: Any
) -> None:
    """What is hashed is a head and a name. Every head begins with the same ``key_bytes``, one block or nothing: the
    first name takes it in, and the others go on from the state behind it, which becomes ``start``."""
    block = np.empty(_BLOCK_BYTES, np.uint8)
    words = block.view(np.uint64)
    state = np.empty(8, np.uint64)
    done = 0
    for i in range(len(hashes)):
        head, name = head_ends[codes[i]], ends[chosen[i]]
        size = head_ends[codes[i] + 1] - head
        length = size + ends[chosen[i] + 1] - name
        _copy(start, state)
        for begin in range(done, length, _BLOCK_BYTES):  # at least one: a separator is always there
            filled = min(_BLOCK_BYTES, length - begin)
            for word in range(len(words)):
                words[word] = _ZERO
            behind = min(max(size - begin, 0), filled)  # the head's bytes in this block, then the name's
            for at in range(behind):
                block[at] = heads[head + begin + at]
            for at in range(behind, filled):
                block[at] = names[name - size + begin + at]
            _compress(state, words, begin + filled, begin + filled == length)
            if begin + filled == key_bytes:
                _copy(state, start)
                done = key_bytes
        hashes[i] = _swap(state[0])


@inner
def _copy(state: Any, to: Any) -> None:
    for word in range(8):  # a slice takes a second longer to compile
        to[word] = state[word]


@inner
def _compress(state: Any, words: Any, counted: int, is_last: bool) -> None:
    """Mix one block of 16 words into the state; ``counted`` bytes have come with it, which are under 2**63."""
    a0, a1, a2, a3 = state[0], state[1], state[2], state[3]
    b0, b1, b2, b3 = state[4], state[5], state[6], state[7]
    c0, c1, c2, c3 = _START[0], _START[1], _START[2], _START[3]
    d0, d1 = _START[4] ^ np.uint64(counted), _START[5]
    d2, d3 = _START[6] ^ (_ALL if is_last else _ZERO), _START[7]
    for r in range(_ROUNDS):
        order = _ORDERS[r]
        a0, b0, c0, d0 = _mix(a0, b0, c0, d0, words[order[0]], words[order[1]])
        a1, b1, c1, d1 = _mix(a1, b1, c1, d1, words[order[2]], words[order[3]])
        a2, b2, c2, d2 = _mix(a2, b2, c2, d2, words[order[4]], words[order[5]])
        a3, b3, c3, d3 = _mix(a3, b3, c3, d3, words[order[6]], words[order[7]])
        a0, b1, c2, d3 = _mix(a0, b1, c2, d3, words[order[8]], words[order[9]])
        a1, b2, c3, d0 = _mix(a1, b2, c3, d0, words[order[10]], words[order[11]])
        a2, b3, c0, d1 = _mix(a2, b3, c0, d1, words[order[12]], words[order[13]])
        a3, b0, c1, d2 = _mix(a3, b0, c1, d2, words[order[14]], words[order[15]])
    state[0] ^= a0 ^ c0
    state[1] ^= a1 ^ c1
    state[2] ^= a2 ^ c2
    state[3] ^= a3 ^ c3
    state[4] ^= b0 ^ d0
    state[5] ^= b1 ^ d1
    state[6] ^= b2 ^ d2
    state[7] ^= b3 ^ d3


@inner
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> Any:
    a = a + b + x
    d = _turn(d ^ a, np.uint64(32))
    c = c + d
    b = _turn(b ^ c, np.uint64(24))
    a = a + b + y
    d = _turn(d ^ a, np.uint64(16))
    c = c + d
    b = _turn(b ^ c, np.uint64(63))
    return a, b, c, d


@inner
def _turn(word: Any, bits: Any) -> Any:
    return (word >> bits) | (word << (_WORD_BITS - bits))


@inner
def _swap(word: Any) -> Any:
    """The digest's first byte, which is the word's lowest, becomes the most significant."""
    swapped = _ZERO
    for _ in range(8):
        swapped = (swapped << _BYTE_BITS) | (word & _BYTE)
        word >>= _BYTE_BITS
    return swapped
