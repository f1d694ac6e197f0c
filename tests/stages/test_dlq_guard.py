"""Goal: input that is mostly broken stops the worker before the DLQ fills. Method: a table of shares."""

import pytest

from config.errors import UnheardError
from streams.stages.classify import Stats
from streams.stages.dlq_guard import JUDGED_LINES, DlqGuard


def stats(lines: int, rejects: int) -> Stats:
    return Stats(lines, lines, {}, 0, {"not_json": rejects}, {}, 0)


def test_a_share_above_the_limit_stops_with_one_clear_line() -> None:
    guard = DlqGuard(0.5)
    with pytest.raises(UnheardError, match=r"^501 of 1000 lines are no mentions \(50%, limit 50% .*dlq_share_limit"):
        guard.check(stats(JUDGED_LINES, 501))


@pytest.mark.parametrize(("limit", "rejects"), [(0.5, 500), (1.0, 1_000), (0.0, 0)])
def test_a_share_up_to_the_limit_goes_on(limit: float, rejects: int) -> None:
    guard = DlqGuard(limit)
    for _ in range(3):
        guard.check(stats(JUDGED_LINES, rejects))
    assert rejects <= limit * JUDGED_LINES


def test_few_lines_say_nothing_about_a_share_until_they_add_up() -> None:
    guard = DlqGuard(0.5)
    for _ in range(9):
        guard.check(stats(100, 100))
    with pytest.raises(UnheardError):
        guard.check(stats(100, 100))
