"""Goal: what care remembers is bounded by what can still change, and does not grow with the days that go by.

Method: thirty days of event time with as many cases in each hour as in any other, of every kind of end. From the day
on that everything remembered can have been forgotten again, no size exceeds what it was on the days before.
"""

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from streams.stages.care import CareFold
from streams.stages.care_state import CareState, snapshot_parts
from streams.stages.dedupe import RECENT_DTYPE, PackedCopies
from streams.stages.rules import BrandRules, Rules
from streams.stages.service_hours import ServiceHours
from streams.stages.snapshot import dump_parts
from tests.simulation.world import Delivery, Spoken, pack, raw_log

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
DAYS: Final = 30
LINES_AN_HOUR: Final = 16
# By then the first of the longest cases (asked, answered, asked, answered, asked anew) is out of the memory as well.
SETTLED_DAY: Final = 10
OPEN_BY_DAY: Final = ServiceHours("UTC", (((8 * 60, 20 * 60),),) * 7)

STORIES: Final = (  # what follows the opening of a case: (after so many minutes, kind)
    (),
    ((50, "reply"),),
    ((70, "divert"),),
    ((30, "reply"), (90, "thanks")),
    ((30, "reply"), (600, "issue"), (1_500, "reply")),
    ((20, "bot"), (40, "talk")),
)


class Sizes(NamedTuple):
    keys: int
    agenda: int
    windows: int
    copies: int
    waiting: int
    snapshot: int


def _told() -> Iterator[Spoken]:
    """Four openings an hour, each by a new customer, and what follows; the same customer returns now and then."""
    for number in range(4 * 24 * DAYS):
        opened_ms = number * HOUR_MS // 4
        brand, customer = ("acme", "beta")[number % 2], f"{number:016x}"
        yield Spoken(opened_ms, f"{number}a", "issue", (brand,), (customer,), band=number % 5)
        for step, (minutes, kind) in enumerate(STORIES[number % len(STORIES)]):
            yield Spoken(opened_ms + 60_000 * minutes, f"{number}b{step}", kind, (brand,), (customer,))
        if number % 3 == 0:
            yield Spoken(opened_ms + DAY_MS // 2, f"{number}c", "issue", (brand,), (customer,))


def _rules() -> Rules:
    return Rules(
        lateness_ms=300_000,
        horizon_ms=DAY_MS,
        sla_ms=HOUR_MS,
        case_limit_ms=30 * DAY_MS,
        recontact_ms=7 * DAY_MS,
        dedupe_ms=HOUR_MS,
        window_ms=60_000,
        feed_order=(),
        care_partitions=1,
        capture_partitions=1,
        merge_partitions=1,
        brands={"beta": BrandRules(DAY_MS, (HOUR_MS,), ("default",), OPEN_BY_DAY)},
    )


def _sizes(state: CareState) -> Sizes:
    copies = sum(len(part.table) for part in state.recent.dump() if isinstance(part, PackedCopies))
    return Sizes(
        keys=state.casebook.keys,
        agenda=state.casebook.entries,
        windows=state.cohorts.rows,
        copies=copies // RECENT_DTYPE.itemsize,
        waiting=state.waiting.rows,
        snapshot=sum(len(chunk) for chunk in dump_parts(snapshot_parts(state))),
    )


def _by_day() -> list[list[Sizes]]:
    """The sizes after each block, by the day that W has reached."""
    told = sorted((spoken for spoken in _told() if spoken.time_ms < DAYS * DAY_MS), key=lambda s: s.time_ms)
    (log,) = raw_log([Delivery("alpha", 1, told, (0,))], 1, Random(0))
    care = CareFold(_rules())
    state = care.empty(0)
    days: list[list[Sizes]] = [[] for _ in range(DAYS + 1)]
    for offset, begin in enumerate(range(0, len(log) - LINES_AN_HOUR, LINES_AN_HOUR)):
        care.apply(state, offset, pack([log], [(0, begin, begin + LINES_AN_HOUR)], 1)[0])
        days[max(0, state.watermarks.value_ms // DAY_MS)].append(_sizes(state))
    return days


def test_thirty_days_leave_no_more_than_ten() -> None:
    days = _by_day()
    assert all(days[:DAYS])
    before = [sizes for day in days[SETTLED_DAY - 2 : SETTLED_DAY] for sizes in day]
    after = [sizes for day in days[SETTLED_DAY:] for sizes in day]
    for name in Sizes._fields:
        most_before = max(getattr(sizes, name) for sizes in before)
        most_after = max(getattr(sizes, name) for sizes in after)
        assert 0 < most_after <= 1.05 * most_before, name
