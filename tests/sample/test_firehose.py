"""The sample repeats for a seed and holds everything that it promises."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import accumulate

import pytest

from config.errors import UsageError
from models.records import Control, ControlKind
from streams.sample.brands import BURST_BRAND, SAMPLE_BRANDS
from streams.sample.controls import PAUSE_MS, STALL_MS, Kind, heartbeat_count
from streams.sample.delivery import Line
from streams.sample.firehose import Firehose, make_firehose
from streams.sample.phrases import chatter, customers, desks, tongues, trades
from streams.sample.script import END_MS, START_MS, Post
from streams.sample.stories import BURST_MS, BURST_START_MS

LATENESS_MS = 300_000
SCRIPT = (
    "import hashlib; from streams.sample.firehose import make_firehose; from msgspec.json import encode;"
    "f = make_firehose(1500, 3); print(hashlib.sha256(f.jsonl() + encode(f.truth)).hexdigest())"
)


def posts_of(firehose: Firehose) -> dict[str, Post]:
    return {line.post.id: line.post for line in firehose.lines if line.post}


def mention_of(post: Post) -> dict:
    return json.loads(post.body + b"}")


def texts_of(firehose: Firehose) -> list[str]:
    return [mention_of(post)["text"] for post in posts_of(firehose).values()]


def controls_of(firehose: Firehose) -> list[dict]:
    return [json.loads(line.raw) for line in firehose.lines if line.kind is Kind.CONTROL]


def test_a_seed_gives_the_same_bytes_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_another_seed_gives_another_firehose() -> None:
    digests = {hashlib.sha256(make_firehose(1_000, seed).jsonl()).digest() for seed in (1, 2)}
    assert len(digests) == 2


@pytest.mark.parametrize("lines", [1_000, 4_000, 12_000])
def test_the_size_is_what_was_asked_for(lines: int) -> None:
    assert make_firehose(lines, 5).truth.lines == pytest.approx(lines, rel=0.06)


def test_a_firehose_too_small_for_its_ingredients_is_refused() -> None:
    with pytest.raises(UsageError, match="at least 1000 lines, not 999"):
        make_firehose(999)


def test_lines_of_a_feed_stand_in_the_order_of_their_numbers(firehose: Firehose) -> None:
    for feed in ("a", "b"):
        stamps = [(line.epoch, line.seq) for line in firehose.lines if line.feed == feed]
        assert stamps == sorted(set(stamps))


def test_whole_lines_say_their_own_stamps(firehose: Firehose) -> None:
    for line in firehose.lines:
        if line.kind is not Kind.BROKEN:
            said = json.loads(line.raw)
            assert (said["feed"], said["epoch"], said["seq"]) == (line.feed, line.epoch, line.seq)


def test_every_kind_of_break_comes_up_and_every_broken_line_still_shows_its_number(firehose: Firehose) -> None:
    broken = [line for line in firehose.lines if line.kind is Kind.BROKEN]
    assert len({re.sub(rb'"(feed|epoch|seq)":[^,}]+', b"", line.raw) for line in broken}) >= 14
    for line in broken:
        assert f'"feed":"{line.feed}","epoch":{line.epoch},"seq":{line.seq}'.encode() in line.raw


def test_all_mentions_lie_within_three_days_of_the_past(firehose: Firehose) -> None:
    times = [post.created_ms for post in posts_of(firehose).values()]
    assert START_MS <= min(times) < max(times) < END_MS
    assert END_MS - START_MS == 3 * 86_400_000


def test_nights_are_quiet_and_evenings_are_busy(firehose: Firehose) -> None:
    hours = Counter((post.created_ms - START_MS) // 3_600_000 % 24 for post in posts_of(firehose).values())
    assert hours[19] > 3 * hours[3]


def test_an_outage_makes_a_burst(firehose: Firehose) -> None:
    name_in = Counter(
        (post.created_ms - BURST_START_MS) // BURST_MS
        for post in posts_of(firehose).values()
        if any(concern.brand == BURST_BRAND for concern in post.concerns)
    )
    usual = max(name_in[slot] for slot in range(-6, 0))
    assert name_in[0] > 4 * usual


def test_every_brand_talks_and_is_talked_about(firehose: Firehose) -> None:
    roles = firehose.truth.brands
    assert set(roles) == {brand.name for brand in SAMPLE_BRANDS}
    assert all(counts.customer > 100 and counts.brand > 20 for counts in roles.values())
    assert [name for name, counts in roles.items() if counts.bot] == ["Quorvia"]
    assert firehose.truth.no_brand > 500


def test_the_texts_vary(firehose: Firehose) -> None:
    tables = [*trades.TRADES.values(), *tongues.TONGUES.values(), customers.CUSTOMERS, desks.DESKS, chatter.CHATTER]
    phrases = {line for table in tables for text in table.values() for line in text.split("\n") if line}
    texts = texts_of(firehose)
    assert len(phrases) > 900
    assert len(set(texts)) > 0.8 * len(texts)


def test_people_write_many_languages(firehose: Firehose) -> None:
    langs = Counter(mention_of(post).get("lang") for post in posts_of(firehose).values())
    assert sum(1 for lang, count in langs.items() if lang not in ("en", None) and count > 20) >= 8
    assert langs["en"] > 0.8 * sum(langs.values())


@pytest.mark.parametrize(
    ("ingredient", "pattern"),
    [
        ("emoji", "[\U0001f600-\U0001f64f]"),
        ("capitals", r"^@\w+ [A-Z' ,.!?]{12,}"),
        ("elongation", r"([aeiou])\1{3,}"),
        ("agents who sign", r"\^[A-Z]{2}$"),
        ("diversion to a DM", r"(DM|private message|direct message).* \^"),
        ("diversion to the phone", r"(call|ring|on) .*020 7946 0.* \^"),
        ("diversion by mail", r"care@\S+\.example .*\^"),
        ("diversion by link", r"https://\S+\.example/\w+"),
        ("DM sent", r"(?i)dm sent"),
        ("thanks", r"(?i)sorted now|problem solved|that worked"),
        ("chasing", r"(?i)still waiting|any news\?"),
        ("hashtags", r"#\w+"),
        ("automatic replies", r"automatic|I'm a bot|virtual assistant"),
    ],
)
def test_texts_hold(ingredient: str, pattern: str, firehose: Firehose) -> None:
    assert sum(1 for text in texts_of(firehose) if re.search(pattern, text)) >= 5, ingredient


def test_whom_mentions_concern(firehose: Firehose) -> None:
    shapes = Counter(
        (len({concern.brand for concern in post.concerns}), len(post.concerns), post.concerns[0].customer != "")
        for post in posts_of(firehose).values()
        if post.concerns
    )
    assert shapes[1, 1, True] > 5_000  # a customer, or a reply to one
    assert shapes[2, 2, True] > 10  # a customer with two brands
    assert shapes[1, 2, True] > 10  # one reply to two customers
    assert shapes[1, 1, False] > 5  # a brand's post to nobody


def test_controls_of_every_kind_travel_too(firehose: Firehose) -> None:
    controls = controls_of(firehose)
    kinds = Counter(control["control"] for control in controls)
    assert set(kinds) == {"limit", "delete", "disconnect", "heartbeat"}
    assert {"feed-start", "end-of-feed"} & set(ControlKind) - set(kinds)
    assert {name for control in controls for name in control} <= set(Control.__struct_fields__)


def test_gaps_restart_copies_and_late_mentions_are_there(firehose: Firehose) -> None:
    a, b = firehose.truth.feeds
    assert (a.feed, b.feed) == ("a", "b")
    assert sum(1 for gap in a.gaps if gap.cause == "sequence") >= 8
    assert max(gap.missed for gap in a.gaps if gap.cause == "sequence") == 24  # 400 in the full size
    assert {line.epoch for line in firehose.lines if line.feed == "b"} == {1, 2}
    assert b.duplicates == pytest.approx(0.3 * a.received, rel=0.05)
    assert b.received > 0
    assert a.late > 0
    assert b.late > 0
    assert firehose.truth.unheard


@pytest.mark.parametrize("seed", range(4))
def test_the_smallest_firehose_has_late_mentions_gaps_and_copies_that_save_lost_ones(seed: int) -> None:
    a, b = make_firehose(1_000, seed).truth.feeds
    assert min(a.late, b.late, b.duplicates, b.received, len(a.gaps), a.missed_upstream, b.missed_upstream) > 0


def arrivals(firehose: Firehose, feed: str) -> list[tuple[int, Line]]:
    """(feed time, line) of a feed."""
    lines = [line for line in firehose.lines if line.feed == feed]
    times = accumulate((line.post.created_ms if line.post else 0 for line in lines), max)
    return list(zip(times, lines, strict=True))


def test_feed_a_stands_still_once_and_then_delivers_what_it_kept_behind_what_is_new(firehose: Firehose) -> None:
    """At this size quiet nights make no stalls of their own: heartbeats begin in the last evening."""
    (stall,) = [gap for gap in firehose.truth.feeds[0].gaps if gap.cause == "stall"]
    assert 200_000 < stall.to_ms - stall.from_ms <= STALL_MS
    lines = arrivals(firehose, "a")
    at = next(i for i, (_, line) in enumerate(lines) if line.seq == stall.from_seq)
    kept = [
        line.post.created_ms for _, line in lines[at + 1 : at + 20] if line.post and line.post.created_ms < stall.to_ms
    ]
    assert sum(1 for created_ms in kept if created_ms > stall.from_ms) >= 3
    assert lines[at][0] == stall.to_ms


def test_heartbeats_come_every_half_minute_and_carry_no_time(firehose: Firehose) -> None:
    heartbeats = [line for line in firehose.lines if line.control is ControlKind.HEARTBEAT]
    assert len(heartbeats) == pytest.approx(2 * 12_000 * 0.0432, abs=10)  # without those of the stall
    assert not any(b"at_ms" in line.raw for line in heartbeats)
    assert heartbeat_count(200_000) == 3 * 86_400 // 30 - 1
    assert heartbeat_count(10**7) == heartbeat_count(200_000)


def test_feed_b_is_cut_and_back_after_a_pause_with_new_numbers(firehose: Firehose) -> None:
    (cut,) = [gap for gap in firehose.truth.feeds[1].gaps if gap.cause == "disconnect"]
    assert cut.epoch == 1
    assert cut.to_ms - cut.from_ms >= PAUSE_MS
    assert cut.estimated
    lines = arrivals(firehose, "b")
    first = next(i for i, (_, line) in enumerate(lines) if line.epoch == 2)
    assert lines[first - 1][1].control is ControlKind.DISCONNECT
    assert (lines[first][1].seq, lines[first][0]) == (1, cut.to_ms)


def test_many_mentions_come_out_of_order_within_the_lateness(firehose: Firehose) -> None:
    behind, newest = [], 0
    for line in firehose.lines:
        if line.feed == "a" and line.post:
            newest = max(newest, line.post.created_ms)
            behind.append(newest - line.post.created_ms)
    assert sum(1 for delay in behind if 10_000 < delay <= LATENESS_MS) > 100
    assert sum(1 for delay in behind if delay > LATENESS_MS) == firehose.truth.feeds[0].late


def test_a_disconnect_announces_the_largest_gap(firehose: Firehose) -> None:
    a = [line for line in firehose.lines if line.feed == "a"]
    largest = max(firehose.truth.feeds[0].gaps, key=lambda gap: gap.to_seq - gap.from_seq)
    assert largest.cause == "sequence"
    before = [line for line in a if largest.from_seq - 3 <= line.seq < largest.from_seq]
    assert any(b"disconnect" in line.raw for line in before)
