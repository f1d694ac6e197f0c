"""The ledger folds a history block by block, cut and spread as drawn; the oracle looks at all of it at once. They
must agree to the record on cases, windows, gaps and feeds."""

import os
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.packed import CaptureBlock, CareBlock
from streams.stages.capture import CaptureFold
from streams.stages.care import CareFold
from streams.stages.fold import Fold, Output
from streams.stages.keys import murmur2_partition
from streams.stages.merge import MergeFold
from streams.stages.rules import BrandRules, Rules
from streams.stages.service_hours import ServiceHours
from streams.stages.topics import CASES, FEEDS, GAPS, PARTIALS, WINDOWS

from .account import oracle_account
from .blocks import to_capture_blocks, to_care_blocks
from .classified import format_time
from .compare import CASE_KEY, FEED_KEY, GAP_KEY, WINDOW_KEY, differences, flat_window
from .customers import name_of
from .histories import History, histories
from .rules import PlainBrandTerms, PlainTerms

Row = dict[str, Any]
_EXAMPLES: Final = int(os.environ.get("UNHEARD_EXAMPLES", "2000"))
_QUICK = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Shape(msgspec.Struct, frozen=True):
    """How the work is spread; ``drain_every`` is the number of blocks between two provisional outputs."""

    care_partitions: int
    capture_partitions: int
    merge_partitions: int
    batch_cuts: tuple[int, ...]
    drain_every: int


shapes = st.builds(
    Shape,
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
    st.lists(st.integers(1, 9), min_size=1, max_size=5).map(tuple),
    st.integers(1, 50),
)


def streamed(history: History, shape: Shape) -> dict[str, list[Row]]:
    """The last state of each key of each output topic, after all blocks have been folded."""
    rules = _rules(history.terms, shape)
    care = to_care_blocks(history, shape.care_partitions, shape.batch_cuts, _partition_of)
    capture = to_capture_blocks(history, shape.capture_partitions, shape.batch_cuts, _partition_of)
    outputs = [
        *_fold(CareFold(rules), shape.care_partitions, _encoded(care), shape.drain_every),
        *_fold(CaptureFold(rules), shape.capture_partitions, _encoded(capture), shape.drain_every),
    ]
    partials = [(out.partition or 0, out.value or b"") for out in outputs if out.topic == PARTIALS]
    outputs += _fold(MergeFold(rules), shape.merge_partitions, partials, shape.drain_every)
    return {topic: _last_states(topic, outputs) for topic in (CASES, WINDOWS, GAPS, FEEDS)}


def _rules(terms: PlainTerms, shape: Shape) -> Rules:
    return Rules(
        lateness_ms=terms.lateness_ms,
        horizon_ms=terms.general.horizon_ms,
        sla_ms=terms.general.sla_ms[0],
        case_limit_ms=terms.case_limit_ms,
        recontact_ms=terms.recontact_ms,
        dedupe_ms=terms.dedupe_ms,
        window_ms=terms.window_ms,
        rollup_ms=terms.rollup_ms,
        stall_ms=terms.stall_ms,
        heartbeat_ms=terms.heartbeat_ms,
        feed_order=terms.feed_order,
        care_partitions=shape.care_partitions,
        capture_partitions=shape.capture_partitions,
        merge_partitions=shape.merge_partitions,
        brands={name: _brand_rules(brand) for name, brand in terms.brands.items()},
    )


def _brand_rules(brand: PlainBrandTerms) -> BrandRules:
    plain = brand.service_hours
    hours = None if plain is None else ServiceHours(plain.time_zone, plain.week, plain.holidays)
    return BrandRules(brand.horizon_ms, brand.sla_ms, brand.tiers, hours)


def _partition_of(key: str, partitions: int) -> int:
    return murmur2_partition(key.encode(), partitions)


def _encoded(blocks: Sequence[tuple[int, CareBlock | CaptureBlock]]) -> list[tuple[int, bytes]]:
    return [(partition, msgspec.msgpack.encode(block)) for partition, block in blocks]


def _fold(fold: Fold[Any], partitions: int, blocks: list[tuple[int, bytes]], drain_every: int) -> list[Output]:
    states = [fold.empty(partition) for partition in range(partitions)]
    offsets = [0] * partitions
    outputs: list[Output] = []
    for number, (partition, block) in enumerate(blocks, start=1):
        outputs += fold.apply(states[partition], offsets[partition], block)
        offsets[partition] += 1
        if number % drain_every == 0:
            outputs += fold.drain(states[partition])
    for state in states:
        outputs += fold.drain(state)
    return outputs


def _last_states(topic: str, outputs: Sequence[Output]) -> list[Row]:
    states: dict[bytes, Row] = {}
    for out in outputs:
        if out.topic == topic:
            assert out.key is not None
            assert out.value is not None
            row = msgspec.json.decode(out.value, type=dict[str, Any])
            if row["revision"] >= states.get(out.key, row)["revision"]:
                states[out.key] = row
    return list(states.values())


_TIMES: Final = {
    "opened_ms": "opened",
    "closed_ms": "closed",
    "sla_due_ms": "sla_due",
    "from_ms": "from",
    "to_ms": "to",
}
_DURATIONS: Final = ("first_response", "longest_next_response", "resolution")


def exported(row: Row) -> Row:
    """A topic's record in the form of the exports: times in RFC 3339, durations in seconds."""
    shown = dict(row)
    for name, plain in _TIMES.items():
        if name in row:
            shown[plain] = None if row[name] is None else format_time(row[name])
    for name in _DURATIONS:
        if (duration_ms := row.get(f"{name}_ms")) is not None or f"{name}_ms" in row:
            shown[f"{name}_s"] = None if duration_ms is None else duration_ms / 1000
    return shown


def settled(feed: Row) -> Row:
    """What waits is counted before copies are told apart, so only a final account can be compared whole."""
    return feed if feed["final"] else {k: v for k, v in feed.items() if k != "waiting"}


@pytest.mark.timeout(900)  # a failure takes minutes to shrink
@_QUICK
@given(histories(), shapes)
def test_the_ledger_agrees_with_the_oracle(history: History, shape: Shape) -> None:
    expected = oracle_account(history.log, history.rows, history.terms)
    actual = streamed(history, shape)
    cases = [exported(row | {"customer": name_of(row["customer"])}) for row in actual[CASES]]
    assert differences(expected.cases, cases, CASE_KEY) == []
    assert differences(expected.gaps, map(exported, actual[GAPS]), GAP_KEY) == []
    assert differences(expected.windows, map(flat_window, actual[WINDOWS]), WINDOW_KEY) == []
    assert differences(map(settled, expected.feeds), actual[FEEDS], FEED_KEY) == []
