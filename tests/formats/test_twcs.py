"""Goal: every row of a TWCS file is a mention or a counted reject, whatever the quoting."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Mention, RejectReason
from streams.formats.files import split_lines
from streams.formats.lines import Broken, Good, ReadLimits, SourceLine
from streams.formats.twcs import read_twcs
from tests.formats.samples import LIMITS, TWCS_HEADER, TWCS_ROW, read_file, twcs_row

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "twcs_sample.csv"


def read(*rows: str | bytes, header: str = TWCS_HEADER, limits: ReadLimits = LIMITS) -> list[SourceLine]:
    lines = [line.encode() if isinstance(line, str) else line for line in (header, *rows)]
    return list(read_twcs(split_lines(iter([b"\n".join(lines) + b"\n"]), limits.line_bytes), limits))


def ids(lines: list[SourceLine]) -> list[str]:
    return [
        line.mention.id if isinstance(line, Good) else line.reason for line in lines if not hasattr(line, "control")
    ]


def test_a_brands_row_is_an_official_mention_with_a_lower_case_author() -> None:
    (line,) = read(TWCS_ROW)
    assert line == Good(
        Mention(
            id="7",
            author="acmehelp",
            created_at_ms=1_509_487_847_000,
            text="@115712 Sorry!",
            source="twcs",
            handle="AcmeHelp",
            reply_to="4",
            mentions=("115712",),
        ),
        official=True,
    )


def test_a_customers_row_names_the_brands_in_its_text() -> None:
    (line,) = read(twcs_row(1, "@AcmeHelp and @AcmeHelp, cc @Other_1 but not me@mail.example"))
    assert isinstance(line, Good)
    assert line.mention.mentions == ("acmehelp", "other_1")
    assert (line.mention.author, line.mention.handle, line.official) == ("115712", "", False)


@given(
    st.lists(st.text(st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=30), max_size=8)
)
def test_any_text_survives_quoting(texts: list[str]) -> None:
    lines = read(*(twcs_row(number, text) for number, text in enumerate(texts)))
    assert [line.mention.text for line in lines if isinstance(line, Good)] == texts


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", RejectReason.EMPTY),
        ("9,AcmeHelp,False,yesterday,text,,", RejectReason.WRONG_SHAPE),
        ("9,AcmeHelp,maybe,Tue Oct 31 22:10:47 +0000 2017,text,,", RejectReason.WRONG_SHAPE),
        ("nine,AcmeHelp,False,Tue Oct 31 22:10:47 +0000 2017,text,,", RejectReason.WRONG_SHAPE),
        ("9,,,,nan,,", RejectReason.WRONG_SHAPE),
        ("9,A,True,Tue Oct 31 22:10:47 +0000 2017,one,comma,too,many", RejectReason.WRONG_SHAPE),
        ("9,A,True,Tue Oct 31 22:10:47 +0000 1997,too early,,", RejectReason.TIME_OUT_OF_RANGE),
        ("9,A,True,Tue Oct 31 22:10:47 +0000 2097,too late,,", RejectReason.TIME_OUT_OF_RANGE),
        ("9,A,True,Tue Oct 31 22:10:47 +0000 2017,nul \x00,,", RejectReason.BAD_TEXT),
        (b"9,A,True,Tue Oct 31 22:10:47 +0000 2017,caf\xe9,,", RejectReason.NOT_UTF8),
        ('9,A,True,Tue Oct 31 22:10:47 +0000 2017,"closed" and more,,', RejectReason.NOT_CSV),
        ('9,A,True,Tue Oct 31 22:10:47 +0000 2017,"never closed,,', RejectReason.NOT_CSV),
        ("9,A,True,Tue Oct 31 22:10:47 +0000 2017," + "x" * 300_000 + ",,", RejectReason.TOO_LARGE),
    ],
)
def test_a_broken_row_in_the_middle_is_one_reject_and_the_rest_goes_on(row: str | bytes, reason: RejectReason) -> None:
    lines = read(twcs_row(1), twcs_row(2), row, twcs_row(3), twcs_row(4))
    assert ids(lines) == ["1", "2", reason, "3", "4"]
    broken = lines[2]
    assert isinstance(broken, Broken)
    assert broken.position == 4  # the header is line 1
    assert broken.raw == (row.encode() if isinstance(row, str) else row)[: LIMITS.line_bytes]


def test_a_quote_that_nobody_closes_costs_its_own_record_even_when_it_has_several_lines() -> None:
    broken = '9,A,True,Tue Oct 31 22:10:47 +0000 2017,"first line\nsecond line\nthird'
    assert ids(read(twcs_row(1), broken, twcs_row(2), twcs_row(3, 'with "quotes"'))) == ["1", "not_csv", "2", "3"]


def test_without_a_time_before_the_text_an_open_quote_is_bounded_by_the_line_limit() -> None:
    header = "tweet_id,author_id,inbound,text,created_at,response_tweet_id,in_response_to_tweet_id"
    time = "Tue Oct 31 22:10:47 +0000 2017"
    rows = [f"{n},A,True,{'t' * 50},{time},," for n in range(100)]
    rows[10] = f'10,A,True,"open {"t" * 50},{time},,'
    lines = read(*rows, header=header, limits=ReadLimits(now_ms=LIMITS.now_ms, line_bytes=1000))
    rejects = [line for line in lines if isinstance(line, Broken)]
    assert len(rejects) == 1
    assert len(lines) >= 100 - 1000 // 80
    assert all(len(reject.raw) <= 1000 for reject in rejects)


def test_a_text_of_100_kb_is_a_mention() -> None:
    (line,) = read(twcs_row(1, 'long "one" ' * 10_000))
    assert isinstance(line, Good)
    assert len(line.mention.text) == 110_000


@pytest.mark.data
@pytest.mark.skipif(not SAMPLE.exists(), reason=f"{SAMPLE.name} is not beside the repository")
def test_every_row_of_the_real_sample_is_a_mention_or_a_reject() -> None:
    lines = read_file(SAMPLE)
    rejects = [line for line in lines if isinstance(line, Broken)]
    assert len(lines) == 5001
    assert [reject.reason for reject in rejects] == [RejectReason.WRONG_SHAPE]  # a row without any value
    assert sum(isinstance(line, Good) and line.official for line in lines) > 2000


def test_the_same_id_twice_is_two_mentions() -> None:
    assert ids(read(twcs_row(1), twcs_row(1, "again"))) == ["1", "1"]


def test_a_missing_response_column_and_another_order_are_fine() -> None:
    header = "text,created_at,inbound,author_id,in_response_to_tweet_id,tweet_id"
    (line,) = read('"a, b",Tue Oct 31 22:10:47 +0000 2017,True,1,,5', header=header)
    assert isinstance(line, Good)
    assert (line.mention.id, line.mention.text) == ("5", "a, b")
