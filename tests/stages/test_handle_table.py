"""Goal: compiled code knows each brand's handle, however it is written, and takes no other name for one.
Method: a law against a dictionary of lower-case names."""

from hypothesis import given
from hypothesis import strategies as st

from models.packing import Strings
from streams.stages.handle_table import NOBODY, ODD, find_handles, handle_table

HANDLES = st.sampled_from(
    ["a", "A", "b_1", "B_1", "ab", "aB", "z9", "K", "\u212a", "\u00e9", "\u00c9", "", "[", "{", "@", "`"]
)
NAMES = HANDLES | st.lists(HANDLES, max_size=3).map("".join) | st.text(st.characters(exclude_categories=("Cs",)))


@given(st.lists(NAMES), st.lists(NAMES))
def test_a_name_is_the_handle_that_it_is_in_lower_case(handles: list[str], names: list[str]) -> None:
    parties = {handle.lower(): (index, index % 3) for index, handle in enumerate(handles) if handle}
    table, order = handle_table(parties), list(parties)
    expected = [
        (order.index(name.lower()) if name.lower() in parties else NOBODY) if name.isascii() else ODD for name in names
    ]
    assert find_handles(table, Strings.of(names)).tolist() == expected
    assert list(zip(table.brands.tolist(), table.roles.tolist(), strict=True)) == list(parties.values())


def test_many_handles_are_each_found() -> None:
    parties = {f"brand{number}": (number, 1) for number in range(3_000)}
    names = Strings.of([*map(str.upper, parties), *(f"brand{number}x" for number in range(100))])
    assert find_handles(handle_table(parties), names).tolist() == [*range(3_000), *([NOBODY] * 100)]
