"""Personal data in made-up messages whose formats the patterns were not written for."""

from collections import Counter
from functools import cache
from typing import Final

import pytest

from models.packing import pack
from models.pii import Span, find_pii, mask
from models.scan import Scanner
from models.scan_table import ANY_PII
from tests.models.pii_audit import NEGATIVES, POSITIVES, Case, audit

RECALL: Final = 0.97
PRECISION: Final = 0.95


@cache
def cases() -> tuple[Case, ...]:
    return tuple(audit())


def is_caught(case: Case, spans: list[Span]) -> bool:
    """Nothing of the secret is left, or a finding of the right kind lies over it."""
    start = case.text.index(case.secret)
    end = start + len(case.secret)
    covered = {at for span in spans for at in range(span.start, span.end)}
    masked = all(at in covered or not case.text[at].isalnum() for at in range(start, end))
    return masked or any(span.kind == case.kind and span.start < end and start < span.end for span in spans)


def test_half_of_the_audit_holds_personal_data() -> None:
    assert Counter(bool(case.kind) for case in cases()) == {True: POSITIVES, False: NEGATIVES}


def test_recall_and_precision_over_formats_by_a_second_hand_reach_their_goals() -> None:
    caught = sum(is_caught(case, find_pii(case.text)) for case in cases() if case.kind)
    false = sum(bool(find_pii(case.text)) for case in cases() if not case.kind)
    assert caught / POSITIVES >= RECALL
    assert caught / (caught + false) >= PRECISION


def test_the_quick_look_hides_none_of_it() -> None:
    texts = [case.text for case in cases()]
    flags, _ = Scanner().scan(*pack(texts))
    hidden = [
        text for text, one in zip(texts, flags, strict=True) if find_pii(text, int(one) & ANY_PII) != find_pii(text)
    ]
    assert not hidden


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("I live at 12 Elm Street 07911 123456", "I live at [address] [phone]"),
        ("parcel for Flat No 12, Lotus Towers, Pune 411001 lost", "parcel for [address] lost"),
        ("Unit 4/30 Lee Street, Newtown NSW 2042", "[address]"),
        ("Flat 9, 61 Warren House, SE3 8JR", "[address]"),
        ("Adresse: Am Anger 30, 46474 Ulm", "Adresse: [address]"),
        ("vivo en Calle Campos, 11, 6º B, 28535 Madrid", "vivo en [address]"),
        ("Dorpsstraat 19 bis, 2261 DX Utrecht", "[address]"),
        ("llama al 91 065 65 49", "llama al [phone]"),
        ("meu telefone 21973883369 obrigado", "meu telefone [phone] obrigado"),
        ("Sendungsnummer N5M3A67B fehlt", "Sendungsnummer [reference] fehlt"),
        ("numéro de suivi 891136", "numéro de suivi [reference]"),
        ("codice prenotazione QJXFR5", "codice prenotazione [reference]"),
        ("passaporto K6172224", "passaporto [national id]"),
        ("ICE 386 nach Berlin Wagen 13 Platz 42", "ICE 386 nach Berlin Wagen 13 Platz 42"),
        ("booking 6E274 tomorrow?", "booking 6E274 tomorrow?"),
        ("Calle GB29", "Calle GB29"),
    ],
)
def test_what_the_first_audit_found_is_mended(text: str, masked: str) -> None:
    assert mask(text, find_pii(text)) == masked
