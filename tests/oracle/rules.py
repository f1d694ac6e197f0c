"""The rules that the oracle computes by. ``streams.stages.rules.Rules`` fits the protocol as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


class BrandTerms(Protocol):
    """H, and S by tier (index 0 is the brand's default tier, ``tiers`` are their names)."""

    @property
    def horizon_ms(self) -> int: ...
    @property
    def sla_ms(self) -> tuple[int, ...]: ...
    @property
    def tiers(self) -> tuple[str, ...]: ...


class Terms(Protocol):
    """What the account depends on; ``brands`` in configured order."""

    @property
    def lateness_ms(self) -> int: ...
    @property
    def case_limit_ms(self) -> int: ...
    @property
    def recontact_ms(self) -> int: ...
    @property
    def dedupe_ms(self) -> int: ...
    @property
    def window_ms(self) -> int: ...
    @property
    def feed_order(self) -> tuple[str, ...]: ...
    @property
    def brands(self) -> Mapping[str, BrandTerms]: ...
    def of_brand(self, brand: str) -> BrandTerms: ...


@dataclass(frozen=True, slots=True)
class PlainBrandTerms:
    horizon_ms: int = DAY_MS
    sla_ms: tuple[int, ...] = (HOUR_MS,)
    tiers: tuple[str, ...] = ("default",)


@dataclass(frozen=True, slots=True)
class PlainTerms:
    """The defaults of the design, for tests and audits that have no settings at hand."""

    lateness_ms: int = 300_000
    case_limit_ms: int = 30 * DAY_MS
    recontact_ms: int = 7 * DAY_MS
    dedupe_ms: int = HOUR_MS
    window_ms: int = 300_000
    feed_order: tuple[str, ...] = ()
    brands: Mapping[str, PlainBrandTerms] = field(default_factory=dict)
    general: PlainBrandTerms = PlainBrandTerms()

    def of_brand(self, brand: str) -> PlainBrandTerms:
        return self.brands.get(brand, self.general)
