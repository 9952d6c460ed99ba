"""Lists that go on from where a page ended: the thousandth page is as quick as the first, and nobody counts them all.

    newest = Order(By("created_at", falls=True), By("pk", falls=True))
    newest.sorted(reports)                                   # the newest first
    newest.sorted(reports.filter(newest.beyond(place)))      # those after the report whose values `place` names

The values of the place are `Given`s: see `Order.given`. The last column is a number that tells any two rows apart, the
others are moments.

An address names a place by its values, not by its row, which may have moved or gone when the next page is asked for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet

from headwater.core.prepared import Given

Row = TypeVar("Row", bound=Model)
Place = tuple[datetime | int | None, ...]

_BEGINNING, _STEP = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_EMPTY, _BETWEEN, _LONGEST = "x", ".", 19  # digits: as many as any number of a row has


@dataclass(frozen=True)
class By:
    """A column that rows are sorted by. One that `may_be_empty` rises, and rows without it come last."""

    column: str
    falls: bool = False
    may_be_empty: bool = False

    def sorting(self, backwards: bool) -> Any:
        """For `order_by`."""
        falls = self.falls != backwards
        if not self.may_be_empty:
            return f"-{self.column}" if falls else self.column
        return F(self.column).desc(nulls_first=True) if falls else F(self.column).asc(nulls_last=True)

    def further(self, is_empty: bool, backwards: bool) -> Q | None:
        """Rows that this column alone puts beyond the place, which `is_empty` there; None when it can be none."""
        if is_empty:
            return Q(**{f"{self.column}__isnull": False}) if backwards else None
        return self._past("lt" if self.falls != backwards else "gt", backwards)

    def at_or_further(self, is_empty: bool, backwards: bool) -> Q:
        """Rows that are level with the place in this column or that it puts beyond: one stretch of an index."""
        if is_empty:
            return Q() if backwards else self.same(is_empty)
        return self._past("lte" if self.falls != backwards else "gte", backwards)

    def _past(self, comparison: str, backwards: bool) -> Q:
        past = Q(**{f"{self.column}__{comparison}": self._given})
        return past | Q(**{self.column: None}) if self.may_be_empty and not backwards else past

    def same(self, is_empty: bool) -> Q:
        """Rows that are level with the place in this column."""
        return Q(**{self.column: None if is_empty else self._given})

    @property
    def _given(self) -> Given:
        return Given(f"place_{self.column}")


class Order:
    """The order of a list, and what of it lies beyond a place in it."""

    def __init__(self, *columns: By) -> None:
        self.columns = columns

    def sorted(self, rows: QuerySet[Row], backwards: bool = False) -> QuerySet[Row]:
        """The rows in this order, or from its end."""
        return rows.order_by(*(by.sorting(backwards) for by in self.columns))

    def written(self, row: Model) -> str:
        """The place of a row, for an address."""
        *moments, number = (getattr(row, by.column) for by in self.columns)
        words = [_EMPTY if each is None else str((each - _BEGINNING) // _STEP) for each in moments]
        return _BETWEEN.join([*words, str(number)])

    def read(self, written: str) -> Place | None:
        """The place that `written` wrote; None for whatever is none in this order."""
        words = written.split(_BETWEEN)
        if len(words) != len(self.columns) or not all(map(_is_number_or_empty, words)):
            return None
        *moments, number = (None if word == _EMPTY else int(word) for word in words)
        try:
            place = (*(None if each is None else _BEGINNING + each * _STEP for each in moments), number)
        except OverflowError:
            return None
        return place if self._holds(place) else None

    def _holds(self, place: Place) -> bool:
        return all(by.may_be_empty or value is not None for by, value in zip(self.columns, place, strict=True))

    def given(self, place: Place) -> dict[str, Any]:
        """The values of a place, for a prepared query."""
        named = zip(self.columns, place, strict=True)
        return {f"place_{by.column}": value for by, value in named if value is not None}

    def empty(self, place: Place) -> frozenset[str]:
        """Which columns of a place are empty."""
        return frozenset(by.column for by, value in zip(self.columns, place, strict=True) if value is None)

    def beyond(self, empty: frozenset[str] = frozenset(), backwards: bool = False) -> Q:
        """Rows after the place; `backwards`, before it.

        The first column is bounded by itself, so that an index is followed from there on and left when enough is found.
        Were the rest of the rule one that an index answers, too, PostgreSQL would rather collect all there is beyond.
        """
        first, *others = self.columns
        level = first.same(first.column in empty)
        found = ~level
        for by in others:
            further = by.further(by.column in empty, backwards)
            if further is not None:
                found |= level & further
            level &= by.same(by.column in empty)
        return first.at_or_further(first.column in empty, backwards) & found


def _is_number_or_empty(word: str) -> bool:
    digits = word.removeprefix("-")
    return word == _EMPTY or (digits.isascii() and digits.isdigit() and len(digits) < _LONGEST)
