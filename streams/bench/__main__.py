"""``scripts/bench``: the benchmarks that a reader can run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from streams.bench.command import add_options, bench_all
from streams.cli import guard

_JUDGE = """How many texts a second the judge handles on one core, all verdicts together and part by part, with
scikit-learn's own pipeline and fastText (if it is installed) beside it in the same run, in interleaved rounds."""


_WHOLE = """Measure Unheard on this machine: how much it carries beside a raw copy of the same topic and beside other
libraries, in interleaved rounds on one broker, which this starts itself."""


def parser() -> argparse.ArgumentParser:
    """The options of ``scripts/bench``."""
    top = argparse.ArgumentParser(
        prog="scripts/bench",
        description=_WHOLE,
        epilog="Example: scripts/bench --quick --json | tail -n 1",
    )
    add_options(top)
    benches = top.add_subparsers(dest="bench", metavar="judge")
    _add_judge(benches)
    return top


def _add_judge(benches: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    judge = benches.add_parser(
        "judge",
        help="the judge on its own, beside scikit-learn and fastText",
        description=_JUDGE,
        epilog="Example: scripts/bench judge --quick --json | tail -n 1",
    )
    judge.add_argument(
        "--texts",
        type=Path,
        metavar="FILE",
        help='JSON lines with "text", and perhaps "reply" (true for a brand\'s own) and labels, "intent" and "reasons";'
        " without it the project's data, or where they are absent the sample firehose",
    )
    judge.add_argument("--model", default="", metavar="DIR", help="folder of another model")
    judge.add_argument("--rounds", type=_rounds, default=3, metavar="N", help="how often each is measured (default 3)")
    judge.add_argument("--quick", action="store_true", help="2,000 texts, one round, no cold start: within a minute")
    judge.add_argument("--json", action="store_true", help="print the figures as one JSON object in the last line")


def _rounds(text: str) -> int:
    rounds = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= rounds <= 1_000:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 1000")
    return rounds


def bench_judge(options: argparse.Namespace) -> None:
    """Measure, and print the tables; with ``--json`` the report in one line behind them."""
    from streams.bench.judge import Plan, run
    from streams.bench.table import show

    plan = Plan(options.texts, options.model, 1 if options.quick else options.rounds, options.quick)
    report = run(plan, _say)
    show(report)
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(arguments: Sequence[str]) -> int:
    """Exit codes as of ``unheard``: 0 done, 1 could not be done, 2 a wrong request, 130 interrupted."""
    options = parser().parse_args(arguments)
    return guard(lambda: bench_judge(options) if options.bench == "judge" else bench_all(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
