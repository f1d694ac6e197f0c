"""The whole benchmark: the main parts in turns, round by round, then the others one after the other."""

import importlib
import os
import secrets
import statistics
import traceback
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.bench import Bench
from streams.bench.calibration import calibrate
from streams.bench.cluster import bench_settings, drop_topics, make_topics
from streams.bench.costs import copy_cost, memory_of, run_cost
from streams.bench.load import Filled, fill, make_source
from streams.bench.raw_copy import BEST, Copying, raw_copy
from streams.bench.report import MAIN, PARTS, Json, throughput, with_ratios
from streams.bench.surroundings import describe
from streams.bench.throughput import Run, run_classify, run_end_to_end

PROCESSES: Final = (1, 2)  # of the raw copy and of classify
_WARM_MENTIONS: Final = 20_000
_WARM_HOURS: Final = 1.0  # of event time, so that few windows have to become final
_HOW: Final = {
    "raw_copy": "confluent-kafka in Python, key and value, no work, no transactions, from the first record read to the"
    " last one acknowledged",
    "classify": "the shipped worker, exactly once, from a full backlog: from when all workers are ready to the last"
    " committed offset, less what they had committed before",
    "end_to_end": "one classify and one care worker, from a full backlog: from the last instant at which classify was"
    " not ready to the last final window",
}


def measure_all(bench: Bench, parts: Sequence[str]) -> Json:
    """The report of ``parts``. One that fails is an error of its own (:func:`streams.bench.report.errors_of`)."""
    load = os.getloadavg()[0]
    main = [part for part in MAIN if part in parts]
    rounds = _Rounds(bench, main)
    rounds.run()
    report: Json = rounds.report()
    for part in PARTS[len(MAIN) :]:
        if part in parts:
            bench.say(f"{part}: begins")
            report[part] = _other(bench, part)
    calibration_us = round(statistics.median(rounds.calibrations), 1)
    about = describe(bench, rounds.settings, rounds.filled, calibration_us, load)
    return with_ratios(report) | {"machine": msgspec.to_builtins(about)}


def _other(bench: Bench, part: str) -> Any:
    """What the part's own module finds. It is imported late: one that lacks a library fails alone."""
    try:
        found = importlib.import_module(f"streams.bench.{part}").measure(bench)
        return msgspec.json.decode(msgspec.json.encode(found))  # as whoever reads the JSON will see it
    except Exception as error:  # noqa: BLE001  # the figures of hours must not go down with it
        return {"error": _told(bench, error)}


def _told(bench: Bench, error: Exception) -> str:
    """The error as one line for the report; a bug's traceback is told at once."""
    if not isinstance(error, UnheardError):
        bench.say("".join(traceback.format_exception(error)).rstrip())
    return f"{error}" if isinstance(error, UnheardError) else f"{type(error).__name__}: {error}"


class _Task(NamedTuple):
    part: str
    say: str
    run: Callable[[], None]


class _Rounds:
    """The main parts. Each round has topics of its own, filled once; the whole flow comes first, since only it needs
    them new."""

    def __init__(self, bench: Bench, parts: Sequence[str]) -> None:
        self._bench, self._parts = bench, parts
        self._name = f"bench-{secrets.token_hex(3)}"
        self._copies: dict[int, list[Copying]] = {count: [] for count in PROCESSES}
        self._classified: dict[int, list[Run]] = {count: [] for count in PROCESSES}
        self._finished: list[Run] = []
        self._errors: dict[str, str] = {}
        self.calibrations: list[float] = []
        self.settings = bench_settings(bench.cluster, prefix=f"{self._name}.")
        self.filled: Filled | None = None

    def run(self) -> None:
        self.calibrations.append(calibrate())
        if not self._parts:
            return
        self._warm_up()
        for number in range(self._bench.rounds):
            self._bench.say(f"round {number + 1}: filling the raw topic")
            self.settings = bench_settings(self._bench.cluster, prefix=f"{self._name}-{number}.")
            self.filled = self._fill(self.settings, self._bench.mentions, self._bench.span_hours)
            self.calibrations.append(calibrate())
            for task in self._tasks(self.settings, self.filled):
                self._try(task, f"round {number + 1}: {task.say}")
            self.calibrations.append(calibrate())
            drop_topics(self.settings)

    def _fill(self, settings: Settings, mentions: int, span_hours: float | None) -> Filled:
        make_topics(settings)
        home = self._bench.directory
        return fill(settings, make_source(home, mentions, span_hours), mentions, home)

    def _warm_up(self) -> None:
        """Unmeasured: the broker's JVM compiles what it will do, and the workers' kernels are compiled once."""
        self._bench.say("warming up")
        settings = bench_settings(self._bench.cluster, prefix=f"{self._name}-warm.")
        filled = self._fill(settings, min(_WARM_MENTIONS, self._bench.mentions), _WARM_HOURS)
        try:
            if "end_to_end" in self._parts or "classify" in self._parts:
                run_end_to_end(self._bench, settings, filled)
            raw_copy(settings)
        except UnheardError as error:
            self._bench.say(f"warming up failed, going on: {error}")
        drop_topics(settings)

    def _tasks(self, settings: Settings, filled: Filled) -> list[_Task]:
        """In the order of a round."""

        def finish() -> None:
            self._finished.append(run_end_to_end(self._bench, settings, filled))

        tasks = [_Task("end_to_end", "end to end", finish)]
        for count in PROCESSES:
            tasks += self._with_processes(settings, filled, count)
        return tasks

    def _with_processes(self, settings: Settings, filled: Filled, count: int) -> list[_Task]:
        def copy() -> None:
            self._copies[count].append(raw_copy(settings, count))

        def classify() -> None:
            self._classified[count].append(run_classify(self._bench, settings, filled, count))

        them = f"{count} process{'es' if count > 1 else ''}"
        return [_Task("raw_copy", f"raw copy, {them}", copy), _Task("classify", f"classify, {them}", classify)]

    def _try(self, task: _Task, say: str) -> None:
        """After a failure a part is not tried again."""
        if task.part not in self._parts or task.part in self._errors:
            return
        self._bench.say(say)
        try:
            task.run()
        except Exception as error:  # noqa: BLE001  # as above
            self._errors[task.part] = _told(self._bench, error)

    # ------------------------------------------------------------ what came of it

    def report(self) -> Json:
        """The main parts, memory and processor time."""
        if self.filled is None:
            return {}
        share = self.filled.mentions / self.filled.records  # of the records that are copied
        rates: dict[str, dict[int, list[float]]] = {
            "raw_copy": {n: [share * c.records / c.seconds for c in runs] for n, runs in self._copies.items()},
            "classify": {n: [run.per_second for run in runs] for n, runs in self._classified.items()},
            "end_to_end": {2: [run.per_second for run in self._finished]},
        }
        return {part: self._part(part, rates[part]) for part in self._parts} | {
            "memory": memory_of(chain(*self._copies.values()), chain(*self._classified.values(), self._finished)),
            "cpu": {
                "raw_copy": copy_cost(self._copies[1], share),
                "classify": run_cost(self._classified[1]),
                "end_to_end": run_cost(self._finished),
            },
        }

    def _part(self, part: str, rates: Mapping[int, Sequence[float]]) -> Json:
        if part in self._errors:
            return {"error": self._errors[part]}
        found: Json = msgspec.to_builtins(throughput(rates, _HOW[part]))
        return found | ({"style": msgspec.to_builtins(BEST)} if part == "raw_copy" else {})
