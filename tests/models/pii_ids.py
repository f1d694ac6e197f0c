"""National numbers with their check digits, made up from a seed, for ``tests.models.pii_corpus``."""

from collections.abc import Callable
from random import Random
from typing import Final


def _ssn(random: Random) -> str:
    return f"{random.randint(1, 665):03d}-{random.randint(1, 99):02d}-{random.randint(1, 9999):04d}"


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _nino(random: Random) -> str:
    numbers = [_digits(random, 2) for _ in range(3)]
    gap = random.choice((" ", ""))
    return gap.join((random.choice(("AB", "CE", "JG", "PW", "ZX", "KL")), *numbers, random.choice("ABCD")))


def _cpf(random: Random) -> str:
    digits = [random.randint(0, 9) for _ in range(9)]
    for size in (10, 11):
        digits.append(
            sum(weight * digit for weight, digit in zip(range(size, 1, -1), digits, strict=True)) * 10 % 11 % 10
        )
    text = "".join(map(str, digits))
    return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"


def _dni(random: Random) -> str:
    number = random.randint(10_000_000, 99_999_999)
    return f"{number}{random.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _nie(random: Random) -> str:
    first, number = random.randint(0, 2), random.randint(0, 9_999_999)
    letter = "TRWAGMYFPDXBNJZSQVHLCKE"[(first * 10_000_000 + number) % 23]
    return f"{'XYZ'[first]}{random.choice(('', '-'))}{number:07d}{random.choice(('', '-'))}{letter}"


def _insee(random: Random) -> str:
    parts = [
        random.choice("12"),
        f"{random.randint(0, 99):02d}",
        f"{random.randint(1, 12):02d}",
        f"{random.randint(1, 95):02d}",
        f"{random.randint(1, 990):03d}",
        f"{random.randint(1, 999):03d}",
    ]
    parts.append(f"{97 - int(''.join(parts)) % 97:02d}")
    return random.choice((" ", "")).join(parts)


_VERHOEFF: Final = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_PERMUTED: Final = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def _aadhaar(random: Random) -> str:
    body = random.choice("23456789") + _digits(random, 10)
    check = 0
    for place, digit in enumerate(reversed(body), start=1):
        check = int(_VERHOEFF[check][int(_PERMUTED[place % 8][int(digit)])])
    number = body + str(_VERHOEFF[check].index("0"))
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def _fiscal(random: Random) -> str:
    """The Italian code, with its check letter."""
    body = f"RSSMRA{_digits(random, 2)}{random.choice('ABCDEHLMPRST')}{random.randint(10, 28)}H{_digits(random, 3)}"
    odd = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True))
    letters = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    odd |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letters, strict=True))
    total = sum(
        odd[sign] if place % 2 == 0 else int(sign) if sign.isdigit() else ord(sign) - 65
        for place, sign in enumerate(body)
    )
    return body + chr(65 + total % 26)


def _pan(random: Random) -> str:
    letters = "".join(random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(5))
    return f"{letters[:3]}{random.choice('PCHFT')}{letters[3]}{_digits(random, 4)}{letters[4]}"


ALONE_IDS: Final[dict[str, Callable[[Random], str]]] = {
    "SSN": _ssn,
    "NINO": _nino,
    "CPF": _cpf,
    "DNI": _dni,
    "NIE": _nie,
    "INSEE": _insee,
    "Aadhaar, checked": _aadhaar,
    "codice fiscale": _fiscal,
    "PAN": _pan,
}
