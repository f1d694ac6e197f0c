"""How long the judge needs until its first verdict, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from typing import Final

import msgspec

from config.errors import UnheardError

_WARM_RUNS: Final = 3
_LOAD: Final = """
import sys, time
start = time.perf_counter()
from models.judge import Judge
Judge.load(sys.argv[1])
print(time.perf_counter() - start)
"""


class StartUp(msgspec.Struct, frozen=True):
    """Seconds of ``Judge.load`` and its imports, which end with a first verdict."""

    warm_s: float  # machine code and bytecode are in their caches
    cold_s: float | None  # everything is compiled; not measured in a quick run


def measure_start_up(model: str, *, quick: bool) -> StartUp:
    """The best of several warm starts, and one cold one. Raises UnheardError where the judge cannot be loaded."""
    _seconds_to_load(model)  # fills the caches of machine code and bytecode
    warm = min(_seconds_to_load(model) for _ in range(1 if quick else _WARM_RUNS))
    if quick:
        return StartUp(warm, None)
    with tempfile.TemporaryDirectory() as empty:
        return StartUp(warm, _seconds_to_load(model, empty))


def _seconds_to_load(model: str, cache: str = "") -> float:
    """``cache`` is a folder for machine code; none means the usual one."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start would compile half of numba's sources anew
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, model], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise UnheardError(f"a fresh process could not load the judge: {done.stderr.strip()[-200:]}")
    return round(float(done.stdout), 2)
