"""The tables of the README that show a stored run of ``scripts/bench``: figures are copied by nobody."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

STORED: Final = Path(__file__).parents[1] / "bench" / "stored.json"
_ROWS: Final = (
    ("raw_copy", "raw copy with confluent-kafka: consume, produce, no work (the limit)"),
    ("classify", "**classify**: the shipped worker and model, exactly once"),
    ("end_to_end", "**end to end**: classify, care and merge, from a full backlog to the last final window"),
)
_PEERS: Final = (
    ("confluent_batches", "confluent-kafka and scikit-learn, in batches"),
    ("kafka_python_batches", "kafka-python and scikit-learn, in batches"),
    ("quix_per_message", "Quix Streams and scikit-learn, a message at a time"),
    ("faust_per_event", "Faust and scikit-learn, an event at a time, with a table"),
)
_SEEN: Final = (("classified", "classified record"), ("window", "first window that counts it"))

Row = tuple[str, ...]


def read_stored(file: Path = STORED) -> Mapping[str, Any]:
    report: Mapping[str, Any] = msgspec.json.decode(file.read_bytes())
    return report


def rates(report: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """(head, rows): mentions a second of ours and of the peers; what was not measured is left out."""
    found = [(name, report.get(part) or {}) for part, name in _ROWS]
    found += [(name, (report.get("peers") or {}).get(part) or {}) for part, name in _PEERS]
    limit = report["raw_copy"]["median"]
    rows: list[Row] = [
        (name, f"{part['median']:,.0f}", _spread(part["runs"]), str(part["processes"]), f"{part['median'] / limit:.3f}")
        for name, part in found
        if part.get("median")
    ]
    return ("what", "mentions a second", "least to most", "processes", "of the raw copy"), rows


def _spread(runs: list[float]) -> str:
    return f"{min(runs):,.0f} to {max(runs):,.0f}"


def latencies(report: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """(head, rows): milliseconds from the instant at which a mention was due."""
    return ("mentions a second", "until", "p50, ms", "p99, ms", "p99.9, ms"), list(_latency_rows(report))


def _latency_rows(report: Mapping[str, Any]) -> Iterator[Row]:
    for point in (report.get("latency") or {}).get("points", []):
        for seen, name in _SEEN:
            figures = (f"{point[seen][quantile]:,.0f}" for quantile in ("p50_ms", "p99_ms", "p99_9_ms"))
            yield (f"{point['rate']:,.0f}", name, *figures)


def conditions(report: Mapping[str, Any]) -> str:
    """What the figures are of, in a sentence each."""
    machine, filled = report["machine"], report["machine"]["filled"]
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("confluent-kafka", "faust-streaming"))
    return (
        f"Measured on {machine['at']} in one run of `scripts/bench`: {machine['cpu']}, {machine['cores']} cores for the"
        f" broker and all workers, {machine['broker']}, Python {machine['python']}, {versions}. {filled['mentions']:,}"
        f" mentions of {filled['bytes_mean']:,.0f} bytes on average, {filled['event_rate_per_second']:,.0f} for each"
        f" second of event time, L {machine['lateness_ms'] // 1000} s, {machine['raw_partitions']} raw partitions,"
        f" medians of {machine['rounds']} interleaved rounds.\n"
    )
