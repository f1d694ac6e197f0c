"""The upserts of cases, as ``care.cases.v1`` has them."""

import msgspec

from models.records import DEFINITIONS, CaseRecord
from streams.stages import topics
from streams.stages.casebook import CaseState
from streams.stages.fold import Output
from streams.stages.keys import customer_of
from streams.stages.ledger import Terms

_json = msgspec.json.Encoder().encode


def case_output(state: CaseState, source: str, brand: str, terms: Terms, revision: int) -> Output:
    """The upsert of one case; ``revision`` is the offset of the block that caused it."""
    customer = customer_of(state.key)
    case = state.case
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
        revision=revision,
        definitions=DEFINITIONS,
    )
    return Output(topics.CASES, record.case_id.encode(), _json(record))
