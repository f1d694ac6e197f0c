"""Small exports, written by hand: what was said, and the lines that brought it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2017, 10, 31, 12, tzinfo=UTC)
Row = dict[str, Any]


def clock(days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, ms: int = 0) -> str:
    """A time so much after the start."""
    moment = START + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def said(id_: str, at: str, seq: int, **fields: Any) -> Row:
    """A customer's issue about acme."""
    row: Row = {
        "id": id_,
        "source": "x",
        "brand": "acme",
        "role": "customer",
        "customers": ["c1"],
        "created_at": at,
        "intent": "issue",
        "needs_reply": True,
        "actionable": True,
        "escalate": False,
        "escalation_score": 0.25,
        "reasons": [],
        "diverts": "",
        "closes": False,
        "pii": [],
        "late": False,
        "lang": "en",
        "tier": "default",
        "followers": 10,
        "verified": False,
        "feed": "f",
        "epoch": 1,
        "seq": seq,
    }
    return row | fields


def small_talk(id_: str, at: str, seq: int, **fields: Any) -> Row:
    return said(id_, at, seq, **{"intent": "other", "needs_reply": False, "actionable": False} | fields)


def reply(id_: str, at: str, seq: int, **fields: Any) -> Row:
    """A human answer of acme."""
    judged = {"role": "brand", "intent": None, "needs_reply": False, "actionable": False, "tier": ""}
    return said(id_, at, seq, **judged | fields)


def run(kind: str, from_seq: int, to_seq: int, start: str | None, end: str | None = None, **fields: Any) -> Row:
    row: Row = {
        "feed": "f",
        "source": "x",
        "epoch": 1,
        "kind": kind,
        "from_seq": from_seq,
        "to_seq": to_seq,
        "from": start,
        "to": end or start,
        "silent_s": 0.0,
        "track": None,
        "settle_s": None,
        "final": None,
    }
    return row | fields


def begin(first_seq: int = 1, **fields: Any) -> Row:
    return run("feed-start", first_seq, first_seq - 1, None, **fields)


def end(last_seq: int, at: str, **fields: Any) -> Row:
    return run("end-of-feed", last_seq, last_seq, at, **{"settle_s": 10_000_000.0, "final": True} | fields)


def feed(**figures: Any) -> Row:
    names = (
        *("sent", "received", "duplicates", "late", "rejected", "control", "shed", "missed_exact", "missed_upstream"),
        *("waiting", "overtaken", "mention_lines", "undecided", "difference"),
    )
    return {"feed": "f", "source": "x"} | dict.fromkeys(names, 0) | {"final": True} | figures


def brand(**fields: Any) -> Row:
    terms = {"response_horizon_s": 86_400.0, "sla_s": {"default": 3600.0}, "service_hours": None, "baseline": {}}
    return terms | fields


def meta(**fields: Any) -> Row:
    rules: Row = {
        "definitions": 2,
        "model": "m1",
        "config": "c1",
        "window_s": 60.0,
        "rollup_s": [3600.0],
        "heartbeat_s": 30.0,
        "stall_s": 90.0,
        "lateness_s": 300.0,
        "response_horizon_s": 86_400.0,
        "sla_s": 3600.0,
        "case_limit_s": 2_592_000.0,
        "recontact_s": 604_800.0,
        "dedupe_s": 3600.0,
        "actionable": "issue_or_escalated",
        "follower_bands": [0, 100, 1_000, 10_000, 100_000],
        "feed_order": [],
        "brands": {"acme": brand()},
        "watermark": clock(days=100),
        "feeds": [],
    }
    return rules | fields


def write(directory: Path, **files: list[Row] | Row) -> Path:
    """Files by name; those that are not named are empty."""
    empty: dict[str, list[Row] | Row] = {
        name: [] for name in ("classified", "copies", "lines", "dlq", "cases", "windows", "gaps")
    }
    for name, content in (empty | {"meta": meta()} | files).items():
        if isinstance(content, dict):
            (directory / f"{name}.json").write_text(json.dumps(content))
        else:
            (directory / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    return directory
