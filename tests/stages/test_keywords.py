"""Goal: a keyword is found where people speak it, whoever else's keyword lies over it, and nowhere else.
Method: tables; a law against a search that goes through each text letter by letter; and one that compiled code finds
what the readable search finds."""

from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.packing import Strings
from streams.stages.keyword_trie import make_trie, search
from streams.stages.keywords import KeywordIndex
from streams.stages.letters import letters


def heard(index: KeywordIndex, texts: list[str], wanted: list[bool] | None = None) -> dict[int, set[int]]:
    """What is found by way of compiled code."""
    chosen = np.array(wanted if wanted is not None else [True] * len(texts), np.bool_)
    spoken = index.find_in(Strings.of(texts), chosen)
    rows, brands = spoken.rows.tolist(), spoken.brands.tolist()
    assert rows == sorted(rows)
    assert len(set(zip(rows, brands, strict=True))) == len(rows)
    return {row: {brand for at, brand in zip(rows, brands, strict=True) if at == row} for row in rows}


SPOKEN = {
    "in any case": ("acme", "ACME is down"),
    "in any case, outside ASCII": ("müller", "MÜLLER, again"),
    "with a sharp s in capitals": ("großmann", "GROSSMANN ist zu"),
    "in Greek": ("ΑΣΤΡΑ", "η άστρα και η αστρα"),
    "in letters put together from two": ("caf\u00e9 uno", "at Cafe\u0301 Uno"),
    "at both ends of the text": ("acme", "acme"),
    "between signs": ("acme", "(acme)..."),
    "between emoji": ("acme", "🙄acme🙄"),
    "in curly quotes": ("acme", "“acme”"),
    "as a possessive": ("acme", "acme's, acme\u2019s"),
    "as a hashtag": ("acme", "#Acme"),
    "as a hashtag in one word": ("delta air lines", "late again #DeltaAirLines"),
    "as a hashtag without its signs": ("at&t", "#ATT is down"),
    "with a hash of its own": ("#acmefail", "so #AcmeFail"),
    "with a straight apostrophe": ("macy\u2019s", "at macy's"),
    "with a curly apostrophe": ("macy's", "at Macy\u2019s"),
    "with a hyphen that does not break": ("coca-cola", "Coca\u2011Cola"),
    "with an and sign": ("at&t", "AT&T again"),
    "with an and sign as X escapes it": ("at&t", "AT&amp;T again"),
    "over two lines": ("delta air lines", "delta air\nlines"),
    "with two blanks": ("delta air lines", "delta  air lines"),
    "with blanks that do not break": ("delta air lines", "delta\u00a0air lines"),
    "with blanks of its own around": ("  acme ", "acme"),
    "as a host by itself": ("acme", "the site acme.com is down"),
    "with a host as the keyword": ("acme.com", "the site acme.com is down"),
    "before a link": ("acme", "acme https://t.co/x"),
    "glued before a link": ("acme", "acme:https://t.co/x"),
    "between slashes": ("acme", "bolt/acme/zing"),
    "beside a handle": ("acme", "@jane acme is down"),
    "in a handle that was asked for": ("@acme", "hey @Acme!"),
    "in an address that was asked for": ("help@acme.com", "wrote to help@acme.com"),
    "ending in signs": ("yahoo!", "Yahoo!'s page"),
    "in Cyrillic": ("ромашка", "где Ромашка?"),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_a_keyword_is_spoken(name: str) -> None:
    keyword, text = SPOKEN[name]
    index = KeywordIndex([(keyword, 7)])
    assert set(index.find([text])) == {0}
    assert heard(index, [text]) == {0: {7}}


SILENT = {
    "begins a longer word": ("acme", "acmes"),
    "ends a longer word": ("acme", "pacme"),
    "goes on with a digit": ("acme", "acme2"),
    "goes on with an underscore": ("acme", "acme_air"),
    "goes on with a letter outside ASCII": ("acme", "acmeé"),
    "goes on with a letter put together from two": ("caf", "cafe\u0301"),
    "a handle": ("acme", "@acme"),
    "a handle in full width": ("acme", "\uff20acme"),
    "a handle of several parts": ("acme", "@jane.acme.social"),
    "begins in a handle": ("delta air", "@delta air"),
    "the name in an e-mail address": ("acme", "acme.help@mail.example"),
    "the host of an e-mail address": ("acme", "me@acme.com"),
    "the host's part in an e-mail address": ("acme", "me@mail.acme.com"),
    "the host of a link": ("acme", "https://acme.com"),
    "the path of a link": ("acme", "https://t.co/acme"),
    "a link without scheme": ("acme", "(www.acme.com)"),
    "a host with a path": ("acme", "acme.com/help"),
    "the path behind a host": ("acme", "pic.example.com/acme"),
    "an escaped sign": ("amp", "you &amp; me"),
    "a longer hashtag": ("acme", "#acmefail"),
    "a short hashtag": ("h & m", "#hm"),
    "words of two texts": ("acme air", "acme"),
    "nothing": ("  ", "   "),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_keyword_is_not_spoken(name: str) -> None:
    keyword, text = SILENT[name]
    index = KeywordIndex([(keyword, 7)])
    assert index.find([text, "air"]) == {}
    assert heard(index, [text, "air"]) == {}


def test_keywords_that_lie_over_each_other_are_all_found() -> None:
    index = KeywordIndex([("delta", 0), ("delta air lines", 1), ("air", 2), ("air lines", 3), ("lines", 4)])
    assert sorted(index.find(["fly Delta Air Lines"])[0]) == [0, 1, 2, 3, 4]


def test_several_brands_may_share_a_keyword() -> None:
    index = KeywordIndex([("Prime", 3), ("prime", 1)])
    assert sorted(index.find(["prime"])[0]) == [1, 3]


def test_each_text_has_its_own_keywords_whatever_stands_in_the_others() -> None:
    texts = ["", "acme", "x\0acme\0", "İ acme", "", "no", "acme acme", "ünd acme", "acme"]
    assert sorted(KeywordIndex([("acme", 0)]).find(texts)) == [1, 2, 3, 6, 7, 8]
    assert sorted(heard(KeywordIndex([("acme", 0)]), texts)) == [1, 2, 3, 6, 7, 8]


def test_without_keywords_or_texts_nothing_is_found() -> None:
    assert KeywordIndex([]).find(["acme"]) == {}
    assert KeywordIndex([("acme", 0)]).find([]) == {}
    assert heard(KeywordIndex([]), ["acme"]) == heard(KeywordIndex([("acme", 0)]), []) == {}


def test_thousands_of_keywords_are_each_found() -> None:
    words = [f"brand{number} air" for number in range(40_000)]
    index, texts = KeywordIndex((word, index) for index, word in enumerate(words)), ["x", *words[::997]]
    expected = [{index} for index in range(0, len(words), 997)]
    assert [set(brands) for brands in index.find(texts).values()] == expected
    assert list(heard(index, texts).values()) == expected


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    """With a cost that grew with the square, each of these would take minutes."""
    texts = [part * 40_000 for part in ("acme@", "acme.", "acme/", "@acme.", "a.acme/", "://acme")]
    assert set(KeywordIndex([("acme", 0)]).find(texts)) <= set(range(len(texts)))
    spoken, left = search(Strings.of(texts), np.ones(len(texts), np.bool_), letters(), make_trie([("acme", (0,))]))
    assert not set(spoken.rows.tolist()) & set(left.tolist())


# ---------------------------------------------------------------- against a search letter by letter


def is_word(character: str) -> bool:
    return character == "_" or character.isalnum()


def plain(text: str) -> str:
    text = normalize("NFC", text.casefold()).replace("&amp;", "&")
    for odd, usual in zip("\u2018\u2019\u2010\u2011\u00a0\n\t", "''--   ", strict=True):
        text = text.replace(odd, usual)
    return " ".join(text.split())


def link_start(run: str) -> int:
    """Where a link begins in a run of letters and signs; its length if there is none."""
    for begin in range(len(run)):
        rest = run[begin:]
        if rest.startswith(("://", "www.")):
            return begin
        host = rest.partition("/")[0]
        parts = host.split(".")
        if "/" not in rest or "/" in run[:begin] or not all(is_word(letter) or letter in ".-" for letter in host):
            continue
        if len(parts) > 1 and host[: -len(parts[-1]) - 1] and len(parts[-1]) > 1 and parts[-1].isalpha():
            return begin
    return len(run)


def is_hidden(text: str, start: int, end: int) -> bool:
    if text[start - 1] == text[end] == " ":
        return False
    before = start
    while is_word(text[before - 1]) or text[before - 1] in ".-":
        before -= 1
    behind = end
    while is_word(text[behind]) or text[behind] in ".+-":
        behind += 1
    left = text.rindex(" ", 0, start) + 1
    run = text[left : text.index(" ", end)]
    is_mail = text[behind] == "@" and is_word(text[behind + 1])
    return text[before - 1] in "@\uff20" or is_mail or left + link_start(run) < end


def is_spoken(keyword: str, text: str) -> bool:
    tag = "".join(letter for letter in plain(keyword) if is_word(letter))
    tags = [f"#{tag}"] if len(tag) > 2 and tag != plain(keyword) and plain(keyword)[0] != "#" else []
    padded = f" {plain(text)}  "
    for form in (plain(keyword), *tags):
        for start in range(1, len(padded) - len(form) - 1):
            end = start + len(form)
            joined = (is_word(padded[start - 1]) and is_word(form[0])) or (is_word(padded[end]) and is_word(form[-1]))
            if padded[start:end] == form and not joined and not is_hidden(padded, start, end):
                return True
    return False


KEYWORDS = ("acme", "Acme Air", "air", "at&t", "macy's", "x-air", "café", "#air", "acme.com", "straße", "o2", "İx")
PIECES = st.sampled_from(
    [
        *KEYWORDS,
        *"@@#./_-+:é2\u2019xI🙄“İ",
        "www.",
        "https://",
        "t.co/",
        "me@",
        "AT&amp;T",
        "AIR",
        "STRASSE",
        "Macy\u2019s",
        "air lines",
    ]
)
GAPS = st.sampled_from(["", "", " ", " ", "  ", "\n", "\u00a0"])
TEXTS = st.lists(st.tuples(PIECES, GAPS), max_size=12).map(lambda parts: "".join(piece + gap for piece, gap in parts))


@given(st.lists(TEXTS, max_size=5))
@example(["acme  air", "@acme air", "wwww.acme", "acme.com/acme"])
def test_all_keywords_in_one_pass_are_what_one_finds_letter_by_letter(texts: list[str]) -> None:
    index = KeywordIndex((keyword, number) for number, keyword in enumerate(KEYWORDS))
    spoken = {
        at: {number for number, keyword in enumerate(KEYWORDS) if is_spoken(keyword, text)}
        for at, text in enumerate(texts)
    }
    assert {at: set(brands) for at, brands in index.find(texts).items()} == {at: s for at, s in spoken.items() if s}


# ---------------------------------------------------------------- compiled code against the readable search

ANY_TEXT = TEXTS | st.text(st.characters(exclude_categories=("Cs",)))
MIXED_TEXTS = st.lists(ANY_TEXT, max_size=4).map("".join)


@given(st.lists(st.tuples(MIXED_TEXTS, st.booleans()), max_size=5))
@example([("acme", False), ("acme " * 9, True), ("e\u0301 acme", True), ("acme", False), ("o2/acme, Acme Air", True)])
@example(
    [("a" * 2_047 + "-acme" + "\u00e9" * 2_048, True), ("-" * 2_048 + "acme-@", True), ("acme" + "-" * 3_000, True)]
)
@example([(f"{left}air{right}", True) for left in ("", " ", "@", "&", "-") for right in ("", " ", ";", "-", "/")])
def test_compiled_code_hears_what_the_readable_search_finds(chosen: list[tuple[str, bool]]) -> None:
    index = KeywordIndex((keyword, number % 7) for number, keyword in enumerate(KEYWORDS))
    texts, wanted = [text for text, _ in chosen], [is_wanted for _, is_wanted in chosen]
    found = index.find(texts)
    assert heard(index, texts, wanted) == {row: set(brands) for row, brands in found.items() if wanted[row]}


def test_more_brands_than_there_is_room_for_are_all_found() -> None:
    index = KeywordIndex(("acme", brand) for brand in range(1_000))
    assert heard(index, ["acme", "no", "Acme"]) == {0: set(range(1_000)), 2: set(range(1_000))}


def test_only_what_may_be_an_address_or_cannot_be_folded_by_letters_is_left_to_the_readable_search() -> None:
    plain = [
        "acme",
        "(Acme)",
        "@acme",
        "@jane acme",
        "see https://acme.com/x",
        "www.acme.com",
        "\u201cacme\u201d\u2026",
    ]
    hard = ["acme@mail.example", "acme.com/help", "e\u0301 acme"]
    texts = Strings.of(plain + hard)
    _, left = search(texts, np.ones(len(texts), np.bool_), letters(), make_trie([("acme", (0,))]))
    assert left.tolist() == list(range(len(plain), len(texts)))
