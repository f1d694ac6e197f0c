"""One cheap compiled look at every text: its language, whether there is anything to judge, and which of the costly
checks (personal data, channels, thanks) are worth running at all. The answers are supersets: a text without the
flag cannot have the finding."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.closing import EARLY
from models.compiled import compiled, inner
from models.features import FNV_OFFSET, FNV_PRIME, Bytes, Ints
from models.pii_look import follows_street, is_code, is_long_code, is_named, is_postcode, opens_written_at
from models.pii_patterns import (
    ADDRESSES,
    DOCUMENTS,
    EMAILS,
    EVERYTHING,
    NUMBERS,
    REFERENCES,
)
from models.records import INTENTS
from models.scan_table import ANY_PII as ANY_PII
from models.scan_table import (
    AT_PAIR,
    BOX,
    CLOSING_KINDS,
    EARLY_WORD,
    EMAIL_BITS,
    EXCUSES,
    LINKING,
    LIVING,
    LIVING_BITS,
    NUMBERED,
    OPEN,
    PLACE_WORDS,
    POSTCODE,
    PUBLISHED,
    REFERENCE_BITS,
    REFERRING,
    RING,
    SETTLES,
    SETTLING_BITS,
    SOUTHERN_BIT,
    STREET,
    TAKEN_BACK,
    THANKS,
    THANKS_BITS,
    WORKING_BITS,
    WORKS,
    word_table,
)
from models.scan_table import CHANNEL as CHANNEL
from models.scan_table import CLOSING as CLOSING
from models.scan_table import CONTENT as CONTENT
from models.scan_words import (
    ACCENTS,
    BLANKS,
    CLUSTER,
    CLUSTER_END,
    CODES_SEEN,
    COUNT_BITS,
    COUNT_MASK,
    COUNTS,
    DIGITS,
    ENTRY,
    FLAG_MASK,
    FOREIGN,
    HASHED,
    LEADS,
    LETTERS,
    LETTERS_OF,
    MARKS,
    NUMBER_AT,
    PLAIN_WORDS,
    REACH,
    REFERS,
    TAGS,
    WORDS,
    count_word,
    decide,
    look_up,
    read_word,
)
from models.scan_words import word_hash as word_hash

_NUMBER_BEFORE: Final = 4  # blanks between the number and the street, which has up to three names
_NUMBER_BEFORE_NEAR: Final = 2
_NEVER: Final = -1_000
_ISSUE: Final = INTENTS.index("issue")
_VENT: Final = INTENTS.index("vent")
_PRAISE: Final = INTENTS.index("praise")
MANY_DIGITS: Final = 6
CLOSE_BYTES: Final = 9  # between two groups of digits: three separators of up to three bytes
CODE_BYTES: Final = 5
_PREFIX: Final = 3  # capitals in front of the digits of a code
REFERENCE_DIGITS: Final = 4
DOCUMENT_DIGITS: Final = 5
# Blanks between a word and the number that it announces, at most.
_REACH_OF_RING: Final = 1
_REACH_OF_BOX: Final = 2
_REACH_OF_POSTCODE: Final = 5
_REACH_OF_LIVING: Final = 7
_REACH_OF_NAME: Final = 10


@inner
def _is_alnum(b: int) -> Any:
    return 97 <= (b | 32) <= 122 or 48 <= b <= 57


@inner
def _is_name(b: int) -> Any:
    """May stand before the '@' of an e-mail address."""
    return _is_alnum(b) or b == 95 or b == 46 or b == 45 or b == 43 or b == 37


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
def _skip_name(src: Any, at: int, end: int) -> int:
    """End of the handle or hashtag whose sign is at ``at``."""
    at += 1
    while at < end and (_is_alnum(src[at]) or src[at] == 95):
        at += 1
    return at


@inner
def _after_symbol(src: Any, at: int, end: int) -> int:
    """Past the code point at ``at`` that is no letter."""
    at += 1
    while at < end and 128 <= src[at] < 0xC0:
        at += 1
    return at


@inner
def _row_of_name(src: Any, start: int, end: int, rows: Any, entries: Any) -> Any:
    """The word of a handle or hashtag: it may announce personal data, "#order 1234567", "jo @gmail.com"."""
    h = FNV_OFFSET
    for at in range(start, end):
        h = (h ^ HASHED[src[at]]) * FNV_PRIME
    return look_up(h, rows, entries)


@inner
def _take_name(
    src: Any, start: int, at: int, end: int, rows: Any, entries: Any, pairs: Any, counts: Any
) -> tuple[int, int]:
    """A handle or hashtag at ``at``: (its end, flags). It says nothing about the language."""
    is_handle = src[at] == 64
    after = _skip_name(src, at, end)
    if after == at + 1:
        counts[LEADS] = AT_PAIR if is_handle else 0
        return after, 0
    row = _row_of_name(src, at + 1, after, rows, entries)
    known = np.int64(entries[ENTRY * row] & FLAG_MASK)
    if is_handle:
        counts[LEADS] = 0
        return after, EMAILS if known & EMAILS or pairs[2 * row + 1] & AT_PAIR else 0
    found = _heed_word(src, start, at, row, known, pairs, counts)
    counts[CODES_SEEN] += after - at > CODE_BYTES
    digits = 0
    for place in range(at + 1, after):
        digit = 48 <= src[place] <= 57
        digits += digit
        counts[TAGS] |= not digit and src[place] != 95
    if digits:
        counts[DIGITS] += digits
        found |= _heed_number(src, start, at, counts)
    found |= _heed_reference(src, at + 1, after, end, digits > 0 or after - at > CODE_BYTES, known, counts)
    return after, CONTENT | (found & ANY_PII)


@inner
def _reach(blanks: int, counts: Any) -> None:
    counts[REACH] = max(counts[REACH], counts[BLANKS] + blanks)


@inner
def _heed_number(src: Any, start: int, at: int, counts: Any) -> int:
    """ADDRESSES where what stands before the number at ``at`` waits for one."""
    counts[NUMBER_AT] = counts[BLANKS]
    return ADDRESSES if counts[BLANKS] <= counts[REACH] or follows_street(src, start, at) else 0


@inner
def _heed_place(src: Any, start: int, at: int, flags: int, counts: Any) -> int:
    """ADDRESSES where the word at ``at`` ends one that began with a number, else what it waits for."""
    if flags & LIVING:
        _reach(_REACH_OF_LIVING, counts)
    if flags & POSTCODE:
        _reach(_REACH_OF_POSTCODE, counts)
    if flags & BOX:
        _reach(_REACH_OF_BOX, counts)
    if flags & RING:
        _reach(_REACH_OF_RING, counts)
    ago = counts[BLANKS] - counts[NUMBER_AT]
    if flags & NUMBERED and ago <= _NUMBER_BEFORE_NEAR:
        return ADDRESSES
    return ADDRESSES if flags & STREET and ago <= _NUMBER_BEFORE and is_named(src, start, at) else 0


@inner
def _heed_pairs(met: int, counts: Any) -> int:
    """What the pairs mean that the word ends."""
    if met & LIVING_BITS:
        _reach(_REACH_OF_LIVING, counts)
    if met & SOUTHERN_BIT:
        _reach(_REACH_OF_NAME, counts)
    if met & REFERENCE_BITS:
        counts[CODES_SEEN] += 1
        return REFERENCES
    flags = EMAILS if met & EMAIL_BITS else 0
    flags |= SETTLES if met & SETTLING_BITS else 0
    flags |= WORKS if met & WORKING_BITS else 0
    return flags | (THANKS if met & THANKS_BITS else 0)


@inner
def _heed_reference(src: Any, at: int, after: int, end: int, is_value: bool, known: int, counts: Any) -> int:
    """REFERENCES where the word may be the code that earlier ones announce."""
    if known & REFERRING:
        counts[REFERS] = 1
    elif counts[REFERS] and not is_value and known & LINKING == 0:
        joined = src[at - 1] == 45 or src[at - 1] == 47 or (after < end and (src[after] == 45 or src[after] == 47))
        counts[REFERS] = joined or (after - at <= _PREFIX and _is_upper(src, at, after))
    return REFERENCES if is_value and counts[REFERS] else 0


@inner
def _is_upper(src: Any, at: int, after: int) -> bool:
    upper = True
    for place in range(at, after):
        upper &= 65 <= src[place] <= 90
    return upper


@inner
def _heed_word(src: Any, start: int, at: int, row: int, flags: int, pairs: Any, counts: Any) -> int:
    """The flags of the known word at ``at``, and what it means behind the word before."""
    before = counts[LEADS]
    counts[LEADS] = pairs[2 * row]
    met = before & pairs[2 * row + 1]
    if met:
        flags |= _heed_pairs(met, counts)
    if flags & PLACE_WORDS:
        flags |= _heed_place(src, start, at, flags, counts)
    if flags & EARLY_WORD and counts[WORDS] <= EARLY:
        flags |= SETTLES
    if flags & (OPEN | TAKEN_BACK) and at > start and src[at - 1] > 32:
        flags &= ~(OPEN | TAKEN_BACK)  # a part of something longer
    return flags


@inner
def _heed_shape(src: Any, start: int, at: int, after: int, digits: int, capitals: int, counts: Any) -> Any:
    """What the digits and capitals of a word say."""
    counts[CODES_SEEN] += is_code(after - at, digits, capitals)
    flags = NUMBERS if is_long_code(digits, capitals) else 0
    if digits == 0:
        return flags
    near = at - counts[CLUSTER_END] <= CLOSE_BYTES
    counts[CLUSTER] = digits + (counts[CLUSTER] if near else 0)
    counts[CLUSTER_END] = after
    counts[DIGITS] += digits
    flags |= NUMBERS if counts[CLUSTER] >= MANY_DIGITS else 0
    flags |= _heed_number(src, start, at, counts)
    return flags | (ADDRESSES if is_postcode(src, start, at, after, digits, capitals) else 0)


@inner
def _take_word(src: Any, start: int, at: int, end: int, rows: Any, entries: Any, pairs: Any, counts: Any) -> Any:
    """A word at ``at``: (its end, flags); the end is ``at`` for a symbol."""
    others = counts[ACCENTS]
    after, h, seen = read_word(src, at, end, rows, entries, counts)
    if after == at:
        return after, 0
    latin = np.int64(seen >> np.uint64(2 * COUNT_BITS))
    digits = np.int64(seen & COUNT_MASK)
    capitals = np.int64((seen >> np.uint64(COUNT_BITS)) & COUNT_MASK)
    counts[LETTERS] += latin
    counts[WORDS] += 1
    counts[PLAIN_WORDS] += digits == 0 and (latin > 0 or counts[ACCENTS] > others)
    flags = _heed_shape(src, start, at, after, digits, capitals, counts) if digits or capitals else 0
    row = look_up(h, rows, entries)
    known = np.int64(entries[ENTRY * row] & FLAG_MASK)
    if counts[REFERS] or known & REFERRING:
        is_value = digits > 0 or is_code(after - at, digits, capitals)
        flags |= _heed_reference(src, at, after, end, is_value, known, counts)
    if counts[LEADS] & SOUTHERN_BIT and (capitals or after - at > latin):
        _reach(_REACH_OF_NAME, counts)
    if known:
        flags |= _heed_word(src, start, at, row, known, pairs, counts)
    else:
        counts[LEADS] = 0
    if row:
        count_word(row, entries, counts)
    return after, flags


@inner
def _has_at_sign(src: Any, start: int, end: int) -> bool:
    found = False
    for at in range(start, end):
        found |= src[at] == 64
    return found


@inner
def _domain_goes_on(src: Any, at: int, end: int) -> bool:
    """What stands behind an '@' and a name may be the rest of a domain."""
    if at + 1 >= end:
        return False
    return bool(src[at] == 45 or src[at] >= 128 or (src[at] == 46 and src[at + 1] > 32))


@inner
def _scan_one(src: Any, start: int, end: int, rows: Any, entries: Any, pairs: Any, counts: Any) -> Any:
    """(flags, language code) of ``src[start:end]``; ``counts`` is scratch, all zeros before and after."""
    counts[CLUSTER_END] = start - CLOSE_BYTES - 1
    counts[NUMBER_AT] = _NEVER
    counts[REACH] = _NEVER
    flags = 0
    before = 32  # the byte before, as far as it matters to what follows
    at = start
    while at < end:
        b = int(src[at])
        if b == 64 or b == 35:
            at, found = _take_name(src, start, at, end, rows, entries, pairs, counts)
            flags |= found
            flags |= EMAILS if b == 64 and _is_name(before) and _domain_goes_on(src, at, end) else 0
            before = 48 if b == 35 else 32
            continue
        if b < 128 and not _is_alnum(b) and b != 95:
            flags |= OPEN if b == 63 else 0
            counts[BLANKS] += b == 32 or b == 10
            flags |= EMAILS if opens_written_at(src, at, end) else 0
            before = b
            at += 1
            continue
        after = _link_end(src, at, end)
        if after > at:
            flags |= EMAILS if _has_at_sign(src, at, after) else 0
            before = 32
            at = after
            continue
        after, found = _take_word(src, start, at, end, rows, entries, pairs, counts)
        flags |= found
        before = int(src[after - 1]) if after > at else 32
        if after == at:
            flags |= CONTENT if b == 0xE0 or b == 0xE1 or b == 0xEA else 0  # letters of a script not known here
            after = _after_symbol(src, at, end)
        at = after
    code = decide(counts)
    flags = _finish(flags, counts)
    for place in range(COUNTS if counts[FOREIGN] else LETTERS_OF):
        counts[place] = 0
    return flags, code


@inner
def _finish(flags: int, counts: Any) -> int:
    """The flags once the whole text is known."""
    if counts[WORDS]:
        flags |= CONTENT
    if counts[MARKS]:  # a pattern takes for two words what we took for one: all of them must look
        flags = (flags | EVERYTHING | CHANNEL | CLOSING_KINDS) & ~(OPEN | TAKEN_BACK)
        counts[CODES_SEEN] += 1
    if counts[FOREIGN]:  # phrases of scripts that write no gaps hold no words for us
        flags |= CHANNEL
    if counts[DIGITS] == 0:
        flags &= ~ADDRESSES
    if counts[CODES_SEEN] == 0 and counts[DIGITS] < REFERENCE_DIGITS:
        flags &= ~REFERENCES
    if counts[DIGITS] < DOCUMENT_DIGITS:
        flags &= ~DOCUMENTS
    if flags & OPEN:
        flags &= ~CLOSING_KINDS
    if flags & EXCUSES:
        flags &= ~TAKEN_BACK
    return (flags | (CLOSING if flags & CLOSING_KINDS else 0)) & PUBLISHED


@compiled
def _scan(data: Any, offsets: Any, skip: Any, rows: Any, entries: Any, pairs: Any, flags: Any, languages: Any) -> None:
    counts = np.zeros(COUNTS, np.int64)
    for row in range(len(offsets) - 1):
        if not skip[row]:
            flags[row], languages[row] = _scan_one(data, offsets[row], offsets[row + 1], rows, entries, pairs, counts)


def may_close(flags: NDArray[np.uint32], intent: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which texts ``models.closing`` must read: by intent, it hears less in some of them."""
    calm = (intent != _ISSUE) & (intent != _VENT)
    thanks = ((flags & THANKS) != 0) & (((flags & TAKEN_BACK) == 0) | (intent == _PRAISE))
    found: NDArray[np.bool_] = ((flags & SETTLES) != 0) | (calm & (thanks | ((flags & WORKS) != 0)))
    return found


class Scanner:
    """Flags and language codes for a batch."""

    __slots__ = ("_table",)

    def __init__(self) -> None:
        self._table = word_table()

    def scan(
        self, data: Bytes, offsets: Ints, skip: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """(flags uint32[n], indexes into LANGUAGES uint8[n]) for texts as ``models.packing.pack`` makes them; zeros
        for rows with ``skip``."""
        flags = np.zeros(len(offsets) - 1, np.uint32)
        languages = np.zeros(len(offsets) - 1, np.uint8)
        skipped = np.zeros(len(flags), np.bool_) if skip is None else skip
        _scan(data, offsets, skipped, *self._table, flags, languages)
        return flags, languages
