"""Goal: every entry comes once, in order, when its instant has passed and not before."""

from hypothesis import given
from hypothesis import strategies as st

from streams.stages.agenda import Agenda

instants = st.one_of(st.integers(-(2**17), 2**18), st.sampled_from((0, 65_535, 65_536, 65_537, -1, -65_536)))


@given(st.lists(st.tuples(instants, st.lists(instants, max_size=4)), max_size=12))
def test_entries_come_when_their_instant_has_passed(steps: list[tuple[int, list[int]]]) -> None:
    """Law: by any steps of W, with entries made at any time, also behind it, it is as if one list were searched."""
    agenda, left, before_ms, number = Agenda(), [], -(2**18), 0
    for step, entered in steps:
        for at_ms in entered:
            number += 1
            left.append((at_ms, number.to_bytes(2, "big")))
            agenda.enter(*left[-1])
        assert agenda.entries == len(left)
        before_ms = max(before_ms, step)
        due = sorted(entry for entry in left if entry[0] < before_ms)
        assert list(agenda.due(before_ms)) == due
        left = [entry for entry in left if entry[0] >= before_ms]


def test_entries_far_apart_are_found_as_well() -> None:
    agenda = Agenda()
    for day in (30, 1, 7):
        agenda.enter(day * 86_400_000, str(day).encode())
    assert list(agenda.due(7 * 86_400_000)) == [(86_400_000, b"1")]
    assert list(agenda.due(31 * 86_400_000)) == [(7 * 86_400_000, b"7"), (30 * 86_400_000, b"30")]
    assert agenda.entries == 0
