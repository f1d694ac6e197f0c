"""How characters are folded, as tables that compiled code reads.

A text of *simple* characters is folded one character at a time, and the result is what :func:`fold` makes of the
whole: none of them combines with a neighbour, and none gets longer. Simple is nearly everything that is written as one
character; a text with any other goes the long way round.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple
from unicodedata import combining, decomposition, is_normalized, normalize

import numpy as np

from models.compiled import inner
from models.features import Bytes

BLANKS: Final = "\n\r\t"
WIDE_BLANKS: Final = "\u00a0\u202f\u3000"
_WIDEST: Final = 4  # bytes of a character

# The characters of the tables, in order of slots; ends are exclusive. Those of the last range stay as they are and are
# letters, so they share one slot: ideographs, and the syllables of Korean.
_ALPHABETS_END: Final = 0x3100
_SELECTORS, _SELECTORS_END = 0xFE00, 0xFE10  # of a symbol's look
_FULL_WIDTH, _FULL_WIDTH_END = 0xFF00, 0xFFF0
_EMOJI, _EMOJI_END = 0x1F000, 0x20000
_IDEOGRAPHS, _IDEOGRAPHS_END = 0x4E00, 0xA000
_SYLLABLES, _SYLLABLES_END = 0xAC00, 0xD7A4
_RANGES: Final = (
    (0, _ALPHABETS_END),
    (_SELECTORS, _SELECTORS_END),
    (_FULL_WIDTH, _FULL_WIDTH_END),
    (_EMOJI, _EMOJI_END),
)
_SELECTOR_SLOT: Final = _ALPHABETS_END
_FULL_WIDTH_SLOT: Final = _SELECTOR_SLOT + _SELECTORS_END - _SELECTORS
_EMOJI_SLOT: Final = _FULL_WIDTH_SLOT + _FULL_WIDTH_END - _FULL_WIDTH
SAME: Final = _EMOJI_SLOT + _EMOJI_END - _EMOJI
UNKNOWN: Final = -1

_JAMO: Final = range(0x1100, 0x1200)  # letters of Korean, which combine by rules of their own
_FULL_WIDTH_AT: Final = "\uff20"  # begins a handle like an @


class Letters(NamedTuple):
    """A character's slot has the UTF-8 that it is folded to, its length in bytes (0: the character is not simple), and
    whether that is a part of words."""

    folded: Bytes  # (slots, _WIDEST)
    sizes: Bytes
    words: Bytes


def fold(text: str) -> str:
    """The form in which texts and keywords are compared; it has spaces for all blanks. Made for all texts of a batch
    as one: each step is one fast pass through them."""
    if text.isascii():
        folded, blanks = text.lower(), BLANKS
    else:
        folded, blanks = normalize("NFC", text.casefold()), BLANKS + WIDE_BLANKS
    for blank in blanks:
        folded = folded.replace(blank, " ")
    return folded


def is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@cache
def letters() -> Letters:
    points = list(chain.from_iterable(range(*edges) for edges in _RANGES))
    table = Letters(
        np.zeros((len(points), _WIDEST), np.uint8), np.zeros(len(points), np.uint8), np.zeros(len(points), np.uint8)
    )
    attached = set(_second_halves())
    for slot, point in enumerate(points):
        folded = "" if point in _JAMO or chr(point) in attached else _fold_simple(chr(point))
        encoded = folded.encode()
        table.folded[slot, : len(encoded)] = list(encoded)
        table.sizes[slot] = len(encoded)
        table.words[slot] = any(map(is_word, folded))
    return table


def _second_halves() -> Iterator[str]:
    """Characters that make one with the character before them, where both are in the tables."""
    for point in range(_ALPHABETS_END):
        parts = decomposition(chr(point)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            yield chr(int(parts[1], 16))


def _fold_simple(character: str) -> str:
    """What the character is folded to, whatever its neighbours; empty if that depends on them."""
    folded = fold(character) if character != "\0" else " "  # as a border between texts it may not stand in one
    if character == _FULL_WIDTH_AT or any(map(combining, character + folded)) or not is_normalized("NFC", folded):
        return ""
    if len({is_word(letter) for letter in folded}) != 1 or len(folded.encode()) > len(character.encode()):
        return ""
    return folded


@inner
def slot_of(data: Any, at: int, end: int) -> tuple[int, int]:
    """(slot of the character at ``at``, which is not ASCII, its length in bytes); SAME for one that stays as it is and
    is a letter, UNKNOWN for one that the tables do not have."""
    lead = np.int64(data[at])
    size = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
    if at + size > end:
        return UNKNOWN, 1
    point = lead & (0xFF >> (size + 1))
    for place in range(at + 1, at + size):
        point = point << 6 | (np.int64(data[place]) & 0x3F)
    return _slot(point), size


@inner
def _slot(point: int) -> int:
    if point < _ALPHABETS_END:
        return point
    if _IDEOGRAPHS <= point < _IDEOGRAPHS_END or _SYLLABLES <= point < _SYLLABLES_END:
        return SAME
    if _SELECTORS <= point < _SELECTORS_END:
        return point - _SELECTORS + _SELECTOR_SLOT
    if _FULL_WIDTH <= point < _FULL_WIDTH_END:
        return point - _FULL_WIDTH + _FULL_WIDTH_SLOT
    if _EMOJI <= point < _EMOJI_END:
        return point - _EMOJI + _EMOJI_SLOT
    return UNKNOWN
