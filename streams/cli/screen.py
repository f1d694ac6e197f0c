"""Progress of a long command: one live line on a terminal, a plain line now and then elsewhere. All on stderr."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

_PLAIN_EVERY_SECONDS: Final = 5.0


class Screen:
    """Shows the newest line of several facts; ``note`` prints one that stays."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._live = Live(Text(""), console=self._console, refresh_per_second=8, transient=True)
        self._shown = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def note(self, line: str) -> None:
        """Print a line that stays."""
        self._console.print(Text(line), soft_wrap=True)

    def show(self, line: str, *, last: bool = False) -> None:
        """Show ``line`` in place of the one before; without a terminal at most one in five seconds, and the last."""
        if self._console.is_terminal:
            self._live.update(Text(line))
            return
        now = time.monotonic()
        if last or now - self._shown >= _PLAIN_EVERY_SECONDS:
            self._shown = now
            self.note(line)
