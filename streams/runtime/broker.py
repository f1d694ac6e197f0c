"""The embedded broker: ``noida-db`` with its Kafka service alone, on loopback, its data in one directory.

For demos and quick tests. It keeps its data on disk, has no ``offsets_for_times``, and after a kill -9 of a group
member the next join hangs for more than a minute.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError
from streams.runtime import processes

DEFAULT_DIR: Final = Path(".unheard/broker")
START_SECONDS: Final = 15.0
_PROGRAM: Final = "noida-db"
_STATE: Final = "broker.json"
_LOG: Final = "broker.log"
_HARMLESS: Final = "weak version `GLIBC"  # the loader's warning about a symbol that the program can do without


class BrokerState(msgspec.Struct, frozen=True):
    pid: int
    bootstrap: str
    directory: str


def start_broker(directory: Path, port: int = 0, *, with_us: bool = False) -> BrokerState:
    """Start the broker of this directory, or find it running. ``port`` 0 takes a free one. It goes on when we end,
    unless ``with_us``.

    Raises UnheardError when it does not come up.
    """
    running = broker_state(directory)
    if running is not None:
        return running
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    if port and processes.listens(port):
        raise UnheardError(f"port {port} is in use")
    port = port or processes.free_port()
    with contextlib.ExitStack() as undo:
        with processes.interrupts_held_back():
            process = _spawn(directory, port, with_us=with_us)
            undo.callback(processes.stop, process.pid)
        if not processes.await_port(process.pid, port, START_SECONDS):
            raise UnheardError(f"the embedded broker did not come up on port {port}: {_last_words(directory)}")
        state = BrokerState(process.pid, f"{processes.LOOPBACK}:{port}", str(directory))
        (directory / _STATE).write_bytes(msgspec.json.encode(state))
        undo.pop_all()
    return state


def stop_broker(directory: Path) -> bool:
    """Stop the broker of this directory; its data stays. False if none ran."""
    running = broker_state(directory)
    if running is None:
        return False
    processes.stop(running.pid)
    (directory / _STATE).unlink(missing_ok=True)
    return True


def broker_state(directory: Path) -> BrokerState | None:
    """The broker that runs from this directory, if any."""
    state = processes.read_state(directory / _STATE, _PROGRAM)
    return None if state is None else msgspec.convert(state, BrokerState)


@contextmanager
def embedded_broker(directory: Path) -> Iterator[BrokerState]:
    """A broker for the length of a block. Its data is not worth the seconds that an orderly end takes to save it."""
    state = start_broker(directory, with_us=True)
    try:
        yield state
    finally:
        processes.kill(state.pid)
        (Path(state.directory) / _STATE).unlink(missing_ok=True)


def _spawn(directory: Path, port: int, *, with_us: bool) -> "subprocess.Popen[bytes]":
    program = Path(str(files("noida_db").joinpath(_PROGRAM)))
    if not program.is_file():
        raise UnheardError("the embedded broker is not installed (package noida-db)")
    with contextlib.suppress(OSError):  # a read-only installation has it executable already
        program.chmod(0o755)
    command = [str(program), "start", "--data-dir", str(directory / "data"), "--host", processes.LOOPBACK]
    with (directory / _LOG).open("wb") as log:
        return subprocess.Popen(
            [*command, "--only", "kafka", "--kafka-port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_step_back_and_end_with_us if with_us else _step_back,  # noqa: PLW1509
        )


def _step_back() -> None:
    """It answers a fetch of nothing at once instead of waiting, so that idle clients keep it busy (7,000 requests a
    second each were seen): whoever has real work goes first."""
    os.nice(10)


def _step_back_and_end_with_us() -> None:
    _step_back()
    processes.die_with_parent()


def _last_words(directory: Path) -> str:
    """The last line of its log that means something."""
    lines = [line for line in (directory / _LOG).read_text(errors="replace").splitlines() if _HARMLESS not in line]
    return lines[-1] if lines else "it said nothing"
