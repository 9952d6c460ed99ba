"""Entering the organisation that an address names: one query finds it and raises its wall."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import CharField, Func, Value
from django.db.models.functions import Cast

from headwater.core.models import Organisation
from headwater.core.prepared import Given, Prepared, columns_of, instance_of
from headwater.core.wall import inside

_wall = Func(
    Value("headwater.organisation"),
    Cast("pk", CharField()),
    Value(True),  # until the transaction ends
    function="set_config",
    output_field=CharField(),
)
_entered = Prepared(
    lambda: (
        Organisation.objects.filter(slug=Given("slug"))
        .annotate(wall=_wall)
        .values_list(*columns_of(Organisation), "wall")
    ),
    keeps_plan=True,
)


@contextmanager
def organisation_named(slug: str) -> Iterator[Organisation]:
    """Open a transaction that sees the organisation with this slug. Raises `Organisation.DoesNotExist`."""
    with transaction.atomic():
        for row in _entered.rows(slug=slug):
            organisation = instance_of(Organisation, row)
            break
        else:
            raise Organisation.DoesNotExist(slug)
        with inside(organisation.pk):
            yield organisation
