"""Phrase rules: where a brand sends its customer, and when a customer is content. All examples are made up."""

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.closing import closes
from models.judge import Judge
from models.records import CHANNELS, INTENTS
from models.replies import STAYS_HERE, Diversion, diverts

DIVERTS = [
    ("dm", "Sorry to hear that! Please DM us your details"),
    ("dm", "We\u2019ve replied to your DM's"),
    ("dm", "Could you send us a private message with your postcode?"),
    ("dm", "Por favor envíanos un mensaje directo"),
    ("phone", "Please call us or DM us"),
    ("dm", "Shoot us a quick note, we'll take it from there"),
    ("dm", "Click \u2018Message\u2019 at the top of our profile"),
    ("dm", "Send us the version please. https://t.co/abc"),
    ("dm", "Send me that code. https://t.co/abc"),
    ("dm", "Follow/DM your reference so that we can look"),
    ("dm", "We can't discuss this in public, use our private secured link"),
    ("dm", "Reach out via DM and we will start: https://t.co/abc"),
    ("phone", "You would need to contact our repairs team on 0800 123 4567"),
    ("phone", "Please reach us via phone/chat here: https://t.co/abc"),
    ("phone", "Please return my call at your convenience"),
    ("email", "Do write to care@parcelco.example about it"),
    ("email", "Please check your mailbox for our answer"),
    ("chat", "Have a word with our chat team: https://t.co/abc"),
    ("form", "You can always open a claim https://t.co/abc"),
    ("store", "Please let a manager know next time you are in"),
    ("store", "Any damage must be looked at in person"),
    ("store", "You can take it back to any of our stores"),
    ("link", "Please tell us more so we can help: https://t.co/abc"),
    ("link", "We'd like to look into this with you here: https://t.co/abc"),
    ("link", "カスタマーサービスにご連絡ください。https://t.co/abc"),
    ("", "Did you write to us at the link?"),
    ("", "Have you spoken to our team by phone about it?"),
    ("", "We can't communicate via email about this"),
    ("", "Thanks for reaching out to us! You find the steps here: https://t.co/abc"),
    ("", "We'll let our crew know, thanks for sharing"),
    ("", "Let us know the version and try this: https://t.co/abc"),
    ("", "See how to report a problem there"),
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
    (True, "@shop Worked \U0001f44c"),
    (True, "@shop Works. Blame the update"),
    (True, "@shop nope, I've got my parcel, thanks"),
    (True, "@shop nah I'm good, it got here in the end"),
    (True, "@shop so far no, but thanks for checking in"),
    (True, "@shop already handled, just saying"),
    (True, "@shop no need, it fixed itself"),
    (True, "@shop I will let you know if it happens again. Thanks!"),
    (True, "@shop It's been sorted, I've been refunded. I'm not impressed with you"),
    (True, "@shop ありがとうございました。"),
    (False, "@shop it works on my phone now but the tv is dead"),
    (False, "@shop neither of those worked"),
    (False, "@shop nothing works when it comes to you"),
    (False, "@shop will do! thx"),
    (False, "@shop thanks, just sent it"),
    (False, "@shop booking no QWERTY1. Thanks."),
    (False, "@shop I did"),
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
    assert diverts(text).channel == channel
    assert CHANNELS[judge.judge([text], np.array([True])).diverts[0]] == channel


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sorry! Please DM us your number.", Diversion("dm", "DM")),
        ("Please send us a note at https://t.co/abc so we can help", Diversion("link", "send us a note at")),
        ("Give us a call on 0800 123 4567", Diversion("phone", "Give us a call")),
        ("Write to care@parcelco.example", Diversion("email", "Write to")),
        ("Glad it works", STAYS_HERE),
    ],
)
def test_a_diversion_comes_with_the_words_that_carry_it_and_no_number_or_address(
    judge: Judge, text: str, expected: Diversion
) -> None:
    assert diverts(text) == expected
    phrases = judge.judge(["hello", text], np.array([False, True])).phrases
    assert phrases == ({1: expected.phrase} if expected.channel else {})


@pytest.mark.parametrize(
    "text",
    [
        "contact us " * 9_000,
        "no need to dm us " * 6_000,
        "did you call us " * 6_000 + "?",
        "thanks but " * 9_000,
        "\ud800" * 50_000,
        "a" * 100_000,
    ],
)
def test_long_texts_made_to_be_slow_are_not(text: str) -> None:
    start = perf_counter()
    diverts(text)
    closes(text, "other")
    assert perf_counter() - start < 1


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


# Japanese is told by its language, not by words
words = st.sampled_from(
    [word for _, text in (*DIVERTS, *CLOSES) if "ました" not in text for word in text.split()[:12]]
    + ["?", "'", "_", "-"]
)


def test_a_phrase_of_another_script_is_found_among_english_words(judge: Judge) -> None:
    text = "Sorry that this already happens again and again, カスタマーサービスにご連絡ください。https://t.co/abc"
    assert CHANNELS[judge.judge([text], np.array([True])).diverts[0]] == diverts(text).channel == "link"


@settings(deadline=None, max_examples=300)
@given(st.lists(words, max_size=10), st.sampled_from([" ", "  ", ", ", "\n", "."]))
def test_the_quick_look_never_changes_a_reply(judge: Judge, parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    assert CHANNELS[judge.judge([text], np.array([True])).diverts[0]] == diverts(text).channel


@settings(deadline=None, max_examples=300)
@given(st.lists(words, max_size=10), st.sampled_from([" ", "  ", ", ", "\n", "."]))
def test_the_quick_look_never_changes_a_closing(judge: Judge, parts: list[str], glue: str) -> None:
    text = glue.join(parts)
    judged = judge.judge([text], np.array([False]))
    assert bool(judged.closes[0]) == closes(text, INTENTS[judged.intent[0]])
