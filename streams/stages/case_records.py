"""The upserts of cases, as ``care.cases.v1`` has them."""

import msgspec

from models.records import DEFINITIONS, CaseRecord
from streams.stages import topics
from streams.stages.casebook import CaseState
from streams.stages.fold import Output
from streams.stages.ledger import Terms

_json = msgspec.json.Encoder().encode


def case_output(state: CaseState, source: str, brand: str, terms: Terms, revision: int) -> Output:
    """The upsert of one case; ``revision`` is the offset of the block that caused it."""
    case, customer = state.case, state.customer
    record = CaseRecord(
        case_id=f"{source}:{brand}:{customer}:{case.opened_by}",
        source=source,
        brand=brand,
        customer=customer,
        tier=terms.tiers[case.tier] if case.tier < len(terms.tiers) else terms.tiers[0],
        opened_ms=case.opened_ms,
        opened_by=case.opened_by,
        outcome=state.outcome,
        closed_ms=state.closed_ms,
        first_response_ms=case.first_response_ms,
        sla_breached=case.breached,
        mentions=case.mentions,
        replies=case.replies,
        recontact=case.recontact,
        sla_due_ms=case.sla_due_ms,
        reopened=case.reopened,
        next_responses=case.next_responses,
        longest_next_response_ms=case.longest_next_ms,
        resolution_ms=state.resolution_ms,
        revision=revision,
        definitions=DEFINITIONS,
    )
    return Output(topics.CASES, record.case_id.encode(), _json(record))
