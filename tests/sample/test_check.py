"""A perfect account meets the truth; any planted difference is found and named."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from config.settings import Settings
from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.cases import Said, Terms, read_cases
from streams.sample.check import check_account, hash_customer
from streams.sample.firehose import Firehose, make_firehose
from streams.sample.script import Post
from streams.sample.tally import GapTruth
from streams.stages.rules import Rules

KEY = "key-of-this-test"
RULES = Rules.from_settings(Settings(brands=SAMPLE_BRANDS))
ROLES = {"customer": "customer", "agent": "brand", "bot": "bot"}


class Account(msgspec.Struct):
    """Export rows, as lists of dictionaries."""

    classified: list[dict]
    cases: list[dict]
    feeds: list[dict]
    gaps: list[dict]


def rfc3339(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"


def judge(post: Post, who: str) -> dict:
    """A judge without any sense, but always the same: the truth must hold for whatever it says."""
    roll = int(post.id) * 2_654_435_761 % 1_000
    intent = ("issue", "vent", "praise", "other", "unjudged")[roll % 5] if who == "customer" else None
    return {
        "intent": intent,
        "actionable": intent == "issue" or (who == "customer" and roll < 50),
        "escalate": who == "customer" and roll < 50,
        "closes": who == "customer" and roll % 7 == 0,
        "diverts": "dm" if who != "customer" and roll % 3 == 0 else "",
    }


def classified_row(post: Post, brand: str, who: str, customers: list[str], *, late: bool) -> dict:
    return {
        "id": post.id,
        "source": "x",
        "brand": brand,
        "role": ROLES.get(who, "none"),
        "customers": [hash_customer("x", name, KEY) for name in customers if name],
        "created_at": rfc3339(post.created_ms),
        "reasons": [],
        "late": late,
        "lang": "en",
        **judge(post, who),
    }


def perfect_account(firehose: Firehose) -> Account:
    truth = firehose.truth
    posts = {line.post.id: line.post for line in firehose.lines if line.post}
    classified = []
    for post in posts.values():
        late = post.id in truth.unheard
        by_brand: dict[int, list] = {}
        for concern in post.concerns:
            by_brand.setdefault(concern.brand, []).append(concern)
        for brand, concerns in by_brand.items():
            names = [concern.customer for concern in concerns]
            name = SAMPLE_BRANDS[brand].name
            classified.append(classified_row(post, name, concerns[0].who, names, late=late))
        if not post.concerns:
            classified.append(classified_row(post, "", "none", [], late=late))
    return Account(classified, perfect_cases(firehose, posts), perfect_feeds(firehose), perfect_gaps(firehose))


def perfect_cases(firehose: Firehose, posts: dict[str, Post]) -> list[dict]:
    rows = []
    for talk in firehose.truth.conversations:
        history = []
        for at_ms, post_id, who in talk.events:
            if post_id not in firehose.truth.unheard:
                said = judge(posts[post_id], who)
                needs = said["actionable"] or said["intent"] == "vent"
                history.append(
                    Said(at_ms, post_id, who, said["actionable"], needs, said["closes"], said["diverts"] != "")
                )
        brand = RULES.of_brand(talk.brand)
        terms = Terms(
            horizon_ms=brand.horizon_ms,
            sla_ms=brand.sla_ms[brand.tiers.index(talk.tier)],
            case_limit_ms=30 * 86_400_000,
            recontact_ms=7 * 86_400_000,
            watermark_ms=2**53,
        )
        rows += [case_row(talk.brand, talk.customer, case) for case in read_cases(history, terms)]
    return rows


def case_row(brand: str, customer: str, case: object) -> dict:
    row = msgspec.structs.asdict(case)
    first_ms = row.pop("first_response_ms")
    return {
        "source": "x",
        "brand": brand,
        "customer": hash_customer("x", customer, KEY),
        "opened": rfc3339(row.pop("opened_ms")),
        "closed": rfc3339(row.pop("closed_ms")),
        "first_response_s": None if first_ms is None else first_ms / 1000,
        **row,
    }


def perfect_feeds(firehose: Firehose) -> list[dict]:
    extra = {"shed": 0, "waiting": 0, "difference": 0, "final": True, "source": "x"}
    return [{**msgspec.structs.asdict(feed), **extra} for feed in firehose.truth.feeds]


def perfect_gaps(firehose: Firehose) -> list[dict]:
    return [gap_row(feed.feed, gap) for feed in firehose.truth.feeds for gap in feed.gaps]


def gap_row(feed: str, gap: GapTruth) -> dict:
    row = msgspec.structs.asdict(gap)
    times = {"from": rfc3339(row.pop("from_ms")), "to": rfc3339(row.pop("to_ms"))}
    return {"feed": feed, "source": "x", "exact": gap.cause == "sequence", **row, **times}


@pytest.fixture(scope="module")
def small() -> Firehose:
    return make_firehose(3_000, seed=11)


@pytest.fixture(scope="module")
def perfect(small: Firehose) -> Account:
    return perfect_account(small)


def differences(firehose: Firehose, account: Account, rules: Rules = RULES) -> list[str]:
    return check_account(
        firehose.truth,
        account.classified,
        account.cases,
        account.feeds,
        rules,
        customer_key=KEY,
        gaps=account.gaps,
    )


def test_a_perfect_account_has_no_difference(small: Firehose, perfect: Account) -> None:
    assert differences(small, perfect) == []
    assert {case["outcome"] for case in perfect.cases} == {"missed", "stalled", "diverted", "resolved"}
    assert len({case["sla_breached"] for case in perfect.cases}) == 2
    assert any(case["recontact"] for case in perfect.cases)


def test_rows_may_be_structs_too(small: Firehose, perfect: Account) -> None:
    cases = [msgspec.defstruct("Row", list(row))(**row) for row in perfect.cases[:1]]
    assert differences(small, msgspec.structs.replace(perfect, cases=[*cases, *perfect.cases[1:]])) == []


def test_the_order_of_rows_does_not_matter(small: Firehose, perfect: Account) -> None:
    turned = Account(perfect.classified[::-1], perfect.cases[::-1], perfect.feeds[::-1], perfect.gaps[::-1])
    assert differences(small, turned) == []


FEED_FIGURES = ("sent", "received", "duplicates", "late", "rejected", "control", "missed_exact", "missed_upstream")


@pytest.mark.parametrize("figure", [*FEED_FIGURES, "shed", "difference", "waiting"])
def test_every_figure_of_capture_counts(figure: str, small: Firehose, perfect: Account) -> None:
    row = {**perfect.feeds[0], figure: perfect.feeds[0][figure] + 1}
    found = differences(small, msgspec.structs.replace(perfect, feeds=[row, perfect.feeds[1]]))
    assert found == [f"feeds: a: {figure} is {row[figure]}, in truth {perfect.feeds[0][figure]}"]


def first_case(account: Account, outcome: str) -> int:
    return next(i for i, case in enumerate(account.cases) if case["outcome"] == outcome)


@pytest.mark.parametrize(
    ("outcome", "field", "spoil"),
    [
        ("missed", "outcome", lambda _: "stalled"),
        ("missed", "sla_breached", lambda _: None),
        ("resolved", "closed", lambda _: None),
        ("resolved", "closed", lambda _: "soon"),
        ("resolved", "first_response_s", lambda seconds: seconds + 0.001),
        ("stalled", "opened", lambda opened: opened.replace("Z", "+01:00")),
        ("stalled", "mentions", lambda count: count + 1),
        ("diverted", "replies", lambda count: count - 1),
        ("diverted", "recontact", lambda flag: not flag),
    ],
)
def test_every_field_of_a_case_counts(
    outcome: str, field: str, spoil: Callable, small: Firehose, perfect: Account
) -> None:
    place = first_case(perfect, outcome)
    cases = list(perfect.cases)
    cases[place] = {**cases[place], field: spoil(cases[place][field])}
    found = differences(small, msgspec.structs.replace(perfect, cases=cases))
    assert len(found) == 1
    assert cases[place]["opened_by"] in found[0]
    assert f"{field.removesuffix('_s').removesuffix('ed')}" in found[0]


def test_missing_and_surplus_cases_are_found(small: Firehose, perfect: Account) -> None:
    missing = differences(small, msgspec.structs.replace(perfect, cases=perfect.cases[1:]))
    surplus = differences(small, msgspec.structs.replace(perfect, cases=[*perfect.cases, perfect.cases[0]]))
    assert len(missing) == 1
    assert missing[0].endswith("is missing")
    assert len(surplus) == 1
    assert surplus[0].endswith("should not be, or is there twice")


def test_another_customer_key_is_found(small: Firehose, perfect: Account) -> None:
    found = check_account(small.truth, perfect.classified, perfect.cases, perfect.feeds, RULES, customer_key="other")
    assert any(line.startswith("classified: ") for line in found)
    assert any(line.startswith("cases: ") for line in found)
    assert len(found) < 30  # the first few of each kind, then how many more


def conversation_row(account: Account) -> int:
    return next(i for i, row in enumerate(account.classified) if row["role"] == "customer" and not row["late"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"role": "bot"}, "is not what customer said"),
        ({"customers": []}, "is not what customer said"),
        ({"created_at": "2025-03-03T00:00:00.000Z"}, "is not what customer said"),
        ({"late": True}, "is late, but was delivered in time"),
        ({"brand": "Nobody"}, "is missing, but was delivered in time"),
        ({"actionable": "yes"}, "a row that is none"),
    ],
)
def test_a_misread_mention_is_found(change: dict, words: str, small: Firehose, perfect: Account) -> None:
    classified = list(perfect.classified)
    place = conversation_row(perfect)
    classified[place] = {**classified[place], **change}
    assert any(words in line for line in differences(small, msgspec.structs.replace(perfect, classified=classified)))


def test_a_mention_that_counts_although_no_feed_brought_it_in_time_is_found(small: Firehose, perfect: Account) -> None:
    classified = [{**row, "late": False} for row in perfect.classified]
    found = differences(small, msgspec.structs.replace(perfect, classified=classified))
    assert any("no feed delivered it in time" in line for line in found)


def test_rows_that_are_there_twice_or_not_at_all_are_found(small: Firehose, perfect: Account) -> None:
    place = next(i for i, row in enumerate(perfect.classified) if row["role"] == "none" and not row["late"])
    without = perfect.classified[:place] + perfect.classified[place + 1 :]
    twice = [*perfect.classified, perfect.classified[0]]
    no_brand = small.truth.no_brand
    assert differences(small, msgspec.structs.replace(perfect, classified=without)) == [
        f"roles: no brand: {no_brand - 1} mentions of role none, in truth {no_brand}"
    ]
    assert any("twice" in line for line in differences(small, msgspec.structs.replace(perfect, classified=twice)))


def test_missing_and_invented_gaps_are_found(small: Firehose, perfect: Account) -> None:
    first, *others = perfect.gaps
    missing = differences(small, msgspec.structs.replace(perfect, gaps=others))
    moved = differences(small, msgspec.structs.replace(perfect, gaps=[{**first, "to_seq": 10**6}, *others]))
    assert len(missing) == 1
    assert missing[0].endswith("is missing")
    assert len(moved) == 1
    assert "to_seq is 1000000, in truth" in moved[0]


@pytest.mark.parametrize("cause", ["sequence", "limit", "stall", "disconnect"])
@pytest.mark.parametrize("field", ["from", "to", "missed", "estimated"])
def test_every_field_of_every_kind_of_gap_counts(cause: str, field: str, small: Firehose, perfect: Account) -> None:
    place = next(i for i, row in enumerate(perfect.gaps) if row["cause"] == cause)
    gaps = list(perfect.gaps)
    gaps[place] = {**gaps[place], field: rfc3339(0) if field in ("from", "to") else 10**6}
    (found,) = differences(small, msgspec.structs.replace(perfect, gaps=gaps))
    assert found.startswith(f"gaps: {cause} of feed {gaps[place]['feed']} at number {gaps[place]['from_seq']} of epoch")
    assert f"{field}_ms is 0" in found or f"{field} is 1000000" in found


def test_a_gap_of_another_kind_is_another_gap(small: Firehose, perfect: Account) -> None:
    place = next(i for i, row in enumerate(perfect.gaps) if row["cause"] == "stall")
    gaps = list(perfect.gaps)
    gaps[place] = {**gaps[place], "cause": "disconnect"}
    surplus, missing = differences(small, msgspec.structs.replace(perfect, gaps=gaps))
    assert surplus.startswith("gaps: disconnect")
    assert surplus.endswith("should not be, or is there twice")
    assert missing.startswith("gaps: stall")
    assert missing.endswith("is missing")


def test_a_feed_without_account_and_an_account_without_feed_are_found(small: Firehose, perfect: Account) -> None:
    feeds = [perfect.feeds[0], {**perfect.feeds[1], "feed": "c"}]
    assert differences(small, msgspec.structs.replace(perfect, feeds=feeds)) == [
        "feeds: no account of feed b",
        "feeds: an account of feed c, which sent nothing",
    ]


def test_rules_that_the_truth_was_not_counted_for_are_named(small: Firehose, perfect: Account) -> None:
    rules = msgspec.structs.replace(RULES, lateness_ms=1, stall_ms=2, feed_order=("b", "a"))
    found = differences(small, perfect, rules)
    assert found == [
        "rules: the truth holds for L = 300000 ms, not 1",
        "rules: the truth holds for stalls of 90000 ms, heartbeats of 30000 ms",
        "rules: the truth holds for the feed order a, b",
    ]


def test_a_shorter_settling_time_leaves_cases_pending(small: Firehose, perfect: Account) -> None:
    found = check_account(
        small.truth, perfect.classified, perfect.cases, perfect.feeds, RULES, customer_key=KEY, settle_ms=0
    )
    assert any("in truth pending" in line for line in found)
