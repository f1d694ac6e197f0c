"""One run of classify alone, or of the whole flow, from a full backlog, with what each process cost."""

import contextlib
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.await_topics import CommitWatch, await_classified, await_final, count_windows
from streams.bench.bench import Bench
from streams.bench.crew import Crew, crew
from streams.bench.load import Filled
from streams.bench.usage import Usage, usage

BROKER: Final = "broker"
_LEAST_PER_SECOND: Final = 300.0  # whoever is slower than this is broken
_START_SECONDS: Final = 120.0
_STAGE: Final = re.compile(r'stage="(\w+)"')
_STAGES: Final = "unheard_stage_duration_seconds_sum"


class Cost(msgspec.Struct, frozen=True):
    """What one process used while the run was measured; ``threads`` are its µs by kind of thread."""

    cpu_us_per_mention: float
    rss_peak_bytes: int
    threads: dict[str, float] = {}


class Run(msgspec.Struct, frozen=True):
    """``mentions`` of ``seconds``, and the costs by process. ``stages``: µs a mention that a worker spent in each stage
    by the clock, waiting included. ``windows``: (final, others) at the end."""

    mentions: float
    seconds: float
    costs: dict[str, Cost]
    stages: dict[str, dict[str, float]]
    windows: tuple[int, int] | None = None

    @property
    def per_second(self) -> float:
        return self.mentions / self.seconds


def run_classify(bench: Bench, settings: Settings, filled: Filled, workers: int) -> Run:
    """So many classify workers alone, from the instant at which all have joined the group and are ready (what they
    have committed by then counts for nothing) to the last committed offset."""
    group = f"{settings.topics.prefix}classify-{secrets.token_hex(4)}"
    settings = with_group(settings, group)
    with crew(settings, bench.directory, classify=workers, care=0) as them:
        them.await_ready()
        with CommitWatch(settings) as watch:
            done, began = watch.committed(), time.monotonic()
        with _measured(bench, _share(filled, done), began, them) as measured:
            measured.ended = await_classified(settings, filled, patience_seconds(filled), them.check)
        return measured.run()


def run_end_to_end(bench: Bench, settings: Settings, filled: Filled) -> Run:
    """One classify and one care worker, from the last instant at which classify was not ready (care is by then) to
    the last final window. The topics must be new ones. Raises UnheardError for windows that have not become final."""
    with crew(settings, bench.directory, classify=0, care=1) as care:
        care.await_ready()
        with crew(settings, bench.directory, classify=1, care=0) as classify:
            began = classify.await_ready()

            def check() -> None:
                classify.check()
                care.check()

            with _measured(bench, filled.mentions, began, classify, care) as measured:
                measured.ended = await_final(settings, filled, patience_seconds(filled), check)
            run = measured.run()
    windows = count_windows(settings)
    if windows[1] or not windows[0]:
        raise UnheardError(f"{windows[0]:,} windows became final and {windows[1]:,} did not")
    return msgspec.structs.replace(run, windows=windows)


def with_group(settings: Settings, group: str) -> Settings:
    """The same with a group of classify workers that has committed nothing yet."""
    return settings.model_copy(update={"classify": settings.classify.model_copy(update={"group": group})})


def patience_seconds(filled: Filled) -> float:
    """How long to wait for all of it before something must be broken."""
    return _START_SECONDS + filled.mentions / _LEAST_PER_SECOND


class _Measured:
    """What was used between two instants."""

    def __init__(self, bench: Bench, mentions: float, began: float, crews: tuple[Crew, ...]) -> None:
        self._bench, self._mentions, self._crews = bench, mentions, crews
        self.began = self.ended = began
        self._before, self._stages_before = self._used(), self._stages()
        self._after, self._stages_after = self._before, self._stages_before

    def close(self) -> None:
        self._after, self._stages_after = self._used(), self._stages()

    def run(self) -> Run:
        costs = {name: self._cost(self._before[name], after) for name, after in self._after.items()}
        stages = {name: self._spent(self._stages_before[name], spent) for name, spent in self._stages_after.items()}
        return Run(round(self._mentions), self.ended - self.began, costs, stages)

    def _used(self) -> dict[str, Usage]:
        used = {name: used for crew in self._crews for name, used in crew.usage().items()}
        broker = self._bench.cluster.broker_pid
        return used | ({} if broker is None else {BROKER: usage(broker)})

    def _stages(self) -> dict[str, dict[str, float]]:
        return {name: stage_seconds(crew.metrics(name)) for crew in self._crews for name in crew.pids()}

    def _cost(self, before: Usage, after: Usage) -> Cost:
        threads = {
            kind: self._us(seconds - before.threads.get(kind, 0.0)) for kind, seconds in sorted(after.threads.items())
        }
        return Cost(self._us(after.cpu_seconds - before.cpu_seconds), after.rss_peak_bytes, threads)

    def _spent(self, before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
        return {stage: self._us(seconds - before.get(stage, 0.0)) for stage, seconds in after.items()}

    def _us(self, seconds: float) -> float:
        return round(1e6 * seconds / self._mentions, 2)


@contextlib.contextmanager
def _measured(bench: Bench, mentions: float, began: float, *crews: Crew) -> Iterator[_Measured]:
    if mentions <= 0:
        raise UnheardError("all was done before the workers were ready: measure more mentions")
    measured = _Measured(bench, mentions, began, crews)
    yield measured
    measured.close()


def _share(filled: Filled, done: int) -> float:
    """Mentions among the records that are left when ``done`` are committed."""
    return filled.mentions * (filled.records - done) / filled.records


def stage_seconds(metrics: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Seconds by stage, from a worker's metrics."""
    found = ((_STAGE.search(labels), value) for (name, labels), value in metrics.items() if name == _STAGES)
    return {match[1]: value for match, value in found if match}
