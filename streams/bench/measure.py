"""How the benchmarks measure: on one core, in interleaved rounds, with the median and the spread of each contender."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec
from threadpoolctl import threadpool_limits

_CPU_INFO: Final = Path("/proc/cpuinfo")
_PACKAGES: Final = ("numpy", "numba", "scikit-learn", "fasttext-numpy2")


class Contender(msgspec.Struct, frozen=True):
    """Something to be timed: ``run`` handles ``items`` things."""

    name: str
    items: int
    run: Callable[[], object]


class Timing(msgspec.Struct, frozen=True):
    """What one contender needed for one thing, and how many it handles in a second, over all rounds."""

    name: str
    items: int
    us: float  # median
    us_min: float
    us_max: float
    per_second: int  # median
    per_second_min: int
    per_second_max: int
    cpu_us: float  # median of processor time, which does not count what other programs took


class Machine(msgspec.Struct, frozen=True):
    cpu: str
    cores: int
    pinned: bool  # to one core
    system: str
    python: str
    versions: dict[str, str]


def time_rounds(
    contenders: Sequence[Contender],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    cpu_clock: Callable[[], float] = time.process_time,
) -> list[Timing]:
    """Run all contenders one after the other, ``rounds`` times, so that a slow spell of the machine meets them all."""
    passed: list[list[tuple[float, float]]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, times in zip(contenders, passed, strict=True):
            start, cpu_start = clock(), cpu_clock()
            contender.run()
            times.append((clock() - start, cpu_clock() - cpu_start))
    return [_timing(contender, times) for contender, times in zip(contenders, passed, strict=True)]


def _timing(contender: Contender, passed: Sequence[tuple[float, float]]) -> Timing:
    """Median and spread of the (seconds, seconds of the processor) that ``contender`` needed in each round."""
    items = max(1, contender.items)
    each = [max(1e-12, seconds / items) for seconds, _ in passed]
    middle = statistics.median(each)
    return Timing(
        name=contender.name,
        items=contender.items,
        us=round(1e6 * middle, 3),
        us_min=round(1e6 * min(each), 3),
        us_max=round(1e6 * max(each), 3),
        per_second=round(1 / middle),
        per_second_min=round(1 / max(each)),
        per_second_max=round(1 / min(each)),
        cpu_us=round(1e6 * statistics.median(cpu / items for _, cpu in passed), 3),
    )


@contextmanager
def one_core() -> Iterator[bool]:
    """Keep this process, its children and the libraries' threads on one core; yields whether the system pins it."""
    with threadpool_limits(1):
        if not hasattr(os, "sched_setaffinity"):  # macOS, Windows
            yield False
            return
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(allowed)})
        try:
            yield True
        finally:
            os.sched_setaffinity(0, allowed)


def describe_machine(pinned: bool) -> Machine:
    """What the figures were measured on."""
    versions = {name: version for name in _PACKAGES if (version := _version(name))}
    return Machine(_cpu(), os.cpu_count() or 1, pinned, platform.system(), platform.python_version(), versions)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu() -> str:
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
