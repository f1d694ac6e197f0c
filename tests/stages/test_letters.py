"""Goal: compiled code folds characters one by one into what all of them are folded to together.
Method: every character of Unicode, and every two that make one, in texts that both ways of search go through."""

from collections.abc import Sequence
from unicodedata import category, combining, decomposition, normalize

import numpy as np

from models.packing import Strings
from streams.stages.keyword_trie import make_trie, search
from streams.stages.keywords import KeywordIndex
from streams.stages.letters import letters

ALL = [chr(point) for point in range(1, 0x11_0000) if not 0xD800 <= point < 0xE000]
ASSIGNED = [character for character in ALL if category(character) not in ("Cn", "Co")]


def heard(index: KeywordIndex, texts: Sequence[str]) -> dict[int, set[int]]:
    """What compiled code finds, where it does not give up; the rest as it comes."""
    spoken = index.find_in(Strings.of(texts), np.ones(len(texts), np.bool_))
    found: dict[int, set[int]] = {}
    for row, brand in zip(spoken.rows.tolist(), spoken.brands.tolist(), strict=True):
        found.setdefault(row, set()).add(brand)
    return found


def read(index: KeywordIndex, texts: Sequence[str]) -> dict[int, set[int]]:
    return {row: set(brands) for row, brands in index.find(texts).items()}


def test_every_character_parts_words_or_does_not() -> None:
    texts = [f"{character}acme acme{character}x" for character in ASSIGNED]
    index = KeywordIndex([("acme", 0), ("acme\u00e9", 1), ("acmess", 2)])
    assert heard(index, texts) == read(index, texts)


def test_every_character_with_a_small_form_is_folded_to_it() -> None:
    cased = [character for character in ASSIGNED if character.casefold() != character]
    index = KeywordIndex((f"x{character}x", number) for number, character in enumerate(cased))
    texts = [f"x{other}x" for character in cased for other in (character, character.lower(), character.casefold())]
    assert heard(index, texts) == read(index, texts)
    assert len(read(index, texts)) > len(cased)


def test_two_characters_that_make_one_are_never_taken_one_by_one() -> None:
    parts = [decomposition(character).split() for character in ASSIGNED]
    pairs = ["".join(chr(int(part, 16)) for part in two) for two in parts if two and not two[0].startswith("<")]
    korean = [normalize("NFD", chr(point)) for point in range(0xAC00, 0xD7A4, 7)]
    korean += [chr(point) + "\u11a8" for point in range(0xAC00, 0xD7A4, 28)]
    texts = [text for pair in (*pairs, *korean) for text in (f"acme{pair}", f"{pair}acme", pair[:1], pair)]
    words = [("acme", 0), *((f"{pair[:1]}", 1) for pair in (*pairs, *korean))]
    index = KeywordIndex(words)
    assert heard(index, texts) == read(index, texts)


def test_marks_that_may_change_places_are_never_taken_one_by_one() -> None:
    marks = list({combining(character): character for character in ASSIGNED if combining(character)}.values())
    texts = [f"x{one}{other}" for one in marks for other in marks]
    index = KeywordIndex((text, number) for number, text in enumerate(texts))
    assert heard(index, texts) == read(index, texts)


def test_texts_in_the_scripts_of_most_people_are_settled_by_compiled_code() -> None:
    texts = [
        *(
            "late again",
            "\u00c7a ne marche pas",
            "\u0413\u0434\u0435 \u043c\u043e\u0439 \u043f\u0430\u043a\u0435\u0442?",
        ),
        *(
            "\u65e9\u304f\u3057\u3066\u30c6\u30b9\u30c8",
            "\ud55c\uad6d\uc5b4",
            "\u062a\u0623\u062e\u0631",
            "\u1ea1n \u01b0i",
        ),
        *("\u201cgreat\u201d\u2026", "\U0001f644\U0001f3fd\u200d\u2642\ufe0f", "so\u00a0so \uff21\uff22"),
    ]
    _, left = search(Strings.of(texts), np.ones(len(texts), np.bool_), letters(), make_trie([("acme", (0,))]))
    assert left.tolist() == []
