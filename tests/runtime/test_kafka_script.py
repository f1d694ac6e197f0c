"""Goal: ``scripts/kafka`` says in one line what is missing. Method: a PATH without it."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "kafka"


def call(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=30, env=os.environ | environment
    )


def test_a_missing_java_is_one_clear_line(tmp_path: Path) -> None:
    done = call("up", "--run", str(tmp_path / "run"), PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "scripts/kafka: java is not installed (Apache Kafka needs java 17 or newer and mvn)\n"


def test_a_missing_maven_is_one_clear_line(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.touch(mode=0o755)
    done = call("up", "--run", str(tmp_path / "run"), PATH=str(tmp_path), UNHEARD_CACHE=str(tmp_path))
    assert (done.returncode, done.stderr.split(" (")[0]) == (1, "scripts/kafka: mvn is not installed")


def test_no_broker_no_status_and_nothing_to_stop(tmp_path: Path) -> None:
    assert call("status", "--run", str(tmp_path)).returncode == 1
    assert call("down", "--run", str(tmp_path)).returncode == 0
