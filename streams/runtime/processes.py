"""Processes that outlive the command that started them, found again by their pid.

Standard library only: scripts use it before there is an environment.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.05
_PR_SET_PDEATHSIG: Final = 1


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def runs(pid: int) -> bool:
    """Whether the process lives; one that ended and was not reaped yet does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def is_program(pid: int, word: str) -> bool:
    """Whether ``pid`` still is the program whose command line has ``word``: pids are used again."""
    if not runs(pid):
        return False
    try:
        return word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def stop(pid: int, seconds: float = 10.0) -> None:
    """SIGTERM, then SIGKILL for a process that does not end in time."""
    for sign, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if await_true(lambda: not runs(pid), patience):
            return


def die_with_parent() -> None:
    """Have the kernel end this process with its parent (Linux), so that not even ``kill -9`` leaves orphans. For
    ``preexec_fn``; the parent is the thread that starts the process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Signals that end a command come after the block. While a process is made, Python runs hooks that swallow what
    is raised in them: a Ctrl-C in that moment would be lost. Nothing is done outside the main thread, where no signal
    handler runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = [number for number, handler in before.items() if callable(handler)]  # what is ignored stays ignored
    for number in ours:
        signal.signal(number, lambda got, _frame: came.append(got))
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
        if came:
            signal.raise_signal(came[0])


@contextlib.contextmanager
def ended_by_sigterm_too() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, cleaning up on the way."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def kill(pid: int) -> None:
    """SIGKILL, and wait until the process is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await_true(lambda: not runs(pid), 5.0)


def await_port(pid: int, port: int, seconds: float) -> bool:
    """Wait until somebody listens on the loopback port; False when time is up or the process ended before."""
    return await_true(lambda: listens(port) or not runs(pid), seconds) and listens(port)


def listens(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def read_state(path: Path, word: str) -> dict[str, object] | None:
    """The JSON state of a process that still runs as the program that ``word`` names."""
    try:
        state: dict[str, object] = json.loads(path.read_text())
        pid = int(str(state["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if is_program(pid, word) else None


def await_true(condition: Callable[[], bool], seconds: float) -> bool:
    """Look every 50 ms until ``condition()`` holds; False when time is up. For processes that are nobody's child
    there is no event to await."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(_POLL_SECONDS)
    return True
