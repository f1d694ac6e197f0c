"""The whole flow on one machine, from a file to the account: what ``scripts/demo`` runs.

Everything that is started here (broker, workers, directories, topics on a broker of the user's) is registered with
an ``ExitStack`` as it starts, so that any end, Ctrl-C included, leaves nothing behind.
"""

import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from config.dump import dump_toml
from config.errors import UnheardError
from config.settings import Brand, Settings
from models.records import Outcome
from streams.runtime.broker import embedded_broker
from streams.runtime.replay import Replay, ReplayPlan, ReplayProgress, ReplayReport, SourceSummary
from streams.runtime.supervisor import Supervisor, child_environment, worker_specs
from streams.runtime.topics_admin import create_topics, delete_topics
from streams.runtime.watch import AccountWatch, LagWatch

log = logging.getLogger(__name__)

_REST_SECONDS: Final = 0.4
_LOOK_SECONDS: Final = 2.0
_STALL_SECONDS: Final = 120.0  # no figure moved for so long: something is broken, say so instead of waiting


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What to replay and how.

    ``make_file`` is given a directory of the run's own and returns the file, made there or not. ``speed`` None is as
    fast as possible. With ``learn_brands`` the file's brands join the configured ones. ``shuffle_ms`` disorders the
    source by up to so much before it is stamped. ``restart`` starts workers that die again instead of giving up.
    """

    make_file: Callable[[Path], Path]
    learn_brands: bool
    speed: float | None = None
    shuffle_ms: int = 0
    classify_workers: int = 1
    care_workers: int = 1
    restart: bool = False


class DemoProgress(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the running flow."""

    lines_sent: int
    lines_total: int
    rate: float
    lag: int
    open_cases: int
    missed: int
    abandoned: int
    feed_ended: bool
    workers: dict[str, int]  # process ids by name


class DemoRun(msgspec.Struct, frozen=True, kw_only=True):
    """A finished flow whose topics can still be read."""

    settings: Settings
    source: SourceSummary
    replay: ReplayReport
    learned: tuple[Brand, ...]
    seconds: float


@contextmanager
def run_flow(plan: DemoPlan, settings: Settings, on_progress: Callable[[DemoProgress], None]) -> Iterator[DemoRun]:
    """Replay the file of ``plan`` through classify and care and yield when every figure is final and the workers
    have stopped; the topics can be read until the block ends.

    Raises UnheardError when the file, the broker or a worker is broken, or nothing moves for two minutes.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unheard-demo-")))
        settings = _own_settings(settings, _bootstrap(settings, directory, stack))
        create_topics(settings)
        if settings.topics.prefix:
            stack.callback(delete_topics, settings)
        early = None if plan.learn_brands else _start_workers(plan, settings, directory, stack)
        replay = Replay(
            ReplayPlan(file=plan.make_file(directory), speed=plan.speed, shuffle_ms=plan.shuffle_ms), settings
        )
        stack.callback(replay.close)
        source = replay.prepare()
        learned = replay.brands if plan.learn_brands else ()
        settings = settings.model_copy(update={"brands": (*settings.brands, *learned)})
        workers = early or _start_workers(plan, settings, directory, stack)
        report = _follow(plan, replay, settings, workers, on_progress, stack)
        workers.stop()
        seconds = time.monotonic() - started
        yield DemoRun(settings=settings, source=source, replay=report, learned=learned, seconds=seconds)


def _bootstrap(settings: Settings, directory: Path, stack: ExitStack) -> str:
    """The broker that the environment names, else an embedded one of this run's own."""
    if settings.kafka.bootstrap_servers:
        return settings.kafka.bootstrap_servers
    return stack.enter_context(embedded_broker(directory / "broker")).bootstrap


def _own_settings(settings: Settings, bootstrap: str) -> Settings:
    """On a broker that others use, the run keeps to topics and groups of its own."""
    run = "" if not settings.kafka.bootstrap_servers else f"demo-{secrets.token_hex(4)}."
    prefix = settings.topics.prefix + run
    return settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(update={"bootstrap_servers": bootstrap}),
            "topics": settings.topics.model_copy(update={"prefix": prefix}),
            "classify": settings.classify.model_copy(update={"group": prefix + settings.classify.group}),
            "metrics": settings.metrics.model_copy(update={"classify_port": 0, "care_port": 0, "replay_port": 0}),
        }
    )


def _start_workers(plan: DemoPlan, settings: Settings, directory: Path, stack: ExitStack) -> Supervisor:
    config = directory / "unheard.toml"
    config.write_text(dump_toml(settings, reveal=True))  # the directory is ours alone and goes with the run
    environment = {name: value for name, value in child_environment().items() if not name.startswith("UNHEARD_")}
    environment["TMPDIR"] = str(directory)
    specs = worker_specs(settings, classify=plan.classify_workers, care=plan.care_workers, config=config)
    workers = Supervisor(specs, base=environment, log_dir=directory, restart=plan.restart)
    stack.callback(workers.stop)
    workers.start()
    return workers


def _follow(
    plan: DemoPlan,
    replay: Replay,
    settings: Settings,
    workers: Supervisor,
    on_progress: Callable[[DemoProgress], None],
    stack: ExitStack,
) -> ReplayReport:
    """Send the file and look at the account until it is final and classify has committed everything."""
    sending = _Sending(replay)
    stack.callback(sending.stop)
    account, lag = AccountWatch(settings), LagWatch(settings)
    stack.callback(account.close)
    stack.callback(lag.close)
    patience = _Patience(_STALL_SECONDS)
    rest = threading.Event()
    sending.start()
    while True:
        rest.wait(_REST_SECONDS)
        workers.check()
        account.refresh(_LOOK_SECONDS)
        behind = lag.records()
        progress = _progress(sending, account, behind, workers)
        on_progress(progress)
        if plan.speed is None or progress.feed_ended or progress.lag:
            patience.look(progress)
        else:  # a paced replay waits for its next line, for hours at night
            patience.renew()
        if sending.report is not None and account.final(frozenset(replay.feeds)) and behind == 0:
            return sending.report


class _Sending:
    """The replay on a thread of its own."""

    def __init__(self, replay: Replay) -> None:
        self._replay, self._stop = replay, threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self._error: BaseException | None = None
        self._report: ReplayReport | None = None
        self.sent, self.total, self.rate = 0, replay.lines, 0.0

    @property
    def report(self) -> ReplayReport | None:
        """The report once everything was sent. Raises what ended the replay early."""
        if self._error is not None:
            raise self._error
        return self._report

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        try:
            report = self._replay.run(self._note, self._stop)
            self.sent = report.sent
            self._report = report
        except BaseException as error:  # noqa: BLE001  # raised again where the report is asked for
            self._error = error

    def _note(self, progress: ReplayProgress) -> None:
        self.sent, self.rate = progress.sent, progress.rate


def _progress(sending: _Sending, account: AccountWatch, lag: int, workers: Supervisor) -> DemoProgress:
    outcomes = account.outcomes()
    return DemoProgress(
        lines_sent=sending.sent,
        lines_total=sending.total,
        rate=sending.rate,
        lag=lag,
        open_cases=outcomes[Outcome.PENDING],
        missed=outcomes[Outcome.MISSED],
        abandoned=outcomes[Outcome.STALLED] + outcomes[Outcome.DIVERTED],
        feed_ended=sending.report is not None,
        workers=workers.pids(),
    )


class _Patience:
    """Raises when no figure has moved for too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._moved = seconds, time.monotonic()
        self._last: DemoProgress | None = None

    def renew(self) -> None:
        self._moved = time.monotonic()

    def look(self, progress: DemoProgress) -> None:
        figures = msgspec.structs.replace(progress, rate=0.0)
        if figures != self._last:
            self._last, self._moved = figures, time.monotonic()
        elif time.monotonic() - self._moved > self._seconds:
            raise UnheardError(f"nothing has moved for {self._seconds:.0f} s; last seen: {progress}")
