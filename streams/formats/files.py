"""Opens a file of any compression and cuts it into physical lines of bounded length."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import zstandard

from config.errors import UnheardError

_CHUNK: Final = 1 << 20
GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
PARQUET_MAGIC: Final = b"PAR1"


def read_chunks(path: Path) -> Iterator[bytes]:
    """The content of a plain, gzip or Zstandard file (told by its first bytes) in chunks of about a megabyte.

    Raises UnheardError if the file is missing, unreadable, damaged or ends in the middle of its compression.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic.startswith(GZIP_MAGIC):
                yield from _gzip_chunks(file)
            elif magic == ZSTD_MAGIC:
                yield from _zstd_chunks(file)
            else:
                yield from iter(lambda: file.read(_CHUNK), b"")
    except EOFError:
        raise UnheardError(f"{path} is truncated: its compressed data ends too early") from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise UnheardError(f"{path} is damaged: {error}") from None
    except OSError as error:
        raise UnheardError(f"cannot read {path}: {error.strerror or error}") from None


def _gzip_chunks(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as unpacked:
        yield from iter(lambda: unpacked.read(_CHUNK), b"")


def _zstd_chunks(file: BinaryIO) -> Iterator[bytes]:
    """Every frame of the file; unlike the library's reader this notices a last frame that is cut short."""
    decompressor = zstandard.ZstdDecompressor()
    frame, packed, fresh = decompressor.decompressobj(), b"", True
    while packed := packed or file.read(1 << 16):
        if frame.eof:
            frame = decompressor.decompressobj()
        fresh = False
        yield frame.decompress(packed)
        packed = frame.unused_data if frame.eof else b""
    if fresh or not frame.eof:
        raise EOFError


class PhysicalLine(NamedTuple):
    """One line without its line end. ``cut`` tells that it was longer than allowed and lost its rest."""

    number: int
    raw: bytes
    cut: bool = False


def split_lines(chunks: Iterator[bytes], line_bytes: int) -> Iterator[PhysicalLine]:
    """Cut at newlines (the carriage return before one goes too); a UTF-8 byte order mark at the start is dropped.

    Holds at most one chunk and ``line_bytes`` in memory, however long a line is.
    """
    rest, number, cut = b"", 0, False
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest += first
        if len(rest) > line_bytes:
            rest, cut = rest[:line_bytes], True
        for following in others:
            number += 1
            yield _line(number, rest, cut, line_bytes)
            rest, cut = following, False
    if rest:
        yield _line(number + 1, rest, cut, line_bytes)


def _line(number: int, raw: bytes, cut: bool, line_bytes: int) -> PhysicalLine:
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    if len(raw) > line_bytes:
        return PhysicalLine(number, raw[:line_bytes], cut=True)
    return PhysicalLine(number, raw.removesuffix(b"\r"), cut)
