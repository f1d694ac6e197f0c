"""Goal: the format is told from the content alone, and what is none is one clear line."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from config.errors import UnheardError
from streams.formats.detect import Format, detect_format
from streams.formats.lines import Good
from tests.formats.samples import LIMITS, TWCS_HEADER, own_line, read_file, twcs_row, write_lines, x_v1_tweet, x_v2_line

EXAMPLES: dict[Format, list[str]] = {
    Format.TWCS: [TWCS_HEADER, twcs_row(1)],
    Format.X_V1: [json.dumps(x_v1_tweet())],
    Format.X_V2: [x_v2_line()],
    Format.JSONL: [own_line(1)],
}


@pytest.mark.parametrize("name", ["file", "wrong.csv", "wrong.jsonl", "wrong.gz"])
@pytest.mark.parametrize("known", EXAMPLES)
def test_the_name_of_the_file_does_not_matter(known: Format, name: str, tmp_path: Path) -> None:
    path = write_lines(tmp_path / name, EXAMPLES[known])
    assert detect_format(path, LIMITS) is known


@pytest.mark.parametrize("known", EXAMPLES)
def test_packed_files_read_like_plain_ones(known: Format, tmp_path: Path) -> None:
    plain = write_lines(tmp_path / "plain", EXAMPLES[known])
    (tmp_path / "gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "zst").write_bytes(zstandard.ZstdCompressor().compress(plain.read_bytes()))
    lines = read_file(plain)
    assert isinstance(lines[0], Good)
    assert read_file(tmp_path / "gz") == read_file(tmp_path / "zst") == lines


@pytest.mark.parametrize(
    ("first", "known"),
    [
        ('{"limit":{"track":3}}', Format.X_V1),
        ('{"control":"heartbeat"}', Format.JSONL),
        ('{"delete":{"status":{"id_str":"1"}}}', Format.X_V1),
        ('{"delete":{"tweet":{"id":"1"}}}', Format.X_V2),
    ],
)
def test_a_control_line_tells_the_format_too(first: str, known: Format, tmp_path: Path) -> None:
    assert detect_format(write_lines(tmp_path / "f", [first]), LIMITS) is known


def test_broken_lines_before_the_first_good_one_do_not_hide_the_format(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "f", ["", "HTTP/1.1 502 Bad Gateway", b"\xff", "[" * 10_000, x_v2_line()])
    assert detect_format(path, LIMITS) is Format.X_V2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"hello\nworld\n", "no format"),
        (b'[{"id":"1"}]', "no format"),
        (b'{"some":"thing"}\n', "no format"),
        (b"id,text\n1,2\n", "no format"),
        ("Größe".encode("utf-16"), "no format"),
        (gzip.compress(own_line(1).encode() * 100)[:-20], "truncated"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnheardError, match=message) as error:
        detect_format(path, LIMITS)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_directory_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="there is no file"):
        detect_format(tmp_path / "none", LIMITS)
    with pytest.raises(UnheardError, match="no regular file"):
        detect_format(tmp_path, LIMITS)
