"""Whether the cost of a mention stays what it is: with more workers, mentions, open cases, partitions and brands.

Every point but those of the workers (classify alone) and of the open cases (the fold alone) is the whole flow from a
full backlog. Sizes beyond ``ROLLING_FROM`` mentions are filled while they are consumed (``streams.bench.rolling``).
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from config.errors import UnheardError
from config.load import load_settings
from config.settings import Brand, Settings
from streams.bench.bench import Bench
from streams.bench.load import Filled, fill, make_source
from streams.bench.many_brands import clones_needed, many_brands, one_brand, rename_file
from streams.bench.open_cases import Folded, measure_cases
from streams.bench.own_topics import own_topics
from streams.bench.rolling import run_rolling
from streams.bench.throughput import BROKER, Cost, Run, run_classify, run_end_to_end
from streams.bench.topic_bytes import topic_bytes
from streams.cli.sample import read_truth

ROLLING_FROM: Final = 5_000_000
_MANY_PARTITIONS: Final = 64
_MANY_BRANDS: Final = 1_000
_MEGABYTE: Final = 1e6


class Point(msgspec.Struct, frozen=True):
    """``rate`` mentions a second; ``cpu_us_per_mention`` of all workers together, ``peak_rss_mb`` of the largest."""

    rate: float
    cpu_us_per_mention: float
    peak_rss_mb: float


class CasePoint(msgspec.Struct, frozen=True):
    """The fold alone, of events about ``open_cases`` cases."""

    open_cases: int
    rate: float
    cpu_us_per_event: float
    peak_rss_mb: float


class ScaleReport(msgspec.Struct, frozen=True):
    """Points by the number of what is varied. ``bytes_per_mention``: on the broker's disk by topic, one copy, of the
    smallest run of the whole flow; empty where the broker does not tell. ``cases_per_mention``: how many cases a
    mention of the sample opens. ``failed``: an ``error``, where points are missing."""

    workers: dict[str, Point]
    mentions: dict[str, Point]
    open_cases: dict[str, CasePoint]
    partitions: dict[str, Point]
    brands: dict[str, Point]
    bytes_per_mention: dict[str, float]
    cases_per_mention: float
    failed: dict[str, str]


class Sizes(msgspec.Struct, frozen=True):
    """What is measured; the first of ``mentions`` also by partitions and brands."""

    workers: tuple[int, ...]
    mentions: tuple[int, ...]
    open_cases: tuple[int, ...]


_QUICK: Final = Sizes((1, 2), (50_000, 150_000), (10_000, 50_000))
_USUAL: Final = Sizes((1, 2, 4), (1_000_000, 3_000_000), (10_000, 100_000, 1_000_000))
_LONG: Final = (10_000_000, 50_000_000)


def sizes_of(bench: Bench) -> Sizes:
    """10 and 50 million mentions only where ``--mentions`` asks for so many: they take hours."""
    if bench.quick:
        return _QUICK
    more = tuple(size for size in _LONG if size <= bench.mentions)
    return msgspec.structs.replace(_USUAL, mentions=(*_USUAL.mentions, *more))


def measure(bench: Bench) -> ScaleReport:
    """All of it, one point after the other."""
    return measure_sizes(bench, sizes_of(bench))


def measure_sizes(bench: Bench, sizes: Sizes) -> ScaleReport:
    """A point that fails is left out and told in ``failed``."""
    measured = _Scale(bench, make_source(bench.directory, sizes.mentions[0]), sizes)
    measured.run()
    return measured.report()


class _Scale:
    """The points so far. The smallest run of the whole flow is a point of mentions, partitions and brands alike."""

    def __init__(self, bench: Bench, source: Path, sizes: Sizes) -> None:
        self._bench, self._source, self._sizes = bench, source, sizes
        self._base = sizes.mentions[0]
        self._workers: dict[str, Point] = {}
        self._mentions: dict[str, Point] = {}
        self._cases: dict[str, CasePoint] = {}
        self._partitions: dict[str, Point] = {}
        self._brands: dict[str, Point] = {}
        self._kept: dict[str, float] = {}
        self._failed: list[str] = []

    def run(self) -> None:
        self._try("workers", self._by_workers)
        self._try(f"{self._base:,} mentions", self._smallest)
        for size in self._sizes.mentions[1:]:
            self._try(f"{size:,} mentions", partial(self._of_mentions, size))
        for count in self._sizes.open_cases:
            self._try(f"{count:,} open cases", partial(self._of_cases, count))
        self._try(f"{_MANY_PARTITIONS} raw partitions", self._of_many_partitions)
        self._try("one brand", self._of_one_brand)
        self._try(f"{_MANY_BRANDS:,} brands", self._of_many_brands)

    def report(self) -> ScaleReport:
        return ScaleReport(
            workers=self._workers,
            mentions=self._mentions,
            open_cases=self._cases,
            partitions=self._partitions,
            brands=self._brands,
            bytes_per_mention=self._kept,
            cases_per_mention=_cases_per_mention(self._source),
            failed={"error": "; ".join(self._failed)} if self._failed else {},
        )

    def _try(self, what: str, measure_it: Callable[[], None]) -> None:
        """The other points of an hour must not go down with one."""
        self._bench.say(f"scale: {what}")
        try:
            measure_it()
        except UnheardError as error:
            self._bench.say(f"scale: {what} failed: {error}")
            self._failed.append(f"{what}: {error}")

    def _by_workers(self) -> None:
        with own_topics(self._bench, "scale") as settings:
            filled = fill(settings, self._source, self._base, self._bench.directory)
            for count in self._sizes.workers:
                self._workers[str(count)] = point_of(run_classify(self._bench, settings, filled, count))

    def _whole(self, source: Path, mentions: int, **overrides: Any) -> tuple[Point, dict[str, float], Settings]:
        """The whole flow on topics of its own, and what is on the disk behind it, by topic and mention."""
        with own_topics(self._bench, "scale", **overrides) as settings:
            filled = fill(settings, source, mentions, self._bench.directory)
            run = run_end_to_end(self._bench, settings, filled)
            return point_of(run), _bytes_per_mention(settings, filled), settings

    def _smallest(self) -> None:
        point, self._kept, settings = self._whole(self._source, self._base)
        self._mentions[str(self._base)] = point
        self._partitions[str(settings.topics.raw_partitions)] = point
        self._brands[str(len(settings.brands))] = point

    def _of_mentions(self, mentions: int) -> None:
        if mentions < ROLLING_FROM:
            self._mentions[str(mentions)] = self._whole(self._source, mentions)[0]
            return
        with own_topics(self._bench, "scale") as settings:
            run = run_rolling(self._bench, settings, self._source, mentions)
            self._mentions[str(mentions)] = point_of(run)

    def _of_cases(self, count: int) -> None:
        self._cases[str(count)] = case_point(measure_cases(count, self._bench.directory))

    def _of_many_partitions(self) -> None:
        point, _, _ = self._whole(self._source, self._base, raw_partitions=_MANY_PARTITIONS)
        self._partitions[str(_MANY_PARTITIONS)] = point

    def _of_one_brand(self) -> None:
        self._brands["1"] = self._whole(self._source, self._base, brands=one_brand(_shipped_brands()))[0]

    def _of_many_brands(self) -> None:
        shipped = _shipped_brands()
        target = self._source.with_name("many-brands.jsonl")
        renamed = rename_file(self._source, target, shipped, clones_needed(shipped, _MANY_BRANDS))
        brands = many_brands(shipped, _MANY_BRANDS)
        self._brands[str(_MANY_BRANDS)] = self._whole(renamed, self._base, brands=brands)[0]


def _bytes_per_mention(settings: Settings, filled: Filled) -> dict[str, float]:
    return {topic: round(held / filled.mentions, 2) for topic, held in topic_bytes(settings).items()}


def _cases_per_mention(source: Path) -> float:
    truth = read_truth(source.parent)
    return round(len(truth.conversations) / truth.lines, 4)


def _shipped_brands() -> tuple[Brand, ...]:
    return load_settings(environ={}).brands


# ---------------------------------------------------------------- points


def point_of(run: Run) -> Point:
    """What ``run`` cost its workers; the broker is not theirs."""
    costs = [cost for name, cost in run.costs.items() if name != BROKER]
    return Point(
        rate=round(run.per_second, 1),
        cpu_us_per_mention=round(sum(cost.cpu_us_per_mention for cost in costs), 2),
        peak_rss_mb=_largest_mb(costs),
    )


def _largest_mb(costs: Iterable[Cost]) -> float:
    return round(max(cost.rss_peak_bytes for cost in costs) / _MEGABYTE, 1)


def case_point(folded: Folded) -> CasePoint:
    """In the fold one core does everything, so the rate follows from the cost."""
    return CasePoint(
        open_cases=folded.cases,
        rate=round(1e6 / folded.cpu_us, 1) if folded.cpu_us else 0.0,
        cpu_us_per_event=folded.cpu_us,
        peak_rss_mb=round(folded.rss_peak_bytes / _MEGABYTE, 1),
    )
