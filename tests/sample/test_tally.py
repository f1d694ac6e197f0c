"""Stalls and disconnects of a feed, line by line."""

from models.records import ControlKind
from streams.sample.controls import Kind
from streams.sample.delivery import Line
from streams.sample.script import Post
from streams.sample.tally import GapTruth, Tally

BEAT, CUT = ControlKind.HEARTBEAT, ControlKind.DISCONNECT
Said = int | ControlKind


def gaps(*said: tuple[int, int, Said]) -> list[GapTruth]:
    """Of lines (epoch, seq, seconds of a mention, or a control)."""
    first_s = next(what for _, _, what in said if isinstance(what, int))
    tally = Tally(first_s * 1000)
    for epoch, seq, what in said:
        tally.take(line(epoch, seq, what))
    return tally.gaps()


def line(epoch: int, seq: int, said: Said) -> Line:
    if isinstance(said, ControlKind):
        return Line("a", epoch, seq, Kind.CONTROL, b"", control=said)
    return Line("a", epoch, seq, Kind.MENTION, b"", Post(said * 1000, str(seq), b"", ()))


def test_a_stall_is_what_heartbeats_do_not_vouch_for() -> None:
    lines = ((1, 1, 0), (1, 2, BEAT), (1, 3, 60), (1, 4, BEAT), (1, 5, BEAT))
    assert gaps(*lines, (1, 6, 210)) == []
    assert gaps(*lines, (1, 6, 211)) == [GapTruth(1, "stall", 6, 6, 120_000, 211_000, 0, 5 * 91_000 // 120_000)]


def test_without_heartbeats_in_the_epoch_there_is_no_stall() -> None:
    assert gaps((1, 1, 0), (1, 2, 500), (1, 3, BEAT)) == []
    (only,) = gaps((1, 1, 0), (1, 2, BEAT), (2, 1, 500), (2, 2, 900))
    assert only == GapTruth(1, "disconnect", 2, 2, 0, 500_000, 0, None)


def test_a_disconnect_reaches_from_its_last_notice_to_the_next_line() -> None:
    lines = ((1, 1, 0), (1, 2, CUT), (1, 3, 10), (1, 4, CUT), (2, 1, 40), (2, 2, CUT), (2, 3, 50))
    assert gaps(*lines) == [
        GapTruth(1, "disconnect", 2, 2, 0, 0, 0, None),
        GapTruth(1, "disconnect", 4, 4, 10_000, 40_000, 0, 3 * 30 // 10),
        GapTruth(2, "disconnect", 2, 2, 40_000, 40_000, 0, None),
    ]


def test_numbers_that_never_came_lie_between_the_lines_beside_them() -> None:
    assert gaps((1, 1, 0), (1, 4, 10), (1, 5, 20)) == [GapTruth(1, "sequence", 2, 3, 0, 10_000, 2)]
