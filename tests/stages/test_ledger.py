"""Goal: the state machine of one case key does what the specification says, to the millisecond.

Method: stories in a small language (``tests.stages.stories``), each with the line that the ledger must write about
each case; deadlines are hit exactly and missed by one millisecond.
"""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.counters import COUNTERS, MAX_TIERS
from models.records import FOLLOWER_BANDS
from streams.stages.ledger import SILENCE, Event, Terms, advance, mature, next_due_ms
from tests.stages.stories import FOREVER_MS, HOUR_MS, TERMS, counts_of, held_in, parse_time, tell

STORIES = {
    "an issue that nobody answers is missed after a day": (
        "0:00 customer issue",
        ["0:00 missed 24:00, no reply, breached, 1 mention, 0 replies"],
    ),
    "an answered issue is resolved a day after the reply": (
        """0:00 customer issue
           0:30 brand reply""",
        ["0:00 resolved 24:30, reply after 0:30, in time, 1 mention, 1 reply"],
    ),
    "a reply exactly at the SLA instant is in time": (
        """0:00 customer issue
           1:00 brand reply""",
        ["0:00 resolved 25:00, reply after 1:00, in time, 1 mention, 1 reply"],
    ),
    "a reply one millisecond later is not": (
        """0:00 customer issue
           1:00:00.001 brand reply""",
        ["0:00 resolved 25:00:00.001, reply after 1:00:00.001, breached, 1 mention, 1 reply"],
    ),
    "a tier has its own SLA": (
        """0:00 gold issue
           0:15:00.001 brand reply""",
        ["0:00 resolved 24:15:00.001, reply after 0:15:00.001, breached, 1 mention, 1 reply"],
    ),
    "a reply exactly at the deadline still finds the case": (
        """0:00 customer issue
           24:00 brand reply""",
        ["0:00 resolved 48:00, reply after 24:00, breached, 1 mention, 1 reply"],
    ),
    "a reply after the deadline meets a closed case": (
        """0:00 customer issue
           24:00:00.001 brand reply""",
        ["0:00 missed 24:00, no reply, breached, 1 mention, 0 replies"],
    ),
    "a customer who asks again and is left alone is stalled": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue""",
        ["0:00 stalled 26:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "a vent opens nothing": ("0:00 customer vent", []),
    "a vent within a case waits for a reply": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer vent""",
        ["0:00 stalled 26:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "a case goes on waiting since the first unanswered mention": (
        """0:00 customer issue
           20:00 customer issue""",
        ["0:00 missed 24:00, no reply, breached, 2 mentions, 0 replies"],
    ),
    "small talk changes nothing but the number of mentions": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer talk""",
        ["0:00 resolved 25:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "a reply elsewhere with no closure is diverted": (
        """0:00 customer issue
           1:00 brand divert""",
        ["0:00 diverted 25:00, reply after 1:00, in time, 1 mention, 1 reply"],
    ),
    "the last reply says whether it was diverted": (
        """0:00 customer issue
           1:00 brand divert
           2:00 brand reply""",
        ["0:00 resolved 26:00, reply after 1:00, in time, 1 mention, 2 replies"],
    ),
    "thanks close an answered case at once": (
        """0:00 customer issue
           1:00 brand divert
           2:00 customer thanks""",
        ["0:00 resolved 2:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "thanks close a case that waits again": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           3:00 customer thanks""",
        ["0:00 resolved 3:00, reply after 1:00, in time, 3 mentions, 1 reply"],
    ),
    "thanks without any reply close nothing": (
        """0:00 customer issue
           2:00 customer thanks""",
        ["0:00 missed 24:00, no reply, breached, 2 mentions, 0 replies"],
    ),
    "a mention that closes a case opens none, even with a new issue in it": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer solved, but""",
        ["0:00 resolved 2:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "bots change nothing": (
        """0:00 customer issue
           0:01 bot""",
        ["0:00 missed 24:00, no reply, breached, 1 mention, 0 replies"],
    ),
    "a reply to nobody's case changes nothing": (
        """0:00 brand reply
           1:00 customer issue""",
        ["1:00 missed 25:00, no reply, breached, 1 mention, 0 replies"],
    ),
    "the next issue after a close is a re-contact up to seven days later": (
        """0:00 customer issue
           192:00 customer issue""",
        [
            "0:00 missed 24:00, no reply, breached, 1 mention, 0 replies",
            "192:00 missed 216:00, no reply, breached, 1 mention, 0 replies, re-contact",
        ],
    ),
    "one millisecond more and it is none": (
        """0:00 customer issue
           192:00:00.001 customer issue""",
        [
            "0:00 missed 24:00, no reply, breached, 1 mention, 0 replies",
            "192:00:00.001 missed 216:00:00.001, no reply, breached, 1 mention, 0 replies",
        ],
    ),
    "a new issue in the millisecond of the close is a re-contact": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer thanks
           2:00 customer issue""",
        [
            "0:00 resolved 2:00, reply after 1:00, in time, 2 mentions, 1 reply",
            "2:00 missed 26:00, no reply, breached, 1 mention, 0 replies, re-contact",
        ],
    ),
    "an issue at the deadline belongs to the case, one after it opens the next": (
        """0:00 customer issue
           24:00 customer issue
           24:00:00.001 customer issue""",
        [
            "0:00 missed 24:00, no reply, breached, 2 mentions, 0 replies",
            "24:00:00.001 missed 48:00:00.001, no reply, breached, 1 mention, 0 replies, re-contact",
        ],
    ),
    "several agents answer one case: the first of them was in time": (
        """0:00 customer issue
           1:00 brand reply
           1:00 brand reply
           3:00 brand divert""",
        ["0:00 diverted 27:00, reply after 1:00, in time, 1 mention, 3 replies"],
    ),
    "an agent's last word stands, though a colleague diverted before": (
        """0:00 customer issue
           0:10 brand divert
           0:20 brand reply""",
        ["0:00 resolved 24:20, reply after 0:10, in time, 1 mention, 2 replies"],
    ),
    "bots alone leave a customer unheard, however often they speak": (
        """0:00 customer issue
           0:00 bot
           2:00 customer issue
           2:00 bot
           3:00 customer thanks""",
        ["0:00 missed 24:00, no reply, breached, 3 mentions, 0 replies"],
    ),
    "a brand that speaks first has not answered what comes after": (
        """0:00 brand reply
           0:01 brand divert
           0:02 customer talk
           0:03 customer issue
           0:33 brand reply""",
        ["0:03 resolved 24:33, reply after 0:30, in time, 1 mention, 1 reply"],
    ),
    "a mention exactly at the deadline of an answered case keeps it open": (
        """0:00 customer issue
           1:00 brand reply
           25:00 customer vent""",
        ["0:00 stalled 49:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "thanks exactly at the deadline close the case there": (
        """0:00 customer issue
           1:00 brand divert
           25:00 customer thanks""",
        ["0:00 resolved 25:00, reply after 1:00, in time, 2 mentions, 1 reply"],
    ),
    "thanks one millisecond later meet a case that was diverted": (
        """0:00 customer issue
           1:00 brand divert
           25:00:00.001 customer thanks""",
        ["0:00 diverted 25:00, reply after 1:00, in time, 1 mention, 1 reply"],
    ),
    "a reply exactly at the deadline of a case that waits again": (
        """0:00 customer issue
           1:00 brand reply
           2:00 customer issue
           26:00 brand reply""",
        ["0:00 resolved 50:00, reply after 1:00, in time, 2 mentions, 2 replies"],
    ),
    "at equal times the order of ids decides: a reply before the issue misses it": (
        """5:00 brand reply
           5:00 customer issue
           5:00 brand reply""",
        ["5:00 resolved 29:00, reply after 0:00, in time, 1 mention, 1 reply"],
    ),
}


@pytest.mark.parametrize(("story", "expected"), STORIES.values(), ids=STORIES.keys())
def test_what_becomes_of_a_case(story: str, expected: list[str]) -> None:
    assert tell(story)[0] == expected


def _daily(days: int, *kinds: str) -> str:
    return "\n".join(f"{24 * day}:{10 * at:02} {kind}" for day in range(days) for at, kind in enumerate(kinds))


@pytest.mark.parametrize(
    ("last", "outcome"),
    [("brand reply", "resolved"), ("brand divert", "diverted"), ("customer vent", "stalled")],
)
def test_a_case_that_never_rests_ends_after_30_days_with_the_outcome_of_its_state(last: str, outcome: str) -> None:
    story = "0:00 customer issue\n" + _daily(30, "brand reply", "customer issue", last)
    assert tell(story)[0][0].startswith(f"0:00 {outcome} 720:00, reply after 0:00")


def test_an_event_exactly_at_the_30_day_limit_still_belongs_to_the_case() -> None:
    talk = "0:00 customer issue\n" + _daily(30, "brand reply")
    assert tell(f"{talk}\n720:00 brand reply")[0] == [
        "0:00 resolved 720:00, reply after 0:00, in time, 1 mention, 31 replies"
    ]
    assert tell(f"{talk}\n720:00:00.001 brand reply")[0] == [
        "0:00 resolved 720:00, reply after 0:00, in time, 1 mention, 30 replies"
    ]


@pytest.mark.parametrize(
    ("now", "line"),
    [
        ("1:00", "0:00 pending, no reply, undecided, 1 mention, 0 replies"),
        ("1:00:00.001", "0:00 pending, no reply, breached, 1 mention, 0 replies"),
        ("24:00", "0:00 pending, no reply, breached, 1 mention, 0 replies"),
        ("24:00:00.001", "0:00 missed 24:00, no reply, breached, 1 mention, 0 replies"),
    ],
)
def test_a_deadline_matures_once_the_watermark_has_passed_it(now: str, line: str) -> None:
    assert tell("0:00 customer issue", now)[0] == [line]


TWEETS = {
    "a reply answers the tweet before it": ("0:00 customer issue\n1:00 brand reply", (1, 0)),
    "a reply answers every tweet that waits": (
        "0:00 customer issue\n1:00 customer issue\n2:00 brand reply",
        (2, 0),
    ),
    "a reply exactly a day later answers it": ("0:00 customer issue\n24:00 brand reply", (1, 0)),
    "a later reply does not": ("0:00 customer issue\n24:00:00.001 brand reply", (0, 1)),
    "a tweet after the last reply is unanswered though its case is resolved by thanks": (
        "0:00 customer issue\n1:00 brand reply\n2:00 customer issue\n3:00 customer thanks",
        (1, 1),
    ),
    "the case may be missed while a later tweet of it is answered": (
        "0:00 customer issue\n23:00 customer issue\n25:00 brand reply",
        (1, 1),
    ),
    "a tweet that closes its case still waits for an answer": (
        "0:00 customer issue\n1:00 brand reply\n2:00 customer solved, but\n3:00 brand reply",
        (2, 0),
    ),
    "vents and small talk are no such tweets": ("0:00 customer vent\n1:00 customer talk", (0, 0)),
    "bots answer nothing": ("0:00 customer issue\n1:00 bot", (0, 1)),
    "a reply in the same millisecond answers what comes before it": (
        "0:00 brand reply\n0:00 customer issue\n0:00 brand reply",
        (1, 0),
    ),
}


@pytest.mark.parametrize(("story", "expected"), TWEETS.values(), ids=TWEETS.keys())
def test_tweets_count_apart_from_cases(story: str, expected: tuple[int, int]) -> None:
    counts = counts_of(tell(story)[1])
    assert (counts["mentions_answered"], counts["mentions_unanswered"]) == expected


@pytest.mark.parametrize(
    ("story", "tier", "expected"),
    [
        ("0:00 customer issue\n1:00 brand reply", 0, (1, 0, 1)),
        ("0:00 customer issue\n1:01 brand reply", 0, (1, 1, 0)),
        ("0:00 gold issue\n0:15 brand reply", 1, (1, 0, 1)),
        ("0:00 gold issue\n0:16 brand reply", 1, (1, 1, 0)),
        ("0:00 gold issue", 1, (1, 1, 0)),
        ("0:00 gold issue\n0:01 customer issue", 1, (1, 1, 0)),
    ],
)
def test_promises_are_counted_by_the_tier_of_the_opening(story: str, tier: int, expected: tuple[int, int, int]) -> None:
    counts = counts_of(tell(story)[1])
    by_tier = {name: count for name, count in counts.items() if name.startswith("tier_")}
    names = [f"tier_{tier}_{what}" for what in ("opened", "breached", "kept")]
    assert by_tier == {name: count for name, count in zip(names, expected, strict=True) if count}


def test_tweets_are_counted_by_the_band_that_their_author_had_then() -> None:
    told = [Event(0, "a", 0, 3, band=2), Event(HOUR_MS, "b", 0, 3, band=4), Event(24 * HOUR_MS + 1, "c", 1)]
    conversation, steps = SILENCE, []
    for event in told:
        steps.append(advance(conversation, event, TERMS))
        conversation = steps[-1].conversation
    by_band = {name: count for name, count in counts_of(steps).items() if name.startswith("band_")}
    assert by_band == dict.fromkeys(("band_2_actionable", "band_4_actionable", "band_2_unanswered"), 1) | {
        "band_4_answered": 1
    }
    places = {(at_ms, COUNTERS[counter]) for step in steps for at_ms, counter, _ in step.changes}
    assert (0, "band_2_unanswered") in places
    assert (HOUR_MS, "band_4_answered") in places


def test_a_case_closed_before_its_sla_is_decided_without_a_reply_counts_as_breached() -> None:
    terms = Terms(HOUR_MS, (2 * HOUR_MS,), ("default",), FOREVER_MS, HOUR_MS)
    lines, steps = tell("0:00 customer issue", terms=terms)
    assert lines == ["0:00 missed 1:00, no reply, breached, 1 mention, 0 replies"]
    assert counts_of(steps)["sla_breached"] == 1


def test_a_tier_that_the_brand_does_not_have_is_the_default_one() -> None:
    opened = advance(SILENCE, Event(0, "a", 0, 3, tier=7), TERMS).conversation
    assert opened.case is not None
    assert opened.case.tier == 0


def test_nothing_is_remembered_for_longer_than_a_re_contact() -> None:
    _, steps = tell("0:00 customer issue\n1:00 brand reply", "193:00")
    assert steps[-1].conversation.closed_ms == parse_time("25:00")
    assert tell("0:00 customer issue\n1:00 brand reply", "193:00:00.001")[1][-1].conversation == SILENCE


histories = st.lists(
    st.tuples(
        st.sampled_from((0, 1, HOUR_MS, 23 * HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS + 1, 168 * HOUR_MS)),
        st.sampled_from(((0, 3), (0, 2), (0, 0), (0, 8), (0, 11), (1, 0), (1, 4), (2, 0))),
    ),
    max_size=30,
)


def _events(history: list[tuple[int, tuple[int, int]]]) -> list[Event]:
    time_ms, events = 0, []
    for number, (gap_ms, (role, flags)) in enumerate(history):
        time_ms += gap_ms
        events.append(Event(time_ms, f"{number:03}", role, flags))
    return events


@given(histories, st.lists(st.integers(0, 400), max_size=10))
def test_maturing_in_between_changes_nothing(history: list[tuple[int, tuple[int, int]]], pauses: list[int]) -> None:
    """Law: whether W stops often or never between the events, the changes are the same."""
    events = _events(history)
    stops = sorted(pause * HOUR_MS + 1 for pause in pauses)

    def run(stops: list[int]) -> tuple[Counter[tuple[int, int, int]], list[object]]:
        conversation, steps, left = SILENCE, [], list(stops)
        for event in events:
            while left and left[0] <= event.time_ms:
                steps.append(mature(conversation, left.pop(0), TERMS))
                conversation = steps[-1].conversation
            steps.append(advance(conversation, event, TERMS))
            conversation = steps[-1].conversation
        steps.append(mature(conversation, FOREVER_MS, TERMS))
        changes = Counter(change for step in steps for change in step.changes)
        return changes, [closed for step in steps for closed in step.closed]

    assert run(stops) == run([])


@given(histories)
def test_after_the_end_nothing_is_open_and_every_case_has_one_outcome(
    history: list[tuple[int, tuple[int, int]]],
) -> None:
    conversation, steps = SILENCE, []
    for event in _events(history):
        steps.append(advance(conversation, event, TERMS))
        conversation = steps[-1].conversation
        due_ms = next_due_ms(conversation, TERMS)
        assert due_ms is None or due_ms >= event.time_ms
    steps.append(mature(conversation, FOREVER_MS, TERMS))
    counts = counts_of(steps)
    assert steps[-1].conversation == SILENCE
    assert sum(opened for step in steps for _, _, opened in step.changes) == 0
    outcomes = sum(counts[f"cases_{outcome}"] for outcome in ("missed", "stalled", "diverted", "resolved"))
    assert counts["cases_opened"] == outcomes == counts["sla_kept"] + counts["sla_breached"]
    actionable = sum(1 for _, (role, flags) in history if role == 0 and flags & 1)
    assert actionable == counts["mentions_answered"] + counts["mentions_unanswered"]
    for what, whole in (("opened", "cases_opened"), ("breached", "sla_breached"), ("kept", "sla_kept")):
        assert sum(counts[f"tier_{tier}_{what}"] for tier in range(MAX_TIERS)) == counts[whole]
    for what in ("answered", "unanswered"):
        bands = range(len(FOLLOWER_BANDS))
        assert sum(counts[f"band_{band}_{what}"] for band in bands) == counts[f"mentions_{what}"]
    assert held_in(counts, "first_response") + held_in(counts, "censored") == counts["cases_opened"]
    assert held_in(counts, "resolution") == counts["cases_resolved"]
