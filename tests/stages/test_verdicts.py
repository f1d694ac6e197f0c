"""Goal: a classified record is the mention as it came plus a verdict that says what was decided, nothing more.
Method: batches through ``process_batch`` with a judge of words, outputs decoded with the structs of records."""

from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import STAMP_HEADER, ControlKind, Escalation, RejectReason, Stamp, Verdict
from streams.stages.classify import BatchOutput, process_batch
from streams.stages.escalations import gravest_of, priority_of
from streams.stages.keys import case_key, murmur2_partition
from streams.stages.route import make_hasher
from streams.stages.verdict_writer import SCORES
from streams.stages.verdicts import SCORE_STEPS, steps_of
from tests.raw import NOON_MS, Value, as_bytes, batch, context, control, mention, settings

HASH = make_hasher(settings().privacy.customer_key.get_secret_value().encode())


class Classified(msgspec.Struct):
    verdict: Verdict


def process(*values: Value, **overrides: Any) -> BatchOutput:
    return process_batch(batch(values), context(**overrides), {}, NOON_MS)


def verdicts(*values: Value, **overrides: Any) -> list[Verdict]:
    output = process(*values, **overrides)
    return [msgspec.json.decode(value, type=Classified).verdict for value in output.classified.values]


def test_the_verdict_is_spliced_into_the_bytes_as_they_came() -> None:
    value = as_bytes(mention(text="an issue")) or b""
    value = value[:-1] + b', "extra" : [1,  2]}'
    (record,) = process(value).classified.values
    assert record.startswith(value[:-1] + b',"verdict":{"brand":"Acme","role":"customer",')
    assert orjson.loads(record).keys() == orjson.loads(value).keys() | {"verdict"}


def test_a_written_verdict_is_what_msgspec_would_write() -> None:
    texts = ("an issue with a lawyer a@b.c", "vent", "hola", "solved praise", "dm")
    values = [mention(i, text=text) for i, text in enumerate(texts)]
    values += [mention(8, author="acme", text="dm me", mentions=("1", "2")), mention(9, mentions=())]
    for record in process(*values).classified.values:
        written = record[record.index(b',"verdict":') + len(b',"verdict":') : -1]
        assert written == msgspec.json.encode(msgspec.json.decode(written, type=Verdict))


def test_a_customer_verdict_says_all_that_was_decided() -> None:
    (verdict,) = verdicts(mention(text="issue lawyer"))
    assert verdict == Verdict(
        brand="Acme",
        role="customer",
        customers=(HASH("x", "c1"),),
        intent="issue",
        scores={"issue": 0.8, "praise": 0.05, "vent": 0.05, "review": 0.05, "other": 0.05},
        actionable=True,
        needs_reply=True,
        escalate=True,
        escalation_score=0.9,
        reasons=("legal",),
        diverts="",
        closes=False,
        pii=(),
        lang="en",
        late=False,
        tier="default",
        model="words-1",
        config="config-1",
    )


@pytest.mark.parametrize(
    ("text", "actionable", "needs_reply"),
    [("issue", True, True), ("vent", False, True), ("praise", False, False), ("lawyer", True, True)],
)
def test_issues_and_escalations_are_actionable_and_vents_need_a_reply(
    text: str, actionable: bool, needs_reply: bool
) -> None:
    (verdict,) = verdicts(mention(text=text))
    assert (verdict.actionable, verdict.needs_reply) == (actionable, needs_reply)


def test_escalations_are_not_actionable_where_settings_say_so() -> None:
    (verdict,) = verdicts(mention(text="praise lawyer"), rules__actionable="issue")
    assert (verdict.actionable, verdict.needs_reply, verdict.escalate) == (False, False, True)


def test_only_customers_are_judged_and_only_replies_divert() -> None:
    text = "issue lawyer solved dm"
    customer, reply, nobody = verdicts(
        mention(1, text=text), mention(2, author="acme", text=text), mention(3, mentions=(), text=text)
    )
    assert (customer.intent, customer.closes, customer.diverts, customer.escalate) == ("issue", True, "", True)
    for other, role, diverts in ((reply, "brand", "dm"), (nobody, "none", "")):
        assert (other.role, other.intent, other.scores, other.escalate) == (role, None, {}, False)
        assert (other.closes, other.reasons, other.escalation_score, other.diverts) == (False, (), 0.0, diverts)


def test_text_in_another_language_is_unjudged() -> None:
    (verdict,) = verdicts(mention(text="hola"))
    assert (verdict.intent, verdict.scores, verdict.lang) == ("unjudged", {}, "es")


def test_personal_data_is_masked_and_nothing_else_changes() -> None:
    value = (as_bytes(mention(text="write to a@b.c, caf\u00e9")) or b"")[:-1] + b',"extra":1}'
    (record,) = process(value).classified.values
    tree = orjson.loads(record)
    verdict = tree.pop("verdict")
    assert (tree["text"], tree["extra"], verdict["pii"]) == ("write to [e-mail address], caf\u00e9", 1, ["email"])
    assert {k: v for k, v in tree.items() if k != "text"} == {
        k: v for k, v in orjson.loads(value).items() if k != "text"
    }


def test_a_verdict_that_a_mention_brings_along_is_dropped() -> None:
    value = (as_bytes(mention()) or b"")[:-1] + b',"verdict":{"brand":"Evil"}}'
    (record,) = process(value).classified.values
    assert record.count(b'"verdict"') == 1
    assert orjson.loads(record)["verdict"]["brand"] == "Acme"


def test_key_and_partition_of_a_record_follow_mention_and_case() -> None:
    output = process(mention(7, mentions=("acme", "bolt")))
    assert list(output.classified.keys) == [b"x:7:Acme", b"x:7:Bolt"]
    cases = [case_key("x", brand, HASH("x", "c7")) for brand in ("Acme", "Bolt")]
    assert output.classified.partitions.tolist() == [murmur2_partition(case.encode(), 3) for case in cases]


def test_a_late_mention_is_classified_as_late_and_is_no_event() -> None:
    late = mention(2, created_at_ms=NOON_MS, feed_time_ms=NOON_MS + 300_001)
    in_time = mention(3, created_at_ms=NOON_MS, feed_time_ms=NOON_MS + 300_000)
    output = process(late, in_time)
    found = [msgspec.json.decode(value, type=Classified).verdict.late for value in output.classified.values]
    assert (found, output.stats.mentions["late"], output.stats.mentions["customer"]) == ([True, False], 1, 1)


def test_an_escalation_tells_the_desk_what_it_needs() -> None:
    author = mention(4, text="lawyer issue a@b.c", followers=999, verified=False)
    output = process(author, mention(5, text="issue"))
    (value,) = output.escalations.values
    escalation = msgspec.json.decode(value, type=Escalation)
    assert (escalation.text, escalation.brand, escalation.tier) == ("lawyer issue [e-mail address]", "Acme", "fans")
    assert (escalation.customer, escalation.author) == (HASH("x", "c4"), "c4")
    assert escalation.priority == pytest.approx(100 * (0.4 * 0.9 + 0.3 * 0.8 + 0.1 * 0.5 + 0.1))
    assert list(output.escalations.keys) == [b"x:4:Acme"]
    assert output.escalations.partitions.tolist() == output.classified.partitions[:1].tolist()


def test_priority_grows_with_reach_repetition_and_tier_up_to_100() -> None:
    weights = settings().priority
    plain = priority_of(weights, 0.0, 0.0, 0, verified=False, repeated=False, tiered=False)
    gravest = gravest_of(weights, ("safety", "repeat"))
    most = priority_of(weights, 1.0, gravest, 0, verified=True, repeated=True, tiered=True)
    assert (plain, most) == (0.0, 100.0)


@given(st.floats(0, 1, width=32))
def test_scores_are_published_with_four_decimals(score: float) -> None:
    (step,) = steps_of(np.array([score], np.float32)).tolist()
    assert step / SCORE_STEPS == pytest.approx(score, abs=0.5 / SCORE_STEPS)
    assert float(SCORES[step]) == step / SCORE_STEPS


def test_a_reject_is_buried_with_its_bytes_its_place_and_its_reason() -> None:
    stamp = Stamp(feed="g", epoch=1, seq=9, feed_time_ms=NOON_MS, reason=RejectReason.NOT_CSV, position=77)
    raw = batch(
        [mention(), b"\xff\x00"],
        start=50,
        headers={1: [("trace", b"t"), (STAMP_HEADER, msgspec.json.encode(stamp))]},
        keys={1: b"key"},
    )
    output = process_batch(raw, context(), {}, NOON_MS)
    (letter,) = output.dlq
    headers = dict(letter.headers)
    assert (letter.key, letter.value, letter.partition) == (b"key", b"\xff\x00", 0)
    assert headers["trace"] == b"t"
    assert msgspec.json.decode(headers[STAMP_HEADER] or b"", type=Stamp) == stamp
    place = {name: headers[f"__connect.errors.{name}"] for name in ("topic", "partition", "offset")}
    assert place == {"topic": b"mentions.raw.v1", "partition": b"0", "offset": b"51"}
    assert headers["__connect.errors.exception.message"] == b"not_csv"
    assert output.stats.rejects == {"not_csv": 1}


SMALL: dict[str, Any] = {"kafka__message_max_bytes": 131_072, "classify__block_bytes": 65_536}


def test_a_mention_whose_output_would_be_too_large_is_a_reject_instead() -> None:
    grows = mention(2, text="a@b.c" * 20_000)  # masked it is three times as long
    output = process(mention(1), grows, mention(3), **SMALL)
    assert list(output.classified.keys) == [b"x:1:Acme", b"x:3:Acme"]
    assert output.stats.rejects == {"output_too_large": 1}
    (letter,) = output.dlq
    digest = orjson.loads(letter.value or b"")
    assert (digest["topic"], digest["partition"], digest["offset"]) == ("mentions.raw.v1", 0, 1)
    assert digest["sha256"] == sha256(as_bytes(grows) or b"").hexdigest()


def test_what_is_too_large_to_read_is_buried_as_its_hash() -> None:
    large = mention(2, text="x" * 140_000)
    output = process(mention(1), large, **SMALL)
    (letter,) = output.dlq
    digest = orjson.loads(letter.value or b"")
    assert (digest["offset"], digest["bytes"], output.stats.rejects) == (
        1,
        len(as_bytes(large) or b""),
        {"too_large": 1},
    )


def test_stats_count_every_line_once() -> None:
    output = process(
        mention(1),
        mention(2, author="acme"),
        mention(3, author="acmebot"),
        mention(4, mentions=("acme", "bolt")),
        mention(5, mentions=()),
        control(ControlKind.LIMIT, seq=6, track=3),
        control(ControlKind.PROGRESS, feed_time_ms=NOON_MS),
        "{",
    )
    stats = output.stats
    assert (stats.records, stats.lines, stats.controls, stats.rejects) == (8, 7, 1, {"not_json": 1})
    assert stats.mentions == {"customer": 2, "brand": 1, "bot": 1, "none": 1, "late": 0}
    assert sum(stats.mentions.values()) + stats.controls + sum(stats.rejects.values()) == stats.lines
