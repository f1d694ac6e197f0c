"""Goal: a worker that dies is started again, one that refuses to start is not. Method: real processes."""

import os
import signal

import pytest

from config.errors import UnheardError
from streams.runtime.supervisor import Supervisor, WorkerSpec
from tests.waiting import await_that


def supervisor(*arguments: str) -> Supervisor:
    environment = {**os.environ, "UNHEARD_BOOTSTRAP_SERVERS": "127.0.0.1:1", "UNHEARD_METRICS__CARE_PORT": "0"}
    return Supervisor([WorkerSpec("one", arguments)], base=environment, log_dir=None, restart=True)


def test_a_killed_worker_is_started_again() -> None:
    workers = supervisor("care")
    workers.start()
    try:
        (first,) = workers.pids().values()
        os.kill(first, signal.SIGKILL)
        await_that(workers.check, 10)
        assert workers.pids()["one"] != first
    finally:
        workers.stop()
    assert workers.pids() == {}


def test_a_worker_that_refuses_to_start_is_not_started_again() -> None:
    workers = supervisor("care", "--config", "none.toml")
    workers.start()
    try:
        with pytest.raises(UnheardError, match="one ended with code 2"):
            await_that(workers.check, 20)
    finally:
        workers.stop()
