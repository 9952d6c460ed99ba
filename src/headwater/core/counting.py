"""Several counts in one query."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, ExpressionWrapper, IntegerField, Q, QuerySet, Subquery


class RowCount(Subquery):
    """How many rows a query has, as an expression: `annotate(open=RowCount(Report.objects.filter(…)))`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    empty_result_set_value = 0

    def __init__(self, rows: QuerySet[Any], ordered: bool = False, **extra: Any) -> None:
        """`ordered` keeps the order, which `distinct("field")` needs."""
        super().__init__((rows if ordered else rows.order_by()).values("pk"), **extra)


class RowCounts(Subquery):
    """How many of a query's rows pass each test, as one expression that gives a list in the order of the tests."""

    output_field = ArrayField(IntegerField())

    def __init__(self, rows: QuerySet[Any], tests: Sequence[Q], **extra: Any) -> None:
        names = [f"test_{number}" for number in range(len(tests))]
        passes = {name: ExpressionWrapper(test, BooleanField()) for name, test in zip(names, tests, strict=True)}
        counts = ", ".join(f"COUNT(*) FILTER (WHERE {name})" for name in names)
        extra["template"] = f"(SELECT ARRAY[{counts}] FROM (%(subquery)s) AS counted)"
        super().__init__(rows.order_by().values(**passes), **extra)
        self.empty_result_set_value = [0] * len(names)
