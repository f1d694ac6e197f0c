"""The report of the whole benchmark for people.

The main parts have a table of their own. What the other parts found is shown as it is: lists of figures as tables,
the rest as lines.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from streams.bench.report import MAIN, Json, best_peer, errors_of, median_of

_WIDTH: Final = 120  # where there is no terminal
_MOST_COLUMNS: Final = 14
_MEBIBYTE: Final = 1 << 20


def show_report(report: Json, stream: TextIO | None = None) -> None:
    """Print everything to ``stream`` (stdout)."""
    console = Console(file=stream or sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=stream or sys.stdout, highlight=False, width=_WIDTH)
    for piece in _pieces(report):
        console.print(piece, soft_wrap=isinstance(piece, Text))


def _pieces(report: Json) -> Iterator[RenderableType]:
    if any(median_of(report, part) for part in MAIN):
        yield _rates(report)
    if (report.get("cpu") or {}).get("end_to_end"):
        yield _costs(report)
    for part in ("latency", "spike", "scale"):
        if part in report and "error" not in report[part]:
            found = dict(report[part])
            if part == "latency":
                yield _latencies(found.pop("points"))
            yield from _shown(part, found)
    for line in (*_machine_lines(report["machine"]), *errors_of(report)):
        yield Text(line)


# ---------------------------------------------------------------- throughput


def _rates(report: Json) -> Table:
    """Ours, then the peers, each with its share of the raw copy."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("mentions a second")
    for title in ("median", "least .. most", "processes", "of the raw copy", "classify / this"):
        table.add_column(title, justify="right", no_wrap=True)
    limit, classify = median_of(report, "raw_copy"), median_of(report, "classify")
    peers = report.get("peers") or {}
    best = best_peer(report)[0]
    rows = [(part.replace("_", " "), report[part]) for part in MAIN if median_of(report, part)]
    rows += [
        (f"{name.replace('_', ' ')}{' (best peer)' if name == best else ''}", peers[name])
        for name in peers
        if median_of(peers, name)
    ]
    for name, found in rows:
        median, runs = found["median"], found["runs"]
        table.add_row(
            Text(name),
            f"{median:,.0f}",
            f"{min(runs):,.0f} .. {max(runs):,.0f}",
            str(found.get("processes", "")),
            f"{median / limit:.3f}" if limit else "-",
            f"{classify / median:.2f}" if classify else "-",
        )
    return table


def _costs(report: Json) -> Table:
    """Processor time and memory by process, and the clock's time by stage, of the whole flow."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("end to end")
    for title in ("CPU µs a mention", "by threads", "peak MiB", "µs by stage, waiting included"):
        table.add_column(title, justify="right" if title.startswith(("CPU", "peak")) else "left")
    found, peaks = report["cpu"]["end_to_end"], report["memory"]["rss_peak_bytes"]
    for name, us in found["us_per_mention"].items():
        peak = peaks.get(name.partition("-")[0], 0)
        table.add_row(
            Text(name),
            f"{us:,.2f}",
            _listed(found["threads"].get(name, {})),
            f"{peak / _MEBIBYTE:,.0f}",
            _listed(found["stages"].get(name, {})),
        )
    return table


def _latencies(points: Sequence[Mapping[str, Any]]) -> Table:
    """From the instant at which each mention was due, however late it was sent."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("latency, ms", no_wrap=True)
    for title in ("due a second", "sent", "p50", "p99", "p99.9", "most", "unseen", "backlog", "CPU µs a mention"):
        table.add_column(title, justify="right", no_wrap=True)
    for point in points:
        for seen, name in (("classified", "classified record"), ("window", "first window")):
            figures = point[seen]
            table.add_row(
                name,
                f"{point['rate']:,.0f}",
                f"{point['sent_per_second']:,.0f}",
                *(f"{figures[quantile]:,.0f}" for quantile in ("p50_ms", "p99_ms", "p99_9_ms", "max_ms")),
                f"{figures['unseen']:,}",
                f"{point['backlog']:,}",
                f"{point['cpu_us_per_mention']:,.1f}",
            )
    return table


def _listed(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:,.2f}" for name, value in figures.items() if value)


# ---------------------------------------------------------------- other parts


def _shown(name: str, found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Lists of figures as tables, plain figures on one line, what lies deeper below a name of its own."""
    plain = {key: value for key, value in found.items() if not isinstance(value, Mapping | list)}
    if plain:
        yield Text(f"{name.replace('_', ' ')}: " + ", ".join(f"{_words(k)} {_figure(v)}" for k, v in plain.items()))
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield from _shown(f"{name}, {key}", value)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield _table(f"{name}, {key}", [line for row in value for line in _flat(row)])


def _table(name: str, rows: Sequence[Mapping[str, str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=name, title_justify="left")
    columns = list(dict.fromkeys(key for row in rows for key in row))[:_MOST_COLUMNS]
    for column in columns:
        widest = max(len(row.get(column, "")) for row in rows)
        table.add_column(_words(column), justify="right", min_width=widest)  # titles may break, figures never
    for row in rows:
        table.add_row(*(Text(row.get(column, "-")) for column in columns))
    return table


def _flat(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """One line of a table, or one for each group of figures inside."""
    plain = {key: _figure(value) for key, value in row.items() if not isinstance(value, Mapping | list)}
    groups = {key: value for key, value in row.items() if isinstance(value, Mapping)}
    if not groups:
        yield plain
    for key, group in groups.items():
        yield plain | {"of": _words(key)} | {name: _figure(value) for name, value in group.items()}


def _words(key: str) -> str:
    return key.replace("_", " ")


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


# ---------------------------------------------------------------- what was measured


def _machine_lines(machine: Mapping[str, Any]) -> Iterator[str]:
    filled = machine["filled"]
    if filled:
        yield (
            f"{filled['mentions']:,} mentions of {filled['bytes_mean']:,.0f} bytes on average, which happened at"
            f" {filled['event_rate_per_second']:,.2f} a second; L {machine['lateness_ms'] / 1000:,.0f} s;"
            f" partitions: {machine['raw_partitions']} raw, {machine['care_partitions']} care;"
            f" rounds: {machine['rounds']}, interleaved"
        )
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    java = f", {machine['java']}" if machine["java"] else ""
    yield (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / (1 << 30):.0f} GiB; load before"
        f" {machine['load_average']:.2f}; {machine['system']}; {machine['broker']}{java}; {machine['at']}"
    )
    yield f"Python {machine['python']}, {versions}, model {machine['model']}"
