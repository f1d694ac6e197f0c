"""Texts that were there before: what is said to be one is one, and a batch's verdicts do not change by it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.judge import Judge
from models.packing import Strings, pack
from models.repeats import first_of_same

few_texts = st.sampled_from(
    ["", "a", "thanks @shop", "thanks @shop!", "thank you", "mail jo@example.com", "mail ann@example.com", "DM us é😀"]
)
rows = st.lists(st.tuples(st.one_of(few_texts, st.text(max_size=12)), st.booleans()), max_size=30)


@settings(deadline=None, max_examples=300)
@given(rows)
def test_each_text_is_told_the_first_row_with_the_same_text_in_the_same_group(texts: list[tuple[str, bool]]) -> None:
    first = first_of_same(*pack([text for text, _ in texts]), np.array([group for _, group in texts], np.bool_))
    assert first.tolist() == [texts.index(row) for row in texts]


def test_a_batch_in_which_all_texts_differ_or_all_are_one_is_told_as_such() -> None:
    none = np.zeros(20_000, np.bool_)
    assert (first_of_same(*pack([f"no. {number}" for number in range(20_000)]), none) == np.arange(20_000)).all()
    assert not first_of_same(*pack(["a rose"] * 20_000), none).any()


@settings(deadline=None, max_examples=100)
@given(rows)
def test_a_repeated_text_gets_the_verdict_of_the_first(judge: Judge, texts: list[tuple[str, bool]]) -> None:
    replies = np.array([reply for _, reply in texts], np.bool_)
    judged = judge.judge(Strings.of([text for text, _ in texts]), replies)
    for row, (text, reply) in enumerate(texts):
        alone = judge.judge([text], np.array([reply]))
        for name in ("intent", "scores", "escalation", "escalate", "reasons", "pii", "languages", "closes", "diverts"):
            np.testing.assert_array_equal(getattr(judged, name)[row], getattr(alone, name)[0], err_msg=name)
        assert judged.masked.get(row) == alone.masked.get(0)
        assert judged.phrases.get(row) == alone.phrases.get(0)
        assert judged.lang[row] == alone.lang[0]
