"""Goal: the picture shows what was measured and nothing else. Method: reports with parts missing; the SVG itself where
Altair is installed."""

from pathlib import Path

import pytest

from config.errors import UnheardError
from streams.bench.picture import bars_of, draw

REPORT = {
    "raw_copy": {"median": 150_000, "runs": [140_000, 150_000, 155_000]},
    "classify": {"median": 80_000, "runs": [80_000]},
    "end_to_end": {"error": "no broker"},
    "peers": {"faust_per_event": {"median": 300, "runs": [290, 300, 310]}, "quix_per_message": {"error": "missing"}},
    "machine": {"cores": 2},
}


def test_what_was_measured_is_shown_the_fastest_first() -> None:
    assert [(bar.kind, bar.median, bar.least, bar.most) for bar in bars_of(REPORT)] == [
        ("the limit", 150_000, 140_000, 155_000),
        ("Unheard", 80_000, 80_000, 80_000),
        ("others", 300, 290, 310),
    ]


def test_a_run_without_figures_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="nothing was measured"):
        draw({"raw_copy": {"error": "x"}}, tmp_path / "bench.svg")


def test_the_picture_says_its_figures(tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="Altair is not installed: .venv/bin/uv sync --group bench")
    draw(REPORT, tmp_path / "bench.svg")
    drawn = (tmp_path / "bench.svg").read_text()
    assert all(said in drawn for said in ("150,000", "80,000", ">300<", "Faust, per event", "median of 3 interleaved"))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="Altair is not installed: .venv/bin/uv sync --group bench")
    with pytest.raises(UnheardError, match="cannot write"):
        draw(REPORT, tmp_path / "none" / "bench.svg")
