"""Each command explains itself with an example and ends with the right code and one clear line."""

import errno
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from config.errors import UnheardError, UsageError
from streams.cli import COMMANDS, guard, load_command, run_command


def paths() -> Iterator[tuple[str, ...]]:
    for entry in COMMANDS:
        yield from ((entry.name, action) for action in entry.actions)
        if not entry.actions:
            yield (entry.name,)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: unheard {' '.join(path)}" in text
    example = text.partition("Example")[2]
    assert f"unheard {' '.join(path)}" in " ".join(example.split())


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_option_is_explained(entry: Any) -> None:
    command = load_command(entry)
    commands = list(command.commands.values()) if entry.actions else [command]
    unexplained = [
        f"{one.name} {option.opts[0]}"
        for one in commands
        for option in one.params
        if option.param_type_name == "option" and not option.help
    ]
    assert unexplained == []


def test_the_listing_has_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([]) == 0
    text = capsys.readouterr().out
    for entry in COMMANDS:
        assert f"\n  {entry.name} " in text
        assert entry.help in text


def test_the_listing_imports_no_command() -> None:
    code = (
        "import sys; from streams.cli import run_command; run_command(['--help']);"
        "heavy = {'numpy', 'numba', 'sklearn', 'faust', 'confluent_kafka', 'kafka', 'pyarrow', 'pydantic', 'rich'};"
        "print('imported:', sorted(heavy & set(sys.modules)))"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "imported: []"
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["confg"], "No such command 'confg'"),
        (["config"], "Missing command"),
        (["config", "shw"], "Did you mean 'show'?"),
        (["config", "show", "--colour"], "No such option"),
        (["--log-level", "loud", "config", "check"], "unknown log level 'loud'"),
    ],
)
def test_a_wrong_request_is_one_line_and_code_2(
    args: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("unheard: ")
    assert words in line


def fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UnheardError("no broker at h:1"), 1, "unheard: no broker at h:1\n"),
        (UsageError("a: wrong\nb: wrong"), 2, "unheard: a: wrong\nunheard: b: wrong\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "unheard: cannot write: No space left on device\n"),
    ],
)
def test_errors_end_in_their_code(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(lambda: fail(error)) == code
    assert capsys.readouterr().err == text


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        guard(lambda: 1 / 0)


def test_the_result_of_the_work_is_the_code() -> None:
    assert guard(lambda: 3) == 3
    assert guard(lambda: None) == 0


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out.startswith("unheard 0.")
