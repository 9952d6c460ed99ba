"""Conditions that Django does not have."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler

from headwater.core.prepared import Given


def numbers(keys: Iterable[float]) -> str:
    """Numbers as PostgreSQL writes an array: for a statement, or for a `Given` that stands behind `among`."""
    return f"{{{','.join(map(str, keys))}}}"


class Among(Lookup):
    """`audience__among=[3, 4]`: the key is one of these numbers, which are sent as one array.

    Cheaper than `__in` when there are hundreds: neither side takes up each number by itself. A `Given` in their place
    takes what `numbers` wrote, or a list.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        if isinstance(self.rhs, Given):
            place, given = compiler.compile(self.rhs)
            return f"{lhs} = ANY({place}::bigint[])", [*params, *given]
        return f"{lhs} = ANY(%s::bigint[])", [*params, numbers(self.rhs)]
