"""The text grammar and the noise on top of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.grammar import between, compile_grammar, expand, pick, spread
from streams.sample.noise import roughen, stretch_vowel, swap_letters
from streams.sample.phrases.tongues import ROOTS, TONGUES
from streams.sample.voices import make_voices


def test_slots_are_filled_by_tables_and_by_makers() -> None:
    grammar = compile_grammar({"greeting": "\nhi <who>\nhi <who>\n", "who": "\nann\n"}, {"who": str, "n": str})
    assert expand(grammar["greeting"], lambda: 0.5) == "hi ann"
    numbered = compile_grammar({"line": "<n> of <n>"}, {"n": lambda draw: str(int(draw() * 10))})
    assert expand(numbered["line"], lambda: 0.7) == "7 of 7"


def test_a_slot_that_nothing_fills_is_a_mistake_in_the_tables() -> None:
    with pytest.raises(KeyError):
        compile_grammar({"line": "<nobody>"}, {})


def test_every_phrase_of_every_brand_and_language_can_be_said() -> None:
    for voice in make_voices():
        for lang, grammar in voice.speech.items():
            for root, phrases in grammar.items():
                draw = random.Random(1).random
                said = {expand([phrase], draw) for phrase in phrases}
                assert said, (voice.brand.name, lang, root)
                assert not any("<" in text or "\n" in text for text in said)


@pytest.mark.parametrize("lang", sorted(TONGUES))
def test_every_language_has_every_root_and_names_the_brand(lang: str) -> None:
    assert set(ROOTS) <= set(TONGUES[lang])
    assert "§" in TONGUES[lang]["issue"]


@given(st.floats(0, 1, exclude_max=True), st.lists(st.integers(0, 10**9), min_size=2).map(sorted))
def test_draws_stay_within_their_bounds(number: float, quantiles: list[int]) -> None:
    def draw() -> float:
        return number

    assert quantiles[0] <= spread(quantiles, draw) <= quantiles[-1]
    assert quantiles[0] <= between(quantiles[0], quantiles[-1], draw) <= quantiles[-1]
    assert pick(quantiles, draw) in quantiles


@given(st.text(), st.integers(0, 2**32))
def test_swapping_keeps_the_letters(text: str, seed: int) -> None:
    assert sorted(swap_letters(text, random.Random(seed).random)) == sorted(text)


@given(st.text(), st.integers(0, 2**32))
def test_stretching_only_repeats_a_vowel(text: str, seed: int) -> None:
    stretched = stretch_vowel(text, random.Random(seed).random)
    added = len(stretched) - len(text)
    assert 0 <= added <= 5
    assert set(stretched) == set(text)


@given(st.integers(0, 3), st.integers(0, 2**32))
def test_noise_never_touches_the_place_of_a_brand_name(style: int, seed: int) -> None:
    rough = roughen("why does § never answer, § is asleep", "vent", style, random.Random(seed).random)
    assert rough.count("§") == 2
    assert all(keyword not in rough.lower() for brand in SAMPLE_BRANDS for keyword in brand.keywords)
