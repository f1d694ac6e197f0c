"""A quick run of ``scripts/bench judge`` on invented texts and an invented model."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models import artefact
from models.judge import Judge
from streams.bench import judge as bench
from streams.bench import rivals
from streams.bench.__main__ import main
from streams.bench.judge import REPLIES, UNHEARD
from streams.bench.rivals import FASTTEXT_MISSING, Label, train_scikit
from tests.models.invented import random_model

SUBJECTS = ("the parcel", "my order", "your app", "the driver", "this shop")
INTENTS = {
    "issue": ("where is {} please?", ["repeat"]),
    "praise": ("I love {} so much, thank you!", []),
    "vent": ("{} is a joke, pathetic", ["churn"]),
    "review": ("{} is better than the other one, but slow", []),
    "other": ("off to see {} with friends", []),
}


def rows(labelled: bool) -> Iterator[dict[str, object]]:
    for number in range(60):
        for subject in SUBJECTS:
            for intent, (pattern, reasons) in INTENTS.items():
                row: dict[str, object] = {"text": f"{pattern.format(subject)} {number}"}
                yield row | ({"intent": intent, "reasons": reasons} if labelled else {})
        yield {"text": f"@{number} sorry! please DM us", "reply": True}


def write(file: Path, labelled: bool) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows(labelled)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    artefact.save(random_model(), folder)
    Judge.load(folder)  # whoever measures a warm start must have started once
    return folder


def test_a_quick_run_measures_ours_its_parts_and_the_others(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "texts.jsonl", labelled=True)
    assert main(["judge", "--quick", "--json", "--texts", str(file), "--model", str(model)]) == 0
    printed = capsys.readouterr().out.splitlines()
    report = json.loads(printed[-1])
    names = [timing["name"] for timing in report["timings"]]
    assert names[0] == UNHEARD
    assert sum(name.startswith("unheard: ") for name in names) == 5
    assert {REPLIES, "scikit-learn"} <= set(names)
    assert all(timing["us_min"] <= timing["us"] <= timing["us_max"] for timing in report["timings"])
    assert report["rounds"] == 1
    assert report["replies"] == 60
    assert report["start_up"]["warm_s"] > 0
    assert report["start_up"]["cold_s"] is None
    assert report["machine"]["cpu"]
    quality = {one["name"]: one for one in report["quality"]}
    assert quality["scikit-learn"]["intent_macro_f1"] > 0.9  # five patterns are easily learned
    assert quality[UNHEARD]["intent_macro_f1"] < 0.5  # and random weights know nothing
    assert any(line.startswith("goal: 150,000 a second") for line in printed)


def test_without_labels_the_others_learn_our_verdicts_and_no_score_is_claimed(tmp_path: Path, model: Path) -> None:
    file = write(tmp_path / "texts.jsonl", labelled=False)
    report = bench.run(bench.Plan(texts=file, model=str(model), rounds=1, quick=True))
    assert report.quality == []
    assert any("our own verdicts" in note for note in report.notes)


def test_without_fasttext_one_line_says_so(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    file = write(tmp_path / "texts.jsonl", labelled=True)
    report = bench.run(bench.Plan(texts=file, model=str(model), rounds=1, quick=True))
    assert FASTTEXT_MISSING in report.notes
    assert "fastText" not in [timing.name for timing in report.timings]


def test_fasttext_answers_for_each_text_in_both_ways() -> None:
    pytest.importorskip("fasttext", reason="fastText is not installed: .venv/bin/uv sync --group bench")
    labels = [Label(str(row["text"]), str(row["intent"]), False) for row in rows(True) if "intent" in row]
    texts = ["where is my order please?\nnow", "I love your app so much, thank you!"]
    assert rivals.train_fasttext(labels).predict(texts) == (["issue", "praise"], [])


def test_labels_of_one_kind_train_nobody() -> None:
    assert train_scikit([Label("a", "issue", False), Label("b", "issue", False)]) is None


def test_parts_are_prepared_as_the_judge_does_it(model: Path) -> None:
    judge = Judge.load(model)
    texts = [
        bench.Text("write to jo@example.com"),
        bench.Text("please DM us", reply=True),
        bench.Text("thanks, solved!"),
    ]
    batch = bench._prepare(judge, bench.Scanner(), texts)
    assert [text for text, _ in batch.personal] == [texts[0].text]
    assert batch.diverting == [texts[1].text]
    assert [text for text, _ in batch.closing] == [texts[2].text]
    np.testing.assert_array_equal(batch.skip, [False, True, False])


@pytest.mark.parametrize("rounds", ["0", "-1", "x", "1001"])
def test_rounds_out_of_range_are_a_wrong_request(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["judge", "--rounds", rounds])
    assert ended.value.code == 2
    assert "no number from 1 to 1000" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "--texts", str(tmp_path / "none.jsonl")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
