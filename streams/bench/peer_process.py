"""Runs a program of ``streams.bench.peer_programs``, once or several times in one group; installs Quix Streams."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.children import child_environment
from streams.runtime import processes

_ROOT: Final = Path(__file__).parents[2]
_QUIX_NEEDS: Final = Path(__file__).parent / "peer_programs" / "quix.txt"
_START_SECONDS: Final = 90.0  # imports, the model, and joining a group
_STOP_SECONDS: Final = 10.0
_INSTALL_SECONDS: Final = 300.0
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Job(msgspec.Struct, frozen=True):
    """What the programs are to do: all of ``count`` mentions, or as many as they manage in ``seconds``."""

    settings: Settings
    source: str  # topic
    output: str  # topic
    model: Path
    count: int
    seconds: float
    directory: Path


class Done(msgspec.Struct, frozen=True):
    """What a program says of itself."""

    marks: list[tuple[float, int]]  # (monotonic time, mentions so far), from the first record to the last
    cpu_seconds: float  # of the processor in that time, the client's threads included

    @property
    def mentions(self) -> int:
        return self.marks[-1][1] if self.marks else 0


def rate_of(done: Sequence[Done]) -> float:
    """Mentions a second of all together, in the time in which all were at work: one joins the group before the other.
    Where that is less than half of the whole, in the whole."""
    curves = [np.array(one.marks, np.float64) for one in done if one.mentions]
    if not curves:
        return 0.0
    first, last = min(curve[0, 0] for curve in curves), max(curve[-1, 0] for curve in curves)
    start, end = max(curve[0, 0] for curve in curves), min(curve[-1, 0] for curve in curves)
    if len(curves) < len(done) or end - start < (last - first) / 2:
        start, end = first, last
    counts = [np.interp([start, end], curve[:, 0], curve[:, 1]) for curve in curves]
    return float(sum(count[1] - count[0] for count in counts) / max(1e-9, end - start))


def run_program(name: str, job: Job, *, python: Path, processes_wanted: int = 1) -> list[Done]:
    """Start the program so often, in one consumer group of its own, and await the ends.

    Raises UnheardError with the last words of one that did not tell how far it came.
    """
    home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=job.directory))
    group = f"{name}-{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as running:
        started = [
            running.enter_context(_Program(name, job, python, group, home / str(number)))
            for number in range(processes_wanted)
        ]
        return [program.result() for program in started]


class _Program:
    """A process for the length of a block."""

    def __init__(self, name: str, job: Job, python: Path, group: str, home: Path) -> None:
        home.mkdir(parents=True)
        self._name, self._log = name, home / "log"
        told = {
            "bootstrap": job.settings.kafka.bootstrap_servers,
            "group": group,
            "input": job.source,
            "output": job.output,
            "model": job.model,
            "directory": home,
            "partitions": job.settings.topics.raw_partitions,
            "count": job.count,
            "seconds": job.seconds,
        }
        options = [f"--{option}={value}" for option, value in told.items()]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(python), "-m", f"streams.bench.peer_programs.{name}", *options],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=child_environment(home) | _ONE_THREAD,
                start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
                preexec_fn=processes.die_with_parent,  # noqa: PLW1509
            )
        self._alarm = threading.Timer(_START_SECONDS + 3 * job.seconds, self._process.kill)
        self._alarm.start()

    def result(self) -> Done:
        """The one line that it prints."""
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        for line in self._process.stdout:
            with contextlib.suppress(msgspec.MsgspecError):
                return msgspec.json.decode(line, type=Done)
        words = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        raise UnheardError(f"{self._name} told nothing: {words[-1][-200:] if words else 'it ended without a word'}")

    def __enter__(self) -> "_Program":
        return self

    def __exit__(self, *_error: object) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        processes.stop(self._process.pid, _STOP_SECONDS)
        self._alarm.cancel()
        if self._process.stdout:
            self._process.stdout.close()


# ---------------------------------------------------------------- Quix Streams


def quix_python(directory: Path) -> Path:
    """A Python with Quix Streams, in an environment under ``directory`` that is made once: what it needs does not go
    together with what we need. Raises UnheardError where it cannot be installed."""
    home = directory / "quix"
    python = home / "bin" / "python"
    ready = home / "ready"
    if ready.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    learning = [f"{package}=={metadata.version(package)}" for package in ("numpy", "scikit-learn")]
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(home)],
        ["pip", "install", "--quiet", "--python", str(python), "-r", str(_QUIX_NEEDS), *learning],
    ):
        _call_uv(command)
    ready.touch()
    return python


def _call_uv(command: Sequence[str]) -> None:
    """With the certificates of the system where its own do not do, as behind a proxy that signs."""
    reason = ""
    for certificates in ((), ("--system-certs",)):
        try:
            done = subprocess.run(
                [_uv(), *command, *certificates],
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
                env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = str(error)
            break
        if done.returncode == 0:
            return
        reason = reason or " ".join(done.stderr.split())
    raise UnheardError(f"quixstreams could not be installed: {reason[:200]}")


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv") or "uv"
