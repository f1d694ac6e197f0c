"""Goal: the raw topic holds every line of the file exactly once, stamped and announced as the design says, however
often the replay was cut short."""

import gzip
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from config.errors import UnheardError, UsageError
from config.settings import Settings
from models.records import Control, ControlKind, Mention, RejectReason, Stamp
from streams.runtime.outbox import Outbox
from streams.runtime.replay import Replay, ReplayPlan, learn_brands
from streams.runtime.replay_resume import Wanted, find_traces, gather
from streams.stages.spread import Spread
from streams.stages.topics import RAW, topic_name
from tests.conftest import SettingsFor
from tests.formats.samples import TWCS_HEADER, own_line, twcs_row, write_lines
from tests.runtime.replayed import (
    StopAfter,
    announcements,
    create_raw_topic,
    mentions,
    numbered_file,
    plain_file,
    read_raw,
    replay,
    source_lines,
)

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[2]
PARTITIONS = 3


@pytest.fixture
def settings(embedded_broker: str, settings_for: SettingsFor) -> Settings:
    made = settings_for(embedded_broker, topics__raw_partitions=PARTITIONS)
    create_raw_topic(made)
    return made


def test_lines_are_numbered_by_time_and_id_and_time_is_the_running_maximum(settings: Settings, tmp_path: Path) -> None:
    report = replay(plain_file(tmp_path / "my file.jsonl"), settings)
    lines = [raw.line for raw in source_lines(read_raw(settings))]
    assert (report.sent, report.mentions, report.control, report.broken) == (62, 60, 1, 1)
    assert [line.seq for line in lines] == list(range(1, 63))
    assert {(line.feed, line.epoch) for line in lines} == {("my-file", 1)}
    sent = [line for line in lines if isinstance(line, Mention)]
    assert [line.id for line in sent] == [str(n) for n in range(60)]
    assert [line.feed_time_ms for line in sent] == [line.created_at_ms for line in sent]


def test_a_broken_and_a_control_line_keep_the_place_of_the_line_before_them(settings: Settings, tmp_path: Path) -> None:
    replay(plain_file(tmp_path / "f"), settings)
    lines = source_lines(read_raw(settings))
    broken = next(raw for raw in lines if isinstance(raw.line, Stamp))
    before, control = lines[broken.line.seq - 2], lines[broken.line.seq]
    assert broken.value == b"HTTP/1.1 502 Bad Gateway"
    assert isinstance(broken.line, Stamp)
    assert (broken.line.reason, broken.line.position) == (RejectReason.NOT_JSON, 11)
    assert isinstance(before.line, Mention)
    assert before.line.id == str(next(n for n in range(60) if (n * 7) % 60 == 9))
    assert isinstance(control.line, Control)
    assert (control.line.track, control.line.feed_time_ms) == (4, before.line.feed_time_ms)


def test_a_feed_is_announced_everywhere_before_its_lines_and_ended_behind_them(
    settings: Settings, tmp_path: Path
) -> None:
    replay(plain_file(tmp_path / "f"), settings, settle_ms=5_000, feed="x")
    records = read_raw(settings)
    for partition in range(PARTITIONS):
        first, *_, last = (raw.line for raw in records if raw.partition == partition)
        assert isinstance(first, Control)
        assert isinstance(last, Control)
        assert (first.control, first.feed, first.epoch, first.first_seq) == (ControlKind.FEED_START, "x", 1, 1)
        assert first.partitions == (0, 1, 2)
        assert (last.control, last.last_seq, last.settle_ms, last.final) == (ControlKind.END_OF_FEED, 62, 5_000, True)
        assert last.feed_time_ms == max(mention.created_at_ms for mention in mentions(records))


def test_numbers_of_the_source_stay_with_their_gaps_and_epochs(settings: Settings, tmp_path: Path) -> None:
    replay(numbered_file(tmp_path / "f"), settings)
    records = read_raw(settings)
    numbers = [raw.number for raw in source_lines(records)]
    assert numbers == [
        *(("a", 1, n) for n in range(1, 61) if n not in (20, 21, 22)),
        *(("b", 1, n) for n in range(1, 16)),
        *(("b", 2, n) for n in range(1, 17)),
    ]
    broken = {raw.line.seq: raw.line for raw in records if isinstance(raw.line, Stamp)}
    assert {seq: stamp.reason for seq, stamp in broken.items()} == {
        40: RejectReason.NOT_JSON,
        41: RejectReason.NOT_UTF8,
    }
    ends = {(c.feed, c.epoch): (c.last_seq, c.final) for _, c in announcements(records, ControlKind.END_OF_FEED)}
    assert ends == {("a", 1): (60, True), ("b", 1): (15, False), ("b", 2): (16, True)}


def test_feeds_are_merged_by_feed_time(settings: Settings, tmp_path: Path) -> None:
    replay(numbered_file(tmp_path / "f"), settings)
    records = read_raw(settings)
    for partition in range(PARTITIONS):
        lines = [raw for raw in records if raw.partition == partition and not raw.is_announcement]
        times = [raw.line.feed_time_ms for raw in lines]
        assert len(times) > 10
        assert times == sorted(times)


def test_a_broken_line_whose_number_is_anothers_goes_to_the_feed_of_those_without(
    settings: Settings, tmp_path: Path
) -> None:
    lines = [own_line(1, feed="a", epoch=1, seq=1), b"502", own_line(2, feed="a", epoch=1, seq=2)]
    report = replay(write_lines(tmp_path / "f", lines), settings, feed="rest")
    assert [raw.number for raw in source_lines(read_raw(settings))] == [("a", 1, 1), ("a", 1, 2), ("rest", 1, 1)]
    assert report.broken == 1


def test_announcements_of_a_recorded_feed_say_where_its_numbers_begin_and_end(
    settings: Settings, tmp_path: Path
) -> None:
    lines = [
        '{"control":"feed-start","feed":"a","epoch":1,"first_seq":1}',
        own_line(3, feed="a", epoch=1, seq=3),
        '{"control":"progress","feed":"a","epoch":1}',
        '{"control":"end-of-feed","feed":"a","epoch":1,"last_seq":9}',
        '{"control":"end-of-feed","feed":"lost","epoch":4,"last_seq":2}',
    ]
    report = replay(write_lines(tmp_path / "f", lines), settings)
    records = read_raw(settings)
    assert report.sent == 1
    starts = {(c.feed, c.epoch): c.first_seq for _, c in announcements(records, ControlKind.FEED_START)}
    ends = {(c.feed, c.epoch): c.last_seq for _, c in announcements(records, ControlKind.END_OF_FEED)}
    assert starts == {("a", 1): 1, ("lost", 4): 1}
    assert ends == {("a", 1): 9, ("lost", 4): 2}


def test_a_sort_that_spills_to_disk_sends_the_same(
    embedded_broker: str, settings_for: SettingsFor, tmp_path: Path
) -> None:
    sent = []
    for prefix, run_items in (("whole.", 100_000), ("spilled.", 7)):
        made = settings_for(embedded_broker, topics__raw_partitions=PARTITIONS)
        topics = made.topics.model_copy(update={"prefix": made.topics.prefix + prefix})
        made = made.model_copy(update={"topics": topics})
        create_raw_topic(made)
        replay(numbered_file(tmp_path / "f"), made, run_items=run_items)
        sent.append([raw[:2] for raw in read_raw(made)])
    assert sent[0] == sent[1]
    assert len(sent[0]) > 90


# ---------------------------------------------------------------- options


def test_copies_multiply_people_numbers_and_gaps_but_not_brands(settings: Settings, tmp_path: Path) -> None:
    rows = [
        "1,115712,True,Tue Oct 31 22:10:00 +0000 2017,@AcmeHelp hi,,",
        "2,AcmeHelp,False,Tue Oct 31 22:11:00 +0000 2017,@115712 hello,,1",
    ]
    report = replay(write_lines(tmp_path / "f", [TWCS_HEADER, *rows]), settings, amplify=3)
    lines = mentions(read_raw(settings))
    assert (report.sent, [line.seq for line in lines]) == (6, [1, 2, 3, 4, 5, 6])
    assert [(line.id, line.author, line.mentions) for line in lines] == [
        ("1", "115712", ("acmehelp",)),
        ("1~1", "115712~1", ("acmehelp",)),
        ("1~2", "115712~2", ("acmehelp",)),
        ("2", "acmehelp", ("115712",)),
        ("2~1", "acmehelp", ("115712~1",)),
        ("2~2", "acmehelp", ("115712~2",)),
    ]
    assert [line.reply_to for line in lines[3:]] == ["1", "1~1", "1~2"]


def test_a_gap_of_copies_is_k_fold(settings: Settings, tmp_path: Path) -> None:
    replay(numbered_file(tmp_path / "f"), settings, amplify=4)
    records = read_raw(settings)
    numbers = [seq for feed, _, seq in (raw.number for raw in source_lines(records)) if feed == "a"]
    assert numbers == [n for n in range(1, 241) if n not in range(77, 89)]
    ends = {(c.feed, c.epoch): c.last_seq for _, c in announcements(records, ControlKind.END_OF_FEED)}
    assert ends == {("a", 1): 240, ("b", 1): 60, ("b", 2): 64}


def test_a_shifted_clock_moves_the_first_mention_to_now(settings: Settings, tmp_path: Path) -> None:
    now_s = 1_750_000_000.0
    job = Replay(ReplayPlan(file=plain_file(tmp_path / "f"), clock="shifted"), settings, wall_s=lambda: now_s)
    job.run()
    job.close()
    lines = mentions(read_raw(settings))
    assert [line.created_at_ms for line in lines] == [round(now_s * 1000) + 1000 * n for n in range(60)]
    assert [line.feed_time_ms for line in lines] == [line.created_at_ms for line in lines]


def test_a_loop_goes_on_with_new_epochs_ids_and_later_times_and_ends_when_stopped(
    settings: Settings, tmp_path: Path
) -> None:
    report = replay(plain_file(tmp_path / "f"), settings, stop=StopAfter(150), loop=True)
    records = read_raw(settings)
    lines = [raw.line for raw in source_lines(records)]
    assert not report.interrupted
    assert [(line.epoch, line.seq) for line in lines] == [
        *((1, n) for n in range(1, 63)),
        *((2, n) for n in range(1, 63)),
        *((3, n) for n in range(1, 27)),
    ]
    sent = mentions(records)
    assert len({line.id for line in sent}) == len(sent)
    assert [line.created_at_ms for line in sent] == sorted(line.created_at_ms for line in sent)
    ends = {c.epoch: (c.last_seq, c.final) for _, c in announcements(records, ControlKind.END_OF_FEED)}
    assert ends == {1: (62, False), 2: (62, False), 3: (26, True)}


def test_offset_and_limit_cut_the_file_and_the_rest_is_a_whole_feed(settings: Settings, tmp_path: Path) -> None:
    replay(plain_file(tmp_path / "f"), settings, start_offset_s=50, limit=4)
    records = read_raw(settings)
    assert [line.id for line in mentions(records)] == ["50", "51", "52", "53"]
    assert [line.seq for line in mentions(records)] == [1, 2, 3, 4]
    assert {c.last_seq for _, c in announcements(records, ControlKind.END_OF_FEED)} == {4}


def test_shuffling_disturbs_the_order_before_numbers_are_given(settings: Settings, tmp_path: Path) -> None:
    replay(numbered_file(tmp_path / "f"), settings, shuffle_ms=10_000, seed=5)
    records = read_raw(settings)
    numbers = [raw.number for raw in source_lines(records)]
    assert [n for feed, _, n in numbers if feed == "a"] == [n for n in range(1, 61) if n not in (20, 21, 22)]
    times = [line.created_at_ms for line in mentions(records) if line.feed == "a"]
    assert times != sorted(times)
    assert all(line.feed_time_ms - line.created_at_ms < 10_000 for line in mentions(records))
    assert Counter(line.id for line in mentions(records) if line.feed == "a") == Counter(
        str(n) for n in range(1, 61) if n not in (20, 21, 22, 40, 41)
    )


def test_a_feed_may_keep_to_one_partition(settings: Settings, tmp_path: Path) -> None:
    replay(plain_file(tmp_path / "f"), settings, partitions_by=Spread.FEED)
    records = read_raw(settings)
    used = {raw.partition for raw in source_lines(records)}
    assert len(used) == 1
    starts = announcements(records, ControlKind.FEED_START)
    assert sorted(partition for partition, _ in starts) == [0, 1, 2]
    assert {control.partitions for _, control in starts} == {tuple(used)}


def test_quiet_partitions_hear_how_far_the_feed_is(settings: Settings, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "f", [own_line(n * 60, author="one") for n in range(400)])
    replay(path, settings)
    records = read_raw(settings)
    (busy,) = {raw.partition for raw in source_lines(records)}
    told = announcements(records, ControlKind.PROGRESS)
    for partition in set(range(PARTITIONS)) - {busy}:
        marks = [control.feed_time_ms for at, control in told if at == partition]
        assert marks == sorted(marks)
        assert len(marks) >= 5
    assert all(control.seq == 0 for _, control in told)


def test_a_paced_replay_takes_its_time_and_says_by_how_much_it_slipped(settings: Settings, tmp_path: Path) -> None:
    report = replay(plain_file(tmp_path / "f"), settings, rate=200)
    assert report.elapsed_s >= 61 / 200
    assert report.slip.lines == 62
    assert report.slip.p99_ms <= report.slip.max_ms
    by_time = replay(plain_file(tmp_path / "g"), settings, speed=200.0)
    assert by_time.elapsed_s >= 59 / 200


# ---------------------------------------------------------------- cut short


@pytest.mark.parametrize(
    "options", [{}, {"amplify": 3, "seed": 4}, {"clock": "shifted"}, {"partitions_by": Spread.RANDOM}]
)
def test_a_replay_that_was_cut_goes_on_exactly_where_it_stopped(
    options: dict[str, object], settings: Settings, tmp_path: Path
) -> None:
    path = numbered_file(tmp_path / "f")
    first = replay(path, settings, stop=StopAfter(30), **options)
    second = replay(path, settings, stop=StopAfter(60), **options)
    third = replay(path, settings, **options)
    records = read_raw(settings)
    assert (first.interrupted, second.interrupted, third.interrupted) == (True, True, False)
    assert third.resumed
    assert third.skipped == first.sent + second.sent
    numbers = Counter(raw.number for raw in records if not raw.is_announcement)
    assert set(numbers.values()) == {1}
    assert len(numbers) == 88 * int(str(options.get("amplify", 1)))
    for partition in range(PARTITIONS):
        ours = [raw for raw in records if raw.partition == partition and not raw.is_announcement]
        assert [raw.number for raw in ours if raw.number[0] == "a"] == sorted(
            raw.number for raw in ours if raw.number[0] == "a"
        )
    first_ms = min(mention.created_at_ms - 1000 * int(mention.id.partition("~")[0]) for mention in mentions(records))
    last_ms = max(mention.created_at_ms - 1000 * int(mention.id.partition("~")[0]) for mention in mentions(records))
    assert first_ms == last_ms  # every run moved event times by the same amount


def test_how_far_a_replay_came_is_found_however_far_back_it_stands(settings: Settings, tmp_path: Path) -> None:
    path = numbered_file(tmp_path / "f")
    for asked in (15, 1, 20, 1, 1):
        replay(path, settings, stop=StopAfter(asked))
    wanted = {
        "a": Wanted(frozenset({1}), tuple(range(PARTITIONS))),
        "b": Wanted(frozenset({1, 2}), tuple(range(PARTITIONS))),
    }
    topic = topic_name(RAW, settings)
    near = gather(find_traces(settings, topic, PARTITIONS, wanted, first_window=1))
    whole = gather(find_traces(settings, topic, PARTITIONS, wanted))
    truth: dict[tuple[str, int], tuple[int, int]] = {}
    for raw in source_lines(read_raw(settings)):
        truth[raw.line.feed, raw.partition] = raw.line.epoch, raw.line.seq
    assert near.positions == whole.positions
    assert {at: reached for at, reached in whole.positions.items() if reached[1]} == truth


def test_a_finished_replay_is_not_sent_twice(settings: Settings, tmp_path: Path) -> None:
    path = numbered_file(tmp_path / "f")
    replay(path, settings)
    before = len(read_raw(settings))
    with pytest.raises(UnheardError, match="to its end already"):
        replay(path, settings)
    assert len(read_raw(settings)) == before


def test_another_file_or_other_options_under_the_same_feed_are_refused(settings: Settings, tmp_path: Path) -> None:
    path = plain_file(tmp_path / "f")
    replay(path, settings, stop=StopAfter(30))
    before = len(read_raw(settings))
    with pytest.raises(UnheardError, match="another replay"):
        replay(path, settings, amplify=2)
    with pytest.raises(UnheardError, match="another replay"):
        replay(plain_file(tmp_path / "g", count=61), settings, feed="f")
    with pytest.raises(UnheardError, match="another replay"):
        replay(path, settings, loop=True)
    assert len(read_raw(settings)) == before
    assert replay(path, settings, epoch=2).sent == 62


# ---------------------------------------------------------------- what is refused


def test_a_broken_file_is_refused_before_anything_is_sent(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(b"\n".join(own_line(n).encode() for n in range(60_000)))[:-2_000])
    with pytest.raises(UnheardError, match="truncated"):
        replay(path, settings)
    assert read_raw(settings) == []


def test_a_missing_topic_or_another_partition_count_is_one_clear_line(
    embedded_broker: str, settings_for: SettingsFor, tmp_path: Path
) -> None:
    path = plain_file(tmp_path / "f")
    create_raw_topic(settings_for(embedded_broker, topics__raw_partitions=3))
    with pytest.raises(UnheardError, match="has 3 partitions, the configuration says 5"):
        replay(path, settings_for(embedded_broker, topics__raw_partitions=5))
    with pytest.raises(UnheardError, match=r"there is no topic none\.mentions\.raw\.v1"):
        replay(path, settings_for(embedded_broker, topics__prefix="none."))


@pytest.mark.parametrize(
    "options",
    [{"speed": 0.0}, {"rate": -1.0}, {"speed": 1.0, "rate": 1.0}, {"amplify": 0}, {"limit": 0}, {"feed": "a b"}],
)
def test_options_without_sense_are_refused(options: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Replay(ReplayPlan(file=tmp_path, **options), Settings())  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_broker_that_takes_nothing_is_one_clear_line_and_leaves_nothing_queued(
    is_stopping: bool, settings_for: SettingsFor
) -> None:
    stop, seconds = threading.Event(), itertools.count(step=4.0)
    if is_stopping:
        stop.set()
    outbox = Outbox(settings_for("127.0.0.1:1"), "raw", stop, clock=lambda: next(seconds), stall_seconds=10)
    outbox.send(0, b"line")
    with pytest.raises(UnheardError, match=f"no line for {5 if is_stopping else 10} s, 1 wait"):
        outbox.flush()


def test_a_mention_that_would_not_fit_into_a_record_is_a_reject(settings: Settings, tmp_path: Path) -> None:
    huge = own_line(2, text="ä" * 600_000)  # escaped in the file, 1.2 MB in UTF-8
    report = replay(write_lines(tmp_path / "f", [own_line(1), huge, own_line(3)]), settings)
    (broken,) = [raw for raw in read_raw(settings) if isinstance(raw.line, Stamp)]
    assert (report.mentions, report.broken) == (2, 1)
    assert isinstance(broken.line, Stamp)
    assert broken.line.reason is RejectReason.TOO_LARGE
    assert len(broken.value) < settings.kafka.message_max_bytes


def test_brands_are_learned_from_who_answers(settings: Settings, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "f", [TWCS_HEADER, twcs_row(1, author="NewBrand", inbound=False), twcs_row(2)])
    (brand,) = learn_brands(path, settings)
    assert (brand.name, brand.handles) == ("NewBrand", ("newbrand",))
    job = Replay(ReplayPlan(file=path), settings)
    job.prepare()
    assert job.brands == (brand,)
    assert (job.lines, job.feeds) == (2, ("f",))
    job.close()


# ---------------------------------------------------------------- the command


def command(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "UNHEARD_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "UNHEARD_TOPICS__PREFIX": settings.topics.prefix,
        "UNHEARD_TOPICS__RAW_PARTITIONS": str(PARTITIONS),
        "UNHEARD_METRICS__REPLAY_PORT": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "replay", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_ends_the_command_cleanly_and_the_same_command_goes_on(settings: Settings, tmp_path: Path) -> None:
    path = str(plain_file(tmp_path / "f"))
    slow = command(settings, path, "--rate", "20")
    assert slow.stderr is not None
    assert "62 lines" in slow.stderr.readline()
    while not any(raw for raw in read_raw(settings) if not raw.is_announcement):
        assert slow.poll() is None
    slow.send_signal(signal.SIGINT)
    out, _ = slow.communicate(timeout=20)
    assert slow.returncode == 130
    assert "same command" in out
    rest = command(settings, path, "--speed", "max", "--json")
    out, errors = rest.communicate(timeout=20)
    assert rest.returncode == 0, errors
    report = msgspec.json.decode(out)["replay"]
    assert report["skipped"] > 0
    assert report["sent"] + report["skipped"] == 62
    assert [raw.line.seq for raw in source_lines(read_raw(settings))] == list(range(1, 63))
