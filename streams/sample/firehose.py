"""The sample firehose: one call from a seed to lines and their ground truth."""

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from config.errors import UsageError
from streams.sample.controls import heartbeat_count
from streams.sample.delivery import COPY_SHARE, Line, deliver
from streams.sample.script import Script
from streams.sample.stories import tell_all
from streams.sample.truth import Truth, count_truth
from streams.sample.voices import make_voices

DEFAULT_LINES: Final = 200_000
DEFAULT_SEED: Final = 20_250_303
LEAST_LINES: Final = 1_000  # below it some of what the sample promises to contain would be missing

_MENTIONS_AMONG_LINES: Final = 0.9935  # that are no heartbeats


class Firehose(msgspec.Struct, frozen=True):
    lines: list[Line]
    truth: Truth

    def jsonl(self) -> bytes:
        """The file: one line each, in order of arrival."""
        return b"".join([line.raw + b"\n" for line in self.lines])


def make_firehose(lines: int = DEFAULT_LINES, seed: int = DEFAULT_SEED) -> Firehose:
    """About ``lines`` source lines over three days of event time; the same for a seed on every machine.

    Raises UsageError below ``LEAST_LINES``.
    """
    if lines < LEAST_LINES:
        raise UsageError(f"a sample firehose has at least {LEAST_LINES} lines, not {lines}")
    with _no_collection():
        draw = random.Random(seed).random  # not a secret, but a stream that must repeat
        script = Script(make_voices(), draw)
        others = lines - 2 * heartbeat_count(lines)
        tell_all(script, int(others * _MENTIONS_AMONG_LINES / (1 + COPY_SHARE)))
        delivered = deliver(script.posts, lines, draw)
        return Firehose(delivered, count_truth(delivered, script, seed))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Half a million small records without a cycle among them: collecting would only cost time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
