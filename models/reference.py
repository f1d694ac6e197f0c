"""The judge once more, slowly and readably: plain Python, no hashing tricks, no compiled code.

It defines what ``models.features``, ``models.scorer`` and ``models.scan`` must compute; tests hold them together.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.features import (
    ADDRESS,
    ANY_HANDLE,
    ASKS,
    BUCKET_BITS,
    ENDING,
    FINALISER,
    FNV_OFFSET,
    FNV_PRIME,
    HANDLE_FIRST,
    HANDLE_LATER,
    JUDGED_BYTES,
    KNOWN_WORDS,
    LENGTH,
    LENGTH_EDGES,
    MARK_BITS,
    MAX_GRAM,
    MEANS_READER,
    MEANS_WRITER,
    MIN_GRAM,
    NEGATED,
    NEGATES,
    NEGATION_WORDS,
    NO_HANDLE,
    OPENING,
    OPENING_WORDS,
    PAIR,
    PUNCTUATION,
    QUESTION,
    SHOUTED_WORDS,
    SKIP,
    TRIPLE,
    word_hash,
)
from models.language import (
    ACCENTED,
    ENOUGH,
    ENOUGH_IF_SHORT,
    FACTOR,
    LANGUAGES,
    LOOKED_AT_ACCENTS,
    LOOKED_AT_WORDS,
    MARKS,
    SCRIPTS,
    SHORT_WORDS,
    SISTERS,
    accent_weights,
    word_weights,
)
from models.network import Network
from models.scorer import HEADS, IDF
from models.stop_words import STOP_WORDS

_MASK = 0xFFFFFFFFFFFFFFFF
_PRIME = int(FNV_PRIME)
_START = int(FNV_OFFSET)
_KNOWN = [(flag, frozenset(words.encode().split())) for flag, words in KNOWN_WORDS]

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


def _bucket(value: int) -> int:
    return ((value ^ value >> 32) * int(FINALISER) & _MASK) >> (64 - BUCKET_BITS)


def _mix(kind: np.uint64, a: int, b: int) -> int:
    return ((a ^ int(kind)) * _PRIME & _MASK ^ b) * _PRIME & _MASK


class _Word(NamedTuple):
    name: str
    hash: int  # in combinations with others: all handles have one
    own: int  # alone
    is_handle: bool
    is_mark: bool
    knows: int  # flags of ``models.features``


def _words(text: bytes) -> list[_Word]:
    words = []
    for part in _WORDS.findall(normalise(text)):
        own, is_handle = word_hash(part), part.startswith(b"@")
        is_mark = not is_handle and not _is_word_byte(part[0])
        name = "URL" if part == b"\x01" else part.decode(errors="backslashreplace")
        knows = 0 if is_handle or is_mark else sum(flag for flag, known in _KNOWN if part in known)
        words.append(_Word(name, int(ANY_HANDLE) if is_handle else own, own, is_handle, is_mark, knows))
    return words


def words_of(text: str) -> list[tuple[str, int]]:
    """(name for a reader, hash in combinations: all handles have one) of each word that is judged."""
    return [(word.name, word.hash) for word in _words(text.encode("utf-8", "surrogatepass")[:JUDGED_BYTES])]


def pair_hash(first: int, second: int) -> int:
    """Of two neighbours with these hashes in combinations."""
    return _mix(PAIR, first, second)


def named_words(text: bytes) -> Iterator[tuple[str, int]]:
    """(name for a reader, bucket) of everything in the first family, in the order in which the kernel finds it."""
    words = _words(text)
    marks = _marks(words)
    yield from _neighbours(words)
    yield from _context(words, marks & 1)
    yield from _ending([word for word in words if not word.is_handle])
    yield _named_marks(marks), _bucket(_mix(PUNCTUATION, _START, marks))
    yield _address(words, marks & 1)
    size = sum(len(words) >= edge for edge in LENGTH_EDGES)
    yield _named_length(size), _bucket(_mix(LENGTH, _START, size))
    shouts = shouted_words(text) >= SHOUTED_WORDS
    yield "(shouting)" if shouts else "(no shouting)", _bucket(_mix(LENGTH, _PRIME, shouts))


def _named_marks(marks: int) -> str:
    """Facts stand in brackets that touch their words: those of a text stand apart."""
    found = [name for bit, name in enumerate(("?", "!", "link", "..")) if marks >> bit & 1]
    return f"(with {' '.join(found)})" if found else "(no ? or !)"


def _named_length(size: int) -> str:
    least = (0, *LENGTH_EDGES)[size]
    return f"({least} to {LENGTH_EDGES[size] - 1} words)" if size < len(LENGTH_EDGES) else f"({least} words or more)"


def _marks(words: list[_Word]) -> int:
    """1 for "?", 2 for "!", 4 for a link, 8 for dots that follow a dot."""
    found = 0
    for word in words:
        if word.is_mark:
            found |= ("?" in word.name) | ("!" in word.name) << 1 | ("URL" in word.name) << 2 | (".." in word.name) << 3
    return found


def _neighbours(words: list[_Word]) -> Iterator[tuple[str, int]]:
    start = _Word("", _START, _START, False, False, 0)
    for i, word in enumerate(words):
        before = words[i - 1] if i >= 1 else start
        yield word.name, _bucket(word.own)
        yield f"{_shown(before)} {_shown(word)}", _bucket(_mix(PAIR, before.hash, word.hash))
        if i >= 2:
            second = words[i - 2]
            yield f"{_shown(second)} … {_shown(word)}", _bucket(_mix(SKIP, second.hash, word.hash))
            triple = _mix(TRIPLE, _mix(TRIPLE, second.hash, before.hash), word.hash)
            yield f"{_shown(second)} {_shown(before)} {_shown(word)}", _bucket(triple)


def _shown(word: _Word) -> str:
    return "@" if word.is_handle else word.name or "^"


def _context(words: list[_Word], asks: int) -> Iterator[tuple[str, int]]:
    negated, spoken, opens, opening, opened = 0, 0, True, _START, []
    for word in words:
        if word.is_mark:
            negated = 0
        else:
            if negated and not word.is_handle:
                yield f"not: {word.name}", _bucket(_mix(NEGATED, _START, word.hash))
                negated -= 1
            negated = NEGATION_WORDS if word.knows & NEGATES else negated
            if opens and word.knows & ASKS:
                yield f"asks: {word.name}", _bucket(_mix(QUESTION, _START ^ asks, word.hash))
        opens = word.is_mark or (opens and word.is_handle)
        if word.is_handle:
            continue
        if spoken < OPENING_WORDS:
            opening = _mix(OPENING, opening, word.hash)
            opened.append(word.name)
            yield f"starts: {' '.join(opened)}", _bucket(opening)
        spoken += 1


def _ending(words: list[_Word]) -> Iterator[tuple[str, int]]:
    second, last = ([""] * 2 + [word.name for word in words])[-2:]
    before, end = ([_START] * 2 + [word.hash for word in words])[-2:]
    yield f"ends: {last}", _bucket(_mix(ENDING, _START, end))
    yield f"ends: {second} {last}".replace("  ", " "), _bucket(_mix(ENDING, before, end))


def _address(words: list[_Word], asks: int) -> tuple[str, int]:
    """Whether a handle comes first or later, who speaks of whom, and whether it is a question."""
    at = next((i for i, word in enumerate(words) if word.is_handle), None)
    place = NO_HANDLE if at is None else HANDLE_LATER if at else HANDLE_FIRST
    persons = 0
    for word in words:
        persons |= word.knows & (MEANS_WRITER | MEANS_READER)
    parts = ("no handle", "handle first", "handle later")[place], ("", "question")[asks]
    who = ("I", persons & MEANS_WRITER), ("you", persons & MEANS_READER)
    name = ", ".join([part for part in parts if part] + [part for part, there in who if there])
    return f"({name})", _bucket(_mix(ADDRESS, _START, asks | place << 1 | persons << 3))


def named_grams(text: bytes) -> Iterator[tuple[str, int]]:
    """(chunk that it stands in, bucket) of all substrings of MIN_GRAM to MAX_GRAM bytes of " chunk ", for chunks that
    are no handle and no link, in the order of their ends."""
    for chunk in normalise(text).split(b" "):
        if chunk[:1] in {b"", b"@", b"\x01"}:
            continue
        padded = b" " + chunk + b" "
        for end in range(MIN_GRAM, len(padded) + 1):
            for size in range(MIN_GRAM, min(end, MAX_GRAM) + 1):
                value = int.from_bytes(padded[end - size : end]) | size << 40
                yield chunk.decode(errors="backslashreplace"), (value * int(FINALISER) & _MASK) >> (64 - BUCKET_BITS)


def first_of_each(features: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Without those whose fingerprint, the highest MARK_BITS of the bucket, has occurred before."""
    seen: set[int] = set()
    kept = []
    for name, bucket in features:
        mark = bucket >> (BUCKET_BITS - MARK_BITS)
        if mark not in seen:
            kept.append((name, bucket))
            seen.add(mark)
    return kept


def families(text: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(words, characters): the features that count."""
    data = text.encode("utf-8", "surrogatepass")[:JUDGED_BYTES]
    return first_of_each(named_words(data)), first_of_each(named_grams(data))


def logits(model: Artefact, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64[n, HEADS]: per family the sum of the weights of its buckets over the length of their idf vector."""
    out: NDArray[np.float64] = np.zeros((len(texts), HEADS))
    for row, text in enumerate(texts):
        for family in families(text):
            weights = model.weights[[bucket for _, bucket in family]].astype(np.int64)
            length = math.sqrt(max(1, int((weights[:, IDF] ** 2).sum())))
            out[row] += weights[:, :HEADS].sum(axis=0) / length
    out *= np.array(model.parameters.scales)
    out += np.array(model.parameters.bias)
    return out + network_output(model.network, texts)


def network_output(network: Network, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64[n, HEADS]: what the shallow network adds."""
    out: NDArray[np.float64] = np.zeros((len(texts), network.output.shape[1]))
    for number, text in enumerate(texts):
        out[number] = np.maximum(units(network, text), 0) @ network.output
    return out


def units(network: Network, text: str) -> NDArray[np.float64]:
    """float64[HIDDEN]: the hidden units before the rectifier."""
    steps: NDArray[np.float64] = np.zeros(network.table.shape[1])
    for family in known(network, text):
        rows = [row for _, row in family]
        steps += network.table[rows].astype(np.int64).sum(axis=0) / math.sqrt(max(1, len(rows)))
    return np.asarray(network.bias + network.scales * steps)


def known(network: Network, text: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(name, row) of the words, and of the pairs of neighbours, that have a row in the network's table."""
    words = _words(text.encode("utf-8", "surrogatepass")[:JUDGED_BYTES])
    row_of = _row_of(network.keys.tobytes())
    pairs = [
        (f"{_shown(before)} {_shown(word)}", pair_hash(before.hash, word.hash)) for before, word in pairwise(words)
    ]
    alone = [(word.name, word.hash) for word in words]
    first, second = ([(name, row_of[key]) for name, key in family if key in row_of] for family in (alone, pairs))
    return first, second


@lru_cache(maxsize=2)
def _row_of(keys: bytes) -> dict[int, int]:
    return {key: row for row, key in enumerate(np.frombuffer(keys, np.uint64).tolist())}


def _span_class(spans: Iterable[tuple[int, int]]) -> str:
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in spans)


_LETTER = f"0-9A-Za-z_{_span_class(ACCENTED)}{_span_class((low, high) for _, low, high in SCRIPTS)}"
_TOKENS = re.compile(
    r"(?P<link>[hH][tT][tT][pP][sS]?:/[^\x00-\x20]*)"
    r"|(?P<name>[@#][A-Za-z0-9_]*)"
    rf"|(?P<word>[{_LETTER}][{_LETTER}'\u2019{_span_class(MARKS)}]*)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_MARK = re.compile(f"[{_span_class(MARKS)}]")
_TO_LOWER = {code: code + 32 for code in (*range(65, 91), *range(0xC0, 0xDF)) if code != 0xD7}


def language(text: str) -> str:
    """The language of any text: see ``models.language``. Handles, hashtags and links say nothing about it."""
    tokens = list(_TOKENS.finditer(text))
    words = [_MARK.sub("", match[0]) for match in tokens if match.lastgroup == "word"]
    tagged = any(re.match("#[0-9_]*[A-Za-z]", match[0]) for match in tokens)
    plain = "".join(words)
    accents = sum(low <= ord(char) <= high for char in plain for low, high in ACCENTED)
    latin = sum(char.isascii() and char.isalpha() for char in plain) + accents
    scripts = Counter(name for char in plain for name, low, high in SCRIPTS if low <= ord(char) <= high)
    foreign, asian = scripts.total(), scripts["ja"] + scripts["zh"] + scripts["ko"]
    if foreign >= 2 and foreign + 2 * asian > latin:
        return _by_script(plain, scripts)
    if not latin:
        return "en" if tagged and not foreign else "und"
    return _by_words(words, accents)


def _by_script(plain: str, scripts: Counter[str]) -> str:
    if scripts["ja"] and scripts["ja"] * 5 >= scripts["zh"]:
        return "ja"
    best = max(LANGUAGES, key=lambda name: scripts[name])
    for script, sister, ours, theirs in reversed(SISTERS):
        if script == best and sum((char in ours) - (char in theirs) for char in plain) > 0:
            return sister
    return best


def _by_words(words: list[str], accents: int) -> str:
    scores = _scores(words)
    english = scores["en"]
    best = max((name for name in STOP_WORDS if name != "en"), key=lambda name: scores[name])
    count = sum(_is_plain_word(word) for word in words)
    enough = ENOUGH_IF_SHORT if count <= SHORT_WORDS else ENOUGH
    if scores[best] >= enough and scores[best] > FACTOR * english:
        return best
    if english == 0 and (accents or count > SHORT_WORDS):
        return "und"
    return "en"


def _is_plain_word(word: str) -> bool:
    """Has a letter of ours and no digit."""
    latin = any((char.isascii() and char.isalpha()) or any(a <= ord(char) <= b for a, b in ACCENTED) for char in word)
    return latin and not any("0" <= char <= "9" for char in word)


def _scores(words: list[str]) -> Counter[str]:
    scores = Counter[str]()
    by_word, by_letter = word_weights(), accent_weights()
    known = [by_word.get(word.translate(_TO_LOWER).replace("\u2019", "'").rstrip("'")) for word in words]
    letters = [by_letter.get(char) for word in words for char in word]
    for weights in [weights for weights in known if weights][:LOOKED_AT_WORDS]:
        scores.update(weights)
    for weights in [weights for weights in letters if weights][:LOOKED_AT_ACCENTS]:
        scores.update(weights)
    return scores
