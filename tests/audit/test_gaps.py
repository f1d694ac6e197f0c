"""Gaps and feeds by hand, from lines alone."""

from pathlib import Path
from typing import Any

import pytest

from tests.audit.export import Row, begin, clock, end, meta, reply, run, said
from tests.audit.recomputed import recomputed

SECOND, MINUTE = 1_000, 60_000
GAP = "epoch, cause, from_seq, to_seq, since(from_ms), since(to_ms), missed, estimated"
ORDER = "epoch, from_seq, cause"


def gaps(directory: Path, *lines: Row, columns: str = GAP, **files: Any) -> list[tuple[Any, ...]]:
    return recomputed(directory, "gap_found", columns, ORDER, lines=list(lines), **files)


def minute(number: int) -> str:
    return clock(minutes=number)


def test_numbers_between_two_lines_count_from_the_one_before(tmp_path: Path) -> None:
    lines = [begin(), run("mention", 1, 3, minute(0), minute(2)), run("late", 4, 4, minute(3))]
    lines += [run("mention", 7, 9, minute(6), minute(8)), end(9, minute(8))]
    assert gaps(tmp_path, *lines) == [(1, "sequence", 5, 6, 3 * MINUTE, 6 * MINUTE, 2, None)]


def test_numbers_before_the_first_line_and_behind_the_last_one(tmp_path: Path) -> None:
    found = gaps(tmp_path, begin(1), run("mention", 3, 4, minute(1), minute(2)), end(7, minute(9)))
    assert found == [
        (1, "sequence", 1, 2, MINUTE, MINUTE, 2, None),
        (1, "sequence", 5, 7, 2 * MINUTE, 9 * MINUTE, 3, None),
    ]


def test_an_epoch_of_which_nothing_came(tmp_path: Path) -> None:
    assert gaps(tmp_path, begin(1), end(4, minute(5))) == [(1, "sequence", 1, 4, 5 * MINUTE, 5 * MINUTE, 4, None)]


def test_an_epoch_that_nobody_announced_or_ended_has_no_gap_at_its_ends(tmp_path: Path) -> None:
    """C27. It is over here because a later epoch of the feed is."""
    lines = [run("mention", 5, 6, minute(0), minute(1)), begin(1, epoch=2), run("mention", 1, 1, minute(2), epoch=2)]
    found = gaps(tmp_path, *lines, end(1, minute(2), epoch=2), columns="epoch, cause")
    assert found == [(1, "disconnect")]


def test_limit_notices_extend_open_and_reset_counters(tmp_path: Path) -> None:
    """Four counters at 10, 5, 3 and 2; 12 extends the largest; 1 is below all and resets the smallest, which is 2; 4
    extends 3; 12 again adds nothing."""
    tracks = [10, 5, 3, 2, 12, 1, 4, 12]
    lines = [run("limit", seq, seq, minute(seq), track=track) for seq, track in enumerate(tracks, 1)]
    found = gaps(tmp_path, begin(), *lines, end(8, minute(9)), columns="from_seq, missed")
    assert found == [(1, 10), (2, 5), (3, 3), (4, 2), (5, 2), (6, 1), (7, 1)]


def test_a_disconnect_lasts_until_the_newer_epochs_first_line(tmp_path: Path) -> None:
    """C49, C50: an earlier notice has no length. Ten lines came in ten minutes: five minutes would have brought 5."""
    lines = [
        begin(),
        run("mention", 1, 4, minute(0), minute(4)),
        run("disconnect", 5, 5, minute(5)),
        run("mention", 6, 10, minute(6), minute(9)),
        run("disconnect", 11, 11, minute(10)),
        end(11, minute(10), final=False),
        begin(epoch=2),
        run("mention", 1, 1, minute(15), epoch=2),
        end(1, minute(15), epoch=2),
    ]
    assert gaps(tmp_path, *lines) == [
        (1, "disconnect", 5, 5, 5 * MINUTE, 5 * MINUTE, 0, 0),
        (1, "disconnect", 11, 11, 10 * MINUTE, 15 * MINUTE, 0, 5),
    ]


def test_a_connection_that_ended_without_a_word_ended_with_its_last_number(tmp_path: Path) -> None:
    lines = [
        begin(),
        run("mention", 1, 3, minute(0), minute(2)),
        end(4, minute(4), final=False),
        run("mention", 1, 1, minute(6), epoch=2),
        end(1, minute(6), epoch=2),
    ]
    assert gaps(tmp_path, *lines) == [
        (1, "disconnect", 4, 4, 4 * MINUTE, 6 * MINUTE, 0, 1),
        (1, "sequence", 4, 4, 2 * MINUTE, 4 * MINUTE, 1, None),
    ]


def test_a_stall_lasts_as_long_as_its_line_says(tmp_path: Path) -> None:
    """C48, C50: 4 lines in 3 minutes 30 seconds, 90 seconds of silence: 1.7 more, rounded down."""
    lines = [
        begin(),
        run("mention", 1, 4, minute(0), minute(3)),
        run("mention", 5, 6, minute(5), minute(6), silent_s=90.0),
        end(6, minute(6)),
    ]
    assert gaps(tmp_path, *lines) == [(1, "stall", 5, 5, 210 * SECOND, 300 * SECOND, 0, 1)]


def test_without_a_rate_nothing_is_estimated(tmp_path: Path) -> None:
    lines = [begin(), run("mention", 1, 1, minute(5), silent_s=300.0), end(1, minute(5))]
    assert gaps(tmp_path, *lines, columns="cause, estimated") == [("stall", None)]


@pytest.mark.parametrize(("watermark", "certain"), [(minute(0), False), (clock(ms=1), True)])
def test_of_a_running_feed_w_tells_what_is_certain(watermark: str, certain: bool, tmp_path: Path) -> None:
    """L is 5 minutes: at W all raw partitions have come to W + L, and the gap ends 5 minutes after the start."""
    lines = [begin(), run("mention", 1, 1, minute(0)), run("mention", 3, 3, minute(5))]
    found = gaps(tmp_path, *lines, columns="from_seq, is_certain", meta=meta(watermark=watermark))
    assert found == [(2, certain)]


FEED = "sent, received, duplicates, late, rejected, control, missed_exact, missed_upstream, mention_lines, difference"


def test_every_number_of_a_feed_is_something(tmp_path: Path) -> None:
    """Fourteen numbers: three mentions, one of them a copy, one late, one reject, six controls (two notices and a
    disconnect among them), three that never came. The mention of two brands is one line."""
    lines = [
        begin(),
        run("mention", 1, 2, minute(0), minute(1)),
        run("late", 3, 3, minute(20)),
        run("rejected", 4, 4, minute(20)),
        run("control", 5, 7, minute(21), minute(23)),
        run("limit", 8, 8, minute(24), track=7),
        run("limit", 9, 9, minute(25), track=9),
        run("disconnect", 10, 10, minute(26)),
        run("mention", 13, 13, minute(30)),
        end(14, minute(31)),
    ]
    classified = [
        said("1", minute(0), 1),
        said("2", minute(1), 2),
        said("2", minute(1), 2, brand="bolt"),
        said("3", minute(2), 3, late=True),
    ]
    found = recomputed(
        tmp_path,
        "feed_found",
        f"{FEED}, final",
        lines=lines,
        classified=classified,
        copies=[said("1", minute(0), 13)],
        dlq=[{"feed": "f", "epoch": 1, "seq": 4}],
    )
    assert found == [(14, 2, 1, 1, 1, 6, 3, 9, 3, 0, True)]


def test_a_running_feed_is_compared_with_itself(tmp_path: Path) -> None:
    """C51: two lines that wait and a number that may yet come."""
    lines = [begin(), run("mention", 1, 1, minute(10)), run("mention", 3, 3, minute(11))]
    rows = [said("1", minute(10), 1), reply("2", minute(11), 3)]
    columns = "sent, received, waiting, mention_lines, missed_exact, undecided, difference, final"
    found = recomputed(tmp_path, "feed_found", columns, lines=lines, classified=rows, meta=meta(watermark=minute(6)))
    assert found == [(3, 0, 2, 2, 0, 1, 0, False)]
