"""Limit notices of X: how many mentions the source itself withheld.

A notice carries a running count since the connection opened, not a difference, and one connection interleaves up to
four such counts without saying which is which. Summing the notices, or taking the last or the largest, is wrong.
"""

from typing import Final

MAX_COUNTERS: Final = 4


def withheld_since(counters: tuple[int, ...], track: int) -> tuple[tuple[int, ...], int]:
    """Place one notice among the ascending ``counters`` of its connection: the counters after it, and how many
    mentions it adds.

    It extends the largest counter that does not exceed it; if there is none it opens a further one, or, when all
    four are open, it is the smallest one starting anew.
    """
    reached = [counter for counter in counters if counter <= track]
    if reached:
        return _replaced(counters, reached[-1], track), track - reached[-1]
    if len(counters) < MAX_COUNTERS:
        return (track, *counters), track
    return (track, *counters[1:]), track


def _replaced(counters: tuple[int, ...], old: int, new: int) -> tuple[int, ...]:
    at = counters.index(old)
    return tuple(sorted((*counters[:at], new, *counters[at + 1 :])))
