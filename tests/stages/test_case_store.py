"""Goal: a conversation comes out of the store as it was put away, and takes little room in it."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.case_store import customer_of_key, glance, keys_of, pair_of, put_away, take_out
from streams.stages.ledger import Case, Conversation, tweet

DAY_MS = 86_400_000
OPENED_MS = 1_509_487_847_000

customers = st.integers(0, 2**64 - 1)
codes = st.integers(0, 2**32 - 1)


def key_of(pair: int, customer: int) -> bytes:
    (key,) = keys_of(np.array([pair], np.uint32), np.array([customer], np.uint64))
    return key


@given(st.lists(st.tuples(codes, customers)))
def test_keys_say_whose_they_are(told: list[tuple[int, int]]) -> None:
    pairs = np.array([pair for pair, _ in told], np.uint32)
    keys = keys_of(pairs, np.array([customer for _, customer in told], np.uint64))
    assert [(pair_of(key), customer_of_key(key)) for key in keys] == [(pair, f"{name:016x}") for pair, name in told]


@given(customers, customers, st.integers(0, 3), st.integers(0, 3))
def test_two_keys_are_equal_only_if_all_of_them_is(one: int, other: int, pair: int, other_pair: int) -> None:
    assert (key_of(pair, one) == key_of(other_pair, other)) == ((one, pair) == (other, other_pair))


spans = st.integers(0, 40 * DAY_MS)
moments = st.one_of(spans, st.integers(OPENED_MS, OPENED_MS + DAY_MS), st.integers(-DAY_MS, 0))
ids = st.one_of(
    st.integers(0, 10**22).map(str),
    st.sampled_from(("0", "007", "", "-1", "\u0661", "m1", "9" * 19)),
    st.text(max_size=9),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    opened_ms = draw(moments)
    opened = Case(
        opened_ms,
        draw(ids),
        draw(st.integers(0, 7)),
        draw(st.booleans()),
        opened_ms + draw(spans),
        waiting_ms=opened_ms,
    )
    waits = {"breached": draw(st.sampled_from((None, True))), "mentions": draw(st.integers(1, 10**6))}
    if draw(st.booleans()):
        return _with(opened, **waits)
    return _with(
        opened,
        waiting_ms=draw(st.none() | spans.map(lambda since: opened_ms + since)),
        replied_ms=opened_ms + draw(spans),
        diverts=draw(st.booleans()),
        first_response_ms=draw(spans),
        breached=draw(st.booleans()),
        mentions=draw(st.integers(1, 10**6)),
        replies=draw(st.integers(1, 10**6)),
        reopened=draw(st.integers(0, 300)),
        next_responses=draw(st.integers(0, 300)),
        longest_next_ms=draw(st.none() | spans),
    )


def _with(case: Case, **fields: object) -> Case:
    return msgspec.structs.replace(case, **fields)


tweets = st.lists(st.builds(tweet, moments, st.integers(0, 4)), max_size=5).map(tuple)
conversations = st.one_of(
    st.builds(Conversation, cases(), tweets), st.builds(Conversation, st.none(), tweets, st.none() | moments)
)


@given(conversations, moments)
def test_what_is_taken_out_is_what_was_put_away(conversation: Conversation, look_ms: int) -> None:
    packed = put_away(look_ms, conversation)
    assert take_out(packed) == (look_ms, conversation)
    assert glance(packed) == (look_ms, conversation.case is not None)


def test_a_case_that_waits_and_the_memory_of_a_closed_one_take_few_bytes() -> None:
    case = Case(OPENED_MS, "1850000000000004099", 0, False, OPENED_MS + 3_600_000, waiting_ms=OPENED_MS)
    waiting = Conversation(case, (tweet(OPENED_MS, 1),))
    assert len(put_away(OPENED_MS + 3_600_000, waiting)) <= 33
    assert len(put_away(OPENED_MS + 7 * DAY_MS, Conversation(None, (), OPENED_MS))) <= 16
