"""``unheard replay``: a file of mentions as a feed."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import msgspec
import typer

from config.errors import UnheardError, UsageError
from config.load import load_settings
from config.settings import Settings
from streams.cli.options import ConfigFile
from streams.cli.screen import Screen
from streams.runtime.kafka import bootstrap_servers
from streams.runtime.metrics import Telemetry
from streams.runtime.replay import Replay, ReplayPlan, ReplayProgress, ReplayReport, SourceSummary
from streams.stages.learn import brands_toml
from streams.stages.spread import Spread

_INTERRUPTED = 130


File = Annotated[
    Path, typer.Argument(help="TWCS CSV, X API v1.1 or v2 JSON lines, Unheard JSON lines (.gz, .zst), Parquet.")
]
Speed = Annotated[str | None, typer.Option(metavar="N|max", help="Times as fast as it happened, or 'max'. Default 1.")]
Amplify = Annotated[int, typer.Option(metavar="K", help="K-fold volume: copies with ids and authors of their own.")]
Clock = Annotated[
    str, typer.Option(metavar="original|shifted", help="Keep event times, or move them so that the first is now.")
]
Loop = Annotated[
    bool, typer.Option("--loop", help="Again and again until Ctrl-C: shifted clock, new epoch and ids each round.")
]
Feed = Annotated[
    str, typer.Option(metavar="NAME", help="For lines that name no feed themselves. Default: the file's name.")
]
Settle = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Event time that passes behind the last line. Default H.")
]
LearnBrands = Annotated[
    bool, typer.Option("--learn-brands", help="Say which authors are brands that the configuration lacks.")
]
BrandsFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the learned brands to FILE as configuration (TOML).")
]
ShuffleMs = Annotated[
    int, typer.Option(metavar="N", help="Disturb the source's order by up to N ms before it is numbered.")
]


def replay(
    file: File,
    config: ConfigFile = None,
    speed: Speed = None,
    rate: Annotated[float | None, typer.Option(metavar="N", help="Lines a second instead of a speed.")] = None,
    amplify: Amplify = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Of copies' names, random partitions and shuffling.")] = 0,
    clock: Clock = "original",
    loop: Loop = False,
    start_offset: Annotated[float, typer.Option(metavar="SECONDS", help="Leave out so much event time.")] = 0.0,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Send only the first N lines of the file.")] = None,
    feed: Feed = "",
    epoch: Annotated[int, typer.Option(metavar="N", help="The feed's epoch; files with epochs get N - 1 more.")] = 1,
    partitions_by: Annotated[Spread, typer.Option(help="What chooses the raw partition of a line.")] = Spread.AUTHOR,
    settle: Settle = None,
    learn_brands: LearnBrands = False,
    brands_file: BrandsFile = None,
    shuffle_ms: ShuffleMs = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> int:
    """Send a file of mentions to the raw topic, as fast as it happened or faster.

    The whole file is read once before anything is sent. An interrupted replay goes on where it stopped when the same
    command is given again.

    Example: unheard replay twcs.csv --speed max --amplify 20 --feed twcs
    """
    if clock not in ("original", "shifted"):
        raise UsageError(f"--clock must be original or shifted, not {clock}")
    plan = ReplayPlan(
        file=file,
        feed=feed,
        epoch=epoch,
        speed=_speed(speed, rate),
        rate=rate,
        amplify=amplify,
        seed=seed,
        clock="shifted" if clock == "shifted" else "original",
        loop=loop,
        start_offset_s=start_offset,
        limit=limit,
        partitions_by=partitions_by,
        settle_ms=_settle_ms(settle),
        shuffle_ms=shuffle_ms,
    )
    settings = load_settings(config)
    bootstrap_servers(settings)  # an unnamed broker is worth saying before a long first pass
    job = Replay(plan, settings)
    try:
        with _stop_on_signals() as stop:
            summary, report = _run(job, plan, settings, learn_brands, brands_file, stop)
    finally:
        job.close()
    _print_report(summary, report, as_json)
    return _INTERRUPTED if report.interrupted else 0


def _speed(speed: str | None, rate: float | None) -> float | None:
    if speed == "max" or (speed is None and rate is not None):
        return None
    try:
        return float(speed or 1)
    except ValueError:
        raise UsageError(f"--speed must be a number or max, not {speed}") from None


def _settle_ms(settle: float | None) -> int | None:
    if settle is not None and not math.isfinite(settle):
        raise UsageError(f"--settle must be a number of seconds, not {settle}")
    return None if settle is None else round(settle * 1000)


def _run(
    job: Replay,
    plan: ReplayPlan,
    settings: Settings,
    learn_brands: bool,
    brands_file: Path | None,
    stop: threading.Event,
) -> tuple[SourceSummary, ReplayReport]:
    telemetry = Telemetry()
    with Screen() as screen:
        summary = job.prepare(lambda lines: _show_reading(lines, screen, stop))
        screen.note(_describe(plan.file, summary))
        if learn_brands or brands_file:
            _teach(job, brands_file, screen)
        telemetry.serve(settings.metrics.host, settings.metrics.replay_port)
        telemetry.ready()
        try:
            watch = _Watch(telemetry, screen, ",".join(summary.feeds))
            return summary, job.run(watch.show, stop)
        finally:
            telemetry.close()


def _show_reading(lines: int, screen: Screen, stop: threading.Event) -> None:
    if stop.is_set():  # nothing has been sent, so nothing has to be ended in order
        raise KeyboardInterrupt
    screen.show(f"{lines:,} lines read")


class _Watch:
    """Shows progress to the user and to Prometheus."""

    def __init__(self, telemetry: Telemetry, screen: Screen, feed: str) -> None:
        self._telemetry, self._screen, self._feed, self._sent = telemetry, screen, feed, 0

    def show(self, progress: ReplayProgress) -> None:
        share = progress.sent / max(1, progress.total)
        self._telemetry.inc("unheard_replay_lines_total", max(0, progress.sent - self._sent), feed=self._feed)
        self._telemetry.set("unheard_replay_slip_seconds", progress.slip_ms / 1000, feed=self._feed)
        self._telemetry.set("unheard_replay_progress_ratio", min(1.0, share - progress.round), feed=self._feed)
        self._sent = progress.sent
        self._screen.show(f"{progress.sent:,} lines sent ({share:.0%}), {progress.rate:,.0f}/s")


def _teach(job: Replay, brands_file: Path | None, screen: Screen) -> None:
    learned = job.summary.brands
    names = ", ".join(f"{brand.name} ({brand.replies:,})" for brand in learned) or "none"
    screen.note(f"brands learned: {names}")
    if brands_file is not None:
        try:
            brands_file.write_text(brands_toml(job.brands), encoding="utf-8")
        except OSError as error:
            raise UnheardError(f"cannot write {brands_file}: {error.strerror or error}") from None


def _describe(file: Path, summary: SourceSummary) -> str:
    rejects = sum(summary.broken.values())
    return (
        f"{file.name}: {summary.format}, {summary.lines:,} lines: {summary.mentions:,} mentions,"
        f" {summary.control:,} control, {rejects:,} broken; feeds: {', '.join(summary.feeds)}"
    )


def _print_report(summary: SourceSummary, report: ReplayReport, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode({"source": summary, "replay": report}).decode())
        return
    slip = report.slip
    typer.echo(
        f"sent {report.sent:,} lines in {report.elapsed_s:.1f} s ({report.rate:,.0f}/s): {report.mentions:,} mentions,"
        f" {report.control:,} control, {report.broken:,} broken"
    )
    if slip.lines:
        typer.echo(
            f"slipped by {slip.mean_ms:.1f} ms on average, 99 % within {slip.p99_ms:.1f} ms, {slip.max_ms:.1f} at most"
        )
    if report.skipped:
        typer.echo(f"{report.skipped:,} lines had been sent before")
    if report.interrupted:
        typer.echo("interrupted: give the same command again to go on from here")


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, so that what is queued is still sent; who insists is obeyed at once."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
