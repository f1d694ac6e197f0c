"""The truth of capture, counted a second time from the bytes of the file, in another way."""

import json
import re
from itertools import accumulate, pairwise

import pytest

from streams.sample.firehose import Firehose
from streams.sample.tally import GapTruth, read_limit
from streams.sample.truth import FeedTruth

LATENESS_MS = 300_000
STAMP = re.compile(rb'"feed":"([ab])","epoch":([12]),"seq":(\d+)[,}]')


def parse(raw: bytes) -> dict | None:
    """A line as a careful reader takes it; None if it is broken."""
    try:
        line = json.loads(raw.decode())
        text = line.get("text", "") if isinstance(line, dict) else None
        text.encode()
    except (ValueError, AttributeError, RecursionError):
        return None
    if "control" in line:
        return line if line["control"] in ("limit", "delete", "disconnect", "heartbeat") else None
    shaped = all(isinstance(line.get(name), str) for name in ("id", "author", "text"))
    timed = isinstance(line.get("created_at_ms"), int) and 10**12 < line["created_at_ms"] < 2 * 10**12
    return line if shaped and timed and "\0" not in text else None


def stamped(firehose: Firehose) -> list[tuple[str, int, int, dict | None]]:
    """(feed, epoch, seq, line); None stands for a broken line."""
    out: list[tuple[str, int, int, dict | None]] = []
    for raw in firehose.jsonl().splitlines():
        feed, epoch, seq = STAMP.search(raw).groups()
        out.append((feed.decode(), int(epoch), int(seq), parse(raw)))
    return out


def recount(feed: str, lines: list[tuple[str, int, int, dict | None]], elsewhere: set[str]) -> dict:
    """The figures of one feed; ``elsewhere`` are ids that an earlier feed delivered in time."""
    mine = [line for line in lines if line[0] == feed]
    numbers = {epoch: {seq for _, e, seq, _ in mine if e == epoch} for epoch in {line[1] for line in mine}}
    mentions = [line for *_, line in mine if line and "text" in line]
    newest = accumulate((mention["created_at_ms"] for mention in mentions), max)
    in_time = [m["id"] for m, at in zip(mentions, newest, strict=True) if at - m["created_at_ms"] <= LATENESS_MS]
    return {
        "sent": sum(max(seen) for seen in numbers.values()),
        "missed_exact": sum(max(seen) - len(seen) for seen in numbers.values()),
        "rejected": sum(1 for *_, line in mine if line is None),
        "control": sum(1 for *_, line in mine if line and "control" in line),
        "late": len(mentions) - len(in_time),
        "received": len(set(in_time) - elsewhere),
        "duplicates": len([name for name in in_time if name in elsewhere]),
        "in_time": set(in_time),
    }


def test_a_recount_from_the_bytes_agrees(firehose: Firehose) -> None:
    lines = stamped(firehose)
    a = recount("a", lines, set())
    b = recount("b", lines, a["in_time"])
    for truth, figures in zip(firehose.truth.feeds, (a, b), strict=True):
        for name in ("sent", "missed_exact", "rejected", "control", "late", "received", "duplicates"):
            assert getattr(truth, name) == figures[name], (truth.feed, name)
    heard = a["in_time"] | b["in_time"]
    assert heard.isdisjoint(firehose.truth.unheard)
    assert sum(feed.received for feed in firehose.truth.feeds) == len(heard)


def test_the_gaps_are_the_numbers_that_never_came(firehose: Firehose) -> None:
    lines = stamped(firehose)
    for truth in firehose.truth.feeds:
        seen = {(epoch, seq) for feed, epoch, seq, _ in lines if feed == truth.feed}
        gaps = [gap for gap in truth.gaps if gap.cause == "sequence"]
        lost = {(gap.epoch, seq) for gap in gaps for seq in range(gap.from_seq, gap.to_seq + 1)}
        last = {epoch: max(seq for e, seq in seen if e == epoch) for epoch in {e for e, _ in seen}}
        assert lost | seen == {(epoch, seq) for epoch, end in last.items() for seq in range(1, end + 1)}
        assert not lost & seen


def stands(feed: str, lines: list[tuple[str, int, int, dict | None]]) -> list[GapTruth]:
    """Stalls, looked for between every two lines that moved the feed's time, and disconnects."""
    mine = [(epoch, seq, line or {}) for name, epoch, seq, line in lines if name == feed]
    created = [line["created_at_ms"] if "text" in line else 0 for *_, line in mine]
    times = list(accumulate(created, max, initial=next(filter(None, created))))[1:]
    beats = [at for at, (*_, line) in enumerate(mine) if line.get("control") == "heartbeat"]
    first = {epoch: at for at, (epoch, *_) in reversed(list(enumerate(mine)))}

    def stand(cause: str, at: int, from_ms: int, to_ms: int) -> GapTruth:
        epoch, seq, _ = mine[at]
        took_ms, before = from_ms - times[first[epoch]], seq - mine[first[epoch]][1]
        return GapTruth(epoch, cause, seq, seq, from_ms, to_ms, 0, before * (to_ms - from_ms) // took_ms)

    found = []
    moves = [0, *(at for at in range(1, len(mine)) if times[at] > times[at - 1])]
    for before, at in pairwise(moves):
        silent_ms = times[at] - times[before] - 30_000 * sum(before < beat < at for beat in beats)
        if silent_ms > 90_000 and any(first[mine[at][0]] <= beat < at for beat in beats):
            found.append(stand("stall", at, times[at] - silent_ms, times[at]))
    for at, (epoch, _, line) in enumerate(mine):
        if line.get("control") == "disconnect":
            back = first.get(epoch + 1, at)
            found.append(stand("disconnect", at, times[at], times[back]))
    return found


def test_stalls_and_disconnects_are_found_again_in_the_bytes(firehose: Firehose) -> None:
    lines = stamped(firehose)
    for truth in firehose.truth.feeds:
        wanted = {gap for gap in truth.gaps if gap.cause in ("stall", "disconnect")}
        assert set(stands(truth.feed, lines)) == wanted
        assert len(wanted) == len([gap for gap in truth.gaps if gap.cause in ("stall", "disconnect")])


def test_every_line_is_accounted_for(firehose: Firehose) -> None:
    def total(feed: FeedTruth) -> int:
        return feed.received + feed.duplicates + feed.late + feed.rejected + feed.control + feed.missed_exact

    assert [total(feed) for feed in firehose.truth.feeds] == [feed.sent for feed in firehose.truth.feeds]
    assert sum(feed.sent - feed.missed_exact for feed in firehose.truth.feeds) == len(firehose.lines)


def test_every_received_mention_has_one_role_a_brand_or_no_brand(firehose: Firehose) -> None:
    heard = {line.post.id: line.post for line in firehose.lines if line.post}
    for name in firehose.truth.unheard:
        heard.pop(name, None)
    pairs = sum(len({concern.brand for concern in post.concerns}) for post in heard.values())
    counted = sum(counts.customer + counts.brand + counts.bot for counts in firehose.truth.brands.values())
    assert counted == pairs
    assert firehose.truth.no_brand == sum(1 for post in heard.values() if not post.concerns)


def test_what_the_source_withheld_is_what_its_counters_reached(firehose: Firehose) -> None:
    """Feed a has two counters, one always above 600; feed b a new one in each epoch."""
    tracks = [
        (feed, epoch, line["track"])
        for feed, epoch, _, line in stamped(firehose)
        if line and line.get("control") == "limit"
    ]
    a = [track for feed, _, track in tracks if feed == "a"]
    low, high = [t for t in a if t < 600], [t for t in a if t >= 600]
    b = {epoch: max(t for feed, e, t in tracks if feed == "b" and e == epoch) for epoch in (1, 2)}
    assert low
    assert [feed.missed_upstream for feed in firehose.truth.feeds] == [max(low) + max(high), sum(b.values())]


@pytest.mark.parametrize(
    ("notices", "withheld"),
    [
        ([5], 5),
        ([5, 9, 9, 20], 20),
        ([100, 40, 140, 70], 210),
        ([400, 300, 200, 100], 1_000),
        ([400, 300, 200, 100, 50], 1_050),  # a fifth value below all four: the smallest began again
        ([400, 300, 200, 100, 50, 60], 1_060),
        ([10, 3, 12, 4], 16),
    ],
)
def test_limit_notices_are_read_as_interleaved_counters(notices: list[int], withheld: int) -> None:
    counters: list[int] = []
    assert sum(read_limit(counters, notice) for notice in notices) == withheld
    assert len(counters) <= 4
