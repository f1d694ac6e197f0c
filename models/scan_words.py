"""The words and letters of a text in compiled code, and the language that they speak for.

``models.scan`` reads a text with this; ``models.language`` says what counts, ``models.reference`` how, readably.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import inner
from models.features import FNV_OFFSET, FNV_PRIME
from models.language import (
    ENOUGH,
    ENOUGH_IF_SHORT,
    FACTOR,
    LANGUAGES,
    LOOKED_AT_ACCENTS,
    LOOKED_AT_WORDS,
    SCRIPTS,
    SHORT_WORDS,
    Weights,
    script_table,
    sister_table,
)

SLOTS: Final = 16_384
SLOT_MASK: Final = SLOTS - 1
_LANES: Final = 8  # languages in a 64-bit word of one-byte sums
_LANE_WORDS: Final = 3
ENTRY: Final = 1 + _LANE_WORDS  # of a word: the highest bits of its hash over its flags, and the lanes
FLAG_BITS: Final = 26
FLAG_MASK: Final = np.uint64((1 << FLAG_BITS) - 1)
TAG_MASK: Final = ~FLAG_MASK
LAST_ACCENT: Final = 0x1EFF
_EN: Final = LANGUAGES.index("en")
_JA: Final = LANGUAGES.index("ja")
_ZH: Final = LANGUAGES.index("zh")
_KO: Final = LANGUAGES.index("ko")
_BY_SCRIPT: Final = np.array(sorted({LANGUAGES.index(name) for name, _, _ in SCRIPTS}))
_SCRIPT: Final = script_table()
_SISTER, _SISTER_SIGN, _SISTERS = sister_table()
_CODES: Final = len(LANGUAGES)

# Places in the counts of one text.
DIGITS: Final = 0
LETTERS: Final = 1  # of ASCII
ACCENTS: Final = 2  # other Latin letters
FOREIGN: Final = 3  # letters of other scripts
WORDS: Final = 4
PLAIN_WORDS: Final = 5  # with a Latin letter and no digit
_KNOWN: Final = 6
_KNOWN_ACCENTS: Final = 7
CODES_SEEN: Final = 8
BLANKS: Final = 9
CLUSTER: Final = 10  # digits of the group of numbers that ends at CLUSTER_END
CLUSTER_END: Final = 11
MARKS: Final = 12  # marks and invisible characters within words
TAGS: Final = 13  # hashtags with a letter
NUMBER_AT: Final = 14  # blanks in front of the last word with a digit
REACH: Final = 15  # so many blanks on, a number would complete an address
LEADS: Final = 16  # the pairs that the word before begins
REFERS: Final = 17  # a code may follow what has been said
_SUMS: Final = 18  # the lanes of weights, as words of 64 bits
LETTERS_OF: Final = _SUMS + _LANE_WORDS  # letters by language code
COUNTS: Final = LETTERS_OF + _CODES


def word_hash(word: bytes) -> int:
    """FNV-1a, 64 bit; never 0, which marks an empty slot."""
    value = int(FNV_OFFSET)
    for byte in word:
        value = (value ^ byte) * int(FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value or 1


def lanes(weights: Weights) -> list[int]:
    """The weights as one-byte lanes of ``_LANE_WORDS`` 64-bit words."""
    lanes = [0] * _LANE_WORDS
    for language, weight in weights.items():
        word, lane = divmod(LANGUAGES.index(language) - 1, _LANES)
        lanes[word] |= weight << 8 * lane
    return lanes


@inner
def look_up(h: Any, rows: Any, entries: Any) -> Any:
    """The row of the word with this hash; 0 for a word that is not in the table."""
    slot = np.int64(h & np.uint64(SLOT_MASK))
    row = np.int64(rows[slot])
    while row and (entries[ENTRY * row] ^ h) & TAG_MASK:
        slot = (slot + 1) & SLOT_MASK
        row = np.int64(rows[slot])
    return row


@inner
def _mark_end(src: Any, at: int, end: int) -> int:
    """End of the mark or invisible character at ``at`` (``models.language.MARKS``), else ``at``."""
    b, second = src[at], src[at + 1]
    if b == 0xCC or (b == 0xCD and second < 0xB0) or (b == 0xC2 and second == 0xAD):
        return at + 2
    if b == 0xE2 and at + 2 < end:
        third = src[at + 2]
        if second == 0x80 and (0x8B <= third <= 0x8F or 0xAA <= third <= 0xAE):
            return at + 3
        return at + 3 if second == 0x81 and third >= 0xA0 and third < 0xB0 else at
    return at + 3 if b == 0xEF and second == 0xB8 and at + 2 < end and src[at + 2] < 0x90 else at


@inner
def _count_letter(src: Any, at: int, code: int, rows: Any, entries: Any, counts: Any) -> int:
    """Count the multi-byte letter at ``at`` for its script or its accent; returns its end."""
    two = src[at] < 0xE0
    point = (np.int64(src[at]) & 0x1F) << 6 | np.int64(src[at + 1]) & 0x3F
    if code > 0:
        counts[FOREIGN] += 1
        counts[LETTERS_OF + code] += 1
        if two:
            counts[LETTERS_OF + _SISTER[point]] += _SISTER_SIGN[point]
        return at + 2 if two else at + 3
    counts[ACCENTS] += 1
    if not two:
        point = (np.int64(src[at]) & 0x0F) << 12 | (np.int64(src[at + 1]) & 0x3F) << 6 | np.int64(src[at + 2]) & 0x3F
    row = rows[SLOTS + point]
    if row and counts[_KNOWN_ACCENTS] < LOOKED_AT_ACCENTS:
        counts[_KNOWN_ACCENTS] += 1
        _add_lanes(row, entries, counts)
    return at + 2 if two else at + 3


@inner
def _add_lanes(row: int, entries: Any, counts: Any) -> None:
    for lane in range(_LANE_WORDS):
        counts[_SUMS + lane] += np.int64(entries[ENTRY * row + 1 + lane])


@inner
def count_word(row: int, entries: Any, counts: Any) -> None:
    """Count the known word with this entry for its languages."""
    if counts[_KNOWN] < LOOKED_AT_WORDS:
        counts[_KNOWN] += 1
        _add_lanes(row, entries, counts)


@inner
def _hash_letter(src: Any, at: int, after: int, h: Any) -> Any:
    """``h`` with the bytes of one letter; the capitals of the Latin-1 block as small letters."""
    for place in range(at, after):
        b = src[place]
        if place > at and src[at] == 0xC3 and b < 0x9F and b != 0x97:
            b |= 0x20
        h = (h ^ np.uint64(b)) * FNV_PRIME
    return h


def _byte_tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """By ASCII byte: how it is hashed within a word (0 ends the word), and what it adds to the counts of a word."""
    hashed, added = np.zeros(256, np.uint64), np.zeros(256, np.uint64)
    for byte in range(128):
        char = chr(byte)
        if char.isalnum() or char in "'_":
            hashed[byte] = ord(char.lower())
        added[byte] = (
            char.isdigit() | char.isupper() << COUNT_BITS | char.isalpha() << 2 * COUNT_BITS if char.isalnum() else 0
        )
    return hashed, added


COUNT_BITS: Final = 21  # of a word: digits, capitals, letters
COUNT_MASK: Final = np.uint64((1 << COUNT_BITS) - 1)
HASHED, _ADDED = _byte_tables()


@inner
def _wide(src: Any, at: int, end: int, first: Any, h: Any, rows: Any, entries: Any, counts: Any) -> tuple[int, Any]:
    """What goes on a word at a byte that is not ASCII: (its end, the hash with it); the end is ``at`` for a symbol.
    Marks are passed over, and neither they nor an apostrophe can be the ``first`` of a word."""
    code = _SCRIPT[src[at], src[at + 1]]
    if code >= 0:
        after = _count_letter(src, at, code, rows, entries, counts)
        return after, _hash_letter(src, at, after, h)
    if first:
        return at, h
    if src[at] == 0xE2 and src[at + 1] == 0x80 and src[at + 2] == 0x99:  # a curly apostrophe
        return at + 3, (h ^ np.uint64(39)) * FNV_PRIME
    after = _mark_end(src, at, end)
    counts[MARKS] += after > at
    return after, h


@inner
def read_word(src: Any, start: int, end: int, rows: Any, entries: Any, counts: Any) -> Any:
    """The word at ``start``: (its end, hash, digits and capitals and letters).

    A word is a run of letters, digits and apostrophes; a symbol ends it.
    """
    h = clean = FNV_OFFSET  # a trailing apostrophe is no part of the word that is looked up
    seen = np.uint64(0)
    at = np.uint64(start)
    stop = np.uint64(end)
    one = np.uint64(1)
    while True:
        while at < stop:
            b = src[at]
            low = HASHED[b]
            if low == 0:
                break
            h = (h ^ low) * FNV_PRIME
            clean = clean if b == 39 else h
            seen += _ADDED[b]
            at += one
        if at >= stop or src[at] < 0xC2:
            break
        place = np.int64(at)
        after, h = _wide(src, place, end, place == start, h, rows, entries, counts)
        if after == place:
            break
        clean = h if _SCRIPT[src[at], src[at + one]] >= 0 else clean
        at = np.uint64(after)
    return np.int64(at), clean, seen


@inner
def _by_script(counts: Any) -> Any:
    """The language of the most letters; letters that only a sister writes tell it from the script's own."""
    if counts[LETTERS_OF + _JA] and counts[LETTERS_OF + _JA] * 5 >= counts[LETTERS_OF + _ZH]:
        return _JA
    best = 0
    for code in _BY_SCRIPT:
        if best == 0 or counts[LETTERS_OF + code] > counts[LETTERS_OF + best]:
            best = code
    found = best
    for row in range(len(_SISTERS)):
        if _SISTERS[row, 0] == best and counts[LETTERS_OF + _SISTERS[row, 1]] > 0:
            found = _SISTERS[row, 1]
    return found


@inner
def _by_words(counts: Any) -> Any:
    """The language that words and accents speak for most; English and "und" where none does."""
    english = counts[_SUMS] & 0xFF
    top = 0
    best: Any = 0
    for word in range(_LANE_WORDS):
        rest = np.uint64(counts[_SUMS + word])
        code = word * _LANES
        while rest:
            code += 1
            score = np.int64(rest & np.uint64(0xFF))
            rest >>= np.uint64(8)
            if score > best and code != _EN:
                top = code
                best = score
    enough = ENOUGH_IF_SHORT if counts[PLAIN_WORDS] <= SHORT_WORDS else ENOUGH
    if best >= enough and best > FACTOR * english:
        return top
    if english == 0 and (counts[ACCENTS] or counts[PLAIN_WORDS] > SHORT_WORDS):
        return 0
    return _EN


@inner
def decide(counts: Any) -> Any:
    """Language code from the letters by script, else from the words."""
    latin = counts[LETTERS] + counts[ACCENTS]
    others = counts[FOREIGN]
    if others >= 2:
        asian = counts[LETTERS_OF + _JA] + counts[LETTERS_OF + _ZH] + counts[LETTERS_OF + _KO]
        if others + 2 * asian > latin:  # one such character says about three Latin letters
            return _by_script(counts)
    if latin == 0:
        return _EN if counts[TAGS] and others == 0 else 0
    return _by_words(counts)
