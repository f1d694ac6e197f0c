"""What a replay is asked for, and what it tells while and after it runs."""

import re
from pathlib import Path
from typing import Final, Literal

import msgspec

from config.errors import UsageError
from models.records import RejectReason
from streams.formats.detect import Format
from streams.stages.learn import LearnedBrand
from streams.stages.schedule import SlipReport
from streams.stages.spread import Spread

_SUFFIXES: Final = re.compile(r"\.(gz|zst|csv|jsonl|ndjson|json|parquet)$", re.IGNORECASE)
_LARGEST_COPIES: Final = 10_000
_LARGEST_NUMBER: Final = 2**31 - 1  # lines, epochs and seeds beyond it are slips of the finger
_LONGEST_SETTLE_MS: Final = 366 * 86_400_000  # event time never goes back: a feed far ahead makes all others late


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """All options of a replay; ``speed`` and ``rate`` None: as fast as possible."""

    file: Path
    feed: str = ""  # empty: from the file's name
    epoch: int = 1
    speed: float | None = None  # event seconds a second
    rate: float | None = None  # lines a second, copies included
    amplify: int = 1
    seed: int = 0  # of copies' names, random partitions and shuffling
    clock: Literal["original", "shifted"] = "original"
    loop: bool = False
    start_offset_s: float = 0.0
    limit: int | None = None  # lines of the source
    partitions_by: Spread = Spread.AUTHOR
    settle_ms: int | None = None  # None: the response horizon H
    shuffle_ms: int = 0

    @property
    def feed_name(self) -> str:
        return self.feed or feed_name_of(self.file)

    @property
    def is_shifted(self) -> bool:
        return self.loop or self.clock == "shifted"


def check_plan(plan: ReplayPlan) -> None:
    """Raises UsageError for options that make no sense."""
    checks = (
        (plan.speed is None or plan.speed > 0, "--speed must be above 0 or 'max'"),
        (plan.rate is None or plan.rate > 0, "--rate must be above 0"),
        (plan.speed is None or plan.rate is None, "--speed and --rate exclude each other"),
        (1 <= plan.amplify <= _LARGEST_COPIES, f"--amplify must be from 1 to {_LARGEST_COPIES}"),
        (1 <= plan.epoch <= _LARGEST_NUMBER, f"--epoch must be from 1 to {_LARGEST_NUMBER}"),
        (0 <= plan.seed <= _LARGEST_NUMBER, f"--seed must be from 0 to {_LARGEST_NUMBER}"),
        (plan.limit is None or 1 <= plan.limit <= _LARGEST_NUMBER, f"--limit must be from 1 to {_LARGEST_NUMBER}"),
        (plan.start_offset_s >= 0, "--start-offset must be 0 or more"),
        (plan.shuffle_ms >= 0, "--shuffle-ms must be 0 or more"),
        (plan.settle_ms is None or 0 <= plan.settle_ms <= _LONGEST_SETTLE_MS, "--settle must be 0 to 366 days"),
        (re.fullmatch(r"[A-Za-z0-9._-]{0,100}", plan.feed) is not None, "--feed takes letters, digits, '.', '_', '-'"),
    )
    for is_right, message in checks:
        if not is_right:
            raise UsageError(message)


def feed_name_of(file: Path) -> str:
    """The file's name without its format, with characters that are safe in metrics and keys."""
    stem = file.name
    while (shorter := _SUFFIXES.sub("", stem)) != stem:
        stem = shorter
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem)[:100].strip("-") or "feed"


class SourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the first pass over the file found; counts are of the source, before copying and limits."""

    format: Format
    lines: int
    mentions: int
    control: int
    broken: dict[RejectReason, int]
    first_ms: int | None
    last_ms: int | None
    feeds: tuple[str, ...]
    brands: tuple[LearnedBrand, ...]


class ReplayProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A look at a running replay; ``total`` is of one round, copies included."""

    sent: int
    total: int
    round: int
    feed_time_ms: int
    elapsed_s: float
    rate: float
    slip_ms: float


class FeedReport(msgspec.Struct, frozen=True, kw_only=True):
    feed: str
    epoch: int
    last_seq: int


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent in this run, copies included; ``skipped`` lines had been sent by the run that this one resumes."""

    sent: int
    mentions: int
    control: int
    broken: int
    skipped: int
    announcements: int
    elapsed_s: float
    rate: float
    slip: SlipReport
    feeds: tuple[FeedReport, ...]
    interrupted: bool
    resumed: bool
