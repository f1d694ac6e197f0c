"""The judge as its callers see it: any text gets a verdict, and nothing depends on what else is in the batch."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.judge import Judge, Judgements
from models.records import CHANNELS, INTENTS, PII_KINDS, REASONS


def judge_one(judge: Judge, text: str, reply: bool = False) -> Judgements:
    return judge.judge([text], np.array([reply]))


def as_tuple(judged: Judgements, row: int) -> tuple[object, ...]:
    return (
        int(judged.intent[row]),
        judged.scores[row].tolist(),
        float(judged.escalation[row]),
        bool(judged.escalate[row]),
        int(judged.reasons[row]),
        int(judged.pii[row]),
        judged.masked.get(row),
        judged.lang[row],
        bool(judged.closes[row]),
        int(judged.diverts[row]),
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("@parcelco where is my parcel? it was due on monday and tracking says nothing", "issue"),
        ("@parcelco thank you so much, you guys are the best!", "praise"),
        ("@parcelco you are the worst airline ever, pathetic", "vent"),
        ("@parcelco I sent you a DM", "other"),
    ],
)
def test_plain_cases_get_the_intent_that_anybody_would_give(judge: Judge, text: str, intent: str) -> None:
    assert INTENTS[judge_one(judge, text).intent[0]] == intent


def test_a_third_contact_without_an_answer_is_escalated_as_repeat(judge: Judge) -> None:
    judged = judge_one(
        judge, "@parcelco third time I contact you, still no reply, on hold for an hour. Cancelling my account."
    )
    assert judged.escalate[0]
    assert int(judged.reasons[0]) & 1 << REASONS.index("repeat")


def test_the_threshold_of_escalation_can_be_set() -> None:
    text = "@parcelco third time I contact you, still no reply"
    assert judge_one(Judge.load(escalation_threshold=0.0), text).escalate[0]
    assert not judge_one(Judge.load(escalation_threshold=1.01), text).escalate[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "https://t.co/abc123",
        "@parcelco",
        "@parcelco 😀😀 https://t.co/abc",
        "😀",
        "?!",
        "\x00\x01",
        "…—",
        "\ufe0f",
    ],
)
def test_where_there_is_nothing_to_judge_nothing_is_judged(judge: Judge, text: str) -> None:
    judged = judge_one(judge, text)
    assert INTENTS[judged.intent[0]] == "unjudged"
    assert not judged.scores.any()
    assert judged.escalation[0] == 0
    assert not judged.escalate[0]
    assert judged.reasons[0] == 0


def test_other_languages_are_told_and_not_judged(judge: Judge) -> None:
    judged = judge_one(judge, "@parcelco ¿dónde está mi pedido? no lo he recibido y nadie me responde")
    assert judged.lang == ["es"]
    assert INTENTS[judged.intent[0]] == "unjudged"


def test_a_brands_reply_is_looked_at_for_channels_and_personal_data_only(judge: Judge) -> None:
    judged = judge_one(judge, "Sorry! Thanks. Please DM us, or write to care@parcelco.example", reply=True)
    assert CHANNELS[judged.diverts[0]] == "dm"
    assert judged.pii[0] == 1 << PII_KINDS.index("email")
    assert judged.masked == {0: "Sorry! Thanks. Please DM us, or write to [email]"}
    assert INTENTS[judged.intent[0]] == "unjudged"
    assert not judged.scores.any()
    assert not judged.closes[0]


def test_a_customer_diverts_nobody(judge: Judge) -> None:
    judged = judge_one(judge, "@parcelco please call me, DM me, e-mail me")
    assert judged.diverts[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "@" * 100_000,
        "1" * 100_000,
        "1 " * 50_000,
        "a@" * 50_000,
        "a.b-c@d." * 12_500,
        "http://" * 14_000,
        "order 1234-" * 9_000,
        "call us " * 12_500,
        "thanks " * 14_000,
        "😀" * 25_000,
        "é" * 50_000,
        "\ud800" * 1_000,
        "\x00" * 100_000,
        "12 A" * 25_000,
        "GB29" * 25_000,
        "&amp;" * 20_000,
    ],
    ids=lambda text: f"{text[:8]!r} x {len(text)}",
)
@pytest.mark.parametrize("reply", [False, True])
def test_a_hundred_kilobytes_of_anything_take_no_longer_than_their_length(judge: Judge, text: str, reply: bool) -> None:
    start = time.process_time()
    judged = judge_one(judge, text, reply)
    assert time.process_time() - start < 1.0  # linear needs some ms; quadratic would need minutes
    assert len(judged.lang) == 1


anything = st.text(
    st.one_of(
        st.characters(), st.characters(categories=["Cs"]), st.sampled_from("@#:/.&;'!? 0123456789aAzZé\u2019日か한ب")
    )
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(anything, st.booleans()), max_size=6))
def test_any_text_gets_a_verdict_that_its_neighbours_do_not_change(judge: Judge, rows: list[tuple[str, bool]]) -> None:
    texts = [text for text, _ in rows]
    replies = np.array([reply for _, reply in rows], np.bool_)
    judged = judge.judge(texts, replies)
    assert len(judged.lang) == len(texts)
    for row, text in enumerate(texts):
        alone = judge.judge([text], replies[row : row + 1])
        assert as_tuple(alone, 0) == as_tuple(judged, row)


@settings(deadline=None, max_examples=200)
@given(anything)
def test_scores_are_probabilities_and_flags_agree_with_them(judge: Judge, text: str) -> None:
    judged = judge_one(judge, text)
    intent = int(judged.intent[0])
    if INTENTS[intent] == "unjudged":
        assert not judged.scores.any()
        return
    assert judged.scores[0].sum() == pytest.approx(1, abs=1e-5)
    assert judged.scores[0].argmax() == intent
    assert bool(judged.escalate[0]) == (judged.reasons[0] != 0)
    assert 0 <= judged.escalation[0] <= 1


def test_no_texts_get_no_verdicts(judge: Judge) -> None:
    judged = judge.judge([], np.zeros(0, np.bool_))
    assert judged.scores.shape == (0, 5)
    assert judged.lang == []
