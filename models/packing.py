"""Many texts as one buffer, so that a batch is one call of compiled code."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Self

import msgspec
import numpy as np

from models.compiled import compiled
from models.features import Bytes, Ints


def pack(texts: Sequence[str]) -> tuple[Bytes, Ints]:
    """All texts as one UTF-8 buffer and n + 1 offsets. Lone surrogates are kept as their three bytes."""
    joined = "".join(texts)
    data = np.frombuffer(joined.encode("utf-8", "surrogatepass"), np.uint8)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    if len(data) != len(joined):
        _to_byte_offsets(data, ends)
    return data, ends


class Strings(msgspec.Struct, frozen=True):
    """n strings side by side: string i is the UTF-8 in ``data[offsets[i]:offsets[i + 1]]``. Reads like a sequence of
    ``str``, each made when it is asked for."""

    data: Bytes
    offsets: Ints

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        return cls(*pack(list(texts)))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return bytes(self.data[self.offsets[index] : self.offsets[index + 1]]).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        whole, ends = bytes(self.data), self.offsets.tolist()
        for start, end in pairwise(ends):
            yield whole[start:end].decode("utf-8", "surrogatepass")


@compiled
def _to_byte_offsets(data: Any, ends: Any) -> None:
    """Turn offsets in code points into offsets in bytes, in place."""
    points = 0
    row = 1
    for at in range(len(data)):
        if data[at] & 0xC0 != 0x80:
            while row < len(ends) and ends[row] == points:
                ends[row] = at
                row += 1
            points += 1
    while row < len(ends):
        ends[row] = len(data)
        row += 1
