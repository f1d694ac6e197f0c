"""Latencies in short: what half, 99 % and 99.9 % of the mentions stay below, and the longest one."""

from typing import Final

import msgspec
import numpy as np

from config.errors import UnheardError
from streams.bench.arrivals import Times

_PER_MS: Final = 10  # latencies are kept in tenths of a millisecond
_LONGEST_MS: Final = 3_600_000
_DIGITS: Final = 3  # significant ones


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds since a mention was due. ``unseen`` mentions had not come out when the measurement ended: they are
    in the figures with the time that they had waited by then, which is too short."""

    p50_ms: float
    p99_ms: float
    p99_9_ms: float
    max_ms: float
    unseen: int


def summarise(due_ms: Times, seen_ms: Times, ended_ms: float) -> Latency:
    """Mentions that were due at ``due_ms`` and seen at ``seen_ms``, infinite for those not seen by ``ended_ms``.

    Raises UnheardError where hdrhistogram is missing.
    """
    try:
        from hdrh.histogram import HdrHistogram
    except ImportError:
        raise UnheardError("hdrhistogram is not installed: .venv/bin/uv sync --group dev") from None
    waited_ms = np.clip(np.minimum(seen_ms, ended_ms) - due_ms, 0.0, _LONGEST_MS)
    histogram = HdrHistogram(1, _LONGEST_MS * _PER_MS, _DIGITS)
    values, counts = np.unique(np.ceil(waited_ms * _PER_MS).astype(np.int64), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        histogram.record_value(max(1, value), count)

    longest_ms = float(values[-1]) / _PER_MS if len(values) else 0.0

    def quantile(percent: float) -> float:
        return min(longest_ms, float(histogram.get_value_at_percentile(percent)) / _PER_MS)

    unseen = int(np.isinf(seen_ms).sum())
    return Latency(quantile(50.0), quantile(99.0), quantile(99.9), longest_ms, unseen)
