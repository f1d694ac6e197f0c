"""The texts that the benchmarks judge: a file, the project's data where they are at hand, or the sample firehose."""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.errors import UnheardError
from models.corpus import load_corpus
from streams.sample.firehose import make_firehose

DATA: Final = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
_LABELLED: Final = "labelled.jsonl"
_UNLABELLED: Final = "unlabelled.jsonl"
_THREADS: Final = "twcs_sample.csv"
_SAMPLE_LINES: Final = 20_000
_SEED: Final = 7


class Text(msgspec.Struct, frozen=True):
    """One line of a file. ``intent`` and ``reasons`` are labels, if it has any."""

    text: str
    reply: bool = False  # a brand's own
    intent: str = ""
    reasons: tuple[str, ...] = ()


class Texts(msgspec.Struct, frozen=True):
    """What to judge, in an order that mixes the sources."""

    rows: list[Text]
    source: str  # for the reader
    labels_sha256: str = ""  # of what a model would be trained on

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.rows]

    @property
    def replies(self) -> NDArray[np.bool_]:
        return np.array([row.reply for row in self.rows], np.bool_)


def load_texts(file: Path | None, limit: int = 0, data: Path = DATA) -> Texts:
    """Texts of ``file``; else those in the folder ``data``, if it is there; else those of the sample firehose.

    At most ``limit``, if that is not 0. Raises UnheardError for a file that cannot be read or holds no texts.
    """
    if file is not None:
        found = Texts(_read_lines(file), file.name, _sha256(file))
    elif (data / _LABELLED).exists():
        found = _read_data(data)
    else:
        found = Texts(_sample(), "the sample firehose")
    if not found.rows:
        raise UnheardError(f"there are no texts in {found.source}")
    order = np.random.default_rng(_SEED).permutation(len(found.rows)).tolist()
    return msgspec.structs.replace(found, rows=[found.rows[place] for place in order[: limit or None]])


def _read_data(data: Path) -> Texts:
    rows, names = _read_lines(data / _LABELLED), [_LABELLED]
    if (data / _UNLABELLED).exists():
        rows += _read_lines(data / _UNLABELLED)
        names.append(_UNLABELLED)
    if (data / _THREADS).exists():
        rows += _read_replies(data / _THREADS)
        names.append(f"the brands' replies in {_THREADS}")
    return Texts(rows, ", ".join(names), load_corpus(data).sha256)


def _read_lines(file: Path) -> list[Text]:
    """JSON lines with "text", and perhaps "reply", "intent" and "reasons"."""
    decoder = msgspec.json.Decoder(Text)
    rows = []
    for number, line in enumerate(_read(file).splitlines(), start=1):
        try:
            rows.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnheardError(f"{file}, line {number}: {error}") from error
    return rows


def _read_replies(file: Path) -> list[Text]:
    table = csv.DictReader(_read(file).decode("utf-8", "replace").splitlines(keepends=True))
    return [Text(row["text"] or "", reply=True) for row in table if row["inbound"] == "False"]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnheardError(f"cannot read {file}: {error.strerror or error}") from error


def _sha256(file: Path) -> str:
    return hashlib.sha256(_read(file)).hexdigest()


class _Said(msgspec.Struct, frozen=True):
    text: str
    verified: bool = False  # in the sample only the brands are


def _sample() -> list[Text]:
    said = _mentions(line.raw for line in make_firehose(_SAMPLE_LINES).lines if line.post)
    return [Text(one.text, one.verified) for one in said]


def _mentions(lines: Iterable[bytes]) -> list[_Said]:
    decoder = msgspec.json.Decoder(_Said)
    return [decoder.decode(line) for line in lines]
