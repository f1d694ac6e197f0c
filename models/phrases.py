"""Groups of phrases in a text, found with RE2: one pass says which groups occur, in time linear in the text.

A phrase is a regular expression over words. Write it in lower case with straight apostrophes and single spaces: case
does not matter, an apostrophe may be curly, a space may be any white space (and " ?" none). It starts at the edge of a
word; a handle, a hashtag or a part of a path is no word. RE2 knows no look-around: what stands around a phrase is for
the caller to check.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import re2

from models.features import JUDGED_BYTES

EDGE: Final = "[^\\pL\\pN_@#/'\u2019]"
SENTENCE: Final = r"(?:[^.!?]|\.\w)*?"  # whatever stands between two parts of a phrase in one sentence
LINK: Final = r"https?:/"
_NONE: Final[frozenset[str]] = frozenset()
_COMBINATIONS: Final = 4_096  # of groups that are remembered
_MEMORY: Final = 32 << 20  # bytes for an automaton; it starts anew when they are full

_LINKS: Final = re.compile(r"https?:/[^\x00-\x20]*[^\x00-\x20.,;:!?)]")  # begins with letters: ``re`` can skip ahead


def spaced(pattern: str) -> str:
    """``pattern`` with any white space for a space and any apostrophe for a straight one."""
    return pattern.replace("'", "['\u2019]").replace(" ?", r"\s*").replace(" ", r"\s+")


def words(*phrases: str) -> str:
    """One pattern for ``phrases``, each of whole words at its start."""
    return f"{EDGE}(?:{spaced('|'.join(phrases))})"


def prepared(text: str) -> bytes:
    """``text`` as the patterns want it: UTF-8 between two spaces, without what links point to. Of a long text the rest
    is not looked at."""
    if len(text) > JUDGED_BYTES:
        text = text[:JUDGED_BYTES]
    if ":/" in text:
        text = _LINKS.sub("https://", text)
    return f" {text} ".encode("utf-8", "surrogatepass")


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


class Groups:
    """Named groups of phrases, each one pattern."""

    __slots__ = ("_all", "_named", "_names", "_patterns")

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._names = tuple(patterns)
        self._all = re2.Set.SearchSet(_options())
        for pattern in patterns.values():
            self._all.Add(pattern)
        self._all.Compile()
        self._named = lru_cache(maxsize=_COMBINATIONS)(self._name)
        self._patterns = {name: re2.compile(pattern, _options()) for name, pattern in patterns.items()}

    def found(self, text: bytes) -> frozenset[str]:
        """Names of the groups of which a phrase occurs in ``text``."""
        places = self._all.Match(text)
        return self._named(tuple(places)) if places else _NONE

    def _name(self, places: tuple[int, ...]) -> frozenset[str]:
        return frozenset(self._names[place] for place in places)

    def first(self, name: str, text: bytes, start: int = 0) -> tuple[int, int] | None:
        """Where the first phrase of the group from ``start`` on stands, with the character of its edge."""
        match = self._patterns[name].search(text, start)
        span: tuple[int, int] | None = match and match.span()
        return span

    def spans(self, name: str, text: bytes) -> list[tuple[int, int]]:
        """Where phrases of the group stand, none over another."""
        return [match.span() for match in self._patterns[name].finditer(text)]
