"""From the JSON of mentions to columns, compiled: what a decoder to objects takes five times as long for.

The grammar is strict: an object whose keys are fields of ``Mention``, each with a value of its type. Strings may have
any escape but NUL and lone surrogates, integers fit 64 bits, the bytes are UTF-8; of keys that occur twice the last
counts. A row with anything else is left unread: it is no mention, or one for msgspec, which alone decides what that
is.
"""

from typing import Any, Final

import msgspec
import numpy as np

from models.compiled import compiled, inner
from models.features import Ints
from models.records import Mention
from streams.stages.json_values import (
    COMMA,
    QUOTE,
    UNREAD,
    read_list,
    read_number,
    read_string,
    read_truth,
    skip_blanks,
)

_TEXT: Final = 0  # kinds of fields: those that have an arena come first
_LIST: Final = 1
_NUMBER: Final = 2
_TRUTH: Final = 3
_KIND_OF: Final = {str: _TEXT, tuple[str, ...]: _LIST, int: _NUMBER, bool: _TRUTH}

_FIELDS: Final = msgspec.structs.fields(Mention)
FIELDS: Final = tuple(field.name for field in _FIELDS)
TEXTS: Final = tuple(field.name for field in _FIELDS if field.type in (str, tuple[str, ...]))
LISTS: Final = tuple(field.name for field in _FIELDS if field.type == tuple[str, ...])

_FIELD_COUNT: Final = len(FIELDS)
_KINDS: Final = np.array([_KIND_OF[field.type] for field in _FIELDS], np.uint8)
_SLOTS: Final = np.array([TEXTS.index(name) if name in TEXTS else -1 for name in FIELDS], np.int64)
_LIST_SLOTS: Final = np.array([LISTS.index(name) if name in LISTS else -1 for name in FIELDS], np.int64)
_REQUIRED: Final = sum(1 << number for number, field in enumerate(_FIELDS) if field.required)


def _side_by_side(texts: list[str]) -> tuple[Any, Ints]:
    ends = np.cumsum([0, *map(len, texts)])
    return np.frombuffer("".join(texts).encode("ascii") + b"\0", np.uint8), ends.astype(np.int64)


_KEYS, _KEY_ENDS = _side_by_side([f'{name}"' for name in FIELDS])
_DEFAULTS, _DEFAULT_ENDS = _side_by_side([f.default if isinstance(f.default, str) else "" for f in _FIELDS])


@compiled
def read_rows(data: Any, starts: Any, size_limit: int, arena: Any, figures: Any, items: Any, rows: Any) -> int:
    """Read rows of at most ``size_limit`` bytes; returns how many could be read, and which in ``rows``.

    Row i is ``data[starts[i]:starts[i + 1] - 1]``, followed by a NUL, which fits nowhere and so ends everything. Field
    f of the k-th mention read is ``figures[f, k + 1]``: an integer, or where its string ends in slot s of ``arena``,
    which is ``arena[s * len(data):(s + 1) * len(data)]``, or how many strings the slot has after this list's; where
    those end is in ``items[l]``. Slots s are numbered as ``TEXTS``, lists l as ``LISTS``.
    """
    figures[:, 0] = 0
    items[:, 0] = 0
    place = 0
    for row in range(len(starts) - 1):
        start, end = starts[row], starts[row + 1] - 1
        if end - start <= size_limit and _read_object(data, start, place, arena, figures, items) == end:
            rows[place] = row
            place += 1
    return place


@inner
def _read_object(data: Any, at: int, place: int, arena: Any, figures: Any, items: Any) -> int:
    """The position behind the object and blanks, or ``UNREAD``."""
    at = skip_blanks(data, at)
    if data[at] != ord("{"):
        return UNREAD
    _put_defaults(place, len(data), arena, figures)
    seen = 0
    field = -1
    going = True
    while going:
        at = skip_blanks(data, at + 1)
        field = _find_field(data, at, field)
        if field < 0:
            return UNREAD
        at = skip_blanks(data, at + 1 + _KEY_ENDS[field + 1] - _KEY_ENDS[field])
        if data[at] != ord(":"):
            return UNREAD
        at = _read_value(data, skip_blanks(data, at + 1), field, place, arena, figures, items)
        if at < 0:
            return UNREAD
        seen |= 1 << field
        at = skip_blanks(data, at)
        going = data[at] == COMMA
    if data[at] != ord("}") or seen & _REQUIRED != _REQUIRED:
        return UNREAD
    return int(skip_blanks(data, at + 1))


@inner
def _find_field(data: Any, at: int, before: int) -> int:
    """The field whose key stands at ``at``, -1 if none does. Fields mostly come in their order: what follows the one
    before is tried first."""
    if data[at] != QUOTE:
        return -1
    field = before
    for _ in range(_FIELD_COUNT):
        field = field + 1 if field + 1 < _FIELD_COUNT else 0
        start, end = _KEY_ENDS[field], _KEY_ENDS[field + 1]
        size = 0
        while start + size < end and data[at + 1 + size] == _KEYS[start + size]:
            size += 1
        if start + size == end:
            return field
    return -1


@inner
def _read_value(data: Any, at: int, field: int, place: int, arena: Any, figures: Any, items: Any) -> int:
    """The position behind the value, which takes the place of one that the field may have had before."""
    kind = _KINDS[field]
    if kind == _NUMBER:
        at, figures[field, place + 1] = read_number(data, at)
        return at
    if kind == _TRUTH:
        at, figures[field, place + 1] = read_truth(data, at)
        return at
    base = _SLOTS[field] * len(data)
    before = figures[field, place]
    if kind == _LIST:
        at, figures[field, place + 1] = read_list(data, at, arena, base, items, _LIST_SLOTS[field], before)
        return at
    if data[at] != QUOTE:
        return UNREAD
    at, end = read_string(data, at + 1, arena, base + before)
    figures[field, place + 1] = end - base
    return at


@inner
def _put_defaults(place: int, size: int, arena: Any, figures: Any) -> None:
    """Every field as if it were missing."""
    for field in range(_FIELD_COUNT):
        end = figures[field, place] if _KINDS[field] <= _LIST else 0
        for at in range(_DEFAULT_ENDS[field], _DEFAULT_ENDS[field + 1]):
            arena[_SLOTS[field] * size + end] = _DEFAULTS[at]
            end += 1
        figures[field, place + 1] = end
