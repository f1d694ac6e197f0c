"""What the judge learns from: labelled mentions, labels of our own by id, and made-up mentions of rare, grave matters.

Texts of others stay outside the repository: ``labels/mentions.csv`` holds ids, and takes effect where
``unlabelled.jsonl`` with the texts is beside ``labelled.jsonl``. ``labels/made_up.jsonl`` is ours, text and label.
"""

import csv
import hashlib
import io
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.errors import UnheardError
from models.records import INTENTS, REASONS

LABELS: Final = Path(__file__).parent / "labels"
LABELLED: Final = "labelled"  # kinds of rows
OWN: Final = "own"
MADE_UP: Final = "made up"
WIDE_SOURCES: Final = frozenset({"sxsw", "apple", "sanders", "entity"})  # mostly not addressed to a brand
_Intent = Literal["issue", "praise", "vent", "review", "other"]
_T = TypeVar("_T", bound=msgspec.Struct)


class Row(msgspec.Struct, frozen=True):
    text: str
    intent: _Intent
    reasons: tuple[str, ...]
    id: str = ""
    kind: str = LABELLED

    @property
    def source(self) -> str:
        return self.id.split("-")[0]


class Corpus(msgspec.Struct, frozen=True):
    rows: list[Row]
    sha256: str  # of all the files, in the order in which they are read


class Targets(msgspec.Struct, frozen=True):
    """What is to be learned, one row per text: ``binary`` is (any reason, each reason)."""

    intent: NDArray[np.int64]
    binary: NDArray[np.bool_]
    kind: NDArray[np.str_]

    def of(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Targets":
        return Targets(self.intent[rows], self.binary[rows], self.kind[rows])


class _Unlabelled(msgspec.Struct, frozen=True):
    id: str
    text: str


def load_corpus(folder: Path, labels: Path = LABELS) -> Corpus:
    """``labelled.jsonl`` of ``folder`` and what of ``labels`` applies. Raises UnheardError when the first is missing or
    a line is no row."""
    labelled, unlabelled = folder / "labelled.jsonl", folder / "unlabelled.jsonl"
    own, made_up = labels / "mentions.csv", labels / "made_up.jsonl"
    data = _read(labelled)
    rows = _decode(data, Row, labelled)
    digest = hashlib.sha256(data)
    if unlabelled.exists() and own.exists():
        data, table = _read(unlabelled), _read(own)
        texts = {row.id: row.text for row in _decode(data, _Unlabelled, unlabelled)}
        known = {row.id for row in rows}
        rows += [row for row in _own_rows(table, texts) if row.id not in known]
        digest.update(data + table)
    if made_up.exists():
        data = _read(made_up)
        rows += [msgspec.structs.replace(row, kind=MADE_UP) for row in _decode(data, Row, made_up)]
        digest.update(data)
    return Corpus(rows, digest.hexdigest())


def _own_rows(table: bytes, texts: dict[str, str]) -> list[Row]:
    return [
        msgspec.convert(
            {**line, "text": texts[line["id"]], "reasons": tuple(line["reasons"].split()), "kind": OWN}, Row
        )
        for line in csv.DictReader(io.StringIO(table.decode(), newline=""))
        if line["id"] in texts
    ]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnheardError(f"cannot read the training data {path}: {error.strerror}") from error


def _decode(data: bytes, kind: type[_T], path: Path) -> list[_T]:
    decoder = msgspec.json.Decoder(kind)
    rows = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            rows.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise UnheardError(f"{path}, line {number}: {error}") from error
    return rows


def targets_of(rows: list[Row]) -> Targets:
    flags = [[bool(row.reasons), *(reason in row.reasons for reason in REASONS)] for row in rows]
    binary = np.array(flags, np.bool_).reshape(len(rows), 1 + len(REASONS))
    intent = np.array([INTENTS.index(row.intent) for row in rows], np.int64)
    return Targets(intent, binary, np.array([row.kind for row in rows]))
