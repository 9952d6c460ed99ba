"""Queries whose SQL is made once: for what every request asks, making the query costs more than running it.

    by_slug = Prepared(lambda: Organisation.objects.filter(slug=Given("slug")).values_list("pk", "name"))
    by_slug.rows(slug="works")             # [(3, "Ministry of Works")]

A `Given` stands where a value would, and takes another each time. Keep a `Prepared` as long as the process lives.
With `keeps_plan` PostgreSQL plans it once a connection, too: for queries whose best plan does not depend on the values.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Aggregate, Expression, Model, QuerySet, Value, prefetch_related_objects
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

from headwater.core.postgresql.base import keeping_cursor

Kept = TypeVar("Kept", bound=Model)
_populators: Any = get_related_populators  # which the published types know from another version only


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


class _Made(NamedTuple):
    """A query as SQL, with what Django knows of its columns."""

    sql: str
    params: tuple[Any, ...]
    compiler: SQLCompiler
    converters: Any


class Prepared:
    """A query of values, built when it is first asked; safe for threads."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], keeps_plan: bool = False) -> None:
        self._build = build
        self._keeps_plan = keeps_plan

    @cached_property
    def _made(self) -> _Made | None:
        return _made(self._build())

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """What the query finds with these values in place of its `Given`s. Raises KeyError for one that is missing."""
        return _asked(self._made, given, self._keeps_plan)


class PreparedFigures:
    """Figures over all rows of a query, as `aggregate` gives them: built from the rows and {name: aggregate}."""

    def __init__(self, build: Callable[[], tuple[QuerySet[Any, Any], Mapping[str, Aggregate]]]) -> None:
        self._build = build

    @cached_property
    def _query(self) -> tuple[_Made | None, dict[str, Any]]:
        rows, figures = self._build()
        grouped: Any = rows.order_by().values(all_in_one=Value(1)).annotate(**figures)
        return _made(grouped.values_list(*figures)), {name: one.empty_result_set_value for name, one in figures.items()}

    def of(self, **given: Any) -> dict[str, Any]:
        """{name: figure} with these values in place of the `Given`s. Raises KeyError for one that is missing."""
        made, of_nothing = self._query
        found = _asked(made, given, keeps_plan=False)
        return dict(zip(of_nothing, found[0], strict=True)) if found else dict(of_nothing)


class PreparedObjects(Generic[Kept]):
    """A query of whole things with what `select_related`, `annotate` and `prefetch_related` add; safe for threads."""

    def __init__(self, build: Callable[[], QuerySet[Kept]], keeps_plan: bool = False) -> None:
        self._build = build
        self._keeps_plan = keeps_plan

    @cached_property
    def _query(self) -> tuple[_Made | None, tuple[Any, ...]]:
        query: Any = self._build()
        return _made(query), query._prefetch_related_lookups

    def all(self, **given: Any) -> list[Kept]:
        """What the query finds with these values in place of its `Given`s. Raises KeyError for one that is missing."""
        made, lookups = self._query
        found = _things(made, _asked(made, given, self._keeps_plan)) if made else []
        prefetch_related_objects(found, *lookups)
        return found


def _made(query: QuerySet[Any, Any]) -> _Made | None:
    """None for a query that can find nothing, whatever is given."""
    compiler = query.all().query.get_compiler(connection=connection)  # of a copy: two threads may make it at once
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
    return _Made(sql, tuple(params), compiler, converters)


def _asked(made: _Made | None, given: Mapping[str, Any], keeps_plan: bool) -> list[tuple[Any, ...]]:
    if made is None:
        return []
    with keeping_cursor() if keeps_plan else connection.cursor() as cursor:
        cursor.execute(made.sql, filled(made.params, given))
        found = cursor.fetchall()
    return [tuple(row) for row in made.compiler.apply_converters(found, made.converters)] if made.converters else found


def _things(made: _Made, rows: list[tuple[Any, ...]]) -> list[Any]:
    """Rows as Django's own `ModelIterable` makes them."""
    select, annotated = made.compiler.select, made.compiler.annotation_col_map
    described: Any = made.compiler.klass_info
    first, last = described["select_fields"][0], described["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in select[first:last]]
    related = _populators(described, select, connection.alias)
    found = []
    for row in rows:
        thing = described["model"].from_db(connection.alias, names, row[first:last])
        for populator in related:
            populator.populate(row, thing)
        for name, place in annotated.items():
            setattr(thing, name, row[place])
        found.append(thing)
    return found


def columns_of(model: type[Model], to: str = "") -> list[str]:
    """Names of all of a model's columns for `values_list`; `to` leads to the model ("person__")."""
    return [f"{to}{field.attname}" for field in model._meta.concrete_fields]


def instance_of(model: type[Kept], row: tuple[Any, ...]) -> Kept:
    """The thing that `columns_of(model)` read; what the row has beyond these columns is left alone."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(connection.alias, names, row[: len(names)])
