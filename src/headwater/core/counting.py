"""Several counts in one query."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery


class RowCount(Subquery):
    """How many rows a query has, as an expression: `annotate(open=RowCount(Report.objects.filter(…)))`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any], ordered: bool = False, **extra: Any) -> None:
        """`ordered` keeps the order, which `distinct("field")` needs."""
        super().__init__((rows if ordered else rows.order_by()).values("pk"), **extra)
