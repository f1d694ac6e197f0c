"""Where machine code is kept."""

from pathlib import Path

from models.compiled import cache_folder


def test_machine_code_goes_to_the_first_place_that_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = cache_folder([file / "below", tmp_path / "cache"])
    assert folder is not None
    assert folder.parent == tmp_path / "cache"
    assert folder.is_dir()
    assert cache_folder([tmp_path / "cache"]) == folder


def test_without_any_place_nothing_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert cache_folder([file / "below"]) is None
