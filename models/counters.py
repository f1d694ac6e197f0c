"""What is counted of a window: names and order of ``WindowPart.counts``, and the edges of its histogram."""

from typing import Final

from models.records import INTENTS, PII_KINDS, REASONS

# First-response histogram: bucket i holds durations in (edge[i-1], edge[i]], edges 1 s * 2**(i/4) rounded to ms,
# the last one open. A quantile read from it is off by at most 2**(1/4) - 1 = 19 %.
RESPONSE_EDGES_MS: Final = tuple(round(1000 * 2 ** (i / 4)) for i in range(86))

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
    *(f"first_response_{i}" for i in range(len(RESPONSE_EDGES_MS) + 1)),
)
COUNTER: Final = {name: index for index, name in enumerate(COUNTERS)}
