"""The phrase rules against the stored labels, where the data that these are of are at hand."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from models.judge import Judge
from models.records import CHANNELS

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "models" / "labels"
TEXTS = ROOT.parent / "shared" / "data" / "twcs_sample.csv"

needs_texts = pytest.mark.skipif(not TEXTS.exists(), reason="../shared/data/twcs_sample.csv is not here")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts_of(labels: list[dict[str, str]]) -> list[str]:
    texts: dict[str, str] = {}
    for row in rows_of(TEXTS):
        texts.setdefault(row["tweet_id"], row["text"])
    return [texts[label["tweet_id"]] for label in labels]


def precision_and_recall(pairs: Iterable[tuple[bool, bool]]) -> tuple[float, float]:
    """Of (labelled, found)."""
    known = list(pairs)
    right = sum(labelled and found for labelled, found in known)
    return right / sum(found for _, found in known), right / sum(labelled for labelled, _ in known)


def test_labels_are_ids_and_codes_without_texts() -> None:
    diversion, closing = rows_of(LABELS / "diversion.csv"), rows_of(LABELS / "closing.csv")
    assert len({row["tweet_id"] for row in diversion}) == len(diversion) >= 600
    assert len({row["tweet_id"] for row in closing}) == len(closing) >= 600
    assert {channel for row in diversion for channel in row["channels"].split()} == set(CHANNELS[1:])
    assert {row["closes"] for row in closing} == {row["doubtful"] for row in diversion + closing} == {"0", "1"}
    assert all(row["tweet_id"].isdigit() for row in diversion + closing)


@needs_texts
@pytest.mark.parametrize(("doubtful", "precision", "recall"), [(False, 0.97, 0.96), (True, 0.97, 0.90)])
def test_diverting_replies_are_found(judge: Judge, doubtful: bool, precision: float, recall: float) -> None:
    labels = [row for row in rows_of(LABELS / "diversion.csv") if doubtful or row["doubtful"] == "0"]
    found = judge.judge(texts_of(labels), np.ones(len(labels), np.bool_)).diverts
    reached = precision_and_recall((bool(row["channels"]), bool(code)) for row, code in zip(labels, found, strict=True))
    assert reached[0] >= precision
    assert reached[1] >= recall


@needs_texts
def test_the_channel_of_a_diversion_is_one_that_the_reader_named(judge: Judge) -> None:
    labels = [row for row in rows_of(LABELS / "diversion.csv") if row["doubtful"] == "0" and row["channels"]]
    found = judge.judge(texts_of(labels), np.ones(len(labels), np.bool_)).diverts
    named = [(row["channels"].split(), CHANNELS[code]) for row, code in zip(labels, found, strict=True) if code]
    assert sum(channel == channels[0] for channels, channel in named) >= 0.97 * len(named)


@needs_texts
@pytest.mark.parametrize(("doubtful", "precision", "recall"), [(False, 0.93, 0.88), (True, 0.88, 0.80)])
def test_closing_answers_are_found(judge: Judge, doubtful: bool, precision: float, recall: float) -> None:
    labels = [row for row in rows_of(LABELS / "closing.csv") if doubtful or row["doubtful"] == "0"]
    found = judge.judge(texts_of(labels), np.zeros(len(labels), np.bool_)).closes
    reached = precision_and_recall((row["closes"] == "1", bool(code)) for row, code in zip(labels, found, strict=True))
    assert reached[0] >= precision
    assert reached[1] >= recall
