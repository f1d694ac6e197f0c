"""The care worker: care, capture and merge folds side by side in one Faust app."""

from typing import Any

from config.settings import Settings
from streams.runtime.metrics import Telemetry
from streams.runtime.worker import Step, run_steps
from streams.stages import topics
from streams.stages.capture import CaptureFold
from streams.stages.care import CareFold
from streams.stages.care_events import warm_up
from streams.stages.fold import Fold
from streams.stages.merge import MergeFold
from streams.stages.rules import Rules
from streams.stages.windows import baselines_of


def run_care(settings: Settings, telemetry: Telemetry) -> None:
    """Run until SIGTERM or SIGINT. Raises UnheardError when the worker cannot start."""
    warm_up()
    rules, tables = Rules.from_settings(settings), topics.BLOCK_TABLES
    folds: dict[str, Fold[Any]] = {
        topics.CARE_EVENTS: CareFold(rules),
        topics.CAPTURE_REPORTS: CaptureFold(rules),
        topics.PARTIALS: MergeFold(rules, baselines_of(settings)),
    }
    steps = [Step(topic, tables[topic], topics.partitions_of(topic, settings), fold) for topic, fold in folds.items()]
    run_steps(settings, telemetry, steps)
