"""Goal: processes that outlived their command are found and stopped, and never mistaken for others.
Method: real children."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.runtime import processes

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@pytest.fixture
def stubborn() -> "subprocess.Popen[bytes]":
    """A process that does not mind SIGTERM."""
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def test_a_process_that_ignores_sigterm_is_killed(stubborn: "subprocess.Popen[bytes]") -> None:
    assert processes.runs(stubborn.pid)
    processes.stop(stubborn.pid, seconds=0.2)
    assert not processes.runs(stubborn.pid)


def test_a_pid_that_another_program_got_is_not_the_process(stubborn: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"pid": stubborn.pid}))
    assert processes.read_state(state, "signal.pause") == {"pid": stubborn.pid}
    assert processes.read_state(state, "noida-db") is None
    processes.stop(stubborn.pid, seconds=0.1)
    assert processes.read_state(state, "signal.pause") is None


def test_waiting_for_a_port_ends_with_the_process() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    assert not processes.await_port(process.pid, processes.free_port(), seconds=20)


FORKS = """
import os, signal, subprocess, sys
from streams.runtime import processes

# The hook stands for those of the standard library, in which a Ctrl-C falls only now and then.
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), int(sys.argv[1])))
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with processes.interrupts_held_back():
        child = subprocess.Popen(["true"], preexec_fn=lambda: None)
except KeyboardInterrupt:
    print("interrupted, child", child.wait())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_ctrl_c_while_a_process_is_made_is_not_lost(number: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", FORKS, str(int(number))], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == ("interrupted, child 0\n", "")
