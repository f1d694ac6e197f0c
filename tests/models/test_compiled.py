"""Goal: machine code is kept where it can be, and never outlives what it was made of. Method: folders and packages
made for the test, and the files that the shipped kernels are made of."""

import sys
from pathlib import Path

import pytest

import models.scan
from models.compiled import cache_folder, digest, sources_of

ROOT = Path(models.scan.__file__).parents[1]


def test_machine_code_goes_to_the_first_place_that_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = cache_folder([file / "below", tmp_path / "cache"], "1")
    assert folder is not None
    assert folder.parent == tmp_path / "cache"
    assert folder.is_dir()
    assert cache_folder([tmp_path / "cache"], "1") == folder
    assert cache_folder([tmp_path / "cache"], "2") != folder


def test_without_any_place_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert cache_folder([file / "below"], "1") is None


IMPORTS = {
    "models/one.py": "from models.two import (\n    A,\n    B,\n)\nimport numpy as np\n",
    "models/two.py": "import streams.stages.three as three\nfrom models import four\n",
    "streams/stages/three.py": "from models.one import C\n",
    "models/four.py": "from config.load import D\nfrom nowhere import E\n",
    "models/five.py": "F = 1\n",
    "config/load.py": "D = 1\n",
}


def packages(root: Path, changed: str = "") -> Path:
    for name, source in IMPORTS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(source + ("G = 2\n" if name == changed else ""), encoding="utf-8")
    return root / "models/one.py"


def test_a_kernel_is_made_of_its_module_and_of_all_that_it_imports_of_ours(tmp_path: Path) -> None:
    found = sources_of(packages(tmp_path), tmp_path)
    wanted = {"models/one.py", "models/two.py", "models/four.py", "streams/stages/three.py"}
    assert {path.relative_to(tmp_path).as_posix() for path in found} == wanted


@pytest.mark.parametrize("changed", IMPORTS)
def test_the_digest_changes_with_what_is_imported_and_with_nothing_else(tmp_path: Path, changed: str) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    same = digest(packages(before), before) == digest(packages(after, changed), after)
    assert same is (changed in {"models/five.py", "config/load.py"})


@pytest.mark.parametrize("name", ["models.scan", "streams.stages.mention_table"])
def test_all_that_a_shipped_module_loads_of_ours_is_found(name: str) -> None:
    found = {path.relative_to(ROOT).with_suffix("").as_posix() for path in sources_of(_file(name), ROOT)}
    seen = {
        getattr(value, "__module__", "").replace(".", "/")
        for value in vars(sys.modules[name]).values()
        if getattr(value, "__module__", None)
    }
    assert {module for module in seen if module.startswith(("models", "streams"))} <= found


def _file(name: str) -> Path:
    __import__(name)
    file = sys.modules[name].__file__
    assert file is not None
    return Path(file)
