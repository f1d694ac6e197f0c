"""Sorts more than memory holds: sorted runs on disk, merged while they are read.

Memory is bounded by one run (``run_items`` items or ``run_bytes`` of their payload) while sorting, and by
``MERGE_WIDTH`` chunks while reading, whatever the number of items.
"""

import heapq
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, TypeVar

import msgspec

from config.errors import UnheardError

T = TypeVar("T", bound=tuple[Any, ...])

MERGE_WIDTH: Final = 64
_CHUNK_ITEMS: Final = 512
_CHUNK_BYTES: Final = 1 << 20
_LENGTH: Final = struct.Struct("<I")


class ExternalSort(Generic[T]):
    """Collects tuples and hands them out in their own order, as often as asked.

    ``item`` is the tuple's type (MessagePack carries it to disk and back); ``size`` tells the payload bytes of one.
    Tuples must differ before any element that cannot be compared. The files live in a directory of this object's own
    under ``parent`` (default: the system's temporary directory) until :meth:`close`.
    """

    def __init__(
        self,
        item: type[T],
        size: Callable[[T], int],
        run_items: int = 100_000,
        run_bytes: int = 64 << 20,
        parent: Path | None = None,
    ) -> None:
        self._decode = msgspec.msgpack.Decoder(list[item]).decode  # type: ignore[valid-type]  # a type at run time
        self._encode = msgspec.msgpack.Encoder().encode
        self._size, self._run_items, self._run_bytes, self._parent = size, run_items, run_bytes, parent
        self._memory: list[T] = []
        self._memory_bytes = 0
        self._runs: list[Path] = []
        self._directory: Path | None = None
        self._is_sorted = False
        self._named = 0

    def add(self, item: T) -> None:
        """Raises UnheardError when the disk is full."""
        self._memory.append(item)
        self._memory_bytes += self._size(item)
        self._is_sorted = False
        if len(self._memory) >= self._run_items or self._memory_bytes >= self._run_bytes:
            self._spill()

    def extend(self, items: Iterable[T]) -> None:
        for item in items:
            self.add(item)

    @property
    def runs(self) -> int:
        """How many sorted files there are; 0 while everything fits in memory."""
        return len(self._runs)

    def __iter__(self) -> Iterator[T]:
        if not self._is_sorted:
            self._memory.sort()
            self._is_sorted = True
        if not self._runs:
            return iter(self._memory)
        self._narrow()
        return heapq.merge(self._memory, *(self._read(path) for path in self._runs))

    def close(self) -> None:
        """Remove the files. Nothing can be read afterwards."""
        self._memory, self._runs = [], []
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    # ------------------------------------------------------------ runs on disk

    def _spill(self) -> None:
        self._memory.sort()
        self._runs.append(self._write(self._memory))
        self._memory, self._memory_bytes = [], 0

    def _narrow(self) -> None:
        """Merge runs until there are few enough to read all at once."""
        while len(self._runs) > MERGE_WIDTH:
            batch, self._runs = self._runs[:MERGE_WIDTH], self._runs[MERGE_WIDTH:]
            self._runs.append(self._write(heapq.merge(*(self._read(path) for path in batch))))
            for path in batch:
                path.unlink()

    def _write(self, items: Iterable[T]) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="unheard-sort-", dir=self._parent))
        self._named += 1
        path = self._directory / f"{self._named}.run"
        try:
            with path.open("wb") as file:
                for chunk in self._chunks(items):
                    file.write(_LENGTH.pack(len(chunk)))
                    file.write(chunk)
        except OSError as error:
            raise UnheardError(f"cannot sort in {self._directory}: {error.strerror or error}") from None
        return path

    def _chunks(self, items: Iterable[T]) -> Iterator[bytes]:
        chunk: list[T] = []
        size = 0
        for item in items:
            chunk.append(item)
            size += self._size(item)
            if len(chunk) >= _CHUNK_ITEMS or size >= _CHUNK_BYTES:
                yield self._encode(chunk)
                chunk, size = [], 0
        if chunk:
            yield self._encode(chunk)

    def _read(self, path: Path) -> Iterator[T]:
        with path.open("rb") as file:
            while chunk := _read_chunk(file):
                yield from self._decode(chunk)


def _read_chunk(file: BinaryIO) -> bytes:
    header = file.read(_LENGTH.size)
    return file.read(_LENGTH.unpack(header)[0]) if header else b""
