"""What an event costs care while many cases are open, in a process of its own: the fold alone, without a broker.

Customers open cases through the real steps of classify, then the same customers and their brand go on talking; only
the fold of the latter is timed. ``python -m streams.bench.open_cases CASES`` prints one JSON object.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError
from config.load import config_version, load_settings
from config.settings import Settings
from models.judge import Judge
from models.records import Control, ControlKind, Mention
from streams.bench.children import child_environment
from streams.runtime.collector import tune_collector
from streams.stages.care import CareFold
from streams.stages.classify import Context, process_batch
from streams.stages.decode import Headers, RawBatch
from streams.stages.rules import Rules
from streams.stages.spans import PartitionState
from streams.stages.spread import mix

FOLLOW_UPS: Final = 50_000
_BATCH: Final = 5_000
_START_MS: Final = 1_700_000_000_000
_OPENING_MS: Final = 12 * 3_600_000  # in which all cases open: nobody is given up before the follow-ups
_QUIET_MS: Final = 70 * 60_000  # behind them: every promise of a first reply falls due before anything is timed
_FOLLOWING_MS: Final = 3_600_000
_FEED: Final = "a"
_TEXT: Final = "@{brand} my order {number} never came and nobody answers, please help me"
_ANSWER: Final = "@{customer} sorry to hear that, we look into order {number} right away"
_AGAIN: Final = "@{brand} still waiting for order {number}, this is not okay"
_encode: Final = msgspec.json.Encoder().encode


class Folded(msgspec.Struct, frozen=True):
    """``cases`` were open when the timed events began; ``cpu_us`` of the processor for each of ``events``."""

    cases: int
    events: int
    cpu_us: float
    rss_peak_bytes: int


def measure_cases(cases: int, directory: Path) -> Folded:
    """In a process of its own, so that its memory is that of these cases alone. Raises UnheardError if it fails."""
    result = subprocess.run(
        [sys.executable, "-m", "streams.bench.open_cases", str(cases)],
        capture_output=True,
        env=child_environment(directory),
        check=False,
    )
    if result.returncode:
        words = result.stderr.decode(errors="replace").strip().splitlines()
        raise UnheardError(f"the fold of {cases:,} cases failed: {words[-1] if words else 'it said nothing'}")
    return msgspec.json.decode(result.stdout, type=Folded)


def fold_cases(cases: int, follow_ups: int = FOLLOW_UPS) -> Folded:
    """Open ``cases`` cases, then time the fold of ``follow_ups`` events about them."""
    settings = load_settings(environ={}, overrides={"topics.care_partitions": 1})
    handle = settings.brands[0].handles[0].lower()
    stream = _Blocks(settings)
    fold = CareFold(Rules.from_settings(settings))
    state, offset = fold.empty(0), 0
    for block in (*stream.blocks(_openings(cases, handle)), *stream.blocks(_settling(cases, handle))):
        fold.apply(state, offset, block)
        offset += 1
    timed = list(stream.blocks(_follow_ups(cases, follow_ups, handle)))
    opened = int(fold.gauges(state)["unheard_cases_open"])
    tune_collector()
    began = time.process_time()
    for block in timed:
        fold.apply(state, offset, block)
        offset += 1
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Folded(opened, follow_ups, round(1e6 * spent / follow_ups, 2), peak)


class _Blocks:
    """Packs mentions for the one care partition, as one classify worker does that owns the one raw partition."""

    def __init__(self, settings: Settings) -> None:
        judge = Judge.load(settings.model.path)
        self._context = Context.make(settings, judge, "raw", "raw", config_version(settings))
        self._states: dict[int, PartitionState] = {}
        self._offset = 0
        start = Control(control=ControlKind.FEED_START, feed=_FEED, epoch=1, partitions=(0,))
        self._pending: list[bytes | None] = [_encode(start)]

    def blocks(self, mentions: Iterator[Mention]) -> Iterator[bytes]:
        for mention in mentions:
            self._pending.append(_encode(mention))
            if len(self._pending) >= _BATCH:
                yield from self._flush()
        yield from self._flush()

    def _flush(self) -> Iterator[bytes]:
        values, self._pending = self._pending, []
        offsets = list(range(self._offset, self._offset + len(values)))
        self._offset += len(values)
        batch = RawBatch([0] * len(values), offsets, values, _no_extras)
        output = process_batch(batch, self._context, self._states, 0)
        self._states = output.states
        yield from output.care_blocks[0]


def _no_extras(_row: int) -> tuple[bytes | None, Headers]:
    return None, []


def _openings(cases: int, handle: str) -> Iterator[Mention]:
    for number in range(cases):
        time_ms = _START_MS + number * _OPENING_MS // cases
        yield _mention(number, number, time_ms, f"c{number}", _TEXT.format(brand=handle, number=number), handle)


def _settling(cases: int, handle: str) -> Iterator[Mention]:
    """One mention so late that all openings are folded."""
    time_ms = _START_MS + _OPENING_MS + _QUIET_MS
    yield _mention(cases, cases, time_ms, "nobody", _AGAIN.format(brand=handle, number=0), handle)


def _follow_ups(cases: int, count: int, handle: str) -> Iterator[Mention]:
    """Customers at random, their brand's answers in between."""
    start_ms = _START_MS + _OPENING_MS + _QUIET_MS
    for turn in range(1, count + 1):
        number, time_ms = mix(turn) % cases, start_ms + turn * _FOLLOWING_MS // count
        if turn % 2:
            text, author, named = _ANSWER.format(customer=f"c{number}", number=number), handle, f"c{number}"
        else:
            text, author, named = _AGAIN.format(brand=handle, number=number), f"c{number}", handle
        yield _mention(cases + turn, cases + turn, time_ms, author, text, named)


def _mention(id_: int, seq: int, time_ms: int, author: str, text: str, named: str) -> Mention:
    return Mention(
        id=str(id_),
        author=author,
        created_at_ms=time_ms,
        text=text,
        reply_to_author=named,
        mentions=(named,),
        feed=_FEED,
        epoch=1,
        seq=seq + 1,
        feed_time_ms=time_ms,
    )


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(fold_cases(int(sys.argv[1]))).decode() + "\n")
