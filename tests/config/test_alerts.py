"""The alerts of Prometheus, by its own tool where it is installed."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from streams.runtime.catalogue import METRICS

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / "config" / "prometheus"
RULES: Final = FOLDER / "rules.yml"


def test_prometheus_loads_the_rules() -> None:
    assert yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["rule_files"] == [RULES.name]


def test_alerts_ask_for_metrics_that_there_are() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    asked = {name for group in groups for rule in group["rules"] for name in re.findall(r"unheard_\w+", rule["expr"])}
    assert asked
    assert asked <= {spec.name for spec in METRICS}


def test_each_alert_fires_when_it_should_and_is_silent_else(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    for file in (RULES, HERE / "alerts.yml"):
        shutil.copy2(file, tmp_path / file.name)
    tested = subprocess.run([promtool, "test", "rules", "alerts.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr
