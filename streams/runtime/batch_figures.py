"""What metrics say of a batch of classify."""

import msgspec
from confluent_kafka import Message

from streams.runtime.metrics import Telemetry
from streams.stages import topics
from streams.stages.classify import BatchOutput, Stats


class BatchFigures(msgspec.Struct, frozen=True):
    """What is kept of a batch until it is committed: figures, no records."""

    stats: Stats
    outputs: dict[str, int]  # records by topic
    appended_ms: int  # when the broker got the newest record; 0 without any


def figures_of(output: BatchOutput, messages: list[Message]) -> BatchFigures:
    """``messages`` are those that led to ``output``."""
    outputs = {
        topics.CLASSIFIED: len(output.classified),
        topics.ESCALATIONS: len(output.escalations),
        topics.DLQ: len(output.dlq),
        topics.CARE_EVENTS: sum(map(len, output.care_blocks)),
        topics.CAPTURE_REPORTS: sum(map(len, output.capture_blocks)),
    }
    ends = [message.timestamp()[1] for message in (*messages[:1], *messages[-1:])]
    return BatchFigures(output.stats, outputs, max(ends, default=0))


def tell_batch(tell: Telemetry, figures: BatchFigures, now_ms: int) -> None:
    """Everything that metrics say about a committed batch."""
    stats = figures.stats
    tell.inc("unheard_transactions_total", result="commit")
    tell.inc("unheard_records_in_total", stats.records, topic=topics.RAW)
    tell.observe("unheard_batch_records", stats.records)
    for topic, count in figures.outputs.items():
        tell.inc("unheard_records_out_total", count, topic=topic)
    for result, count in (
        stats.mentions | {"control": stats.controls, "rejected": sum(stats.rejects.values())}
    ).items():
        tell.inc("unheard_mentions_total", count, result=result)
    for reason, count in stats.rejects.items():
        tell.inc("unheard_rejects_total", count, reason=reason)
    for brand, count in stats.escalations.items():
        tell.inc("unheard_escalations_total", count, brand=brand)
    if figures.appended_ms:
        tell.set("unheard_lag_processing_seconds", max(0, now_ms - figures.appended_ms) / 1000)
    if stats.newest_ms:
        tell.set("unheard_lag_event_seconds", (now_ms - stats.newest_ms) / 1000)
