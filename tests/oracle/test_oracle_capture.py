"""Capture, copies and the watermark against raw lines worked out by hand."""

import pytest

from models.records import Control, Stamp

from .account import export_account, oracle_account
from .by_hand import (
    AIR,
    MINUTE,
    NEVER,
    START,
    START_MS,
    account_of,
    at,
    broken,
    clock,
    counts,
    end,
    issue,
    limit,
    mention,
    start,
    summands,
    talk,
    window,
)
from .classified import format_time, parse_time
from .compare import CASE_KEY, differences
from .notices import withheld
from .raw import decode_raw
from .rules import DAY_MS, HOUR_MS, PlainTerms


def test_the_watermark_after_all_feeds_is_the_last_event_plus_settling_plus_one() -> None:
    lines = at(0, start(), mention("1", 1, clock()), end(1, clock(), settle_ms=DAY_MS))
    lines += at(0, start("g"), end(0, clock(ms=-7), "g", settle_ms=DAY_MS))
    account = account_of(lines, [issue("1", clock())])
    assert account.watermark_ms == clock(days=1, ms=1)
    assert account.cases[0]["outcome"] == "missed"


def test_the_watermark_of_unfinished_feeds_is_that_of_the_slowest_partition() -> None:
    lines = at(0, start(partitions=(0, 1)), mention("1", 1, clock()), mention("3", 3, clock(hours=9)))
    lines += at(1, start(partitions=(0, 1)), mention("2", 2, clock(hours=2)))
    account = account_of(lines, [issue("1", clock())])
    assert account.watermark_ms == clock(hours=1, ms=55 * MINUTE)
    assert [case["outcome"] for case in account.cases] == ["pending"]
    assert summands(account.feeds[0]) == {"sent": 3, "received": 1, "waiting": 2}
    assert not account.feeds[0]["final"]


def test_a_mention_is_late_by_its_own_stamp_alone() -> None:
    on_time = mention("1", 1, clock(), feed_time_ms=clock(ms=5 * MINUTE))
    late = mention("2", 2, clock(), feed_time_ms=clock(ms=5 * MINUTE + 1))
    lines = at(0, start(), on_time, late, end(2, clock(ms=5 * MINUTE + 1)))
    account = account_of(lines, [issue("1", clock()), issue("2", clock(), late=True)])
    assert summands(account.feeds[0]) == {"sent": 2, "received": 1, "late": 1}
    assert counts(window(account, "*", START), "received") == (1,)


def test_of_two_feeds_the_first_in_configured_order_counts() -> None:
    lines = at(0, start("a"), mention("1", 1, clock(), "a"), end(1, clock(), "a"))
    lines += at(0, start("b"), mention("1", 1, clock(), "b"), mention("1", 2, clock(), "b"), end(2, clock(), "b"))
    account = account_of(lines, [issue("1", clock(), feed="a")], PlainTerms(feed_order=("b", "a")))
    assert [summands(feed) for feed in account.feeds] == [
        {"sent": 1, "duplicates": 1},
        {"sent": 2, "received": 1, "duplicates": 1},
    ]
    for brand in (AIR, "*"):
        assert counts(window(account, brand, START), "received", "duplicates") == (1, 2)
    assert [case["mentions"] for case in account.cases] == [1]


def test_a_copy_that_is_late_is_only_late() -> None:
    lines = at(0, start("a"), mention("1", 1, clock(), "a", feed_time_ms=clock(hours=1)), end(1, clock(hours=1), "a"))
    lines += at(0, start("b"), mention("1", 1, clock(), "b"), end(1, clock(), "b"))
    account = account_of(lines, [issue("1", clock(), feed="a", late=True)], PlainTerms(feed_order=("a", "b")))
    assert [summands(feed) for feed in account.feeds] == [{"sent": 1, "late": 1}, {"sent": 1, "received": 1}]
    assert counts(window(account, AIR, START), "received") == (1,)


def test_a_line_delivered_twice_is_one_line() -> None:
    lines = at(0, start(), mention("1", 1, clock()), mention("1", 1, clock()), end(1, clock()))
    account = account_of(lines, [issue("1", clock())])
    assert summands(account.feeds[0]) == {"sent": 1, "received": 1}
    assert account.feeds[0]["difference"] == 0


@pytest.mark.parametrize(("later_ms", "received"), [(HOUR_MS, 1), (HOUR_MS + 1, 2)])
def test_an_id_that_comes_back_is_a_duplicate_within_the_dedupe_horizon(later_ms: int, received: int) -> None:
    again_ms = START_MS + later_ms
    lines = at(0, start(), mention("1", 1, clock()), mention("1", 2, again_ms), end(2, again_ms))
    account = account_of(lines, [issue("1", clock())])
    assert account.feeds[0]["received"] == received
    assert account.feeds[0]["duplicates"] == 2 - received


def test_gaps_at_the_head_in_the_middle_and_at_the_tail_of_an_epoch() -> None:
    lines = at(0, start(partitions=(0, 1)), mention("3", 3, clock()), mention("8", 8, clock(ms=MINUTE)))
    lines += at(1, broken(4, clock(ms=20)), limit(7, clock(ms=30), 0), end(10, clock(ms=2 * MINUTE)))
    lines += at(0, end(10, clock(ms=2 * MINUTE)))
    account = account_of(lines, [issue("3", clock()), talk("8", clock(ms=MINUTE))])
    assert [(g["from_seq"], g["to_seq"], g["from"], g["to"], g["missed"]) for g in account.gaps] == [
        (1, 2, START, START, 2),
        (5, 6, "2017-11-01T00:00:00.020Z", "2017-11-01T00:00:00.030Z", 2),
        (9, 10, "2017-11-01T00:01:00.000Z", "2017-11-01T00:02:00.000Z", 2),
    ]
    assert summands(account.feeds[0]) == {"sent": 10, "received": 2, "rejected": 1, "control": 1, "missed_exact": 6}
    assert account.feeds[0]["difference"] == 0
    assert counts(window(account, "*", START), "missed_exact") == (6,)


def test_a_gap_that_one_partition_has_not_passed_is_not_confirmed() -> None:
    lines = at(0, start(partitions=(0, 1)), mention("1", 1, clock()), mention("4", 4, clock(hours=1)))
    lines += at(1, start(partitions=(0, 1)), mention("2", 2, clock(hours=1)))
    assert oracle_account(lines, [], PlainTerms()).gaps == []


def test_a_restarted_numbering_is_an_epoch_of_its_own() -> None:
    lines = at(
        0,
        start(),
        mention("1", 1, clock()),
        end(2, clock(), final=False),
        start(epoch=2, first_seq=10),
        mention("2", 11, clock(hours=1), epoch=2),
        end(11, clock(hours=1), epoch=2),
    )
    account = account_of(lines, [talk("1", clock()), talk("2", clock(hours=1))])
    lost = [gap for gap in account.gaps if gap["cause"] == "sequence"]
    assert [(g["epoch"], g["from_seq"], g["to_seq"]) for g in lost] == [(1, 2, 2), (2, 10, 10)]
    assert summands(account.feeds[0]) == {"sent": 4, "received": 2, "missed_exact": 2}


# Four counters of one connection take turns (100, 70, 40, 10), the third then restarts: 3 is below all four, so the
# smallest (14) is reset. Deltas: 100 70 40 10 | 5 5 5 4 | 3 | 7.
INTERLEAVED = [100, 70, 40, 10, 105, 75, 45, 14, 3, 10]


def test_limit_notices_are_cumulative_over_four_interleaved_counters() -> None:
    assert list(withheld(INTERLEAVED)) == [100, 70, 40, 10, 5, 5, 5, 4, 3, 7]
    assert list(withheld([5, 5, 9])) == [5, 0, 4]
    assert list(withheld([])) == []


def test_what_the_source_withheld_is_kept_apart_from_what_was_lost() -> None:
    notices = [limit(seq, clock(ms=seq), track) for seq, track in enumerate(INTERLEAVED, start=1)]
    again = [limit(1, clock(hours=1), 3, epoch=2)]
    lines = at(0, start(), *reversed(notices), end(12, clock(hours=1), final=False))
    lines += at(0, start(epoch=2), *again, end(1, clock(hours=1), epoch=2))
    account = account_of(lines, [])
    assert summands(account.feeds[0]) == {"sent": 13, "control": 11, "missed_exact": 2, "missed_upstream": 252}
    assert counts(window(account, "*", START), "missed_exact", "missed_upstream") == (2, 249)


def test_a_mention_that_nobody_judged_is_named() -> None:
    account = oracle_account(at(0, start(), mention("1", 1, clock()), end(1, clock())), [], PlainTerms())
    assert len(account.problems) == 1
    assert "no verdict on x 1" in account.problems[0]


def test_a_stamp_header_marks_a_broken_line_even_where_its_bytes_look_like_a_mention() -> None:
    header = b'{"feed":"f","epoch":1,"seq":7,"feed_time_ms":5,"reason":"time_out_of_range"}'
    line = decode_raw(2, b'{"id":"1","author":"a","created_at_ms":5,"text":"t"}', {"unheard.stamp": header})
    assert isinstance(line.value, Stamp)
    assert line.stamp == ("f", 1, 7)
    assert isinstance(decode_raw(0, b'{"control":"limit","feed":"f","seq":1,"track":3}', {}).value, Control)


def test_times_keep_their_milliseconds_both_ways() -> None:
    assert parse_time(START) == START_MS
    assert format_time(START_MS + 7) == "2017-11-01T00:00:00.007Z"
    assert parse_time("1969-12-31T23:59:59.999Z") == -1


def test_differences_name_what_is_missing_extra_other_and_twice() -> None:
    expected = export_account([issue("1", clock())], PlainTerms(), NEVER).cases
    assert differences(expected, expected, CASE_KEY) == []
    other = [expected[0] | {"outcome": "resolved"}]
    assert differences(expected, other, CASE_KEY) == [f"x air ann {START} 1: outcome is 'resolved', expected 'missed'"]
    assert "missing" in differences(expected, [], CASE_KEY)[0]
    assert "not expected" in differences([], expected, CASE_KEY)[0]
    assert "twice in actual" in differences(expected, expected * 2, CASE_KEY)[0]
    many = [{"feed": str(number)} for number in range(9)]
    assert differences(many, [], ("feed",), limit=3)[3] == "... and 6 more differences"
