"""The house rules that a machine can check, over every file of the repository."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
TOP_LEVEL: Final = {
    *("README.md", "LICENSE", "pyproject.toml", "uv.lock", "docker-compose.yml"),
    *("config", "models", "streams", "scripts", "tests"),
}
FOLDERS: Final = ("config", "models", "streams", "scripts", "tests", ".ci")
FILE_LINES: Final = 500
FUNCTION_LINES: Final = 70

# Each package and what it may import of our own; the first match by prefix counts.
PURE: Final = ("streams.stages", "streams.formats", "streams.sample")
PEERS: Final = "streams.bench.peer_programs"
LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "config": ("config",),
    "models": ("models", "config.errors"),
    "streams.stages": ("config", "models", *PURE),
    "streams.formats": ("config", "models", *PURE),
    "streams.sample": ("config", "models", *PURE),
    "streams.runtime": ("config", "models", *PURE, "streams.runtime"),
    "streams.audit": ("config.errors", "models", "streams.audit"),  # another road to the same figures
    "streams.cli": ("config", "models", *PURE, "streams.runtime", "streams.audit", "streams.cli"),
    PEERS: (PEERS,),  # one of them runs in an environment of its own, without us
    "streams.bench": ("config", "models", "streams"),
    "tests.oracle": (
        "tests.oracle",
        "models.records",
        "models.packed",
        "models.counters",
        "config.settings",
    ),  # but for its own tests
}
# A pure step gets time, chance and input as arguments.
IMPURE: Final = {
    *("time", "random", "secrets", "uuid", "socket", "threading", "asyncio", "subprocess", "logging"),
    *("confluent_kafka", "kafka", "faust", "mode", "prometheus_client", "typer", "rich"),
}
CLOCK_CALLS: Final = {"now", "utcnow", "today"}

# In pieces, so that this file does not break its own rules.
WORDS: Final = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error"))
UNFINISHED: Final = re.compile(rf"\b(?:{WORDS})\b")
HOSTS: Final = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.", r"repo1?\." + "maven", "golang" + r"\.org"))
)
MACHINE_PATHS: Final = re.compile(r"(?<![\w.}~-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me|Us" + r"ers)/\w")


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name in {*TOP_LEVEL, ".gitignore"}]
    return sorted(path for path in found + top if "__pycache__" not in path.parts)


def is_python(path: Path) -> bool:
    if path.suffix == ".py":
        return True
    return path.parent.name == "scripts" and path.read_bytes().startswith(b"#!/usr/bin/env python")


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        data = path.read_bytes()
        if b"\0" not in data:
            yield path, data.decode("utf-8", errors="replace")


PYTHON: Final = [path for path in files() if is_python(path)]
by_path = pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_top_level_has_the_agreed_names_only() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout: a user's own files may lie here too")
    present = {name.split("/")[0] for name in tracked.stdout.splitlines() if not name.startswith(".")}
    assert present == TOP_LEVEL


@by_path
def test_dependencies_point_one_way(path: Path) -> None:
    layer = next((layer for layer in LAYERS if within(module_name(path), (layer,))), None)
    if path.name.startswith("test_"):
        layer = None
    ours = [name for name in imports(tree_of(path)) if within(name, ("config", "models", "streams", "tests"))]
    wrong = [name for name in ours if layer and not within(name, LAYERS[layer])]
    assert wrong == [], f"{layer} must not import these"


@by_path
def test_nothing_of_ours_imports_the_programs_that_it_is_measured_against(path: Path) -> None:
    name = module_name(path)
    found = [one for one in imports(tree_of(path)) if within(one, (PEERS,))]
    assert found == [] or within(name, (PEERS, "tests.bench"))


@by_path
def test_pure_steps_know_no_clock_no_chance_and_no_broker(path: Path) -> None:
    name = module_name(path)
    if not within(name, ("models", *PURE)):
        return
    # The sample draws from a generator that it seeds itself.
    allowed = {"random"} if within(name, ("streams.sample",)) else set()
    impure = {found.split(".")[0] for found in imports(tree_of(path))} & (IMPURE - allowed)
    clocks = [
        ast.unparse(node.func)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS
    ]
    assert (impure, clocks) == (set(), [])


@by_path
def test_files_and_functions_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


@by_path
def test_nothing_waits_by_sleeping(path: Path) -> None:
    calls = [ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    names = list(imports(tree_of(path)))
    assert "time." + "sleep" not in [*calls, *names], "wait for an event with a deadline instead"


@by_path
def test_every_test_asserts_and_none_mocks(path: Path) -> None:
    mocks = [name for name in imports(tree_of(path)) if name.split(".")[-1] == "mock" or ".mock." in name]
    assert mocks == []
    silent = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not any(asserts(inner) for inner in ast.walk(node))
    ]
    assert silent == [], "a test that asserts nothing cannot fail"


def asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func).rpartition(".")[2]
    return name == "raises" or name.startswith(("assert_", "check_"))


def test_nothing_is_left_unfinished() -> None:
    assert [str(path) for path, text in texts() if UNFINISHED.search(text) and path.name != "uv.lock"] == []


def test_no_registry_is_named_outside_the_lock_file() -> None:
    assert [str(path) for path, text in texts() if HOSTS.search(text) and path.name != "uv.lock"] == []


def test_no_path_of_a_machine_is_named() -> None:
    found = [f"{path}: {match.group()}" for path, text in texts() for match in MACHINE_PATHS.finditer(text)]
    assert found == []


def test_text_files_are_clean() -> None:
    """UTF-8, Unix line ends, no trailing spaces, one newline at the end."""
    wrong = [
        str(path)
        for path, text in texts()
        if text and ("\r" in text or "\ufffd" in text or re.search(r"[ \t]+$", text, re.MULTILINE) or text[-1] != "\n")
    ]
    assert wrong == []


def test_scripts_can_be_run() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.name.startswith("_")]
    assert scripts
    for path in [*scripts, ROOT / ".ci" / "run"]:
        assert path.stat().st_mode & 0o111, f"{path.name} is not executable"
        assert path.read_bytes().startswith(b"#!"), f"{path.name} has no shebang"
