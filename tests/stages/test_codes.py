"""Goal: codes are made compact as ``numpy.unique`` would."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.codes import compact


@given(st.lists(st.integers(0, 20)), st.integers(21, 30))
def test_codes_in_use_are_found_and_each_has_its_place_among_them(codes: list[int], size: int) -> None:
    used, places = compact(np.array(codes, np.int64), size)
    assert used.tolist() == sorted(set(codes))
    assert used[places].tolist() == codes
