"""A state as chunks that fit into Kafka records, and back.

A snapshot is a stream of parts (MessagePack); each part is cut into chunks of at most ``CHUNK_BYTES``. Every chunk
carries a version, its number, and a digest that also covers the chunk before it, so that a lost, swapped, altered or
foreign chunk is noticed. The last chunk is empty and says that nothing follows.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from streams.stages.fold import BlockError

CHUNK_BYTES: Final = 500_000
_MAGIC: Final = b"UHS2"  # the version is its last character
_HEADER: Final = struct.Struct("<4sIB16s")  # magic, number, kind, digest
_MORE, _PART_ENDS, _ALL_ENDS = 0, 1, 2
_BODY_BYTES: Final = CHUNK_BYTES - _HEADER.size

T = TypeVar("T")


def dump_chunks(obj: Any) -> Iterator[bytes]:
    """The chunks of a state that is small enough to be encoded in one piece."""
    return dump_parts((obj,))


def load_chunks(chunks: Iterable[bytes], type: type[T]) -> T:  # noqa: A002 - reads best at the call
    """Inverse of :func:`dump_chunks`. Raises BlockError for chunks that are damaged or of another version."""
    parts = list(load_parts(chunks))
    if len(parts) != 1:
        raise BlockError(f"snapshot: {len(parts)} parts where one was expected")
    return decode_part(parts[0], type)


def dump_parts(parts: Iterable[Any]) -> Iterator[bytes]:
    """The chunks of a large state, given in parts, so that only one part is encoded at a time."""
    number, digest = 0, b""
    for part in parts:
        body = memoryview(msgspec.msgpack.encode(part))
        while True:
            kind = _PART_ENDS if len(body) <= _BODY_BYTES else _MORE
            piece = body[:_BODY_BYTES]
            digest = _digest(digest, number, kind, piece)
            yield _HEADER.pack(_MAGIC, number, kind, digest) + piece
            number, body = number + 1, body[_BODY_BYTES:]
            if kind == _PART_ENDS:
                break
    yield _HEADER.pack(_MAGIC, number, _ALL_ENDS, _digest(digest, number, _ALL_ENDS, b""))


def load_parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The encoded parts of :func:`dump_parts`, one at a time. Raises BlockError."""
    digest, pieces, kind, number = b"", [], _MORE, -1
    for number, chunk in enumerate(chunks):
        if kind == _ALL_ENDS:
            raise BlockError("snapshot: chunks after its end")
        kind, digest, piece = _open_chunk(chunk, number, digest)
        pieces.append(piece)
        if kind == _PART_ENDS:
            yield b"".join(pieces)
            pieces = []
    if kind != _ALL_ENDS:
        raise BlockError(f"snapshot: ends early, after {number + 1} chunks")


def decode_part(part: bytes, type: type[T]) -> T:  # noqa: A002 - reads best at the call
    """One part as a value of ``type``. Raises BlockError."""
    try:
        return msgspec.msgpack.decode(part, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BlockError(f"snapshot: {error}") from error


def _open_chunk(chunk: bytes, number: int, before: bytes) -> tuple[int, bytes, memoryview]:
    if len(chunk) < _HEADER.size or chunk[:4] != _MAGIC:
        raise BlockError(f"snapshot: chunk {number} is not one of version {_MAGIC.decode()}")
    _, written, kind, digest = _HEADER.unpack_from(chunk)
    piece = memoryview(chunk)[_HEADER.size :]
    if written != number or digest != _digest(before, number, kind, piece):
        raise BlockError(f"snapshot: chunk {number} is damaged")
    return kind, digest, piece


def _digest(before: bytes, number: int, kind: int, piece: bytes | memoryview) -> bytes:
    digest = hashlib.blake2b(before + struct.pack("<IB", number, kind), digest_size=16)
    digest.update(piece)
    return digest.digest()
