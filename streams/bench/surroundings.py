"""The machine, the versions and the input of a run, for its report."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import Final

from config.settings import Settings
from models import artefact
from streams.bench.bench import Bench
from streams.bench.load import Filled
from streams.bench.measure import describe_machine
from streams.bench.report import Surroundings

_PACKAGES: Final = (
    *("unheard", "confluent-kafka", "faust-streaming", "kafka-python", "noida-db", "numpy", "numba"),
    *("scikit-learn", "msgspec", "orjson", "quixstreams"),
)


def describe(
    bench: Bench, settings: Settings, filled: Filled | None, calibration_us: float, load: float
) -> Surroundings:
    """Everything that a figure needs beside it to mean something."""
    machine = describe_machine(pinned=False)
    return Surroundings(
        cpu=machine.cpu,
        cores=machine.cores,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=machine.system,
        python=machine.python,
        versions={name: version for name in _PACKAGES if (version := _version(name))},
        broker=bench.cluster.version,
        java=_java() if bench.cluster.kind == "kafka" else "",
        model=artefact.load(None).parameters.version,
        load_average=load,
        at=datetime.now(UTC).date().isoformat(),
        filled=filled,
        lateness_ms=settings.rules.lateness_ms,
        raw_partitions=settings.topics.raw_partitions,
        care_partitions=settings.topics.care_partitions,
        rounds=bench.rounds,
        calibration_us=calibration_us,
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _java() -> str:
    """The first line that java says of itself."""
    program = shutil.which("java")
    if program is None:
        return ""
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    return (said.splitlines() or [""])[0]
