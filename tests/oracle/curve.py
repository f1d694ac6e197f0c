"""Quantiles of response times that are known by buckets only: each time is taken for the upper edge of its bucket."""

import math
from collections import Counter
from fractions import Fraction

from models.counters import RESPONSE_EDGES_MS

MEDIAN = Fraction(1, 2)
P90 = Fraction(9, 10)


def answered_quantile(replies: Counter[int], share: Fraction) -> int | None:
    """The time within which ``share`` of the replies came. ``replies`` are numbers by bucket."""
    ordered = sorted(replies.elements())
    return _edge(ordered[math.ceil(share * len(ordered)) - 1]) if ordered else None


def curve_quantile(replies: Counter[int], closes: Counter[int], share: Fraction) -> int | None:
    """Kaplan-Meier: the smallest time by which at most 1 - ``share`` were still unanswered. One case after the other
    leaves, in order of time, replies before closes within a bucket; each reply takes its part of those still there."""
    leaving = sorted([(bucket, "a reply") for bucket in replies.elements()] + [(b, "close") for b in closes.elements()])
    unanswered = Fraction(1)
    for there, (bucket, what) in zip(range(len(leaving), 0, -1), leaving, strict=True):
        if what == "a reply":
            unanswered *= Fraction(there - 1, there)
        if unanswered <= 1 - share:
            return _edge(bucket)
    return None


def _edge(bucket: int) -> int | None:
    """None for the last bucket, which is open."""
    return RESPONSE_EDGES_MS[bucket] if bucket < len(RESPONSE_EDGES_MS) else None
