"""Metrics of the account, derived from the very records that are sent, so that topics and metrics cannot disagree."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from models.records import Outcome
from streams.runtime.metrics import Telemetry
from streams.stages import topics
from streams.stages.fold import Output

FEED_RESULTS: Final = (
    "sent",
    "received",
    "duplicates",
    "late",
    "rejected",
    "control",
    "shed",
    "missed_exact",
    "missed_upstream",
    "overtaken",
    "mention_lines",
    "undecided",
    "difference",
)


class _Case(msgspec.Struct):
    brand: str
    outcome: Outcome
    sla_breached: bool | None


_PENDING: Final = b'"outcome":"pending"'  # a quote inside a JSON string would be escaped
_decode_case = msgspec.json.Decoder(_Case).decode
_decode_feed = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


def measure_outputs(telemetry: Telemetry, outputs: Sequence[Output]) -> None:
    """Count closed cases by outcome, and show the account of each feed."""
    _measure_cases(telemetry, [output.value for output in outputs if output.value and output.topic == topics.CASES])
    for output in outputs:
        if output.value and output.topic == topics.FEEDS:
            _measure_feed(telemetry, _decode_feed(output.value))


def _measure_cases(telemetry: Telemetry, values: Sequence[bytes]) -> None:
    """Summed first: there are thousands of cases in a block, and few brands."""
    closed: Counter[tuple[str, Outcome]] = Counter()
    breached: Counter[str] = Counter()
    for value in values:
        if _PENDING in value:
            continue
        case = _decode_case(value)
        closed[case.brand, case.outcome] += 1
        breached[case.brand] += bool(case.sla_breached)
    for (brand, outcome), count in closed.items():
        telemetry.inc("unheard_cases_closed_total", count, brand=brand, outcome=outcome)
    for brand, count in (+breached).items():
        telemetry.inc("unheard_sla_breaches_total", count, brand=brand)


def _measure_feed(telemetry: Telemetry, feed: dict[str, str | int | float | bool | None]) -> None:
    for result in FEED_RESULTS:
        telemetry.set("unheard_feed_lines", float(feed[result] or 0), feed=str(feed["feed"]), result=result)
