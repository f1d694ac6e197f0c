"""The mentions of a batch, column by column: what every step of classify reads, and compiled steps read directly."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Self, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packing import Strings
from models.records import Mention

Ints = NDArray[np.int64]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Mention).decode


class Coded(msgspec.Struct, frozen=True):
    """A column of few different strings: string i is ``names[codes[i]]``. Codes count from 0 in order of the first
    appearance."""

    codes: Ints
    names: tuple[str, ...]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(string, len(numbers)) for string in strings]
        return cls(np.array(codes, np.int64), tuple(numbers))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> str:
        return self.names[int(self.codes[index])]

    def __iter__(self) -> Iterator[str]:
        names = self.names
        return iter([names[code] for code in self.codes.tolist()])


class MentionTable(msgspec.Struct, frozen=True):
    """n mentions; columns have the names of ``Mention``'s fields. Of mention i, ``mentions[mention_ends[i]:
    mention_ends[i + 1]]`` are those it names, and so for ``handles``. Reads like a sequence of ``Mention``, each
    decoded when it is asked for: for steps that look at few."""

    values: Sequence[bytes]  # the JSON of each
    id: Strings
    author: Strings
    text: Strings
    handle: Strings
    reply_to_author: Strings
    source: Coded
    feed: Coded
    mentions: Strings
    mention_ends: Ints
    handles: Strings
    handle_ends: Ints
    created_at_ms: Ints
    followers: Ints
    verified: NDArray[np.bool_]
    epoch: Ints
    seq: Ints
    feed_time_ms: Ints
    silent_ms: Ints

    @classmethod
    def of(cls, mentions: Sequence[Mention]) -> Self:
        """The columns of mentions that were decoded one by one."""
        return cls(
            values=[_encode(m) for m in mentions],
            id=Strings.of(m.id for m in mentions),
            author=Strings.of(m.author for m in mentions),
            text=Strings.of(m.text for m in mentions),
            handle=Strings.of(m.handle for m in mentions),
            reply_to_author=Strings.of(m.reply_to_author for m in mentions),
            source=Coded.of(m.source for m in mentions),
            feed=Coded.of(m.feed for m in mentions),
            mentions=Strings.of(name for m in mentions for name in m.mentions),
            mention_ends=_ends(len(m.mentions) for m in mentions),
            handles=Strings.of(name for m in mentions for name in m.handles),
            handle_ends=_ends(len(m.handles) for m in mentions),
            created_at_ms=_ints(m.created_at_ms for m in mentions),
            followers=_ints(m.followers for m in mentions),
            verified=np.array([m.verified for m in mentions], np.bool_),
            epoch=_ints(m.epoch for m in mentions),
            seq=_ints(m.seq for m in mentions),
            feed_time_ms=_ints(m.feed_time_ms for m in mentions),
            silent_ms=_ints(m.silent_ms for m in mentions),
        )

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> Mention: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mention]: ...
    def __getitem__(self, index: int | slice) -> Mention | list[Mention]:
        if isinstance(index, slice):
            return [_decode(value) for value in self.values[index]]
        return _decode(self.values[index])

    def __iter__(self) -> Iterator[Mention]:
        return map(_decode, self.values)


def _ints(numbers: Iterable[int]) -> Ints:
    """A number that does not fit is 0: those that matter were checked before."""
    return np.array([number if abs(number) < 2**63 else 0 for number in numbers], np.int64)


def _ends(counts: Iterable[int]) -> Ints:
    sizes = np.array(list(counts), np.int64)
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends
