"""Many values at once to the columns of a ``MentionTable``: memory and shapes around the compiled reader."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from models.features import Bytes, Ints
from models.packing import Strings
from streams.stages.mention_scan import FIELDS, LISTS, TEXTS, read_rows
from streams.stages.mention_table import Coded, MentionTable


def read_mentions(values: Sequence[bytes], size_limit: int) -> tuple[MentionTable, Ints]:
    """The mentions among the values that are written plainly, and which values these are, in their order.

    Of one that is left out a slower decoder has to say what it is; so it is with all above ``size_limit`` bytes.
    """
    data = np.frombuffer(b"\0".join(chain(values, (b"",))), np.uint8)
    starts = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, len(values)) + 1, out=starts[1:])
    columns = _Columns(len(values), len(data))
    rows = columns.read(data, starts, size_limit)
    return columns.table(list(map(values.__getitem__, rows.tolist()))), rows


class _Columns:
    """Room for all that ``count`` values of ``size`` bytes can hold: no string is longer than its JSON, and an item of
    a list takes three bytes. Of most of the room nothing is ever written to, so it costs nothing."""

    def __init__(self, count: int, size: int) -> None:
        self._arena = np.empty((len(TEXTS), size), np.uint8)
        self._figures = np.empty((len(FIELDS), count + 1), np.int64)
        self._items = np.empty((len(LISTS), size // 3 + 2), np.int64)
        self._rows = np.empty(count, np.int64)

    def read(self, data: Bytes, starts: Ints, size_limit: int) -> Ints:
        """Fill the columns; returns the rows of which they are."""
        count = read_rows(data, starts, size_limit, self._arena.reshape(-1), self._figures, self._items, self._rows)
        return self._rows[:count]

    def table(self, values: Sequence[bytes]) -> MentionTable:
        count = len(values)
        numbers: dict[str, Any] = {
            name: self._figures[field, 1 : count + 1] for field, name in enumerate(FIELDS) if name not in TEXTS
        }
        strings = {name: self._strings(name, count) for name in TEXTS if name not in LISTS}
        mentions, mention_ends = self._lists("mentions", count)
        handles, handle_ends = self._lists("handles", count)
        return MentionTable(
            values=values,
            id=strings["id"],
            author=strings["author"],
            text=strings["text"],
            handle=strings["handle"],
            reply_to_author=strings["reply_to_author"],
            source=Coded.alike(strings["source"]),
            feed=Coded.alike(strings["feed"]),
            mentions=mentions,
            mention_ends=mention_ends,
            handles=handles,
            handle_ends=handle_ends,
            created_at_ms=numbers["created_at_ms"],
            followers=numbers["followers"],
            verified=numbers["verified"].astype(np.bool_),
            epoch=numbers["epoch"],
            seq=numbers["seq"],
            feed_time_ms=numbers["feed_time_ms"],
            silent_ms=numbers["silent_ms"],
        )

    def _strings(self, name: str, count: int) -> Strings:
        ends = self._figures[FIELDS.index(name), : count + 1]
        return Strings(self._bytes(name, int(ends[-1])), ends)

    def _lists(self, name: str, count: int) -> tuple[Strings, Ints]:
        """All strings of a column of lists, and where each list ends in them."""
        list_ends = self._figures[FIELDS.index(name), : count + 1]
        ends = self._items[LISTS.index(name), : int(list_ends[-1]) + 1]
        return Strings(self._bytes(name, int(ends[-1])), ends), list_ends

    def _bytes(self, name: str, size: int) -> Bytes:
        data: Bytes = self._arena[TEXTS.index(name), :size]
        data.flags.writeable = False  # as those of all strings: kernels are compiled for one kind
        return data
