"""One grammar for each brand and language, and what it says for each step of a conversation."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from config.settings import Brand
from streams.sample import people
from streams.sample.brands import DESKS_BY_BRAND, SAMPLE_BRANDS, Desk
from streams.sample.grammar import Draw, Grammar, Maker, compile_grammar, expand, pick
from streams.sample.noise import roughen
from streams.sample.phrases.chatter import CHATTER
from streams.sample.phrases.customers import CUSTOMERS
from streams.sample.phrases.desks import DESKS
from streams.sample.phrases.tongues import TONGUES
from streams.sample.phrases.trades import TRADES

MAKERS: Final[Mapping[str, Maker]] = {
    "n": people.small_number,
    "ref": people.order_reference,
    "email": people.email,
    "phone": people.phone,
    "card": people.card,
    "iban": people.iban,
    "street": people.street,
}
MOODS: Final = {"praise": "praise", "thanks": "praise", "vent": "vent", "issue": "issue", "detail": "issue",
                "chase": "issue", "me_too": "issue"}  # fmt: skip
_FOREIGN: Final = {"chase": "issue", "ack": "other", "review": "other", "keyword": "other", "me_too": "issue",
                   "both": "issue"}  # fmt: skip


class Voice(msgspec.Struct, frozen=True):
    """How the people around one brand talk. ``handles`` are identities (lower case)."""

    brand: Brand
    desk: Desk
    handles: tuple[str, ...]
    bot: str
    speech: Mapping[str, Grammar]  # by language, "en" among them

    def customer_says(self, root: str, style: int, lang: str, draw: Draw) -> str:
        """What a customer writes at this step, without the handles it is addressed to."""
        if lang != "en":
            text = expand(self.speech[lang][_FOREIGN.get(root, root)], draw)
            text = roughen(text, MOODS.get(root, "other"), 0, draw)
        else:
            text = expand(self.speech["en"][root], draw)
            noisy = style if "@" not in text else 0
            text = roughen(text, MOODS.get(root, "other"), noisy, draw)
        return text.replace("§", pick(self.desk.names, draw))

    def agent_says(self, root: str, lang: str, draw: Draw) -> str:
        """What a human of the desk writes, signed with the agent's initials."""
        if lang != "en":
            return expand(self.speech[lang]["agent"], draw)
        return expand(self.speech["en"][root], draw).replace("§", self.desk.names[0])


def make_voices() -> tuple[Voice, ...]:
    return tuple(_make_voice(brand, desk) for brand, desk in zip(SAMPLE_BRANDS, DESKS_BY_BRAND, strict=True))


def _make_voice(brand: Brand, desk: Desk) -> Voice:
    makers = {**MAKERS, "sign": _signer(desk), "desk_host": _constant(desk.host), "desk_phone": _constant(desk.line)}
    english = compile_grammar({**CHATTER, **CUSTOMERS, **DESKS, **TRADES[desk.trade]}, makers)
    speech: dict[str, Grammar] = {"en": english}
    for lang, tables in TONGUES.items():
        speech[lang] = compile_grammar({"city": CHATTER["city"], **tables}, makers)
    bots = brand.bot_handles
    return Voice(
        brand=brand,
        desk=desk,
        handles=tuple(handle.lower() for handle in brand.handles),
        bot=bots[0].lower() if bots else "",
        speech=speech,
    )


def make_chatter() -> Callable[[Draw], str]:
    """Talk that concerns no brand."""
    options = compile_grammar({**CHATTER, "weekday": CUSTOMERS["weekday"]}, MAKERS)["chatter"]

    def say(draw: Draw) -> str:
        return roughen(expand(options, draw), "other", int(draw() * 3), draw)

    return say


def _signer(desk: Desk) -> Maker:
    return lambda draw: "^" + pick(desk.agents, draw)


def _constant(text: str) -> Maker:
    return lambda _draw: text
