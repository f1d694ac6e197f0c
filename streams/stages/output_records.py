"""Records for one topic, as columns: a batch's values lie in one buffer, and each is cut out when it is sent."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.features import Bytes, Ints


class ByteStrings(msgspec.Struct, frozen=True):
    """n byte strings side by side: string i is ``data[ends[i]:ends[i + 1]]``. Reads like a sequence of ``bytes``, each
    made when it is asked for."""

    data: Bytes
    ends: Ints

    @classmethod
    def of(cls, strings: Sequence[bytes]) -> Self:
        ends = np.zeros(len(strings) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=ends[1:])
        return cls(np.frombuffer(b"".join(strings), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, index: int) -> bytes:
        return self.data[self.ends[index] : self.ends[index + 1]].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        whole = self.data.tobytes()  # cutting bytes is faster than cutting anything else
        return (whole[start:end] for start, end in pairwise(self.ends.tolist()))

    def sizes(self) -> Ints:
        """Bytes of each."""
        return np.diff(self.ends)


class Records(msgspec.Struct, frozen=True):
    """Records for one topic. Reads like a sequence of (partition, key, value)."""

    partitions: NDArray[np.int64]
    keys: ByteStrings
    values: ByteStrings

    @classmethod
    def of(cls, records: Iterable[tuple[int, bytes, bytes]]) -> Self:
        made = list(records)
        return cls(
            np.array([partition for partition, _, _ in made], np.int64),
            ByteStrings.of([key for _, key, _ in made]),
            ByteStrings.of([value for _, _, value in made]),
        )

    def __len__(self) -> int:
        return len(self.partitions)

    def __iter__(self) -> Iterator[tuple[int, bytes, bytes]]:
        return zip(self.partitions.tolist(), self.keys, self.values, strict=True)
