"""The rules of the account as plain data, made from settings once and passed to the folds."""

from typing import Self

import msgspec

from config.settings import Brand, Settings


class BrandRules(msgspec.Struct, frozen=True):
    """``sla_ms[tier]`` is S of that tier; index 0 is the brand's default tier. ``tiers`` are their names."""

    horizon_ms: int
    sla_ms: tuple[int, ...]
    tiers: tuple[str, ...]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    lateness_ms: int
    horizon_ms: int
    sla_ms: int
    case_limit_ms: int
    recontact_ms: int
    dedupe_ms: int
    window_ms: int
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
    )
