"""Goal: each sharp edge of Faust 0.15.3 stays covered. The ones that need a broker (errors that ack, offsets ahead of
the changelog, SIGTERM, recovery after a rebalance) are in ``test_blocks.py``; here are those that settings decide."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from streams.runtime.faust_app import make_app, make_table
from streams.runtime.idle_fetch import resting
from tests.runtime.sum_worker import sum_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app() -> Iterator[Any]:
    async def build() -> Any:
        return make_app(sum_settings("127.0.0.1:1", "edge."))

    made = asyncio.run(build())
    yield made
    shutil.rmtree(made.conf.datadir, ignore_errors=True)


def test_offsets_are_committed_at_least_once_because_exactly_once_does_not_work(app: Any) -> None:
    assert app.conf.processing_guarantee.name == "AT_LEAST_ONCE"


def test_no_web_server_is_started_because_it_would_listen_on_every_interface(app: Any) -> None:
    assert app.conf.web_enabled is False
    assert list(app.boot_strategy.web_server()) == []


def test_a_crashed_worker_is_noticed_within_its_session_and_not_after_a_minute(app: Any) -> None:
    assert app.conf.broker_session_timeout == 6.0
    assert app.conf.broker_heartbeat_interval < app.conf.broker_session_timeout / 3


def test_there_are_no_standby_tables_that_would_read_every_changelog_twice(app: Any) -> None:
    assert app.conf.table_standby_replicas == 0


def test_the_consumer_rests_between_empty_fetches(app: Any) -> None:
    async def fetcher() -> Any:
        return app.consumer._new_consumer_thread()._create_consumer(asyncio.get_running_loop())

    assert asyncio.run(fetcher())._client.send.__qualname__.startswith(resting.__name__)


def test_changelog_partitions_follow_the_topic_and_not_fausts_default_of_eight(app: Any) -> None:
    assert make_table(app, "blocks", 3, "events").partitions == 3


def test_recovered_entries_are_kept_by_partition_and_tombstones_remove_them(app: Any) -> None:
    table = make_table(app, "blocks", 2, "events")
    table.apply_changelog_batch([_event(0, b"k", b"1"), _event(1, b"k", b"2"), _event(0, b"gone", b"3")])
    table.apply_changelog_batch([_event(0, b"gone", None)])
    assert table.take(0) == {b"k": b"1"}
    assert table.take(1) == {b"k": b"2"}
    assert table.take(0) == {}


def test_a_table_is_recovered_only_when_records_flow_again_and_no_rebalance_came_between(app: Any) -> None:
    async def scenario() -> list[bool]:
        table, seen = make_table(app, "blocks", 2, "events"), []
        await table.on_recovery_completed({TP("changelog", 1)}, set())
        seen.append(table.recovered.is_set())
        app.tables.on_actives_ready()
        seen.append(table.recovered.is_set())
        await table.on_rebalance(set(), set(), set())
        app.tables.on_actives_ready()
        return [*seen, table.recovered.is_set()]

    assert asyncio.run(scenario()) == [False, True, False]


class FakeConsumer:
    """Notes where it is sent; offset 7 is committed in partition 0 and nothing in partition 1."""

    def __init__(self) -> None:
        self._committed_offset = {TP("events", 0): 7}
        self.sought: dict[TP, int] = {}
        self.unacked = {"first", "second"}

    async def seek_wait(self, places: dict[TP, int]) -> None:
        self.sought.update(places)


@pytest.mark.parametrize(("partition", "offset", "sought"), [(0, 9, 7), (0, 5, 5), (1, 9, 2)])
def test_reading_goes_on_where_the_changelog_ends_or_where_acks_are_missing(
    app: Any, partition: int, offset: int, sought: int
) -> None:
    table, app.consumer = make_table(app, "blocks", 2, "events"), FakeConsumer()
    asyncio.run(table.reread(partition, offset, earliest=2))
    assert app.consumer.sought == {TP("events", partition): sought}


def test_faust_never_drops_what_is_read_again_as_read_before(app: Any) -> None:
    place = TP("events", 0)
    app.consumer._read_offset[place] = 5
    app.consumer._read_offset.update({place: 6})
    assert app.consumer._read_offset[place] is None


def test_no_rebalance_waits_for_the_ack_of_a_dropped_record(app: Any) -> None:
    class Dropped:
        message = "first"

    table, app.consumer = make_table(app, "blocks", 2, "events"), FakeConsumer()
    table.drop(Dropped())
    assert app.consumer.unacked == {"second"}


def _event(partition: int, key: bytes, value: bytes | None) -> Any:
    class Message:
        def __init__(self) -> None:
            self.partition, self.value = partition, value

    class Event:
        def __init__(self) -> None:
            self.key, self.value, self.message = key, value, Message()

    return Event()


def test_windowed_tables_are_never_used_because_they_expire_on_the_wall_clock() -> None:
    sources = [path.read_text() for path in (ROOT / "streams").rglob("*.py")]
    assert not [match for text in sources if (match := re.search(r"\.(tumbling|hopping|using_window)\(", text))]


def test_only_one_module_imports_faust() -> None:
    importers = [
        path.name
        for path in (ROOT / "streams").rglob("*.py")
        if path.parent.name != "peer_programs"  # others' way of doing it, which ours is measured against
        and re.search(r"^\s*(import|from) faust", path.read_text(), re.M)
    ]
    assert importers == ["faust_app.py"]


def test_click_stays_below_the_version_that_breaks_faust() -> None:
    assert tuple(int(part) for part in version("click").split(".")[:2]) < (8, 4)
    assert any(line.startswith("click") and "<8.4" in line for line in requires("unheard") or [])
