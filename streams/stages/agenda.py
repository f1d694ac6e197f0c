"""When to look at which conversation.

An entry far ahead is a reference on a page of about a minute, which is small; the page that W has reached is unfolded
into a heap, so that nothing is looked at before its time.
"""

import heapq
from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from streams.stages.case_store import Key

_PAGE_BITS: Final = 16  # a page holds 2**16 ms
_PAGE_MASK: Final = (1 << _PAGE_BITS) - 1


class _Page(NamedTuple):
    """Keys, and the instant of each from the beginning of the page."""

    instants: "array[int]"
    keys: list[Key]


class Agenda:
    """Entries are not removed but go stale: who takes one up compares it with the instant that it knows itself."""

    __slots__ = ("_order", "_pages", "_unfolded", "_unfolded_to")

    def __init__(self) -> None:
        self._pages: dict[int, _Page] = {}
        self._order: list[int] = []  # the pages, the earliest first (a heap)
        self._unfolded: list[tuple[int, Key]] = []  # the entries of unfolded pages (a heap)
        self._unfolded_to: int | None = None  # the last unfolded page

    @property
    def entries(self) -> int:
        """How many entries there are, stale ones included."""
        return len(self._unfolded) + sum(len(page.keys) for page in self._pages.values())

    def enter(self, at_ms: int, key: Key) -> None:
        number = at_ms >> _PAGE_BITS
        if self._unfolded_to is not None and number <= self._unfolded_to:
            heapq.heappush(self._unfolded, (at_ms, key))
            return
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = _Page(array("H"), [])
            heapq.heappush(self._order, number)
        page.instants.append(at_ms & _PAGE_MASK)
        page.keys.append(key)

    def due(self, before_ms: int) -> Iterator[tuple[int, Key]]:
        """Remove and yield the entries before ``before_ms``, in order."""
        while self._order and self._order[0] << _PAGE_BITS < before_ms:
            number = self._unfolded_to = heapq.heappop(self._order)
            page, begin_ms = self._pages.pop(number), number << _PAGE_BITS
            for since_ms, key in zip(page.instants, page.keys, strict=True):
                heapq.heappush(self._unfolded, (begin_ms + since_ms, key))
        while self._unfolded and self._unfolded[0][0] < before_ms:
            yield heapq.heappop(self._unfolded)
