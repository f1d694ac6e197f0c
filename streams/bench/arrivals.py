"""When each mention of an open load is due: phases of a steady rate, one after the other.

The schedule alone says when; how the sending goes changes nothing. Latencies count from here, so that a sender or a
pipeline that stands still for a second is charged with everything that was due in that second.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

_SECOND_MS: Final = 1000.0

Ordinals = NDArray[np.int64]
Times = NDArray[np.float64]


class Phase(msgspec.Struct, frozen=True):
    """``rate`` mentions a second for so many ``seconds``."""

    rate: float
    seconds: float

    @property
    def mentions(self) -> int:
        return round(self.rate * self.seconds)


class WindowSpan(msgspec.Struct, frozen=True):
    """The mentions of one window of event time: those numbered ``[first, end)``."""

    start_ms: int
    first: int
    end: int


class Arrivals:
    """``phases`` from ``start_ms`` (milliseconds since the epoch) on. Mentions are numbered from 0."""

    def __init__(self, start_ms: float, phases: Sequence[Phase]) -> None:
        self.start_ms, self.phases = start_ms, tuple(phases)
        self._firsts = np.array([0, *accumulate(phase.mentions for phase in phases)], np.int64)
        self._starts = np.array([start_ms, *self._ends()], np.float64)
        self._gaps = np.array([_SECOND_MS / phase.rate for phase in phases], np.float64)
        self.total = int(self._firsts[-1])

    def _ends(self) -> Iterator[float]:
        for passed_s in accumulate(phase.seconds for phase in self.phases):
            yield self.start_ms + passed_s * _SECOND_MS

    @property
    def end_ms(self) -> float:
        return float(self._starts[-1])

    def first_of(self, phase: int) -> int:
        """The number of a phase's first mention; of the one behind the last phase, the number of all."""
        return int(self._firsts[phase])

    def start_of(self, phase: int) -> float:
        """When a phase begins, in ms; the one behind the last phase begins at the end."""
        return float(self._starts[phase])

    def due_ms(self, ordinals: Ordinals) -> Times:
        """When the mentions with these numbers are due."""
        phases = np.searchsorted(self._firsts, ordinals, side="right") - 1
        phases = np.clip(phases, 0, len(self.phases) - 1)
        return self._starts[phases] + (ordinals - self._firsts[phases]) * self._gaps[phases]

    def due_by(self, now_ms: float) -> int:
        """How many are due at ``now_ms`` or before."""
        phase = int(np.searchsorted(self._starts, now_ms, side="right")) - 1
        if phase < 0:
            return 0
        if phase == len(self.phases):
            return self.total
        passed = int((now_ms - self._starts[phase]) / self._gaps[phase]) + 1
        return int(min(self._firsts[phase] + passed, self._firsts[phase + 1]))

    def event_ms(self, first: int, end: int) -> list[int]:
        """Event times of the mentions ``[first, end)``: when they are due, in whole milliseconds."""
        times_ms: list[int] = np.floor(self.due_ms(np.arange(first, end))).astype(np.int64).tolist()
        return times_ms

    def windows(self, window_ms: int) -> list[WindowSpan]:
        """The windows of event time that have mentions, the earliest first."""
        starts = np.floor(self.due_ms(np.arange(self.total))).astype(np.int64) // window_ms
        places, firsts, counts = np.unique(starts, return_index=True, return_counts=True)
        found = zip(places.tolist(), firsts.tolist(), counts.tolist(), strict=True)
        return [WindowSpan(place * window_ms, first, first + count) for place, first, count in found]
