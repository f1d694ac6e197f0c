"""1,000 made-up messages by a second hand: formats and sentences that the patterns of ``models.pii`` were not made for.

``tests.models.pii_corpus`` was there while the patterns were mended. After this one was first measured nothing was,
but its author had read the patterns by then. Recall 0.974 (0.958 masked to the last letter), precision 1.000.
In a shape ``_`` is a digit, ``^`` 1 to 9, ``?`` a capital, ``*`` a capital or digit. Nobody's data are in here.
"""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

POSITIVES: Final = 500
NEGATIVES: Final = 500
SEED: Final = 77_041


class Case(NamedTuple):
    text: str
    secret: str  # empty where there is none
    kind: str


def filled(rng: Random, shape: str) -> str:
    """``shape`` with its signs replaced by chance."""
    signs = {
        "_": "0123456789",
        "^": "123456789",
        "?": "ABCDEFGHJKLMNPRSTUVWXYZ",
        "*": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789",
    }
    return "".join(rng.choice(signs[char]) if char in signs else char for char in shape)


def with_luhn(rng: Random, prefix: str, length: int) -> str:
    """A number with Luhn's check digit."""
    body = prefix + filled(rng, "_" * (length - len(prefix) - 1))
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(body))]
    return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def with_mod_97(rng: Random, country: str, shape: str) -> str:
    """An IBAN of this country with its check digits."""
    body = filled(rng, shape)
    number = int("".join(str(int(char, 36)) for char in body + country + "00"))
    return f"{country}{98 - number % 97:02d}{body}"


def grouped(number: str, sizes: tuple[int, ...], gap: str) -> str:
    parts = []
    for size in sizes:
        parts.append(number[:size])
        number = number[size:]
    return gap.join([*parts, number]) if number else gap.join(parts)


_NAMES: Final = ("Ines", "Tomasz", "Priya", "Gareth", "Noor", "Lucie", "Bjarne", "Keisha", "Paolo", "Yuki")
_FAMILIES: Final = ("Thornbury", "Kowalczyk", "Venkatesan", "Almeida", "Hartmann", "Delacroix", "Moretti", "Visser")
_DOMAINS: Final = (
    *("gmail.com", "posteo.de", "orange.fr", "libero.it", "uol.com.br", "rediffmail.com", "bigpond.net.au"),
    *("ziggo.nl", "sky.com", "alumni.lse.ac.uk"),
)
_EMAIL_CARRIERS: Final = (
    "Nothing in my inbox ({}) since the outage",
    "can u check {}? thats the one i signed up with",
    "hey, drop me a line: {}",
    "locked out... username {}",
    "Contact me on {} ASAP please!!!",
    "J'attends toujours la facture sur {}",
    "bitte an {} senden",
    "{} <-- my mail, no reply for 9 days",
    '"{}" is not recognised by your login page',
)


def email(rng: Random) -> tuple[str, str]:
    first, last, domain = rng.choice(_NAMES), rng.choice(_FAMILIES), rng.choice(_DOMAINS)
    shape = rng.choice(
        (
            f"{first}.{last}@{domain}",
            f"{first[0].lower()}{last.lower()}@{domain}",
            f"{last.lower()}-{first.lower()}@{domain}",
            f"{first.lower()}+bills@{domain}",
            f"{first.lower()}.{last.lower()}{rng.randrange(60, 99)}@{domain}",
            f"x{first.lower()}_{rng.randrange(1980, 2009)}@{domain}",
            f"{first.lower()}{last.lower()} [at] gmail.com",
            f"{first.lower()}{last.lower()} AT hotmail DOT com",
        )
    )
    return shape, rng.choice(_EMAIL_CARRIERS)


_PHONES: Final = (
    *("(415) 7__-____", "646.5__.____", "+1-303-4__-____", "1 (917) 3__ ____", "832 4__ ____", "1.206.7__.____"),
    *(
        "07700 9__ ___",
        "+44 (0) 7911 ___ ___",
        "+44 113 4__ ____",
        "0131 5__ ____",
        "(01632) 9_____",
        "0044 7700 9_____",
    ),
    *("+49 172 ___ ____", "0157 / ^___ ____", "040-^______", "+49(0)89 ^______", "0341 ^_____-__"),
    *("07 __ __ __ __", "+33 (0)6 __ __ __ __", "01-__-__-__-__", "+33-7-__-__-__-__"),
    *("+34 93 ___ __ __", "6__-___-___", "7__ ___ ___", "95^ __ __ __"),
    *("+39 34_ _______", "347-_______", "011 ^______", "+39 06 ^___ ____"),
    *("06-^_ __ __ __", "+31(0)6 ^_______", "010 - ^__ __ __", "+316^_______"),
    *("(41) 9____-____", "+55 (11) 9 ____-____", "(85) 3___-____", "0800-^__-____"),
    *("+91 9____ _____", "+91-80-^___-____", "7___ ___ ___", "080 ^___ ____", "0 9_________"),
    *("0412 ___ ___", "+61 3 9___ ____", "(07) 3___ ____", "1800 ___ ___", "+61-4__-___-___"),
)
_PHONE_CARRIERS: Final = (
    "ring me back on {} will you",
    "Tel {}, no dial tone at all",
    "best number for me is {}",
    "Please phone {} before noon",
    "my cell: {} (leave a voicemail)",
    "u can text {}",
    "the line {} has been dead for a week",
    "rufen Sie {} an",
    "llámame al {} por favor",
    "rappelez-moi au {}",
    "{} is the landline in question",
    "whatsapp: {}",
    "Ligue para {} urgente",
)


def phone(rng: Random) -> tuple[str, str]:
    return filled(rng, rng.choice(_PHONES)), rng.choice(_PHONE_CARRIERS)


_CARDS: Final = (
    *(("4", 16, (4, 4, 4, 4)), ("52", 16, (4, 4, 4, 4)), ("54", 16, (4, 4, 4, 4)), ("2720", 16, (4, 4, 4, 4))),
    *(("37", 15, (4, 6, 5)), ("34", 15, (4, 6, 5)), ("6011", 16, (4, 4, 4, 4)), ("65", 16, (4, 4, 4, 4))),
    *(("38", 14, (4, 6, 4)), ("3566", 16, (4, 4, 4, 4)), ("6304", 16, (4, 4, 4, 4)), ("4", 19, (4, 4, 4, 4, 3))),
)
_CARD_CARRIERS: Final = (
    "you billed {} two times this month",
    "my debit card {} got swallowed by your atm",
    "paid with {}, where is my receipt",
    "{} cvv 123, why does it fail?",
    "remove {} from my account NOW",
    "Karte {} gesperrt, danke für nichts",
    "ma carte {} est refusée",
    "MasterCard/Visa: {}",
)


def card(rng: Random) -> tuple[str, str]:
    prefix, length, sizes = rng.choice(_CARDS)
    number = with_luhn(rng, prefix, length)
    return rng.choice((number, grouped(number, sizes, " "), grouped(number, sizes, "-"))), rng.choice(_CARD_CARRIERS)


_IBANS: Final = (
    *(("DE", "_" * 18), ("GB", "????" + "_" * 14), ("FR", "_" * 23), ("ES", "_" * 20), ("IT", "?" + "_" * 22)),
    *(("NL", "????" + "_" * 10), ("BE", "_" * 12), ("IE", "????" + "_" * 14), ("SE", "_" * 20), ("DK", "_" * 14)),
    *(("BR", "_" * 23 + "??"), ("CZ", "_" * 20), ("GR", "_" * 23), ("TR", "_" * 22)),
)
_IBAN_CARRIERS: Final = (
    "still no money on {}",
    "my bank details: {} (Thornbury)",
    "direct debit from {} bounced",
    "Erstattung bitte auf {}",
    "IBAN {}",
    "sent to the wrong account, should be {}!",
    "le virement vers {} n'est pas arrivé",
)


def iban(rng: Random) -> tuple[str, str]:
    number = with_mod_97(rng, *rng.choice(_IBANS))
    groups = (4,) * (len(number) // 4)
    return rng.choice((number, grouped(number, groups, " "), number.lower())), rng.choice(_IBAN_CARRIERS)


_ADDRESSES: Final = (
    *(
        "^_ Maple Hollow Rd",
        "^__ W 5_th St Apt ^?",
        "^___ Cedar Blvd, Tulsa, OK 7____",
        "P.O. Box ^___",
        "^__ Quincy Ct.",
    ),
    *(
        "^_ Marlborough Crescent",
        "Flat ^, ^_ Dovecote Lane, BS^ ^LT",
        "^_ Station Road, York YO^_ ^DF",
        "The postcode is M^_ ^EQ",
    ),
    *("^a Priory Terrace", "Apartment ^_, ^ Wharf Lane", "^_ St John's Rd, Bath"),
    *(
        "Lindenstraße ^_",
        "Schillerweg ^a",
        "Hauptstr. ^_, 0^___ Leipzig",
        "Karl-Marx-Allee ^_",
        "Alte Gasse ^, 6____ Mainz",
    ),
    *("^_ rue des Acacias", "^ bis, avenue Foch", "^_ bd Voltaire, 750^_ Paris", "^ allée des Tilleuls"),
    *("Calle del Prado ^_", "Av. Diagonal ^__, 080^_ Barcelona", "C/ Alcalá ^_, ^ºB", "Plaza Nueva, ^"),
    *("Via Manzoni ^_", "Corso Italia, ^_ 201__ Milano", "Viale dei Mille ^", "Piazza San Marco ^_"),
    *("Vondelstraat ^_", "Keizersgracht ^__ 10^_ AB Amsterdam", "Beatrixlaan ^_", "Marktplein ^"),
    *("Rua Augusta, ^__", "Av. Brasil ^___", "Travessa do Carmo, ^_"),
    *("^_/^ Brigade Road", "Flat ^__, Green Meadows, Kochi 6_____", "Plot No. ^_, Jubilee Hills, Hyderabad 5_____"),
    *(
        "^_ Wattle Street, Kew VIC 31__",
        "Unit ^, ^_ Banksia Rd",
        "^/^_ Oxford Parade, Perth WA 6___",
        "^__ George Street",
    ),
)
_ADDRESS_CARRIERS: Final = (
    "nobody delivered to {} again",
    "outage around {} ??",
    "My house ({}) has no water",
    "the courier can't find {}",
    "bin not collected, {}",
    "we're at {} btw",
    "Engineer was due at {} by 9",
    "ship it to {} instead",
    "{}. Since yesterday no power.",
    "wrong address! should say {}",
)


def address(rng: Random) -> tuple[str, str]:
    shape = rng.choice(_ADDRESSES)
    secret = filled(rng, shape)
    carrier = rng.choice(_ADDRESS_CARRIERS)
    if secret.startswith("The postcode is "):
        return secret.removeprefix("The postcode is "), carrier.replace("{}", "The postcode is {}")
    return secret, carrier


_REFERENCES: Final = (
    *(
        "my order no. is {}|^______",
        "order: {}|__-_____-_____",
        "Order# {}|^_____",
        "order id {} placed friday|?__-^_____",
    ),
    *(
        "PNR: {}|?*?_?*",
        "pnr is {}|?*_?*?",
        "booking code {}|?_?*?*",
        "reservation {}|^_______",
        "conf number: {}|^?_?*_",
    ),
    *("ref no: {}|??^_____", "Ref. {}|??/^____/__", "your ref {}|???-^____", "reference is {}|^_______"),
    *("case {} still open|0^______", "Case Number: {}|^_______", "case #{}|^______", "ticket no {}|INC-^______"),
    *(
        "support ticket {}|#^______",
        "tracking no. {}|??_________GB",
        "tracking id {}|^___________",
        "parcel {}|1Z*_*_**________",
    ),
    *("shipment {} is stuck|^_________", "waybill {}|^__-________", "claim ref {}|CLM^______", "policy {}|?_______"),
    *("account no. {}|________", "acct {}|^_________", "customer ID {}|^_______", "membership {}|^____ ____"),
    *("invoice {}|INV-20^_-____", "complaint ref {}|CP^_____", "SR# {}|1-^________", "Kundennummer {}|^_______"),
    *(
        "Bestellung {}|3__-_______-_______",
        "Rechnungsnummer {}|RE-^_____",
        "commande n° {}|^_______",
        "colis {}|6?^__________",
    ),
    *("pedido nº {}|^_______", "reserva {}|?*_?*?", "ordine n. {}|^______", "bestelnummer {}|^_______"),
    *(
        "reference code {}|*_??_*?",
        "frequent flyer {}|^________",
        "order reference {}|ORD-^_______",
        "voucher {}|?^______",
    ),
)
_REFERENCE_CARRIERS: Final = (
    "good morning, {}",
    "{} what is going on?",
    "Can someone look into this ({})",
    "i have DMed you. {}.",
    "No answer for a month!! {}",
    "{}, thanks in advance",
)


def reference(rng: Random) -> tuple[str, str]:
    cue, shape = rng.choice(_REFERENCES).split("|")
    secret = filled(rng, shape)
    bare = secret.removeprefix("#")
    return bare, rng.choice(_REFERENCE_CARRIERS).replace("{}", cue.replace("{}", secret.replace(bare, "{}")))


_IDS: Final = (
    *("SSN: {}|^__-^_-^___", "my social is {}|^__-^_-^___", "social security # {}|^________"),
    *("NI no {}|AB ^_ __ __ C", "national insurance number is {}|CE______D", "{} is my nino|JK^_____A"),
    *("passport {} expires soon|^________", "Passport No: {}|?_______", "passport number was {}|??_______"),
    *(
        "my driving licence no is {}|?????_____^??_??",
        "driver's licence {}|?___-____-____",
        "license number {}|?_______",
    ),
    *("Aadhaar card {}|^___ ____ ____", "aadhar {}|^___________", "PAN: {}|???P?____?", "Reisepass-Nr. {}|C^_______"),
    *(
        "Steuer-ID {}|^_ ___ ___ ___",
        "Personalausweis {}|L^_______",
        "numéro de sécurité sociale {}|1 85 07 75 ___ ___ __",
    ),
    *("DNI: {}|^_______?", "nif {}|^_______?", "CPF nº {}|___.___.___-__", "rg {}|^_.___.___-_"),
    *("tfn {}|___ ___ ___", "medicare {}|^___ _____ _", "BSN {}|^________", "NHS number {}|^__ ___ ____"),
    *("passeport n° {}|__??_____", "voter id {}|???_______", "codice fiscale {}|RSSMRA85T10A562S"),
)
_ID_CARRIERS: Final = (
    "hello {} as asked",
    "{}",
    "Here goes, {}, please fix my file",
    "they lost it! {}",
    "@GovDesk {} ?",
)


def national_id(rng: Random) -> tuple[str, str]:
    cue, shape = rng.choice(_IDS).split("|")
    secret = shape if shape.startswith("RSS") else filled(rng, shape)
    return secret, rng.choice(_ID_CARRIERS).replace("{}", cue)


_MAKERS: Final[dict[str, tuple[int, Callable[[Random], tuple[str, str]]]]] = {
    "email": (65, email),
    "phone": (110, phone),
    "card": (60, card),
    "iban": (45, iban),
    "address": (80, address),
    "reference": (85, reference),
    "national_id": (55, national_id),
}
_LOOKALIKES: Final = (
    *(
        "that cost me $^__.__ plus ^_% tax",
        "€^.___,__ für nichts",
        "only £^_ off a £^__ phone",
        "₹^_,___ gone from my wallet",
    ),
    *(
        "USD ^_____ in damages",
        "they owe ^__,___ pounds to customers",
        "it is ^__ 000 kr too much",
        "raised $^_,___,___ already",
    ),
    *(
        "since 1^/0^/202_ i wait",
        "on 202^-0^-1^ you said soon",
        "0^.1^.202_ bis 1^.1^.202_ krank",
        "call me on 3rd of May 202_",
    ),
    *("from 0^:__ to 1^:__ on hold", "at 1___h today", "2:^_:__ marathon time", "Mon-Fri 0900-1730, sat 1000-1400"),
    *(
        "??^__ is late, gate ?^_",
        "flight ??^___ from MAN to AMS",
        "on AA ^___ seat ^_?",
        "train ^_____ never left",
        "RE^ nach Ulm, Gleis ^_",
    ),
    *(
        "TGV ^___ voiture ^_ place ^_",
        "bus ^__ then the ^_",
        "coach ? seats ^_ and ^_",
        "LHR terminal ^ row ^_?",
        "booking UA^___ for dad",
    ),
    *(
        "@anna____ and @bob_____ agree",
        "thanks @x^_______",
        "#order66 #covid19 #euro20__",
        "via @news^_",
        "#ticket____ lol",
    ),
    *(
        "Galaxy Note ^_ on Android ^_.^",
        "my MacBook ^_,^ froze",
        "v^.^_.____ is broken",
        "firmware ^.^.^-build____",
        "Windows ^_ KB^______",
    ),
    *("Ryzen ^ ____X is hot", "model ??-^___? sold out", "Canon EOS ^___D", "kernel ^.^_.^-generic", "LG OLED^_C^ tv"),
    *(
        "^-^ then ^-^ and ^-^",
        "won ^__-^_ in the ^th",
        "^_._% vs ^_._%",
        "^,___,___ subscribers",
        "rated ^.^/10 by ^___ people",
    ),
    *("^_ ^_ ^_ ^_ bingo", "averaging ^_.^ ppg ^_.^ rpg", "odds of ^__/^", "the ^___-____ season", "season 20__-20__"),
    *(
        "^__ x ^__ px image",
        "^_ GB in ^_ hours",
        "^____ steps, ^___ kcal",
        "need ^__,___ miles for gold",
        "lot of ^__ in pack of ^_",
    ),
    *(
        "error ^____",
        "got 0x800_____",
        "CE-^____-^ on my ps",
        "HTTP/1.1 50^ again",
        "exit code -^___",
        "status E^_-^_",
        "bug #^__",
    ),
    *(
        "lat ^_.______ lon -^.______",
        "https://t.co/**********",
        "bit.ly/***_***",
        "site.example.org/p/^_________?order=^_____",
    ),
    *(
        "why is there no phone number on your site",
        "card declined, ^ times",
        "order ^ of ^ arrived",
        "my ^ orders are late",
    ),
    *(
        "ticket prices up ^_%",
        "track ^_ on the album",
        "case of ^_ beers",
        "account for ^_ years",
        "ref gave ^ cards",
        "claim ^_% back",
    ),
    *(
        "passport control took ^_ minutes",
        "booking for ^ on ^_ May",
        "policy since 20__",
        "id like ^_ of those",
        "zip of ^__ MB",
    ),
    *(
        "text HELP to ^____",
        "pin is ____",
        "code EXTRA^_",
        "use ??????^_ at checkout",
        "extension ^___",
        "dial ^11",
        "otp ____",
    ),
    *(
        "room ^__ floor ^_",
        "store #^__",
        "locker ^_?",
        "table ^ of ^_",
        "channel ^__ HD",
        "platform ^_ zone ^",
        "exit ^_ on the M^",
    ),
    *(
        "Route ^_ is closed at mile ^__",
        "drove down I-^_ to Exit ^__",
        "3rd floor, ^_ people, no air",
        "^_ ways to leave",
        "Gasse",
    ),
    *(
        "asked ^_ drivers on the road",
        "in ^_ days my street got ^ cuts",
        "2020 Summer Street festival of ^",
        "Top ^_ Places to go",
    ),
    *("order CONFIRMED then CANCELLED", "booking SYSTEM is down", "reference LETTERS lost", "tracking NOTHING at all"),
    *(
        "my email is broken since ^_ am",
        "why email at all in 20__",
        "your phone line opens ^ to ^",
        "iban what? ^_ forms later",
    ),
)
_FRAMES: Final = ("{}", "@nimbusair {}", "{} @nimbusair", "So {}... really?", "{} #fail", "seriously, {} 🙄", "fyi {}")


def positives(rng: Random) -> list[Case]:
    cases = []
    for kind, (count, make) in _MAKERS.items():
        for _ in range(count):
            secret, carrier = make(rng)
            cases.append(Case(carrier.replace("{}", secret, 1), secret, kind))
    return cases


def lookalikes(rng: Random) -> list[Case]:
    shapes = (_LOOKALIKES[index % len(_LOOKALIKES)] for index in range(NEGATIVES))
    return [Case(rng.choice(_FRAMES).replace("{}", filled(rng, shape)), "", "") for shape in shapes]


def audit(seed: int = SEED) -> list[Case]:
    """The messages of this seed."""
    rng = Random(seed)
    return [*positives(rng), *lookalikes(rng)]
