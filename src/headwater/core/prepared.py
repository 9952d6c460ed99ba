"""Queries whose SQL is made once: for what every request asks, making the query costs more than running it.

    by_slug = Prepared(lambda: Organisation.objects.filter(slug=Given("slug")).values_list("pk", "name"))
    by_slug.rows(slug="works")             # [(3, "Ministry of Works")]

A `Given` stands where a value would, and takes another each time. Keep a `Prepared` as long as the process lives.
With `keeps_plan` PostgreSQL plans it once a connection, too: for queries whose best plan does not depend on the values.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from headwater.core.postgresql.base import keeping_cursor

Kept = TypeVar("Kept", bound=Model)


class Given(Expression):
    """A value that is given when the query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return "%s", [self]


def filled(params: Iterable[Any], given: Mapping[str, Any]) -> list[Any]:
    """Parameters with values in place of their `Given`s. Raises KeyError for one that is missing."""
    return [given[one.name] if isinstance(one, Given) else one for one in params]


class Prepared:
    """A query of values, built when it is first asked; safe for threads."""

    def __init__(self, build: Callable[[], QuerySet[Any, tuple[Any, ...]]], keeps_plan: bool = False) -> None:
        self._build = build
        self._keeps_plan = keeps_plan

    @cached_property
    def _made(self) -> tuple[str, tuple[Any, ...], SQLCompiler, Any]:
        compiler = self._build().query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        return sql, tuple(params), compiler, converters

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """What the query finds with these values in place of its `Given`s. Raises KeyError for one that is missing."""
        sql, params, compiler, converters = self._made
        with keeping_cursor() if self._keeps_plan else connection.cursor() as cursor:
            cursor.execute(sql, filled(params, given))
            found = cursor.fetchall()
        return [tuple(row) for row in compiler.apply_converters(found, converters)] if converters else found


def columns_of(model: type[Model], to: str = "") -> list[str]:
    """Names of all of a model's columns for `values_list`; `to` leads to the model ("person__")."""
    return [f"{to}{field.attname}" for field in model._meta.concrete_fields]


def instance_of(model: type[Kept], row: tuple[Any, ...]) -> Kept:
    """The thing that `columns_of(model)` read; what the row has beyond these columns is left alone."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(connection.alias, names, row[: len(names)])
