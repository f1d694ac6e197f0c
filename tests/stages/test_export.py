"""Exports are the last state of every key, sorted, and tell nothing about the run."""

import hashlib
import random
from collections.abc import Iterable
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import STAMP_HEADER, Outcome, RejectReason, Stamp
from streams.stages import export
from streams.stages.dead_letters import Digest
from streams.stages.rows import (
    BrandMeta,
    CaseRow,
    ClassifiedRow,
    DlqRow,
    EscalationRow,
    GapRow,
    HoursMeta,
    LineRow,
    Meta,
    WindowRow,
    milliseconds,
    rfc3339,
)
from streams.stages.rules import BrandRules
from streams.stages.service_hours import ServiceHours
from tests.stages.account_rows import (
    TIME_MS,
    case_record,
    classified,
    escalation,
    feed_record,
    gap_record,
    verdict,
    window_record,
)
from tests.stages.capture_told import rules

encode = msgspec.json.encode


def sorted_items(values: Iterable[bytes], order: tuple[str, ...] = ()) -> list[export.ClassifiedItem]:
    places = export.feed_places(order)
    return sorted(export.classified_item(value, places) for value in values)


def classified_rows(values: Iterable[bytes], order: tuple[str, ...] = ()) -> list[ClassifiedRow]:
    return list(export.counting_rows(sorted_items(values, order)))


def copy_rows(values: Iterable[bytes], order: tuple[str, ...] = ()) -> list[ClassifiedRow]:
    return list(export.other_rows(sorted_items(values, order)))


def test_times_are_rfc_3339_with_milliseconds() -> None:
    assert rfc3339(TIME_MS) == "2017-10-31T22:10:47.000Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999Z"


@given(st.integers(-(10**12), 10**14))
def test_times_come_back_to_the_millisecond(time_ms: int) -> None:
    assert milliseconds(rfc3339(time_ms)) == time_ms


NAMED = {
    ClassifiedRow: "id source brand role customers created_at intent actionable escalate reasons diverts closes late "
    "lang feed epoch seq",
    CaseRow: "source brand customer opened opened_by outcome closed first_response_s sla_due sla_breached mentions "
    "replies recontact reopened next_responses longest_next_response_s resolution_s",
    WindowRow: "window_start window_s brand source received roles duplicates intents escalated reasons pii "
    "diverting_replies missed_exact missed_upstream coverage cases rates sla_by_tier first_response "
    "next_response resolution response_by_followers share_of_voice volume_ratio",
    GapRow: "feed source epoch cause exact from_seq to_seq from to missed estimated",
    LineRow: "feed source epoch kind from_seq to_seq from to silent_s track settle_s final",
    DlqRow: "reason feed epoch seq position bytes sha256",
}


@pytest.mark.parametrize(("row", "names"), NAMED.items())
def test_rows_have_the_promised_fields_and_nothing_about_the_run(row: type[msgspec.Struct], names: str) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(row)}
    assert set(names.split()) <= fields
    assert not fields & {"revision", "offset", "partition", "timestamp", "model", "config", "text"}


def test_a_case_reads_like_this() -> None:
    closed = case_record(
        outcome=Outcome.MISSED, closed_ms=TIME_MS + 86_400_000, sla_breached=True, first_response_ms=None
    )
    [line] = export.json_lines(export.case_rows([encode(closed)]))
    assert orjson.loads(line) == {
        "source": "x",
        "brand": "acme",
        "customer": "c1",
        "tier": "default",
        "opened": "2017-10-31T22:10:47.000Z",
        "opened_by": "1",
        "outcome": "missed",
        "closed": "2017-11-01T22:10:47.000Z",
        "first_response_s": None,
        "sla_due": "2017-10-31T23:10:47.000Z",
        "sla_breached": True,
        "mentions": 1,
        "replies": 0,
        "recontact": False,
        "reopened": 0,
        "next_responses": 0,
        "longest_next_response_s": None,
        "resolution_s": None,
        "definitions": 1,
    }
    assert line.endswith(b"}\n")


@pytest.mark.parametrize(
    ("rows", "older", "newer"),
    [
        (export.case_rows, case_record(revision=3, mentions=1), case_record(revision=4, mentions=2)),
        (export.gap_rows, gap_record(revision=3, missed=1), gap_record(revision=4)),
        (export.feed_rows, feed_record(revision=3, sent=1), feed_record(revision=4, sent=2)),
        (
            export.window_rows,
            window_record(revision=3, final=False, counts={"received": 1}),
            window_record(revision=4, counts={"received": 2}),
        ),
    ],
)
def test_of_the_states_of_a_key_the_highest_revision_stands(rows: Any, older: Any, newer: Any) -> None:
    assert rows([encode(older), encode(newer)]) == rows([encode(newer), encode(older)]) == rows([encode(newer)])
    assert rows([encode(older)]) != rows([encode(newer)])


@given(st.integers(0, 2**32))
def test_the_order_in_which_records_are_read_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    values = [
        encode(case_record(case_id=f"x:{b}:{c}:1", brand=b, customer=c, revision=r, mentions=r))
        for b in ("acme", "bolt")
        for c in ("c1", "c2")
        for r in (1, 2, 3)
    ]
    shuffled = chance.sample(values, len(values))
    assert list(export.json_lines(export.case_rows(shuffled))) == list(export.json_lines(export.case_rows(values)))


@pytest.mark.parametrize(
    ("order", "one", "other"),
    [
        ((), {"feed": "a", "seq": 9}, {"feed": "b", "seq": 1}),
        (("b",), {"feed": "b", "seq": 9}, {"feed": "a", "seq": 1}),
        ((), {"epoch": 1, "seq": 9}, {"epoch": 2, "seq": 1}),
        ((), {"seq": 3}, {"seq": 4}),
        ((), {"created_at_ms": TIME_MS, "seq": 9}, {"created_at_ms": TIME_MS + 1, "seq": 1}),
    ],
)
def test_of_several_copies_the_one_that_counts_is_listed(order: tuple[str, ...], one: Any, other: Any) -> None:
    copies = [classified(**one), classified(**other)]
    [expected] = classified_rows([copies[0]])
    assert classified_rows(copies, order) == classified_rows(copies[::-1], order) == [expected]


def test_every_other_copy_is_listed_apart_in_the_order_of_its_time() -> None:
    later, late = classified(created_at_ms=TIME_MS + 1, seq=1), classified(verdict(late=True), seq=2)
    values = [later, late, classified(seq=3), classified(seq=4)]
    assert [row.seq for row in classified_rows(values)] == [3]
    assert [row.seq for row in copy_rows(values)] == [2, 4, 1]
    assert copy_rows(values[::-1]) == copy_rows(values)


def test_a_line_that_was_delivered_twice_is_no_copy() -> None:
    values = [classified(seq=1), classified(seq=2)] * 2
    assert [row.seq for row in copy_rows(values)] == [2]


def test_a_late_copy_never_stands_for_one_in_time() -> None:
    late = classified(verdict(late=True), seq=1)
    in_time = classified(seq=2)
    [row] = classified_rows([late, in_time])
    assert (row.late, row.seq) == (False, 2)
    assert classified_rows([late])[0].late


def test_a_mention_of_two_brands_has_a_row_for_each() -> None:
    values = [classified(verdict(brand=brand)) for brand in ("bolt", "acme")]
    assert [row.brand for row in classified_rows(values)] == ["acme", "bolt"]


def test_no_text_leaves_with_classified_rows() -> None:
    lines = b"".join(export.json_lines(classified_rows([classified()])))
    assert b"secret" not in lines
    assert b"someone" not in lines


def test_escalations_are_one_for_each_mention_and_brand() -> None:
    twice = [encode(escalation()), encode(escalation(late=True)), encode(escalation(brand="bolt"))]
    rows = export.escalation_rows(twice)
    assert [(row.brand, row.late) for row in rows] == [("acme", False), ("bolt", False)]
    assert rows == export.escalation_rows(twice[::-1])
    assert "created_at" in EscalationRow.__struct_fields__


def headers(reason: RejectReason, seq: int = 5) -> dict[str, bytes | None]:
    stamp = Stamp(feed="f", epoch=1, seq=seq, feed_time_ms=TIME_MS, reason=reason, position=17)
    return {STAMP_HEADER: encode(stamp), "other": None}


def test_a_reject_is_listed_with_size_and_hash_but_without_its_bytes() -> None:
    broken = b'{"text": "my number is 0123'
    [row] = export.dlq_rows([(broken, headers(RejectReason.NOT_JSON))] * 2)
    assert (row.reason, row.feed, row.seq, row.position) == ("not_json", "f", 5, 17)
    assert (row.bytes, row.sha256) == (len(broken), hashlib.sha256(broken).hexdigest())
    assert b"0123" not in b"".join(export.json_lines([row])).replace(row.sha256.encode(), b"")


def test_a_digest_speaks_for_bytes_that_were_too_long_to_keep() -> None:
    digest = Digest("mentions.raw.v1", 3, 99, 2_000_000, "ab" * 32)
    [row] = export.dlq_rows([(encode(digest), headers(RejectReason.TOO_LARGE))])
    assert (row.bytes, row.sha256) == (2_000_000, "ab" * 32)


def test_rejects_come_in_source_order_and_foreign_records_do_not() -> None:
    records = [(b"b", headers(RejectReason.EMPTY, 9)), (None, headers(RejectReason.EMPTY, 2)), (b"z", {})]
    assert [row.seq for row in export.dlq_rows(records)] == [2, 9]


def test_meta_tells_the_rules_and_the_account_of_the_feeds() -> None:
    feeds = export.feed_rows([encode(feed_record(sent=3, received=3))])
    told = rules()
    meta = export.meta_of(told, model="m1", config="c1", watermark_ms=TIME_MS, feeds=feeds)
    again = msgspec.json.decode(encode(meta), type=Meta)
    assert again == meta
    assert (meta.window_s, meta.lateness_s) == (told.window_ms / 1000, told.lateness_ms / 1000)
    assert (meta.sla_s, meta.response_horizon_s) == (told.sla_ms / 1000, told.horizon_ms / 1000)
    assert meta.rollup_s == tuple(width_ms / 1000 for width_ms in told.rollup_ms)
    assert (meta.watermark, meta.feeds[0].sent) == ("2017-10-31T22:10:47.000Z", 3)


def test_meta_tells_the_service_hours_and_the_baseline_of_a_brand() -> None:
    day = ((480, 750), (810, 1440))
    hours = ServiceHours("Europe/Berlin", (day, *((),) * 6), ("2017-12-25",))
    terms = BrandRules(horizon_ms=60_000, sla_ms=(500, 250), tiers=("default", "vip"), service_hours=hours)
    told = msgspec.structs.replace(rules(), brands={"acme": terms})
    meta = export.meta_of(told, model="", config="", watermark_ms=None, feeds=[], baselines={"acme": {"phone": 2.0}})
    assert meta.brands["acme"] == BrandMeta(
        response_horizon_s=60,
        sla_s={"default": 0.5, "vip": 0.25},
        service_hours=HoursMeta(
            time_zone="Europe/Berlin", week={"mon": ("08:00-12:30", "13:30-24:00")}, holidays=("2017-12-25",)
        ),
        baseline={"phone": 2.0},
    )


def test_windows_of_all_widths_are_listed_by_start_then_width() -> None:
    values = [
        encode(window_record(start, brand, window_ms=width))
        for start, width, brand in ((60_000, 60_000, "*"), (0, 300_000, "*"), (0, 60_000, "acme"), (0, 60_000, "*"))
    ]
    rows = export.window_rows(values)
    assert [(row.window_start[14:19], row.window_s, row.brand) for row in rows] == [
        ("00:00", 60, "*"),
        ("00:00", 60, "acme"),
        ("00:00", 300, "*"),
        ("01:00", 60, "*"),
    ]


def test_what_was_written_can_be_read_again() -> None:
    rows = export.window_rows([encode(window_record(counts={"received": 2, "first_response_3": 1}))])
    assert export.read_rows(export.json_lines(rows), WindowRow) == rows
    gaps = export.gap_rows([encode(gap_record())])
    [line] = export.json_lines(gaps)
    assert orjson.loads(line)["from"] == "2017-10-31T22:10:47.000Z"
    assert export.read_rows([line, b"\n"], GapRow) == gaps
