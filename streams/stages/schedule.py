"""When each line of a replay is due, and by how much the sending slipped behind that."""

from bisect import bisect_left
from typing import Final, Self

import msgspec

_BASE_MS: Final = 0.1
_GROWTH: Final = 2**0.25  # a percentile read from the histogram is off by at most 19 %
_BUCKETS: Final = 120  # the last one starts at 25 h


class Pace(msgspec.Struct, frozen=True):
    """An open schedule: due times depend on the lines alone, never on how the sending went.

    ``rate`` (lines a second) goes before ``speed`` (event seconds a second); with neither, everything is due at once.
    """

    speed: float | None = None
    rate: float | None = None

    @property
    def is_paced(self) -> bool:
        return self.speed is not None or self.rate is not None

    def due_s(self, sent: int, event_ms: int) -> float:
        """Seconds after the start at which a line is due that follows ``sent`` others and happened ``event_ms`` after
        the first."""
        if self.rate is not None:
            return sent / self.rate
        return event_ms / 1000 / self.speed if self.speed is not None else 0.0

    def event_ms(self, elapsed_s: float) -> int:
        """Event time that has passed after ``elapsed_s`` seconds at this speed (0 where time is not paced)."""
        return int(elapsed_s * 1000 * self.speed) if self.rate is None and self.speed is not None else 0


class SlipReport(msgspec.Struct, frozen=True):
    """How late lines were sent, in milliseconds; all 0 for a replay without a schedule."""

    lines: int = 0
    mean_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


class Slip:
    """Collects slips in bounded memory."""

    __slots__ = ("_buckets", "_lines", "_max_ms", "_sum_ms")

    def __init__(self) -> None:
        self._buckets = [0] * _BUCKETS
        self._lines, self._sum_ms, self._max_ms = 0, 0.0, 0.0

    def add(self, seconds: float) -> Self:
        """A line was sent so long after it was due; early counts as on time."""
        late_ms = max(0.0, seconds * 1000)
        self._lines += 1
        self._sum_ms += late_ms
        self._max_ms = max(self._max_ms, late_ms)
        self._buckets[_bucket(late_ms)] += 1
        return self

    def report(self) -> SlipReport:
        if not self._lines:
            return SlipReport()
        p99 = min(_upper_ms(self._rank(0.99)), self._max_ms)
        return SlipReport(self._lines, self._sum_ms / self._lines, p99, self._max_ms)

    def _rank(self, share: float) -> int:
        """The bucket that holds the line of this rank."""
        left = share * self._lines
        for index, count in enumerate(self._buckets):
            left -= count
            if left <= 0:
                return index
        return _BUCKETS - 1


_UPPER_MS: Final = tuple(_BASE_MS * _GROWTH**index for index in range(_BUCKETS))


def _upper_ms(bucket: int) -> float:
    return _UPPER_MS[bucket]


def _bucket(late_ms: float) -> int:
    """Index of the first upper edge that is not below ``late_ms``."""
    return min(bisect_left(_UPPER_MS, late_ms), _BUCKETS - 1)
