"""Commits one batch while the next one is read and judged: waiting for the broker takes no processor time."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class CommitThread:
    """At most one commit at a time, in a thread of its own."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "commit")
        self._running: Future[float] | None = None

    def start(self, commit: Callable[[], None]) -> None:
        """Begin one; the one before must be finished."""
        if self._running is not None:
            raise RuntimeError("the commit before is not finished")
        self._running = self._executor.submit(_timed, commit)

    def finish(self) -> float | None:
        """Wait for the one that was begun: the seconds that it took, or None without any. Raises what it raised."""
        running, self._running = self._running, None
        return None if running is None else running.result()

    def close(self) -> None:
        """Wait for the one that was begun, whatever comes of it."""
        self._executor.shutdown()


def _timed(commit: Callable[[], None]) -> float:
    began = time.perf_counter()
    commit()
    return time.perf_counter() - began
