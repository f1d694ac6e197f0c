"""How people write personal data: formats by country and kind, for ``tests.models.pii_corpus``."""

from collections.abc import Callable
from random import Random
from typing import Final

from faker import Faker

Fill = Callable[[str], str]
Fakers = dict[str, Faker]

LOCALES: Final = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR", "en_IN", "en_AU", "ja_JP")

EMAIL_SHAPES: Final = (
    *("{name}@{domain}", "{name}@{free}.com", "{first}.{last}@{domain}", "{first}_{last}{number}@{free}.com"),
    *(
        "{name}+shop@{free}.com",
        "{first}{number}@mail.{domain}",
        "{first}-{last}@{domain}",
        "{last}.{number}@{free}.co.uk",
    ),
    *("{name} (at) {free} dot com", "{name}[at]{free}[dot]com", "{name} [at] {domain}", "{name} at {free} dot com"),
    "{name}(at){domain}",
)

PHONES: Final[dict[str, tuple[str, ...]]] = {
    "US": (
        *("(^__) ^__-____", "^__-^__-____", "^__.^__.____", "^__ ^__ ____", "+1 ^__ ^__ ____", "+1-^__-^__-____"),
        *("1-^__-^__-____", "+1^__^______", "^__^______", "1 (^__) ^__-____", "+1 (^__) ^__-____", "(^__)^__-____"),
        *("^__/^__-____", "^__ - ^__ - ____", "1.^__.^__.____", "(^__) ^__ ____", "(^__) ^__.____"),
    ),
    "US free": (
        "1-800-^__-____",
        "1 888 ^__ ____",
        "800-^__-____",
        "1-800-FLOWERS",
        "1-877-^__-____",
        "1-800-^__-HELP",
    ),
    "US extension": ("^__-^__-____ ext ___", "(^__) ^__-____ x____", "^__.^__.____ ext. __", "^__-^__-____x___"),
    "UK": (
        *("07___ ______", "07_________", "+44 7___ ______", "+447_________", "+44 (0)20 ^___ ____", "020 ^___ ____"),
        *("0161 ^__ ____", "0800 ___ ____", "0345 ___ ____", "(01632) 960___", "01632 960 ___", "07___ ___ ___"),
        *("0800 ______", "0044 7___ ______", "(020) ^___ ____", "0207 ___ ____", "+44 161 ^__ ____", "0870 ___ __ __"),
    ),
    "DE": (
        *("+49 17_ _______", "030 ________", "0049 17_ _______", "+49 (0)89 ______", "089/______", "0171-_______"),
        *("0151 ________", "+4915_________", "040 / ___ __ __", "(030) ___ ____", "0221-^______", "+49 30 ^_______"),
    ),
    "FR": (
        "06 __ __ __ __",
        "+33 6 __ __ __ __",
        "01.__.__.__.__",
        "+33 (0)1 __ __ __ __",
        "06________",
        "07-__-__-__-__",
        "+336________",
    ),
    "ES": (
        "6__ ___ ___",
        "+34 6__ __ __ __",
        "9^_ __ __ __",
        "+34 9__ ___ ___",
        "6__-___-___",
        "+346________",
        "9^_ ___ ___",
    ),
    "IT": (
        "+39 3__ _______",
        "3__ ___ ____",
        "06 ____ ____",
        "02 _______",
        "+39 02 ____ ____",
        "3__ _______",
        "+393_________",
    ),
    "NL": (
        "06-________",
        "06 ________",
        "+31 6 ________",
        "020-_______",
        "+316________",
        "06 __ __ __ __",
        "+31 (0)20 ___ ____",
    ),
    "BR": (
        "(11) 9____-____",
        "+55 11 9____-____",
        "(21) ____-____",
        "+55 (21) 9____-____",
        "11 9____-____",
        "+55119________",
    ),
    "IN": (
        "+91 98___ _____",
        "98________",
        "+91-9_________",
        "98___ _____",
        "+91 9_________",
        "022-________",
        "09_________",
    ),
    "AU": (
        "04__ ___ ___",
        "+61 4__ ___ ___",
        "(02) 9___ ____",
        "1300 ___ ___",
        "1800 ___ ___",
        "04________",
        "02 9___ ____",
    ),
    "JP": ("090-____-____", "03-____-____", "+81 90-____-____", "080 ____ ____", "+81 3 ____ ____", "0120-___-___"),
    "world": (
        *(
            "+86 138 ____ ____",
            "+7 9__ ___-__-__",
            "+65 ____ ____",
            "+971 50 ___ ____",
            "+353 87 ___ ____",
            "+27 82 ___ ____",
        ),
        *(
            "+234 80_ ___ ____",
            "+63 917 ___ ____",
            "+62 812-____-____",
            "+41 79 ___ __ __",
            "+46 70-___ __ __",
            "+48 ___ ___ ___",
        ),
        *(
            "+47 ___ __ ___",
            "+45 __ __ __ __",
            "+351 91_ ___ ___",
            "+90 532 ___ __ __",
            "+52 55 ____ ____",
            "+82 10-____-____",
        ),
        *(
            "0032 4__ __ __ __",
            "+972 5_-___-____",
            "+966 5_ ___ ____",
            "+64 21 ___ ____",
            "00353 87 _______",
            "+2547________",
        ),
    ),
}

PHONES_BEHIND_A_CUE: Final = (
    *(("call me at {}", "^__-____"), ("my phone number is {}", "^__ ____"), ("tel: {}", "^______")),
    *(("phone {} please", "__________"), ("my mobile number: {}", "0__________"), ("call {} today", "13 __ __")),
    *(("text me on {}", "5________"), ("my cell is {}", "^_________"), ("Ph: {}", "__ __ __ __")),
)

# (name, prefix, length, groups)
CARD_PREFIXES: Final = (
    *(("visa", "4", 16, (4,)), ("visa", "4", 16, (4,)), ("mastercard", "5^", 16, (4,)), ("mastercard", "51", 16, (4,))),
    *(("mastercard 2", "2221", 16, (4,)), ("amex", "34", 15, (4, 6, 5)), ("amex", "37", 15, (4, 6, 5))),
    *(
        ("discover", "6011", 16, (4,)),
        ("diners", "36", 14, (4, 6, 4)),
        ("jcb", "3528", 16, (4,)),
        ("maestro", "6304", 19, (4,)),
    ),
    *(("old visa", "4", 13, (4, 3, 3, 3)), ("unionpay", "62", 16, (4,)), ("maestro", "5018", 16, (4,))),
)

IBAN_SHAPES: Final = {
    "DE": "_" * 18,
    "GB": "????" + "_" * 14,
    "FR": "_" * 20 + "*__",
    "ES": "_" * 20,
    "IT": "?" + "_" * 22,
    "NL": "????" + "_" * 10,
    "BE": "_" * 12,
    "CH": "_" * 17,
    "AT": "_" * 16,
    "PT": "_" * 21,
    "PL": "_" * 24,
    "IE": "????" + "_" * 14,
    "NO": "_" * 11,
    "SE": "_" * 20,
    "DK": "_" * 14,
    "FI": "_" * 14,
    "BR": "_" * 23 + "?*",
    "TR": "_" * 22,
    "SA": "_" * 20,
    "AE": "_" * 19,
    "LU": "_" * 16,
    "CZ": "_" * 20,
    "GR": "_" * 23,
    "MT": "????" + "_" * 23,
}

Build = Callable[[Random, Fakers, Fill], str]
_UK_AREAS: Final = ("NW1 6", "SW1A 2", "M1 4", "LS2 9", "EH1 1", "B33 8", "CR2 6", "W1A 0", "EC1A 1", "G12 8")
_ZIPS: Final = ("TX 7____", "CA 9____", "NY 1____", "IL 6____", "WA 98___-____", "FL 3____")
_STREETS: Final = (
    "Street",
    "St",
    "St.",
    "Avenue",
    "Ave",
    "Ave.",
    "Road",
    "Rd",
    "Lane",
    "Ln",
    "Drive",
    "Dr",
    "Blvd",
    "Boulevard",
    "Court",
    "Ct",
    "Place",
    "Way",
    "Terrace",
    "Close",
    "Crescent",
    "Parkway",
    "Square",
    "Gardens",
    "Hwy",
)
_BERLIN: Final = ("straße", "str.", "strasse", "weg", "platz", "allee", "gasse", "ring", "damm")


def _plain(random: Random, fakers: Fakers, fill: Fill) -> str:
    number = fill(random.choice(("^", "^_", "^__", "^___", "^_?", "^__-^")))
    return f"{number} {fakers['en_US'].last_name()} {random.choice(_STREETS)}"


def _postcode(random: Random, fill: Fill) -> str:
    return random.choice(_UK_AREAS) + fill("??")


def _german(random: Random, fakers: Fakers, fill: Fill) -> str:
    street = fakers["de_DE"].last_name() + random.choice(_BERLIN)
    town = random.choice(("Berlin", "Köln", "Bonn"))
    return f"{street} {fill(random.choice(('^', '^_', '^_a')))}, {fill('^____')} {town}"


def _french(random: Random, fakers: Fakers, fill: Fill) -> str:
    street = random.choice(("rue de la", "avenue de", "boulevard", "place du", "rue", "chemin des", "allée des"))
    return f"{fill('^_')}{random.choice((' ', ', ', ' bis '))}{street} {fakers['fr_FR'].last_name()}"


def _southern(random: Random, fakers: Fakers, fill: Fill) -> str:
    street = random.choice(("Calle", "Via", "Avenida", "C/", "Rua", "Piazza", "Plaza", "Av."))
    return f"{street} {fakers['it_IT'].last_name()}{random.choice((' ', ', ', ', nº '))}{fill('^_')}"


def _of(locale: str) -> Build:
    return lambda _random, fakers, _fill: str(fakers[locale].street_address())


_HOMES: Final = (
    "I live at {}",
    "my address is {}",
    "deliver it to {}",
    "the parcel went to {}",
    "ship to: {}",
    "Address: {}",
)
_LOOSE: Final = ("{}", "moved to {} last week", "no signal in {}", "you left it outside {}", *_HOMES)


def _addresses(family: str, carriers: tuple[str, ...], build: Build) -> tuple[tuple[str, str, Build], ...]:
    return tuple((family, carrier, build) for carrier in carriers)


ADDRESSES: Final = (
    *_addresses("street", _LOOSE, _plain),
    *_addresses("street", _LOOSE, _plain),
    *_addresses("UK", _LOOSE, lambda r, f, fill: f"{_plain(r, f, fill)}, {f['en_GB'].city()} {_postcode(r, fill)}"),
    *_addresses(
        "UK postcode", ("my postcode is {}", "no broadband at {}", "{}"), lambda r, _f, fill: _postcode(r, fill)
    ),
    *_addresses("US", _LOOSE, lambda r, f, fill: f"{_plain(r, f, fill)}, {f['en_US'].city()}, {fill(r.choice(_ZIPS))}"),
    *_addresses("US city", _HOMES, lambda r, f, fill: f"{f['en_US'].city()}, {fill(r.choice(_ZIPS))}"),
    *_addresses(
        "PO box", _LOOSE, lambda r, _f, fill: r.choice(("P.O. Box ", "PO Box ", "p.o. box ", "POB ")) + fill("^__")
    ),
    *_addresses(
        "flat",
        _LOOSE,
        lambda r, f, fill: f"{r.choice(('Apt 4B', 'Flat 3', 'Unit 12', 'Suite 200'))}, {_plain(r, f, fill)}",
    ),
    *_addresses(
        "flat behind",
        _LOOSE,
        lambda r, f, fill: f"{_plain(r, f, fill)}, {r.choice(('Apt 4B', 'Flat 3', '#12', 'Apt. 9'))}",
    ),
    *_addresses("German", _LOOSE, _german),
    *_addresses("French", _LOOSE, _french),
    *_addresses("southern", _HOMES, _southern),
    *_addresses("faker US", _HOMES, _of("en_US")),
    *_addresses("faker AU", _HOMES, _of("en_AU")),
    *_addresses("faker DE", _HOMES, _of("de_DE")),
)

_BOOKING: Final = (
    "PNR {}",
    "booking ref: {}",
    "my booking reference is {}",
    "record locator {}",
    "confirmation code {}",
    "confirmation # {}",
    "Booking {}",
    "conf {}",
    "reservation code is {}",
    "conf number: {}",
    "my flight confirmation {}",
    "booking no. {}",
    "rebooked under {} PNR",
    "ref. {}",
)
_ORDER: Final = (
    "order {}",
    "order #{}",
    "order number {}",
    "order no. {}",
    "Order No: {}",
    "my order ({}) is lost",
    "order id {}",
    "order nr {}",
    "order number is #{}",
    "purchase order {}",
    "#order {}",
    "order ref {}",
)
_CASE: Final = (
    "case number {}",
    "case {}",
    "ticket {}",
    "ticket no {}",
    "case #{}",
    "incident {}",
    "ref no {}",
    "reference number {}",
    "my ref is {}",
    "claim number {}",
    "complaint ref {}",
    "case id: {}",
    "SR# {}",
    "ticket number: {}",
    "reference: {}",
)
_PARCEL: Final = (
    "tracking {}",
    "tracking number {}",
    "tracking #{}",
    "parcel {}",
    "tracking no: {}",
    "consignment {}",
    "track {}",
    "shipment {}",
)
_ACCOUNT: Final = (
    "account number {}",
    "my account is {}",
    "acct # {}",
    "account no. {}",
    "customer number {}",
    "invoice {}",
    "membership number {}",
    "loyalty no {}",
    "policy number {}",
    "frequent flyer number {}",
    "customer id {}",
    "invoice no. {}",
)

REFERENCES: Final = (
    ("booking", _BOOKING, ("?*?_?*", "???_??", "_?????", "??????", "?_?_?_", "^_______", "*?_**?")),
    (
        "order",
        _ORDER,
        (
            "___-_______-_______",
            "^________",
            "^_______",
            "??-______",
            "W_________",
            "^______",
            "??______-__",
            "1_________",
        ),
    ),
    (
        "case",
        _CASE,
        (
            "^_______",
            "__________",
            "CAS-______-??????",
            "^______",
            "016__________",
            "INC_______",
            "???-______",
            "C-_______",
        ),
    ),
    (
        "parcel",
        _PARCEL,
        (
            "1Z***_____________",
            "9400 1___ ____ ____ ____ __",
            "??_________GB",
            "JD______________",
            "^___________",
            "RR_________DE",
        ),
    ),
    ("account", _ACCOUNT, ("^_______", "^_________", "INV-______", "____ ____ __", "??______")),
)

_SSN: Final = ("my ssn is {}", "SSN {}", "social security number {}", "social: {}", "SSN: {}")
CUED_IDS: Final = (
    ("US SSN", _SSN, ("^__-_^-___^", "2__ ^_ ___^", "2__^____^")),
    (
        "passport",
        ("passport {}", "passport number {}", "my passport no. is {}", "passport #: {}"),
        ("^________", "?________", "??_______", "?_______"),
    ),
    (
        "licence",
        ("driver's license {}", "driving licence number {}", "drivers license # {}", "DL {}"),
        ("?_______", "?____-_____-_____", "?????______??^??", "^_______"),
    ),
    ("NHS", ("NHS number {}", "my nhs no is {}"), ("^__ ___ ____", "^_________")),
    ("Aadhaar", ("aadhaar {}", "my Aadhaar number is {}", "aadhar no {}"), ("^___ ____ ____", "^___________")),
    ("German tax", ("Steuer-ID {}", "steuernummer {}", "Steuer-IdNr. {}"), ("^_ ___ ___ ___", "^__________")),
    ("tax", ("my tax id is {}", "TIN {}", "tax number {}"), ("^__-__-____", "^________")),
    ("NI", ("national insurance number {}", "NI number {}", "my NINO is {}"), ("JG ^_ __ __ A", "JG^_____C")),
    ("CPF", ("CPF {}", "meu cpf é {}", "cpf: {}"), ("___________",)),
    (
        "id card",
        ("my national id is {}", "id card number {}", "ID number: {}", "DNI {}", "RG {}"),
        ("^_______?", "^_______", "_________"),
    ),
)
