"""Several counts in one query, and counts that do not go on for ever.

What may hold a hundred thousand rows is counted up to a bound: that there are more than a thousand is all a reader
takes from such a figure, and to find out how many more would take longer than everything else on the page.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, ExpressionWrapper, F, IntegerField, Q, QuerySet, Subquery

AT_MOST = 1_000
SPARE = 100  # rows that are counted beyond the bound where so many may be taken off afterwards


class AtLeast(int):
    """A count that ended at its bound: that many, and more. It is shown as “1,000+”."""

    def __add__(self, others: int) -> "AtLeast":
        return AtLeast(int(self) + others)

    def __sub__(self, others: int) -> "AtLeast":
        return AtLeast(int(self) - others)


def bounded(found: int) -> int:
    """What a count that stops just beyond the bound says: how many there are, or that there are more than that."""
    return AtLeast(AT_MOST) if found > AT_MOST else found


def corrected(found: int, more: int) -> int:
    """What a count with `SPARE` says when so many rows more are to be counted, or fewer if negative."""
    left = max(found + more, 0)  # what went between two counts is taken off twice
    return AtLeast(left) if found > AT_MOST + SPARE and left <= AT_MOST else bounded(left)


class RowCount(Subquery):
    """How many rows a query has, as an expression: `annotate(open=RowCount(Report.objects.filter(…)))`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    empty_result_set_value = 0

    def __init__(
        self, rows: QuerySet[Any], ordered: bool = False, is_bounded: bool = False, spare: int = 0, **extra: Any
    ) -> None:
        """`ordered` keeps the order, which `distinct("field")` needs. For `is_bounded` see `bounded`; the order stays,
        for an index that has it ends the count as soon as the bound, and what is to `spare`, is reached."""
        rows = rows.values("pk") if ordered or is_bounded else rows.order_by().values("pk")
        super().__init__(rows[: AT_MOST + 1 + spare] if is_bounded else rows, **extra)


class RowCounts(Subquery):
    """How many of a query's rows pass each test, as one expression that gives a list in the order of the tests.

    Only the first rows are looked at, one more than AT_MOST: `bounded` makes of it what can be said of all rows, and of
    those that pass a test where they come first in the order. With `each`, the different values of that column count.
    """

    output_field = ArrayField(IntegerField())

    def __init__(self, rows: QuerySet[Any], tests: Sequence[Q], each: str = "", **extra: Any) -> None:
        names = [f"test_{number}" for number in range(len(tests))]
        passes = {name: ExpressionWrapper(test, BooleanField()) for name, test in zip(names, tests, strict=True)}
        counted = {"one_of": F(each)} if each else {}
        count = "DISTINCT one_of" if each else "*"
        counts = ", ".join(f"COUNT({count}) FILTER (WHERE {name})" for name in names)
        extra["template"] = f"(SELECT ARRAY[{counts}] FROM (%(subquery)s) AS counted)"
        super().__init__(rows.values(**passes, **counted)[: AT_MOST + 1], **extra)
        self.empty_result_set_value = [0] * len(names)
