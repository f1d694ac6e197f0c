"""The whole flow over more mentions than the disk would hold: filled while they are consumed, and deleted behind.

What classify has committed goes from the raw topic, and what nobody reads here (classified mentions, escalations) is
kept for some megabytes only. The rate is that of the workers with the replay beside them; what counts is their cost.
"""

import contextlib
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from config.errors import UnheardError
from config.settings import Settings
from streams.bench.await_topics import await_final
from streams.bench.bench import Bench
from streams.bench.crew import Crew, crew
from streams.bench.load import Filled, fill
from streams.bench.throughput import Cost, Run, patience_seconds
from streams.bench.usage import Usage
from streams.runtime.kafka import ANSWER_SECONDS, administration, client_config, consumer_config
from streams.stages.topics import CLASSIFIED, ESCALATIONS, RAW, topic_name

_KEPT_BYTES: Final = 400  # on the disk for one mention, at most: the raw backlog, blocks, changelogs
_SPARE_BYTES: Final = 10_000_000_000
_SHORT_LIVED: Final = {
    "cleanup.policy": "delete",
    "retention.bytes": "268435456",
    "segment.bytes": "67108864",
}
_LOOK_SECONDS: Final = 2.0


def run_rolling(bench: Bench, settings: Settings, source: Path, mentions: int) -> Run:
    """One classify and one care worker, from an empty topic to the last final window. The topics must be new ones.

    Raises UnheardError where the disk is too small.
    """
    check_disk(shutil.disk_usage(bench.directory).free, mentions)
    with (
        contextlib.closing(Trimmer(settings)) as trimmer,
        crew(settings, bench.directory) as workers,
        ThreadPoolExecutor(1, "replay") as beside,
    ):
        trimmer.shorten()
        workers.await_ready()
        before, began = workers.usage(), time.monotonic()
        filling = beside.submit(fill, settings, source, mentions, bench.directory)
        _follow(trimmer, workers, filling.done)
        filled = filling.result()
        _follow(trimmer, workers, trimmer.is_drained)
        ended = await_final(settings, filled, patience_seconds(filled), workers.check)
        return _run(filled, ended - began, before, workers.usage())


def check_disk(free_bytes: int, mentions: int) -> None:
    """Raises UnheardError where ``mentions`` could fill the disk."""
    needed = mentions * _KEPT_BYTES + _SPARE_BYTES
    if free_bytes < needed:
        raise UnheardError(
            f"{mentions:,} mentions need {needed / 1e9:,.0f} GB of free disk, there are {free_bytes / 1e9:,.0f} GB"
        )


def _follow(trimmer: "Trimmer", workers: Crew, done: Callable[[], bool]) -> None:
    """Delete what was consumed, again and again, until ``done()``."""
    pause = threading.Event()
    while not done():
        workers.check()
        trimmer.trim()
        pause.wait(_LOOK_SECONDS)


def _run(filled: Filled, seconds: float, before: dict[str, Usage], after: dict[str, Usage]) -> Run:
    costs = {
        name: Cost(round(1e6 * (used.cpu_seconds - before[name].cpu_seconds) / filled.mentions, 2), used.rss_peak_bytes)
        for name, used in after.items()
    }
    return Run(filled.mentions, seconds, costs, {})


class Trimmer:
    """Deletes what is not needed any more."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._admin = settings, AdminClient(client_config(settings))
        name = topic_name(RAW, settings)
        self._places = [TopicPartition(name, partition) for partition in range(settings.topics.raw_partitions)]
        self._consumer = Consumer(consumer_config(settings, settings.classify.group))

    def shorten(self) -> None:
        """Let the topics that nobody reads here keep little."""
        names = [topic_name(name, self._settings) for name in (CLASSIFIED, ESCALATIONS)]
        with administration(self._settings) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, _SHORT_LIVED) for name in names])

    def trim(self) -> None:
        """Delete the raw records that classify has committed."""
        done = [place for place in self._committed() if place.offset > 0]
        if not done:
            return
        for future in self._admin.delete_records(done).values():
            try:
                future.result(ANSWER_SECONDS)
            except KafkaException as error:
                raise UnheardError(f"raw records cannot be deleted: {error.args[0].str()}") from None

    def is_drained(self) -> bool:
        """Whether classify has committed everything."""
        return all(place.offset >= self._end(place) for place in self._committed())

    def _committed(self) -> list[TopicPartition]:
        return list(self._consumer.committed(self._places, timeout=ANSWER_SECONDS))

    def _end(self, place: TopicPartition) -> int:
        return int(self._consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS, cached=False)[1])

    def close(self) -> None:
        self._consumer.close()
