"""The rules of the account as plain data, made from settings once and passed to the folds."""

from typing import Final, Self

import msgspec

from config.settings import Brand, Settings
from config.settings import ServiceHours as ConfiguredHours
from streams.stages.service_hours import ServiceHours

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BrandRules(msgspec.Struct, frozen=True):
    """``sla_ms[tier]`` is S of that tier; index 0 is the brand's default tier. ``tiers`` are their names.
    ``service_hours`` None: S never stops."""

    horizon_ms: int
    sla_ms: tuple[int, ...]
    tiers: tuple[str, ...]
    service_hours: ServiceHours | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """``window_ms`` is the base width, ``rollup_ms`` the wider ones."""

    lateness_ms: int
    horizon_ms: int
    sla_ms: int
    case_limit_ms: int
    recontact_ms: int
    dedupe_ms: int
    window_ms: int
    rollup_ms: tuple[int, ...] = ()
    stall_ms: int = 90_000
    heartbeat_ms: int = 30_000
    actionable: str = "issue_or_escalated"
    feed_order: tuple[str, ...]
    care_partitions: int
    capture_partitions: int
    merge_partitions: int
    brands: dict[str, BrandRules]

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        rules, topics = settings.rules, settings.topics
        return cls(
            lateness_ms=rules.lateness_ms,
            horizon_ms=rules.response_horizon_ms,
            sla_ms=rules.sla_ms,
            case_limit_ms=rules.case_limit_ms,
            recontact_ms=rules.recontact_ms,
            dedupe_ms=rules.dedupe_ms,
            window_ms=rules.window_ms,
            rollup_ms=rules.rollup_ms,
            stall_ms=rules.stall_ms,
            heartbeat_ms=rules.heartbeat_ms,
            actionable=rules.actionable,
            feed_order=rules.feed_order,
            care_partitions=topics.care_partitions,
            capture_partitions=topics.capture_partitions,
            merge_partitions=topics.merge_partitions,
            brands={brand.name: _brand_rules(brand, settings) for brand in settings.brands},
        )

    def of_brand(self, brand: str) -> BrandRules:
        """Rules of a brand; one that the configuration does not know gets the general ones."""
        known = self.brands.get(brand)
        return known or BrandRules(horizon_ms=self.horizon_ms, sla_ms=(self.sla_ms,), tiers=("default",))


def _brand_rules(brand: Brand, settings: Settings) -> BrandRules:
    rules = settings.rules
    return BrandRules(
        horizon_ms=rules.response_horizon_ms if brand.response_horizon_ms is None else brand.response_horizon_ms,
        sla_ms=(
            rules.sla_ms if brand.sla_ms is None else brand.sla_ms,
            *(tier.sla_ms for tier in brand.tiers),
        ),
        tiers=("default", *(tier.name for tier in brand.tiers)),
        service_hours=None if brand.service_hours is None else _service_hours(brand.service_hours),
    )


def _service_hours(hours: ConfiguredHours) -> ServiceHours:
    week = (hours.week.get(day, ()) for day in _WEEKDAYS)
    return ServiceHours(
        time_zone=hours.time_zone,
        week=tuple(tuple(_minutes(span) for span in spans) for spans in week),
        holidays=tuple(sorted(day.isoformat() for day in hours.holidays)),
    )


def _minutes(span: str) -> tuple[int, int]:
    """``08:00-20:00`` as minutes of the day."""
    begin, end = (60 * int(clock[:2]) + int(clock[3:]) for clock in span.split("-"))
    return begin, end
