"""A worker process that runs folds on one Faust app: start, readiness, signals, stop."""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime import faust_app
from streams.runtime.blocks import BlockRunner
from streams.runtime.collector import tune_collector
from streams.runtime.kafka import producer_config
from streams.runtime.metrics import Telemetry
from streams.runtime.outputs import LoopWatch, OutputSender
from streams.stages import topics
from streams.stages.fold import BlockError, Fold

log = logging.getLogger(__name__)

_SETTLE_SECONDS: Final = 3.0
_STOP_SECONDS: Final = 5.0


class Step(msgspec.Struct, frozen=True):
    """One fold, the topic that feeds it and the changelog table that keeps it."""

    topic: str
    table: str
    partitions: int
    fold: Fold[Any]


def run_steps(settings: Settings, telemetry: Telemetry, steps: Sequence[Step]) -> None:
    """Run until SIGTERM or SIGINT. An error ends the process with code 1 before anything more is sent or acked."""
    tune_collector()
    asyncio.run(_Worker(settings, telemetry, steps).run())


class _Worker:
    def __init__(self, settings: Settings, telemetry: Telemetry, steps: Sequence[Step]) -> None:
        self._settings, self._telemetry, self._steps = settings, telemetry, steps
        self._tasks: list[asyncio.Task[None]] = []
        self._runners: list[BlockRunner[Any]] = []
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        self._install_signals()
        app = faust_app.make_app(self._settings)
        try:
            self._build(app)
            await app.start()
            await self._wait(app)
            await self._stop(app)
        finally:
            shutil.rmtree(app.conf.datadir, ignore_errors=True)

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            os._exit(130)  # a second Ctrl-C: at once, recovery refolds what was not acked
        self._telemetry.ready(False)
        self._stopping.set()

    def _build(self, app: Any) -> None:
        watch = LoopWatch(self._settings.care.session_timeout_ms / 1000)
        sender = OutputSender(producer_config(self._settings), self._settings.topics.prefix, self._telemetry, watch)
        for step in self._steps:
            self._add_runner(app, step, sender)
        self._start(watch.run(), "watch")
        for runner in self._runners:
            for task in (runner.verify, runner.commit, runner.publish):
                self._start(task(), f"{runner.name} {task.__name__}")
        self._start(self._announce_readiness(), "readiness")

    def _add_runner(self, app: Any, step: Step, sender: OutputSender) -> None:
        topic = topics.topic_name(step.topic, self._settings)
        runner = BlockRunner(
            step.topic,
            step.fold,
            faust_app.make_table(app, step.table, step.partitions, topic),
            sender,
            self._telemetry,
            snapshot_blocks=self._settings.care.snapshot_blocks,
            publish_interval_seconds=self._settings.care.publish_interval_ms / 1000,
            fail=self._fail,
        )
        self._runners.append(runner)
        faust_app.add_agent(app, step.table, faust_app.raw_topic(app, topic), runner.consume)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._on_task_done)
        self._tasks.append(task)

    def _on_task_done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(task.get_name(), error)

    def _fail(self, where: str, error: BaseException) -> None:
        """Leave at once and loudly: nothing may be acked or sent after an error."""
        expected = isinstance(error, UnheardError | BlockError)
        log.critical("%s: %s", where, error, exc_info=None if expected else error)
        logging.shutdown()
        os._exit(1)

    async def _announce_readiness(self) -> None:
        while True:
            self._telemetry.ready(not self._stopping.is_set() and all(r.ready for r in self._runners))
            await asyncio.sleep(0.2)

    async def _wait(self, app: Any) -> None:
        stopped = asyncio.ensure_future(app.wait_until_stopped())
        asked = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({stopped, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stopped.done() and not self._stopping.is_set():
            self._fail("faust", app.crash_reason or UnheardError("the stream engine stopped by itself"))
        stopped.cancel()

    async def _stop(self, app: Any) -> None:
        app.flow_control.suspend()
        settled = asyncio.gather(*(runner.settle() for runner in self._runners))
        try:
            await asyncio.wait_for(settled, _SETTLE_SECONDS)
        except TimeoutError:
            log.warning("records in flight at the stop will be folded again")
        clean = await faust_app.stop_app(app, _STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        if not clean:
            shutil.rmtree(app.conf.datadir, ignore_errors=True)
            os._exit(0)
