"""Goal: an open load is due by its schedule alone, is complete, and says by how much its sender was behind.

Method: the schedule by examples and laws; the sending against a clock that is moved by hand; the records decoded again
with the shapes that the workers read.
"""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UnheardError
from config.settings import Brand
from models.records import Control, ControlKind, Mention
from streams.bench.arrivals import Arrivals, Phase, WindowSpan
from streams.bench.payloads import Feed, Record, Renderer, brand_names, end_of_feed, feed_start, make_payloads
from streams.bench.sending import Sending, SendReport
from streams.formats.lines import Good, SourceControl

START_MS = 1_700_000_000_000
FEED = Feed("load", "source", 4)
phases = st.lists(
    st.builds(Phase, st.floats(0.5, 5_000), st.floats(0.01, 3)).filter(lambda phase: phase.mentions > 0),
    min_size=1,
    max_size=4,
)


def lines() -> list[Good]:
    """A customer's mention, the brand's answer to it, and somebody who speaks of nobody."""
    return [
        Good(Mention(id="1", author="ada", created_at_ms=5, mentions=("acme",), text="@acme it broke")),
        Good(Mention(id="2", author="acme", created_at_ms=6, reply_to="1", reply_to_author="ada", text="@ada sorry")),
        Good(Mention(id="3", author="bob", created_at_ms=7, text="lovely weather")),
    ]


# ---------------------------------------------------------------- the schedule


def test_mentions_are_due_at_the_rate_of_their_phase() -> None:
    arrivals = Arrivals(START_MS, (Phase(2, 1), Phase(4, 1)))
    assert (arrivals.due_ms(np.arange(6)) - START_MS).tolist() == [0, 500, 1000, 1250, 1500, 1750]
    assert (arrivals.total, arrivals.end_ms) == (6, START_MS + 2000)
    assert [arrivals.first_of(phase) for phase in range(3)] == [0, 2, 6]


@pytest.mark.parametrize(
    ("passed_ms", "due"), [(-1, 0), (0, 1), (499, 1), (500, 2), (999, 2), (1000, 3), (1750, 6), (99_000, 6)]
)
def test_as_many_are_due_as_the_time_that_has_passed_says(passed_ms: int, due: int) -> None:
    assert Arrivals(START_MS, (Phase(2, 1), Phase(4, 1))).due_by(START_MS + passed_ms) == due


@given(phases, st.floats(-100, 12_000))
def test_what_is_due_by_now_is_what_was_due_before_and_nothing_else(drawn: list[Phase], passed_ms: float) -> None:
    arrivals, now_ms = Arrivals(START_MS, drawn), START_MS + passed_ms
    due = arrivals.due_by(now_ms)
    times = arrivals.due_ms(np.arange(arrivals.total))
    assert (np.diff(times) > 0).all()
    assert (times[:due] <= now_ms + 0.01).all()
    assert (times[due:] >= now_ms - 0.01).all()


@given(phases)
def test_windows_hold_every_mention_once_and_by_its_time(drawn: list[Phase]) -> None:
    arrivals = Arrivals(START_MS, drawn)
    spans = arrivals.windows(1_000)
    assert [number for span in spans for number in range(span.first, span.end)] == list(range(arrivals.total))
    for span in spans:
        times = arrivals.event_ms(span.first, span.end)
        assert all(span.start_ms <= time_ms < span.start_ms + 1_000 for time_ms in times)


def test_a_window_that_a_phase_ends_in_goes_on_in_the_next() -> None:
    arrivals = Arrivals(60_000 - 500, (Phase(2, 1), Phase(2, 1)))
    assert arrivals.windows(60_000) == [WindowSpan(0, 0, 1), WindowSpan(60_000, 1, 4)]


# ---------------------------------------------------------------- the records


def test_records_are_mentions_with_stamps_and_times_of_their_own() -> None:
    renderer = Renderer(make_payloads(lines(), "source", frozenset({"acme"})), FEED)
    records = renderer.render(0, [START_MS, START_MS + 1, START_MS + 1])
    decoded = [msgspec.json.decode(record["value"], type=Mention) for record in records]
    assert [mention.seq for mention in decoded] == [1, 2, 3]
    assert [mention.created_at_ms - START_MS for mention in decoded] == [0, 1, 1]
    assert {(m.feed, m.epoch, m.source) for m in decoded} == {("load", 1, "source")}
    assert all(mention.feed_time_ms == mention.created_at_ms for mention in decoded)
    assert [mention.text for mention in decoded] == ["@acme it broke", "@ada sorry", "lovely weather"]


def test_no_id_and_no_customer_comes_twice_but_brands_stay_and_threads_hold_together() -> None:
    renderer = Renderer(make_payloads(lines(), "source", frozenset({"acme"})), FEED)
    records = renderer.render(0, [START_MS] * 9)
    decoded = [msgspec.json.decode(record["value"], type=Mention) for record in records]
    assert len({mention.id for mention in decoded}) == 9
    assert len({mention.author for mention in decoded}) == 3 + 1 + 3
    for question, answer in zip(decoded[::3], decoded[1::3], strict=True):
        assert (answer.reply_to, answer.reply_to_author) == (question.id, question.author)


def test_records_do_not_depend_on_how_they_are_cut() -> None:
    renderer = Renderer(make_payloads(lines(), "source", frozenset({"acme"})), FEED)
    times = list(range(START_MS, START_MS + 10))
    assert renderer.render(0, times) == renderer.render(0, times[:4]) + renderer.render(4, times[4:])


def test_an_author_stays_in_one_partition() -> None:
    renderer = Renderer(make_payloads(lines(), "source", frozenset({"acme"})), FEED)
    records = renderer.render(0, [START_MS] * 60)
    places: dict[str, set[object]] = {}
    for record in records:
        author = msgspec.json.decode(record["value"], type=Mention).author
        places.setdefault(author, set()).add(record["partition"])
    assert all(len(found) == 1 for found in places.values())
    assert {place for found in places.values() for place in found} == set(range(4))


def test_an_id_that_comes_again_and_lines_without_a_mention_are_left_out() -> None:
    control = SourceControl(Control(control=ControlKind.HEARTBEAT))
    assert len(make_payloads([*lines(), control, *lines()], "source", frozenset())) == 3
    with pytest.raises(UnheardError, match="no mentions"):
        make_payloads([control], "source", frozenset())


def test_the_feed_is_announced_with_its_partitions_and_ended_with_its_last_number() -> None:
    start = msgspec.json.decode(feed_start(FEED), type=Control)
    end = msgspec.json.decode(end_of_feed(FEED, 7, START_MS), type=Control)
    assert (start.control, start.partitions, start.source) == (ControlKind.FEED_START, (0, 1, 2, 3), "source")
    assert (end.control, end.last_seq, end.feed_time_ms, end.final) == (ControlKind.END_OF_FEED, 7, START_MS, True)


def test_brand_names_are_those_of_people_and_machines_in_lower_case() -> None:
    assert brand_names([Brand(name="A", handles=("AskA",), bot_handles=("ABot",))]) == {"aska", "abot"}


# ---------------------------------------------------------------- the sending


class Hands:
    """A clock moved by hand, and what was handed over. Every wait lets ``step_ms`` pass."""

    def __init__(self, step_ms: float) -> None:
        self.now_ms, self.step_ms = float(START_MS), step_ms
        self.sent: list[Record] = []

    def clock(self) -> float:
        return self.now_ms

    def wait(self, _wanted_ms: float) -> None:
        self.now_ms += self.step_ms

    def run(self, arrivals: Arrivals, stopped: Callable[[], bool] = lambda: False) -> SendReport:
        renderer = Renderer(make_payloads(lines(), "source", frozenset({"acme"})), FEED)
        return Sending(arrivals, renderer, self.sent.extend).run(self.clock, self.wait, stopped)


def test_everything_is_sent_once_and_in_order_and_nothing_early() -> None:
    hands, arrivals = Hands(2), Arrivals(START_MS, (Phase(100, 1), Phase(300, 1)))
    report = hands.run(arrivals)
    numbers = [msgspec.json.decode(record["value"], type=Mention).seq for record in hands.sent]
    assert numbers == list(range(1, 401))
    assert (report.mentions, report.last_ms) == (400, arrivals.event_ms(399, 400)[0])
    assert [phase.sent for phase in report.phases] == [100, 300]
    assert report.behind.max_ms <= 3


def test_a_sender_that_stands_still_sends_what_was_due_meanwhile_and_says_that_it_was_behind() -> None:
    hands = Hands(700)
    report = hands.run(Arrivals(START_MS, (Phase(100, 2),)))
    assert report.mentions == 200
    assert 600 <= report.behind.max_ms <= 700


def test_a_stop_ends_the_load_where_it_is() -> None:
    hands = Hands(2)
    report = hands.run(Arrivals(START_MS, (Phase(100, 1), Phase(100, 1))), lambda: len(hands.sent) >= 30)
    assert 30 <= report.mentions == len(hands.sent) < 40
    assert [phase.sent for phase in report.phases] == [report.mentions, 0]
