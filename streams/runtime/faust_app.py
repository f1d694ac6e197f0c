"""The one module that touches Faust: its settings, its table, its start and its stop.

Faust 0.15.3 has edges that would bend the account; each is handled here and nowhere else (tests in
``tests/runtime/test_faust_app.py``):

- offsets can be committed ahead of a table's changelog: ``BlockTable.append`` returns only what the broker took;
- an exception inside an agent is logged and acked: ``events`` never lets one out, see ``streams.runtime.blocks``;
- errors in recovery callbacks are swallowed: the table only collects, whoever folds it checks it afterwards;
- recovery skips what it read on an earlier assignment: offsets are forgotten on every rebalance;
- around a rebalance it drops records and reads on behind them: ``BlockTable.reread`` goes back to the first one that
  no changelog has, when Faust has resumed, and ``_Unread`` keeps it from dropping that again;
- an empty fetch that is answered at once is asked again at once: ``_RestingThread``;
- SIGTERM can hang: ``stop_app`` gives up after a deadline, which at-least-once makes harmless;
- the web server listens everywhere: it is off, Prometheus has a port of its own.
"""

import asyncio
import logging
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, cast

import faust
from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager
from faust.tables.table import Table
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from config.settings import Settings
from streams.runtime.idle_fetch import resting

log = logging.getLogger(__name__)

Collected = dict[int, dict[bytes, bytes]]


class BlockTable(Table[bytes, bytes]):
    """A changelog without a second copy in memory.

    Between two assignments the table holds what recovery read, by partition; ``take`` hands a partition over and
    forgets it. ``append`` writes an entry and returns when the broker has it.
    """

    def __init__(self, app: Any, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        self.collected: Collected = defaultdict(dict)
        self.recovered = asyncio.Event()
        self._complete = False
        self.source = ""
        self.active: frozenset[int] = frozenset()
        self.generation = 0
        self.on_reassigned: Callable[[], Awaitable[None]] = _do_nothing

    async def append(self, partition: int, key: bytes, value: bytes | None) -> "asyncio.Future[Any]":
        """Send one entry; the future resolves when the broker has acknowledged it."""
        pending = await self.changelog_topic.send(
            key=key, value=value, partition=partition, key_serializer="raw", value_serializer="raw"
        )
        return asyncio.ensure_future(pending)

    def behind(self, partition: int, offset: int) -> int | None:
        """Records of the folded topic after ``offset``, as far as the consumer knows; None before it has fetched."""
        end = self.app.consumer.highwater(TP(self.source, partition))
        return None if end is None else max(0, end - offset - 1)

    async def earliest(self, partition: int) -> int:
        """The first offset of the folded topic that the broker still has."""
        place = TP(self.source, partition)
        return int((await self.app.consumer.earliest_offsets(place))[place])

    async def reread(self, partition: int, offset: int, earliest: int) -> None:
        """Let the consumer go on at ``offset``, or at the committed one when that is lower: what lies between comes
        again to be acked, or nothing behind it would ever be committed. Records behind may arrive once more before."""
        place = TP(self.source, partition)
        consumer = cast(Consumer, self.app.consumer)
        committed = consumer._committed_offset.get(place)  # nothing public tells it without a request
        try:
            await consumer.seek_wait({place: min(offset, earliest if committed is None else committed)})
        except IllegalStateError:
            log.info("%s: partition %d went to another worker while it was opened", self.source, partition)

    def drop(self, event: Any) -> None:
        """Leave ``event`` to its next delivery: without an ack, the next rebalance would wait for it for ever."""
        self.app.consumer.unacked.discard(event.message)

    def take(self, partition: int) -> dict[bytes, bytes]:
        return self.collected.pop(partition, {})

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        for event in batch:
            entries = self.collected[event.message.partition]
            if event.message.value is None:
                entries.pop(event.key, None)
            else:
                entries[event.key] = event.value

    async def on_rebalance(self, assigned: Any, revoked: Any, newly_assigned: Any, generation_id: int = 0) -> None:
        """Forget everything: another worker may have owned any partition meanwhile. What is on its way to the
        changelog arrives first, or recovery would end before it and the offsets committed with it would lie ahead."""
        self.recovered.clear()
        self._complete = False
        self.generation += 1
        await self.on_reassigned()
        self.collected.clear()
        recovery = cast(TableManager, self.app.tables).recovery
        for tp in [tp for tp in recovery.active_offsets if tp.topic == self.changelog_topic_name]:
            recovery.active_offsets.pop(tp)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_recovery_completed(self, active_tps: Any, standby_tps: Any) -> None:
        await super().on_recovery_completed(active_tps, standby_tps)
        self.active = frozenset(tp.partition for tp in active_tps)
        self._complete = True

    def on_resumed(self) -> None:
        """Faust has sought, thrown away what waited for the agents, and lets records flow again."""
        if self._complete:
            self.recovered.set()


class _Tables(TableManager):
    """Tells the tables when a rebalance is over: later than ``on_recovery_completed``, when Faust still drops records
    that it has read."""

    def on_actives_ready(self) -> None:
        super().on_actives_ready()
        for table in self.values():
            cast(BlockTable, table).on_resumed()


class _Unread(dict[TP, int | None]):
    """How far Faust has delivered, by partition: never known. It would drop everything below as read before, also what
    it lost in a rebalance and has to read again; a fold knows its own place and skips what it has folded."""

    def __missing__(self, place: TP) -> None:
        return None

    def __setitem__(self, place: TP, offset: int | None) -> None:
        return None

    def update(self, *_places: Any, **_offsets: Any) -> None:
        return None


class _RestingThread(driver.AIOKafkaConsumerThread):
    def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:
        consumer = super()._create_consumer(loop)
        consumer._client.send = resting(consumer._client.send)
        return consumer


class _RestingConsumer(driver.Consumer):
    def _new_consumer_thread(self) -> _RestingThread:
        return _RestingThread(self, loop=self.loop, beacon=self.beacon)


async def _do_nothing() -> None:
    return None


def make_app(settings: Settings) -> Any:
    """Build the Faust app. Call it inside the event loop that will run it."""
    prefix = settings.topics.prefix
    session_seconds = settings.care.session_timeout_ms / 1000
    app: Any = faust.App(
        prefix + settings.care.app_id,
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.bootstrap_servers.split(",")],
        datadir=tempfile.mkdtemp(prefix="unheard-faust-"),
        store="memory://",
        processing_guarantee="at_least_once",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=session_seconds / 5,
        broker_commit_interval=1.0,
        stream_buffer_maxsize=32_768,
        stream_recovery_delay=0.0,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_max_request_size=settings.kafka.message_max_bytes,
        consumer_max_fetch_size=8 * settings.kafka.message_max_bytes,
        worker_redirect_stdouts=False,
        autodiscover=False,
        TableManager=_Tables,
    )
    app.transport.Consumer = _RestingConsumer
    app.consumer._read_offset = _Unread()  # there is no setting for it
    return app


def make_table(app: Any, name: str, partitions: int, source: str) -> BlockTable:
    """The changelog ``name`` of the folded topic ``source``."""
    table = BlockTable(app, name=name, partitions=partitions, key_type=bytes, value_type=bytes)
    table.source = source
    app.tables.add(table)
    return table


def raw_topic(app: Any, name: str) -> Any:
    return app.topic(name, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")


def add_agent(app: Any, name: str, topic: Any, body: Callable[[AsyncIterator[Any]], Any]) -> None:
    """Run ``body(events)`` on a topic, one at a time; ``body`` acks each event itself."""

    async def agent(stream: Any) -> None:
        await body(stream.noack().events())

    agent.__name__ = name
    app.agent(topic, name=name, concurrency=1)(agent)


async def stop_app(app: Any, deadline_seconds: float) -> bool:
    """Stop the app; False if it did not within the deadline (everything acked stays committed or is refolded)."""
    try:
        await asyncio.wait_for(app.stop(), deadline_seconds)
    except TimeoutError:
        log.warning("faust did not stop within %.0f s; leaving it", deadline_seconds)
        return False
    return True
