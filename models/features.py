"""From UTF-8 bytes to hashed features, compiled; ``models.reference`` says the same in plain Python.

A text is normalised first (:func:`normalise`), then cut into chunks at spaces. Two families of features come out:

* words: runs of letters and digits, runs of punctuation, handles, ``URL``, single symbols; each alone and with its
  predecessor, plus two facts about the whole text (shouting, length);
* characters: all substrings of 2 to 5 bytes of " chunk ", so never across a space.

A feature counts once per text and family, whatever its frequency. Everything is linear in the length of the text.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner

FEATURE_VERSION: Final = 1  # changes with anything in this file that changes a feature
BUCKET_BITS: Final = 18
BUCKETS: Final = 1 << BUCKET_BITS
JUDGED_BYTES: Final = 8_192  # of a longer text the rest is not looked at: bounds memory and time
MIN_GRAM: Final = 2
MAX_GRAM: Final = 5

# FNV-1a, 64 bit (Fowler, Noll, Vo), and a multiplicative finaliser, whose highest bits are the bucket.
FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
FNV_PRIME: Final = np.uint64(0x100000001B3)
FINALISER: Final = np.uint64(0x9E3779B97F4A7C15)
WORD_SEED: Final = np.uint64(0x57)
PAIR_SEED: Final = np.uint64(0x50)
FACT_SEED: Final = np.uint64(0x46)
_SHIFT: Final = np.uint64(64 - BUCKET_BITS)
_FOLD: Final = np.uint64(32)

SPACE: Final = 32
URL: Final = 1  # stands for any link
SHOUT: Final = 64  # fact codes; word-count facts are 0..4
SHOUTED_WORDS: Final = 2
LENGTH_EDGES: Final = (4, 8, 15, 25)  # words
# Most features that a judged text can have: per byte one word, one pair and four grams; and two facts.
MAX_FEATURES: Final = 6 * (2 * JUDGED_BYTES + 16)
SLOTS: Final = 1 << 18

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@inner
def is_word_byte(b: int) -> Any:
    """Lower-case ASCII letter, digit, apostrophe, underscore or any byte of a multi-byte letter."""
    return 97 <= b <= 122 or 48 <= b <= 57 or b == 39 or b == 95 or b >= 128


@inner
def _is_name(b: int) -> Any:
    return 97 <= (b | 32) <= 122 or 48 <= b <= 57 or b == 95


@inner
def _is_link(src: Any, at: int, end: int) -> bool:
    """``http:``, ``https:`` or ``www.`` starts here, in any case."""
    if end - at < 5:
        return False
    a, b, c, d, e = src[at] | 32, src[at + 1] | 32, src[at + 2] | 32, src[at + 3] | 32, src[at + 4] | 32
    if a == 119 and b == 119 and c == 119 and src[at + 3] == 46:
        return True
    if not (a == 104 and b == 116 and c == 116 and d == 112):
        return False
    return src[at + 4] == 58 or (e == 115 and end - at > 5 and src[at + 5] == 58)


@inner
def _entity(src: Any, at: int, end: int) -> tuple[int, int]:
    """``&amp;``, ``&lt;``, ``&gt;`` as (character, length); (``&``, 1) otherwise."""
    if end - at >= 4 and src[at + 2] == 116 and src[at + 3] == 59:
        if src[at + 1] == 108:
            return 60, 4
        if src[at + 1] == 103:
            return 62, 4
    if end - at >= 5 and src[at + 1] == 97 and src[at + 2] == 109 and src[at + 3] == 112 and src[at + 4] == 59:
        return 38, 5
    return 38, 1


@inner
def _put(out: Any, n: int, b: int) -> int:
    """Append a byte: no double spaces, no third of a kind in a row (digits excepted). Returns the new length."""
    if b == 32:
        if out[n - 1] == 32:
            return n
    elif b != 48 and n >= 2 and out[n - 1] == b and out[n - 2] == b:
        return n
    out[n] = b
    return n + 1


@inner
def _symbol(src: Any, at: int, end: int, out: Any, n: int) -> tuple[int, int]:
    """One code point of three or four bytes that starts with E2, EF or F0; returns (next position, new length).

    Curly quotes become straight ones, general punctuation a space, variation selectors nothing; any other symbol
    stands alone between spaces.
    """
    lead = src[at]
    size = 4 if lead >= 0xF0 else 3
    if end - at < size:
        return end, _put(out, n, 32)
    if lead == 0xE2 and src[at + 1] == 0x80:
        third = src[at + 2]
        if third == 0x98 or third == 0x99:
            return at + 3, _put(out, n, 39)
        return at + 3, _put(out, n, 32)
    if lead == 0xEF and src[at + 1] == 0xB8:
        return at + 3, n
    n = _put(out, n, 32)
    for i in range(at, at + size):
        out[n] = src[i]
        n += 1
    return at + size, _put(out, n, 32)


@inner
def _handle(src: Any, at: int, end: int, out: Any, n: int) -> tuple[int, int]:
    """``@name`` stands alone between spaces, lower-cased; returns (next position, new length)."""
    n = _put(out, n, 32)
    out[n] = 64
    n += 1
    at += 1
    while at < end and _is_name(src[at]):
        b = src[at]
        out[n] = b + 32 if 65 <= b <= 90 else b
        n += 1
        at += 1
    return at, _put(out, n, 32)


@inner
def _skip_link(src: Any, at: int, end: int) -> int:
    while at < end and src[at] > 32:
        at += 1
    return at


@inner
def _fold(b: int) -> int:
    """Blanks and control characters to a space, digits to 0."""
    if b <= 32 or b == 127:
        return 32
    return 48 if 48 <= b <= 57 else b


@compiled
def normalise(src: Any, start: int, end: int, out: Any) -> tuple[int, int]:
    """Write the normalised form of ``src[start:end]`` to ``out``; returns (its length, shouted words).

    It begins and ends with a space. Lower case (ASCII), digits as 0, links as one byte, handles and symbols
    between spaces, no runs of more than two. ``out`` must hold 2 * (end - start) + 16 bytes.
    """
    out[0] = 32
    n = 1
    at = start
    shouted = 0
    upper = 0
    while at < end:
        b = int(src[at])
        link = ((b | 32) == 104 or (b | 32) == 119) and out[n - 1] < 48 and _is_link(src, at, end)
        if 65 <= b <= 90 and not link:
            upper += 1
            n = _put(out, n, b + 32)
            at += 1
            continue
        if upper >= 3 and not 97 <= b <= 122:
            shouted += 1
        upper = 0
        if b == 64 and at + 1 < end and _is_name(src[at + 1]) and not is_word_byte(out[n - 1]):
            at, n = _handle(src, at, end, out, n)
            continue
        if link:
            n = _put(out, _put(out, _put(out, n, 32), URL), 32)
            at = _skip_link(src, at, end)
            continue
        if b == 38:
            b, size = _entity(src, at, end)
            at += size - 1
        elif b == 0xE2 or b == 0xEF or b >= 0xF0:
            at, n = _symbol(src, at, end, out, n)
            continue
        n = _put(out, n, _fold(b))
        at += 1
    if upper >= 3:
        shouted += 1
    return _put(out, n, 32), shouted


@inner
def _bucket(h: Any) -> Any:
    h = (h ^ (h >> _FOLD)) * FINALISER
    return np.int64(h >> _SHIFT)


@inner
def _add(bucket: Any, stamp: int, slots: Any, mask: int, found: Any, n: Any) -> Any:
    """Append ``bucket`` to ``found`` unless this text has it: ``slots`` is an open-addressed set whose entries
    hold (stamp, bucket) in one integer, so that nothing needs clearing between texts."""
    entry = (stamp << BUCKET_BITS) | bucket
    slot = bucket & mask
    while True:
        there = slots[slot]
        if there == entry:
            return n
        if there >> BUCKET_BITS != stamp:
            slots[slot] = entry
            found[n] = bucket
            return n + 1
        slot = (slot + 1) & mask


@inner
def _words(text: Any, n_text: int, shouted: int, stamp: int, slots: Any, mask: int, found: Any) -> Any:
    """Buckets of words, pairs and facts; returns how many."""
    n = 0
    words: Any = 0
    before = FNV_OFFSET
    at = 1
    while at < n_text:
        b = text[at]
        if b == 32:
            at += 1
            continue
        h = FNV_OFFSET ^ WORD_SEED
        if b == 64 or is_word_byte(b):
            h = (h ^ np.uint64(b)) * FNV_PRIME
            at += 1
            while at < n_text and is_word_byte(text[at]):
                h = (h ^ np.uint64(text[at])) * FNV_PRIME
                at += 1
        else:
            while at < n_text and text[at] != 32 and text[at] != 64 and not is_word_byte(text[at]):
                h = (h ^ np.uint64(text[at])) * FNV_PRIME
                at += 1
        words += 1
        n = _add(_bucket(h), stamp, slots, mask, found, n)
        n = _add(_bucket((before ^ PAIR_SEED) * FNV_PRIME ^ h), stamp, slots, mask, found, n)
        before = h
    size = 0
    for edge in LENGTH_EDGES:
        size += words >= edge
    n = _add(_bucket((FACT_SEED ^ np.uint64(size)) * FNV_PRIME), stamp, slots, mask, found, n)
    if shouted >= SHOUTED_WORDS:
        n = _add(_bucket((FACT_SEED ^ np.uint64(SHOUT)) * FNV_PRIME), stamp, slots, mask, found, n)
    return n


@inner
def _grams(text: Any, n_text: int, stamp: int, slots: Any, mask: int, found: Any, n: int) -> int:
    """Buckets of the character n-grams of every chunk that is no handle and no link, appended at ``n``."""
    start = 1
    while start < n_text:
        end = start
        while text[end] != 32:
            end += 1
        if end > start and text[start] != 64 and text[start] != URL:
            for first in range(start - 1, end):
                h = FNV_OFFSET
                last = min(first + MAX_GRAM, end + 1)
                h = (h ^ np.uint64(text[first])) * FNV_PRIME
                for at in range(first + 1, last):
                    h = (h ^ np.uint64(text[at])) * FNV_PRIME
                    n = _add(_bucket(h), stamp, slots, mask, found, n)
        start = end + 1
    return n


@compiled
def extract(src: Any, start: int, end: int, stamp: int, work: Any, slots: Any, found: Any) -> tuple[int, int]:
    """Distinct buckets of ``src[start:end]`` in ``found``: words first, then characters; returns the two ends.

    ``stamp`` (even, growing, never used twice with these ``slots``), ``work`` and ``slots`` are scratch.
    """
    end = min(end, start + JUDGED_BYTES)
    n_text, shouted = normalise(src, start, end, work)
    mask = 255
    while mask < 8 * n_text:  # at most half full with the usual four grams a byte
        mask = 2 * mask + 1
    mask = min(mask, SLOTS - 1)
    n_words = _words(work, n_text, shouted, stamp, slots, mask, found)
    return n_words, _grams(work, n_text, stamp + 1, slots, mask, found, n_words)


def scratch() -> tuple[Bytes, Ints, Ints]:
    """(work, slots, found) for :func:`extract`."""
    work = np.zeros(2 * JUDGED_BYTES + 16, np.uint8)
    return work, np.full(SLOTS, -1, np.int64), np.zeros(MAX_FEATURES, np.int64)
