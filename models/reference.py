"""The judge once more, slowly and readably: plain Python, no hashing tricks, no compiled code.

It defines what ``models.features``, ``models.scorer`` and ``models.scan`` must compute; tests hold them together.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.features import (
    BUCKET_BITS,
    FACT_SEED,
    FINALISER,
    FNV_OFFSET,
    FNV_PRIME,
    JUDGED_BYTES,
    LENGTH_EDGES,
    MAX_GRAM,
    MIN_GRAM,
    PAIR_SEED,
    SHOUT,
    SHOUTED_WORDS,
    WORD_SEED,
)
from models.language import (
    ACCENTED,
    ENOUGH,
    ENOUGH_WITH_ACCENT,
    FACTOR,
    LOOKED_AT_WORDS,
    SCRIPTS,
    STOP_WORDS,
    stop_words,
)
from models.scorer import HEADS, IDF

_MASK = 0xFFFFFFFFFFFFFFFF
_PRIME = int(FNV_PRIME)

# One alternative for each thing that normalising treats as a whole; the order matters.
_PARTS = re.compile(
    rb"(?P<link>(?i:https?:|www\.(?=.))[^\x00-\x20]*)"
    rb"|(?P<handle>@[A-Za-z0-9_]+)"
    rb"|(?P<entity>&(?:amp|lt|gt);)"
    rb"|(?P<quote>\xe2\x80[\x98\x99])"
    rb"|(?P<punctuation>\xe2\x80.)"
    rb"|(?P<selector>\xef\xb8.)"
    rb"|(?P<symbol>[\xe2\xef]..|[\xf0-\xff]...)"
    rb"|(?P<cut>[\xe2\xef\xf0-\xff].*)"
    rb"|(?P<blank>[\x00-\x20\x7f])"
    rb"|(?P<digit>[0-9])"
    rb"|(?P<other>.)",
    re.DOTALL,
)
_WORDS = re.compile(rb"[@a-z0-9'_\x80-\xff][a-z0-9'_\x80-\xff]*|[^ @a-z0-9'_\x80-\xff]+")
_ENTITIES = {b"&amp;": b"&", b"&lt;": b"<", b"&gt;": b">"}


def normalise(text: bytes) -> bytes:
    """The normalised form, between spaces: see ``models.features.normalise``."""
    return _read(text)[0]


def _read(text: bytes) -> tuple[bytes, bytes]:
    """(normalised form, the text with handles and links blanked)."""
    out, rest = bytearray(b" "), bytearray()
    at = 0
    while at < len(text):
        match = _PARTS.match(text, at)
        kind, size = (match.lastgroup or "other", len(match[0])) if match else ("other", 1)
        if (kind == "link" and out[-1] >= 48) or (kind == "handle" and _is_word_byte(out[-1])):
            kind, size = "other", 1
        part = text[at : at + size]
        rest += b" " if kind in {"link", "handle"} else part
        _write(out, kind, part)
        at += size
    _append(out, 32)
    return bytes(out), bytes(rest)


def _write(out: bytearray, kind: str, part: bytes) -> None:
    if kind == "selector":
        return
    if kind in {"link", "handle", "symbol"}:
        _append(out, 32)
        out += b"\x01" if kind == "link" else part.lower()
        _append(out, 32)
        return
    plain = {"entity": _ENTITIES.get(part), "quote": b"'", "digit": b"0", "other": part.lower()}.get(kind)
    for byte in plain or b" ":
        _append(out, byte)


def _append(out: bytearray, byte: int) -> None:
    if byte == 32 and out[-1] == 32:
        return
    if byte not in (32, 48) and len(out) >= 2 and out[-1] == out[-2] == byte:
        return
    out.append(byte)


def _is_word_byte(byte: int) -> bool:
    return chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789'_" or byte >= 128


def shouted_words(text: bytes) -> int:
    """Runs of three capitals or more that no letter follows, handles and links apart."""
    return len(re.findall(rb"[A-Z]{3,}(?![A-Za-z])", _read(text)[1]))


def _fnv(data: bytes, value: int = int(FNV_OFFSET)) -> int:
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value


def _bucket(value: int) -> int:
    return ((value ^ value >> 32) * int(FINALISER) & _MASK) >> (64 - BUCKET_BITS)


def word_buckets(text: bytes) -> set[int]:
    """Words, pairs of neighbours (the first with the beginning), length and shouting."""
    words = [_fnv(word, int(FNV_OFFSET) ^ int(WORD_SEED)) for word in _WORDS.findall(normalise(text))]
    pairs = zip([int(FNV_OFFSET), *words], words, strict=False)
    facts = [sum(len(words) >= edge for edge in LENGTH_EDGES)]
    if shouted_words(text) >= SHOUTED_WORDS:
        facts.append(SHOUT)
    return (
        {_bucket(word) for word in words}
        | {_bucket((before ^ int(PAIR_SEED)) * _PRIME & _MASK ^ word) for before, word in pairs}
        | {_bucket((int(FACT_SEED) ^ fact) * _PRIME & _MASK) for fact in facts}
    )


def gram_buckets(text: bytes) -> set[int]:
    """Substrings of MIN_GRAM to MAX_GRAM bytes of " chunk ", for chunks that are no handle and no link."""
    return {_bucket(_fnv(gram)) for chunk in normalise(text).split() for gram in _grams(chunk)}


def _grams(chunk: bytes) -> Iterator[bytes]:
    if chunk[:1] in {b"@", b"\x01"}:
        return
    padded = b" " + chunk + b" "
    for size in range(MIN_GRAM, MAX_GRAM + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


def logits(model: Artefact, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64[n, HEADS]: per family the sum of the weights of its buckets over the length of their idf vector."""
    out: NDArray[np.float64] = np.zeros((len(texts), HEADS))
    for row, text in enumerate(texts):
        data = text.encode("utf-8", "surrogatepass")[:JUDGED_BYTES]
        for buckets in (word_buckets(data), gram_buckets(data)):
            weights = model.weights[sorted(buckets)].astype(np.int64)
            length = math.sqrt(max(1, int((weights[:, IDF] ** 2).sum())))
            out[row] += weights[:, :HEADS].sum(axis=0) / length
    out *= np.array(model.parameters.scales)
    out += np.array(model.parameters.bias)
    return out


_NAMES = re.compile(r"(?<![A-Za-z0-9])https?:/[^\x00-\x20]*|[@#][A-Za-z0-9_]*", re.IGNORECASE)
_LETTERS = re.compile(r"(?:[^\W]|['\u2019])+")


def language(text: str) -> str:
    """The language of a text of letters, digits and common punctuation: see ``models.language``."""
    plain = _NAMES.sub(" ", text)
    scripts = Counter(name for char in plain for name, low, high in SCRIPTS if low <= ord(char) <= high)
    accents = sum(low <= ord(char) <= high for char in plain for low, high in ACCENTED)
    latin = sum(char.isascii() and char.isalpha() for char in plain) + accents
    foreign, asian = scripts.total(), scripts["ja"] + scripts["zh"] + scripts["ko"]
    if foreign >= 2 and foreign + 2 * asian > latin:
        if scripts["ja"] and scripts["ja"] * 5 >= scripts["zh"]:
            return "ja"
        return max((name for name, _, _ in SCRIPTS), key=lambda name: scripts[name])
    scores = _stop_word_scores(plain)
    best = max((name for name in STOP_WORDS if name != "en"), key=lambda name: scores[name])
    if scores[best] >= (ENOUGH_WITH_ACCENT if accents else ENOUGH) and scores[best] > FACTOR * scores["en"]:
        return best
    return "en" if latin and (not accents or scores["en"]) else "und"


def _stop_word_scores(plain: str) -> Counter[str]:
    table, scores = stop_words(), Counter[str]()
    for word in _LETTERS.findall(plain)[:LOOKED_AT_WORDS]:
        lower = "".join(char.lower() if char.isascii() else char for char in word.replace("\u2019", "'")).rstrip("'")
        bits, weight = table.get(lower, (0, 0))
        for index, name in enumerate(STOP_WORDS, start=1):
            scores[name] += weight * (bits >> index & 1)
    return scores
