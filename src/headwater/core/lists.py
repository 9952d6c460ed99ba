"""Many small lists in one query: what is held about a person is fifty lists, most of them empty."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, QuerySet
from django.db.models.query import FlatValuesListIterable


def lists_of(queries: Mapping[str, QuerySet[Any, Any]]) -> dict[str, list[Any]]:
    """{name: rows} of queries of `values` (rows are dictionaries) or of flat `values_list`, asked in one round."""
    found: dict[str, list[Any]] = {name: [] for name in queries}
    asked, parts, params = [], [], []
    for name, query in queries.items():
        compiler = query.query.get_compiler(connection=connection)
        try:
            sql, given = compiler.as_sql()
        except EmptyResultSet:
            continue
        fields = [(alias, column.output_field) for column, _sql, alias in compiler.select]
        asked.append((name, fields, query._iterable_class is FlatValuesListIterable))
        parts.append(f"(SELECT COALESCE(JSON_AGG(listed), '[]') FROM ({sql}) AS listed)")
        params.extend(given)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", params)
        lists = cursor.fetchone()
    for (name, fields, is_flat), rows in zip(asked, lists, strict=True):
        found[name] = [_row(row, fields, is_flat) for row in rows]
    return found


def _row(row: dict[str, Any], fields: list[tuple[str, "Field[Any, Any]"]], is_flat: bool) -> Any:
    """JSON has neither days nor hours: each value as its field has it, or None where a reference leads nowhere."""
    values = {name: None if row[name] is None else field.to_python(row[name]) for name, field in fields}
    return next(iter(values.values())) if is_flat else values
