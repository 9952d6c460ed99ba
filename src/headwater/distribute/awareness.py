"""Time-to-aware: how long it took from when a person's clock started until they knew.

The clock starts at `eligible_at`: the version's publication, or when the person came into the audience if that is
later. They know when they first opened or acknowledged it. A period holds what became known in it, so that what is
known late counts when it is known. Back-filled versions are left out. Every page and door measures by this.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, QuerySet
from django.utils import timezone

from headwater.core.languages import reading
from headwater.core.prepared import Given
from headwater.distribute.models import Delivery
from headwater.distribute.proof import EVERYBODY, Scope
from headwater.search.naming import source_names
from headwater.taxonomy.models import Concept

GROUPINGS = {
    "source": "version__entry__source_slug",
    "topic": "version__entry__topic_links__concept__slug",
    "unit": "person__unit__name",
}


class Percentile(Aggregate):
    """The length of time under which that share of the rows lies: Percentile("waited", 0.95, filter=…)."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: str, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), **extra)


def became_aware(since: datetime | Given, scope: Scope = EVERYBODY) -> QuerySet[Delivery]:
    """Deliveries whose person came to know since then: `seen`, and `waited` since their clock started."""
    known = Delivery.objects.filter(scope.within("person__"), version__is_backfill=False, seen_at__gte=since)
    waited = ExpressionWrapper(F("seen_at") - F("eligible_at"), output_field=DurationField())
    return known.annotate(seen=F("seen_at"), waited=waited)


@dataclass(frozen=True)
class Awareness:
    """Time-to-aware of a group of deliveries: how many became known, the median, and the 95th percentile."""

    label: str
    people: int
    median: timedelta
    late: timedelta


def time_to_aware(days: int, by: str = "", scope: Scope = EVERYBODY) -> list[Awareness]:
    """Of the last days: over all (none when nothing became known), or by a key of GROUPINGS, the largest first."""
    rows = became_aware(timezone.now() - timedelta(days=days), scope)
    figures = {"people": Count("pk"), "median": Percentile("waited", 0.5), "late": Percentile("waited", 0.95)}
    if not by:
        whole = rows.aggregate(**figures)
        return [Awareness("", **whole)] if whole["people"] else []
    label = GROUPINGS[by]
    named: Any = rows.exclude(**{label: None}).values(name=F(label))
    groups = named.annotate(**figures).order_by("-people", "name")
    return [Awareness(row["name"], row["people"], row["median"], row["late"]) for row in groups if row["name"]]


def called(groups: list[Awareness], by: str) -> list[tuple[str, Awareness]]:
    """Each group with the name that people know it by: labels of sources and topics are slugs. One query at most."""
    names: dict[str, str] = {}
    if by == "source":
        names = source_names()
    elif by == "topic":
        concepts = Concept.objects.filter(slug__in=[group.label for group in groups])
        names = {concept.slug: concept.label(reading()) for concept in concepts}
    return [(names.get(group.label, group.label), group) for group in groups]
