"""The list of mistakes keeps up with the code; ``scripts/mutants`` plants them."""

import shutil
from pathlib import Path

import pytest

from tests.mutants.__main__ import try_mutant
from tests.mutants.catalogue import ROOT, Mutant, load_mutants, plant

MUTANTS = load_mutants()


def test_there_are_enough_mistakes_with_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mistake_has_its_place_in_the_code(mutant: Mutant, tmp_path: Path) -> None:
    (tmp_path / mutant.file).parent.mkdir(parents=True)
    shutil.copy2(ROOT / mutant.file, tmp_path / mutant.file)
    plant(mutant, tmp_path)
    assert (tmp_path / mutant.file).read_text(encoding="utf-8") != (ROOT / mutant.file).read_text(encoding="utf-8")


def test_a_mistake_that_no_test_notices_is_told() -> None:
    harmless = Mutant(
        name="harmless",
        file="streams/stages/limits.py",
        before="MAX_COUNTERS: Final = 4",
        after="MAX_COUNTERS: Final = 2 + 2",
        tests=("tests/stages/test_limits.py",),
        why="nothing",
    )
    assert try_mutant(harmless).verdict == "SURVIVED"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mistake_is_caught(mutant: Mutant) -> None:
    assert try_mutant(mutant).verdict == "caught", mutant.why
