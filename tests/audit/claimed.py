"""The whole export of a very short story, every figure by hand: one complaint that nobody answers, a copy of it, one
line that never came, and a reject."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from models.counters import RESPONSE_EDGES_MS
from tests.audit.export import Row, begin, brand, clock, end, feed, meta, run, said, write

_A_DAY = RESPONSE_EDGES_MS[66]  # the first edge that is not below 86,400 s


def rate(numerator: int, denominator: int, pending: int = 0) -> Row:
    value = numerator / denominator if denominator else None
    return {"numerator": numerator, "denominator": denominator, "pending": pending, "value": value}


CASE: Row = {
    "source": "x",
    "brand": "acme",
    "customer": "c1",
    "tier": "default",
    "opened": clock(),
    "opened_by": "1",
    "outcome": "missed",
    "closed": clock(days=1),
    "first_response_s": None,
    "sla_due": clock(hours=1),
    "sla_breached": True,
    "mentions": 1,
    "replies": 0,
    "recontact": False,
    "reopened": 0,
    "next_responses": 0,
    "longest_next_response_s": None,
    "resolution_s": None,
    "definitions": 2,
}
GAP: Row = {
    "feed": "f",
    "source": "x",
    "epoch": 1,
    "cause": "sequence",
    "exact": True,
    "from_seq": 2,
    "to_seq": 2,
    "from": clock(),
    "to": clock(seconds=2),
    "missed": 1,
    "estimated": None,
    "definitions": 2,
}
FEED = feed(sent=5, received=1, duplicates=1, late=1, rejected=1, missed_exact=1, mention_lines=2)
SILENT: Row = {"count": 0, "p50_ms": None, "p90_ms": None, "histogram": []}


def window(width_s: int, name: str) -> Row:
    whole = name == "*"
    calls = {"numerator": 1, "denominator": width_s / 60, "pending": 0, "value": 60 / width_s}
    return {
        "window_start": clock(),
        "window_s": width_s,
        "brand": name,
        "source": "x",
        "received": 1,
        "roles": {"customer_actionable": 1, "customer_other": 0, "brand": 0, "bot": 0, "no_brand": 0},
        "duplicates": 1,
        "difference": 0,
        "intents": {"issue": 1, "praise": 0, "vent": 0, "review": 0, "other": 0, "unjudged": 0},
        "escalated": 0,
        "reasons": {"safety": 0},
        "pii": {"email": 0},
        "diverting_replies": 0,
        "missed_exact": 1 if whole else 0,
        "missed_upstream": 0,
        "coverage": rate(1, 2),
        "cases": {
            **dict.fromkeys(("opened", "missed"), 1),
            **dict.fromkeys(("stalled", "diverted", "resolved", "pending", "replied", "recontact", "reopened"), 0),
        },
        "rates": {
            "missed": rate(1, 1),
            "stalled": rate(0, 1),
            "diverted": rate(0, 1),
            "abandoned": rate(0, 1),
            "resolved": rate(0, 1),
            "sla_breached": rate(1, 1),
            "answered": rate(0, 1),
        },
        "sla_by_tier": {} if whole else {"default": rate(1, 1)},
        "first_response": SILENT | {"km_p50_ms": None, "km_p90_ms": None, "censored": [[_A_DAY, 1]]},
        "next_response": SILENT,
        "resolution": SILENT,
        "response_by_followers": {"0-99": rate(0, 1)},
        "share_of_voice": None if whole else rate(1, 1),
        "volume_ratio": None if whole else {"phone": calls},
        "open": 0,
        "waiting": 0,
        "final": True,
        "definitions": 2,
    }


def short_story() -> dict[str, Any]:
    """Every file by name, new each time, for tests that change something."""
    story: dict[str, Any] = {
        "classified": [said("1", clock(), 1), said("0", clock(hours=-1), 5, late=True, customers=["c2"])],
        "copies": [said("1", clock(), 3)],
        "lines": [
            begin(),
            run("mention", 1, 1, clock()),
            run("mention", 3, 3, clock(seconds=2)),
            run("rejected", 4, 4, clock(seconds=2)),
            run("late", 5, 5, clock(seconds=2)),
            end(5, clock(seconds=3)),
        ],
        "dlq": [{"feed": "f", "epoch": 1, "seq": 4}],
        "cases": [CASE],
        "windows": [window(width_s, name) for width_s in (60, 3600) for name in ("*", "acme")],
        "gaps": [GAP],
        "meta": meta(feeds=[FEED], brands={"acme": brand(baseline={"phone": 60.0})}),
    }
    return deepcopy(story)


def write_story(directory: Path, **changes: Any) -> Path:
    return write(directory, **(short_story() | changes))
