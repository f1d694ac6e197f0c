"""Memory and processor time by process and stage, put together from the runs of all rounds."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from streams.bench.raw_copy import Copying
from streams.bench.report import Json
from streams.bench.throughput import Run

COPIER: Final = "raw copier"


def memory_of(copies: Iterable[Copying], runs: Iterable[Run]) -> Json:
    """The most bytes that one process of each kind held at any time."""
    peaks: dict[str, int] = {}
    for copying in copies:
        for peak in copying.rss_peak_bytes:
            peaks[COPIER] = max(peak, peaks.get(COPIER, 0))
    for run in runs:
        for name, cost in run.costs.items():
            kind = name.partition("-")[0]
            peaks[kind] = max(cost.rss_peak_bytes, peaks.get(kind, 0))
    return {"rss_peak_bytes": peaks}


def copy_cost(copies: Sequence[Copying], share: float) -> Json:
    """µs of the copiers' processors for one mention, median; ``share`` of the records are mentions."""
    spent = [1e6 * sum(copying.cpu_seconds) / (copying.records * share) for copying in copies]
    return {"us_per_mention": {COPIER: round(statistics.median(spent), 2)}} if spent else {}


def run_cost(runs: Sequence[Run]) -> Json:
    """Medians of µs a mention: by process, by the threads of each, and by stage (by the clock, waiting included)."""
    if not runs:
        return {}
    names = runs[0].costs
    return {
        "us_per_mention": {name: _median(run.costs[name].cpu_us_per_mention for run in runs) for name in names},
        "threads": {name: _medians([run.costs[name].threads for run in runs]) for name in names},
        "stages": {name: _medians([run.stages[name] for run in runs]) for name in runs[0].stages},
    }


def _medians(tables: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for table in tables for name in table)
    return {name: _median(table.get(name, 0.0) for table in tables) for name in names}


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)
