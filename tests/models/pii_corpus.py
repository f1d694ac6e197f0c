"""10,000 made-up messages from a seed: half hold one piece of personal data, half only look as if they did.

Numbers come from patterns (``_`` a digit, ``^`` 1 to 9, ``?`` a capital, ``*`` a capital or digit), names, streets and
national formats of many countries from Faker. Nobody's data are in here.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final, NamedTuple

from faker import Faker

from tests.models.pii_formats import (
    ADDRESSES,
    CARD_PREFIXES,
    CUED_IDS,
    EMAIL_SHAPES,
    IBAN_SHAPES,
    LOCALES,
    PHONES,
    PHONES_BEHIND_A_CUE,
    REFERENCES,
)
from tests.models.pii_ids import ALONE_IDS
from tests.models.pii_lookalikes import LOOKALIKES, NEAR_MISSES

POSITIVES: Final = 5_000
NEGATIVES: Final = 5_000
SHARES: Final = {
    "email": 700,
    "phone": 1_100,
    "card": 600,
    "iban": 500,
    "address": 700,
    "reference": 800,
    "national_id": 600,
}
CALLS: Final = ("@skyline ", "@AcmeHelp ", "hey @shop_care, ", "", "", ".@railco ", "RT @fan: ", "@nimbus_ @bluebank ")
ENDS: Final = ("", "", "", " thanks", " pls help!!", "!!", " 😡", " #fail", " asap", ", still waiting", " ^JB", "?")
CARRIERS: Final[dict[str, tuple[str, ...]]] = {
    "email": (
        *("my email is {}", "email: {}", "reach me at {}", "I already wrote from {} and nobody answers", "{}"),
        *("contact {} please", "sent it to {}, twice", "account under ({}) is locked", "e-mail={}", "write 2 <{}>"),
    ),
    "phone": (
        *("call me on {}", "my number is {}", "ring {} after six", "{} is my mobile", "you can text me: {}", "{}"),
        *("I have been on hold to {} for an hour", "tel {}", "phone:{}", "whatsapp {} if you can", "({}) works too"),
    ),
    "card": (
        *("my card {} was charged twice", "card number {}", "charged on {} again", "visa {} declined", "{}"),
        *("why did you bill {}", "cc: {} exp 04/29", "I paid with {} on Monday", "the card is {},", "pls remove {}"),
    ),
    "iban": (
        *("refund to {} please", "IBAN {}", "my iban is {}", "account {} got nothing", "{}", "iban:{}"),
        *("transfer to {} failed", "send the money to {}.", "Konto {}", "wrong account ({})"),
    ),
    "national_id": ("{}", "you printed {} on the form", "why is {} on my letter", "id {}", "they asked for {}"),
}


class Case(NamedTuple):
    """A message; ``secret`` is what must be masked, and ``kind`` and ``secret`` are "" where there is nothing."""

    text: str
    kind: str
    secret: str
    family: str


class Maker:
    """Everything that is drawn, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.fakers = {locale: Faker(locale, use_weighting=False) for locale in LOCALES}
        for number, faker in enumerate(self.fakers.values()):
            faker.seed_instance(seed + number)

    def fill(self, pattern: str) -> str:
        return "".join(self._draw(sign) for sign in pattern)

    def _draw(self, sign: str) -> str:
        sets = {
            "_": "0123456789",
            "^": "23456789",
            "?": "ABCDEFGHJKLMNPQRSTUVWXYZ",
            "*": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789",
        }
        return self.random.choice(sets[sign]) if sign in sets else sign

    def faker(self) -> Faker:
        return self.fakers[self.random.choice(LOCALES)]

    def say(self, body: str) -> str:
        return self.random.choice(CALLS) + body + self.random.choice(ENDS)


def with_luhn(digits: str) -> str:
    """``digits`` and the check digit that completes them."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def grouped(text: str, sizes: tuple[int, ...], separator: str) -> str:
    """``text`` cut into groups; the last size repeats."""
    groups, at, index = [], 0, 0
    while at < len(text):
        size = sizes[min(index, len(sizes) - 1)]
        groups.append(text[at : at + size])
        at, index = at + size, index + 1
    return separator.join(groups)


def email(make: Maker) -> tuple[str, str]:
    faker = make.faker()
    shape = make.random.choice(EMAIL_SHAPES)
    name = make.random.choice((faker.user_name(), f"{make.fakers['en_US'].first_name()}.{make.fill('__')}"))
    return name, shape.format(
        name=name,
        first=make.fakers["en_US"].first_name(),
        last=make.fakers["en_US"].last_name(),
        number=make.fill("__"),
        domain=faker.domain_name(),
        free=make.random.choice(("gmail", "yahoo", "hotmail", "outlook", "icloud")),
    )


def phone(make: Maker) -> tuple[str, str]:
    draw = make.random.random()
    if draw < 0.2:
        locale = make.random.choice(("en_US", "en_GB", "fr_FR", "de_DE", "en_AU", "ja_JP", "it_IT", "es_ES", "nl_NL"))
        return f"faker {locale}", make.fakers[locale].phone_number()
    place, patterns = make.random.choice(list(PHONES.items()))
    return place, make.fill(make.random.choice(patterns))


def card(make: Maker) -> tuple[str, str]:
    name, prefix, length, sizes = make.random.choice(CARD_PREFIXES)
    number = with_luhn(make.fill(prefix + "_" * (length - 1 - len(prefix))))
    return name, grouped(number, make.random.choice((sizes, sizes, (length,))), make.random.choice((" ", "-")))


def iban(make: Maker) -> tuple[str, str]:
    country, pattern = make.random.choice(list(IBAN_SHAPES.items()))
    body = make.fill(pattern)
    value = "".join(str(int(sign, 36)) for sign in body + country) + "00"
    plain = f"{country}{98 - int(value) % 97:02d}{body}"
    text = make.random.choice((plain, grouped(plain, (4,), " "), grouped(plain, (4,), " "), grouped(plain, (4,), "-")))
    return country, text.lower() if make.random.random() < 0.2 else text


def national_id(make: Maker) -> tuple[str, str]:
    name, build = make.random.choice(list(ALONE_IDS.items()))
    return name, build(make.random)


VALUES: Final[dict[str, Callable[[Maker], tuple[str, str]]]] = {
    "email": email,
    "phone": phone,
    "card": card,
    "iban": iban,
    "national_id": national_id,
}


def cued(make: Maker, kind: str, family: str, carrier: str, pattern: str) -> Case:
    """A secret that only its cue gives away."""
    secret = make.fill(pattern)
    return Case(make.say(carrier.format(secret)), kind, secret, family)


def address(make: Maker) -> Case:
    family, carrier, build = make.random.choice(ADDRESSES)
    secret = " ".join(build(make.random, make.fakers, make.fill).split())
    return Case(make.say(carrier.format(secret)), "address", secret, family)


def positive(make: Maker, kind: str) -> Case:
    if kind == "address":
        return address(make)
    if kind == "reference":
        family, carriers, patterns = make.random.choice(REFERENCES)
        return cued(make, kind, family, make.random.choice(carriers), make.random.choice(patterns))
    if kind == "national_id" and make.random.random() < 0.6:
        family, carriers, patterns = make.random.choice(CUED_IDS)
        return cued(make, kind, family, make.random.choice(carriers), make.random.choice(patterns))
    if kind == "phone" and make.random.random() < 0.1:
        carrier, pattern = make.random.choice(PHONES_BEHIND_A_CUE)
        return cued(make, kind, "behind a cue", carrier, pattern)
    family, secret = VALUES[kind](make)
    return Case(make.say(make.random.choice(CARRIERS[kind]).format(secret)), kind, secret, family)


def negative(make: Maker) -> Case:
    if make.random.random() < 0.05:
        family, build = make.random.choice(NEAR_MISSES)
        return Case(make.say(build(make.random, partial(make.fill))), "", "", family)
    family, patterns = make.random.choice(list(LOOKALIKES.items()))
    return Case(make.say(make.fill(make.random.choice(patterns))), "", "", family)


def corpus(seed: int = 20_261_122) -> Iterator[Case]:
    """The same cases for the same seed and the same version of Faker."""
    make = Maker(seed)
    for kind, count in SHARES.items():
        for _ in range(count):
            yield positive(make, kind)
    for _ in range(NEGATIVES):
        yield negative(make)
