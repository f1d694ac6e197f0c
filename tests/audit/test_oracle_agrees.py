"""Two independent computations of the same cases, on drawn conversations full of events at deadlines: the audit's SQL
and the oracle's look-ups."""

import random
from pathlib import Path

import pytest

from tests.audit.export import Row, brand, clock, meta, reply, said, small_talk
from tests.audit.recomputed import cases
from tests.oracle.account import export_account
from tests.oracle.classified import parse_time
from tests.oracle.rules import PlainBrandTerms, PlainTerms

EVENTS, CUSTOMERS, STEP_S = 400, 8, 300
PROMISES = {"default": 300.0, "gold": 30.0}
FIGURES = (
    *("customer", "tier", "opened", "opened_by", "outcome", "closed", "first_response_s", "sla_due", "sla_breached"),
    *("mentions", "replies", "recontact", "reopened", "next_responses", "longest_next_response_s", "resolution_s"),
)


def drawn(chance: random.Random) -> list[Row]:
    """Events on a grid of five minutes, or a millisecond later: H, S and limits are multiples of it."""
    rows = []
    for number in range(1, EVENTS + 1):
        at = clock(seconds=STEP_S * chance.randrange(300), ms=chance.choice([0, 0, 0, 1]))
        whom = [f"c{one}" for one in chance.sample(range(CUSTOMERS), chance.choice([1, 1, 2]))]
        kind, words = chance.choice("iiiittrrrr"), chance.random() < 0.2
        if kind == "i":
            tier = chance.choice(["default", "gold", "unknown"])
            rows.append(said(str(number), at, number, customers=whom[:1], closes=words, tier=tier))
        elif kind == "t":
            needs = chance.random() < 0.5
            rows.append(small_talk(str(number), at, number, customers=whom[:1], needs_reply=needs, closes=words))
        else:
            role = chance.choice(["brand", "brand", "bot"])
            rows.append(reply(str(number), at, number, customers=whom, role=role, diverts="dm" if words else ""))
    return rows


def sql_of(figure: str) -> str:
    if figure.endswith("_s"):
        return f"{figure[:-2]}_ms / 1000"
    return f"{figure}_ms" if figure in ("opened", "closed", "sla_due") else figure


@pytest.mark.parametrize("seed", range(8))
def test_cases_of_drawn_conversations_are_those_of_the_oracle(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    limit, watermark = chance.choice([3600.0, 10_800.0]), clock(seconds=STEP_S * chance.randrange(50, 400))
    rows = drawn(chance)
    terms = brand(response_horizon_s=3600.0, sla_s=PROMISES)
    rules = meta(case_limit_s=limit, recontact_s=6000.0, watermark=watermark, brands={"acme": terms})
    acme = PlainBrandTerms(3_600_000, tuple(round(s * 1000) for s in PROMISES.values()), tuple(PROMISES))
    plain = PlainTerms(case_limit_ms=round(limit * 1000), recontact_ms=6_000_000, brands={"acme": acme})
    expected = export_account(rows, plain, parse_time(watermark)).cases
    found = cases(tmp_path, ", ".join(map(sql_of, FIGURES)), rows, meta=rules)
    assert found == [tuple(_in_ms(figure, row[figure]) for figure in FIGURES) for row in expected]
    assert len(found) > CUSTOMERS


def _in_ms(figure: str, value: object) -> object:
    return parse_time(str(value)) if figure in ("opened", "closed", "sla_due") and value is not None else value
