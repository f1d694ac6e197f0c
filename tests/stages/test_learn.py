"""Goal: brands are learned from who answers, and celebrities are not brands."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from config.settings import Brand
from models.records import Mention
from streams.stages.learn import BrandLearner, LearnedBrand, brands_toml


def reply(author: str, to: str = "", handle: str = "", source: str = "x") -> Mention:
    return Mention(id="1", author=author, created_at_ms=1, text="x", source=source, handle=handle, reply_to_author=to)


def learn(*mentions: Mention, known: tuple[str, ...] = ()) -> tuple[LearnedBrand, ...]:
    learner = BrandLearner(known)
    for mention in mentions:
        learner.see(mention)
    return learner.learned()


def test_one_outbound_row_is_enough_and_the_display_name_is_kept() -> None:
    rows = [reply("acmehelp", handle="AcmeHelp", source="twcs")] * 2 + [reply("bolt", handle="Bolt", source="twcs")]
    assert learn(*rows) == (
        LearnedBrand("AcmeHelp", "acmehelp", "acmehelp", 2),
        LearnedBrand("Bolt", "bolt", "bolt", 1),
    )


def test_a_verified_author_is_a_brand_once_it_has_answered_two_people() -> None:
    assert learn(reply("12", "77", "acme"), reply("12", "77", "acme"), reply("12", "12", "acme")) == ()
    assert learn(reply("12", "77", "acme"), reply("12", "78", "acme")) == (LearnedBrand("acme", "acme", "12", 2),)


def test_configured_handles_are_not_learned_again() -> None:
    assert learn(reply("acme", source="twcs"), known=("ACME",)) == ()


def test_a_learned_brand_is_a_brand_of_the_configuration() -> None:
    assert LearnedBrand("AcmeHelp", "acmehelp", "12", 2).brand == Brand(name="AcmeHelp", handles=("acmehelp",))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10), max_size=4))
def test_the_fragment_is_toml_that_reads_back(names: list[str]) -> None:
    brands = [Brand(name=name, handles=(name.lower(), "x")) for name in names]
    tree = tomllib.loads(brands_toml(brands)).get("brands", [])
    assert [Brand.model_validate(brand) for brand in tree] == brands
