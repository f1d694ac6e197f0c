"""Brokers for the tests that need one: the embedded one, Apache Kafka, or both one after the other.

A broker lives for the whole session and is shared: every test has topics of its own by ``topic_prefix``.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from config.load import load_settings
from config.settings import Settings
from streams.runtime.broker import embedded_broker as run_embedded

# No deadlines: the first call of a kernel compiles it. In CI the examples repeat, elsewhere each run tries new ones.
hypothesis.settings.register_profile("unheard", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("unheard")

ROOT = Path(__file__).parent.parent
KAFKA = ROOT / "scripts" / "kafka"
SettingsFor = Callable[..., Settings]


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of an embedded broker."""
    with run_embedded(tmp_path_factory.mktemp("embedded")) as state:
        yield state.bootstrap


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of an Apache Kafka; the test is skipped without a JVM, or fails with REQUIRE_KAFKA=1.
    ``UNHEARD_TEST_KAFKA`` names one that runs already."""
    named = os.environ.get("UNHEARD_TEST_KAFKA")
    if named:
        yield named
        return
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        _no_kafka(f"Apache Kafka needs {' and '.join(missing)}")
    run = str(tmp_path_factory.mktemp("kafka") / "run")
    started = subprocess.run([KAFKA, "up", "--run", run], capture_output=True, text=True, timeout=600)
    if started.returncode:
        _no_kafka(started.stderr.strip())
    yield started.stdout.strip()
    subprocess.run([KAFKA, "down", "--run", run], check=True, timeout=60)


def _no_kafka(reason: str) -> None:
    if os.environ.get("REQUIRE_KAFKA") == "1":
        pytest.fail(f"REQUIRE_KAFKA=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(
    params=[
        pytest.param("embedded_broker", marks=pytest.mark.embedded, id="embedded"),
        pytest.param("kafka_broker", marks=pytest.mark.kafka, id="kafka"),
    ]
)
def broker(request: pytest.FixtureRequest) -> str:
    """Both brokers in turn."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def settings_for(topic_prefix: str) -> SettingsFor:
    """Makes settings for a broker with topics and groups of this test alone; ``overrides`` as in ``load_settings``."""

    def make(bootstrap: str, **overrides: Any) -> Settings:
        own = {
            "kafka.bootstrap_servers": bootstrap,
            "topics.prefix": topic_prefix,
            "classify.group": f"{topic_prefix}classify",
            "care.app_id": "care",
            "topics.raw_partitions": 2,
            "topics.care_partitions": 3,
        }
        dotted = {name.replace("__", "."): value for name, value in overrides.items()}
        return load_settings(environ={}, overrides=own | dotted)

    return make
