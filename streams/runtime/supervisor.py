"""Starts worker processes, watches them, restarts those that die, and leaves none behind."""

import contextlib
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime import processes

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 10.0
_RESTARTS: Final = 5
_RESTART_SPAN_SECONDS: Final = 300.0
_REFUSAL_SECONDS: Final = 20.0
_PORT_STEP: Final = 10


class WorkerSpec(msgspec.Struct, frozen=True):
    """One process: ``unheard`` with ``arguments``, and what it finds in its environment."""

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str] = {}


class Supervisor:
    """Owns the processes of ``specs`` from :meth:`start` to :meth:`stop`.

    With ``restart`` a process that dies is started again, at most five times in five minutes, unless it said no with
    an exit code soon after the start: what it lacked then (a topic, a port, a model) it lacks again. Without it the
    first death is an error. Standard error of each process goes to ``log_dir/NAME.log``, or is inherited without one.
    """

    def __init__(
        self, specs: Sequence[WorkerSpec], *, base: Mapping[str, str], log_dir: Path | None, restart: bool
    ) -> None:
        self._specs, self._base, self._log_dir, self._restart = specs, dict(base), log_dir, restart
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._deaths: dict[str, list[float]] = {}
        self._started = 0.0

    def start(self) -> None:
        self._started = time.monotonic()
        for spec in self._specs:
            self._spawn(spec)

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def check(self) -> list[str]:
        """Look after the processes; names of those started again. Raises UnheardError when one stays dead."""
        revived = []
        for spec in self._specs:
            code = self._running[spec.name].poll()
            if code is None:
                continue
            self._bury(spec, code)
            self._spawn(spec)
            revived.append(spec.name)
        return revived

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """SIGTERM to all, SIGKILL to whoever is left after ``timeout_seconds``."""
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + timeout_seconds
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _bury(self, spec: WorkerSpec, code: int) -> None:
        now = time.monotonic()
        deaths = [at for at in self._deaths.get(spec.name, []) if now - at < _RESTART_SPAN_SECONDS]
        self._deaths[spec.name] = [*deaths, now]
        refused = code > 0 and not deaths and now - self._started < _REFUSAL_SECONDS
        if not self._restart or refused or len(deaths) >= _RESTARTS:
            raise UnheardError(f"{spec.name} ended with code {code}: {self._last_words(spec.name)}")

    def _last_words(self, name: str) -> str:
        if self._log_dir is None:
            return "see its messages above"
        path = self._log_dir / f"{name}.log"
        lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
        return lines[-1].removeprefix("unheard: ") if lines else "it said nothing"

    def _spawn(self, spec: WorkerSpec) -> None:
        with self._log_of(spec.name) as log, processes.interrupts_held_back():
            self._running[spec.name] = subprocess.Popen(  # our own interpreter, our own module
                [sys.executable, "-m", "streams.cli", *spec.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._base, **spec.environment},
                start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
                preexec_fn=processes.die_with_parent,  # noqa: PLW1509
            )

    @contextlib.contextmanager
    def _log_of(self, name: str) -> Iterator[int | None]:
        if self._log_dir is None:
            yield None
            return
        with (self._log_dir / f"{name}.log").open("ab") as file:
            yield file.fileno()


def child_environment() -> dict[str, str]:
    """This process's environment, so that a child finds the same packages and settings."""
    return dict(os.environ)


def worker_specs(settings: Settings, *, classify: int, care: int, config: Path | None) -> list[WorkerSpec]:
    """``classify`` and ``care`` workers; number i serves metrics on the configured port + 10 * i. Each has a name that
    lasts through restarts, so that a new classify ends at once the transaction that a killed one left open."""
    crew = secrets.token_hex(4)
    option = () if config is None else ("--config", str(config))
    ports = {"classify": settings.metrics.classify_port, "care": settings.metrics.care_port}
    return [
        WorkerSpec(
            f"{kind}-{index}",
            (kind, *option),
            {
                f"UNHEARD_METRICS__{kind.upper()}_PORT": str(_port(ports[kind], index)),
                "UNHEARD_REPLICA": f"{crew}-{index}",
            },
        )
        for kind, count in (("classify", classify), ("care", care))
        for index in range(count)
    ]


def _port(base: int, index: int) -> int:
    return base + _PORT_STEP * index if base else 0


def supervise(specs: Sequence[WorkerSpec]) -> None:
    """Run ``specs`` until SIGTERM or SIGINT. Raises UnheardError when one stays dead."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    supervisor = Supervisor(specs, base=child_environment(), log_dir=None, restart=True)
    try:
        supervisor.start()
        while not asked.wait(0.5):
            for name in supervisor.check():
                log.warning("%s died and was started again", name)
    finally:
        supervisor.stop()
