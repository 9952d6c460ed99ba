"""Measures over deliveries that the database computes: when people were aware, in which time."""

from datetime import datetime
from typing import Any

from django.db.models import Aggregate, DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Coalesce, Least

from headwater.distribute.models import Delivery
from headwater.distribute.proof import Scope


class Percentile(Aggregate):
    """The length of time under which that share of the rows lies: Percentile("waited", 0.95, filter=…)."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: str, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), **extra)


def became_aware(since: datetime, scope: Scope) -> QuerySet[Delivery]:
    """Deliveries whose person opened or acknowledged them since then: `seen`, and `waited` since their clock started.

    What came with a source's first run is left out.
    """
    seen = Coalesce(Least("opened_at", "acknowledged_at"), "opened_at", "acknowledged_at")
    known = Delivery.objects.filter(scope.within("person__"), version__is_backfill=False).annotate(seen=seen)
    waited = ExpressionWrapper(F("seen") - F("eligible_at"), output_field=DurationField())
    return known.filter(seen__gte=since).annotate(waited=waited)
