"""Routing a batch column by column, in compiled code: which brands and customers each mention concerns.

What it does ``streams.stages.route.Router.route_mentions`` says in plain Python. It sets rows *aside* that want care
which is rare: names that are not ASCII, texts that repeat another's in part, and crowds of names.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import Bytes, Ints
from models.packing import Strings
from models.records import Role
from streams.stages.handle_table import NOBODY, ODD, HandleTable, find_handles
from streams.stages.keyword_trie import Spoken
from streams.stages.mention_table import MentionTable
from streams.stages.retweets import MIXED, REPEATED

NO_BRAND: Final = -1
_CROWD: Final = 64  # names and brands of one mention; above it, work would grow with the square
_ZERO: Final[Any] = np.int64(0)  # a plain 0 is a type of its own: what takes it would be compiled twice
_CUSTOMER: Final = int(Role.CUSTOMER)
_NONE: Final = int(Role.NONE)


class Names(NamedTuple):
    """Every name of n mentions in one row, column after column; ``parties`` says which handle of a brand each is, or
    NOBODY or ODD. Of mention i, ``authors + i``, ``shown + i`` (its display handle) and ``answered + i`` are one name
    each; ``mentions[i]:mentions[i + 1]`` and ``handles[i]:handles[i + 1]`` are those that it names."""

    data: Bytes
    ends: Ints
    parties: Ints
    authors: int
    shown: int
    answered: int
    mentions: Ints
    handles: Ints


class Columns(NamedTuple):
    """Concerns as in ``route.Concerns``; in place of each subject's hash the index of its name, and its mention."""

    mention: Ints
    brand: Ints
    role: Bytes
    addressed: NDArray[np.bool_]
    subject_ends: Ints
    subject_rows: Ints
    subject_names: Ints


def names_of(table: MentionTable, parties: HandleTable) -> Names:
    columns = (table.author, table.handle, table.reply_to_author, table.mentions, table.handles)
    names = _side_by_side(columns)
    _, shown, answered, mentions, handles = np.cumsum([0, *map(len, columns[:-1])]).tolist()
    return Names(
        data=names.data,
        ends=names.offsets,
        parties=find_handles(parties, names),
        authors=0,
        shown=shown,
        answered=answered,
        mentions=table.mention_ends + mentions,
        handles=table.handle_ends + handles,
    )


def _side_by_side(columns: Sequence[Strings]) -> Strings:
    parts = [column.data[column.offsets[0] : column.offsets[-1]] for column in columns]
    begins = np.cumsum([0, *map(len, parts)])
    ends = [column.offsets[1:] - column.offsets[0] + begin for column, begin in zip(columns, begins, strict=False)]
    return Strings(np.concatenate(parts), np.concatenate([begins[:1], *ends]))


def route_columns(names: Names, parties: HandleTable, spoken: Spoken, kinds: Bytes) -> tuple[Columns, Ints]:
    """(concerns, rows that were set aside)."""
    count = len(kinds)
    most = len(names.parties) + len(spoken.rows)  # concerns, and subjects
    columns = Columns(
        mention=np.empty(most, np.int64),
        brand=np.empty(most, np.int64),
        role=np.empty(most, np.uint8),
        addressed=np.empty(most, np.bool_),
        subject_ends=np.zeros(most + 1, np.int64),
        subject_rows=np.empty(most, np.int64),
        subject_names=np.empty(most, np.int64),
    )
    aside = np.zeros(count, np.bool_)
    concerns, subjects = _route(names, parties, spoken, kinds, np.empty(2 * _CROWD, np.int64), columns, aside)
    cut = Columns(
        mention=columns.mention[:concerns],
        brand=columns.brand[:concerns],
        role=columns.role[:concerns],
        addressed=columns.addressed[:concerns],
        subject_ends=columns.subject_ends[: concerns + 1],
        subject_rows=columns.subject_rows[:subjects],
        subject_names=columns.subject_names[:subjects],
    )
    return cut, np.flatnonzero(aside)


@compiled
def _route(names: Any, parties: Any, spoken: Any, kinds: Any, brands: Any, columns: Any, aside: Any) -> tuple[int, int]:
    concerns = subjects = last = _ZERO
    for row in range(len(kinds)):
        first = last
        while last < len(spoken.rows) and spoken.rows[last] == row:
            last += 1
        if kinds[row] == MIXED or _is_rare(names, row, last - first):
            aside[row] = True
            continue
        author = names.authors + row
        party = names.parties[author]
        if party == NOBODY:
            party = names.parties[names.shown + row]
        if party != NOBODY:
            before = subjects
            subjects = _reply(names, row, kinds[row], columns, subjects)
            addressed = subjects > before
            if not addressed:
                subjects = _tell(columns, subjects, row, author)
            _put(columns, concerns, row, parties.brands[party], parties.roles[party], addressed, subjects)
            concerns += 1
            continue
        found = _find_brands(names, parties, row, brands) if kinds[row] != REPEATED else 0
        for at in range(first, last):
            found = _add(brands, found, spoken.brands[at])
        for at in range(max(found, 1)):
            subjects = _tell(columns, subjects, row, author)
            brand, role = (brands[at], _CUSTOMER) if found else (NO_BRAND, _NONE)
            _put(columns, concerns, row, brand, role, found > 0, subjects)
            concerns += 1
    return int(concerns), int(subjects)


@inner
def _is_rare(names: Any, row: int, spoken: int) -> bool:
    """Whether there is a crowd, or a name that is not ASCII."""
    parties = names.parties
    if parties[names.authors + row] == ODD or parties[names.shown + row] == ODD or parties[names.answered + row] == ODD:
        return True
    crowd = spoken
    for column in (names.mentions, names.handles):
        crowd += column[row + 1] - column[row]
        for at in range(column[row], column[row + 1]):
            if parties[at] == ODD:
                return True
    return crowd > _CROWD


@inner
def _find_brands(names: Any, parties: Any, row: int, brands: Any) -> int:
    """Puts the brands that a customer names into ``brands``, each once, ascending; returns how many."""
    found = _ZERO
    answered = names.parties[names.answered + row]
    if answered != NOBODY:
        found = _add(brands, found, parties.brands[answered])
    for column in (names.mentions, names.handles):
        for at in range(column[row], column[row + 1]):
            party = names.parties[at]
            if party != NOBODY:
                found = _add(brands, found, parties.brands[party])
    return int(found)


@inner
def _add(brands: Any, found: int, brand: int) -> int:
    """Puts a brand where it belongs among ascending ones, unless it is there."""
    place = found
    while place > 0 and brands[place - 1] > brand:
        place -= 1
    if place > 0 and brands[place - 1] == brand:
        return found
    for at in range(found, place, -1):
        brands[at] = brands[at - 1]
    brands[place] = brand
    return found + 1


@inner
def _reply(names: Any, row: int, kind: int, columns: Any, subjects: int) -> int:
    """Adds the customers that a brand's own post names: whom it answers, then the others, each once."""
    if kind == REPEATED:
        return subjects
    before = subjects
    first, last = names.mentions[row], names.mentions[row + 1]
    for at in range(first - 1, last):
        name = names.answered + row if at < first else at
        if names.parties[name] != NOBODY or names.ends[name] == names.ends[name + 1]:
            continue
        is_known = _is_same(names, name, names.authors + row)
        for other in range(before, subjects):
            is_known |= _is_same(names, name, columns.subject_names[other])
        if not is_known:
            subjects = _tell(columns, subjects, row, name)
    return subjects


@inner
def _is_same(names: Any, one: int, other: int) -> bool:
    start, begin = names.ends[one], names.ends[other]
    size = names.ends[one + 1] - start
    if names.ends[other + 1] - begin != size:
        return False
    at = 0
    while at < size and names.data[start + at] == names.data[begin + at]:
        at += 1
    return bool(at == size)


@inner
def _tell(columns: Any, subjects: int, row: int, name: int) -> int:
    columns.subject_rows[subjects], columns.subject_names[subjects] = row, name
    return subjects + 1


@inner
def _put(columns: Any, concern: int, row: int, brand: int, role: int, addressed: bool, subjects: int) -> None:
    columns.mention[concern], columns.brand[concern], columns.role[concern] = row, brand, role
    columns.addressed[concern] = addressed
    columns.subject_ends[concern + 1] = subjects
