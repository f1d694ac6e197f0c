"""The list of mistakes in ``mutants.toml``, and what makes an entry valid."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).with_name("mutants.toml")


class Mutant(msgspec.Struct, frozen=True):
    """One mistake: in ``file``, ``before`` (which occurs there once) becomes ``after``. ``tests`` are pytest arguments;
    at least one of those tests must fail. ``why`` says what the mistake would do to the account."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    why: str


def load_mutants() -> list[Mutant]:
    """All entries. Raises msgspec.ValidationError for one of another shape."""
    return msgspec.convert(tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"], list[Mutant])


def plant(mutant: Mutant, root: Path) -> None:
    """Make the mistake in the tree at ``root``. Raises ValueError unless its place is there exactly once."""
    file = root / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.before) != 1:
        raise ValueError(f"{mutant.name}: {mutant.file} has its place {text.count(mutant.before)} times, not once")
    file.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
