"""Training on a small made-up set, and what the shipped model claims about the real one."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from config.errors import UnheardError
from models import artefact
from models.escalation import decide, intent_scores, platt
from models.judge import Judge
from models.records import INTENTS, REASONS
from models.training import Row, best_threshold, calibration_error, load_rows, train

DATA = Path(__file__).parents[3] / "shared" / "data" / "labelled.jsonl"
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
    return train(made_up_rows(), "0" * 64)


def test_training_twice_gives_the_same_bytes(model: artefact.Artefact, tmp_path: Path) -> None:
    artefact.save(model, tmp_path / "a")
    artefact.save(train(made_up_rows(), "0" * 64), tmp_path / "b")
    for name in ("weights.npy", "model.json"):
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
    assert train(rows, "0" * 64).parameters.version != model.parameters.version


def test_too_few_examples_of_anything_are_refused() -> None:
    with pytest.raises(UnheardError, match="review, escalation, safety"):
        train([row for row in made_up_rows() if row.intent != "review" and not row.reasons], "0" * 64)


def test_a_broken_training_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    with pytest.raises(UnheardError, match=r"labelled\.jsonl"):
        load_rows(file)
    file.write_text('{"id":"a","text":"b","intent":"issue","reasons":[]}\n{"id":"c"}\n', encoding="utf-8")
    with pytest.raises(UnheardError, match="line 2"):
        load_rows(file)


def test_softmax_and_platt_by_hand() -> None:
    np.testing.assert_allclose(intent_scores(np.array([[0.0, np.log(3.0)]]), 1.0), [[0.25, 0.75]])
    np.testing.assert_allclose(intent_scores(np.array([[0.0, np.log(9.0)]]), 2.0), [[0.25, 0.75]])
    assert platt(np.array([0.0, 1e9]), np.array([2.0, 1.0]), np.array([0.0, 0.0])).tolist() == [0.5, pytest.approx(1)]


def test_a_flagged_text_names_at_least_its_nearest_reason() -> None:
    thresholds = np.array([0.5, 0.4, 0.2])
    probabilities = np.array([[0.6, 0.1, 0.1], [0.6, 0.5, 0.3], [0.4, 0.9, 0.9]])
    escalate, reasons = decide(probabilities, thresholds)
    assert escalate.tolist() == [True, True, False]
    assert reasons.tolist() == [0b10, 0b11, 0]


def test_the_best_threshold_is_the_one_of_the_highest_f1() -> None:
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    assert best_threshold(probabilities, np.array([True, True, False, True, False])) == 0.6
    assert best_threshold(probabilities, np.array([True, False, False, False, False])) == 0.9


def test_calibration_error_by_hand() -> None:
    assert calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])) == 0
    assert calibration_error(np.array([0.95, 0.95]), np.array([False, False])) == pytest.approx(0.95)


def test_the_model_card_states_the_scores_of_the_shipped_model() -> None:
    parameters = artefact.load().parameters
    card = (artefact.SHIPPED.parent / "README.md").read_text(encoding="utf-8")
    intent, escalation = parameters.scores["intent"], parameters.scores["escalation"]
    for part in ("all", "service", "wide"):
        cells = [intent[part]["macro_f1"], *(intent[part]["f1"][name] for name in INTENTS[:-1])]
        assert " | ".join(f"{value:.3f}" for value in cells) in card
    assert parameters.version in card
    assert f"{escalation['f1']:.3f}" in card
    assert f"{escalation['average_precision']:.3f}" in card
    for name in REASONS:
        assert f"{name} {escalation['reason_f1'][name]:.2f}" in card


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_the_shipped_model_was_trained_on_the_shared_data_and_knows_it() -> None:
    rows, data_sha256 = load_rows(DATA)
    parameters = artefact.load().parameters
    assert parameters.training["data_sha256"] == data_sha256 == hashlib.sha256(DATA.read_bytes()).hexdigest()
    some = rows[::20]
    judged = Judge.load().judge([row.text for row in some], np.zeros(len(some), np.bool_))
    hits = sum(INTENTS[code] == row.intent for code, row in zip(judged.intent, some, strict=True))
    assert hits / len(some) > 0.9  # it has seen them; a mismatch of features would give chance
