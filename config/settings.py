"""The typed tree of settings. Values come from ``default.toml``, a file of the user's, then the environment.

Load it with :func:`config.load.load_settings`; nothing else reads TOML or the environment.
"""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


def _bare(handle: str) -> str:
    return handle.removeprefix("@")


def _spell_hours(hours: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)", hours):
        raise ValueError("hours are written like 08:00-20:00, at the latest until 24:00")
    return hours


Milliseconds = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Weight = Annotated[float, Field(ge=0, le=1)]
PerHour = Annotated[float, Field(ge=0)]
Handle = Annotated[str, AfterValidator(_bare)]  # with or without @; compared without regard to case
Partitions = Annotated[int, Field(ge=1, le=1024)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = Annotated[str, AfterValidator(_spell_hours)]  # 08:00-20:00


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Kafka(_Section):
    """How to reach the broker. There is no default address on purpose."""

    bootstrap_servers: str = ""
    client_id: str = "unheard"
    replication: Annotated[int, Field(ge=1)] = 1
    compression: Literal["none", "lz4", "zstd"] = "lz4"
    message_max_bytes: Annotated[int, Field(ge=65_536)] = 1_048_576


class Topics(_Section):
    """Topic names are ``prefix`` + the fixed name; partition counts of care topics never change in place."""

    prefix: str = ""
    raw_partitions: Partitions = 8
    care_partitions: Partitions = 8
    capture_partitions: Partitions = 1
    merge_partitions: Partitions = 1


class Rules(_Section):
    """What counts. Every figure of the account depends on these."""

    lateness_ms: Milliseconds = 300_000  # L
    response_horizon_ms: Milliseconds = 86_400_000  # H
    sla_ms: Milliseconds = 3_600_000  # S, by brand and tier below
    case_limit_ms: Milliseconds = 30 * 86_400_000
    recontact_ms: Milliseconds = 7 * 86_400_000
    dedupe_ms: Milliseconds = 3_600_000
    window_ms: Annotated[int, Field(ge=1000)] = 60_000
    rollup_ms: tuple[int, ...] = (300_000, 3_600_000, 86_400_000)
    heartbeat_ms: Milliseconds = 30_000
    stall_ms: Milliseconds = 90_000
    actionable: Literal["issue", "issue_or_escalated"] = "issue_or_escalated"
    feed_order: tuple[str, ...] = ()  # of copies the first named feed counts; unnamed ones follow by name


class Tier(_Section):
    name: str
    sla_ms: Milliseconds
    min_followers: Count = 0
    verified: bool = False


class Baseline(_Section):
    """Contacts per hour that the brand's other channels bring."""

    phone: PerHour = 0.0
    email: PerHour = 0.0
    chat: PerHour = 0.0
    web: PerHour = 0.0


class ServiceHours(_Section):
    """When a brand promises to answer: its SLA clocks stop outside. ``week`` lists the hours of each day by the clock
    of ``time_zone``; on ``holidays`` there are none."""

    time_zone: str
    week: dict[Weekday, tuple[Hours, ...]]
    holidays: tuple[date, ...] = ()


class Brand(_Section):
    name: str
    handles: tuple[Handle, ...] = ()
    bot_handles: tuple[Handle, ...] = ()
    keywords: tuple[str, ...] = ()
    sla_ms: Milliseconds | None = None
    response_horizon_ms: Milliseconds | None = None
    tiers: tuple[Tier, ...] = ()
    service_hours: ServiceHours | None = None
    baseline: Baseline = Baseline()


class Classify(_Section):
    group: str = "unheard-classify"
    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    batch_wait_ms: Milliseconds = 100
    transaction_timeout_ms: Milliseconds = 15_000
    session_timeout_ms: Milliseconds = 10_000
    idle_feed_ms: Milliseconds = 300_000
    block_bytes: Annotated[int, Field(ge=16_384)] = 524_288
    dlq_share_limit: Annotated[float, Field(ge=0, le=1)] = 1.0


class Care(_Section):
    app_id: str = "unheard-care"
    snapshot_blocks: Annotated[int, Field(ge=1)] = 500
    publish_interval_ms: Milliseconds = 250
    session_timeout_ms: Milliseconds = 10_000


class Model(_Section):
    path: str = ""  # empty: the model that ships with the package
    escalation_threshold: Weight | None = None  # None: the one the model was calibrated for


class Privacy(_Section):
    """``customer_key`` keys the hash that stands for a customer downstream of classify."""

    customer_key: SecretStr = SecretStr("unheard-demo-key")


class Metrics(_Section):
    host: str = "127.0.0.1"
    classify_port: Port = 9101
    care_port: Port = 9102
    replay_port: Port = 9103


class Priority(_Section):
    """priority = 100 * (score_weight * score + reason_weight * max(severity of reasons) + reach_weight * reach
    + repeat_weight * repeat + tier_weight * tiered), reach = min(1, log10(1 + followers) / 6), 1 when verified."""

    score_weight: Weight = 0.4
    reason_weight: Weight = 0.3
    reach_weight: Weight = 0.1
    repeat_weight: Weight = 0.1
    tier_weight: Weight = 0.1
    severity: dict[str, float] = {
        "safety": 1.0,
        "legal": 0.8,
        "security": 0.9,
        "churn": 0.5,
        "repeat": 0.4,
        "abuse": 0.7,
        "urgent": 0.8,
    }


class Settings(_Section):
    kafka: Kafka = Kafka()
    topics: Topics = Topics()
    rules: Rules = Rules()
    classify: Classify = Classify()
    care: Care = Care()
    model: Model = Model()
    privacy: Privacy = Privacy()
    metrics: Metrics = Metrics()
    priority: Priority = Priority()
    brands: tuple[Brand, ...] = ()
