"""The Kaplan-Meier estimate of response times: what a customer has to expect, unanswered ones included.

Kaplan & Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958): S(t) is the product over the
event times up to t of (1 - events / at risk). Events come before censorings at equal times.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

# Room for rounding in S(t): a share that is reached exactly (two of four) must count as reached.
_TOLERANCE: Final = 1e-12


class Quantiles(msgspec.Struct, frozen=True):
    """Seconds; null if so many were never observed."""

    p50_s: float | None
    p90_s: float | None


Durations = Iterable[int] | Mapping[int, int]  # one by one, or how often each


def quantiles(events_ms: Iterable[int], censored_ms: Iterable[int] = ()) -> Quantiles:
    """Median and 90th percentile of durations (ms), some of which only lasted at least that long."""
    events, censored = list(events_ms), list(censored_ms)
    return Quantiles(_seconds(quantile(events, censored, 0.5)), _seconds(quantile(events, censored, 0.9)))


def quantile(events_ms: Durations, censored_ms: Durations, share: float) -> int | None:
    """The smallest time with S(t) <= 1 - share, null if unreached. Any other scale than ms will do too."""
    events, censored = _counted(events_ms), _counted(censored_ms)
    at_risk, survival = sum(events.values()) + sum(censored.values()), 1.0
    if not events:
        return None
    run_started = at_risk  # without censorings the product telescopes: one division, no rounding piles up
    survival_before_run = 1.0
    for time_ms in sorted(events.keys() | censored.keys()):
        happened, lost = events.get(time_ms, 0), censored.get(time_ms, 0)
        at_risk -= happened
        if happened:
            survival = survival_before_run * at_risk / run_started
            if survival <= 1 - share + _TOLERANCE:
                return time_ms
        if lost:
            at_risk -= lost
            run_started, survival_before_run = at_risk, survival
    return None


def _counted(durations: Durations) -> Mapping[int, int]:
    return durations if isinstance(durations, Mapping) else Counter(durations)


def _seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000
