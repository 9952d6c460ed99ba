"""Lists that go on from where a page ended: the thousandth page is as quick as the first, and nobody counts them all.

    newest = Order(By("created_at", falls=True), By("pk", falls=True))
    newest.sorted(reports)                                   # the newest first
    newest.sorted(reports.filter(newest.beyond(place)))      # those after the report whose values `place` names

The values of the place are `Given`s: see `Order.given`. The last column has to tell any two rows apart.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet

from headwater.core.prepared import Given

Row = TypeVar("Row", bound=Model)


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

    def holds(self, values: Collection[Any]) -> bool:
        """Whether a row with these values of the columns has a place in the order."""
        return all(by.may_be_empty or value is not None for by, value in zip(self.columns, values, strict=True))

    def given(self, values: Collection[Any]) -> dict[str, Any]:
        """The place of a row with these values of the columns, for a prepared query."""
        named = zip(self.columns, values, strict=True)
        return {f"place_{by.column}": value for by, value in named if value is not None}

    def empty(self, values: Collection[Any]) -> frozenset[str]:
        """Which columns of a place are empty."""
        return frozenset(by.column for by, value in zip(self.columns, values, strict=True) if value is None)

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
