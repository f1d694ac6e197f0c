"""Goal: a mention reaches the brands it concerns, in the right role, with the right customers.
Method: tables over two brands; laws of the customer hash; compiled routing against what the router says of each mention
by itself."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from config.load import load_settings
from config.settings import Brand, Tier
from models.packing import Strings
from models.records import Mention, Role
from streams.stages.mention_table import MentionTable
from streams.stages.retweets import MIXED, OWN, REPEATED, kinds_of, own_parts
from streams.stages.route import Concerns, Router, bands_of, make_hasher
from streams.stages.tiers import Tiers
from tests.raw import mention, settings

ROUTER = Router(settings().brands, b"key")
HASH = make_hasher(b"key")
Concerned = list[tuple[str, Role, tuple[str, ...], bool]]


def route(one: Mention) -> Concerned:
    names = [*(brand.name for brand in ROUTER.brands), ""]
    return [(names[c.brand], Role(c.role), c.subjects, c.addressed) for c in ROUTER.route(MentionTable.of([one]))]


def hashes(*authors: str) -> tuple[str, ...]:
    return tuple(HASH("x", author) for author in authors)


CUSTOMERS = {
    "by mention": (mention(), ["Acme"]),
    "in any case": (mention(mentions=("ACMECARE",)), ["Acme"]),
    "by display handle": (mention(mentions=("42",), handles=("AcmeCare",)), ["Acme"]),
    "by the author replied to": (mention(mentions=(), reply_to_author="acme"), ["Acme"]),
    "by the bot's handle": (mention(mentions=("acmebot",)), ["Acme"]),
    "two brands in configured order": (mention(mentions=("bolt", "acme")), ["Acme", "Bolt"]),
    "named twice": (mention(mentions=("acme", "acmecare")), ["Acme"]),
    "by keyword": (mention(mentions=(), text="flying ACME Air tonight"), ["Acme"]),
    "by a reply whose text names nobody": (
        mention(mentions=(), handles=("acme",), reply_to_author="12", text="still nothing"),
        ["Acme"],
    ),
    "by handle and keyword of the same brand": (mention(text="@AcmeCare ACME air, acme air! #AcmeAir"), ["Acme"]),
    "in every way at once": (
        mention(mentions=("bolt", "acme"), handles=("ACME",), reply_to_author="bolt", text="thunder, acme air"),
        ["Acme", "Bolt"],
    ),
    "two by keywords, in configured order": (mention(mentions=(), text="thunder over acme air"), ["Acme", "Bolt"]),
    "by keyword and handle": (mention(mentions=("acme",), text="thunder!"), ["Acme", "Bolt"]),
}


@pytest.mark.parametrize("name", CUSTOMERS)
def test_a_customer_concerns_every_brand_that_is_named(name: str) -> None:
    one, brands = CUSTOMERS[name]
    assert route(one) == [(brand, Role.CUSTOMER, hashes("c1"), True) for brand in brands]


@pytest.mark.parametrize("text", ["thunderstorm", "a_thunder", "acme airport", "@thunder", "nothing"])
def test_a_keyword_inside_a_longer_word_is_none(text: str) -> None:
    assert route(mention(mentions=(), text=text)) == [("", Role.NONE, hashes("c1"), False)]


def test_keywords_are_found_in_the_mention_that_has_them() -> None:
    texts = ["", "thunder", "x", "İ thunder", "thunder"]
    found = {
        c.mention for c in ROUTER.route(MentionTable.of([mention(mentions=(), text=t) for t in texts])) if c.brand == 1
    }
    assert found == {1, 3, 4}


# "RT @name:" in front: all of it is another's; behind own words: only what follows is
REPEATS = {
    "a retweet of a customer": ("RT @jane: @AcmeCare an issue, thunder", ("jane", "acmecare"), []),
    "a retweet of a brand": ("RT @acme: we fly again", ("acme",), []),
    "a retweet of a retweet": ("RT @a: RT @b: @bolt help", ("a", "b", "bolt"), []),
    "a retweet behind blanks": (" \nRT @jane: thunder", ("jane",), []),
    "a retweet with ids": ("RT @jane: @AcmeCare an issue", ("7", "acme"), []),
    "words about what another said": ("thunder! RT @jane: @AcmeCare an issue", ("jane", "acmecare"), ["Bolt"]),
    "words about what a brand said": ("liars RT @acme: love from acme air and @bolt", ("acme", "bolt"), ["Acme"]),
    "a brand named before and in it": ("@bolt see RT @jane: @bolt help", ("bolt", "jane"), ["Bolt"]),
    "words that only speak of one": ("the RT @acme gave me", ("acme",), ["Acme"]),
    "a word that ends like one": ("START @acme: an issue", ("acme",), ["Acme"]),
}


@pytest.mark.parametrize("name", REPEATS)
def test_what_a_mention_repeats_concerns_nobody_a_second_time(name: str) -> None:
    text, mentions, brands = REPEATS[name]
    expected = [(brand, Role.CUSTOMER, hashes("c1"), True) for brand in brands]
    assert route(mention(text=text, mentions=mentions)) == (expected or [("", Role.NONE, hashes("c1"), False)])


def test_a_retweet_that_also_says_whom_it_answers_addresses_nobody() -> None:
    one = mention(text="RT @acme: fly", mentions=("12",), handles=("acme",), reply_to_author="acme")
    assert route(one) == [("", Role.NONE, hashes("c1"), False)]


def test_a_brand_that_retweets_a_customer_has_not_answered() -> None:
    one = mention(author="acme", text="RT @jane: I love acme air", mentions=("jane",))
    assert route(one) == [("Acme", Role.BRAND, hashes("acme"), False)]


def test_a_brand_that_comments_on_what_a_customer_said_answers_the_customer_alone() -> None:
    one = mention(author="acme", text="Sorry! RT @jane: @joe my bag", mentions=("jane", "joe"))
    assert route(one) == [("Acme", Role.BRAND, hashes("jane"), True)]


REPLIES = {
    "a human's": (mention(author="acmecare", mentions=("7",)), Role.BRAND, ("7",)),
    "known by the display handle": (mention(author="99", handle="AcmeCare", mentions=("7",)), Role.BRAND, ("7",)),
    "a bot's": (mention(author="AcmeBot", mentions=("7",)), Role.BOT, ("7",)),
    "to several, in order, once each": (
        mention(author="acme", reply_to_author="8", mentions=("7", "8", "6")),
        Role.BRAND,
        ("8", "7", "6"),
    ),
    "brands are no customers": (mention(author="acme", mentions=("bolt", "acmebot", "7")), Role.BRAND, ("7",)),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_brand_reply_concerns_the_customers_it_names(name: str) -> None:
    one, role, customers = REPLIES[name]
    assert route(one) == [("Acme", role, hashes(*customers), True)]


def test_a_brand_post_to_nobody_addresses_nobody() -> None:
    assert route(mention(author="acme", mentions=())) == [("Acme", Role.BRAND, hashes("acme"), False)]


def test_a_brand_that_continues_its_own_thread_addresses_nobody() -> None:
    one = mention(author="12", handle="acme", reply_to_author="12", mentions=("12",), handles=("acme",))
    assert route(one) == [("Acme", Role.BRAND, hashes("12"), False)]


def test_what_a_brand_says_of_others_concerns_the_brand_alone() -> None:
    assert route(mention(author="acme", mentions=("7",), text="like thunder")) == [
        ("Acme", Role.BRAND, hashes("7"), True)
    ]


def test_a_brand_is_never_the_customer_of_another() -> None:
    assert route(mention(author="bolt", mentions=("acme",))) == [("Bolt", Role.BRAND, hashes("bolt"), False)]


# ---------------------------------------------------------------- compiled code against the readable routing

SEVERAL: list[dict[str, Any]] = [
    {"name": "Acme", "handles": ["AcmeCare", "acme"], "bot_handles": ["AcmeBot"], "keywords": ["acme air", "storm"]},
    {"name": "Kiosk", "handles": ["kiosk", "\u00c9toile"], "keywords": ["kiosk", "storm"]},
    {"name": "Bolt", "handles": ["bolt"], "bot_handles": ["\u00e9robot"], "keywords": ["thunder"]},
]
MANY = Router(load_settings(environ={}, overrides={"brands": SEVERAL}).brands, b"key")
HANDLES = ("acme", "ACMECARE", "AcmeBot", "bolt", "Kiosk", "\u212aiosk", "\u00e9toile", "\u00c9TOILE", "\u00c9robot")
PEOPLE = ("7", "8", "jane", "Jane", "jo\u00eb", "")
PIECES = (
    *(
        "RT @jane: ",
        "RT @acme: ",
        "RT @jo\u00eb: ",
        "RT @",
        "RT @" + "a" * 51 + ":",
        "\u2003",
        " ",
        "\n",
        "x",
        "@bolt ",
    ),
    *("thunder", "acme air", "KIOSK", "storm", "https://kiosk.example/x", "kiosk@mail.example", "e\u0301", "@jane: "),
)
NAMES = st.sampled_from(HANDLES + PEOPLE)
SHORT_LISTS = st.lists(NAMES, max_size=3).map(tuple)
LISTS = SHORT_LISTS | st.tuples(st.tuples(NAMES, NAMES), st.sampled_from([16, 33])).map(lambda few: few[0] * few[1])
MENTIONS = st.builds(
    mention,
    number=st.integers(1, 9),
    author=NAMES,
    handle=NAMES,
    reply_to_author=NAMES,
    mentions=LISTS,
    handles=LISTS,
    text=st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
    source=st.sampled_from(["x", "mastodon", "\u00e9"]),
)


@examples(max_examples=1_000)
@given(st.lists(MENTIONS, max_size=4))
def test_a_batch_is_routed_as_each_of_its_mentions(mentions: list[Mention]) -> None:
    routed = MANY.route(MentionTable.of(mentions))
    expected = Concerns.of(MANY.route_mentions(mentions))
    assert list(routed) == list(expected)
    assert [getattr(routed, name).dtype for name in routed.__struct_fields__] == [
        getattr(expected, name).dtype for name in expected.__struct_fields__
    ]


def test_a_batch_of_nothing_concerns_nobody() -> None:
    assert list(MANY.route(MentionTable.of([]))) == []


def test_brands_without_handles_or_keywords_concern_nobody() -> None:
    mentions = [mention(number=number, handle="jane", reply_to_author="acme") for number in range(1, 4)]
    for brands in ((), (Brand(name="Mute"),)):
        router = Router(brands, b"")
        assert list(router.route(MentionTable.of(mentions))) == router.route_mentions(mentions)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join)))
def test_compiled_code_knows_a_retweet_or_knows_that_it_does_not(texts: list[str]) -> None:
    for text, kind in zip(texts, kinds_of(Strings.of(texts)).tolist(), strict=True):
        own = own_parts([mention(text=text)])[0]
        assert kind in (OWN, REPEATED, MIXED)
        assert (kind == OWN) == ("RT @" not in text)
        if kind == REPEATED:
            assert (own.text, own.mentions) == ("", ())


def test_retweets_in_their_usual_form_are_known_by_compiled_code() -> None:
    texts = [
        "RT @jane: thunder",
        " \n\tRT @a_9: RT @b: x",
        "thunder! RT @jane: x",
        "RT @jo\u00eb: x",
        "START @acme: x",
        "RT",
    ]
    assert kinds_of(Strings.of(texts)).tolist() == [REPEATED, REPEATED, MIXED, MIXED, MIXED, OWN]


@given(st.text(), st.text(), st.text(), st.text())
def test_the_hash_tells_people_and_sources_apart(source: str, author: str, other_source: str, other: str) -> None:
    same = HASH(source, author) == HASH(other_source, other)
    assert same == (f"{source}\x1f{author}" == f"{other_source}\x1f{other}")


def test_the_hash_depends_on_the_key_whatever_its_length() -> None:
    keys = [b"a", b"b", b"a" * 64, b"a" * 65, b"a" * 66]
    found = {make_hasher(key)("x", "7") for key in keys}
    assert len(found) == len(keys)
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in found)


def tier_at(brand: Brand, followers: int, verified: bool) -> int:
    return int(Tiers.of([brand]).find(np.zeros(1, np.int64), np.array([followers]), np.array([verified]))[0])


@pytest.mark.parametrize(
    ("followers", "verified", "tier"), [(0, False, 0), (500, False, 2), (9_999, True, 1), (10_000, False, 1)]
)
def test_the_first_tier_that_takes_the_author_is_its_tier(followers: int, verified: bool, tier: int) -> None:
    assert tier_at(ROUTER.brands[0], followers, verified) == tier


def test_a_tier_for_the_verified_takes_nobody_else() -> None:
    brand = Brand(name="b", tiers=(Tier(name="v", sla_ms=1, verified=True),))
    assert [tier_at(brand, 10**6, verified) for verified in (False, True)] == [0, 1]


def test_follower_bands_begin_at_their_lower_edge() -> None:
    assert bands_of(np.array([0, 99, 100, 999, 1_000, 99_999, 100_000, 10**9])).tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
