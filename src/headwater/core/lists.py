"""Many small lists in one query: what is held about a person is fifty lists, most of them empty."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, QuerySet
from django.db.models.query import FlatValuesListIterable

from headwater.core.postgresql.base import keeping_cursor
from headwater.core.prepared import filled


class _Read(NamedTuple):
    """How the rows of one list are read."""

    fields: "list[tuple[str, Field[Any, Any]]]"
    is_flat: bool


class Lists:
    """Queries of `values` (rows are dictionaries) or of flat `values_list`, by name, asked in one round.

    They are built when first asked, with a `Given` for what differs from asking to asking (core/prepared.py); making
    fifty queries takes longer than running them. Keep a `Lists` as long as the process lives; safe for threads.
    """

    def __init__(self, build: Callable[[], Mapping[str, QuerySet[Any, Any]]]) -> None:
        self._build = build

    @cached_property
    def _made(self) -> tuple[str, tuple[Any, ...], dict[str, _Read | None]]:
        parts, params = [], []
        reads: dict[str, _Read | None] = {}
        for name, query in self._build().items():
            compiler = query.all().query.get_compiler(connection=connection)
            reads[name] = None
            try:
                sql, given = compiler.as_sql()
            except EmptyResultSet:
                continue
            fields = [(alias, column.output_field) for column, _sql, alias in compiler.select]
            reads[name] = _Read(fields, query._iterable_class is FlatValuesListIterable)
            parts.append(f"(SELECT COALESCE(JSON_AGG(listed), '[]') FROM ({sql}) AS listed)")
            params.extend(given)
        return f"SELECT {', '.join(parts)}", tuple(params), reads

    def rows(self, **given: Any) -> dict[str, list[Any]]:
        """{name: rows} with these values in place of the `Given`s. Raises KeyError for one that is missing."""
        sql, params, reads = self._made
        with keeping_cursor() as cursor:
            cursor.execute(sql, filled(params, given))
            lists = iter(cursor.fetchone())
        return {name: [_row(row, read) for row in next(lists)] if read else [] for name, read in reads.items()}


def _row(row: dict[str, Any], read: _Read) -> Any:
    """JSON has neither days nor hours: each value as its field has it, or None where a reference leads nowhere."""
    values = {name: None if row[name] is None else field.to_python(row[name]) for name, field in read.fields}
    return next(iter(values.values())) if read.is_flat else values
