"""When the mentions of an open load came out at the other end, as a reader of the output topics sees them.

A mention is numbered by its ``seq`` less 1. A window's row says how many mentions it knows (counted, or waiting behind
the watermark). Mentions are matched with it in the order in which they were due: the first row that knows *n* of its
window has the first *n* of them. Where one overtook another on its way the two change places, which leaves the mean
as it is.
"""

import re
import time
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from confluent_kafka import Consumer, Message, TopicPartition
from numpy.typing import NDArray

from config.settings import Settings
from streams.bench.arrivals import Arrivals, Ordinals, Times
from streams.runtime.kafka import ANSWER_SECONDS, as_bytes, consumer_config
from streams.stages.topics import CLASSIFIED, WINDOWS, partitions_of, topic_name
from streams.stages.windows import ALL_BRANDS

_SEQ: Final = re.compile(rb'"seq":(\d+)')
_READ_RECORDS: Final = 2_000
_FETCH_WAIT_MS: Final = 5


class WindowSeen(msgspec.Struct):
    """What a row of a window knows, as far as this is needed here."""

    window_start_ms: int
    received: int
    duplicates: int
    waiting: int

    @property
    def known(self) -> int:
        return self.received + self.duplicates + self.waiting


_decode_window: Final = msgspec.json.Decoder(WindowSeen).decode


class Sightings:
    """Reads ``mentions.classified.v1`` (unless ``windows_only``) and ``care.windows.v1`` as a read_committed consumer
    from their ends on; looks at the mentions of one ``source`` only, and at the rows of all its brands in the
    narrowest windows."""

    def __init__(self, settings: Settings, source: str, *, windows_only: bool = False) -> None:
        self._mentions, self._windows = topic_name(CLASSIFIED, settings), topic_name(WINDOWS, settings)
        self._of_source = f"{source}:".encode()
        self._of_rows = f":{settings.rules.window_ms}:{ALL_BRANDS}:{source}".encode()
        self._seen_ms: list[float] = []  # one for each batch that was read
        self._seen: list[list[int]] = []
        self.rows: list[tuple[float, int, int]] = []  # (time, window, mentions known)
        self.records = 0
        self._consumer = Consumer(
            consumer_config(settings, f"{settings.topics.prefix}sightings") | {"fetch.wait.max.ms": _FETCH_WAIT_MS}
        )
        self._consumer.assign(self._ends(settings, (WINDOWS,) if windows_only else (CLASSIFIED, WINDOWS)))

    def _ends(self, settings: Settings, names: Sequence[str]) -> list[TopicPartition]:
        places = [
            TopicPartition(topic_name(name, settings), partition)
            for name in names
            for partition in range(partitions_of(name, settings))
        ]
        for place in places:
            place.offset = self._consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS, cached=False)[1]
        return places

    def read(self, wait_seconds: float) -> None:
        """Take what has come, and wait at most so long for it."""
        messages = self._consumer.consume(_READ_RECORDS, timeout=wait_seconds)
        if messages:
            self._take(messages, time.time_ns() / 1e6)

    def _take(self, messages: Sequence[Message], now_ms: float) -> None:
        numbers: list[int] = []
        for message in messages:
            key, value = as_bytes(message.key()), as_bytes(message.value())
            if key is None or value is None or message.error() is not None:
                continue
            if message.topic() == self._mentions:
                if key.startswith(self._of_source) and (found := _SEQ.search(value)) is not None:
                    numbers.append(int(found[1]) - 1)
            elif key.endswith(self._of_rows):
                row = _decode_window(value)
                self.rows.append((now_ms, row.window_start_ms, row.known))
        if numbers:
            self._seen_ms.append(now_ms)
            self._seen.append(numbers)
            self.records += len(numbers)

    def first_seen(self, total: int) -> Times:
        """When each mention's first record was seen, in ms; infinite for those that were not."""
        return first_seen(self._seen_ms, self._seen, total)

    def known(self) -> int:
        """How many mentions the newest rows know, over all windows."""
        newest: dict[int, int] = {}
        for _, window, known in self.rows:
            newest[window] = known
        return sum(newest.values())

    def close(self) -> None:
        self._consumer.close()


def first_seen(times_ms: Sequence[float], numbers: Sequence[Sequence[int]], total: int) -> Times:
    """The earliest time of each of ``total`` numbers; ``numbers[i]`` were seen at ``times_ms[i]``, which ascend."""
    seen = np.full(total, np.inf)
    for time_ms, some in zip(reversed(times_ms), reversed(numbers), strict=True):
        batch: Ordinals = np.array(some, np.int64)
        seen[batch[(batch >= 0) & (batch < total)]] = time_ms
    return seen


def first_known(arrivals: Arrivals, rows: Sequence[tuple[float, int, int]], window_ms: int) -> Times:
    """When a row of its window first knew each mention, in ms; infinite where none did."""
    spans = {span.start_ms: span for span in arrivals.windows(window_ms)}
    known_ms: NDArray[np.float64] = np.full(arrivals.total, np.inf)
    reached = {start: span.first for start, span in spans.items()}
    for time_ms, start, known in rows:
        span = spans.get(start)
        if span is None:
            continue
        end = min(span.first + known, span.end)
        if end > reached[start]:
            known_ms[reached[start] : end] = time_ms
            reached[start] = end
    return known_ms
