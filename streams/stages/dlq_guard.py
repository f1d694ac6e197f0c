"""Above a share of rejects it is the input that is wrong, and stopping is better than filling the DLQ."""

from typing import Final

from config.errors import UnheardError
from streams.stages.classify import Stats

JUDGED_LINES: Final = 1_000  # fewer say nothing about a share


class DlqGuard:
    """Watches the share of rejects over at least ``JUDGED_LINES`` lines. ``limit`` 1 never stops."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lines = 0
        self._rejects = 0

    def check(self, stats: Stats) -> None:
        """Count a batch before it is sent. Raises UnheardError above the limit."""
        self._lines += stats.lines
        self._rejects += sum(stats.rejects.values())
        if self._lines < JUDGED_LINES:
            return
        lines, rejects = self._lines, self._rejects
        self._lines = self._rejects = 0
        if rejects / lines > self._limit:
            raise UnheardError(
                f"{rejects} of {lines} lines are no mentions ({rejects / lines:.0%}, limit {self._limit:.0%} by "
                "[classify] dlq_share_limit): stopped before the DLQ fills with them"
            )
