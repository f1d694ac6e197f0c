"""The documents keep their promises: tables are those of the code, commands exist, links lead somewhere."""

import os
import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from config.errors import UnheardError
from config.load import load_settings
from streams.cli import COMMANDS, load_command
from streams.cli.reference import TABLES, read_defaults, render
from streams.runtime.catalogue import METRICS
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


def test_the_tables_leave_nothing_out() -> None:
    text = render("".join(f"<!-- table: {name} -->\n<!-- end -->\n" for name in TABLES))
    for name in [entry.name for entry in COMMANDS]:
        assert f"| `unheard {name}" in text
    for name in [spec.name for spec in (*TOPICS, *METRICS)]:
        assert f"| `{name}` |" in text
    for section, fields in load_settings(environ={}).model_dump(exclude={"brands"}).items():
        for field in set(fields) - {"severity"}:
            assert f"| `{section}.{field}` |" in text


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
