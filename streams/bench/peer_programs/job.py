"""What the programs share, so that they differ in how they read and write alone: options, the model, a stopwatch.

Standard library and scikit-learn only: one of them runs in an environment of its own.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import joblib
import sklearn

MARK_SECONDS = 0.1
QUIET_SECONDS = 3.0  # after the last record
EMPTY_SECONDS = 10.0  # without a first record: another process of the group has read everything

# What scikit-learn's guide advises for low latency: it trusts its input.
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)


def options() -> argparse.Namespace:
    """What every program is told. It ends after ``count`` mentions or ``seconds``, whichever comes first."""
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "group", "input", "output", "model", "directory"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("partitions", "count"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--seconds", required=True, type=float)
    return parser.parse_args()


class Verdict(NamedTuple):
    intent: str
    escalate: bool


class Model:
    """A vectoriser and two linear models, as ``streams.bench.rivals.train_hashed`` saves them."""

    def __init__(self, file: str) -> None:
        self.vectors, self.intent, self.escalation = joblib.load(file)
        self.judge(["the first call is slower"])

    def judge(self, texts: Sequence[str]) -> list[Verdict]:
        rows = self.vectors.transform(texts)
        intents, flags = self.intent.predict(rows), self.escalation.predict(rows)
        return [Verdict(*one) for one in zip(intents.tolist(), flags.tolist(), strict=True)]


class Tally:
    """Counts mentions from the first record on, with marks: how many there were at which time."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._marks: list[tuple[float, int]] = []
        self._mentions = 0
        self._last, self._cpu_first = time.monotonic(), 0.0

    def begin(self) -> None:
        """A record is here. Only the first one starts the clock."""
        if not self._marks:
            self._last = time.monotonic()  # the same for all processes
            self._cpu_first = time.process_time()
            self._marks.append((self._last, 0))

    def add(self, mentions: int) -> bool:
        """So many more are done; whether that is enough."""
        self._mentions += mentions
        self._last = time.monotonic()
        if self._last - self._marks[-1][0] >= MARK_SECONDS:
            self._marks.append((self._last, self._mentions))
        return self._mentions >= self._count or self._last - self._marks[0][0] >= self._seconds

    def is_over(self) -> bool:
        """Whether nothing has come for long."""
        return time.monotonic() - self._last > (QUIET_SECONDS if self._marks else EMPTY_SECONDS)

    def report(self) -> None:
        """Tell whoever started the program, in one line behind whatever a library has drawn. To be called at once
        after the last :meth:`add`."""
        marks = [*self._marks, (self._last, self._mentions)] if self._marks else []
        line = {"marks": marks, "cpu_seconds": time.process_time() - self._cpu_first}
        sys.stdout.write("\n" + json.dumps(line) + "\n")
        sys.stdout.flush()
