"""Recomputes the cases and windows of an export directory from its ``classified.jsonl`` and ``meta.json``."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from .account import export_account
from .classified import parse_time, read_jsonl
from .compare import CASE_KEY, WINDOW_KEY, differences, flat_window
from .raw import UNSET_MS
from .rules import PlainBrandTerms, PlainTerms

# An export has one row of each mention: what happened to copies and to numbers that never came is not in it.
_UNKNOWN: Final = ("duplicates", "missed_exact", "missed_upstream")


def audit(directory: Path, limit: int = 20) -> list[str]:
    """Readable differences; empty when the export agrees with itself."""
    meta = msgspec.json.decode((directory / "meta.json").read_bytes())
    watermark_ms = parse_time(meta["watermark"]) if meta["watermark"] else UNSET_MS
    expected = export_account(read_jsonl(directory / "classified.jsonl"), terms_of(meta), watermark_ms)
    windows = _known(map(flat_window, read_jsonl(directory / "windows.jsonl")))
    return [
        *differences(expected.cases, read_jsonl(directory / "cases.jsonl"), CASE_KEY, limit),
        *differences(_known(expected.windows), windows, WINDOW_KEY, limit),
    ]


def terms_of(meta: Mapping[str, Any]) -> PlainTerms:
    """The rules that ``meta.json`` names; there durations are seconds."""
    general = PlainBrandTerms(_ms(meta["response_horizon_s"]), (_ms(meta["sla_s"]),))
    brands = {
        name: PlainBrandTerms(
            _ms(brand["response_horizon_s"]), tuple(map(_ms, brand["sla_s"].values())), tuple(brand["sla_s"])
        )
        for name, brand in meta["brands"].items()
    }
    return PlainTerms(
        lateness_ms=_ms(meta["lateness_s"]),
        case_limit_ms=_ms(meta["case_limit_s"]),
        recontact_ms=_ms(meta["recontact_s"]),
        dedupe_ms=_ms(meta["dedupe_s"]),
        window_ms=_ms(meta["window_s"]),
        feed_order=tuple(meta["feed_order"]),
        brands=brands,
        general=general,
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _known(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Windows by what an export can tell; those of which it can tell nothing are left out."""
    known = []
    for row in rows:
        counts = {name: figure for name, figure in row["counts"].items() if name not in _UNKNOWN}
        if any(counts.values()):
            known.append(row | {"counts": counts})
    return known
