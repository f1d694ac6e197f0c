"""The rules that the oracle computes by. ``streams.stages.rules.Rules`` fits the protocol as it stands."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


class ServiceHours(Hashable, Protocol):
    """When a brand promises to answer, by the clock of ``time_zone``: for each day from Monday on its spans, from
    minute to minute after midnight. On ``holidays`` (ISO dates) there are none."""

    @property
    def time_zone(self) -> str: ...
    @property
    def week(self) -> tuple[tuple[tuple[int, int], ...], ...]: ...
    @property
    def holidays(self) -> tuple[str, ...]: ...


class BrandTerms(Protocol):
    """H, and S by tier (index 0 is the brand's default tier, ``tiers`` are their names). S runs during
    ``service_hours``, or always."""

    @property
    def horizon_ms(self) -> int: ...
    @property
    def sla_ms(self) -> tuple[int, ...]: ...
    @property
    def tiers(self) -> tuple[str, ...]: ...
    @property
    def service_hours(self) -> ServiceHours | None: ...


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
    def rollup_ms(self) -> tuple[int, ...]: ...
    @property
    def stall_ms(self) -> int: ...
    @property
    def heartbeat_ms(self) -> int: ...
    @property
    def feed_order(self) -> tuple[str, ...]: ...
    @property
    def brands(self) -> Mapping[str, BrandTerms]: ...
    def of_brand(self, brand: str) -> BrandTerms: ...


@dataclass(frozen=True, slots=True)
class PlainServiceHours:
    time_zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlainBrandTerms:
    horizon_ms: int = DAY_MS
    sla_ms: tuple[int, ...] = (HOUR_MS,)
    tiers: tuple[str, ...] = ("default",)
    service_hours: PlainServiceHours | None = None


@dataclass(frozen=True, slots=True)
class PlainTerms:
    """The defaults of the design, for tests and audits that have no settings at hand."""

    lateness_ms: int = 300_000
    case_limit_ms: int = 30 * DAY_MS
    recontact_ms: int = 7 * DAY_MS
    dedupe_ms: int = HOUR_MS
    window_ms: int = 300_000
    rollup_ms: tuple[int, ...] = ()
    stall_ms: int = 90_000
    heartbeat_ms: int = 30_000
    feed_order: tuple[str, ...] = ()
    brands: Mapping[str, PlainBrandTerms] = field(default_factory=dict)
    general: PlainBrandTerms = PlainBrandTerms()

    def of_brand(self, brand: str) -> PlainBrandTerms:
        return self.brands.get(brand, self.general)
