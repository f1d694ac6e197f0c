"""Invented people: who they are, how they type, and personal data that cannot be anybody's.

Sources of the fictional ranges: e-mail domains of RFC 2606; telephone numbers that regulators keep for drama (NANP
555-0100 to 555-0199; Ofcom 020 7946 0000-0999 and 07700 900000-900999). Cards pass Luhn on a made-up issuer number;
IBANs pass mod 97 with bank codes that no bank has.
"""

from typing import Final

import msgspec

from streams.sample.grammar import Draw, between, pick
from streams.sample.phrases.names import FIRST_WORDS, LAST_WORDS, SURNAMES

_FIRST: Final = tuple(FIRST_WORDS.split())
_LAST: Final = tuple(LAST_WORDS.split())
_SURNAMES: Final = tuple(SURNAMES.split())
_STREETS: Final = ("Example Street", "Sample Lane", "Nowhere Road", "Placeholder Avenue", "Fiction Close")
_HOSTS: Final = ("example.com", "example.org", "example.net", "mail.example.com")
_FOLLOWERS: Final = (0, 12, 40, 95, 180, 350, 800, 2_500, 9_000, 80_000)

_SCRAMBLE: Final = 7_919  # coprime to the number of name pairs and years below, so that no two people share a handle
_SUFFIXES: Final = 97


class Customer(msgspec.Struct, frozen=True):
    """``author`` is the identity (lower-case handle); ``style`` 0 types with care, higher ones ever less."""

    author: str
    handle: str
    followers: int
    verified: bool
    lang: str
    style: int
    tier: str = "default"


def make_handle(number: int) -> tuple[str, str]:
    """The ``number``-th (identity, display handle); distinct numbers below 2**40 give distinct identities."""
    pairs = len(_FIRST) * len(_LAST)
    size = pairs * _SUFFIXES
    place = number % size * _SCRAMBLE % size
    suffix, pair = divmod(place, pairs)
    first, last = _FIRST[pair % len(_FIRST)], _LAST[pair // len(_FIRST)]
    rounds = number // size
    tail = f"{suffix}" if rounds == 0 else f"{suffix}_{rounds}"
    styles = (f"{first}_{last}{tail}", f"{first}_{last}{tail}", f"{first.title()}_{last.title()}{tail}")
    handle = styles[pair % 3]
    return handle.lower(), handle


def make_customer(number: int, lang: str, draw: Draw) -> Customer:
    author, handle = make_handle(number)
    style = pick((0, 0, 0, 0, 1, 1, 1, 2, 2, 3), draw)
    place = int(draw() * 10)
    low = _FOLLOWERS[place]
    followers = low if place == 9 else between(low, _FOLLOWERS[place + 1], draw)
    return Customer(author, handle, followers, verified=False, lang=lang, style=style)


def small_number(draw: Draw) -> str:
    return str(2 + int(draw() * 8))


def order_reference(draw: Draw) -> str:
    form = int(draw() * 4)
    digits = between(100_000, 999_999, draw)
    if form == 0:
        return f"#{digits}"
    if form == 1:
        return f"ORD-{digits}"
    if form == 2:
        return f"{_letters(2, draw)}{digits}"
    return f"{_letters(3, draw)}-{digits}-{int(draw() * 9)}"


def _letters(count: int, draw: Draw) -> str:
    return "".join("ABCDEFGHJKLMNPRSTUVWXYZ"[int(draw() * 23)] for _ in range(count))


def email(draw: Draw) -> str:
    return f"{pick(_FIRST, draw)}.{pick(_SURNAMES, draw).lower()}{int(draw() * 90)}@{pick(_HOSTS, draw)}"


def phone(draw: Draw) -> str:
    form = int(draw() * 4)
    if form == 0:
        return f"({pick(('212', '415', '312', '206'), draw)}) 555-01{int(draw() * 100):02d}"
    if form == 1:
        return f"+1 {pick(('646', '512', '303'), draw)} 555 01{int(draw() * 100):02d}"
    if form == 2:
        return f"020 7946 0{int(draw() * 1000):03d}"
    return f"07700 900{int(draw() * 1000):03d}"


def card(draw: Draw) -> str:
    """16 digits that pass Luhn."""
    body = "400000" + "".join(str(int(draw() * 10)) for _ in range(9))
    digits = body + str(luhn_digit(body))
    separator = pick((" ", " ", "-", ""), draw)
    return separator.join(digits[i : i + 4] for i in range(0, 16, 4))


def luhn_digit(body: str) -> int:
    """The check digit that makes ``body`` pass the Luhn test (ISO/IEC 7812-1)."""
    total = 0
    for index, char in enumerate(reversed(body)):
        digit = int(char)
        if index % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return -total % 10


def iban(draw: Draw) -> str:
    """A German or British IBAN with right check digits (ISO 13616) at a bank that does not exist."""
    account = f"{between(1_000_000, 9_999_999, draw):010d}"
    if draw() < 0.5:
        plain = f"DE{iban_check('DE', '00000000' + account):02d}00000000{account}"
    else:
        plain = f"GB{iban_check('GB', 'XXXX000000' + account[2:]):02d}XXXX000000{account[2:]}"
    if draw() < 0.5:
        return plain
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def iban_check(country: str, body: str) -> int:
    return 98 - int("".join(str(int(char, 36)) for char in body + country + "00")) % 97


def street(draw: Draw) -> str:
    return f"{between(1, 180, draw)} {pick(_STREETS, draw)}"
