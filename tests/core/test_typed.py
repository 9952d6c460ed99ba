"""Whatever is typed is a number, a moment or a day, or none; nothing that is typed is a fault."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.typed import read_day, read_moment, read_number, read_numbers

MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.timezones())


@given(st.text())
def test_any_text_is_read(typed: str) -> None:
    assert (read_number(typed) is None) == (not typed.isdecimal() or len(typed) > 18)
    assert read_moment(typed) is None or read_day(typed) is None


@given(st.integers(0, 10**18 - 1))
def test_a_number_is_itself(number: int) -> None:
    assert read_number(str(number)) == number


@pytest.mark.parametrize(
    "typed", ["", "-1", "+1", "1 ", "1.0", "1e3", "0x1", "1\0", "²", "null", "9" * 19, "9" * 5_000]
)
def test_what_is_no_number(typed: str) -> None:
    assert read_number(typed) is None
    assert read_numbers([typed, "7", "٣"]) == [7, 3]  # digits of any script


@given(MOMENTS)
def test_a_moment_is_itself_in_utc(moment: datetime) -> None:
    read = read_moment(moment.isoformat())
    assert read is not None
    assert read.tzinfo is UTC
    assert abs((read - moment).total_seconds()) < 60  # long ago offsets had seconds, which ISO 8601 does not write


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "today",
        "2024-01-01",
        "2024-01-01T00:00:00",  # without an offset it could be any of a day's moments
        "2024-13-45T00:00:00+00:00",
        "2024-01-01T25:00:00+00:00",
        "2024-01-01T00:00:00+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "9" * 5_000,
    ],
)
def test_what_is_no_moment(typed: str) -> None:
    assert read_moment(typed) is None


def test_days() -> None:
    assert read_day("2024-02-29") == date(2024, 2, 29)
    assert [read_day(typed) for typed in ("", "2023-02-29", "2024-13-45", "yesterday", "9" * 5_000)] == [None] * 5
