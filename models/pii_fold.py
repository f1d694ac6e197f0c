"""A text as bytes that RE2 reads fast: one byte for each character, so places in the bytes are places in the text."""

import codecs
import re
import unicodedata
from functools import lru_cache
from typing import Final

import re2

FOREIGN_LETTER: Final = 0x7F  # of a script that writes no gaps: may touch a number, but is no gap either
CURRENCY: Final = 0xA4
_ERRORS: Final = "unheard-one-byte"
_BYTE: Final = {"Pd": b"-", "Sc": bytes((CURRENCY,)), "Lu": b"\xde", "Lt": b"\xde", "Ll": b"\xff", "Zs": b"\xa0"}
_APOSTROPHES: Final = "\u2018\u2019\u02bc"


@lru_cache(maxsize=4_096)
def _byte_for(char: str) -> bytes:
    """What stands for a character outside Latin-1: a dash for dashes, a letter for letters, a star for symbols."""
    if char in _APOSTROPHES:
        return b"'"
    category = unicodedata.category(char)
    if category in _BYTE:
        return _BYTE[category]
    return bytes((FOREIGN_LETTER,)) if category[0] in "LMN" else b"*"


def _replace(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(map(_byte_for, error.object[error.start : error.end])), error.end


codecs.register_error(_ERRORS, _replace)


def pattern(text: str, *, any_case: bool = False) -> "re2._Regexp":
    """Compile for folded texts. ``_`` in ``text`` is a gap: a space, also one that does not break, or a line's end."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not any_case
    options.max_mem = 16 << 20
    return re2.compile(text.replace("_", r"[ \n\xa0]").encode("latin-1"), options)


def any_of(*patterns: "re2._Regexp") -> re2.Set:
    """Tells in one pass which of ``patterns`` occur in a folded text."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    options.log_errors = False
    options.max_mem = 32 << 20
    together = re2.Set.SearchSet(options)
    for one in patterns:
        together.Add(one.pattern if one.options.case_sensitive else b"(?i:" + one.pattern + b")")
    together.Compile()
    return together


# Links hold nobody's number. As ``models.scan`` has it, one reaches to the next byte up to a space.
_LINK: Final = re.compile(rb"https?:/[^\x00-\x20]*")  # nearly all of them
_OTHER_LINK: Final = pattern(
    r"https?:/[^\x00-\x20]*|\bwww\.[^\x00-\x20]+|\b[a-z0-9.-]{2,40}\.[a-z]{2,6}/[^\x00-\x20]+", any_case=True
)


def fold(text: str) -> bytes:
    """One byte for each character of ``text``."""
    return text.encode("latin-1", _ERRORS)


def without_links(data: bytes) -> bytes:
    """``data`` with stars in place of links."""
    if b":/" in data:
        data = _LINK.sub(_stars, data)
    if b"/" not in data and b"www." not in data:
        return data
    blank = bytearray(data)
    for match in _OTHER_LINK.finditer(data):
        start, end = match.span()
        blank[start:end] = b"*" * (end - start)
    return bytes(blank)


def _stars(match: "re.Match[bytes]") -> bytes:
    return b"*" * (match.end() - match.start())
