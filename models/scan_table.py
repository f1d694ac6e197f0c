"""The words by which ``models.scan`` looks at texts: what each says alone, beside another, and of a language."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.closing import (
    EARLY_CUES,
    EXCUSING,
    OPEN_WORDS,
    SETTLING_CUES,
    SETTLING_PAIRS,
    TAKING_BACK,
    THANKS_CUES,
    THANKS_PAIRS,
    WORKING_PAIRS,
)
from models.language import accent_weights, word_weights
from models.pii_patterns import (
    BOX_CUES,
    DOCUMENT_CUES,
    DOCUMENTS,
    EMAIL_CUES,
    EMAIL_PAIRS,
    EMAILS,
    EVERYTHING,
    FREE_STARTS,
    FRENCH_CUES,
    LIVING_CUES,
    LIVING_PAIRS,
    NUMBERS,
    PARTICLES,
    POSTCODE_CUES,
    REFERENCE_CUES,
    REFERENCE_LINKS,
    REFERENCE_PAIRS,
    REFERENCES,
    SOUTHERN_CUES,
    STREET_CUES,
)
from models.replies import REPLY_CUES
from models.scan_words import (
    ENTRY,
    LAST_ACCENT,
    SLOT_MASK,
    SLOTS,
    TAG_MASK,
    lanes,
    word_hash,
)

CONTENT: Final = 1  # a letter or digit outside handles and links
# 2 to 32: the groups of patterns of ``models.pii``
CLOSING: Final = 64  # any of SETTLES, WORKS and THANKS
OPEN: Final = 128  # leaves a case open whatever else is said
CHANNEL: Final = 256  # a word without which no reply sends the customer elsewhere
SETTLES: Final = 512  # may say that the matter is settled or dropped
WORKS: Final = 1_024  # may say that something works
THANKS: Final = 2_048  # may thank, or drop the matter
TAKEN_BACK: Final = 4_096  # and takes it back
ANY_PII: Final = EVERYTHING
PUBLISHED: Final = 2 * TAKEN_BACK - 1

# Flags of words that decide about others.
EXCUSES: Final = 1 << 13
EARLY_WORD: Final = 1 << 14
STREET: Final = 1 << 15  # behind a number and a name
NUMBERED: Final = 1 << 16  # right behind a number
SOUTHERN: Final = 1 << 17  # before a name and a number; never by itself
PAIRED: Final = 1 << 19  # says something beside another word
BOX: Final = 1 << 20  # a number may follow so soon
POSTCODE: Final = 1 << 21
LIVING: Final = 1 << 22
RING: Final = 1 << 23
REFERRING: Final = 1 << 24  # a code may follow
LINKING: Final = 1 << 25  # may stand between such a word and the code
PLACE_WORDS: Final = STREET | NUMBERED | BOX | POSTCODE | LIVING | RING
CLOSING_KINDS: Final = SETTLES | WORKS | THANKS

_CUES: Final = (
    (EMAILS, EMAIL_CUES),
    (NUMBERS, FREE_STARTS),
    (REFERRING, REFERENCE_CUES),
    (LINKING, REFERENCE_LINKS),
    (DOCUMENTS, DOCUMENT_CUES),
    (OPEN, OPEN_WORDS),
    (CHANNEL, REPLY_CUES),
    (SETTLES, SETTLING_CUES),
    (THANKS, THANKS_CUES),
    (TAKEN_BACK, TAKING_BACK),
    (EXCUSES, EXCUSING),
    (EARLY_WORD, EARLY_CUES),
    (STREET, STREET_CUES),
    (NUMBERED, FRENCH_CUES),
    (BOX, BOX_CUES),
    (POSTCODE, POSTCODE_CUES),
    (LIVING, LIVING_CUES),
    (RING, {"ring"}),
    (REFERENCES, {"pnr"}),
)
# Words that say something when the next word is one of some others.
_PAIRS: Final = (
    (EMAILS, EMAIL_PAIRS),
    (REFERENCES, REFERENCE_PAIRS),
    (SETTLES, SETTLING_PAIRS),
    (WORKS, WORKING_PAIRS),
    (THANKS, THANKS_PAIRS),
    (LIVING, LIVING_PAIRS),
    (SOUTHERN, ((" ".join(sorted(SOUTHERN_CUES)), " ".join(sorted(PARTICLES))),)),
)


def _pair_bits() -> tuple[dict[str, list[int]], dict[int, int]]:
    """By word the bits of the pairs that it begins and ends; by flag the bits of its pairs."""
    sides: dict[str, list[int]] = {}
    by_flag: dict[int, int] = {}
    bit = 1
    for flag, pairs in _PAIRS:
        for pair in pairs:
            for side, words in enumerate(pair):
                for word in words.split():
                    sides.setdefault(word, [0, 0])[side] |= bit
            by_flag[flag] = by_flag.get(flag, 0) | bit
            bit <<= 1
    return sides, by_flag


_PAIR_WORDS, _BITS_OF = _pair_bits()
AT_PAIR: Final = _PAIR_WORDS["at"][0]
EMAIL_BITS: Final = _BITS_OF[EMAILS]
REFERENCE_BITS: Final = _BITS_OF[REFERENCES]
SETTLING_BITS: Final = _BITS_OF[SETTLES]
WORKING_BITS: Final = _BITS_OF[WORKS]
THANKS_BITS: Final = _BITS_OF[THANKS]
LIVING_BITS: Final = _BITS_OF[LIVING]
SOUTHERN_BIT: Final = _BITS_OF[SOUTHERN]


def word_table() -> tuple[NDArray[np.int16], NDArray[np.uint64], NDArray[np.int64]]:
    """(rows, entries, pairs): an open-addressed table of all words that matter, and behind it one of letters.

    A word whose hash has slot i has the entry at ``rows[i]``, an accented letter with code point p the one at
    ``rows[SLOTS + p]``. An entry is the tag of the hash with flags, and the lanes of weights; the first is empty.
    """
    flags = dict.fromkeys(_PAIR_WORDS, PAIRED)
    for flag, cues in _CUES:
        for word in cues:
            flags[word] = flags.get(word, 0) | flag
    weights, letters = word_weights(), accent_weights()
    words = sorted({*flags, *weights})
    entries = [[0] * ENTRY]
    entries += [
        [word_hash(word.encode()) & int(TAG_MASK) | flags.get(word, 0), *lanes(weights.get(word, {}))] for word in words
    ]
    entries += [[0, *lanes(letters[letter])] for letter in letters]
    rows = np.zeros(SLOTS + LAST_ACCENT + 1, np.int16)
    for row, word in enumerate(words, start=1):
        slot = word_hash(word.encode()) & SLOT_MASK
        while rows[slot]:
            slot = (slot + 1) & SLOT_MASK
        rows[slot] = row
    for row, letter in enumerate(letters, start=1 + len(words)):
        rows[SLOTS + ord(letter)] = row
    pairs = [[0, 0], *(_PAIR_WORDS.get(word, [0, 0]) for word in words)]
    return rows, np.array(entries, np.uint64).ravel(), np.array(pairs, np.int64).ravel()
