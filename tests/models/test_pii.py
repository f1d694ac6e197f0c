"""Personal data: what is found, what is left alone, and that the quick look never hides a finding.

Numbers are made up; those that need a check digit have it.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packing import pack
from models.pii import Span, find_pii, iban_holds, kind_bits, luhn_holds, mask
from models.records import PII_KINDS
from models.scan import ANY_PII, Scanner

FOUND = [
    ("email", "write to jo.doe+shop@mail.example.com please", "jo.doe+shop@mail.example.com"),
    ("email", "(x_y@example.co.uk).", "x_y@example.co.uk"),
    ("phone", "my number is 555-0147, thanks", "555-0147"),
    ("phone", "reach me on +44 20 7946 0958", "+44 20 7946 0958"),
    ("phone", "(212) 555-0147 any time", "(212) 555-0147"),
    ("phone", "it is 212.555.0147", "212.555.0147"),
    ("phone", "1-800-555-0199", "1-800-555-0199"),
    ("phone", "07700 900123 after six", "07700 900123"),
    ("phone", "call 5550147 tonight", "5550147"),
    ("phone", "+919876543210", "+919876543210"),
    ("card", "card 4111 1111 1111 1111 was charged", "4111 1111 1111 1111"),
    ("card", "5500-0000-0000-0004", "5500-0000-0000-0004"),
    ("card", "order number 378282246310005", "378282246310005"),
    ("iban", "refund to GB29 NWBK 6016 1331 9268 19 please", "GB29 NWBK 6016 1331 9268 19"),
    ("iban", "DE89370400440532013000", "DE89370400440532013000"),
    ("iban", "nl91 abna 0417 1643 00", "nl91 abna 0417 1643 00"),
    ("address", "deliver to 221B Baker Street, London", "221B Baker Street"),
    ("address", "I live at 1600 N Elm Ave.", "1600 N Elm Ave."),
    ("address", "42 W 23rd St", "42 W 23rd St"),
    ("address", "PO Box 1234", "PO Box 1234"),
    ("address", "postcode SW1A 1AA", "SW1A 1AA"),
    ("address", "sent to Austin, TX 78701", "Austin, TX 78701"),
    ("address", "Hauptstraße 12, Berlin", "Hauptstraße 12"),
    ("address", "12 rue de Rivoli", "12 rue de Rivoli"),
    ("address", "Calle Mayor 5", "Calle Mayor 5"),
    ("reference", "booking ref GHTRXW", "GHTRXW"),
    ("reference", "my confirmation number is X7Y2ZQ", "X7Y2ZQ"),
    ("reference", "Order #112-1234567-7654321 is late", "112-1234567-7654321"),
    ("reference", "case id 8473573", "8473573"),
    ("reference", "PNR: ABCDEF", "ABCDEF"),
    ("reference", "tracking 1Z999AA10123456784", "1Z999AA10123456784"),
    ("national_id", "ssn 078-05-1120", "078-05-1120"),
    ("national_id", "NI number AB 12 34 56 C", "AB 12 34 56 C"),
    ("national_id", "CPF 529.982.247-25", "529.982.247-25"),
    ("national_id", "DNI 12345678Z", "12345678Z"),
    ("national_id", "passport number 533401234", "533401234"),
    ("national_id", "Aadhaar 2345 6789 0123", "2345 6789 0123"),
]

LEFT_ALONE = [
    "@115712 your refund is on its way",
    "@115712 @116208 thanks",
    "flight BA2490 to LHR, seat 23A",
    "flight 1041 on 02/21/2015 at 10:45",
    "it cost $1,234,567.89 and 1 000 000 people saw it",
    "£2500 or 3.000.000 €",
    "on 2017-10-31 or 31.10.2017 or 10/31/2017 or 2016-2017",
    "iOS 11.0.3 and app 8.4.22.857",
    "#1234567 #order66 #UFC217",
    "see https://shop.example/orders/4111111111111111?x=1",
    "call me maybe in 5 minutes, 24/7",
    "order two pizzas from the place down the road",
    "100 000 000 views",
    "I drive 20 miles that way",
    "4111 1111 1111 1112 is no card",
    "GB29 NWBK 6016 1331 9268 18 is no account",
    "order #HelloWorld",
    "my order was confirmed yesterday",
    "meet me @ home.com",
    "2017 was a good year for 1990 Main characters",
    "",
]


@pytest.mark.parametrize(("kind", "text", "found"), FOUND)
def test_personal_data_is_found_where_it_is(kind: str, text: str, found: str) -> None:
    spans = find_pii(text)
    assert [(span.kind, text[span.start : span.end]) for span in spans] == [(kind, found)]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find_pii(text) == []


def test_masking_names_the_kind_and_keeps_the_rest() -> None:
    text = "I am jo@example.com, order 1234567, ssn 078-05-1120"
    spans = find_pii(text)
    assert mask(text, spans) == "I am [email], order [reference], ssn [national id]"
    assert kind_bits(spans) == sum(1 << PII_KINDS.index(kind) for kind in ("email", "reference", "national_id"))


def test_of_two_findings_at_one_place_the_stricter_one_stands() -> None:
    assert [span.kind for span in find_pii("account 4111111111111111")] == ["card"]


@pytest.mark.parametrize(("digits", "holds"), [("4111111111111111", True), ("4111111111111112", False), ("0", True)])
def test_luhn(digits: str, holds: bool) -> None:
    assert luhn_holds(digits) is holds


def test_an_iban_needs_the_length_of_its_country() -> None:
    assert iban_holds("GB29NWBK60161331926819")
    assert not iban_holds("GB29NWBK6016133192681")
    assert not iban_holds("XX29NWBK60161331926819")


pieces = st.sampled_from(
    [part for _, text, _ in FOUND for part in (text, *text.split())]
    + LEFT_ALONE
    + ["@", "#", "-", "é", "😀", "\u2019", "\n"]
)
SCANNER = Scanner()
mixtures = st.lists(pieces, max_size=6).map(" ".join)


@settings(deadline=None, max_examples=400)
@given(mixtures)
def test_the_quick_look_never_hides_a_finding(text: str) -> None:
    flags, _ = SCANNER.scan(*pack([text]))
    assert find_pii(text, int(flags[0]) & ANY_PII) == find_pii(text)


@settings(deadline=None, max_examples=300)
@given(st.one_of(mixtures, st.text()))
def test_findings_are_ordered_and_apart_and_masking_removes_them(text: str) -> None:
    spans = find_pii(text)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert all(span.start < span.end for span in spans)
    kept = "".join(part for part in _between(text, spans))
    assert len(mask(text, spans)) == len(kept) + sum(len(span.kind) + 2 for span in spans)


def _between(text: str, spans: list[Span]) -> list[str]:
    edges = [0, *(place for span in spans for place in (span.start, span.end)), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


def test_most_plain_texts_need_no_pattern_at_all() -> None:
    texts = ["@shop where is my parcel, it was due on monday?", "great service today!", "app crashes on iOS 11.1"] * 10
    flags, _ = SCANNER.scan(*pack(texts))
    assert not np.any(flags & ANY_PII)
