"""Kernels of ``models.scan`` that see whether a text may hold personal data: cheap, and never too strict."""

from typing import Any, Final

from models.compiled import inner
from models.pii_patterns import STREET_ENDINGS

LONG_CODE: Final = 10  # letters and digits in capitals: numbers of tax payers
LONG_CODE_DIGITS: Final = 4
_ENDINGS: Final = tuple((a | 32) << 16 | (b | 32) << 8 | (c | 32) for a, b, c in STREET_ENDINGS)
_CODE: Final = 6  # characters of a booking code
_GAP: Final = 3  # bytes between a street's name and its number


@inner
def _is_capital(b: int) -> bool:
    return 65 <= b <= 90


@inner
def _is_digit(b: int) -> bool:
    return 48 <= b <= 57


@inner
def is_postcode(src: Any, start: int, at: int, end: int, digits: int, capitals: int) -> bool:
    """The word may be a five-digit postcode or the second half of a British one: a state, a number or a code is in
    front of it."""
    size = end - at
    if not (size == 5 and digits == 5) and not (size == 3 and digits == 1 and capitals == 2):
        return False
    before = at - 1
    if before - 2 < start:
        return False
    if src[before] == 45:  # D-12345
        return True
    if src[before] != 32 and src[before] != 10:
        return bool(src[before] >= 128)
    before -= 1
    before -= src[before] == 44
    last, further = src[before], src[before - 1] if before > start else 32
    if last >= 128 or _is_digit(last):
        return True
    return _is_digit(further) or further >= 128 or (_is_capital(last) and _is_capital(further))


@inner
def follows_street(src: Any, start: int, at: int) -> bool:
    """The word right before the number at ``at`` ends like the name of a street."""
    before = at - 1
    for _ in range(_GAP):
        if before > start and (src[before] == 32 or src[before] == 10 or src[before] == 46 or src[before] == 45):
            before -= 1
    if before - 2 < start:
        return False
    if src[before] >= 128:  # a gap that does not break
        return True
    last = (src[before - 2] | 32) << 16 | (src[before - 1] | 32) << 8 | (src[before] | 32)
    found = False  # kernels know no ``any``
    for ending in _ENDINGS:
        found |= last == ending
    return found


@inner
def is_named(src: Any, start: int, at: int) -> bool:
    """A capital, a digit or a letter outside ASCII is in what stands before ``at``, up to the second gap."""
    gaps = 0
    found = False
    at -= 1
    while at >= start and gaps < 2 and not found:
        b = src[at]
        gaps += b == 32 or b == 10
        found = b >= 128 or _is_capital(b) or _is_digit(b)
        at -= 1
    return found


@inner
def is_code(size: int, digits: int, capitals: int) -> Any:
    """Capitals and digits, or six capitals, or six letters and digits: perhaps what a cue word announces."""
    if capitals > 0 and size == capitals + digits:
        return digits > 0 or size == _CODE
    return size == _CODE and 0 < digits < _CODE


@inner
def is_long_code(digits: int, capitals: int) -> Any:
    """Enough capitals and digits to say something without a cue word."""
    return digits >= LONG_CODE_DIGITS and digits + capitals >= LONG_CODE


@inner
def opens_written_at(src: Any, at: int, end: int) -> bool:
    """A bracket with "at" or the sign itself in it, as in "jo (at) example.com"."""
    if src[at] != 40 and src[at] != 60 and src[at] != 91 and src[at] != 123:
        return False
    at += 1
    while at < end and (src[at] == 32 or src[at] == 10 or 0x80 <= src[at] < 0xE4):
        at += 1  # a gap, also one that does not break
    if at + 1 >= end:
        return False
    return bool(src[at] == 64 or ((src[at] | 32) == 97 and (src[at + 1] | 32) == 116))
