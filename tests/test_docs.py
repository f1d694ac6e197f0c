"""The documents keep their promises: tables are those of the code, commands exist, links lead somewhere."""

import os
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from config.errors import UnheardError, UsageError
from config.load import load_settings
from streams.cli import COMMANDS, load_command
from streams.cli.reference import EXPORTS, TABLES, main, read_defaults, render
from streams.runtime.catalogue import METRICS
from streams.stages import export
from streams.stages.topics import TOPICS

ROOT: Final = Path(__file__).parent.parent
README: Final = ROOT / "README.md"
DOCUMENTS: Final = sorted(
    [README, *(path for folder in ("streams", "models") for path in (ROOT / folder).glob("*.md"))]
)
SHELL_BLOCK: Final = re.compile(r"```(?:console|sh|bash)\n(.*?)```", re.DOTALL)
LINK: Final = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def shell_lines(path: Path) -> list[list[str]]:
    """Commands in the shell blocks of a document, without prompts, variables and what they print."""
    lines = []
    for block in SHELL_BLOCK.findall(path.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                words = shlex.split(line[2:], comments=True)
                while words and re.match(r"[A-Z_]+=", words[0]):
                    words.pop(0)
                lines.append(words)
    return lines


def anchors(path: Path) -> set[str]:
    """Headings as the links of a forge name them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- table: (\w+) -->", text)) == set(TABLES)
    assert render(text) == text, "run scripts/docs"


def test_a_table_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(UnheardError, match="'wishes'"):
        render("<!-- table: wishes -->\n<!-- end -->\n")


def test_an_argument_that_scripts_docs_does_not_know_writes_nothing() -> None:
    with pytest.raises(UsageError, match="--check"):
        main(["--chek"])


def test_the_tables_leave_nothing_out() -> None:
    text = render("".join(f"<!-- table: {name} -->\n<!-- end -->\n" for name in TABLES))
    for name in [entry.name for entry in COMMANDS]:
        assert f"| `unheard {name}" in text
    for name in [spec.name for spec in (*TOPICS, *METRICS)]:
        assert f"| `{name}` |" in text
    for section, fields in load_settings(environ={}).model_dump(exclude={"brands"}).items():
        for field in set(fields) - {"severity"}:
            assert f"| `{section}.{field}` |" in text
    for option in options_of(["unheard", "replay"]) - {"file", "--help"}:
        assert f"| `{option}" in text
    for file, _, _ in EXPORTS:
        assert f"| `{file}` |" in text


def test_every_file_of_an_export_is_in_the_table() -> None:
    names = {value for name, value in vars(export).items() if name.endswith("_FILE")}
    assert {file for file, _, _ in EXPORTS} == names


def test_the_pasted_session_is_one_of_the_shipped_program() -> None:
    """Its account must balance, and each of its headings must be one that the program prints."""
    session = README.read_text(encoding="utf-8").split("<!-- session -->")[1].split("<!-- end -->")[0]
    assert "conservation  difference 0" in session
    source = (ROOT / "streams" / "stages" / "report_text.py").read_text(encoding="utf-8")
    for heading in ("captured", "missed in capture", "missed in care", "capture by feed", "care by brand", "rates"):
        assert heading in session
        assert heading in source


def test_every_setting_in_the_table_says_what_it_is_for() -> None:
    assert [setting.name for setting in read_defaults() if not setting.comment] == []


@each_document
def test_scripts_in_documents_can_be_run(path: Path) -> None:
    scripts = {words[0] for words in shell_lines(path) if words[0].startswith(("scripts/", ".ci/"))}
    assert [script for script in scripts if not os.access(ROOT / script, os.X_OK)] == []


@each_document
def test_commands_and_options_in_documents_exist(path: Path) -> None:
    lines = [["unheard", "demo", *words[1:]] if words[0] == "scripts/demo" else words for words in shell_lines(path)]
    for words in [words for words in lines if words[0] == "unheard"]:
        assert {word for word in words if word.startswith("--")} <= options_of(words), words


def options_of(words: list[str]) -> set[str]:
    entry = next(entry for entry in COMMANDS if entry.name == words[1])
    command = load_command(entry)
    if entry.actions:
        command = command.commands[words[2]]
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@each_document
def test_paths_named_in_documents_exist(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = re.findall(r"`((?:config|models|streams|scripts|tests)/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@each_document
def test_tests_named_in_documents_exist(path: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8")))
    known = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named <= known


def test_conventions_are_numbered_once() -> None:
    numbers = re.findall(r"^\| C(\d+) \|", (ROOT / "streams" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(map(int, numbers)) == list(range(1, len(numbers) + 1))
