"""Small numbers that stand for something, by column."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def compact(codes: NDArray[Any], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of ``size`` codes occur, ascending, and the place of each of ``codes`` among them. As ``np.unique`` with
    its inverse, without sorting."""
    used = np.flatnonzero(np.bincount(codes, minlength=size))
    places = np.zeros(size, np.int64)
    places[used] = np.arange(len(used))
    return used, places[codes]
