"""Personal data in a text: where it is, of which kind, and the text without it.

Every pattern is linear: repetitions are bounded or possessive and a match can only begin at the edge of a token.
What looks right must also check out where a check exists (Luhn, ISO 7064 for IBANs, check digits of CPF and DNI).
Handles, hashtags, links, prices, dates, flight and version numbers are none of it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from models.language import word_set
from models.records import PII_KINDS


class Span(NamedTuple):
    kind: str
    start: int
    end: int


# What a pattern needs before it is worth running; ``models.scan`` finds it out in compiled code.
EMAILS: Final = 2  # '@' behind a letter or digit
NUMBERS: Final = 4  # six digits or more, close together
ADDRESSES: Final = 8  # a digit and a street word, a five-digit word, the end of a British postcode
REFERENCES: Final = 16  # a cue word and something like a code
DOCUMENTS: Final = 32  # a cue word and five digits
EVERYTHING: Final = EMAILS | NUMBERS | ADDRESSES | REFERENCES | DOCUMENTS

# A pattern begins with a class of characters and looks behind it afterwards: so ``re`` can skip to candidates.
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9](?<![\w.%+@-].)[A-Za-z0-9_.%+-]{0,63}+@[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+){1,7}+(?<=[A-Za-z]{2})(?![\w@])"
)
_IBAN: Final = re.compile(r"[A-Za-z](?<![\w@].)[A-Za-z][0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}+")
# A run of digits as people group them. Not behind a letter, a currency sign, '#', '@', '/' or a decimal mark.
_NUMBER: Final = re.compile(
    r"[0-9+(](?<![\w@#$£€¥₹/=&%.,:+-].)(?:(?<=\+) ?\(?[0-9]|(?<=\()\+?[0-9]|(?<=[0-9]))"
    "(?:[ .()/\u00a0\u2011\u2013-]{0,3}[0-9]){5,24}+"
    r"(?![\w%€£$])"
)
_DATE: Final = re.compile(
    r"(?:[0-9]{1,2}([./-])[0-9]{1,2}\1(?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}([./-])[0-9]{1,2}\2[0-9]{1,2})"
    r"(?:[ -][0-9]{1,4})?|(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}"
)
_PHONE_SHAPE: Final = re.compile(
    r"\(?\+|00[1-9]|1?[ .-]?\(?[2-9][0-9]{2}\)?[ .-]{0,2}[2-9][0-9]{2}[ .-]?[0-9]{4}$"
    r"|0[1-9][0-9 ().-]{8,14}$|\(0[0-9]{1,4}\)"
)
_PHONE_CUE: Final = re.compile(
    r"\b(?:call|phone|tel|telephone|mobile|cell|text|sms|whatsapp|ring|fax|landline|contact number|my number|number is)"
    r"[^\n]{0,24}$",
    re.IGNORECASE,
)
_REFERENCE_CUE: Final = re.compile(
    r"\b(?:booking|reservation|confirmation|order|reference|ref|ticket|tracking|case|account|acct|claim|invoice|id)"
    r"\b[ a-z.:=#-]{0,14}$",
    re.IGNORECASE,
)
_SSN: Final = re.compile(
    r"[0-8](?<![\w-].)(?<!.000|.666)[0-9]{2}(?<!000|666)([ -])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])"
)
_NINO: Final = re.compile(
    r"[A-CEGHJ-PR-TW-Z](?<![\w@].)[A-CEGHJ-NPR-TW-Z](?<!BG|GB|KN|NK|NT|TN|ZZ)"
    r" ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?!\w)"
)
_CPF: Final = re.compile(r"[0-9](?<![\w.].)[0-9]{2}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?!\w)")
_DNI: Final = re.compile(r"[0-9](?<![\w@-].)[0-9]{7}-?[A-Z](?![\w-])")
_DOCUMENT: Final = re.compile(
    r"\b(?:passport|social security|ssn|national insurance|driver'?s licen[cs]e|aadhaa?r)"
    r"(?: (?:number|no\.?|num|is|#))*+"
    r"[ :#-]{0,3}((?=[A-Z0-9 -]{0,9}[0-9]{4})[A-Z0-9][A-Z0-9-]{5,13}|[0-9]{4} [0-9]{4} [0-9]{4})(?![\w-])",
    re.IGNORECASE,
)
_REFERENCE_WORDS: Final = (
    "booking|reservation|confirmation|order|reference|ref|pnr|locator|ticket|tracking|case|itinerary|account|acct|claim|invoice|"
    "membership|policy|customer"
)
_REFERENCE: Final = re.compile(
    rf"\b(?P<cue>{_REFERENCE_WORDS})\b"
    r"(?:[ .]{0,2}\b(?:reference|ref|number|code|num|nr|no|id)\b)?(?:[ .:=#-]{0,3}\b(?:is|was)\b)?[ .:=#(-]{0,4}"
    r"(?P<code>[A-Za-z0-9][A-Za-z0-9-]{4,29}+)(?![\w@])",
    re.IGNORECASE,
)
_TRAVEL_CUES: Final = word_set("booking reservation confirmation reference ref pnr locator")
_STREETS: Final = (
    "street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|square|sq|terrace|crescent|"
    "close|way|parkway|pkwy|highway|hwy|mews|gardens|circle|trail"
)
# (what must occur in the lower-cased text, pattern); of the first column any one will do, nothing means always.
_ADDRESSES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]] = (
    (
        (),
        re.compile(  # 221B Baker Street
            r"[0-9](?<![\w#$£€.,:/@-].)(?!(?<=1)9[0-9]{2}\b|(?<=2)0[0-9]{2}\b)[0-9]{0,4}[A-Za-z]?,?"
            r"(?: (?:[NSEW]\.?|[A-Z][A-Za-z'.-]{1,20}+|[0-9]{1,3}(?:st|nd|rd|th))){1,3}?"
            rf" (?i:{_STREETS})\b\.?(?! (?:to|from|of|for)\b)"
        ),
    ),
    (("box",), re.compile(r"[Pp](?<!\w.)\.?[Oo]\.? ?[Bb][Oo][Xx] [0-9]{1,6}\b")),
    ((), re.compile(r"[A-Z](?<!\w.)[A-Z]?[0-9][A-Z0-9]? [0-9][ABD-HJLNP-UW-Z]{2}\b")),  # SW1A 1AA
    ((), re.compile(r"[A-Z](?<!\w.)[a-z]{2,20}+, ?[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?(?![\w-])")),  # Austin, TX 78701
    (
        ("straße", "strasse", "platz", "allee", "gasse", "straat"),
        re.compile(  # Lange Straße 5 and Hauptstraße 5
            r"[A-ZÄÖÜ](?<!\w.)[a-zäöüß]{0,24}(?:straße|strasse|platz|allee|gasse|straat) [0-9]{1,4}[a-z]?\b"
            r"|(?:Straße|Strasse|Platz|Allee|Gasse) [0-9]{1,4}[a-z]?\b"
        ),
    ),
    (
        ("calle ", "avenida ", "avda. ", "via ", "viale ", "piazza ", "rua "),
        re.compile(
            r"[cavprCAVPR](?<!\w.)(?:alle|venida|vda\.|ia|iale|iazza|ua) [A-ZÁÉÍÓÚ][\w' ]{2,30}?,? ?"
            r"(?:n[º°]? ?)?[0-9]{1,4}\b"
        ),
    ),
    (
        ("rue ", "avenue ", "boulevard ", "allée ", "chemin ", "impasse "),
        re.compile(
            r"[0-9](?<![\w.,:/$£€@#-].)[0-9]{0,3}(?: ?bis| ?ter)?,? (?i:rue|avenue|boulevard|allée|chemin|impasse) "
            r"(?:d[eu]s? |de la |d')?[A-ZÉ]\w{2,24}+"
        ),
    ),
)

REFERENCE_CUES: Final = frozenset(_REFERENCE_WORDS.split("|"))
DOCUMENT_CUES: Final = word_set("passport security ssn insurance license licence aadhaar aadhar")
ADDRESS_CUES: Final = frozenset(_STREETS.split("|")) | word_set(
    "box pobox rue avenue boulevard allée chemin impasse calle avenida avda via viale piazza rua straße strasse platz "
    "allee gasse"
)

_IBAN_LENGTHS: Final = {
    item[:2]: int(item[2:])
    for item in word_set(
        "AD24 AE23 AT20 BE16 BG22 BR29 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GI23 GR27 HR21 HU28 IE22 IL23 "
        "IS26 IT27 LI21 LT20 LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TR26 UA29"
    )
}


def luhn_holds(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban_holds(iban: str) -> bool:
    """ISO 13616: length of the country, and mod 97 = 1 with the first four characters moved to the end."""
    if _IBAN_LENGTHS.get(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1


def _cpf_holds(digits: str) -> bool:
    for length in (9, 10):
        total = sum(int(digit) * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return len(set(digits)) > 1


def _digits(text: str) -> str:
    return "".join(char for char in text if "0" <= char <= "9")


def _emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Span("email", *match.span())


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        places = [at for at, char in enumerate(match[0]) if char not in " -"][:length]
        found = "".join(match[0][at] for at in places).upper()
        if length and len(_digits(found)) >= 6 and iban_holds(found):
            yield Span("iban", match.start(), match.start() + places[-1] + 1)


def _national_ids(text: str) -> Iterator[Span]:
    for pattern in (_SSN, _NINO):
        for match in pattern.finditer(text):
            yield Span("national_id", *match.span())
    for match in _CPF.finditer(text):
        if _cpf_holds(_digits(match[0])):
            yield Span("national_id", *match.span())
    for match in _DNI.finditer(text):
        if "TRWAGMYFPDXBNJZSQVHLCKE"[int(match[0][:8]) % 23] == match[0][-1]:
            yield Span("national_id", *match.span())


def _documents(text: str) -> Iterator[Span]:
    for match in _DOCUMENT.finditer(text):
        if len(_digits(match[1])) >= 5:
            yield Span("national_id", *match.span(1))


def _cards(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        digits = _digits(match[0])
        if 13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1 and luhn_holds(digits):
            yield Span("card", *match.span())


def _phones(text: str) -> Iterator[Span]:
    for match in _NUMBER.finditer(text):
        digits = _digits(match[0])
        if 7 <= len(digits) <= 15 and not _DATE.fullmatch(match[0]) and _is_phone(text, match, len(digits)):
            yield Span("phone", *match.span())


def _is_phone(text: str, match: re.Match[str], digits: int) -> bool:
    """The shape of a phone number and no cue of a reference, or any digits (no version or date) behind a cue word."""
    before = text[max(0, match.start() - 40) : match.start()]
    shaped = digits >= 9 and _PHONE_SHAPE.match(match[0]) is not None
    if _PHONE_CUE.search(before):
        return shaped or not ("." in match[0] or "/" in match[0])
    return shaped and not _REFERENCE_CUE.search(before)


def _references(text: str) -> Iterator[Span]:
    for match in _REFERENCE.finditer(text):
        if _is_code(match["code"], match["cue"].lower() in _TRAVEL_CUES, text[match.start("code") - 1] == "#"):
            yield Span("reference", *match.span("code"))


def _is_code(code: str, travels: bool, hashed: bool) -> bool:
    """Four digits or more; or capitals and digits; or the six capitals of a booking. A hashtag is none."""
    if not code.isupper():
        return len(_digits(code)) >= 4
    if hashed and not travels:
        return False
    if len(_digits(code)) >= 4:
        return True
    return code.isalnum() and len(code) >= 6 and (not code.isalpha() or (travels and len(code) == 6))


def _addresses(text: str) -> Iterator[Span]:
    lower = text.lower()
    for needed, pattern in _ADDRESSES:
        if not needed or any(word in lower for word in needed):
            for match in pattern.finditer(text):
                yield Span("address", *match.span())


# In the order of claim: of two findings that overlap, the earlier finder's keeps the place.
_FINDERS: Final[tuple[tuple[int, Callable[[str], Iterator[Span]]], ...]] = (
    (EMAILS, _emails),
    (NUMBERS, _ibans),
    (NUMBERS, _cards),
    (NUMBERS, _national_ids),
    (DOCUMENTS, _documents),
    (REFERENCES, _references),
    (NUMBERS, _phones),
    (ADDRESSES, _addresses),
)


def find_pii(text: str, groups: int = EVERYTHING) -> list[Span]:
    """Non-overlapping findings in the order of the text. ``groups`` limits the search to some patterns."""
    taken: list[Span] = []
    for group, find in _FINDERS:
        if not groups & group:
            continue
        found = _without_overlaps(list(find(text)))
        taken = _merge(taken, found) if taken else found
    return taken


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
