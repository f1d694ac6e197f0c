"""The catalogue of topics: names, partition counts, retention. README and ``topics create`` are made from it."""

from typing import Final, Literal

import msgspec

from config.settings import Settings

RAW: Final = "mentions.raw.v1"
CLASSIFIED: Final = "mentions.classified.v1"
ESCALATIONS: Final = "mentions.escalations.v1"
DLQ: Final = "mentions.dlq.v1"
CARE_EVENTS: Final = "care.events.v1"
CAPTURE_REPORTS: Final = "capture.reports.v1"
CASES: Final = "care.cases.v1"
PARTIALS: Final = "care.windows.partial.v1"
WINDOWS: Final = "care.windows.v1"
GAPS: Final = "capture.gaps.v1"
FEEDS: Final = "capture.feeds.v1"

_DAY_MS: Final = 86_400_000


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One topic; ``share`` names the setting in ``[topics]`` that gives its partition count."""

    name: str
    share: Literal["raw", "care", "capture", "merge"]
    key: str
    content: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 7 * _DAY_MS


TOPICS: Final = (
    TopicSpec(
        name=RAW,
        share="raw",
        key="any",
        content="stamped source lines, JSON; broken ones as they came",
    ),
    TopicSpec(
        name=CLASSIFIED,
        share="care",
        key="source:id:brand",
        content="each (mention, brand) with its verdict, JSON",
        cleanup="compact",
    ),
    TopicSpec(
        name=ESCALATIONS,
        share="care",
        key="source:id:brand",
        content="what a human must act on, JSON, masked",
        cleanup="compact",
    ),
    TopicSpec(
        name=DLQ,
        share="raw",
        key="the record's own",
        content="rejected lines, original bytes, reason in headers",
    ),
    TopicSpec(
        name=CARE_EVENTS,
        share="care",
        key="none",
        content="packed events, one record per batch and care partition",
    ),
    TopicSpec(
        name=CAPTURE_REPORTS,
        share="capture",
        key="none",
        content="packed line stamps, one record per batch",
    ),
    TopicSpec(
        name=CASES,
        share="care",
        key="case id",
        content="cases, JSON upserts",
        cleanup="compact",
    ),
    TopicSpec(
        name=PARTIALS,
        share="merge",
        key="none",
        content="packed window and feed counts of one worker partition",
    ),
    TopicSpec(
        name=WINDOWS,
        share="merge",
        key="window_start:brand:source",
        content="windows, JSON upserts",
        cleanup="compact",
    ),
    TopicSpec(
        name=GAPS,
        share="capture",
        key="feed:epoch:cause:from_seq",
        content="capture gaps, JSON upserts",
        cleanup="compact",
    ),
    TopicSpec(
        name=FEEDS,
        share="merge",
        key="feed",
        content="capture account of each feed, JSON upserts",
        cleanup="compact",
    ),
)

# The changelog table of each folded topic; Faust names its topic <app>-<table>-changelog.
BLOCK_TABLES: Final = {CARE_EVENTS: "care-blocks", CAPTURE_REPORTS: "capture-blocks", PARTIALS: "merge-blocks"}


def partitions_of(topic: str, settings: Settings) -> int:
    """Partition count of the named topic."""
    return partition_count(next(spec for spec in TOPICS if spec.name == topic), settings)


def changelog_topics(settings: Settings) -> dict[str, int]:
    """Full names of the changelog topics and their partition counts."""
    app_id = settings.topics.prefix + settings.care.app_id
    return {f"{app_id}-{table}-changelog": partitions_of(topic, settings) for topic, table in BLOCK_TABLES.items()}


def topic_name(name: str, settings: Settings) -> str:
    return settings.topics.prefix + name


def partition_count(spec: TopicSpec, settings: Settings) -> int:
    counts: dict[str, int] = {
        "raw": settings.topics.raw_partitions,
        "care": settings.topics.care_partitions,
        "capture": settings.topics.capture_partitions,
        "merge": settings.topics.merge_partitions,
    }
    return counts[spec.share]
