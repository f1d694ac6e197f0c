"""``scripts/bench --guard``: has Unheard become slower, whatever machine it runs on?

Times of another day or another machine say nothing, so only ratios are compared: with the raw copy and the best peer
of the same run, and of processor time with that of a loop that never changes. The baseline is a stored report.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from config.errors import UnheardError, UsageError
from streams.bench.report import Json, best_peer, median_of

BASELINE: Final = Path(__file__).parent / "baseline.json"
WORSE: Final = 0.15
_CPU: Final = {"classify": "classify-0", "end_to_end": "care-0"}  # which process of which part


class Ratio(NamedTuple):
    """``higher`` is better, or lower."""

    value: float
    higher: bool


def ratios_of(report: Mapping[str, Any]) -> dict[str, Ratio]:
    """The ratios that a report can tell; what was not measured is left out."""
    limit, classify, peer = median_of(report, "raw_copy"), median_of(report, "classify"), best_peer(report)[1]
    pairs = {
        "classify / raw copy": (classify, limit),
        "end to end / raw copy": (median_of(report, "end_to_end"), limit),
        "classify / best peer": (classify, peer),
    }
    rates = {name: Ratio(part / whole, higher=True) for name, (part, whole) in pairs.items() if part and whole}
    return rates | _costs(report)


def _costs(report: Mapping[str, Any]) -> dict[str, Ratio]:
    """Processor time of a mention over that of a turn of the calibration loop."""
    turn_us = (report.get("machine") or {}).get("calibration_us")
    found = {}
    for part, process in _CPU.items():
        us = (((report.get("cpu") or {}).get(part) or {}).get("us_per_mention") or {}).get(process)
        if us and turn_us:
            found[f"processor time of {process.partition('-')[0]} / calibration loop"] = Ratio(us / turn_us, False)
    return found


def worse(now: Mapping[str, Ratio], before: Mapping[str, Ratio], limit: float = WORSE) -> list[str]:
    """A line for each ratio that is worse than ``before`` by more than ``limit``, or that was not measured."""
    lines = []
    for name, old in before.items():
        new = now.get(name)
        if new is None:
            lines.append(f"{name}: was {old.value:.3g} and was not measured now")
            continue
        loss = 1 - new.value / old.value if old.higher else new.value / old.value - 1
        if loss > limit:
            lines.append(f"{name}: {new.value:.3g}, was {old.value:.3g}: {loss:.0%} worse, allowed are {limit:.0%}")
    return lines


def read_baseline(path: Path, broker: str) -> dict[str, Ratio]:
    """The ratios of a stored report. Raises UsageError when it is missing or none, or of another broker."""
    report = _read(path)
    ratios = ratios_of(report)
    if not ratios:
        raise UsageError(f"{path} is no stored report: it has nothing to compare")
    measured_on = (report.get("machine") or {}).get("broker", "")
    if measured_on.split()[:-1] != broker.split()[:-1]:
        raise UsageError(f"{path} was measured on {measured_on}, not on {broker}: measure a baseline there")
    return ratios


def load_of(path: Path) -> dict[str, float]:
    """``mentions`` and ``span_hours`` that a stored report was measured with: ratios depend on both."""
    asked: dict[str, float] = (_read(path).get("machine") or {}).get("asked") or {}
    return asked


def _read(path: Path) -> Json:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise UsageError(f"cannot read the baseline {path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} is no stored report: {error}") from None


def store(report: Json, path: Path) -> None:
    """Write a report as a file of JSON that people can read. Raises UnheardError where that cannot be."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    except OSError as error:
        raise UnheardError(f"cannot write {path}: {error.strerror}") from None
