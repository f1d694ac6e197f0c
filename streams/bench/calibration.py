"""A loop that never changes: how fast this machine is right now, for costs that are compared with older ones.

It does what the workers do most: it hashes and splits short texts in Python, and sums and sorts columns in numpy.
"""

import hashlib
import time
from typing import Final

import numpy as np

_TURNS: Final = 2_000  # some tenths of a second
_LINES: Final = tuple(b'{"id":"%d","text":"my parcel number %d has not come"}' % (i, i * 7919) for i in range(64))


def calibrate(turns: int = _TURNS) -> float:
    """µs of this process's processor time for one turn."""
    column = np.arange(4_096, dtype=np.uint64)
    began = time.process_time()
    for turn in range(turns):
        for line in _LINES:
            hashlib.blake2b(line, digest_size=8).digest()
            line.decode().split('"')
        mixed = (column + np.uint64(turn)) * np.uint64(0x9E37_79B9_7F4A_7C15)
        np.sort(mixed).cumsum()
    return 1e6 * (time.process_time() - began) / turns
