"""What a verdict is explained with must be what made it, and must be readable."""

import json
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import reference
from models.artefact import Artefact
from models.explain import SHOWN, contributions, explain
from models.judge import INTENT_COUNT, Judge
from models.records import INTENTS, REASONS
from tests.models.invented import random_model, taught_model

MODEL = random_model()
JUDGE = Judge(MODEL)
ISSUE, LEGAL = INTENTS.index("issue"), INTENT_COUNT + 1 + REASONS.index("legal")

PARTS = ["refund", "@shop", "not", "no", "help", "!!", "?", "12", "http://x.io", "I", "é", "😀", "\x01", "\ud800"]
any_text = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cs", "L", "N", "P", "So", "Cc"]), max_size=40),
    st.lists(st.sampled_from(PARTS), max_size=12).map(" ".join),
)


def explained(model: Artefact, text: str) -> dict[str, Any]:
    """As a reader of the JSON gets it."""
    judged = Judge(model).judge([text], np.array([False]))
    shown: dict[str, Any] = json.loads(orjson.dumps(explain(model, text, judged, 0)))
    return shown


def bucket_of(name: str, text: str) -> int:
    return dict(reference.families(text)[0])[name]


@settings(deadline=None, max_examples=200)
@given(any_text)
def test_contributions_and_bias_add_up_to_the_logits(text: str) -> None:
    shares = contributions(MODEL, text).shares.sum(axis=0)
    np.testing.assert_allclose(
        shares + contributions(MODEL, text).constant, reference.logits(MODEL, [text])[0], atol=1e-9
    )


@settings(deadline=None, max_examples=200)
@given(any_text)
def test_names_are_said_once_and_every_explanation_is_json(text: str) -> None:
    names = contributions(MODEL, text).names
    assert len(set(names)) == len(names)
    assert orjson.loads(orjson.dumps(names)) == names
    judged = JUDGE.judge([text], np.array([False]))
    shown = explain(MODEL, text, judged, 0)
    assert orjson.loads(orjson.dumps(shown)).keys() == {"intent", "runner_up", "escalation", "reasons"}


def test_the_strongest_features_come_first_and_no_more_than_eight() -> None:
    shown = explained(MODEL, "@shop the refund is not working, no help since 3 weeks. why? I need it now!!")
    sizes = [abs(share) for _, share in shown["intent"]]
    assert len(sizes) == SHOWN
    assert sizes == sorted(sizes, reverse=True)
    assert shown["runner_up"] in INTENTS


def test_the_word_that_decided_is_named_for_the_intent() -> None:
    text = "@shop my refund please"
    model = taught_model({bucket_of("refund", text): {ISSUE: 100}})
    shown = explained(model, text)
    [(name, share)] = shown["intent"]
    assert name == "refund"
    assert share > 0
    assert shown["escalation"] == []


def test_the_words_that_carried_a_reason_are_named_with_it() -> None:
    text = "my lawyer will write to you"
    taught = {LEGAL: 120, INTENT_COUNT: 120}
    against = {LEGAL: -20}
    shown = explained(
        taught_model({bucket_of("my lawyer", text): taught, bucket_of("write", text): against}),
        text,
    )
    assert list(shown["reasons"]) == ["legal"]
    assert [name for name, _ in shown["reasons"]["legal"]] == ["my lawyer"]
    assert [name for name, _ in shown["escalation"]] == ["my lawyer"]


def test_the_letters_of_a_word_count_with_the_word() -> None:
    text = "refunding!"
    grams = [bucket for _, bucket in reference.families(text)[1]]
    model = taught_model({bucket: {ISSUE: 10} for bucket in grams})
    [(name, share)] = explained(model, text)["intent"]
    scale = model.parameters.scales[ISSUE]
    assert name == "refunding"
    assert share == pytest.approx(scale * 10 * len(grams) / (10 * np.sqrt(len(grams))), abs=1e-3)


@pytest.mark.parametrize(
    "name",
    [
        "refund",
        "not working",
        "no … help",
        "is not working",
        "not: working",
        "starts: the refund",
        "ends: help ?",
        "(handle first, question, I)",
        "(15 to 24 words)",
        "(with ? link)",
        "(no shouting)",
    ],
)
def test_features_read_like_the_text(name: str) -> None:
    text = "@shop the refund is not working. see https://x.io my friend, I get no real help?"
    assert name in contributions(MODEL, text).names


def test_nothing_judged_is_nothing_explained() -> None:
    empty = {"intent": [], "runner_up": None, "escalation": [], "reasons": {}}
    for text in ("", "😀", "@shop", "¿dónde está mi pedido? no lo he recibido y nadie me responde"):
        assert explained(MODEL, text) == empty


def test_half_a_character_is_shown_by_its_bytes() -> None:
    assert "x\\xed\\xa0\\x80" in contributions(MODEL, "x\ud800").names


def test_personal_data_are_named_by_their_kind() -> None:
    text = "refund please, mail me at jo.doe@example.org now"
    secret = ("jo", "doe", "org", "at jo", "org now")
    told = explained(taught_model({bucket_of(name, text): {ISSUE: 100} for name in secret}), text)
    names = [name for name, _ in told["intent"]]
    assert {"[email]", "at [email]", "[email] now"} <= set(names)
    assert not any(word in name.split() for name in names for word in ("jo", "doe", "org"))
