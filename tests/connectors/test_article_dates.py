"""Dates as outlets write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dates import parse_date

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-31T12:00:00Z",
        "2024-01-31T12:00",
        " 2024-01-31 12:00:00 ",
        "2024-01-31T14:00:00+02:00",
        "2024-01-31 14:00:00 +0200",
        "2024-01-31 12:00:00 UTC",
        "2024-01-31 12:00:00.000 GMT",
        "20240131T120000Z",
        "2024-01-31T12:00:00.000000999Z",
        "Wed, 31 Jan 2024 12:00:00 GMT",
        "Wed, 31 Jan 2024 14:00:00 +0200",
        "31 Jan 2024 12:00:00 -0000",
        1706702400,
        1706702400.0,
        1706702400000,
        "1706702400",
        "1706702400000",
    ],
)
def test_one_instant_may_be_written_in_many_ways(value: object) -> None:
    assert parse_date(value) == NOON
    assert str(parse_date(value)) == str(NOON)


def test_a_date_alone_is_its_first_instant() -> None:
    assert parse_date("2024-01-31") == parse_date("20240131") == datetime(2024, 1, 31, tzinfo=UTC)


def test_microseconds_are_kept() -> None:
    assert parse_date("2024-01-31T12:00:00.123456Z") == NOON.replace(microsecond=123456)
    assert parse_date(1706702400123) == NOON.replace(microsecond=123000)


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "2024", "12:00", "2024-13-01", "2024-02-30", "17111231112", "1711123112345678", "x" * 1000),
        *("0001-01-01T00:00+05:00", "9999-12-31T23:00-05:00", "31 Jan 999999999999 12:00:00", "\ud800", "\0"),
        *("Wed, 31 Jan 2024 12:00:00 +99999999999", "- - - -", ",", "a,b", "٢٠٢٤-٠١-٣١", "²" * 9),
        *(True, None, [], {}, float("nan"), float("inf"), 1e300, -1e300, 10**30, 2.6e14),
    ],
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert parse_date(value) is None


@given(st.datetimes(timezones=st.timezones()))
def test_any_time_that_was_written_is_read_again(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        expected = None
    assert parse_date(moment.isoformat()) == expected


@given(st.text() | st.integers() | st.floats() | st.from_regex(r"[0-9a-zA-Z:+., -]{0,40}") | st.none())
def test_nothing_is_raised_and_every_date_is_in_utc(value: object) -> None:
    moment = parse_date(value)
    assert moment is None or moment.tzinfo is UTC
