"""The catalogue of metrics as data. README's table is made from it, and no worker can export anything else.

Names follow Prometheus practice: base units (seconds, records, bytes), ``_total`` on counters only.
"""

from typing import Final, Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram"]

# Powers of two from one record to the largest batch that settings allow.
RECORD_BUCKETS: Final = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000)
# From half a millisecond (a stage of a small batch) to the transaction timeout.
SECOND_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
STAGES: Final = ("consume", "decode", "judge", "pack", "produce", "commit", "fold", "outputs", "changelog")


class MetricSpec(msgspec.Struct, frozen=True):
    """One metric; ``name`` is what Prometheus sees."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS: Final = (
    # ------------------------------------------------------------ every worker
    MetricSpec("unheard_records_in_total", "counter", "Records consumed.", ("topic",)),
    MetricSpec("unheard_records_out_total", "counter", "Records acknowledged by the broker.", ("topic",)),
    MetricSpec("unheard_batch_records", "histogram", "Records in a batch.", (), RECORD_BUCKETS),
    MetricSpec(
        "unheard_stage_duration_seconds",
        "histogram",
        f"Time that a batch spends in a stage ({', '.join(STAGES)}).",
        ("stage",),
        SECOND_BUCKETS,
    ),
    MetricSpec("unheard_lag_records", "gauge", "Records behind the end of the partition.", ("topic", "partition")),
    MetricSpec("unheard_lag_event_seconds", "gauge", "Age of the newest event time seen, by the clock."),
    MetricSpec(
        "unheard_lag_processing_seconds", "gauge", "Time from append of a record to its outputs' acknowledgement."
    ),
    MetricSpec("unheard_rebalances_total", "counter", "Times that partitions were assigned anew."),
    MetricSpec("unheard_build_info", "gauge", "Always 1; the version of the program.", ("version",)),
    MetricSpec("unheard_model_info", "gauge", "Always 1; what judges and by which rules.", ("version", "config")),
    # ------------------------------------------------------------ classify
    MetricSpec("unheard_mentions_total", "counter", "Mentions by what became of them.", ("result",)),
    MetricSpec("unheard_rejects_total", "counter", "Source lines that are no mention.", ("reason",)),
    MetricSpec("unheard_escalations_total", "counter", "Mentions that a human must act on.", ("brand",)),
    MetricSpec("unheard_transactions_total", "counter", "Transactions by result.", ("result",)),
    # ------------------------------------------------------------ care
    MetricSpec("unheard_watermark_seconds", "gauge", "Watermark, Unix time.", ("partition",)),
    MetricSpec("unheard_events_waiting", "gauge", "Events that wait behind the watermark.", ("partition",)),
    MetricSpec("unheard_cases_open", "gauge", "Cases that can still change.", ("partition",)),
    MetricSpec("unheard_cases_closed_total", "counter", "Cases closed by outcome.", ("brand", "outcome")),
    MetricSpec("unheard_sla_breaches_total", "counter", "Closed cases without a human reply in time.", ("brand",)),
    MetricSpec("unheard_snapshot_duration_seconds", "histogram", "Time to write a snapshot.", (), SECOND_BUCKETS),
    MetricSpec("unheard_snapshot_size_bytes", "gauge", "Size of the last snapshot.", ("topic", "partition")),
    MetricSpec(
        "unheard_recovery_duration_seconds", "gauge", "Time that the last recovery took.", ("topic", "partition")
    ),
    # ------------------------------------------------------------ capture
    MetricSpec("unheard_capture_watermark_seconds", "gauge", "Watermark of the feeds, Unix time.", ("partition",)),
    MetricSpec("unheard_capture_feeds", "gauge", "Feeds known.", ("partition",)),
    MetricSpec("unheard_capture_feeds_ended", "gauge", "Feeds that have ended.", ("partition",)),
    MetricSpec("unheard_capture_intervals", "gauge", "Ranges of sequence numbers kept.", ("partition",)),
    MetricSpec("unheard_capture_repeats", "gauge", "Lines that came again with the same stamp.", ("partition",)),
    MetricSpec("unheard_capture_windows_open", "gauge", "Windows with gaps not confirmed yet.", ("partition",)),
    MetricSpec("unheard_capture_missed_exact", "gauge", "Sequence numbers that never came.", ("partition",)),
    MetricSpec(
        "unheard_capture_missed_upstream", "gauge", "Mentions that the source says it withheld.", ("partition",)
    ),
    # ------------------------------------------------------------ merge
    MetricSpec("unheard_merge_watermark_seconds", "gauge", "Least watermark of all partitions.", ("partition",)),
    MetricSpec("unheard_windows_open", "gauge", "Rows of windows of all widths that are not final.", ("partition",)),
    MetricSpec("unheard_windows_final", "gauge", "Rows of windows of all widths that are final.", ("partition",)),
    MetricSpec("unheard_parts_behind", "gauge", "Counts that came again and were left out.", ("partition",)),
    MetricSpec("unheard_feeds_final", "gauge", "Feeds whose account is final.", ("partition",)),
    MetricSpec(
        "unheard_conservation_difference",
        "gauge",
        "Lines of feeds less what became of them, running feeds as capture knows it; must be 0.",
        ("partition",),
    ),
    MetricSpec(
        "unheard_window_conservation_difference",
        "gauge",
        "Mentions of final narrowest windows less their roles, and lines less mentions; must be 0.",
        ("partition",),
    ),
    MetricSpec(
        "unheard_feed_lines", "gauge", "Lines of a feed by what became of them, as last published.", ("feed", "result")
    ),
    # ------------------------------------------------------------ replay
    MetricSpec("unheard_replay_lines_total", "counter", "Source lines sent.", ("feed",)),
    MetricSpec("unheard_replay_slip_seconds", "gauge", "How far sending is behind its schedule.", ("feed",)),
    MetricSpec("unheard_replay_progress_ratio", "gauge", "Share of the file that was sent.", ("feed",)),
)
