"""Records of every output topic with defaults that a test overrides where it matters."""

from typing import Any

import msgspec

from models.counters import COUNTERS
from models.records import CaseRecord, Escalation, FeedRecord, GapRecord, Mention, Outcome, Verdict
from streams.stages.windows import SourceCounts, WindowCounts, WindowRecord, WindowRules, render_window

TIME_MS = 1_509_487_847_000  # 2017-10-31T22:10:47.000Z


def case_record(**fields: Any) -> CaseRecord:
    defaults: dict[str, Any] = {
        "case_id": "x:acme:c1:1",
        "source": "x",
        "brand": "acme",
        "customer": "c1",
        "tier": "default",
        "opened_ms": TIME_MS,
        "opened_by": "1",
        "outcome": Outcome.PENDING,
        "closed_ms": None,
        "first_response_ms": None,
        "sla_breached": None,
        "mentions": 1,
        "replies": 0,
        "recontact": False,
        "sla_due_ms": TIME_MS + 3_600_000,
        "reopened": 0,
        "next_responses": 0,
        "longest_next_response_ms": None,
        "resolution_ms": None,
        "revision": 1,
        "definitions": 1,
    }
    return CaseRecord(**defaults | fields)


def gap_record(**fields: Any) -> GapRecord:
    defaults: dict[str, Any] = {
        "feed": "f",
        "source": "x",
        "epoch": 1,
        "cause": "sequence",
        "exact": True,
        "from_seq": 2,
        "to_seq": 3,
        "from_ms": TIME_MS,
        "to_ms": TIME_MS + 5,
        "missed": 2,
        "estimated": None,
        "revision": 1,
        "definitions": 1,
    }
    return GapRecord(**defaults | fields)


def feed_record(**fields: Any) -> FeedRecord:
    zeros: dict[str, Any] = dict.fromkeys(FeedRecord.__struct_fields__, 0)
    return FeedRecord(**zeros | {"feed": "f", "source": "x", "final": True, "revision": 1, "definitions": 1} | fields)


def window_record(
    start_ms: int = 0,
    brand: str = "*",
    *,
    window_ms: int = 60_000,
    revision: int = 1,
    final: bool = True,
    counts: dict[str, int] | None = None,
) -> WindowRecord:
    window = WindowCounts(
        window_start_ms=start_ms,
        window_ms=window_ms,
        brand=brand,
        source="x",
        counts=[(counts or {}).get(name, 0) for name in COUNTERS],
        around=SourceCounts(),
        open=0,
        waiting=0,
    )
    return render_window(window, WindowRules(), final=final, revision=revision)


def verdict(**fields: Any) -> Verdict:
    defaults: dict[str, Any] = {
        "brand": "acme",
        "role": "customer",
        "customers": ("c1",),
        "intent": "issue",
        "scores": {"issue": 0.9},
        "actionable": True,
        "needs_reply": True,
        "escalate": False,
        "escalation_score": 0.25,
        "reasons": (),
        "diverts": "",
        "closes": False,
        "pii": (),
        "lang": "en",
        "late": False,
        "tier": "default",
        "model": "m1",
        "config": "c1",
    }
    return Verdict(**defaults | fields)


def classified(judged: Verdict | None = None, **fields: Any) -> bytes:
    """A record of ``mentions.classified.v1`` as classify splices it."""
    defaults: dict[str, Any] = {
        "id": "1",
        "author": "someone",
        "created_at_ms": TIME_MS,
        "text": "a secret text",
        "feed": "f",
        "epoch": 1,
        "seq": 1,
    }
    mention = msgspec.json.encode(Mention(**defaults | fields))
    return mention[:-1] + b',"verdict":' + msgspec.json.encode(judged or verdict()) + b"}"


def escalation(**fields: Any) -> Escalation:
    defaults: dict[str, Any] = {
        "id": "1",
        "source": "x",
        "brand": "acme",
        "customer": "c1",
        "author": "someone",
        "created_at_ms": TIME_MS,
        "text": "call me on [phone]",
        "intent": "issue",
        "escalation_score": 0.9,
        "reasons": ("legal",),
        "priority": 71.5,
        "lang": "en",
        "followers": 10,
        "verified": False,
        "tier": "default",
        "late": False,
        "model": "m1",
        "config": "c1",
    }
    return Escalation(**defaults | fields)
