"""Goal: what the compiled writer puts into one buffer is, record by record, the mention as it came with the verdict
that msgspec would write, and keys and tiers are those of plain Python. Method: drawn concerns and decisions."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Tier
from models.language import LANGUAGES
from models.records import CHANNELS, INTENTS, PII_KINDS, REASONS, Flag, Mention, Role, Verdict
from streams.stages.escalations import gravest_of
from streams.stages.mention_table import MentionTable
from streams.stages.output_records import ByteStrings, Records
from streams.stages.rewrite import open_mentions
from streams.stages.route import NO_BRAND, Concern, Concerns, Router
from streams.stages.tiers import Tiers
from streams.stages.verdict_writer import VerdictWriter
from streams.stages.verdicts import SCORE_STEPS, UNJUDGED, Decisions, names_of, steps_of
from tests.fakes import FakeJudgements
from tests.raw import mention, settings

BRANDS = settings().brands
NAMES = [*(brand.name for brand in BRANDS), ""]
WRITER = VerdictWriter(Router(BRANDS, b"key"), "model", 'config "1"')
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
HASHES = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")


class Row(msgspec.Struct):
    """One concern and all that was decided about it."""

    concern: Concern
    intent: int
    reasons: int
    diverts: int
    flags: int
    pii: int
    tier: int


@st.composite
def rows(draw: st.DrawFn, mentions: int) -> Row:
    role = draw(st.sampled_from(Role))
    customer = role is Role.CUSTOMER
    brand = NO_BRAND if role is Role.NONE else draw(st.integers(0, len(BRANDS) - 1))
    subjects = draw(st.lists(HASHES, min_size=1, max_size=4))
    return Row(
        Concern(draw(st.integers(0, mentions - 1)), brand, int(role), tuple(subjects), draw(st.booleans())),
        intent=draw(st.integers(0, UNJUDGED)) if customer else UNJUDGED,
        reasons=draw(st.integers(0, 127)),
        diverts=draw(st.integers(0, len(CHANNELS) - 1)),
        flags=draw(st.integers(0, 255)),
        pii=draw(st.integers(0, 127)),
        tier=draw(st.integers(0, len(BRANDS[brand].tiers))) if customer else 0,
    )


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[Mention], list[Row], FakeJudgements, Decisions]:
    count = draw(st.integers(1, 4))
    sources = st.sampled_from(["x", "bluesky", "é"])
    mentions = [mention(i, id=draw(TEXTS), text=draw(TEXTS), source=draw(sources)) for i in range(count)]
    drawn = draw(st.lists(rows(count), max_size=6))
    shares = st.floats(0, 1, width=32)
    scores = np.array(draw(st.lists(shares, min_size=6 * count, max_size=6 * count)), np.float32).reshape(count, 6)
    judged = judgements(scores, [draw(st.integers(0, len(LANGUAGES) - 1)) for _ in range(count)])
    late = np.array([draw(st.booleans()) for _ in range(count)])
    return mentions, drawn, judged, decisions(drawn, late)


def judgements(scores: Any, languages: list[int]) -> FakeJudgements:
    nothing = np.zeros(len(languages), np.uint8)
    return FakeJudgements(
        intent=nothing,
        scores=scores[:, :5],
        escalation=scores[:, 5],
        escalate=nothing > 0,
        reasons=nothing,
        pii=nothing.astype(np.uint16),
        masked={},
        lang=[LANGUAGES[code] for code in languages],
        languages=np.array(languages, np.uint8),
        closes=nothing > 0,
        diverts=nothing,
    )


def decisions(drawn: list[Row], late: Any) -> Decisions:
    return Decisions(
        mention=np.array([row.concern.mention for row in drawn], np.int64),
        role=np.array([row.concern.role for row in drawn], np.uint8),
        intent=np.array([row.intent for row in drawn], np.uint8),
        reasons=np.array([row.reasons for row in drawn], np.uint8),
        diverts=np.array([row.diverts for row in drawn], np.uint8),
        flags=np.array([row.flags for row in drawn], np.uint16),
        pii=np.array([row.pii for row in drawn], np.uint16),
        tier=np.array([row.tier for row in drawn], np.uint8),
        band=np.zeros(len(drawn), np.uint8),
        late=late,
    )


def plain_verdict(row: Row, judged: FakeJudgements, late: Any) -> Verdict:
    place, customer = row.concern.mention, row.concern.role == Role.CUSTOMER
    steps = steps_of(judged.scores)[place].tolist() if row.intent != UNJUDGED else []
    tiers = ("default", *(tier.name for tier in BRANDS[row.concern.brand].tiers))
    return Verdict(
        brand=NAMES[row.concern.brand],
        role=Role(row.concern.role).name.lower(),
        customers=row.concern.subjects if row.concern.addressed else (),
        intent=INTENTS[row.intent] if customer else None,
        scores={name: step / SCORE_STEPS for name, step in zip(INTENTS, steps, strict=False)},
        actionable=bool(row.flags & Flag.ACTIONABLE),
        needs_reply=bool(row.flags & Flag.NEEDS_REPLY),
        escalate=bool(row.flags & Flag.ESCALATED),
        escalation_score=int(steps_of(judged.escalation)[place]) / SCORE_STEPS if customer else 0.0,
        reasons=names_of(row.reasons, REASONS),
        diverts=CHANNELS[row.diverts],
        closes=bool(row.flags & Flag.CLOSES),
        pii=names_of(row.pii, PII_KINDS),
        lang=judged.lang[place],
        late=bool(late[place]),
        tier=tiers[row.tier] if customer else "",
        model="model",
        config='config "1"',
    )


@given(batches())
def test_a_compiled_record_is_the_mention_with_its_verdict(
    drawn: tuple[list[Mention], list[Row], FakeJudgements, Decisions],
) -> None:
    mentions, listed, judged, decided = drawn
    values = [msgspec.json.encode(one) for one in mentions]
    concerns = Concerns.of([row.concern for row in listed])
    written = WRITER.write_values(open_mentions(values, {}, []), concerns, decided, judged)
    verdicts = [msgspec.json.encode(plain_verdict(row, judged, decided.late)) for row in listed]
    heads = [values[row.concern.mention][:-1] for row in listed]
    assert list(written) == [b'%b,"verdict":%b}' % pair for pair in zip(heads, verdicts, strict=True)]
    assert written.sizes().tolist() == [len(value) for value in written]


@given(batches())
def test_a_key_is_source_id_and_brand(drawn: tuple[list[Mention], list[Row], FakeJudgements, Decisions]) -> None:
    mentions, listed, _, _ = drawn
    keys = WRITER.write_keys(MentionTable.of(mentions), Concerns.of([row.concern for row in listed]))
    named = [(mentions[row.concern.mention], NAMES[row.concern.brand]) for row in listed]
    assert list(keys) == [f"{one.source}:{one.id}:{brand}".encode() for one, brand in named]


def tier_of(tiers: Sequence[Tier], followers: int, verified: bool) -> int:
    """``Tiers.find`` for one author, by another road."""
    for index, tier in enumerate(tiers):
        if tier.verified and verified:
            return index + 1
        if followers >= tier.min_followers and not (tier.verified and tier.min_followers == 0):
            return index + 1
    return 0


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0, 499, 500, 10_000, 2**62]), st.booleans())))
def test_tiers_of_a_batch_are_those_of_each_author(authors: list[tuple[int, int, bool]]) -> None:
    brands, followers, verified = (np.array([author[i] for author in authors], kind) for i, kind in enumerate("qq?"))
    found = Tiers.of(BRANDS).find(brands, followers, verified)
    assert found.tolist() == [tier_of(BRANDS[brand].tiers, count, badge) for brand, count, badge in authors]


def test_blanks_behind_a_mention_do_not_hide_its_closing_brace() -> None:
    opened = open_mentions([b'{"id":"1"}', b'{"id":"2" } \r\n\t'], {}, [])
    found = [opened.data[a:b].tobytes() for a, b in zip(opened.starts, opened.stops, strict=True)]
    assert found == [b'{"id":"1"', b'{"id":"2" ']


def test_records_read_like_what_they_were_made_of() -> None:
    made = [(1, b"k", b"value"), (0, b"", b""), (1, b"key", "é".encode())]
    records = Records.of(made)
    assert (list(records), len(records), records.values[2]) == (made, 3, "é".encode())
    assert (list(ByteStrings.of([])), len(Records.of([]))) == ([], 0)


def test_of_several_reasons_the_gravest_counts() -> None:
    weights = settings().priority
    each = [gravest_of(weights, (reason,)) for reason in REASONS]
    assert gravest_of(weights, REASONS) == max(each) > min(each) >= gravest_of(weights, ()) == 0
