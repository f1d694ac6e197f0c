"""All keywords as one tree of bytes, and compiled code that looks texts through for them.

It settles nearly every text. What it leaves are texts with a character that is not simple (``streams.stages.letters``)
and those where a keyword stands in a run with an @ or a slash, which may be an address.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import Hashes, Ints
from models.packing import Strings
from streams.stages.letters import SAME, UNKNOWN, Letters, slot_of

_NONE: Final = -1
_SPARE: Final = 2  # slots for each node
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_FOLD: Final = np.uint64(32)
_BYTE_BITS: Final = np.uint64(8)
_BITS: Final = 2**64 - 1
_EMPTY: Final = np.uint64(0)  # no key: the root is no child
_ZERO: Final[Any] = np.int64(0)  # a plain 0 is a type of its own: what takes it would be compiled twice
_RUN_BYTES: Final = 2_048  # how far a run is followed; it may be an address if it is longer

_SPOKEN: Final = 0
_HIDDEN: Final = 1
_UNSURE: Final = 2
_SPACE: Final = 32
_AT: Final = 64


class Trie(NamedTuple):
    """Node 0 is the root. ``keys`` and ``children`` are an open-addressed table of (node, byte) to node, ``first`` the
    root's row of it. Node n ends form ``forms[n]``, or _NONE; form f means ``brands[brand_ends[f]:brand_ends[f + 1]]``.
    """

    first: Ints
    keys: Hashes
    children: Ints
    forms: Ints
    brand_ends: Ints
    brands: Ints


class Spoken(NamedTuple):
    """Text ``rows[i]`` speaks a keyword of ``brands[i]``; rows ascend, each pair stands once."""

    rows: Ints
    brands: Ints


def make_trie(meant: Sequence[tuple[str, Sequence[int]]]) -> Trie:
    """The trie of (form, the brands that it means)."""
    children: dict[int, int] = {}
    nodes = [_plant(children, form.encode()) for form, _ in meant]
    keys, values = _table_of(children)
    forms = np.full(len(children) + 1, _NONE, np.int64)
    forms[nodes] = np.arange(len(nodes))
    first = np.zeros(256, np.int64)
    for byte in range(256):
        first[byte] = children.get(_key_of(0, byte), 0)
    ends = np.zeros(len(meant) + 1, np.int64)
    np.cumsum([len(brands) for _, brands in meant], out=ends[1:])
    brands = np.array([brand for _, brands in meant for brand in brands], np.int64)
    return Trie(first, keys, values, forms, ends, brands)


def _plant(children: dict[int, int], form: bytes) -> int:
    """Adds the nodes of a form; returns the last one."""
    node = 0
    for byte in form:
        node = children.setdefault(_key_of(node, byte), len(children) + 1)
    return node


def _key_of(node: int, byte: int) -> int:
    return (node << 8 | byte) + 1


def _table_of(children: dict[int, int]) -> tuple[Hashes, Ints]:
    mask = (1 << (_SPARE * len(children) + 1).bit_length()) - 1
    keys, values = [0] * (mask + 1), [0] * (mask + 1)
    for key, node in children.items():
        slot = (key * int(_FACTOR) & _BITS) >> 32 & mask
        while keys[slot]:
            slot = slot + 1 & mask
        keys[slot], values[slot] = key, node
    return np.array(keys, np.uint64), np.array(values, np.int64)


def search(texts: Strings, wanted: NDArray[np.bool_], letters: Letters, trie: Trie) -> tuple[Spoken, Ints]:
    """What the wanted texts speak, but for those that are left: their rows, ascending."""
    count, brands = len(texts), int(trie.brands.max(initial=_NONE)) + 1
    data = texts.data.view()
    data.flags.writeable = False  # numba compiles anew for an array that can be written
    longest = int(np.diff(texts.offsets).max(initial=0))
    rows, found = np.empty(4 * count + 64, np.int64), np.empty(4 * count + 64, np.int64)
    left, told = np.zeros(count, np.bool_), np.full(brands, _NONE, np.int64)
    folded, words = np.empty(longest, np.uint8), np.empty(longest, np.uint8)
    pairs = _search(data, texts.offsets, wanted, letters, trie, folded, words, told, rows, found, left)
    return Spoken(rows[:pairs], found[:pairs]), np.flatnonzero(left)


@compiled
def _search(
    data: Any,
    offsets: Any,
    wanted: Any,
    letters: Any,
    trie: Any,
    folded: Any,
    words: Any,
    told: Any,
    rows: Any,
    found: Any,
    left: Any,
) -> int:
    pairs = _ZERO
    for row in range(len(wanted)):
        if not wanted[row]:
            continue
        before = pairs
        size = _fold_text(data, offsets[row], offsets[row + 1], letters, folded, words)
        pairs = _find(folded, words, size, trie, row, told, rows, found, pairs) if size >= 0 else _NONE
        if pairs == _NONE:
            left[row] = True
            pairs = before
    return int(pairs)


@inner
def _fold_text(data: Any, start: int, end: int, letters: Any, folded: Any, words: Any) -> int:
    """Folds a text, and says of each byte whether it is a word's; returns the length, or _NONE if it has a character
    that is not simple."""
    at, size = start, _ZERO
    while at < end:
        byte = data[at]
        if byte < 0x80:  # most characters
            folded[size] = letters.folded[byte, 0]
            words[size] = letters.words[byte]
            size += 1
            at += 1
            continue
        slot, width = slot_of(data, at, end)
        written = width if slot == SAME else (_NONE if slot == UNKNOWN else np.int64(letters.sizes[slot]))
        if written <= 0:
            return _NONE
        for place in range(written):
            folded[size] = data[at + place] if slot == SAME else letters.folded[slot, place]
            words[size] = 1 if slot == SAME else letters.words[slot]
            size += 1
        at += width
    return int(size)


@inner
def _find(text: Any, words: Any, size: int, trie: Any, row: int, told: Any, rows: Any, found: Any, pairs: int) -> int:
    """Adds the brands whose keywords a text speaks; returns how many pairs there are now, or _NONE if that must be
    found out otherwise."""
    before = np.uint8(0)  # whether a word's byte stands before
    for start in range(size):
        is_inside = before & words[start]
        before = words[start]
        node = trie.first[text[start]]
        if (node == 0) | (is_inside == 1):  # without a jump between the two
            continue
        if start > 0 and text[start - 1] == _AT:
            continue
        end = start + 1
        while node > 0:
            form = trie.forms[node]
            if form >= 0 and not (end < size and words[end] and words[end - 1]):
                verdict = _verdict(text, size, start, end)
                if verdict == _UNSURE:
                    return _NONE
                if verdict == _SPOKEN:
                    pairs = _tell(trie, form, row, told, rows, found, pairs)
                    if pairs == _NONE:
                        return _NONE
            if end == size:
                break
            node = _child(trie, node, text[end])
            end += 1
    return pairs


@inner
def _child(trie: Any, node: int, byte: int) -> Any:
    """The node behind a node, 0 if there is none."""
    key = (np.uint64(node) << _BYTE_BITS | np.uint64(byte)) + np.uint64(1)
    mask = np.uint64(len(trie.keys) - 1)
    slot = (key * _FACTOR >> _FOLD) & mask
    while trie.keys[slot] != _EMPTY and trie.keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return trie.children[slot]


@inner
def _tell(trie: Any, form: int, row: int, told: Any, rows: Any, found: Any, pairs: int) -> int:
    for at in range(trie.brand_ends[form], trie.brand_ends[form + 1]):
        brand = trie.brands[at]
        if told[brand] == row:
            continue
        if pairs == len(rows):
            return _NONE
        told[brand] = row
        rows[pairs], found[pairs] = row, brand
        pairs += 1
    return pairs


@inner
def _verdict(text: Any, size: int, start: int, end: int) -> int:
    """Whether what stands at [start, end), behind no @, is spoken or hidden in an address or an escape."""
    before = text[start - 1] if start > 0 else _SPACE
    behind = text[end] if end < size else _SPACE
    if before == _SPACE and behind == _SPACE:
        return _SPOKEN
    if before == 38 and behind == 59:  # & and ;
        return _HIDDEN
    left, right = start, end
    while left > 0 and text[left - 1] != _SPACE and start - left < _RUN_BYTES:
        left -= 1
    while right < size and text[right] != _SPACE and right - end < _RUN_BYTES:
        right += 1
    if start - left == _RUN_BYTES or right - end == _RUN_BYTES:
        return _UNSURE
    may_be_address = False
    for at in range(left, right):
        if at < end and _is_link(text, at, right):
            return _HIDDEN
        may_be_address |= text[at] == _AT or text[at] == 47
    return _UNSURE if may_be_address else _SPOKEN


@inner
def _is_link(text: Any, at: int, end: int) -> bool:
    """``www.`` or ``://`` stands here."""
    if text[at] == 119 and end - at >= 4:
        return bool(text[at + 1] == 119 and text[at + 2] == 119 and text[at + 3] == 46)
    return bool(text[at] == 58 and end - at >= 3 and text[at + 1] == 47 and text[at + 2] == 47)
