"""``unheard demo``: from a file to the account in one command. ``scripts/demo`` runs it."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from config.errors import UnheardError, UsageError
from config.load import load_settings
from config.settings import Settings
from streams.cli.options import ConfigFile, ExportFormat
from streams.cli.sample import FIREHOSE, write_sample
from streams.cli.screen import Screen
from streams.runtime.collector import tune_collector
from streams.runtime.demo import DemoPlan, DemoProgress, DemoRun, run_flow
from streams.runtime.exporter import ExportDirectory, Exports, read_exports
from streams.runtime.processes import ended_by_sigterm_too
from streams.sample.check import check_account
from streams.sample.truth import Truth
from streams.stages.report import Account
from streams.stages.report_text import render_text
from streams.stages.rules import Rules


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` writes. ``truth`` is null where there is no ground truth, else the differences from it."""

    file: str
    lines: int
    seconds: float
    replay_seconds: float
    mentions_per_second: float
    learned_brands: tuple[str, ...]
    balanced: bool
    truth: list[str] | None
    account: Account


def demo(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="What to replay; without it the sample firehose.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Leave the exports there.")] = None,
    format: ExportFormat = "jsonl",  # noqa: A002 - the option's name
    speed: Annotated[str, typer.Option(metavar="N|max", help="Event seconds a second; 1 is as it happened.")] = "max",
    json_report: Annotated[
        Path | None, typer.Option("--json", metavar="REPORT", help="Write the account as JSON; - is standard output.")
    ] = None,
    classify_workers: Annotated[int, typer.Option(min=1, max=16, help="How many classify processes.")] = 1,
    care_workers: Annotated[int, typer.Option(min=1, max=16, help="How many care processes.")] = 1,
    learn_brands: Annotated[bool, typer.Option(help="Take brands from the replies in FILE.")] = True,
    config: ConfigFile = None,
) -> int:
    """Replay FILE through the real pipeline on an embedded broker and print the account: what was captured, missed and
    abandoned. UNHEARD_BOOTSTRAP_SERVERS names another broker; topics made there are deleted at the end.

    Example: unheard demo mentions.csv --out account
    """
    pace = _pace(speed)
    _check_writable(json_report)
    tune_collector()
    directory = ExportDirectory.made(out) if out else None
    settings = load_settings(config)
    if care_workers > 1 and not settings.kafka.bootstrap_servers:
        raise UsageError("--care-workers above 1 needs a broker of yours: the embedded one can stall a second member")
    source = _Source(file)
    if file is not None and learn_brands and settings.brands == load_settings(environ={}).brands:
        settings = settings.model_copy(update={"brands": ()})  # the shipped brands are the sample's
    plan = DemoPlan(
        make_file=source.make,
        learn_brands=file is not None and learn_brands,
        speed=pace,
        classify_workers=classify_workers,
        care_workers=care_workers,
    )
    with ended_by_sigterm_too(), ExitStack() as stack, Screen() as screen:
        screen.note("starting" if file else "starting, and making the sample firehose")
        with run_flow(plan, settings, lambda progress: screen.show(_line(progress))) as run:
            screen.show("reading the outputs", last=True)
            exports = stack.enter_context(read_exports(run.settings))
        if directory:
            directory.write(exports, format)
        differences = _differences(source.truth, exports, run.settings)
    return _conclude(file, run, exports, differences, json_report)


def _pace(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        raise UsageError(f"--speed takes a number or max, not {speed!r}") from None
    if not 0 < pace < float("inf"):
        raise UsageError(f"--speed must be above 0, not {speed}")
    return pace


class _Source:
    """The file to replay; the sample with its ground truth if none is named."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.truth: Truth | None = None

    def make(self, directory: Path) -> Path:
        if self._file is not None:
            return self._file
        self.truth = write_sample(directory / "sample")
        return directory / "sample" / FIREHOSE


def _line(progress: DemoProgress) -> str:
    replayed = f"replayed {progress.lines_sent:,} of {progress.lines_total:,} lines"
    pace = "" if progress.feed_ended else f" ({progress.rate:,.0f}/s)"
    return (
        f"{replayed}{pace}, lag {progress.lag:,}, cases open {progress.open_cases:,}, "
        f"missed {progress.missed:,}, abandoned {progress.abandoned:,}"
    )


def _differences(truth: Truth | None, exports: Exports, settings: Settings) -> list[str] | None:
    if truth is None:
        return None
    return check_account(
        truth,
        exports.classified,
        exports.cases,
        exports.meta.feeds,
        Rules.from_settings(settings),
        customer_key=settings.privacy.customer_key.get_secret_value(),
        gaps=exports.gaps,
    )


def _conclude(
    file: Path | None, run: DemoRun, exports: Exports, differences: list[str] | None, json_report: Path | None
) -> int:
    """Print the account and what it was checked against. Exit code 1 if anything does not add up."""
    account = exports.account()
    report = Report(
        file=file.name if file else "sample",
        lines=run.replay.sent,
        seconds=round(run.seconds, 3),
        replay_seconds=round(run.replay.elapsed_s, 3),
        mentions_per_second=round(run.replay.rate, 1),
        learned_brands=tuple(brand.name for brand in run.learned),
        balanced=account.balanced,
        truth=differences,
        account=account,
    )
    to_stdout = json_report is not None and str(json_report) == "-"
    if json_report is not None:
        _write_report(report, json_report)
    for line in [] if to_stdout else _text(report, has_brands=bool(run.settings.brands)):
        typer.echo(line)
    return 0 if account.balanced and not account.provisional and not differences else 1


def _check_writable(path: Path | None) -> None:
    """A report that cannot be written is worth saying before minutes of work."""
    if path is None or str(path) == "-":
        return
    if path.is_dir():
        raise UnheardError(f"cannot write {path}: Is a directory")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UnheardError(f"cannot write {path}: no such directory, or no permission")


def _write_report(report: Report, path: Path) -> None:
    body = msgspec.json.format(msgspec.json.encode(report), indent=2)
    if str(path) == "-":
        typer.echo(body.decode())
        return
    try:
        path.write_bytes(body + b"\n")
    except OSError as error:
        raise UnheardError(f"cannot write {path}: {error.strerror or error}") from None


def _text(report: Report, *, has_brands: bool) -> list[str]:
    lines = ["", *render_text(report.account), ""]
    if report.learned_brands:
        names = ", ".join(report.learned_brands[:12])
        more = f" and {len(report.learned_brands) - 12} more" if len(report.learned_brands) > 12 else ""
        lines.append(f"brands learned from the file: {names}{more}")
    if not has_brands:
        lines.append("no brand is known: the file has no brand's replies to learn from, --config names brands")
    if report.truth == []:
        lines.append("ground truth of the sample: met exactly, in capture and in every case")
    elif report.truth:
        lines += ["ground truth of the sample: NOT met", *(f"  {line}" for line in report.truth)]
    lines.append(f"{report.lines:,} lines in {report.seconds:.1f} s, sent in {report.replay_seconds:.1f} s")
    return lines
