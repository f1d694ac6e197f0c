"""What every part of ``scripts/bench`` gets."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from streams.bench.cluster import Cluster


class Bench(msgspec.Struct, frozen=True):
    """One run: the broker, a folder for its files, how much to measure. ``say`` tells the user what goes on.
    ``span_hours``: in how much event time the mentions of the main parts happened; None: as the sample firehose has
    it."""

    cluster: Cluster
    directory: Path
    quick: bool
    rounds: int
    mentions: int
    say: Callable[[str], None]
    span_hours: float | None = None
