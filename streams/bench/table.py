"""A report of ``scripts/bench judge`` for people."""

import sys
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.bench.judge import Report
from streams.bench.quality import Quality

_WIDTH = 120  # where there is no terminal


def show(report: Report, stream: TextIO | None = None) -> None:
    """Print the tables, and the lines below them, to ``stream`` (stdout)."""
    console = Console(file=stream or sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=stream or sys.stdout, highlight=False, width=_WIDTH)
    console.print(_speeds(report))
    if report.quality:
        console.print(_qualities(report.quality))
    for line in _lines(report):
        console.print(Text(line), soft_wrap=True)


def _speeds(report: Report) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("judging")
    for title in ("texts", "µs each", "least .. most", "CPU µs", "a second", "least .. most"):
        table.add_column(title, justify="right", no_wrap=True)
    for timing in report.timings:
        table.add_row(
            Text(timing.name),
            f"{timing.items:,}",
            f"{timing.us:,.2f}",
            f"{timing.us_min:,.2f} .. {timing.us_max:,.2f}",
            f"{timing.cpu_us:,.2f}",
            f"{timing.per_second:,}",
            f"{timing.per_second_min:,} .. {timing.per_second_max:,}",
        )
    return table


def _qualities(qualities: list[Quality]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("judging")
    table.add_column("intent, macro-F1", justify="right", no_wrap=True)
    table.add_column("escalation, F1", justify="right", no_wrap=True)
    table.add_column("measured")
    for quality in qualities:
        escalation = "-" if quality.escalation_f1 is None else f"{quality.escalation_f1:.3f}"
        table.add_row(quality.name, f"{quality.intent_macro_f1:.3f}", escalation, quality.how)
    return table


def _lines(report: Report) -> list[str]:
    machine, start, goal = report.machine, report.start_up, report.goal
    cold = "" if start.cold_s is None else f", {start.cold_s} s with nothing compiled"
    pinned = "pinned to one" if machine.pinned else "not pinned"
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [
        f"goal: {goal.per_second:,} a second with all verdicts on one core: {_met(goal.speed_met)};"
        f" loaded within {goal.warm_s} s: {_met(goal.start_up_met)}",
        f"start-up of a fresh process: {start.warm_s} s{cold}",
        f"{report.texts:,} texts, {report.replies:,} of them brands' replies, {report.mean_characters} characters on"
        f" average, from {report.source}; batches of {report.batch:,}; rounds: {report.rounds}",
        *report.notes,
        f"model {report.model}; {machine.cpu}, {machine.cores} cores, {pinned}; {machine.system};"
        f" Python {machine.python}; {versions}",
    ]


def _met(met: bool) -> str:
    return "met" if met else "not met"
