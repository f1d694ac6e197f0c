"""What a process has cost so far, as Linux tells."""

import contextlib
import os
import re
from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True):
    """What a process has used since it began: seconds of the processor (user and system, ended children included),
    those of its living threads by kind ("main", "librdkafka", "others"), and the most memory it held at once."""

    cpu_seconds: float
    rss_peak_bytes: int
    threads: dict[str, float] = {}


def usage(pid: int) -> Usage:
    """Raises UnheardError for a process that is gone, or where there is no /proc."""
    home = Path(f"/proc/{pid}")
    try:
        fields = (home / "stat").read_text().rpartition(")")[2].split()
        status = (home / "status").read_text()
        threads = _threads(home, pid)
    except OSError:
        raise UnheardError(f"process {pid} cannot be read in /proc: it ended, or this is no Linux") from None
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    return Usage(sum(map(int, fields[11:15])) / _TICKS, int(peak[1]) * 1024 if peak else 0, threads)


def _threads(home: Path, pid: int) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for task in (home / "task").iterdir():
        with contextlib.suppress(OSError):  # ended while we looked
            name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
            fields = rest.split()
            kind = "main" if task.name == str(pid) else "librdkafka" if name.startswith("rdk:") else "others"
            seconds[kind] = seconds.get(kind, 0.0) + sum(map(int, fields[11:13])) / _TICKS
    return seconds
