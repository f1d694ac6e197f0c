"""Goal: event times are exact to the millisecond, and what is no time is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.formats.times import parse_rfc3339, parse_twitter_time

MOMENTS = st.datetimes(datetime(2006, 3, 21), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(MOMENTS)
def test_twitter_times_are_read_as_they_are_written(moment: datetime) -> None:
    written = moment.strftime("%a %b %d %H:%M:%S +0000 %Y")
    assert parse_twitter_time(written) == int(moment.timestamp()) * 1000


@given(MOMENTS)
def test_rfc3339_times_are_cut_at_the_millisecond(moment: datetime) -> None:
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_rfc3339(moment.isoformat()) == round(whole.timestamp() * 1000)


def test_zones_are_taken_off() -> None:
    assert parse_twitter_time("Tue Oct 31 23:10:47 +0100 2017") == parse_twitter_time("Tue Oct 31 22:10:47 +0000 2017")
    assert parse_rfc3339("2017-10-31T22:10:47Z") == parse_rfc3339("2017-10-31t20:40:47-01:30") == 1_509_487_847_000


@pytest.mark.parametrize(
    "text",
    ["", "nan", "Tue Foo 31 22:10:47 +0000 2017", "Tue Feb 31 22:10:47 +0000 2017", "Tue Oct 31 25:00:00 +0000 2017"],
)
def test_what_is_no_twitter_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the reader only asks whether
        parse_twitter_time(text)


@pytest.mark.parametrize(
    "text", ["", "2017-10-31", "2017-10-31T22:10:47", "2017-13-01T00:00:00Z", "2017-10-31T22:10:47.Z", "yesterday"]
)
def test_what_is_no_rfc3339_time_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the reader only asks whether
        parse_rfc3339(text)
