"""Phrase rules: where a brand sends its customer, and when a customer is content. All examples are made up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.judge import Judge
from models.records import CHANNELS
from models.replies import closes, diverts

DIVERTS = [
    ("dm", "Sorry to hear that! Please DM us your details"),
    ("dm", "We\u2019ve replied to your DM's"),
    ("dm", "Could you send us a private message with your postcode?"),
    ("dm", "Por favor envíanos un mensaje directo"),
    ("dm", "Please call us or DM us"),
    ("phone", "Please give us a call on 0800 123 4567"),
    ("phone", "You can call our team at any time"),
    ("phone", "We'll call you shortly"),
    ("email", "Please email us at care@parcelco.example"),
    ("email", "Drop us an e-mail and we'll check"),
    ("chat", "Our live chat is open until 8pm"),
    ("form", "Please fill out this form and we will check"),
    ("form", "Please open a support ticket"),
    ("link", "Please contact us here: https://t.co/abc"),
    ("link", "Send us a note at https://t.co/abc so that we can help"),
    ("link", "Click the link below to reach us"),
    ("", "Glad that it works now! Have a nice day"),
    ("", "Which phone do you use, and which version?"),
    ("", "Have you tried to restart the router?"),
    ("", "They call us the best in town"),
    ("", "No need to DM us, it is sorted"),
    ("", "Your flight leaves at gate 12"),
    ("", ""),
]

CLOSES = [
    (True, "@shop thanks!"),
    (True, "@shop Thank you so much, Becky"),
    (True, "@shop ok cheers"),
    (True, "@shop it\u2019s working now"),
    (True, "@shop all sorted"),
    (True, "@shop reinstalling did the trick"),
    (True, "@shop problem solved, thx"),
    (False, "@shop thanks but it is still broken"),
    (False, "@shop thanks in advance"),
    (False, "@shop thanks for nothing"),
    (False, "@shop thanks, when will it arrive?"),
    (False, "@shop it is not fixed"),
    (False, "@shop has this been fixed?"),
    (False, "@shop I sent you a DM, thanks"),
    (False, "@shop hope it gets fixed"),
    (False, "@shop no"),
    (False, ""),
    (False, "thanks " + "and then they told me something else " * 12),
]


@pytest.mark.parametrize(("channel", "text"), DIVERTS)
def test_a_reply_names_the_channel_that_it_sends_to(judge: Judge, channel: str, text: str) -> None:
    assert diverts(text) == channel
    assert CHANNELS[judge.judge([text], np.array([True])).diverts[0]] == channel


@pytest.mark.parametrize(("closing", "text"), CLOSES)
def test_thanks_and_solved_close_unless_something_is_left(judge: Judge, closing: bool, text: str) -> None:
    assert closes(text, "other") is closing
    assert bool(judge.judge([text], np.array([False])).closes[0]) is closing


@pytest.mark.parametrize(
    ("intent", "closing"), [("issue", False), ("vent", False), ("praise", True), ("unjudged", True)]
)
def test_thanks_in_a_complaint_close_nothing(intent: str, closing: bool) -> None:
    assert closes("@shop thank you", intent) is closing


def test_a_statement_that_it_is_solved_closes_whatever_else_it_is() -> None:
    assert closes("@shop the issue is resolved", "issue")


words = st.sampled_from([word for _, text in (*DIVERTS, *CLOSES) for word in text.split()[:12]] + ["?", "'", "_", "-"])


@settings(deadline=None, max_examples=300)
@given(st.lists(words, max_size=10), st.sampled_from([" ", "  ", ", ", "\n", "."]))
def test_the_quick_look_never_changes_a_reply(judge: Judge, parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    assert CHANNELS[judge.judge([text], np.array([True])).diverts[0]] == diverts(text)


@settings(deadline=None, max_examples=300)
@given(st.lists(words, max_size=10), st.sampled_from([" ", "  ", ", ", "\n", "."]))
def test_the_quick_look_never_changes_a_closing(judge: Judge, parts: list[str], glue: str) -> None:
    from models.records import INTENTS

    text = glue.join(parts)
    judged = judge.judge([text], np.array([False]))
    assert bool(judged.closes[0]) == closes(text, INTENTS[judged.intent[0]])
