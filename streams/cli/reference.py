"""The tables of README.md that are made from the code. ``scripts/docs`` writes them, a test keeps them true.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. ``scripts/docs --check`` changes nothing.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from config.errors import UnheardError, UsageError
from config.load import DEFAULT_FILES
from config.settings import Settings
from streams.cli import COMMANDS, guard, load_command, plan, stored_figures
from streams.runtime.catalogue import METRICS
from streams.stages import export, rows
from streams.stages.topics import TOPICS, partition_count

_MARKED: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
EXPORTS: Final[tuple[tuple[str, str, type[msgspec.Struct]], ...]] = (
    (export.CLASSIFIED_FILE, "(source, id, brand)", rows.ClassifiedRow),
    (export.COPIES_FILE, "copy of one of those that does not count", rows.ClassifiedRow),
    (export.ESCALATIONS_FILE, "escalated (source, id, brand); the text is masked", rows.EscalationRow),
    (export.CASES_FILE, "case", rows.CaseRow),
    (export.WINDOWS_FILE, "(window of each width, brand, source); brand `*` is all of them", rows.WindowRow),
    (export.GAPS_FILE, "gap in a feed", rows.GapRow),
    (export.LINES_FILE, "run of lines of one kind in a feed, or announcement of the feed", rows.LineRow),
    (export.DLQ_FILE, "rejected line; its bytes stay in the topic", rows.DlqRow),
    (export.META_FILE, "run: one indented object", rows.Meta),
)


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
    lines = ((f"`unheard {entry.name}{_actions(entry.actions)}`", entry.help) for entry in COMMANDS)
    return _table(("command", "what it does"), lines)


def replay_table() -> str:
    command = load_command(next(entry for entry in COMMANDS if entry.name == "replay"))
    options = (param for param in command.params if param.opts[0].startswith("--"))
    return _table(("option", "default", "what it does"), map(_option, options))


def _option(option: Any) -> tuple[str, str, str]:
    default = f"`{option.default}`" if option.default else ""
    return f"`{' '.join([option.opts[0], *_values(option)])}`", default, option.help


def _values(option: Any) -> Iterator[str]:
    """What an option takes, if it takes anything."""
    if option.metavar:
        yield option.metavar
    elif not isinstance(option.default, bool):
        yield "|".join(str(choice) for choice in type(option.default))


def exports_table() -> str:
    lines = ((f"`{file}`", each, ", ".join(f"`{name}`" for name in _names(shape))) for file, each, shape in EXPORTS)
    return _table(("file", "one line for each", "fields"), lines)


def _names(shape: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.encode_name for field in msgspec.structs.fields(shape))


def topics_table() -> str:
    settings = Settings()
    lines = (
        (f"`{spec.name}`", str(partition_count(spec, settings)), spec.key, spec.cleanup, spec.content)
        for spec in TOPICS
    )
    return _table(("topic", "partitions", "key", "cleanup", "what it holds"), lines)


def metrics_table() -> str:
    lines = ((f"`{spec.name}`", spec.kind, ", ".join(spec.labels), spec.help) for spec in METRICS)
    return _table(("metric", "kind", "labels", "what it says"), lines)


def settings_table() -> str:
    lines = (
        (f"`{setting.name}`", f"`{setting.value}`" if setting.value else "unset", setting.comment)
        for setting in read_defaults()
    )
    return _table(("setting", "default", "what and why"), lines)


def bench_table() -> str:
    report = stored_figures.read_stored()
    return _table(*stored_figures.rates(report)) + "\n" + stored_figures.conditions(report)


def latency_table() -> str:
    return _table(*stored_figures.latencies(stored_figures.read_stored()))


def plan_table() -> str:
    """What ``unheard plan`` prints, without a configuration of the user's."""
    costs, settings = plan.read_costs(plan.COSTS_FILE), Settings()
    lines = plan.usual_table(costs, settings, retention="7d")
    return "```console\n$ unheard plan\n" + "".join(f"{line}\n" for line in lines) + "```\n"


TABLES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands_table,
    "replay": replay_table,
    "exports": exports_table,
    "topics": topics_table,
    "metrics": metrics_table,
    "settings": settings_table,
    "bench": bench_table,
    "latency": latency_table,
    "plan": plan_table,
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


def _table(head: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def write(readme: Path, *, check: bool) -> None:
    """Bring the tables of ``readme`` up to date, or with ``check`` raise UnheardError if they are not."""
    text = readme.read_text(encoding="utf-8")
    fresh = render(text)
    if check and fresh != text:
        raise UnheardError(f"the tables of {readme.name} are out of date: run scripts/docs")
    if fresh != text:
        readme.write_text(fresh, encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    if set(arguments) - {"--check"}:
        raise UsageError("usage: scripts/docs [--check]")
    write(Path("README.md"), check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(guard(lambda: main(sys.argv[1:])))
