"""The rules that an export says it came about under: ``meta.json``."""

from pathlib import Path
from typing import Final

import msgspec

from config.errors import UnheardError
from models.records import DEFINITIONS

META_FILE: Final = "meta.json"


class ServiceHours(msgspec.Struct, frozen=True):
    time_zone: str
    week: dict[str, tuple[str, ...]]
    holidays: tuple[str, ...] = ()


class BrandTerms(msgspec.Struct, frozen=True):
    response_horizon_s: float
    sla_s: dict[str, float]
    service_hours: ServiceHours | None
    baseline: dict[str, float]


class Meta(msgspec.Struct, frozen=True):
    """What of ``meta.json`` decides figures. ``feeds`` are compared, as they stand."""

    definitions: int
    window_s: float
    rollup_s: tuple[float, ...]
    lateness_s: float
    response_horizon_s: float
    sla_s: float
    case_limit_s: float
    recontact_s: float
    dedupe_s: float
    follower_bands: tuple[int, ...]
    feed_order: tuple[str, ...]
    brands: dict[str, BrandTerms]
    watermark: str | None
    feeds: tuple[dict[str, str | int | bool], ...]


def read_meta(directory: Path) -> Meta:
    """Raises UnheardError for a directory without one, or one of another version."""
    if not directory.is_dir():
        raise UnheardError(f"there is no directory {directory}")
    path = directory / META_FILE
    try:
        meta = msgspec.json.decode(path.read_bytes(), type=Meta)
    except OSError as error:
        raise UnheardError(f"{directory} is no export: cannot read {META_FILE} ({error.strerror})") from None
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UnheardError(f"{path}: {error}. Was it exported by another version? Export again") from None
    except msgspec.DecodeError as error:
        raise UnheardError(f"{path} is damaged: {error}") from None
    if meta.definitions != DEFINITIONS:
        raise UnheardError(
            f"{path} counts by definitions {meta.definitions}, this audit by {DEFINITIONS}: export again, or audit "
            "with the version that exported"
        )
    return meta


def to_ms(seconds: float) -> int:
    return round(seconds * 1000)
