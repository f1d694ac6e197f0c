"""What is counted of a window: the names of its counters, and the edges of its histograms."""

from typing import Final

from models.records import FOLLOWER_BANDS, INTENTS, PII_KINDS, REASONS

# Histograms of durations: bucket i holds those in (edge[i-1], edge[i]], edges 1 s * 2**(i/4) rounded to ms, the last
# one open. A quantile read from one is at most 2**(1/4) - 1 = 19 % too long.
RESPONSE_EDGES_MS: Final = tuple(round(1000 * 2 ** (i / 4)) for i in range(86))
_BUCKETS: Final = range(len(RESPONSE_EDGES_MS) + 1)
MAX_TIERS: Final = 8  # of a brand, its default one included

COUNTERS: Final = (
    "received",
    "customer_actionable",
    "customer_other",
    "brand",
    "bot",
    "no_brand",
    "duplicates",
    *(f"intent_{name}" for name in INTENTS),
    "escalated",
    *(f"reason_{name}" for name in REASONS),
    *(f"pii_{name}" for name in PII_KINDS),
    "diverting_replies",
    "cases_opened",
    "cases_missed",
    "cases_stalled",
    "cases_diverted",
    "cases_resolved",
    "cases_replied",
    "cases_recontact",
    "sla_breached",
    "sla_kept",
    "mentions_answered",
    "mentions_unanswered",
    "missed_exact",
    "missed_upstream",
    "mention_lines",
    "cases_reopened",
    *(f"first_response_{i}" for i in _BUCKETS),
    *(f"censored_{i}" for i in _BUCKETS),
    *(f"next_response_{i}" for i in _BUCKETS),
    *(f"resolution_{i}" for i in _BUCKETS),
    *(f"tier_{i}_{what}" for i in range(MAX_TIERS) for what in ("opened", "breached", "kept")),
    *(f"band_{i}_{what}" for i in range(len(FOLLOWER_BANDS)) for what in ("actionable", "answered", "unanswered")),
)
COUNTER: Final = {name: index for index, name in enumerate(COUNTERS)}
DENSE: Final = COUNTER["first_response_0"]
"""The counters before this one are in ``WindowPart.counts``; of the others most are 0: ``WindowPart.sparse``."""
