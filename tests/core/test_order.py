"""Places of a list, written for an address and read again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headwater.core.order import By, Order

NEWEST = Order(By("came", falls=True), By("pk", falls=True))
PRESSING = Order(By("due", may_be_empty=True), *NEWEST.columns)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
KEYS = st.integers(0, 10**18 - 1)


@dataclass
class Row:
    """What an order looks at."""

    due: datetime | None
    came: datetime
    pk: int


@given(st.builds(Row, st.none() | MOMENTS, MOMENTS, KEYS))
def test_a_place_is_read_as_it_was_written(row: Any) -> None:
    assert PRESSING.read(PRESSING.written(row)) == (row.due, row.came, row.pk)
    assert NEWEST.read(NEWEST.written(row)) == (row.came, row.pk)
    assert NEWEST.read(PRESSING.written(row)) is None


@given(st.text(st.sampled_from("0123456789.-x٣\0 "), max_size=60))
def test_whatever_is_typed_is_a_place_or_none(written: str) -> None:
    place = PRESSING.read(written)
    if place is not None:
        due, came, number = place
        assert due is None or isinstance(due, datetime)
        assert isinstance(came, datetime)
        assert isinstance(number, int)
        assert abs(number) < 2**63
