"""Personal data in 10,000 made-up messages: how much is found, and how much of what is found is any."""

import sys
from collections import Counter
from functools import cache
from time import process_time
from typing import Final

import numpy as np
import pytest

from models.judge import Judge
from models.pii import Span, find_pii, mask
from tests.models.pii_corpus import NEGATIVES, POSITIVES, Case, corpus

RECALL: Final = 0.97
PRECISION: Final = 0.95


@cache
def cases() -> tuple[Case, ...]:
    return tuple(corpus())


def is_found(case: Case, spans: list[Span]) -> bool:
    """No letter or digit of the secret is left."""
    start = case.text.index(case.secret)
    covered = {at for span in spans for at in range(span.start, span.end)}
    return all(at in covered or not case.text[at].isalnum() for at in range(start, start + len(case.secret)))


def strays(case: Case, spans: list[Span]) -> list[Span]:
    """What was found outside the secret."""
    start = case.text.index(case.secret) if case.secret else len(case.text)
    return [span for span in spans if span.end <= start or span.start >= start + len(case.secret)]


def by_family() -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """(cases, mistakes) by kind and family."""
    total: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for case in cases():
        spans = find_pii(case.text)
        family = (case.kind, "" if case.kind == "email" else case.family)
        total[family] += 1
        wrong[family] += not is_found(case, spans) if case.kind else bool(spans)
    return total, wrong


def test_the_corpus_has_as_many_positives_as_negatives() -> None:
    kinds = Counter(bool(case.kind) for case in cases())
    assert kinds == {True: POSITIVES, False: NEGATIVES}


def test_recall_and_precision_over_ten_thousand_messages_reach_their_goals(capsys: pytest.CaptureFixture[str]) -> None:
    found = false = right_kind = 0
    for case in cases():
        spans = find_pii(case.text)
        hit = bool(case.kind) and is_found(case, spans)
        found += hit
        right_kind += hit and case.kind in {span.kind for span in spans}
        false += bool(strays(case, spans))
    recall, precision = found / POSITIVES, found / (found + false)
    total, wrong = by_family()
    with capsys.disabled():
        sys.stdout.write(
            f"\nrecall {recall:.4f}, precision {precision:.4f}, of the right kind {right_kind / POSITIVES:.4f}\n"
        )
        for kind in ("email", "phone", "card", "iban", "address", "reference", "national_id", ""):
            cases_of_kind = sum(count for (name, _), count in total.items() if name == kind)
            mistakes = sum(count for (name, _), count in wrong.items() if name == kind)
            sys.stdout.write(f"  {kind or 'lookalikes':<12} {cases_of_kind:5} wrong {mistakes:4}\n")
    assert recall >= RECALL
    assert precision >= PRECISION


def test_no_family_of_formats_is_lost_and_no_family_of_lookalikes_is_taken() -> None:
    total, wrong = by_family()
    bad = {family: (wrong[family], count) for family, count in total.items() if wrong[family] > max(2, count * 0.15)}
    assert not bad


def test_the_masked_text_of_every_positive_says_nothing_of_the_secret() -> None:
    for case in cases():
        spans = find_pii(case.text)
        if case.kind and is_found(case, spans):
            assert case.secret not in mask(case.text, spans), case


def test_the_quick_look_of_the_judge_loses_nothing(judge: Judge) -> None:
    texts = [case.text for case in cases()]
    judged = judge.judge(texts, np.zeros(len(texts), np.bool_))
    expected = {row: mask(text, spans) for row, text in enumerate(texts) if (spans := find_pii(text))}
    assert judged.masked == expected


ADVERSARIAL: Final = (
    *(
        "1",
        "1 ",
        "12 ",
        "1.",
        "0",
        "a",
        "A1",
        "a@a.a@a.",
        "@",
        " ",
        "(+(+(",
        "+1",
        "DE89",
        "DE89 ",
        "order ",
        "order 1 ",
    ),
    *(
        "call 1",
        "call ",
        "1234 ",
        "ab.",
        "a at b dot ",
        "12 Elm ",
        "Flat 1, A 2 ",
        "H.No. 1, ",
        "Elm ",
        "I live at ",
        "via ",
        "http://",
        "x(at)",
        "\n",
    ),
    *(
        "000-",
        "id 1-",
        "ssn ",
        "1 A ",
        "12 rue ",
        "a-",
        "Weg ",
        "😀",
        "é",
        "日本",
        "\u2013",
        "4111 1111 1111 1111 ",
        "#1",
    ),
)


def seconds(text: str) -> float:
    """The least processor time of three runs."""
    times = []
    for _ in range(3):
        start = process_time()
        find_pii(text)
        times.append(process_time() - start)
    return min(times)


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_a_text_of_twice_the_length_takes_about_twice_the_time(unit: str) -> None:
    half, whole = (unit * (size // len(unit.encode()) + 1) for size in (50_000, 100_000))
    took = seconds(whole)
    assert took < 0.5
    assert took < 3.5 * seconds(half) + 0.01
