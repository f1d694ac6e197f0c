"""``unheard classify`` as a process of its own that judges by words: settings (JSON) and replica are arguments."""

import sys
from pathlib import Path

from config.settings import Settings
from streams.cli import guard
from streams.runtime.classify import ClassifyWorker, Stopping, clock_ms, stop_on_signals, unique_transactional_id
from streams.runtime.metrics import Telemetry
from tests.fakes import WordJudge


def main(settings_file: str, replica: str) -> None:
    settings = Settings.model_validate_json(Path(settings_file).read_text())
    stopping = Stopping()
    stop_on_signals(stopping)
    identity = unique_transactional_id(settings, replica)
    ClassifyWorker(settings, WordJudge(), Telemetry(), identity, stopping, clock_ms).run()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(guard(lambda: main(*sys.argv[1:])))
