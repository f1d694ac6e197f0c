"""Writes the costs that ``unheard plan`` reckons with from a stored report of ``scripts/bench``.

    scripts/bench --store report.json
    .venv/bin/python -m streams.bench.cost_file report.json [FILE]

Without FILE it replaces the shipped ``config/costs.json``. The report needs its main parts, ``latency`` and ``scale``.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from config.errors import UnheardError, UsageError
from streams.bench.topic_bytes import GROW_WITH_TIME
from streams.cli import guard
from streams.cli.plan import COSTS_FILE
from streams.stages.dedupe import RECENT_DTYPE
from streams.stages.sizing import CHANGELOGS, Costs
from streams.stages.waiting import ROW_DTYPE

_ID_BYTES: Final = 24  # of a mention's id, in UTF-8
_LEAST_BYTES: Final = 0.05  # what takes less a mention takes nothing


def costs_of(report: Mapping[str, Any]) -> Costs:
    """Raises UnheardError where the report lacks a part."""
    try:
        spent = report["cpu"]["end_to_end"]["us_per_mention"]
        peaks, scale = report["memory"]["rss_peak_bytes"], report["scale"]
        return Costs(
            measured_on=_measured_on(report["machine"]),
            classify_us=spent["classify-0"],
            care_us=spent["care-0"],
            broker_us=spent["broker"],
            classify_rss_bytes=peaks["classify"],
            care_rss_bytes=peaks["care"],
            bytes_per_mention=_of_mentions(scale["bytes_per_mention"]),
            bytes_per_second=report["latency"]["bytes_per_second"],
            cases_per_mention=scale["cases_per_mention"],
            waiting_bytes=ROW_DTYPE.itemsize + _ID_BYTES,
            copy_bytes=RECENT_DTYPE.itemsize,
            case_bytes=case_bytes(list(scale["open_cases"].values())),
        )
    except (KeyError, TypeError) as error:
        raise UnheardError(f"the report does not say {error}: run all of scripts/bench --store FILE") from None


def _of_mentions(held: Mapping[str, float]) -> dict[str, float]:
    """Of the topics that grow with mentions."""
    others = {CHANGELOGS, *GROW_WITH_TIME}
    return {topic: each for topic, each in held.items() if topic not in others and each >= _LEAST_BYTES}


def _measured_on(machine: Mapping[str, Any]) -> str:
    return f"{machine['at']}, {machine['cpu']}, {machine['cores']} cores, {machine['broker']}"


def case_bytes(points: Sequence[Mapping[str, float]]) -> float:
    """Memory of one open case: by how much the process grew from the fewest to the most cases."""
    few, many = min(points, key=_cases), max(points, key=_cases)
    if _cases(few) == _cases(many):
        raise UnheardError("the report has no two numbers of open cases")
    grown = 1e6 * (many["peak_rss_mb"] - few["peak_rss_mb"])
    return round(max(1.0, grown / (_cases(many) - _cases(few))), 1)


def _cases(point: Mapping[str, float]) -> float:
    return point["open_cases"]


def write_costs(report: Path, target: Path) -> Costs:
    """Raises UnheardError for a report that cannot be read or lacks a part, and where it cannot be written."""
    try:
        costs = costs_of(msgspec.json.decode(report.read_bytes(), type=dict[str, Any]))
        target.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=2) + b"\n")
    except OSError as error:
        raise UnheardError(f"{error.filename}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise UnheardError(f"{report} is no report: {error}") from None
    return costs


def main(arguments: Sequence[str]) -> None:
    if not 1 <= len(arguments) <= 2:
        raise UsageError("usage: python -m streams.bench.cost_file REPORT [FILE]")
    write_costs(Path(arguments[0]), Path(arguments[1]) if arguments[1:] else COSTS_FILE)


if __name__ == "__main__":
    sys.exit(guard(lambda: main(sys.argv[1:])))
