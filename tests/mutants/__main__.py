"""``scripts/mutants``: plant each mistake in a copy of the tree, run the tests that must notice it, and tell."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tests.mutants.catalogue import ROOT, Mutant, load_mutants, plant

_LIMIT_SECONDS: Final = 300
_COPIED: Final = ("config", "models", "streams", "scripts", "tests", "pyproject.toml", "README.md")
# Enough to notice a mistake; a survivor can be tried with more.
_SEARCH: Final = {"UNHEARD_SEEDS": "400", "UNHEARD_EXAMPLES": "300"}
_VERDICTS: Final = {0: "SURVIVED", 1: "caught"}  # pytest's exit codes; any other means that the tests did not run


class Tried(NamedTuple):
    verdict: str
    seconds: float
    first_failure: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to try; all of them without names")
    parser.add_argument("--list", action="store_true", help="tell what there is, and try nothing")
    options = parser.parse_args()
    mutants = load_mutants()
    unknown = set(options.names) - {mutant.name for mutant in mutants}
    if unknown:
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    chosen = [mutant for mutant in mutants if not options.names or mutant.name in options.names]
    if options.list:
        for mutant in chosen:
            _say(f"{mutant.name:40}  {mutant.why}")
        return 0
    return _try_all(chosen)


def _try_all(mutants: Iterable[Mutant]) -> int:
    escaped = total = 0
    for mutant in mutants:
        tried = try_mutant(mutant)
        total, escaped = total + 1, escaped + (tried.verdict != "caught")
        _say(f"{tried.verdict:9} {tried.seconds:6.1f} s  {mutant.name:40}  {tried.first_failure}")
    _say(f"{total - escaped} of {total} mistakes caught")
    return 1 if escaped else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def try_mutant(mutant: Mutant) -> Tried:
    """Run the mutant's tests in a copy of the tree that has the mistake."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="unheard-mutant-") as folder:
        copy = Path(folder)
        _copy_tree(copy)
        plant(mutant, copy)
        ran = _run_tests(copy, mutant.tests)
    verdict = _VERDICTS.get(ran.returncode, f"BROKEN {ran.returncode}")
    lines = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    return Tried(verdict, time.monotonic() - started, lines[0].removeprefix("FAILED ").split(" - ")[0] if lines else "")


def _copy_tree(target: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy2(source, target / name)


def _run_tests(root: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        **_SEARCH,
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(ROOT / "models" / "__pycache__"),  # kernels are not compiled for each of them
    }
    options = ["-x", "-p", "no:cacheprovider", "-m", "not kafka and not embedded and not data and not long"]
    command = [sys.executable, "-m", "pytest", *options, "--timeout", str(_LIMIT_SECONDS), *tests]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
