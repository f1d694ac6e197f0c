"""The invented brands of the sample firehose: how the workers are configured, and how their desks behave."""

import json
from typing import Final

import msgspec

from config.settings import Baseline, Brand, Tier

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE

VIP_FOLLOWERS: Final = 100_000


class Desk(msgspec.Struct, frozen=True):
    """How one brand's service desk behaves. ``pace_ms`` are quantiles of the time to a human reply."""

    trade: str
    names: tuple[str, ...]  # how people write the brand; each holds a keyword of it
    share: float  # of all talk about brands
    answers: float  # share of issues that get any human reply
    chats: float  # share of praise, vents and small talk that gets a human reply
    agents: tuple[str, ...]
    pace_ms: tuple[int, ...]
    host: str
    line: str  # the care line, of a fictional range


_SWIFT: Final = (2 * MINUTE, 6 * MINUTE, 11 * MINUTE, 18 * MINUTE, 27 * MINUTE, 45 * MINUTE, 80 * MINUTE, 5 * HOUR)
_PLAIN: Final = (4 * MINUTE, 15 * MINUTE, 30 * MINUTE, 50 * MINUTE, 80 * MINUTE, 2 * HOUR, 5 * HOUR, 20 * HOUR)
_SLOW: Final = (9 * MINUTE, 40 * MINUTE, 90 * MINUTE, 3 * HOUR, 6 * HOUR, 11 * HOUR, 22 * HOUR, 31 * HOUR)

SAMPLE_BRANDS: Final[tuple[Brand, ...]] = (
    Brand(
        name="Aerovanta",
        handles=("AerovantaCares", "Aerovanta"),
        keywords=("aerovanta",),
        tiers=(Tier(name="vip", sla_ms=15 * MINUTE, min_followers=VIP_FOLLOWERS, verified=True),),
        baseline=Baseline(phone=220.0, email=60.0, chat=90.0, web=40.0),
    ),
    Brand(
        name="Quorvia",
        handles=("QuorviaHelp", "QuorviaMobile"),
        bot_handles=("QuorviaBot",),
        keywords=("quorvia",),
        baseline=Baseline(phone=400.0, email=80.0, chat=260.0, web=120.0),
    ),
    Brand(
        name="Ostrabank",
        handles=("OstrabankHelp",),
        keywords=("ostrabank",),
        sla_ms=30 * MINUTE,
        baseline=Baseline(phone=310.0, email=20.0, chat=150.0),
    ),
    Brand(
        name="Pimbly Fresh",
        handles=("PimblyHelp",),
        keywords=("pimbly",),
        response_horizon_ms=12 * HOUR,
        baseline=Baseline(phone=45.0, email=30.0, chat=110.0, web=15.0),
    ),
    Brand(
        name="Trellowave",
        handles=("AskTrellowave",),
        keywords=("trellowave",),
        sla_ms=4 * HOUR,
        baseline=Baseline(email=95.0, chat=70.0, web=55.0),
    ),
    Brand(
        name="Karvanto",
        handles=("KarvantoSupport",),
        keywords=("karvanto", "zephra"),
        baseline=Baseline(phone=85.0, email=70.0, chat=60.0, web=90.0),
    ),
)

DESKS_BY_BRAND: Final[tuple[Desk, ...]] = (
    Desk("airline", ("Aerovanta",), 0.24, 0.66, 0.30, ("AB", "KT", "MJ", "RS", "LW", "PO"), _PLAIN,
         "care.aerovanta.example", "020 7946 0101"),
    Desk("telecom", ("Quorvia",), 0.26, 0.58, 0.15, ("CJ", "DV", "NN", "SK", "TH"), _SLOW,
         "help.quorvia.example", "020 7946 0222"),
    Desk("bank", ("Ostrabank",), 0.13, 0.82, 0.25, ("EL", "GF", "HM", "YB"), _SWIFT,
         "www.ostrabank.example", "020 7946 0333"),
    Desk("grocer", ("Pimbly",), 0.11, 0.76, 0.45, ("JO", "VD", "WK"), _SWIFT,
         "pimbly.example", "020 7946 0444"),
    Desk("streaming", ("Trellowave",), 0.12, 0.48, 0.20, ("BZ", "FI", "UC", "XR"), _PLAIN,
         "support.trellowave.example", "020 7946 0555"),
    Desk("phones", ("Karvanto", "Karvanto", "Zephra"), 0.14, 0.62, 0.12, ("AQ", "IE", "OL", "ZM"), _SLOW,
         "karvanto.example", "020 7946 0666"),
)  # fmt: skip

BURST_BRAND: Final = 1  # Quorvia's network fails for 20 minutes


def brands_toml(brands: tuple[Brand, ...] = SAMPLE_BRANDS) -> str:
    """The brands as a TOML document that the configuration loader reads (``[[brands]]`` tables)."""
    return "\n".join(_brand_table(brand) for brand in brands)


def _brand_table(brand: Brand) -> str:
    fields = brand.model_dump(exclude_defaults=True, exclude={"tiers", "baseline"})
    lines = ["[[brands]]", *(f"{name} = {_toml(value)}" for name, value in fields.items())]
    if brand.baseline != Baseline():
        lines += ["", "[brands.baseline]", *_pairs(brand.baseline.model_dump(exclude_defaults=True))]
    for tier in brand.tiers:
        lines += ["", "[[brands.tiers]]", *_pairs(tier.model_dump())]
    return "\n".join(lines) + "\n"


def _pairs(fields: dict[str, object]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in fields.items()]


def _toml(value: object) -> str:
    """A TOML literal. Booleans, numbers, strings and arrays of strings are written alike in JSON."""
    return json.dumps(value, ensure_ascii=False)
