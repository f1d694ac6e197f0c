"""Goal: a damaged file is an error with one line, and no line can take more memory than allowed."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UnheardError
from streams.formats.files import read_chunks, split_lines

CONTENT = b"".join(b"line %d\n" % n for n in range(50_000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip of two members": lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd of two frames": lambda data: (
        zstandard.ZstdCompressor().compress(data[:1000]) + zstandard.ZstdCompressor().compress(data[1000:])
    ),
}


@pytest.mark.parametrize("name", PACKERS)
def test_the_content_is_the_same_however_it_is_packed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(PACKERS[name](CONTENT))
    assert b"".join(read_chunks(path)) == CONTENT


@pytest.mark.parametrize("name", ["gzip", "zstd", "gzip of two members", "zstd of two frames"])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_packed_file_that_ends_too_early_is_an_error(name: str, kept: float, tmp_path: Path) -> None:
    packed = PACKERS[name](CONTENT)
    path = tmp_path / "cut"
    path.write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(UnheardError, match="truncated"):
        list(read_chunks(path))


def test_a_packed_file_with_flipped_bytes_is_an_error(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "bad.gz"
    path.write_bytes(packed)
    with pytest.raises(UnheardError, match=r"damaged|truncated"):
        list(read_chunks(path))


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\xef", b"")), st.integers(1, 50))
def test_lines_do_not_depend_on_where_chunks_are_cut(data: bytes, size: int) -> None:
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    whole = [line.raw for line in split_lines(iter([data]), 1000)]
    assert [line.raw for line in split_lines(iter(chunks), 1000)] == whole
    assert whole == [line.removesuffix(b"\r") for line in data.removesuffix(b"\n").split(b"\n")][: len(whole)]
    assert len(whole) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def test_a_line_above_the_limit_is_cut_and_the_next_one_is_whole() -> None:
    chunks = iter([b"a" * 60, b"a" * 60, b"\nshort\r\n"])
    long, short = split_lines(chunks, 100)
    assert (len(long.raw), long.cut, long.number) == (100, True, 1)
    assert (short.raw, short.cut, short.number) == (b"short", False, 2)


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    (line,) = split_lines(iter([b"\xef\xbb\xbf{}\n"]), 100)
    assert line.raw == b"{}"
