"""The broker that a benchmark runs on, and the topics of one run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from config.errors import UnheardError
from config.load import load_settings
from config.settings import Settings
from streams.runtime import processes
from streams.runtime.broker import embedded_broker
from streams.runtime.topics_admin import create_topics, delete_topics

Kind = Literal["kafka", "embedded", "given"]

_SCRIPT: Final = Path(__file__).parents[2] / "scripts" / "kafka"
_HEAP: Final = "-Xms1g -Xmx1g"  # of a size that never changes, so that no run pays for its growth
_START_SECONDS: Final = 600.0  # the first start fetches the jars
_STOP_SECONDS: Final = 60.0


class Cluster(msgspec.Struct, frozen=True):
    """A broker that runs. ``broker_pid`` is known of those that we started."""

    bootstrap: str
    kind: Kind
    broker_pid: int | None = None
    version: str = ""


@contextmanager
def cluster(kind: str, directory: Path) -> Iterator[Cluster]:
    """A broker for the length of a block, its data under ``directory``: "kafka" is Apache Kafka from its jars,
    "embedded" noida-db, anything else the host:port of one that runs.

    Raises UnheardError when it does not come up.
    """
    if kind == "kafka":
        with _kafka(directory / "kafka") as started:
            yield started
    elif kind == "embedded":
        with embedded_broker(directory / "broker") as state:
            yield Cluster(state.bootstrap, "embedded", state.pid, f"noida-db {metadata.version('noida-db')}")
    else:
        yield Cluster(kind, "given", None, "version unknown")


@contextmanager
def _kafka(run: Path) -> Iterator[Cluster]:
    try:
        with processes.interrupts_held_back():  # it knows how to end the broker only when that is up
            bootstrap = _call("up", run)
        state = json.loads((run / "state.json").read_bytes())
        yield Cluster(bootstrap, "kafka", int(state["pid"]), _kafka_version())
    finally:
        _call("down", run)


def _call(action: str, run: Path) -> str:
    """What ``scripts/kafka`` prints. Raises UnheardError with its last line where it fails."""
    environment = {"KAFKA_HEAP_OPTS": _HEAP} | dict(os.environ)
    result = subprocess.run(
        [sys.executable, str(_SCRIPT), action, "--run", str(run)],
        capture_output=True,
        text=True,
        timeout=_START_SECONDS if action == "up" else _STOP_SECONDS,
        env=environment,
        start_new_session=True,  # a Ctrl-C at the terminal is ours
        check=False,
    )
    if result.returncode:
        raise UnheardError((result.stderr.strip().splitlines() or [f"scripts/kafka {action} failed"])[-1])
    return result.stdout.strip()


def _kafka_version() -> str:
    """From the names of the jars."""
    named = os.environ.get("UNHEARD_CACHE")
    jars = (Path(named) if named else _SCRIPT.parents[1] / ".unheard") / "kafka" / "lib"
    versions = [jar.stem.rpartition("-")[2] for jar in jars.glob("kafka_2.*.jar")]
    return f"Apache Kafka {versions[0]}" if versions else "Apache Kafka"


def bench_settings(
    cluster: Cluster, *, prefix: str, raw_partitions: int = 8, care_partitions: int = 4, **overrides: Any
) -> Settings:
    """Default settings with topics and groups under ``prefix``; neither the environment nor a file of the user's has
    a say. ``overrides`` have ``__`` for the dot: ``rules__lateness_ms=60_000``."""
    own: dict[str, Any] = {
        "kafka.bootstrap_servers": cluster.bootstrap,
        "topics.prefix": prefix,
        "topics.raw_partitions": raw_partitions,
        "topics.care_partitions": care_partitions,
        "classify.group": f"{prefix}classify",
        "metrics.classify_port": 0,
        "metrics.care_port": 0,
        "metrics.replay_port": 0,
    }
    return load_settings(environ={}, overrides=own | {name.replace("__", "."): v for name, v in overrides.items()})


def make_topics(settings: Settings) -> None:
    """All topics of ``settings``."""
    create_topics(settings)


def drop_topics(settings: Settings) -> None:
    """Delete them again."""
    delete_topics(settings)
