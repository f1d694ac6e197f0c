"""Goal: a mention reaches the brands it concerns, in the right role, with the right customers.
Method: tables over two brands; laws of the customer hash."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Tier
from models.records import Mention, Role
from streams.stages.route import Router, bands_of, make_hasher, tier_of
from tests.raw import mention, settings

ROUTER = Router(settings().brands, b"key")
HASH = make_hasher(b"key")
Concerned = list[tuple[str, Role, tuple[str, ...], bool]]


def route(one: Mention) -> Concerned:
    names = [*(brand.name for brand in ROUTER.brands), ""]
    return [(names[c.brand], Role(c.role), c.subjects, c.addressed) for c in ROUTER.route([one])]


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
    "by keyword and handle": (mention(mentions=("acme",), text="thunder!"), ["Acme", "Bolt"]),
}


@pytest.mark.parametrize("name", CUSTOMERS)
def test_a_customer_concerns_every_brand_that_is_named(name: str) -> None:
    one, brands = CUSTOMERS[name]
    assert route(one) == [(brand, Role.CUSTOMER, hashes("c1"), True) for brand in brands]


@pytest.mark.parametrize("text", ["thunderstorm", "a_thunder", "acme airport", "nothing"])
def test_a_keyword_inside_a_longer_word_is_none(text: str) -> None:
    assert route(mention(mentions=(), text=text)) == [("", Role.NONE, hashes("c1"), False)]


def test_keywords_are_found_in_the_mention_that_has_them() -> None:
    texts = ["", "thunder", "x", "İ thunder", "thunder"]
    found = {c.mention for c in ROUTER.route([mention(mentions=(), text=t) for t in texts]) if c.brand == 1}
    assert found == {1, 3, 4}


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


def test_a_brand_is_never_the_customer_of_another() -> None:
    assert route(mention(author="bolt", mentions=("acme",))) == [("Bolt", Role.BRAND, hashes("bolt"), False)]


@given(st.text(), st.text(), st.text(), st.text())
def test_the_hash_tells_people_and_sources_apart(source: str, author: str, other_source: str, other: str) -> None:
    same = HASH(source, author) == HASH(other_source, other)
    assert same == (f"{source}\x1f{author}" == f"{other_source}\x1f{other}")


def test_the_hash_depends_on_the_key_whatever_its_length() -> None:
    keys = [b"a", b"b", b"a" * 64, b"a" * 65, b"a" * 66]
    found = {make_hasher(key)("x", "7") for key in keys}
    assert len(found) == len(keys)
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in found)


@pytest.mark.parametrize(
    ("followers", "verified", "tier"), [(0, False, 0), (500, False, 2), (9_999, True, 1), (10_000, False, 1)]
)
def test_the_first_tier_that_takes_the_author_is_its_tier(followers: int, verified: bool, tier: int) -> None:
    assert tier_of(ROUTER.brands[0].tiers, followers, verified) == tier


def test_a_tier_for_the_verified_takes_nobody_else() -> None:
    tiers = [Tier(name="v", sla_ms=1, verified=True)]
    assert [tier_of(tiers, 10**6, verified) for verified in (False, True)] == [0, 1]


def test_follower_bands_begin_at_their_lower_edge() -> None:
    assert bands_of(np.array([0, 99, 100, 999, 1_000, 99_999, 100_000, 10**9])).tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
