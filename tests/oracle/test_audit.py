"""An export directory is judged by its own classified rows and rules."""

import json
from pathlib import Path
from typing import Any

from .account import export_account
from .audit import audit
from .by_hand import AIR, NEVER, clock, issue, reply
from .classified import format_time
from .rules import PlainBrandTerms, PlainTerms

META: dict[str, Any] = {
    "window_s": 300.0,
    "lateness_s": 300.0,
    "response_horizon_s": 86400.0,
    "sla_s": 3600.0,
    "case_limit_s": 2592000.0,
    "recontact_s": 604800.0,
    "dedupe_s": 3600.0,
    "feed_order": [],
    "brands": {AIR: {"response_horizon_s": 7200.0, "sla_s": {"default": 3600.0, "gold": 0.001}}},
    "watermark": format_time(NEVER),
}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_an_export_is_compared_with_its_own_classified_rows(tmp_path: Path) -> None:
    rows = [issue("1", clock(), tier="gold"), reply("2", clock(ms=2)), issue("3", clock(days=1))]
    terms = PlainTerms(brands={AIR: PlainBrandTerms(7_200_000, (3_600_000, 1), ("default", "gold"))})
    cases = export_account(rows, terms, NEVER).cases
    assert [(case["outcome"], case["sla_breached"]) for case in cases] == [("resolved", True), ("missed", True)]
    (tmp_path / "meta.json").write_text(json.dumps(META))
    write(tmp_path / "classified.jsonl", rows)
    write(tmp_path / "cases.jsonl", cases)
    write(tmp_path / "windows.jsonl", [])
    found = audit(tmp_path)
    assert len(found) == 4  # each of two brand rows and of their sums
    assert all("missing, expected" in line for line in found)
    write(tmp_path / "cases.jsonl", [cases[0] | {"outcome": "diverted"}, cases[1]])
    assert audit(tmp_path)[0].endswith("outcome is 'diverted', expected 'resolved'")
