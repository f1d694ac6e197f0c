"""The mentions of a batch, column by column: what every step of classify reads, and compiled steps read directly."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Self, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.packing import Strings
from models.records import Mention
from streams.stages.interning import number_alike

Ints = NDArray[np.int64]
Runs = Sequence[tuple[int, int]]  # [from, to), ascending

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

    @classmethod
    def alike(cls, strings: Strings) -> Self:
        """The same from a column of many."""
        return cls(*number_alike(strings))

    def stretches(self, runs: Runs) -> Self:
        """What lies in these stretches, numbered anew."""
        codes = _stretches(self.codes, runs)
        order = list(dict.fromkeys(codes.tolist()))
        numbers = np.empty(len(self.names), np.int64)
        numbers[order] = np.arange(len(order))
        return type(self)(numbers[codes], tuple(self.names[code] for code in order))

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self.names[code] for code in self.codes[index].tolist()]
        return self.names[int(self.codes[index])]

    def __iter__(self) -> Iterator[str]:
        return iter(self[:])


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

    def without(self, places: Sequence[int]) -> Self:
        """All but the mentions at these few places, which ascend."""
        runs = [(low + 1, high) for low, high in pairwise((-1, *places, len(self)))]
        named = [(int(self.mention_ends[low]), int(self.mention_ends[high])) for low, high in runs]
        handles = [(int(self.handle_ends[low]), int(self.handle_ends[high])) for low, high in runs]
        return type(self)(
            values=[value for low, high in runs for value in self.values[low:high]],
            id=_strings(self.id, runs),
            author=_strings(self.author, runs),
            text=_strings(self.text, runs),
            handle=_strings(self.handle, runs),
            reply_to_author=_strings(self.reply_to_author, runs),
            source=self.source.stretches(runs),
            feed=self.feed.stretches(runs),
            mentions=_strings(self.mentions, named),
            mention_ends=_sums(_stretches(np.diff(self.mention_ends), runs)),
            handles=_strings(self.handles, handles),
            handle_ends=_sums(_stretches(np.diff(self.handle_ends), runs)),
            created_at_ms=_stretches(self.created_at_ms, runs),
            followers=_stretches(self.followers, runs),
            verified=_stretches(self.verified, runs),
            epoch=_stretches(self.epoch, runs),
            seq=_stretches(self.seq, runs),
            feed_time_ms=_stretches(self.feed_time_ms, runs),
            silent_ms=_stretches(self.silent_ms, runs),
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
    """A number that does not fit is -1, which nothing may be."""
    return np.array([number if abs(number) < 2**63 else -1 for number in numbers], np.int64)


def _ends(counts: Iterable[int]) -> Ints:
    return _sums(np.array(list(counts), np.int64))


def _sums(sizes: Ints) -> Ints:
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends


def _stretches(column: Any, runs: Runs) -> Any:
    return np.concatenate([column[low:high] for low, high in runs])


def _strings(strings: Strings, runs: Runs) -> Strings:
    ends = strings.offsets
    data = _stretches(strings.data, [(int(ends[low]), int(ends[high])) for low, high in runs])
    data.flags.writeable = False  # as that of all strings: kernels are compiled for one kind
    return Strings(data, _sums(_stretches(np.diff(ends), runs)))
