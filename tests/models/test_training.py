"""Training on a small made-up set, and what the shipped model claims about the real one."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.errors import UnheardError
from models import artefact
from models.corpus import LABELLED, MADE_UP, OWN, Corpus, Row, load_corpus, targets_of
from models.escalation import GRAVE, decide, intent_scores, platt
from models.evaluation import calibration_error
from models.judge import Judge
from models.records import INTENTS, REASONS
from models.training import best_threshold, folds, train

DATA = Path(__file__).parents[3] / "shared" / "data"
PHRASES = {
    "issue": "where is my {} order",
    "praise": "thank you for the great {} service",
    "vent": "you are the worst {} company",
    "review": "the {} seats are better than the others",
    "other": "off to the {} airport",
}
PLACES = "red blue green black white north south east west upper lower inner outer early late first"


def made_up_rows() -> list[Row]:
    rows: list[Row] = []
    for number, place in enumerate(PLACES.split()):
        for intent, phrase in [*PHRASES.items(), *[("issue", PHRASES["issue"])] * 3]:
            reasons = (REASONS[len(rows) % len(REASONS)],) if intent == "issue" else ()
            text = phrase.format(place) + "".join(f" {reason} reason" for reason in reasons)
            rows.append(
                msgspec.convert({"id": f"twcs-{number}", "text": text, "intent": intent, "reasons": reasons}, Row)
            )
    return rows


@pytest.fixture(scope="module")
def model() -> artefact.Artefact:
    return train(Corpus(made_up_rows(), "0" * 64))


def test_training_twice_gives_the_same_bytes(model: artefact.Artefact, tmp_path: Path) -> None:
    artefact.save(model, tmp_path / "a")
    artefact.save(train(Corpus(made_up_rows(), "0" * 64)), tmp_path / "b")
    for name in sorted(file.name for file in (tmp_path / "a").iterdir()):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_what_was_trained_can_be_loaded_and_judges(model: artefact.Artefact, tmp_path: Path) -> None:
    artefact.save(model, tmp_path)
    judged = Judge.load(tmp_path).judge(
        ["where is my purple order urgent reason", "thank you for the great purple service"], np.zeros(2, np.bool_)
    )
    assert [INTENTS[code] for code in judged.intent] == ["issue", "praise"]
    assert judged.escalate.tolist() == [True, False]
    assert judged.reasons[0] & 1 << REASONS.index("urgent")


def test_other_data_give_another_version(model: artefact.Artefact) -> None:
    rows = made_up_rows()
    rows[0] = msgspec.structs.replace(rows[0], text="where is my parcel")
    assert train(Corpus(rows, "0" * 64)).parameters.version != model.parameters.version


def test_too_few_examples_of_anything_are_refused() -> None:
    with pytest.raises(UnheardError, match="review, escalation, safety"):
        train(Corpus([row for row in made_up_rows() if row.intent != "review" and not row.reasons], "0" * 64))


def test_a_broken_training_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    with pytest.raises(UnheardError, match=r"labelled\.jsonl"):
        load_corpus(tmp_path)
    file.write_text('{"id":"a","text":"b","intent":"issue","reasons":[]}\n{"id":"c"}\n', encoding="utf-8")
    with pytest.raises(UnheardError, match="line 2"):
        load_corpus(tmp_path)


def test_softmax_and_platt_by_hand() -> None:
    np.testing.assert_allclose(intent_scores(np.array([[0.0, np.log(3.0)]]), 1.0), [[0.25, 0.75]])
    np.testing.assert_allclose(intent_scores(np.array([[0.0, np.log(9.0)]]), 2.0), [[0.25, 0.75]])
    assert platt(np.array([0.0, 1e9]), np.array([2.0, 1.0]), np.array([0.0, 0.0])).tolist() == [0.5, pytest.approx(1)]


def test_a_flagged_text_names_at_least_its_nearest_reason() -> None:
    thresholds = np.array([0.5, *[0.4] * 3, *[0.2] * 4])
    probabilities = np.array(
        [[0.9, *[0.01] * 3, 0.15, *[0.01] * 3], [0.6, 0.5, *[0.1] * 5, 0.3], [0.0, *[0.0] * 3, 0.9, *[0.0] * 3]]
    )
    escalate, reasons = decide(probabilities, thresholds)
    assert escalate.tolist() == [True, True, False]
    assert reasons.tolist() == [0b1000, 0b1000001, 0]


@pytest.mark.parametrize("reason", GRAVE)
def test_a_grave_reason_flags_by_itself(reason: str) -> None:
    probabilities = np.full((1, 1 + len(REASONS)), 0.1)
    probabilities[0, 1 + REASONS.index(reason)] = 0.5
    escalate, reasons = decide(probabilities, np.full(1 + len(REASONS), 0.4))
    assert escalate[0]
    assert reasons[0] == 1 << REASONS.index(reason)


def test_the_best_threshold_is_the_one_of_the_highest_f1() -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    assert best_threshold(probabilities, np.array([True, True, False, True, False])) == 0.6
    assert best_threshold(probabilities, np.array([True, False, False, False, False])) == 0.9


def test_calibration_error_by_hand() -> None:
    assert calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])) == 0
    assert calibration_error(np.array([0.95, 0.95]), np.array([False, False])) == pytest.approx(0.95)


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_the_shipped_model_was_trained_on_the_shared_data_and_knows_it() -> None:
    corpus = load_corpus(DATA)
    parameters = artefact.load().parameters
    assert parameters.training["data_sha256"] == corpus.sha256
    some = [row for row in corpus.rows if row.kind == LABELLED][::20]
    judged = Judge.load().judge([row.text for row in some], np.zeros(len(some), np.bool_))
    hits = sum(INTENTS[code] == row.intent for code, row in zip(judged.intent, some, strict=True))
    assert hits / len(some) > 0.8  # it has seen them; a mismatch of features would give chance


def test_labels_by_id_take_effect_where_the_texts_are(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    line = '{"id":"x-1","text":"late again","intent":"issue","reasons":["repeat"]}\n'
    (tmp_path / "labelled.jsonl").write_text(line, encoding="utf-8")
    (labels / "mentions.csv").write_text("id,intent,reasons\nx-1,vent,\nx-2,issue,churn urgent\nx-9,vent,\n", "utf-8")
    (labels / "made_up.jsonl").write_text('{"text":"I will sue","intent":"vent","reasons":["legal"]}\n', "utf-8")
    alone = load_corpus(tmp_path, labels)
    assert [(row.text, row.kind) for row in alone.rows] == [("late again", LABELLED), ("I will sue", MADE_UP)]
    (tmp_path / "unlabelled.jsonl").write_text('{"id":"x-1","text":"?"}\n{"id":"x-2","text":"stuck"}\n', "utf-8")
    both = load_corpus(tmp_path, labels)
    assert [(row.text, row.reasons) for row in both.rows if row.kind == OWN] == [("stuck", ("churn", "urgent"))]
    assert both.sha256 != alone.sha256


def test_made_up_mentions_are_learned_from_and_never_measured() -> None:
    rows = made_up_rows()
    rows[3] = msgspec.structs.replace(rows[3], kind=MADE_UP)
    for seen, held_out in folds(targets_of(rows)):
        assert 3 in seen
        assert 3 not in held_out


def test_no_group_is_on_both_sides_of_a_fold() -> None:
    rows = made_up_rows()
    groups = np.array([row.id for row in rows])
    for seen, held_out in folds(targets_of(rows), groups):
        assert not set(groups[seen]) & set(groups[held_out])
