"""The shipped workers as processes of a benchmark, and what they cost."""

import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from config.dump import dump_toml
from config.errors import UnheardError
from config.settings import Settings
from streams.bench.children import child_environment
from streams.bench.usage import Usage, usage
from streams.runtime import processes
from streams.runtime.supervisor import Supervisor, WorkerSpec, worker_specs

__all__ = ["Crew", "Usage", "crew", "usage"]

READY_SECONDS: Final = 120.0
_ANSWER_SECONDS: Final = 5.0
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


class Crew:
    """Workers that run; ``check`` raises when one has died."""

    def __init__(self, supervisor: Supervisor, ports: dict[str, int]) -> None:
        self._supervisor, self._ports = supervisor, ports

    def pids(self) -> dict[str, int]:
        """Process ids by name: classify-0, care-0, and so on."""
        return self._supervisor.pids()

    def usage(self) -> dict[str, Usage]:
        """What each worker has used so far."""
        return {name: usage(pid) for name, pid in self.pids().items()}

    def check(self) -> None:
        """Raises UnheardError with the last words of a worker that ended."""
        self._supervisor.check()

    def await_ready(self, seconds: float = READY_SECONDS) -> float:
        """Until every worker says that it is: it has joined its group, and recovered what it has to know. The last
        monotonic instant at which one of them was not."""
        last = [time.monotonic()]

        def all_ready() -> bool:
            self.check()
            asked = time.monotonic()
            ready = all(_answers(port) for port in self._ports.values())
            last[0] = last[0] if ready else asked
            return ready

        if not processes.await_true(all_ready, seconds):
            raise UnheardError(f"the workers were not ready within {seconds:g} s")
        return last[0]

    def metrics(self, name: str) -> dict[tuple[str, str], float]:
        """Figures of one worker by (metric, labels as Prometheus writes them)."""
        with urllib.request.urlopen(_address(self._ports[name], "metrics"), timeout=_ANSWER_SECONDS) as answer:
            text = answer.read().decode()
        return {(found[1], found[2] or ""): float(found[3]) for found in _SAMPLE.finditer(text)}


@contextmanager
def crew(settings: Settings, directory: Path, *, classify: int = 1, care: int = 1) -> Iterator[Crew]:
    """So many workers for the length of a block, each with its log in a folder of its own under ``directory``. Raises
    UnheardError when one dies; none is started again, since what they do is being measured."""
    directory.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="crew-", dir=directory))
    config = home / "unheard.toml"
    config.write_text(dump_toml(settings, reveal=True))
    specs = worker_specs(settings, classify=classify, care=care, config=config)
    ports = {spec.name: processes.free_port() for spec in specs}
    own = [_on_port(spec, ports[spec.name]) for spec in specs]
    supervisor = Supervisor(own, base=child_environment(home), log_dir=home, restart=False)
    try:
        supervisor.start()
        yield Crew(supervisor, ports)
    finally:
        supervisor.stop()


def _on_port(spec: WorkerSpec, port: int) -> WorkerSpec:
    kind = spec.name.partition("-")[0].upper()
    return msgspec.structs.replace(spec, environment=spec.environment | {f"UNHEARD_METRICS__{kind}_PORT": str(port)})


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(_address(port, "readyz"), timeout=_ANSWER_SECONDS):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _address(port: int, path: str) -> str:
    return f"http://{processes.LOOPBACK}:{port}/{path}"
