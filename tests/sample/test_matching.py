"""The brand that a text is about is no matter of taste: any honest matcher finds what the truth says."""

import json
import re

from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.firehose import Firehose

KEYWORDS = [(index, word) for index, brand in enumerate(SAMPLE_BRANDS) for word in brand.keywords]
HANDLES = {handle.lower(): index for index, brand in enumerate(SAMPLE_BRANDS) for handle in brand.handles}
BOTS = {handle.lower(): index for index, brand in enumerate(SAMPLE_BRANDS) for handle in brand.bot_handles}
WORD = re.compile(r"\w+")


def brands_of(mention: dict, *, whole_words: bool) -> set[int]:
    text = mention["text"].lower()
    parts = set(WORD.findall(text)) if whole_words else text
    named = {*mention.get("mentions", ()), mention.get("reply_to_author", "")}
    return {index for index, word in KEYWORDS if word in parts} | {HANDLES[name] for name in named & HANDLES.keys()}


def test_a_naive_matcher_finds_the_true_roles_and_customers(firehose: Firehose) -> None:
    """Whole words or any substring: the answer is the same, so the truth does not depend on the matcher."""
    for line in firehose.lines:
        if line.post is None:
            continue
        mention = json.loads(line.raw)
        seen = [(concern.brand, concern.customer, concern.who) for concern in line.post.concerns]
        author = mention["author"]
        if author in HANDLES or author in BOTS:
            brand, who = (HANDLES[author], "agent") if author in HANDLES else (BOTS[author], "bot")
            answered = [mention["reply_to_author"]] if "reply_to_author" in mention else []
            named = dict.fromkeys([*answered, *mention.get("mentions", ())])
            customers = [name for name in named if name not in HANDLES and name not in BOTS] or [""]
            assert seen == [(brand, customer, who) for customer in customers]
        else:
            for whole_words in (True, False):
                brands = sorted(brands_of(mention, whole_words=whole_words))
                assert seen == [(brand, author, "customer") for brand in brands], mention


def test_some_replies_name_another_brand_or_no_brand_at_all(firehose: Firehose) -> None:
    mentions = [json.loads(line.raw) for line in firehose.lines if line.post]
    by_desk = [mention for mention in mentions if mention["author"] in HANDLES]
    silent = [
        mention for mention in mentions if mention.get("reply_to_author") in HANDLES and "@" not in mention["text"]
    ]
    assert any(set(mention.get("mentions", ())) & HANDLES.keys() for mention in by_desk)
    assert len(silent) > 20


def test_identities_are_lower_case_and_names_are_shown_as_people_write_them(firehose: Firehose) -> None:
    mentions = [json.loads(line.raw) for line in firehose.lines if line.post]
    assert all(mention["author"] == mention["author"].lower() for mention in mentions)
    assert all(mention.get("handle", mention["author"]).lower() == mention["author"] for mention in mentions)
    assert any(mention.get("handle", "").istitle() for mention in mentions)


def test_important_people_are_told_apart_by_reach_and_by_mark(firehose: Firehose) -> None:
    tiers = {(talk.brand, talk.customer) for talk in firehose.truth.conversations if talk.tier == "vip"}
    assert len(tiers) > 5
    for line in firehose.lines:
        if line.post and any(concern.brand == 0 and concern.who == "customer" for concern in line.post.concerns):
            mention = json.loads(line.raw)
            vip = ("Aerovanta", mention["author"]) in tiers
            assert (mention.get("followers", 0) >= 100_000) == vip
            assert mention.get("verified", False) == vip
