"""One cheap compiled look at every text: its language, whether there is anything to judge, and which of the costly
checks (personal data, channels, thanks) are worth running at all. The answers are supersets: a text without the
flag cannot have the finding."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import FNV_OFFSET, FNV_PRIME, Bytes, Ints
from models.language import (
    ENOUGH,
    ENOUGH_WITH_ACCENT,
    FACTOR,
    LANGUAGES,
    LOOKED_AT_WORDS,
    STOP_WORDS,
    script_table,
    stop_words,
)
from models.pii import (
    ADDRESS_CUES,
    ADDRESSES,
    DOCUMENT_CUES,
    DOCUMENTS,
    EMAILS,
    EVERYTHING,
    NUMBERS,
    REFERENCE_CUES,
    REFERENCES,
)
from models.records import CHANNELS
from models.replies import CHANNEL_CUES, CLOSING_CUES, OPEN_WORDS

CONTENT: Final = 1  # a letter or digit outside handles and links
# 2 to 32: the groups of patterns of ``models.pii``
CLOSING: Final = 64  # a cue word of thanks, and nothing that takes it back
OPEN: Final = 128  # takes thanks back
CHANNEL_SHIFT: Final = 8  # channel i of CHANNELS has the flag 1 << (8 + i), from DM = 512
ANY_CHANNEL: Final = sum(1 << CHANNEL_SHIFT + i for i in range(1, len(CHANNELS)))
ANY_PII: Final = EVERYTHING

MANY_DIGITS: Final = 6
CLOSE_BYTES: Final = 9  # between two groups of digits: three separators of up to three bytes
CODE_BYTES: Final = 5
REFERENCE_DIGITS: Final = 4
DOCUMENT_DIGITS: Final = 5
_SLOTS: Final = 8_192
_SLOT_MASK: Final = _SLOTS - 1
_LATIN: Final = 1 + len(STOP_WORDS)  # codes below are "und" and the stop-word languages
_JA: Final = LANGUAGES.index("ja")
_ZH: Final = LANGUAGES.index("zh")
_KO: Final = LANGUAGES.index("ko")
_EN: Final = LANGUAGES.index("en")
_SCRIPT: Final = script_table()
_CODES: Final = len(LANGUAGES)


_CUES: Final = (
    (ADDRESSES, ADDRESS_CUES),
    (REFERENCES, REFERENCE_CUES),
    (DOCUMENTS, DOCUMENT_CUES),
    (CLOSING, CLOSING_CUES),
    (OPEN, OPEN_WORDS),
    *((1 << CHANNEL_SHIFT + CHANNELS.index(channel), words) for channel, words in CHANNEL_CUES.items()),
)


def word_hash(word: bytes) -> int:
    """FNV-1a, 64 bit; never 0, which marks an empty slot."""
    value = int(FNV_OFFSET)
    for byte in word:
        value = (value ^ byte) * int(FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value or 1


def word_table() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """(hashes, entries) of an open-addressed table of all words that matter.

    Entry: bits 0-31 languages, 32-39 weight, 40 and up the flags of this module.
    """
    entries = {word: bits | weight << 32 for word, (bits, weight) in stop_words().items()}
    for flag, words in _CUES:
        for word in words:
            entries[word] = entries.get(word, 0) | flag << 40
    hashes, values = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.int64)
    for word, entry in sorted(entries.items()):
        value = word_hash(word.encode())
        slot = value & _SLOT_MASK
        while hashes[slot]:
            slot = (slot + 1) & _SLOT_MASK
        hashes[slot], values[slot] = value, entry
    return hashes, values


@inner
def _look_up(h: Any, hashes: Any, entries: Any) -> int:
    slot = np.int64(h & np.uint64(_SLOT_MASK))
    while hashes[slot] != 0:
        if hashes[slot] == h:
            return int(entries[slot])
        slot = (slot + 1) & _SLOT_MASK
    return 0


@inner
def _decide(scores: Any, letters: Any, latin: int, accents: int) -> int:
    """Language code from stop-word scores and letters by script."""
    others = 0
    best = 0
    for code in range(_LATIN, _CODES):
        others += letters[code]
        if letters[code] > letters[best] or best == 0:
            best = code
    asian = letters[_JA] + letters[_ZH] + letters[_KO]
    if others >= 2 and others + 2 * asian > latin:  # one such character says about three Latin letters
        if letters[_JA] and letters[_JA] * 5 >= letters[_ZH]:
            return _JA
        return best
    top = 0
    for code in range(_EN + 1, _LATIN):
        if scores[code] > scores[top]:
            top = code
    enough = ENOUGH_WITH_ACCENT if accents else ENOUGH
    if scores[top] >= enough and scores[top] > FACTOR * scores[_EN]:
        return top
    if latin and (accents == 0 or scores[_EN]):
        return _EN
    return 0


@inner
def _is_alnum(b: int) -> Any:
    return 97 <= (b | 32) <= 122 or 48 <= b <= 57


@inner
def _is_name(b: int) -> Any:
    """May stand before the '@' of an e-mail address."""
    return _is_alnum(b) or b == 95 or b == 46 or b == 45 or b == 43 or b == 37


@inner
def _is_place(src: Any, start: int, end: int, digits: int, capitals: int) -> Any:
    """The word is a five-digit postcode, the second half of a British one, or a compound street name."""
    size = end - start
    if (size == 5 and digits == 5) or (size == 3 and digits == 1 and capitals == 2):
        return True
    if size < 7:
        return False
    a, b, c, d = src[end - 4], src[end - 3], src[end - 2], src[end - 1]
    if d == 101:  # -strasse, -gasse, -straße, -allee
        return (a == 97 and b == 115 and c == 115) or (b == 0xC3 and c == 0x9F) or (a == 108 and b == 108 and c == 101)
    return (a == 108 and b == 97 and c == 116 and d == 122) or (a == 114 and b == 97 and c == 97 and d == 116)


@inner
def _link_end(src: Any, at: int, end: int) -> int:
    """End of a link that starts here, else ``at``."""
    if end - at < 6 or (src[at] | 32) != 104 or (src[at + 1] | 32) != 116 or (src[at + 2] | 32) != 116:
        return at
    colon = at + 5 if (src[at + 4] | 32) == 115 else at + 4
    if (src[at + 3] | 32) != 112 or colon + 1 >= end or src[colon] != 58 or src[colon + 1] != 47:
        return at
    while at < end and src[at] > 32:
        at += 1
    return at


@inner
def _count_letter(src: Any, at: int, letters: Any) -> int:
    """Count the multi-byte character at ``at`` by script; returns 2 for an accented Latin letter, 1 for another
    letter, 0 for a symbol."""
    second = int(src[at + 1]) if at + 1 < len(src) else 0
    code = _SCRIPT[src[at], second]
    if code < 0:
        return 0
    if code == 0:
        return 2
    letters[code] += 1
    return 1


@inner
def _count_word(entry: int, scores: Any) -> None:
    weight = (entry >> 32) & 0xFF
    bits = entry & 0xFFFFFFFF
    code = 0
    while bits:
        if bits & 1:
            scores[code] += weight
        bits >>= 1
        code += 1


@inner
def _skip_name(src: Any, at: int, end: int) -> int:
    """End of the handle or hashtag whose sign is at ``at``."""
    at += 1
    while at < end and (_is_alnum(src[at]) or src[at] == 95):
        at += 1
    return at


@inner
def _word(src: Any, at: int, end: int, letters: Any) -> tuple[int, Any, int, int, int, int]:
    """The word at ``at``: (its end, hash, digits, capitals, Latin letters, accented letters).

    A word is a run of letters, digits and apostrophes; a symbol ends it.
    """
    h = clean = FNV_OFFSET  # a trailing apostrophe is no part of the word that is looked up
    digits = capitals = latin = accents = 0
    while at < end:
        b = int(src[at])
        if b >= 0xC0:
            kind = _count_letter(src, at, letters)
            accents += kind == 2
            if kind == 0:
                if not (b == 0xE2 and at + 2 < end and src[at + 1] == 0x80 and src[at + 2] == 0x99):
                    break
                at += 2  # a curly apostrophe
                b = 39
        elif 65 <= b <= 90:
            capitals += 1
            b += 32
        elif 97 <= b <= 122:
            latin += 1
        elif 48 <= b <= 57:
            digits += 1
        elif b != 39 and b != 95 and b < 128:
            break
        h = (h ^ np.uint64(b)) * FNV_PRIME
        clean = clean if b == 39 else h
        at += 1
    return at, clean, digits, capitals, latin + capitals, accents


@inner
def _after_symbol(src: Any, at: int, end: int) -> int:
    """Past the code point at ``at`` that is no letter."""
    at += 1
    while at < end and 128 <= src[at] < 0xC0:
        at += 1
    return at


# Places in the scratch counts of one text.
_DIGITS: Final = 0
_LATIN_LETTERS: Final = 1
_ACCENTS: Final = 2
_WORDS: Final = 3
_CODES_SEEN: Final = 4
_PLACES: Final = 5
_CLUSTER: Final = 6  # digits of the group of numbers that ends at _CLUSTER_END
_CLUSTER_END: Final = 7
_COUNTS: Final = 8


@inner
def _take_name(src: Any, at: int, end: int, counts: Any) -> tuple[int, int]:
    """A handle or hashtag at ``at``: (its end, flags). It says nothing about the language."""
    after = _skip_name(src, at, end)
    if src[at] == 64 or after == at + 1:
        return after, 0
    counts[_CODES_SEEN] += after - at > CODE_BYTES
    for place in range(at, after):
        counts[_DIGITS] += 48 <= src[place] <= 57
    return after, CONTENT


@inner
def _take_word(src: Any, at: int, end: int, hashes: Any, entries: Any, scores: Any, letters: Any, counts: Any) -> Any:
    """A word at ``at``: (its end, flags); the end is ``at`` for a symbol."""
    after, h, digits, capitals, latin, accents = _word(src, at, end, letters)
    if after == at:
        return after, 0
    flags = 0
    counts[_DIGITS] += digits
    counts[_LATIN_LETTERS] += latin + accents
    counts[_ACCENTS] += accents
    counts[_WORDS] += 1
    counts[_PLACES] += _is_place(src, at, after, digits, capitals)
    counts[_CODES_SEEN] += capitals > 0 and after - at == capitals + digits and (digits > 0 or capitals == 6)
    if digits:
        near = at - counts[_CLUSTER_END] <= CLOSE_BYTES
        counts[_CLUSTER] = digits + (counts[_CLUSTER] if near else 0)
        counts[_CLUSTER_END] = after
        flags |= NUMBERS if counts[_CLUSTER] >= MANY_DIGITS else 0
    entry = _look_up(h, hashes, entries)
    if entry:
        flags |= entry >> 40
        if counts[_WORDS] <= LOOKED_AT_WORDS:
            _count_word(entry, scores)
    return after, flags


@inner
def _has_at_sign(src: Any, start: int, end: int) -> bool:
    found = False
    for at in range(start, end):
        found |= src[at] == 64
    return found


@inner
def _scan_one(src: Any, start: int, end: int, hashes: Any, entries: Any, scores: Any, letters: Any, counts: Any) -> Any:
    """(flags, language code) of ``src[start:end]``; ``scores`` and ``letters`` by language code and ``counts`` are
    scratch."""
    scores[:] = 0
    letters[:] = 0
    counts[:] = 0
    counts[_CLUSTER_END] = start - CLOSE_BYTES - 1
    flags = 0
    before = 32  # the byte before, as far as it matters to what follows
    at = start
    while at < end:
        b = int(src[at])
        if b == 64 or b == 35:
            flags |= EMAILS if b == 64 and _is_name(before) else 0
            at, found = _take_name(src, at, end, counts)
            flags |= found
            before = 48 if b == 35 else 32
            continue
        if b < 128 and not _is_alnum(b) and b != 95:
            flags |= OPEN if b == 63 else 0
            before = b
            at += 1
            continue
        after = at if _is_alnum(before) else _link_end(src, at, end)
        if after > at:
            flags |= EMAILS if _has_at_sign(src, at, after) else 0
            before = 32
            at = after
            continue
        after, found = _take_word(src, at, end, hashes, entries, scores, letters, counts)
        flags |= found
        before = int(src[after - 1]) if after > at else 32
        if after == at:
            flags |= CONTENT if b == 0xE0 or b == 0xE1 or b == 0xEA else 0  # letters of a script not known here
            after = _after_symbol(src, at, end)
        at = after
    return _finish(flags, counts), _decide(scores, letters, counts[_LATIN_LETTERS], counts[_ACCENTS])


@inner
def _finish(flags: int, counts: Any) -> int:
    """The flags once the whole text is known."""
    if counts[_WORDS]:
        flags |= CONTENT
    if counts[_PLACES]:
        flags |= ADDRESSES
    if counts[_DIGITS] == 0:
        flags &= ~ADDRESSES
    if counts[_CODES_SEEN] == 0 and counts[_DIGITS] < REFERENCE_DIGITS:
        flags &= ~REFERENCES
    if counts[_DIGITS] < DOCUMENT_DIGITS:
        flags &= ~DOCUMENTS
    if flags & OPEN:
        flags &= ~CLOSING
    return flags


@compiled
def _scan(data: Any, offsets: Any, hashes: Any, entries: Any, flags: Any, languages: Any) -> None:
    scores = np.zeros(_CODES, np.int64)
    letters = np.zeros(_CODES, np.int64)
    counts = np.zeros(_COUNTS, np.int64)
    for row in range(len(offsets) - 1):
        flags[row], languages[row] = _scan_one(
            data, offsets[row], offsets[row + 1], hashes, entries, scores, letters, counts
        )


class Scanner:
    """Flags and language codes for a batch."""

    __slots__ = ("_entries", "_hashes")

    def __init__(self) -> None:
        self._hashes, self._entries = word_table()

    def scan(self, data: Bytes, offsets: Ints) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """(flags uint32[n], indexes into LANGUAGES uint8[n]) for texts as ``models.scorer.pack`` makes them."""
        flags = np.zeros(len(offsets) - 1, np.uint32)
        languages = np.zeros(len(offsets) - 1, np.uint8)
        _scan(data, offsets, self._hashes, self._entries, flags, languages)
        return flags, languages
