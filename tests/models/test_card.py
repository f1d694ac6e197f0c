"""The model card says what was measured, and of the model that ships."""

from pathlib import Path
from xml.etree import ElementTree

from models import artefact, card


def test_the_card_and_its_plot_are_those_of_the_shipped_model() -> None:
    parameters, text = artefact.load().parameters, card.CARD.read_text(encoding="utf-8")
    assert card.with_scores(text, parameters) == text
    assert card.PLOT.read_text(encoding="utf-8") == card.calibration_plot(parameters)


def test_other_scores_change_the_card() -> None:
    parameters = artefact.load().parameters
    before = card.scores_section(parameters)
    parameters.scores["intent"]["all"]["macro_f1"] = 0.123
    assert "| all (" in before
    assert "0.123" not in before
    assert "0.123" in card.scores_section(parameters)


def test_the_plot_has_a_dot_for_each_bin() -> None:
    parameters = artefact.load().parameters
    drawn = ElementTree.fromstring(card.calibration_plot(parameters))
    dots = drawn.iter("{http://www.w3.org/2000/svg}circle")
    assert len(list(dots)) == len(parameters.scores["intent"]["reliability"])


def test_what_stands_around_the_scores_stays(tmp_path: Path) -> None:
    parameters = artefact.load().parameters
    file = tmp_path / "README.md"
    file.write_text(f"before\n{card.BEGIN}\nold\n{card.END}\nafter\n", encoding="utf-8")
    card.main(file, tmp_path / "plot.svg")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert parameters.version in text
    assert "old" not in text
