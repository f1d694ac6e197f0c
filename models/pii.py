"""Personal data in a text: where it is, of which kind, and the text without it.

Time is linear in the text: patterns run in RE2 (``models.pii_patterns``), and what they propose is short, so that the
checks of neighbours, check digits (``models.pii_checks``) and dates here cost the same however long the text is.
Handles, hashtags, links, prices, dates, flight and version numbers are none of it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from models import pii_patterns as patterns
from models.pii_checks import (
    card_holds,
    cpf_holds,
    dni_holds,
    fiscal_code_holds,
    iban_holds,
    iban_length,
    insee_holds,
    luhn_holds,
    nric_holds,
    ssn_holds,
    verhoeff_holds,
)
from models.pii_fold import CURRENCY, FOREIGN_LETTER, any_of, fold, without_links
from models.pii_patterns import ADDRESSES, DOCUMENTS, EMAILS, EVERYTHING, NUMBERS, REFERENCES
from models.records import PII_KINDS


class Span(NamedTuple):
    kind: str
    start: int
    end: int


_SPELLED: Final = (b"(", b"[", b"{", b"<", b" @", b"@ ", b" at ", b" AT ", b" At ", b"\xa0", b"\n")
_DIGIT: Final = frozenset(b"0123456789")
_WORD: Final = frozenset(byte for byte in range(256) if (chr(byte).isalnum() and byte < 128) or byte >= 0xC0) | {0x5F}
_MONEY: Final = frozenset(b"$\xa3\xa5") | {CURRENCY}
_NOT_BEFORE: Final = _WORD | _MONEY | frozenset(b"#@/=&%")
_NOT_BEHIND: Final = _WORD | _MONEY | frozenset(b"%@\xb0")
_UNCERTAIN_EDGE: Final = frozenset(b"'*") | frozenset(range(FOREIGN_LETTER, 256))
CODE: Final = 6  # characters of a booking code
_CUE_REACH: Final = 40
_LONG_ENOUGH_TO_STAND_ALONE: Final = 7
_STREET: Final = 4  # of the groups of the pattern of addresses
_POSTCODE: Final = 8  # characters of the longest
_UNITS: Final = tuple(unit.encode() for unit in patterns.NOT_POSTCODES)
_COUNTED: Final = (
    b" people",
    b" million",
    b" views",
    b" follow",
    b" tweets",
    b" likes",
    b" users",
    b" bytes",
    b" miles",
)


def _digits(text: str) -> str:
    return "".join(char for char in text if "0" <= char <= "9")


def _bare(text: str) -> str:
    """Letters and digits only, in capitals."""
    return "".join(char for char in text if char.isalnum()).upper()


def _is_free_before(data: bytes, start: int) -> bool:
    """Nothing in front makes the number at ``start`` a part of something else: a word, a price, a decimal."""
    if start == 0:
        return True
    before = data[start - 1]
    if before in _NOT_BEFORE:
        return False
    further = data[start - 2] if start > 1 else 32
    if before in b"-+":
        return further not in _WORD
    return before not in b".,:" or further not in _DIGIT


def _is_free_behind(data: bytes, end: int) -> bool:
    if end == len(data):
        return True
    if data[end] in _NOT_BEHIND:
        return False
    further = data[end + 1] if end + 1 < len(data) else 32
    return data[end] not in b".,:/-+" or further not in _DIGIT


def _is_free(data: bytes, start: int, end: int) -> bool:
    return _is_free_before(data, start) and _is_free_behind(data, end)


def _goes_on(data: bytes, start: int, end: int) -> bool:
    """More groups of four digits stand beside it, so it is a part of something longer."""
    before, behind = data[max(0, start - 6) : start], data[end : end + 6]
    return patterns.GROUP_BEFORE.search(before) is not None or patterns.GROUP_BEHIND.search(behind) is not None


def _emails(data: bytes) -> Iterator[Span]:
    if b"@" in data:
        for match in patterns.EMAIL.finditer(data):
            start, end = match.span()
            if (start == 0 or data[start - 1] != 0x40) and (end == len(data) or data[end] not in b"@_"):
                yield Span("email", start, end)
    if any(sign in data for sign in _SPELLED):
        for match in patterns.SPELLED_EMAIL.finditer(data):
            yield Span("email", *match.span())


def _ibans(data: bytes) -> Iterator[Span]:
    at = 0
    while match := patterns.IBAN.search(data, at):
        start, end = match.span()
        at = start + 4  # another may begin inside of what is none
        length = iban_length(data[start : start + 2].decode("ascii").upper())
        if length and _is_free_before(data, start):
            places = [place for place in range(start, end) if data[place] in _WORD][:length]
            iban = bytes(data[place] for place in places).decode("ascii").upper()
            if len(_digits(iban)) >= 6 and iban_holds(iban) and _is_free_behind(data, places[-1] + 1):
                at = places[-1] + 1
                yield Span("iban", start, at)


def _cards(data: bytes) -> Iterator[Span]:
    for match in patterns.CARD.finditer(data):
        start, end = match.span()
        digits = _digits(match.group().decode("latin-1"))
        if not _is_free(data, start, end) or not luhn_holds(digits):
            continue
        if card_holds(digits) or patterns.CARD_CUE.search(data[max(0, start - _CUE_REACH) : start]):
            yield Span("card", start, end)


def _always(_code: str) -> bool:
    return True


def _is_ssn(code: str) -> bool:
    return ssn_holds(code)


def _is_personnummer(code: str) -> bool:
    return luhn_holds(code[-10:])


_NATIONAL_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "ssn": _is_ssn,
    "nino": _always,
    "cpf": cpf_holds,
    "dni": dni_holds,
    "insee": insee_holds,
    "aadhaar": verhoeff_holds,
    "pan": _always,
    "fiscal": fiscal_code_holds,
    "personnummer": _is_personnummer,
    "nric": nric_holds,
    "curp": _always,
}


def _national_ids(data: bytes) -> Iterator[Span]:
    for match in patterns.ANY_NATIONAL_ID.finditer(data):
        start, end = match.span()
        if _is_free(data, start, end) and _is_national_id(data, start, end):
            yield Span("national_id", start, end)


def _is_national_id(data: bytes, start: int, end: int) -> bool:
    """It has the shape of some country's number, and that country's check digits."""
    code = _bare(data[start:end].decode("latin-1"))
    for name, pattern in patterns.NATIONAL_IDS.items():
        if pattern.fullmatch(data[start:end]) and _NATIONAL_CHECKS[name](code):
            return name != "aadhaar" or not _goes_on(data, start, end)
    return False


def _documents(data: bytes) -> Iterator[Span]:
    for match in patterns.DOCUMENT.finditer(data):
        start, end = match.span(3)
        digits = len(_digits(match[3].decode("latin-1")))
        announced = match[1] or match[2]
        enough = 5 if announced else _LONG_ENOUGH_TO_STAND_ALONE
        if digits >= enough and _is_cue(data, match.start()) and _is_value(data, start, end):
            yield Span("national_id", start, end)


def _is_cue(data: bytes, start: int) -> bool:
    """The word at ``start`` is a word of its own."""
    if start == 0:
        return True
    before = data[start - 1]
    if before == 0x3A and start > 1 and data[start - 2] in _WORD:  # app:track:4uLU6h
        return False
    return before not in _WORD and before not in b"'@" and before < FOREIGN_LETTER


def _is_value(data: bytes, start: int, end: int) -> bool:
    """Not a date, a price or a part of something longer."""
    return _is_free_behind(data, end) and not patterns.DATE.search(data[start:end])


def _codes(data: bytes) -> Iterator[Span]:
    """Numbers of parcels and the like that need no cue."""
    for match in patterns.CODE_ALONE.finditer(data):
        if _is_free_behind(data, match.end()) and data[max(0, match.start() - 1)] not in b"/=@":
            yield Span("reference", *match.span())


def _references(data: bytes) -> Iterator[Span]:
    for match in patterns.REFERENCE.finditer(data):
        if match[4]:
            code = match[4].decode("latin-1")
            if len(code) >= CODE if code.isdigit() or code.isalpha() else len(code) <= CODE + 1:
                yield Span("reference", *match.span(4))
        elif _is_cue(data, match.start()) and _is_value(data, *match.span(3)) and _is_code(data, match):
            yield Span("reference", *match.span(3))


def _is_code(data: bytes, match: Any) -> bool:
    """Digits enough for what announces them, or letters and digits in capitals, or the six capitals of a booking."""
    start, end = match.span(3)
    code = match[3].decode("latin-1")
    digits = len(_digits(code))
    hashed = data[start - 1] == 0x23
    numbered = hashed or any(byte > 64 or byte == 0x23 for byte in match[2])
    announced = numbered or bool(match[2].strip()) or data[start - 1] in b":="
    if code.isdigit() and len(code) == 4:
        return numbered and code[:2] not in {"19", "20"}
    if digits >= 4:
        if match[1] and not announced and patterns.FLIGHT.fullmatch(match[3]):  # "booking U22264 for tomorrow"
            return False
        return digits >= 5 or announced or not code.isdigit()
    if {data[start - 1], data[end] if end < len(data) else 32} & _UNCERTAIN_EDGE:
        return False
    travels = match[1] is not None
    if hashed and not travels and not match[2].strip(b" #"):  # "order #UFC217"
        return False
    if not code.isalnum() or len(code) < 5 or (len(code) == 5 and not (travels and announced)):
        return False
    if code.isalpha():
        return travels and code not in patterns.NO_CODES and (announced or not _shouts(data, match))
    return code.isupper() or (travels and len(code) == 6 and digits > 0)


def _shouts(data: bytes, match: Any) -> bool:
    return data[match.start() : match.start() + 3].isupper() and match[1].lower() != b"pnr"


def _shaped_phones(data: bytes) -> Iterator[Span]:
    for match in patterns.PHONE.finditer(data):
        start, end = match.span()
        number = match.group()
        counted = data[end : end + _CUE_REACH].startswith(_COUNTED)
        if not _is_free(data, start, end) or counted or (number[0] == 0x30 and _goes_on(data, start, end)):
            continue
        if _is_phone(number):
            yield Span("phone", start, end)


def _cued_phones(data: bytes) -> Iterator[Span]:
    for match in patterns.CUED_PHONE.finditer(data):
        start = match.start(1)
        number = match[1]
        digits = len(_digits(number.decode("latin-1")))
        long_enough = digits >= 7 or (digits == 6 and b" " in number)
        unlike = patterns.VERSION.search(number) or patterns.DATE.search(number)
        if long_enough and not unlike and _is_free(data, start, match.end()):
            yield Span("phone", start, match.end())


def _is_phone(number: bytes) -> bool:
    """Digits enough, not a date nor a round figure."""
    digits = sum(byte in _DIGIT for byte in number)
    if number.endswith(b"000000") or (digits == 9 and number.endswith(b" 000")):
        return False
    if patterns.DATE.search(number) and not patterns.PAIRS.fullmatch(number):
        return False
    return number[:1] != b"0" or digits >= 9 or any(byte > 64 for byte in number)


def _addresses(data: bytes) -> Iterator[Span]:
    for match in patterns.ADDRESS.finditer(data):
        place = next(group for group in range(1, 6) if match[group])
        start, end = match.span(place)
        if place <= 3:
            fits = _is_cue(data, match.start()) and _is_word_end(data, end)
        else:
            fits = _is_place(data, start, end) and (place == _STREET or not _counts(data[start:end]))
        if fits and (place != _STREET or _is_street(data, start, end)):
            yield Span("address", start, end)


def _counts(place: bytes) -> bool:
    """What could be a British postcode is a thing and its size, "S8 4GB"."""
    return len(place) <= _POSTCODE and place.endswith(_UNITS)


def _is_place(data: bytes, start: int, end: int) -> bool:
    if patterns.SEAT.search(data[start:end]):
        return False
    return _is_free_before(data, start) and _is_word_end(data, end) and data[start - 1 : start] != b"'"


def _is_word_end(data: bytes, end: int) -> bool:
    """No letter that the patterns do not know as one goes on with the word, nor an apostrophe."""
    return end == len(data) or (data[end] not in _WORD and data[end] not in (0x27, FOREIGN_LETTER))


def _is_street(data: bytes, start: int, end: int) -> bool:
    """Not "2017 New Road to ..." nor a way of doing something."""
    year = data[start : start + 2] in {b"19", b"20"} and data[start : start + 4].isdigit() and data[start + 4] == 32
    year = year and b"," not in data[start:end]
    return not year and not data[end:].startswith((b" to ", b" from ", b" of ", b" for "))


def _pin_addresses(data: bytes) -> Iterator[Span]:
    for match in patterns.PIN_ADDRESS.finditer(data):
        if _is_free(data, *match.span()):
            yield Span("address", *match.span())


# In the order of claim: of two findings that overlap, the earlier line's keeps the place. With each finder of the group
# that has many stands the pattern without which it finds nothing.
_FINDERS: Final[tuple[tuple[int, tuple[tuple[Callable[[bytes], Iterator[Span]], Any], ...]], ...]] = (
    (NUMBERS, ((_ibans, patterns.IBAN),)),
    (NUMBERS, ((_cards, patterns.CARD),)),
    (NUMBERS, ((_codes, patterns.CODE_ALONE),)),
    (NUMBERS, ((_national_ids, patterns.ANY_NATIONAL_ID),)),
    (REFERENCES, ((_references, None),)),
    (DOCUMENTS, ((_documents, None),)),
    (NUMBERS, ((_shaped_phones, patterns.PHONE), (_cued_phones, patterns.CUED_PHONE))),
    (NUMBERS, ((_pin_addresses, patterns.PIN_ADDRESS),)),
    (ADDRESSES, ((_addresses, None),)),
)
_OF_NUMBERS: Final = tuple(pair for group, pairs in _FINDERS if group == NUMBERS for pair in pairs)
_ANY_NUMBER: Final = any_of(*(needed for _, needed in _OF_NUMBERS))
_GLANCED_AT: Final = 1_000  # bytes; of a longer text the many automata together could grow large


def find_pii(text: str, groups: int = EVERYTHING) -> list[Span]:
    """Non-overlapping findings in the order of the text. ``groups`` limits the search to some patterns."""
    data = fold(text)
    taken = _without_overlaps(list(_emails(data))) if groups & EMAILS else []
    if groups == EMAILS:
        return taken
    data = without_links(data)
    glance = groups & NUMBERS and len(data) <= _GLANCED_AT
    seen = {_OF_NUMBERS[place][0] for place in _ANY_NUMBER.Match(data) or ()} if glance else None
    for group, finders in _FINDERS:
        if not groups & group or (group == NUMBERS and seen is not None and not seen):
            continue
        searched = _without(data, taken) if taken and group == ADDRESSES else data
        if found := [
            span for find, needed in finders if not needed or seen is None or find in seen for span in find(searched)
        ]:
            found = _without_overlaps(found)
            taken = _merge(taken, found) if taken else found
    return taken


def _without(data: bytes, taken: list[Span]) -> bytes:
    """``data`` with stars in place of findings: a number behind a street shall not become the address's postcode."""
    blank = bytearray(data)
    for span in taken:
        blank[span.start : span.end] = b"*" * (span.end - span.start)
    return bytes(blank)


def _merge(taken: list[Span], found: list[Span]) -> list[Span]:
    """``taken`` and what of ``found`` does not overlap it; both and the result are ordered and free of overlaps."""
    starts = [span.start for span in taken]
    free = []
    for span in found:
        place = bisect_right(starts, span.start)
        clear_before = place == 0 or taken[place - 1].end <= span.start
        if clear_before and (place == len(taken) or span.end <= taken[place].start):
            free.append(span)
    return sorted(taken + free, key=lambda span: span.start)


def _without_overlaps(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def mask(text: str, spans: list[Span]) -> str:
    """``text`` with each finding replaced by its kind in brackets: ``[email]``, ``[national id]``."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], f"[{span.kind.replace('_', ' ')}]")
        at = span.end
    return "".join((*parts, text[at:]))


def kind_bits(spans: list[Span]) -> int:
    """Bit i for ``PII_KINDS[i]``."""
    bits = 0
    for span in spans:
        bits |= 1 << PII_KINDS.index(span.kind)
    return bits
