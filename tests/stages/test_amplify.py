"""Goal: copies are other people with the same brands, and every relation inside a copy holds as in the source."""

from zlib import crc32

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from models.records import Control, ControlKind, Mention
from streams.stages.amplify import copied_seq, copy_suffix, fill_template, make_template
from streams.stages.stamp import Kind, Line

KEEP = frozenset({"acme", "900"})
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


def line_of(mention: Mention) -> Line:
    return Line(Kind.MENTION, mention.created_at_ms, msgspec.json.encode(mention), crc32(mention.author.encode()))


def copy_of(mention: Mention, suffix: bytes) -> tuple[Mention, int]:
    payload, author_crc = fill_template(make_template(line_of(mention), KEEP, 3), suffix)
    return msgspec.json.decode(payload, type=Mention), author_crc


def test_a_customers_copy_is_another_customer_who_writes_to_the_same_brand() -> None:
    mention = Mention(
        id="5",
        author="77",
        created_at_ms=9,
        text="@Acme hi @bob",
        handle="jane",
        reply_to="4",
        reply_to_author="900",
        mentions=("900", "78"),
        handles=("acme", "bob"),
        followers=3,
    )
    copied, author_crc = copy_of(mention, b"~2")
    assert copied == Mention(
        id="5~2",
        author="77~2",
        created_at_ms=9,
        text="@Acme hi @bob",
        handle="jane~2",
        reply_to="4~2",
        reply_to_author="900",
        mentions=("900", "78~2"),
        handles=("acme", "bob~2"),
        followers=3,
    )
    assert author_crc == crc32(b"77~2")


def test_a_brands_copy_answers_the_copied_customer_in_its_own_name() -> None:
    for author, handle in (("acme", ""), ("12", "Acme"), ("900", "other")):
        reply = Mention(id="6", author=author, created_at_ms=9, text="x", handle=handle, reply_to="5", mentions=("77",))
        copied, author_crc = copy_of(reply, b"~1")
        assert (copied.author, copied.handle) == (author, handle)
        assert (copied.id, copied.reply_to, copied.mentions) == ("6~1", "5~1", ("77~1",))
        assert author_crc == crc32(author.encode())


MENTIONS = st.builds(
    Mention,
    id=NAMES,
    author=NAMES,
    created_at_ms=st.integers(1, 10**13),
    text=st.text(st.sampled_from('a\ufdd0\ufdd1~"\\0'), max_size=12),
    reply_to=NAMES | st.just(""),
    mentions=st.lists(NAMES | st.just("acme"), max_size=3).map(tuple),
)


@given(MENTIONS)
def test_the_first_copy_is_the_source_itself(mention: Mention) -> None:
    assert copy_of(mention, copy_suffix(0, 0))[0] == mention


@given(MENTIONS)
@example(Mention(id="\ufdd0\ufdd10", author="0", created_at_ms=1, text=""))
def test_nothing_but_names_changes_whatever_the_text_holds(mention: Mention) -> None:
    copied, author_crc = copy_of(mention, b"~7")
    assert (copied.text, copied.created_at_ms) == (mention.text, mention.created_at_ms)
    assert copied.id == mention.id + "~7"
    assert copied.mentions == tuple(name if name.lower() in KEEP else name + "~7" for name in mention.mentions)
    assert author_crc == crc32(copied.author.encode())


def test_suffixes_differ_by_copy_and_by_seed() -> None:
    suffixes = [copy_suffix(seed, copy) for seed in range(3) for copy in range(1, 50)]
    assert len(set(suffixes)) == len(suffixes)


@given(st.lists(st.integers(1, 1000), min_size=1, unique=True).map(sorted), st.integers(1, 20))
def test_numbers_of_copies_rise_and_gaps_grow_with_the_number_of_copies(seqs: list[int], copies: int) -> None:
    copied = [copied_seq(seq, copies, k) for seq in seqs for k in range(copies)]
    assert copied == sorted(set(copied))
    first, last = copied[0], copied[-1]
    missing = last - first + 1 - len(copied)
    assert missing == copies * (seqs[-1] - seqs[0] + 1 - len(seqs))


def control_copy(control: Control, suffix: bytes, copies: int) -> Control:
    line = Line(Kind.CONTROL, 0, msgspec.json.encode(control))
    return msgspec.json.decode(fill_template(make_template(line, KEEP, copies), suffix)[0], type=Control)


def test_every_copy_of_a_limit_notice_says_the_total_of_all_copies() -> None:
    limit = Control(control=ControlKind.LIMIT, track=7)
    assert control_copy(limit, b"", 3).track == control_copy(limit, b"~2", 3).track == 21


def test_a_copied_delete_deletes_the_copy() -> None:
    delete = Control(control=ControlKind.DELETE, id="5", author="77")
    copied = control_copy(delete, b"~2", 3)
    assert (copied.id, copied.author) == ("5~2", "77~2")


def test_a_broken_line_stays_as_broken_as_it_was() -> None:
    line = Line(Kind.BROKEN, 0, b"\xff{", 0, "not_utf8", 3)
    assert fill_template(make_template(line, KEEP, 3), b"~1") == (b"\xff{", 0)
