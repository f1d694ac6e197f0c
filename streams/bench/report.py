"""What ``scripts/bench`` found: its parts, in the order in which they are printed, and the ratios between them."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.bench.load import Filled

RATIOS: Final = ("classify", "end_to_end")  # parts that are told as a share of the raw copy
PARTS: Final = ("raw_copy", "classify", "end_to_end", "peers", "latency", "spike", "scale")
MAIN: Final = PARTS[:3]  # measured in turns, round by round
LONG: Final = ("scale",)  # what --quick leaves out unless it is asked for

Json = dict[str, Any]


class Series(msgspec.Struct, frozen=True):
    """Mentions a second of the rounds, in their order."""

    median: float
    runs: list[float]


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """``median`` and ``runs`` with ``processes`` processes, with which it is fastest; ``by_processes`` all that were
    tried. ``ratio`` is the median over that of the raw copy."""

    median: float
    runs: list[float]
    processes: int
    by_processes: dict[str, Series]
    ratio: float | None = None
    how: str = ""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, on what, with what."""

    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    versions: dict[str, str]
    broker: str
    java: str
    model: str
    load_average: float  # before the first measurement: others at work make figures too low
    at: str  # day
    filled: Filled | None  # what each round of the main parts worked on
    lateness_ms: int
    raw_partitions: int
    care_partitions: int
    rounds: int
    calibration_us: float  # of the processor, for one turn of the calibration loop, median


def series(values: Sequence[float], digits: int = 0) -> Series:
    """The median of ``values`` with them."""
    runs = [round(value, digits) for value in values]
    return Series(round(statistics.median(values), digits), runs)


def throughput(by_processes: Mapping[int, Sequence[float]], how: str) -> Throughput:
    """The best of several numbers of processes, by its median."""
    found = {count: series(values) for count, values in by_processes.items()}
    best = max(found, key=lambda count: found[count].median)
    return Throughput(
        median=found[best].median,
        runs=found[best].runs,
        processes=best,
        by_processes={str(count): one for count, one in found.items()},
        how=how,
    )


def with_ratios(report: Json) -> Json:
    """The report with each part's and each peer's share of the raw copy, where both were measured."""
    limit = median_of(report, "raw_copy")
    told = _shares(report, RATIOS, limit)
    peers = report.get("peers")
    if isinstance(peers, Mapping) and "error" not in peers:
        told["peers"] = {**peers, **_shares(peers, tuple(peers), limit)}
    return report | told


def _shares(found: Mapping[str, Any], names: Sequence[str], limit: float) -> Json:
    medians = {name: median_of(found, name) for name in names}
    return {name: found[name] | {"ratio": round(m / limit, 5)} for name, m in medians.items() if m and limit}


def median_of(report: Mapping[str, Any], part: str) -> float:
    """Mentions a second of a part; 0 if it was not measured."""
    found = report.get(part)
    return float(found.get("median") or 0.0) if isinstance(found, Mapping) else 0.0


def best_peer(report: Mapping[str, Any]) -> tuple[str, float]:
    """(name, mentions a second) of the fastest peer; ("", 0) if none was measured."""
    peers = report.get("peers")
    names = peers if isinstance(peers, Mapping) else {}
    rates = [(median_of(names, name), name) for name in names]
    rate, name = max(rates, default=(0.0, ""))
    return (name, rate) if rate else ("", 0.0)


def errors_of(report: Mapping[str, Any]) -> list[str]:
    """One line for each part, or piece of a part, that failed."""
    lines = []
    for part, found in report.items():
        if not isinstance(found, Mapping):
            continue
        if "error" in found:
            lines.append(f"{part}: {found['error']}")
        else:
            pieces = found.items()
            lines += [f"{part}, {name}: {one['error']}" for name, one in pieces if _failed(one)]
    return lines


def _failed(piece: object) -> bool:
    return isinstance(piece, Mapping) and "error" in piece
