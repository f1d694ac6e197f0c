"""Check digits of cards, accounts and national numbers. All take plain digits and capitals, none raises."""

from typing import Final

from models.language import word_set

_IBAN_LENGTHS: Final = {
    item[:2]: int(item[2:])
    for item in word_set(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 "
        "LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 "
        "SK24 SM27 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    )
}
# Payment cards by the first digits: (lowest, highest, lengths).
_CARDS: Final = (
    *(("3", "6", (16,)), ("2221", "2720", (16,)), ("2200", "2204", (16,)), ("81", "81", (16,)), ("4", "4", (13, 19))),
    *(("34", "34", (15,)), ("37", "37", (15,)), ("2131", "2131", (15,)), ("1800", "1800", (15,))),
    *(("300", "305", (14,)), ("36", "36", (14,)), ("38", "39", (14,)), ("3528", "3589", (17, 18, 19))),
    *(("6011", "6011", (19,)), ("62", "62", (17, 18, 19)), ("644", "659", (19,))),
    *(("50", "50", (13, 14, 15, 17, 18, 19)), ("56", "58", (13, 14, 15, 17, 18, 19))),
    *(("63", "63", (13, 14, 15, 17, 18, 19)), ("67", "67", (13, 14, 15, 17, 18, 19))),
)
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
# Verhoeff's multiplication and permutation, for the Indian number.
_PRODUCTS: Final = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_TURNS: Final = (
    *("0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"),
)
_ODD_VALUES: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)


def luhn_holds(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card_holds(digits: str) -> bool:
    """A payment card by its first digits, its length and Luhn's check."""
    known = any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _CARDS)
    return known and len(set(digits)) > 1 and luhn_holds(digits)


def iban_length(country: str) -> int:
    """Characters of an IBAN of this country; 0 where there are none."""
    return _IBAN_LENGTHS.get(country, 0)


def iban_holds(iban: str) -> bool:
    """ISO 13616: length of the country, and mod 97 = 1 with the first four characters moved to the end."""
    if iban_length(iban[:2]) != len(iban):
        return False
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1


def ssn_holds(digits: str) -> bool:
    """No part of a US social security number is all zeros, and 666 was never given out."""
    return digits[:3] not in {"000", "666"} and digits[3:5] != "00" and digits[5:] != "0000"


def cpf_holds(digits: str) -> bool:
    """Both check digits of the Brazilian number."""
    for length in (9, 10):
        total = sum(int(digit) * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return len(set(digits)) > 1


def dni_holds(code: str) -> bool:
    """The check letter of a Spanish DNI or NIE; the X, Y or Z in front of a NIE counts as 0, 1 or 2."""
    number = code[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _DNI_LETTERS[int(number) % 23] == code[-1]


def insee_holds(digits: str) -> bool:
    """The key of a French social security number: 97 less the rest of the other thirteen."""
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def verhoeff_holds(digits: str) -> bool:
    """The check digit of the Indian Aadhaar."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_PRODUCTS[check][int(_TURNS[place % 8][int(digit)])])
    return check == 0


def fiscal_code_holds(code: str) -> bool:
    """The check letter of an Italian codice fiscale."""
    total = 0
    for place, char in enumerate(code[:15]):
        total += _ODD_VALUES[char] if place % 2 == 0 else int(char) if char.isdigit() else ord(char) - 65
    return chr(65 + total % 26) == code[15]


def nric_holds(code: str) -> bool:
    """The check letter of a Singaporean NRIC or FIN."""
    total = sum(int(digit) * weight for digit, weight in zip(code[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += 4 if code[0] in "TG" else 0
    return ("JZIHGFEDCBA" if code[0] in "ST" else "XWUTRQPNMLK")[total % 11] == code[8]
