"""``scripts/bench`` without a subcommand: measure, print, store, guard."""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError
from streams.bench.bench import Bench
from streams.bench.cluster import cluster
from streams.bench.guard import BASELINE, WORSE, Ratio, load_of, ratios_of, read_baseline, store, worse
from streams.bench.report import LONG, MAIN, PARTS, Json, errors_of
from streams.bench.report_table import show_report
from streams.bench.whole import measure_all
from streams.runtime.processes import ended_by_sigterm_too

MENTIONS: Final = 1_000_000
QUICK_MENTIONS: Final = 200_000
ROUNDS: Final = 3
SPAN_HOURS: Final = 1.0  # the sample's three days would mostly measure its 34,000 windows
_GUARDED: Final = (*MAIN, "peers")
_ADDRESS: Final = re.compile(r"[^\s:]+:\d{1,5}(,[^\s:]+:\d{1,5})*")
_LARGEST: Final = 100_000_000
_LONGEST_HOURS: Final = 720


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the whole benchmark."""
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_MENTIONS:,} mentions, one round, without {', '.join(LONG)}: within five minutes",
    )
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object in the last line")
    parser.add_argument(
        "--only", type=_parts, default=(), metavar="PART,PART", help=f"measure these alone, of {', '.join(PARTS)}"
    )
    parser.add_argument(
        "--rounds", type=_number(1_000), metavar="N", help=f"how often the main parts are measured (default {ROUNDS})"
    )
    parser.add_argument(
        "--mentions",
        type=_number(_LARGEST),
        metavar="N",
        help=f"of the main parts (default {MENTIONS:,}, with --guard the baseline's)",
    )
    parser.add_argument(
        "--span",
        type=_hours,
        metavar="HOURS",
        help=f"in how much event time the mentions of the main parts happened (default {SPAN_HOURS:g}, with --guard the"
        " baseline's)",
    )
    parser.add_argument(
        "--broker",
        type=_broker,
        default="kafka",
        metavar="KIND",
        help="kafka (from its jars, the default), embedded, or the HOST:PORT of one that runs",
    )
    parser.add_argument("--store", type=Path, metavar="FILE", help="write the report as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the report as a picture")
    parser.add_argument(
        "--guard",
        type=Path,
        nargs="?",
        const=BASELINE,
        metavar="FILE",
        help=f"compare the ratios with a stored report (default: the repository's) and fail where one is more than"
        f" {100 * WORSE:.0f} %% worse",
    )


def _parts(text: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in named if name not in PARTS]
    if unknown or not named:
        raise argparse.ArgumentTypeError(f"no part {', '.join(unknown) or text!r}; there are {', '.join(PARTS)}")
    return named


def _number(most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is no number from 1 to {most:,}")
        return number

    return parse


def _hours(text: str) -> float:
    hours = float(text) if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text) else 0.0
    if not 0 < hours <= _LONGEST_HOURS:
        raise argparse.ArgumentTypeError(f"{text} is no number of hours up to {_LONGEST_HOURS}")
    return hours


def _broker(text: str) -> str:
    if text not in ("kafka", "embedded") and not _ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text} is neither kafka, embedded nor HOST:PORT")
    return text


def bench_all(options: argparse.Namespace) -> int:
    """Measure what the options ask for; 1 when a part failed or the guard found something worse."""
    if options.svg is not None and find_spec("altair") is None:
        raise UnheardError("--svg needs Altair: .venv/bin/uv sync --group bench")
    with ended_by_sigterm_too():
        report = _measure(options)
    if options.store is not None:
        store(report, options.store)
    show_report(report)
    problems = errors_of(report)
    if options.svg is not None:
        _draw(report, options.svg)
    if options.guard is not None:
        problems += _guard(report, options.guard)
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 1 if problems else 0


def parts_of(options: argparse.Namespace) -> tuple[str, ...]:
    """What is measured: what is named, else what the guard compares, else everything that there is time for."""
    if options.only:
        named: tuple[str, ...] = options.only
        return named
    if options.guard is not None:
        return _GUARDED
    return tuple(part for part in PARTS if not (options.quick and part in LONG))


def _measure(options: argparse.Namespace) -> Json:
    parts = parts_of(options)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="unheard-bench-", ignore_cleanup_errors=True) as folder:
        say = _sayer(began)
        say(f"starting the broker ({options.broker})")
        with cluster(options.broker, Path(folder)) as running:
            if options.guard is not None:
                read_baseline(options.guard, running.version)  # better told now than in an hour
            mentions, span_hours = _load(options)
            bench = Bench(
                cluster=running,
                directory=Path(folder),
                quick=options.quick,
                rounds=options.rounds or (1 if options.quick else ROUNDS),
                mentions=mentions,
                say=say,
                span_hours=span_hours,
            )
            report = measure_all(bench, parts)
            report["machine"] |= {"asked": {"mentions": mentions, "span_hours": span_hours}}
            return report


def _load(options: argparse.Namespace) -> tuple[int, float]:
    """(mentions, hours of event time): what is asked for, else the baseline's, else the usual."""
    usual: Mapping[str, float] = {
        "mentions": QUICK_MENTIONS if options.quick else MENTIONS,
        "span_hours": SPAN_HOURS,
    } | (load_of(options.guard) if options.guard is not None else {})
    return options.mentions or int(usual["mentions"]), options.span or usual["span_hours"]


def _sayer(began: float) -> Callable[[str], None]:
    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {line}\n")
        sys.stderr.flush()

    return say


def _draw(report: Mapping[str, object], path: Path) -> None:
    from streams.bench.picture import draw

    draw(report, path)


def _guard(report: Json, path: Path) -> list[str]:
    """Print each ratio beside the stored one, and a line for each that is worse; those lines."""
    before, now = read_baseline(path, report["machine"]["broker"]), ratios_of(report)
    for name, old in before.items():
        sys.stdout.write(f"guard: {name}: {_told(now.get(name))}, stored {_told(old)}\n")
    lines = worse(now, before)
    for line in lines:
        sys.stderr.write(f"unheard: {line}\n")
    return lines


def _told(ratio: Ratio | None) -> str:
    if ratio is None:
        return "not measured"
    return f"{ratio.value:.3g} ({'higher' if ratio.higher else 'lower'} is better)"
