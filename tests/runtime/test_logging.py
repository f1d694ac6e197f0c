"""A log line is one line of key=value pairs, whatever somebody wrote into it."""

import io
import logging
import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UsageError
from streams.runtime.logging import LineFormatter, configure_logging, quote


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logging("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_has_time_level_logger_and_message(stream: io.StringIO) -> None:
    logging.getLogger("streams.demo").warning("lag is %d", 5)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(rf'time={time} level=warning logger=streams\.demo message="lag is 5"\n', stream.getvalue())


def test_fields_follow_the_message(stream: io.StringIO) -> None:
    logging.getLogger("x").info("started", extra={"fields": {"port": 9101, "topic": "a b"}})
    assert stream.getvalue().endswith('message=started port=9101 topic="a b"\n')


def test_levels_below_the_chosen_one_are_silent(stream: io.StringIO) -> None:
    logging.getLogger("x").debug("nothing")
    assert stream.getvalue() == ""


def test_an_unknown_level_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="unknown log level 'loud'"):
        configure_logging("loud")


def test_a_traceback_stays_on_the_line() -> None:
    try:
        int("a\nb")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    line = LineFormatter().format(record)
    assert "\n" not in line
    assert "ValueError: invalid literal" in line


def test_plain_words_stay_bare_and_others_are_quoted() -> None:
    assert quote("mentions.raw.v1") == "mentions.raw.v1"
    assert quote("") == '""'
    assert quote('a "b"\\') == '"a \\"b\\"\\\\"'
    assert quote("x\r\n\x1b[31m\u2028") == '"x\\r\\n\\x1b[31m\\u2028"'


@given(st.text())
def test_no_text_can_break_or_forge_a_line(text: str) -> None:
    quoted = quote(text)
    assert quoted.splitlines() == [quoted]
    assert quoted.isprintable()
    inner = quoted[1:-1] if quoted.startswith('"') else quoted
    assert re.sub(r"\\.", "", inner).count('"') == 0
