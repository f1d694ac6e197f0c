"""The tables of README.md that are made from the code. ``scripts/docs`` writes them, a test keeps them true.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from config.errors import UnheardError
from config.load import DEFAULT_FILES
from config.settings import Settings
from streams.cli import COMMANDS, guard
from streams.runtime.catalogue import METRICS
from streams.stages.topics import TOPICS, partition_count

_MARKED: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class Setting(NamedTuple):
    """One line of ``default.toml``: ``section.field``, the value as written, the comment above it."""

    name: str
    value: str
    comment: str


def render(text: str) -> str:
    """``text`` with each marked table made anew. Raises UnheardError for a name that no table has."""

    def replace(match: re.Match[str]) -> str:
        if match[2] not in TABLES:
            raise UnheardError(f"no generated table is called {match[2]!r}")
        return match[1] + TABLES[match[2]]() + match[3]

    return _MARKED.sub(replace, text)


def commands_table() -> str:
    rows = ((f"`unheard {entry.name}{_actions(entry.actions)}`", entry.help) for entry in COMMANDS)
    return _table(("command", "what it does"), rows)


def topics_table() -> str:
    settings = Settings()
    rows = (
        (f"`{spec.name}`", str(partition_count(spec, settings)), spec.key, spec.cleanup, spec.content)
        for spec in TOPICS
    )
    return _table(("topic", "partitions", "key", "cleanup", "what it holds"), rows)


def metrics_table() -> str:
    rows = ((f"`{spec.name}`", spec.kind, ", ".join(spec.labels), spec.help) for spec in METRICS)
    return _table(("metric", "kind", "labels", "what it says"), rows)


def settings_table() -> str:
    rows = (
        (f"`{setting.name}`", f"`{setting.value}`" if setting.value else "unset", setting.comment)
        for setting in read_defaults()
    )
    return _table(("setting", "default", "what and why"), rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands_table,
    "topics": topics_table,
    "metrics": metrics_table,
    "settings": settings_table,
}


def read_defaults(file: Path = DEFAULT_FILES[0]) -> Iterator[Setting]:
    """The settings of ``default.toml`` with their comments, in its order; one that is commented out has no value."""
    section, comment = "", ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(.+)\]", line):
            section, comment = match[1], ""
        elif match := re.fullmatch(r"(# )?(\w+) = (.*)", line):
            yield Setting(f"{section}.{match[2]}", "" if match[1] else match[3], comment)
            comment = ""
        elif line.startswith("# "):
            comment = f"{comment} {line[2:].strip()}".strip()
        else:
            comment = ""


def _actions(actions: tuple[str, ...]) -> str:
    return f" {'|'.join(actions)}" if actions else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def write(readme: Path, *, check: bool) -> None:
    """Bring the tables of ``readme`` up to date, or with ``check`` raise UnheardError if they are not."""
    text = readme.read_text(encoding="utf-8")
    fresh = render(text)
    if check and fresh != text:
        raise UnheardError(f"the tables of {readme.name} are out of date: run scripts/docs")
    if fresh != text:
        readme.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(guard(lambda: write(Path("README.md"), check="--check" in sys.argv[1:])))
