"""Waiting for what other processes bring about."""

import time
from collections.abc import Callable
from threading import Event


def await_that(condition: Callable[[], object], seconds: float = 30) -> None:
    """Look again and again until ``condition()`` holds; fail when time is up."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        pause.wait(0.05)
