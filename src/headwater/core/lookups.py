"""Conditions that Django does not have."""

from typing import Any

from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler


class Among(Lookup):
    """`audience__among=[3, 4]`: the key is one of these numbers, which are sent as one array.

    Cheaper than `__in` when there are hundreds: neither side takes up each number by itself.
    """

    lookup_name = "among"

    def get_prep_lookup(self) -> list[int]:
        return list(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> Any:
        lhs, params = self.process_lhs(compiler, connection)
        return f"{lhs} = ANY(%s::bigint[])", [*params, self.rhs]
