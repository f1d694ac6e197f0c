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

from streams.runtime.faust_app import make_app, make_table
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


def test_changelog_partitions_follow_the_topic_and_not_fausts_default_of_eight(app: Any) -> None:
    assert make_table(app, "blocks", 3, "events").partitions == 3


def test_recovered_entries_are_kept_by_partition_and_tombstones_remove_them(app: Any) -> None:
    table = make_table(app, "blocks", 2, "events")
    table.apply_changelog_batch([_event(0, b"k", b"1"), _event(1, b"k", b"2"), _event(0, b"gone", b"3")])
    table.apply_changelog_batch([_event(0, b"gone", None)])
    assert table.take(0) == {b"k": b"1"}
    assert table.take(1) == {b"k": b"2"}
    assert table.take(0) == {}


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
        if re.search(r"^\s*(import|from) faust", path.read_text(), re.M)
    ]
    assert importers == ["faust_app.py"]


def test_click_stays_below_the_version_that_breaks_faust() -> None:
    assert tuple(int(part) for part in version("click").split(".")[:2]) < (8, 4)
    assert any(line.startswith("click") and "<8.4" in line for line in requires("unheard") or [])
