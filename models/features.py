"""From UTF-8 bytes to hashed features, compiled; ``models.reference`` says the same in plain Python.

A text is normalised first (:func:`normalise`), then cut into chunks at spaces. Two families of features come out:

* words: runs of letters and digits, runs of punctuation, handles, ``URL``, single symbols; alone, in pairs and triples
  of neighbours, in pairs with one word between; words behind a negation; how the text opens and ends; words that open
  a question; and facts about the whole text (length, shouting, where a handle stands, "?", "!", "I" and "you");
* characters: all substrings of 3 to 5 bytes of " chunk ", so never across a space.

In combinations all handles are one, so that what is learned about one brand holds for another. A feature counts
once per text and family, whatever its frequency. Everything is linear in the length of the text.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.prefetch import prefetch

FEATURE_VERSION: Final = 2  # changes with anything in this file that changes a feature
BUCKET_BITS: Final = 18
BUCKETS: Final = 1 << BUCKET_BITS
JUDGED_BYTES: Final = 8_192  # of a longer text the rest is not looked at: bounds memory and time
MIN_GRAM: Final = 3
MAX_GRAM: Final = 5

# FNV-1a, 64 bit (Fowler, Noll, Vo), and a multiplicative finaliser, whose highest bits are the bucket.
FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
FNV_PRIME: Final = np.uint64(0x100000001B3)
FINALISER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - BUCKET_BITS)
_FOLD: Final = np.uint64(32)
_BYTE: Final = np.uint64(8)
MARK_BITS: Final = 14  # of the fingerprint by which a feature is known to have occurred: the highest of its bucket
_MARK_SHIFT: Final = BUCKET_BITS - MARK_BITS

# Kinds of features of the first family; each one's hash begins with its kind.
WORD: Final = np.uint64(0x57)
PAIR: Final = np.uint64(0x50)
SKIP: Final = np.uint64(0x53)
TRIPLE: Final = np.uint64(0x54)
NEGATED: Final = np.uint64(0x4E)
OPENING: Final = np.uint64(0x4F)
ENDING: Final = np.uint64(0x45)
QUESTION: Final = np.uint64(0x51)
LENGTH: Final = np.uint64(0x4C)
PUNCTUATION: Final = np.uint64(0x4D)
ADDRESS: Final = np.uint64(0x41)
ANY_HANDLE: Final = np.uint64(0x40)

NEGATION_WORDS: Final = 4  # so many words behind a negation are negated, up to the next punctuation
OPENING_WORDS: Final = 3  # that are no handles
LENGTH_EDGES: Final = (4, 8, 15, 25)  # words
SHOUTED_WORDS: Final = 2
NO_HANDLE: Final = 0
HANDLE_FIRST: Final = 1
HANDLE_LATER: Final = 2

# What is known of a word by looking it up.
NEGATES: Final = 1
ASKS: Final = 2
MEANS_WRITER: Final = 4
MEANS_READER: Final = 8
KNOWN_WORDS: Final = (
    (
        NEGATES,
        "not no never don't dont didn't didnt doesn't doesnt isn't isnt wasn't wasnt can't cant cannot won't wont "
        "couldn't wouldn't haven't havent hasn't hasnt ain't aint nothing without none nor neither",
    ),
    (ASKS, "what when where why who how which can could do does did is are will would should any anyone"),
    (MEANS_WRITER, "i my me i'm i've we our us im ive mine"),
    (MEANS_READER, "you your u ur you're yall y'all youre"),
)
# And by reading it.
IS_HANDLE: Final = 32
IS_MARK: Final = 64  # punctuation, symbols, links
_KNOWN_BITS: Final = 10
_KNOWN_SLOTS: Final = 1 << _KNOWN_BITS
_KNOWN_SHIFT: Final = np.uint64(64 - _KNOWN_BITS)

SPACE: Final = 32
_SMALL: Final = 1
_CAPITAL: Final = 2
URL: Final = 1  # stands for any link
_WORK: Final = 2 * JUDGED_BYTES + 16
# Most features that a judged text can have: per byte a word in its six kinds and three grams; and some about the whole.
MAX_FEATURES: Final = 9 * _WORK + 32

NO_TABLE: Final = np.zeros((0, 2), np.uint64)  # for :func:`extract`

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]


def word_hash(word: bytes) -> int:
    """FNV-1a of a word, as the kernel makes it."""
    value = int(FNV_OFFSET) ^ int(WORD)
    for byte in word:
        value = (value ^ byte) * int(FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value


def _known_words() -> tuple[Hashes, Bytes, np.uint64]:
    """(hashes, flags, factor) of a table of KNOWN_WORDS: a word with hash h can only be in slot
    ``h * factor >> _KNOWN_SHIFT``, so that looking it up takes no branch. An empty slot has hash 0."""
    flags: dict[int, int] = {}
    for flag, words in KNOWN_WORDS:
        for word in words.split():
            value = word_hash(word.encode())
            flags[value] = flags.get(value, 0) | flag
    factor = int(FINALISER)
    while len({_known_slot(value, factor) for value in flags}) < len(flags):
        factor = (factor + 2) & 0xFFFFFFFFFFFFFFFF
    hashes, bits = np.zeros(_KNOWN_SLOTS, np.uint64), np.zeros(_KNOWN_SLOTS, np.uint8)
    for value, flag in flags.items():
        hashes[_known_slot(value, factor)], bits[_known_slot(value, factor)] = value, flag
    return hashes, bits, np.uint64(factor)


def _known_slot(value: int, factor: int) -> int:
    return (value * factor & 0xFFFFFFFFFFFFFFFF) >> int(_KNOWN_SHIFT)


_KNOWN_HASHES, _KNOWN_FLAGS, _KNOWN_FACTOR = _known_words()


def _source_tables() -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """By byte of a text: (what stands for it; whether it may begin a handle, an entity or a symbol; the small letter
    that follows it where it begins a link, 0 for none; 1 for a small letter and 2 for a capital)."""
    folded, hard, link, case = np.arange(256, dtype=np.uint8), *(np.zeros(256, np.uint8) for _ in range(3))
    folded[: SPACE + 1] = folded[127] = SPACE
    folded[ord("0") : ord("9") + 1] = ord("0")
    folded[ord("A") : ord("Z") + 1] += 32
    hard[[ord("@"), ord("&"), 0xE2, 0xEF]] = hard[0xF0:] = 1
    link[[ord("h"), ord("H")]], link[[ord("w"), ord("W")]] = ord("t"), ord("w")
    case[ord("a") : ord("z") + 1], case[ord("A") : ord("Z") + 1] = _SMALL, _CAPITAL
    return folded, hard, link, case


_FOLDED, _HARD, _LINK_NEXT, _CASE = _source_tables()


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
def _whole(src: Any, at: int, end: int, out: Any, n: int) -> Any:
    """A handle, link or symbol at ``at``: (next position, new length); the position is ``at`` where there is none."""
    b = src[at]
    if b == 64:
        if at + 1 < end and _is_name(src[at + 1]) and not is_word_byte(out[n - 1]):
            return _handle(src, at, end, out, n)
        return at, n
    if b >= 128:
        return _symbol(src, at, end, out, n)
    if b != 38 and out[n - 1] < 48 and _is_link(src, at, end):
        return _skip_link(src, at, end), _put(out, _put(out, _put(out, n, 32), URL), 32)
    return at, n


@compiled
def normalise(src: Any, start: int, end: int, out: Any) -> tuple[int, int]:
    """Write the normalised form of ``src[start:end]`` to ``out``; returns (its length, shouted words).

    It begins and ends with a space. Lower case (ASCII), digits as 0, links as one byte, handles and symbols
    between spaces, no runs of more than two. ``out`` must hold 2 * (end - start) + 16 bytes.

    What stands for itself goes without a branch: which bytes are letters and which are gaps nobody can predict.
    """
    out[0] = 32
    n = 1
    at = start
    shouted = 0
    upper = 0
    last, second = 32, 0  # the two bytes written last
    while at < end:
        b = src[at]
        c = int(_FOLDED[b])
        size = 1
        case = _CASE[b]
        if _HARD[b] or _LINK_NEXT[b] == src[min(at + 1, end - 1)] | 32:
            after, n = _whole(src, at, end, out, n)
            if after > at:
                shouted += upper >= 3 and case != _SMALL
                upper = 0
                at = after
                last, second = int(out[n - 1]), int(out[n - 2]) if n > 1 else 0
                continue
            if b == 38:
                c, size = _entity(src, at, end)
        shouted += (upper >= 3) & (case == 0)
        upper = (upper + 1) * (case == _CAPITAL)
        out[n] = c
        dropped = (c == last) & ((c == 32) | ((c == second) & (c != 48)))  # a second space, a third of another kind
        n += not dropped
        second = second if dropped else last
        last = c
        at += size
    if upper >= 3:
        shouted += 1
    return _put(out, n, 32), shouted


@inner
def _bucket(h: Any) -> Any:
    h = (h ^ (h >> _FOLD)) * FINALISER
    return np.int64(h >> _SHIFT)


@inner
def _add(bucket: int, table: Any, seen: Any, found: Any, n: int) -> int:
    """Append ``bucket`` unless its fingerprint was seen in this family: a set of bits that fits the nearest cache.
    Two features of one text share a fingerprint by accident in about 1 of 100 cases; the later one is left out."""
    prefetch(table, bucket)
    mark = bucket >> _MARK_SHIFT
    bit = np.uint64(1) << np.uint64(mark & 63)
    found[np.uint64(n)] = bucket  # unsigned, so that the compiler need not think of negative indexes
    n += (seen[mark >> 6] & bit) == 0
    seen[mark >> 6] |= bit
    return n


@inner
def _mix(kind: Any, a: Any, b: Any) -> Any:
    return ((a ^ kind) * FNV_PRIME ^ b) * FNV_PRIME


@inner
def _known(h: Any) -> Any:
    slot = (h * _KNOWN_FACTOR) >> _KNOWN_SHIFT
    return _KNOWN_FLAGS[slot] * (_KNOWN_HASHES[slot] == h)


@inner
def _read_words(text: Any, n_text: int, hashes: Any, kinds: Any) -> tuple[int, int]:
    """Hash and kind of each word; returns (their number, marks: 1 "?", 2 "!", 4 a link, 8 dots)."""
    n = 0
    marks = 0
    at = 1
    while at < n_text:
        b = text[at]
        if b == SPACE:
            at += 1
            continue
        h = FNV_OFFSET ^ WORD
        kind = 0
        if b == 64 or is_word_byte(b):
            h = (h ^ np.uint64(b)) * FNV_PRIME
            at += 1
            while at < n_text and is_word_byte(text[at]):
                h = (h ^ np.uint64(text[at])) * FNV_PRIME
                at += 1
            kind = IS_HANDLE if b == 64 else _known(h)
        else:
            kind = IS_MARK
            while at < n_text and text[at] != SPACE and text[at] != 64 and not is_word_byte(text[at]):
                c = text[at]
                marks |= (c == 63) | (c == 33) << 1 | (c == URL) << 2 | (c == 46 and text[at - 1] == 46) << 3
                h = (h ^ np.uint64(c)) * FNV_PRIME
                at += 1
        hashes[n] = h
        kinds[n] = kind
        n += 1
    return n, marks


@inner
def _neighbours(words: int, hashes: Any, kinds: Any, pairs: Any, table: Any, seen: Any, found: Any) -> int:
    """Each word, its pair and triple with those before it, its pair with the last but one. Afterwards all handles have
    one hash, and ``pairs`` holds the hash of each word with the one before it."""
    n = 0
    before = second = FNV_OFFSET
    for i in range(words):
        h = hashes[i]
        n = _add(_bucket(h), table, seen, found, n)
        if kinds[i] == IS_HANDLE:
            h = ANY_HANDLE
            hashes[i] = h
        pairs[i] = _mix(PAIR, before, h)
        n = _add(_bucket(pairs[i]), table, seen, found, n)
        if i >= 2:
            n = _add(_bucket(_mix(SKIP, second, h)), table, seen, found, n)
            n = _add(_bucket(_mix(TRIPLE, _mix(TRIPLE, second, before), h)), table, seen, found, n)
        second = before
        before = h
    return n


@inner
def _context(words: int, marks: int, hashes: Any, kinds: Any, table: Any, seen: Any, found: Any, n: int) -> Any:
    """Negated words, openings of questions, the first and last words, and how writer and brand appear."""
    negated = 0
    opens = True
    place = NO_HANDLE
    persons = 0
    spoken = 0
    opening = FNV_OFFSET
    last = second = FNV_OFFSET
    asks = np.uint64(marks & 1)
    for i in range(words):
        kind, h = kinds[i], hashes[i]
        if kind & IS_MARK:
            negated = 0
            opens = True
        else:
            if negated > 0 and kind != IS_HANDLE:
                n = _add(_bucket(_mix(NEGATED, FNV_OFFSET, h)), table, seen, found, n)
                negated -= 1
            if kind & NEGATES:
                negated = NEGATION_WORDS
            if opens and kind & ASKS:
                n = _add(_bucket(_mix(QUESTION, FNV_OFFSET ^ asks, h)), table, seen, found, n)
            opens = opens and kind == IS_HANDLE
        persons |= kind & (MEANS_WRITER | MEANS_READER)
        if kind == IS_HANDLE:
            if place == NO_HANDLE:
                place = HANDLE_LATER if spoken else HANDLE_FIRST
            continue
        if spoken < OPENING_WORDS:
            opening = _mix(OPENING, opening, h)
            n = _add(_bucket(opening), table, seen, found, n)
        spoken += 1
        second = last
        last = h
    n = _add(_bucket(_mix(ENDING, FNV_OFFSET, last)), table, seen, found, n)
    n = _add(_bucket(_mix(ENDING, second, last)), table, seen, found, n)
    n = _add(_bucket(_mix(PUNCTUATION, FNV_OFFSET, np.uint64(marks))), table, seen, found, n)
    return _add(
        _bucket(_mix(ADDRESS, FNV_OFFSET, np.uint64((marks & 1) | place << 1 | persons << 3))), table, seen, found, n
    )


@inner
def _size(words: int, shouted: int, table: Any, seen: Any, found: Any, n: int) -> Any:
    size = 0
    for edge in LENGTH_EDGES:
        size += words >= edge
    n = _add(_bucket(_mix(LENGTH, FNV_OFFSET, np.uint64(size))), table, seen, found, n)
    return _add(_bucket(_mix(LENGTH, FNV_PRIME, np.uint64(shouted >= SHOUTED_WORDS))), table, seen, found, n)


@inner
def _gram(window: Any, size: int) -> Any:
    """Bucket of the last ``size`` bytes of ``window``."""
    mask = (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)
    return np.int64(((window & mask | np.uint64(size) << np.uint64(40)) * FINALISER) >> _SHIFT)


@inner
def _grams(text: Any, n_text: int, table: Any, seen: Any, found: Any, n: int) -> int:
    """Buckets of the character n-grams of every chunk that is no handle and no link, appended at ``n``."""
    at = 1
    while at < n_text:
        skip = text[at] == 64 or text[at] == URL
        window = np.uint64(SPACE)
        size = 1
        while at < n_text:
            b = text[at]
            at += 1
            window = window << _BYTE | np.uint64(b)
            size += 1
            if not skip and size >= MIN_GRAM:
                n = _add(_gram(window, MIN_GRAM), table, seen, found, n)
                if size >= 4:
                    n = _add(_gram(window, 4), table, seen, found, n)
                if size >= MAX_GRAM:
                    n = _add(_gram(window, MAX_GRAM), table, seen, found, n)
            if b == SPACE:
                break
    return n


@compiled
def extract(
    src: Any, start: int, end: int, table: Any, work: Any, hashes: Any, kinds: Any, pairs: Any, seen: Any, found: Any
) -> tuple[int, int, int]:
    """Buckets of ``src[start:end]`` in ``found``: words first, then characters; returns the two ends and the number of
    words. ``hashes`` and ``pairs`` then hold the hashes of words and of pairs; the rest is scratch. The rows of
    ``table`` that the buckets name start loading: whoever adds them up finds them near.
    """
    end = min(end, start + JUDGED_BYTES)
    n_text, shouted = normalise(src, start, end, work)
    words, marks = _read_words(work, n_text, hashes, kinds)
    seen[:] = 0
    n = _neighbours(words, hashes, kinds, pairs, table, seen, found)
    n = _context(words, marks, hashes, kinds, table, seen, found, n)
    n = _size(words, shouted, table, seen, found, n)
    seen[:] = 0
    return n, _grams(work, n_text, table, seen, found, n), words


def scratch() -> tuple[Bytes, Hashes, Bytes, Hashes, Hashes, Ints]:
    """(work, hashes, kinds, pairs, seen, found) for :func:`extract`."""
    hashes, kinds, pairs = np.zeros(_WORK, np.uint64), np.zeros(_WORK, np.uint8), np.zeros(_WORK, np.uint64)
    seen = np.zeros(1 << MARK_BITS >> 6, np.uint64)
    return np.zeros(_WORK, np.uint8), hashes, kinds, pairs, seen, np.zeros(MAX_FEATURES, np.int64)
