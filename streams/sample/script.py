"""What was said: the posts of the sample firehose with their ground truth, before any feed carries them."""

from typing import Final

import msgspec

from models.records import Mention
from streams.sample.grammar import Draw
from streams.sample.people import Customer, make_customer
from streams.sample.voices import Voice

START_MS: Final = 1_740_960_000_000  # 2025-03-03T00:00:00Z, a Monday
DAY_MS: Final = 86_400_000
DAYS: Final = 3
END_MS: Final = START_MS + DAYS * DAY_MS

_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657  # ids grow with time, like those of X
_FOREIGN_SHARE: Final = 0.12
_VIP_SHARE: Final = 0.02
_VIP_LIKE: Final = 100_000


class Concern(msgspec.Struct, frozen=True):
    """Whom a post concerns: ``who`` (customer | agent | bot) speaks about ``brand`` (an index). ``customer`` is
    empty when a brand speaks to nobody."""

    brand: int
    customer: str
    who: str


class Post(msgspec.Struct, frozen=True):
    """``body`` is the mention's JSON without stamps and without the closing brace."""

    created_ms: int
    id: str
    body: bytes
    concerns: tuple[Concern, ...]


class Script:
    """Collects posts in the order in which they are made up, which is not the order of time."""

    def __init__(self, voices: tuple[Voice, ...], draw: Draw) -> None:
        self.voices = voices
        self.draw = draw
        self.posts: list[Post] = []
        self.tiers: dict[tuple[int, str], str] = {}
        self._people = 0
        self._serial = 0
        self._languages = tuple(lang for lang in voices[0].speech if lang != "en")
        self._encode = msgspec.json.Encoder().encode

    def meet(self, brand: int | None = None) -> Customer:
        """A customer nobody has heard of before; about ``brand`` he may be of a tier."""
        draw = self.draw
        lang = self._languages[int(draw() * len(self._languages))] if draw() < _FOREIGN_SHARE else "en"
        customer = make_customer(self._people, lang, draw)
        self._people += 1
        if brand is None or draw() >= _VIP_SHARE:
            return customer
        followers = _VIP_LIKE + int(draw() * 1_900_000)
        customer = msgspec.structs.replace(customer, followers=followers, verified=True)
        tiers = self.voices[brand].brand.tiers
        if tiers:
            self.tiers[brand, customer.author] = tiers[0].name
        return customer

    def _name(self, at_ms: int) -> str:
        self._serial += 1
        return str(((at_ms - _SNOWFLAKE_EPOCH_MS) << 22) + (self._serial & 0x3FFFFF))

    def _publish(self, mention: Mention, concerns: tuple[Concern, ...]) -> str:
        """Add one post and return its id. What would be said after the end remains unsaid."""
        if mention.created_at_ms < END_MS:
            body = self._encode(mention)[:-1]
            self.posts.append(Post(mention.created_at_ms, mention.id, body, concerns))
        return mention.id

    def customer_post(
        self,
        customer: Customer,
        at_ms: int,
        text: str,
        brands: tuple[int, ...],
        *,
        mentions: tuple[str, ...] = (),
        reply: tuple[str, str] = ("", ""),
    ) -> str:
        """A customer says ``text`` about ``brands``; ``reply`` is (id, author) of what he answers."""
        mention = Mention(
            id=self._name(at_ms),
            created_at_ms=at_ms,
            author=customer.author,
            handle=customer.handle if customer.handle != customer.author else "",
            text=text,
            reply_to=reply[0],
            reply_to_author=reply[1],
            mentions=mentions,
            lang=customer.lang if self.draw() < 0.95 else "",
            followers=customer.followers,
            verified=customer.verified,
        )
        concerns = tuple([Concern(brand, customer.author, "customer") for brand in brands])
        return self._publish(mention, concerns)

    def desk_post(
        self,
        brand: int,
        at_ms: int,
        text: str,
        to: tuple[Customer, ...] = (),
        *,
        place: int = 0,
        reply_to: str = "",
        also: str = "",
        bot: bool = False,
        lang: str = "en",
    ) -> str:
        """The brand (its ``place``-th handle, or its bot) says ``text`` to the customers in ``to``, or to nobody.
        ``also`` is another brand's handle that it names beside them."""
        voice = self.voices[brand]
        handles = voice.brand.bot_handles if bot else voice.brand.handles
        who = "bot" if bot else "agent"
        names = [customer.handle for customer in to] + ([also] if also else [])
        handle = handles[place]
        mention = Mention(
            id=self._name(at_ms),
            created_at_ms=at_ms,
            author=handle.lower(),
            handle=handle,
            text="".join([f"@{name} " for name in names]) + text,
            reply_to=reply_to,
            reply_to_author=to[0].author if to and reply_to else "",
            mentions=tuple([name.lower() for name in names]),
            lang=lang,
            followers=48_000,
            verified=not bot,
        )
        concerns = tuple([Concern(brand, customer.author, who) for customer in to])
        return self._publish(mention, concerns or (Concern(brand, "", who),))
