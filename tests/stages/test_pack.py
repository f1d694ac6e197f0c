"""Goal: care and capture get all there is to know of a batch, however it was cut, in blocks that are small enough.
Method: batches of two partitions through ``process_batch``, blocks unpacked again; laws by Hypothesis."""

from itertools import islice, pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed import (
    EVENT_DTYPE,
    LINE_DTYPE,
    CaptureBlock,
    CareBlock,
    CareSection,
    Disconnect,
    FeedEnd,
    FeedLines,
    FeedMark,
    FeedStart,
    Limit,
    LineKind,
    RawSpan,
    Stall,
)
from models.records import INTENTS, ControlKind, Flag, Role
from streams.stages.classify import BatchOutput, process_batch
from streams.stages.decode import Foreign
from streams.stages.keys import case_key, murmur2_partition
from streams.stages.pack import partitions_of
from streams.stages.partition_kernel import hash_keys
from streams.stages.route import make_hasher
from streams.stages.spans import FeedSeen, PartitionState, idle_is_due
from streams.stages.split import encode_blocks
from tests.raw import NOON_MS, Value, batch, context, control, mention
from tests.raw import settings as make_settings

HASH = make_hasher(make_settings().privacy.customer_key.get_secret_value().encode())
CONTEXT = context()

FOREIGN = Foreign(4, 5, NOON_MS)


def process(values: Any, states: dict[int, PartitionState] | None = None, **options: Any) -> BatchOutput:
    now_ms = options.pop("now_ms", NOON_MS)
    return process_batch(batch(values, **options), CONTEXT, states or {}, now_ms)


Event = tuple[str, str, dict[str, Any]]  # id, case key, row


def care_blocks(output: BatchOutput, partition: int | None = None) -> list[CareBlock]:
    blocks = output.care_blocks if partition is None else [output.care_blocks[partition]]
    return [msgspec.msgpack.decode(raw, type=CareBlock) for chosen in blocks for raw in chosen]


def care(output: BatchOutput, partition: int | None = None) -> list[CareSection]:
    return [section for block in care_blocks(output, partition) for section in block.sections]


def capture(output: BatchOutput, partition: int) -> list[CaptureBlock]:
    return [msgspec.msgpack.decode(raw, type=CaptureBlock) for raw in output.capture_blocks[partition]]


def events(output: BatchOutput) -> list[Event]:
    """Every event, by raw offset."""
    found = [event for block in care_blocks(output) for of_section in events_of(block) for event in of_section]
    return sorted(found, key=lambda event: event[2]["offset"])


def events_of(block: CareBlock) -> list[list[Event]]:
    """The events of each section."""
    found: list[Event] = []
    for row, name in zip(np.frombuffer(block.rows, EVENT_DTYPE), block.ids.decode().split("\0")[:-1], strict=True):
        fields = {field: row[field].item() for field in EVENT_DTYPE.names or ()}
        source, brand = block.pairs[fields.pop("pair")]
        key = case_key(source, brand, f"{fields.pop('customer'):016x}")
        found.append((name, key, fields | {"feed": block.feeds[fields["feed"]]}))
    told = iter(found)
    return [list(islice(told, section.events)) for section in block.sections]


# ---------------------------------------------------------------- murmur2


def murmur2_partitions(keys: list[str], partitions: int) -> Any:
    encoded = [key.encode() for key in keys]
    hashes = np.zeros(len(keys), np.int64)
    ends = np.cumsum([len(key) for key in encoded], dtype=np.int64)
    hash_keys(np.frombuffer(b"".join(encoded), np.uint8), ends, hashes)
    return hashes % partitions


@given(st.lists(st.text()), st.integers(1, 1024))
def test_compiled_murmur2_gives_what_the_plain_one_gives(keys: list[str], partitions: int) -> None:
    expected = [murmur2_partition(key.encode(), partitions) for key in keys]
    assert murmur2_partitions(keys, partitions).tolist() == expected


NAMES = st.text(st.sampled_from("ab\x1e\x1fé"), max_size=3)


@given(
    st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4), st.lists(st.integers(0, 2**64 - 1)), st.integers(1, 99)
)
def test_a_case_key_lives_where_the_partitioner_puts_its_text(
    pairs: list[tuple[str, str]], customers: list[int], partitions: int
) -> None:
    told = [(number % len(pairs), customer) for number, customer in enumerate(customers)]
    keys = [case_key(*pairs[pair], f"{customer:016x}") for pair, customer in told]
    columns = np.array([pair for pair, _ in told], np.int64), np.array(customers, np.uint64)
    expected = [murmur2_partition(key.encode(), partitions) for key in keys]
    assert partitions_of(pairs, *columns, partitions).tolist() == expected


# ---------------------------------------------------------------- events


def test_an_event_says_all_that_care_needs() -> None:
    author = mention(7, text="issue lawyer a@b.c", followers=20_000, epoch=3)
    ((name, key, row),) = events(process([author], start=90))
    assert (name, key) == ("7", case_key("x", "Acme", HASH("x", "c7")))
    flags = Flag.ACTIONABLE | Flag.NEEDS_REPLY | Flag.ESCALATED | Flag.ADDRESSED
    assert Flag(row["flags"]) == flags | Flag.PRIMARY_MENTION | Flag.PRIMARY_BRAND
    assert {name: row[name] for name in ("offset", "time_ms", "seq", "epoch", "feed")} == {
        "offset": 90,
        "time_ms": NOON_MS + 7_000,
        "seq": 7,
        "epoch": 3,
        "feed": "f",
    }
    judged = {name: row[name] for name in ("role", "intent", "reasons", "pii", "tier", "band")}
    assert judged == {"role": Role.CUSTOMER, "intent": 0, "reasons": 2, "pii": 1, "tier": 1, "band": 3}


PRIMARY = {
    "customer of two brands": (
        mention(mentions=("acme", "bolt")),
        [Flag.PRIMARY_MENTION | Flag.PRIMARY_BRAND | Flag.ADDRESSED, Flag.PRIMARY_BRAND | Flag.ADDRESSED],
    ),
    "reply to two customers": (
        mention(author="acme", mentions=("1", "2")),
        [Flag.PRIMARY_MENTION | Flag.PRIMARY_BRAND | Flag.ADDRESSED, Flag.ADDRESSED],
    ),
    "post to nobody": (mention(author="acme", mentions=()), [Flag.PRIMARY_MENTION | Flag.PRIMARY_BRAND]),
    "no brand": (mention(mentions=()), [Flag.PRIMARY_MENTION]),
}


@pytest.mark.parametrize("name", PRIMARY)
def test_each_mention_and_each_brand_is_counted_by_one_event(name: str) -> None:
    one, flags = PRIMARY[name]
    mask = Flag.PRIMARY_MENTION | Flag.PRIMARY_BRAND | Flag.ADDRESSED
    found = sorted((Flag(row["flags"]) & mask for _, _, row in events(process([one]))), reverse=True)
    assert found == sorted(flags, reverse=True)


def test_events_lie_in_the_partition_of_their_case_key() -> None:
    output = process([mention(i) for i in range(1, 60)])
    for partition in range(3):
        keys = {key for block in care_blocks(output, partition) for told in events_of(block) for _, key, _ in told}
        assert keys, "every partition has some"
        assert {murmur2_partition(key.encode(), 3) for key in keys} == {partition}


def test_intent_of_brands_is_unjudged_in_events() -> None:
    ((_, _, row),) = events(process([mention(author="acme", mentions=("1",), text="issue")]))
    assert INTENTS[row["intent"]] == "unjudged"


def test_late_mentions_and_rejects_are_no_events_but_lines() -> None:
    late = mention(2, created_at_ms=NOON_MS, feed_time_ms=NOON_MS + 400_000)
    output = process([mention(1), late, "{", control(ControlKind.LIMIT, seq=4, track=5)])
    assert [name for name, _, _ in events(output)] == ["1"]
    kinds = {}
    for partition in range(2):
        for block in capture(output, partition):
            for feed in block.sections[0].feeds:
                kinds[feed.feed] = np.frombuffer(feed.rows, LINE_DTYPE)["kind"].tolist()
    assert kinds == {"f": [LineKind.MENTION, LineKind.LATE, LineKind.CONTROL], "raw-0": [LineKind.REJECTED]}


# ---------------------------------------------------------------- spans


def test_every_partition_gets_every_span_even_without_events() -> None:
    output = process({0: [mention(1)], 5: [control(ControlKind.PROGRESS, feed_time_ms=NOON_MS)]})
    for partition in range(3):
        spans = [section.span for section in care(output, partition)]
        assert [(s.topic_id, s.partition, s.from_offset, s.to_offset) for s in spans] == [
            ("topic-1", 0, 0, 1),
            ("topic-1", 5, 0, 1),
        ]
    for partition in range(2):
        (block,) = capture(output, partition)
        assert [section.span for section in block.sections] == spans


def test_a_span_begins_where_the_one_before_ended_whatever_offsets_lack_records() -> None:
    first = process([mention(1), mention(2)], start=10)
    second = process([mention(3)], first.states, start=40)
    assert [(s.span.from_offset, s.span.to_offset) for s in care(second, 0)] == [(12, 41)]


def test_announcements_travel_in_the_span() -> None:
    values: list[Value] = [
        control(ControlKind.FEED_START, partitions=(0, 3), first_seq=5),
        mention(5),
        mention(4, seq=6, created_at_ms=NOON_MS, feed_time_ms=NOON_MS + 5_000),
        control(ControlKind.END_OF_FEED, last_seq=6, settle_ms=60, feed_time_ms=NOON_MS + 5_000),
    ]
    span = care(process(values), 0)[0].span
    assert span.starts == (FeedStart("f", 1, 5, (0, 3), "x"),)
    assert span.marks == (FeedMark("f", NOON_MS + 5_000),)
    assert span.ends == (FeedEnd("f", 1, 6, NOON_MS + 5_000, 60, True),)


def test_limits_and_disconnects_travel_with_their_stamps() -> None:
    values: list[Value] = [
        control(ControlKind.LIMIT, seq=3, track=40, feed_time_ms=NOON_MS),
        control(ControlKind.DISCONNECT, seq=4, code=7, reason="stall", feed_time_ms=NOON_MS + 1),
    ]
    output = process(values)
    (feed,) = [feed for p in range(2) for block in capture(output, p) for feed in block.sections[0].feeds]
    assert feed.limits == (Limit(1, 3, NOON_MS, 40),)
    assert feed.disconnects == (Disconnect(1, 4, NOON_MS + 1, 7, "stall"),)


def test_stalls_travel_with_the_stamps_of_the_lines_that_ended_them() -> None:
    values: list[Value] = [
        mention(3, silent_ms=100_000),
        control(ControlKind.HEARTBEAT, seq=4, feed_time_ms=NOON_MS + 9_000, silent_ms=200_000),
        mention(5),
        mention(6, feed="g", silent_ms=300_000),
    ]
    output = process(values)
    feeds = {feed.feed: feed for p in range(2) for block in capture(output, p) for feed in block.sections[0].feeds}
    assert feeds["f"].stalls == (Stall(1, 3, NOON_MS + 3_000, 100_000), Stall(1, 4, NOON_MS + 9_000, 200_000))
    assert feeds["g"].stalls == (Stall(1, 6, NOON_MS + 6_000, 300_000),)


def test_lines_of_mentions_have_their_time() -> None:
    values: list[Value] = [
        mention(1),
        mention(2, created_at_ms=NOON_MS - 10_000_000, feed_time_ms=NOON_MS),
        control(ControlKind.DELETE, seq=3, feed_time_ms=NOON_MS),
        "{",
    ]
    output = process(values)
    times = [row["time_ms"].item() for feed in feeds_of(output) for row in np.frombuffer(feed.rows, LINE_DTYPE)]
    assert sorted(times) == [0, 0, NOON_MS - 10_000_000, NOON_MS + 1_000]


def feeds_of(output: BatchOutput) -> list[FeedLines]:
    return [feed for p in range(2) for block in capture(output, p) for s in block.sections for feed in s.feeds]


def test_a_feed_of_two_sources_is_told_by_source() -> None:
    values: list[Value] = [
        control(ControlKind.LIMIT, seq=1, track=4, feed_time_ms=NOON_MS),
        mention(2, source="y"),
        mention(3),
        mention(4, source="y"),
    ]
    seqs = {
        feed.source: np.frombuffer(feed.rows, LINE_DTYPE)["seq"].tolist()
        for feed in feeds_of(process(values))
        if feed.feed == "f"
    }
    assert seqs == {"x": [1, 3], "y": [2, 4]}


# ---------------------------------------------------------------- idle feeds

IDLE_MS = make_settings().classify.idle_feed_ms


def test_a_silent_feed_is_told_idle_once_and_until_it_speaks_again() -> None:
    states = process([mention(1)]).states
    assert not idle_is_due(states, NOON_MS + IDLE_MS, IDLE_MS)
    assert idle_is_due(states, NOON_MS + IDLE_MS + 1, IDLE_MS)
    silent = process([], states, now_ms=NOON_MS + IDLE_MS + 1)
    span = care(silent, 0)[0].span
    assert (span.from_offset, span.to_offset) == (1, 1)
    assert span.marks == (FeedMark("f", NOON_MS + 1_000, idle=True),)
    assert not idle_is_due(silent.states, NOON_MS + 9 * IDLE_MS, IDLE_MS)
    spoken = process([mention(2)], silent.states, start=1, now_ms=NOON_MS + 9 * IDLE_MS)
    assert care(spoken, 0)[0].span.marks == (FeedMark("f", NOON_MS + 2_000),)


def test_a_feed_that_ended_is_never_idle() -> None:
    states = process([mention(1), control(ControlKind.END_OF_FEED, last_seq=1, feed_time_ms=NOON_MS)]).states
    assert not idle_is_due(states, NOON_MS + 2 * IDLE_MS, IDLE_MS)


def test_what_a_successor_needs_fits_beside_the_offset() -> None:
    state = PartitionState(
        9, Foreign(4, 5, NOON_MS), {"f": FeedSeen(NOON_MS, 1), "g": FeedSeen(NOON_MS + 1, 2, idle=True)}
    )
    resumed = PartitionState.resume(9, state.note(), NOON_MS)
    assert resumed == PartitionState(
        9, Foreign(4, 5, NOON_MS), {"f": FeedSeen(NOON_MS, NOON_MS), "g": FeedSeen(NOON_MS + 1, NOON_MS)}
    )
    many = PartitionState(9, FOREIGN, {f"feed {i}": FeedSeen(NOON_MS, 1) for i in range(1_000)})
    assert many.note() == ""


@pytest.mark.parametrize("note", [None, "", "x", "[1]", '{"a":1}'])
def test_a_note_that_is_not_ours_is_ignored(note: str | None) -> None:
    assert PartitionState.resume(4, note, NOON_MS) == PartitionState(4)


# ---------------------------------------------------------------- cuts and splits

LINES = st.lists(
    st.one_of(
        st.builds(mention, st.integers(1, 99)),
        st.builds(lambda i: mention(i, author="acme", mentions=("1", "2", "3")), st.integers(1, 99)),
        st.builds(lambda i: control(ControlKind.LIMIT, seq=i, track=i, feed_time_ms=NOON_MS), st.integers(1, 99)),
        st.just("{"),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(LINES, st.data())
def test_however_a_batch_is_cut_its_events_and_lines_are_the_same(values: list[Value], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    whole = process(values)
    first = process(values[:cut])
    second = process(values[cut:], first.states, start=cut)
    assert events(whole) == events(first) + events(second)
    assert lines_of(whole) == lines_of(first) + lines_of(second)
    assert whole.states[0].position == second.states[0].position == len(values)


def lines_of(output: BatchOutput) -> list[Any]:
    found = []
    for partition in range(2):
        for block in capture(output, partition):
            for section in block.sections:
                found += [row for feed in section.feeds for row in np.frombuffer(feed.rows, LINE_DTYPE).tolist()]
    return sorted(found)


def test_a_large_block_is_split_into_contiguous_ones_that_say_the_same() -> None:
    values: list[Value] = [
        control(ControlKind.FEED_START, partitions=(0, 1), first_seq=1),
        *(mention(i, mentions=("acme", "bolt"), silent_ms=i % 150 // 149) for i in range(1, 400)),
        control(ControlKind.LIMIT, seq=400, track=5, feed_time_ms=NOON_MS),
    ]
    output = process({0: values, 1: [mention(i) for i in range(400, 500)]})
    feed_partition = murmur2_partition(b"f", 2)
    wholes: list[tuple[Any, bytes]] = [(CareBlock, raw) for (raw,) in output.care_blocks]
    for kind, whole in (*wholes, (CaptureBlock, output.capture_blocks[feed_partition][0])):
        block = msgspec.msgpack.decode(whole, type=kind)
        parts = encode_blocks(block, 4_096)
        assert len(parts) > 1
        assert max(map(len, parts)) <= 4_096
        check_parts(block, [msgspec.msgpack.decode(part, type=kind) for part in parts])


def check_parts(whole: Any, parts: list[Any]) -> None:
    if isinstance(whole, CareBlock):
        told = [event for of_section in events_of(whole) for event in of_section]
        assert [event for part in parts for of_section in events_of(part) for event in of_section] == told
    for section in whole.sections:
        pieces = [p for part in parts for p in part.sections if p.span.partition == section.span.partition]
        spans: list[RawSpan] = [piece.span for piece in pieces]
        assert all(a.to_offset == b.from_offset for a, b in pairwise(spans))
        assert (spans[0].from_offset, spans[-1].to_offset) == (section.span.from_offset, section.span.to_offset)
        assert (spans[0].starts, spans[-1].marks, spans[-1].ends) == (
            section.span.starts,
            section.span.marks,
            section.span.ends,
        )
        assert not any(span.marks or span.ends for span in spans[:-1]), "event time must not run ahead of events"
        if isinstance(section, CareSection):
            assert sum(piece.events for piece in pieces) == section.events
        else:
            rows = b"".join(feed.rows for piece in pieces for feed in piece.feeds if feed.feed == "f")
            assert rows == b"".join(feed.rows for feed in section.feeds if feed.feed == "f")
            limits = [limit for piece in pieces for feed in piece.feeds for limit in feed.limits]
            assert limits == [limit for feed in section.feeds for limit in feed.limits]
            stalls = [stall for piece in pieces for feed in piece.feeds for stall in feed.stalls]
            assert stalls == [stall for feed in section.feeds for stall in feed.stalls]


def test_a_section_that_is_one_record_stays_whole() -> None:
    crowd = mention(author="acme", mentions=tuple(map(str, range(400))))
    whole = process([crowd]).care_blocks[0][0]
    assert encode_blocks(msgspec.msgpack.decode(whole, type=CareBlock), 1_024) == [whole]
