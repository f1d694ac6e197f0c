"""Goal: the line that ends a stall says so in the raw topic, once, and also after the replay was cut short."""

from pathlib import Path

import pytest

from config.errors import UnheardError
from config.settings import Settings
from models.records import Control
from streams.runtime.replay import Replay, ReplayPlan
from tests.conftest import SettingsFor
from tests.formats.samples import own_line, write_lines
from tests.runtime.replayed import StopAfter, create_raw_topic, mentions, read_raw, replay, source_lines

pytestmark = pytest.mark.embedded
ZERO_MS = 1_700_000_000_000  # of ``own_line(0)``


@pytest.fixture
def settings(embedded_broker: str, settings_for: SettingsFor) -> Settings:
    made = settings_for(embedded_broker, topics__raw_partitions=3)
    create_raw_topic(made)
    return made


def stalled_file(path: Path) -> Path:
    """150 s of silence before number 31, a heartbeat that says its time, and 200 s before number 74, in which there
    was one that does not; a line that broke came with that."""
    beat, timed = '{"control":"heartbeat"', f'{{"control":"heartbeat","at_ms":{ZERO_MS + 178_000}'
    said: list[int | str] = [0, beat, *range(1, 29), timed, *range(228, 268), beat, "502 {", 467, *range(468, 488)]
    lines = [numbered(seq, what) for seq, what in enumerate(said, start=1)]
    return write_lines(path, lines)


def numbered(seq: int, said: int | str) -> str:
    """A mention of that second, or a line that lacks its number."""
    if isinstance(said, int):
        return own_line(said, feed="a", epoch=1, seq=seq)
    return f'{said},"feed":"a","epoch":1,"seq":{seq}}}'


def silences(settings: Settings) -> dict[int, int]:
    return {raw.line.seq: raw.line.silent_ms for raw in source_lines(read_raw(settings)) if raw.line.silent_ms}


def test_the_line_that_ends_a_stall_says_for_how_long_the_feed_was_silent(settings: Settings, tmp_path: Path) -> None:
    replay(stalled_file(tmp_path / "f"), settings)
    assert silences(settings) == {31: 150_000, 74: 170_000}
    stamps = {raw.line.seq: raw.line.feed_time_ms - ZERO_MS for raw in source_lines(read_raw(settings))}
    assert (stamps[30], stamps[31], stamps[32], stamps[74]) == (28_000, 178_000, 228_000, 467_000)
    assert sum(b"silent_ms" in raw.value for raw in read_raw(settings)) == 2


def test_of_the_copies_of_a_line_the_first_ended_the_stall(settings: Settings, tmp_path: Path) -> None:
    replay(stalled_file(tmp_path / "f"), settings, amplify=3)
    assert silences(settings) == {30 * 3 + 1: 150_000, 73 * 3 + 1: 170_000}


def test_a_replay_that_was_cut_stamps_the_same_stalls(settings: Settings, tmp_path: Path) -> None:
    path = stalled_file(tmp_path / "f")
    for asked in (31, 43, 1_000):
        replay(path, settings, stop=StopAfter(asked))
    assert silences(settings) == {31: 150_000, 74: 170_000}


def test_a_shifted_clock_moves_the_time_of_heartbeats_too(settings: Settings, tmp_path: Path) -> None:
    now_ms = 1_750_000_000_000
    job = Replay(ReplayPlan(file=stalled_file(tmp_path / "f"), clock="shifted"), settings, wall_s=lambda: now_ms / 1000)
    job.run()
    job.close()
    lines = {raw.line.seq: raw.line for raw in source_lines(read_raw(settings))}
    timed = lines[31]
    assert isinstance(timed, Control)
    assert (timed.at_ms, timed.feed_time_ms, timed.silent_ms) == (now_ms + 178_000, now_ms + 178_000, 150_000)
    assert mentions(read_raw(settings))[0].created_at_ms == now_ms


def test_a_replay_under_other_rules_is_another_replay(settings: Settings, tmp_path: Path) -> None:
    path = stalled_file(tmp_path / "f")
    replay(path, settings, stop=StopAfter(20))
    rules = settings.rules.model_copy(update={"stall_ms": 60_000})
    with pytest.raises(UnheardError, match="of another replay already"):
        replay(path, settings.model_copy(update={"rules": rules}))
