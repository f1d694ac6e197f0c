"""Metrics of the account, derived from the very records that are sent, so that topics and metrics cannot disagree."""

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


_decode_case = msgspec.json.Decoder(_Case).decode
_decode_feed = msgspec.json.Decoder(dict[str, str | int | float | bool | None]).decode


def measure_outputs(telemetry: Telemetry, outputs: Sequence[Output]) -> None:
    """Count closed cases by outcome, and show the account of each feed."""
    for output in outputs:
        if output.value is None:
            continue
        if output.topic == topics.CASES:
            _measure_case(telemetry, _decode_case(output.value))
        elif output.topic == topics.FEEDS:
            _measure_feed(telemetry, _decode_feed(output.value))


def _measure_case(telemetry: Telemetry, case: _Case) -> None:
    if case.outcome is Outcome.PENDING:
        return
    telemetry.inc("unheard_cases_closed_total", brand=case.brand, outcome=case.outcome)
    if case.sla_breached:
        telemetry.inc("unheard_sla_breaches_total", brand=case.brand)


def _measure_feed(telemetry: Telemetry, feed: dict[str, str | int | float | bool | None]) -> None:
    for result in FEED_RESULTS:
        telemetry.set("unheard_feed_lines", float(feed[result] or 0), feed=str(feed["feed"]), result=result)
