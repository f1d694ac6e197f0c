"""Which keywords a text speaks: all keywords of all brands are sought in one pass (Aho-Corasick), however many.

A keyword is spoken where it stands as a whole: where it begins or ends with a letter, digit or underscore, its
neighbour there is none. Case, the forms of apostrophes, hyphens and blanks, and the ways to write one letter (Unicode
NFC) do not matter. A keyword of several words is also spoken as its hashtag, in one word ("#acmeair").

Not spoken is what only stands inside a handle, an e-mail address or a link: handles are matched as handles, and the
others are addresses that nobody says. A host by itself ("acme.com") is how people name a brand, so it is spoken; with
a scheme, with "www." or with a path behind it, it is a link.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from math import prod
from typing import Final

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation
from numpy.typing import NDArray

from models.packing import Strings
from streams.stages.keyword_trie import Spoken, make_trie, search
from streams.stages.letters import fold, is_word, letters

_BORDER: Final = "\0"  # between texts; no keyword has it, so nothing is found across two texts
_SPELLINGS: Final = {  # of a character within a keyword; texts stay as they are, which costs nothing
    "'": ("'", "\u2019", "\u2018"),
    "-": ("-", "\u2010", "\u2011"),
    "&": ("&", "&amp;"),  # X escapes it
    " ": (" ", "  "),
}
_PLAIN: Final = str.maketrans("\u2018\u2019\u2010\u2011", "''--")
_FORMS_LIMIT: Final = 256  # a keyword of which there were more is known in its plain form alone
_TAG_LETTERS: Final = 3  # shorter ones ("#hm") mean too much else
_DENSE_CHARS: Final = 200_000  # the fast form of the automaton takes some 400 bytes for each character
_RUN_CHARS: Final = 2_048  # how far an address is followed: a hostile text must not cost the square of its length
_HOST_CHARS: Final = 253

_NOT_WORD: Final = re.compile(r"\W+")
_NOT_HOST: Final = re.compile(r"[^\w.-]")
_NAME: Final = re.compile(r"[\w.-]*")
_MAIL_BEHIND: Final = re.compile(r"[\w.+-]{0,64}@\w")


class KeywordIndex:
    """Finds keywords in texts; each keyword stands for a number, its brand's, and several may share a keyword."""

    def __init__(self, keywords: Iterable[tuple[str, int]]) -> None:
        meant: dict[str, dict[int, None]] = {}  # an ordered set
        for keyword, brand in keywords:
            for form in _forms(keyword):
                meant.setdefault(form, {})[brand] = None
        self._meant = tuple(map(tuple, meant.values()))
        dense = sum(map(len, meant)) <= _DENSE_CHARS
        self._automaton = AhoCorasick(tuple(meant), implementation=Implementation.DFA if dense else None)
        self._trie = make_trie([(form, tuple(brands)) for form, brands in meant.items()])

    def find_in(self, texts: Strings, wanted: NDArray[np.bool_]) -> Spoken:
        """What :meth:`find` finds in those texts that are wanted. Compiled code settles nearly all of them."""
        if not self._meant:
            return Spoken(np.empty(0, np.int64), np.empty(0, np.int64))
        spoken, left = search(texts, wanted, letters(), self._trie)
        if not len(left):
            return spoken
        found = self.find([texts[row] for row in left.tolist()])
        pairs = [(left[place], brand) for place, brands in found.items() for brand in brands]
        more = np.array(pairs, np.int64).reshape(-1, 2)
        rows = np.concatenate((spoken.rows, more[:, 0]))
        order = np.argsort(rows, kind="stable")
        return Spoken(rows[order], np.concatenate((spoken.brands, more[:, 1]))[order])

    def find(self, texts: Sequence[str]) -> dict[int, tuple[int, ...]]:
        """The brands whose keywords are spoken, by index of the text: each once, in the order in which they are spoken.
        Texts without any are left out."""
        found: dict[int, tuple[int, ...]] = {}
        if not self._meant:
            return found
        plain = [text.isascii() for text in texts]
        for is_plain in (True, False):  # apart, because ASCII is much faster
            self._find_in(texts, [index for index, ascii_only in enumerate(plain) if ascii_only is is_plain], found)
        return found

    def _find_in(self, texts: Sequence[str], indexes: Sequence[int], found: dict[int, tuple[int, ...]]) -> None:
        """Add to ``found`` what the texts at ``indexes`` speak, in one pass through all of them."""
        whole = fold(_join([texts[index] for index in indexes]))
        place, counted = -1, 0
        for form, start, end in self._automaton.find_matches_as_indexes(whole, overlapping=True):
            if _is_whole(whole, start, end) and not _is_hidden(whole, start, end):
                place += whole.count(_BORDER, counted, end)
                counted = end
                index, brands = indexes[place], self._meant[form]
                found[index] = tuple(dict.fromkeys((*found[index], *brands))) if index in found else brands


def _join(texts: Sequence[str]) -> str:
    """All texts as one, with a border before and behind each."""
    whole = f" {_BORDER} ".join(("", *texts, ""))
    if whole.count(_BORDER) > len(texts) + 1:
        return _join([text.replace(_BORDER, " ") for text in texts])
    return whole


def _forms(keyword: str) -> tuple[str, ...]:
    """All ways to write a keyword in a folded text, also as a hashtag if that drops something between its words."""
    plain = " ".join(fold(keyword.replace(_BORDER, " ")).translate(_PLAIN).split())
    if not plain:
        return ()
    choices = [_SPELLINGS.get(character, (character,)) for character in plain]
    forms = (plain,) if prod(map(len, choices)) > _FORMS_LIMIT else tuple(map("".join, product(*choices)))
    tag = _NOT_WORD.sub("", plain)
    if plain.startswith("#") or tag == plain or len(tag) < _TAG_LETTERS:
        return forms
    return *forms, f"#{tag}"


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no neighbouring character makes the keyword a part of a longer word."""
    return not ((is_word(text[start - 1]) and is_word(text[start])) or (is_word(text[end]) and is_word(text[end - 1])))


def _is_hidden(text: str, start: int, end: int) -> bool:
    """Whether [start, end) lies, at least in part, inside a handle, an e-mail address, a link or an escape."""
    before, behind = text[start - 1], text[end]
    if before == behind == " ":
        return False
    if before == "@" or (before == "&" and behind == ";"):
        return True
    left = text.rfind(" ", max(0, start - _RUN_CHARS), start) + 1 or start - _RUN_CHARS
    right = text.find(" ", end, end + _RUN_CHARS)
    right = right if right >= 0 else end + _RUN_CHARS
    if _is_after_at(text, left, start) or _MAIL_BEHIND.match(text, end, right):
        return True
    begin = _link_start(text, left, right)
    return 0 <= begin < end


def _is_after_at(text: str, left: int, start: int) -> bool:
    """Whether what stands at ``start`` continues a name that an @ began."""
    left = max(left, start - _HOST_CHARS)
    at = max(text.rfind("@", left, start), text.rfind("\uff20", left, start))
    return at >= 0 and _NAME.fullmatch(text, at + 1, start) is not None


def _link_start(text: str, left: int, right: int) -> int:
    """Where a link begins in text[left:right], which has no blanks; -1 without any."""
    scheme, web, slash = (text.find(mark, left, right) for mark in ("://", "www.", "/"))
    host = _NOT_HOST.split(text[max(left, slash - _HOST_CHARS) : slash])[-1] if slash >= 0 else ""
    name, dot, top = host.rpartition(".")
    is_host = bool(name and dot) and len(top) > 1 and top.isalpha()
    starts = [start for start in (scheme, web, slash - len(host) if is_host else -1) if start >= 0]
    return min(starts, default=-1)
