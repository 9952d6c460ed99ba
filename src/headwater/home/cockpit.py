"""The knowledge manager's figures: is it working, and what needs me.

Figures count everything in the units the person steers or looks after; titles are shown only of what they may read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncWeek
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language

from headwater.core.addresses import address
from headwater.core.display.heat import Cell
from headwater.distribute.models import Delivery
from headwater.distribute.proof import Scope
from headwater.distribute.rules import proof_paths
from headwater.gather.models import Source
from headwater.home.measures import Percentile, became_aware
from headwater.people.models import Person, Unit
from headwater.search.models import Entry, EntryVersion
from headwater.taxonomy.models import Concept

TOPICS_SHOWN = 7
UNITS_SHOWN = 10
WEEKS_SHOWN = 12
GONE = [Delivery.State.EXPIRED, Delivery.State.WITHDRAWN]


@dataclass
class Cockpit:
    """What the cockpit shows for one person over the last `days`; each part reads the database once."""

    person: Person
    days: int = 30
    now: datetime = field(default_factory=timezone.now)

    @cached_property
    def since(self) -> datetime:
        return self.now - timedelta(days=self.days)

    @cached_property
    def scope(self) -> Scope:
        """The units whose figures the person sees."""
        return Scope(proof_paths(self.person))

    @cached_property
    def deliveries(self) -> QuerySet[Delivery]:
        return Delivery.objects.filter(self.scope.within("person__"))

    @cached_property
    def versions(self) -> QuerySet[EntryVersion]:
        """New versions of the period, without what came with a source's first run."""
        return EntryVersion.objects.filter(gathered_at__gte=self.since, is_backfill=False)

    def readable_among(self, entry_ids: list[int]) -> set[int]:
        """Those of the entries whose title the person may see."""
        found = Entry.objects.readable_by(self.person).filter(pk__in=entry_ids)
        return set(found.values_list("pk", flat=True))

    @cached_property
    def gathered(self) -> dict[str, int]:
        """New versions in the period, and from how many sources."""
        sources = Count("entry__source_slug", distinct=True, filter=~Q(entry__source_slug=""))
        return self.versions.aggregate(versions=Count("pk"), sources=sources)

    @cached_property
    def flow(self) -> dict[str, int]:
        """Deliveries of the period: made, to how many, opened, asked to acknowledge, acknowledged, overdue now."""
        asked = Q(must_acknowledge=True) & ~Q(state__in=GONE)
        return self.deliveries.filter(created_at__gte=self.since).aggregate(
            delivered=Count("pk"),
            people=Count("person", distinct=True),
            opened=Count("pk", filter=Q(opened_at__isnull=False)),
            asked=Count("pk", filter=asked),
            acknowledged=Count("pk", filter=asked & Q(acknowledged_at__isnull=False)),
            overdue=Count("pk", filter=asked & Q(acknowledged_at=None, due_at__lt=self.now)),
        )

    @cached_property
    def before(self) -> dict[str, int]:
        """Delivered and opened in the period before, to compare with."""
        start = self.since - timedelta(days=self.days)
        earlier = self.deliveries.filter(created_at__gte=start, created_at__lt=self.since)
        return earlier.aggregate(delivered=Count("pk"), opened=Count("pk", filter=Q(opened_at__isnull=False)))

    @cached_property
    def aware(self) -> dict[str, timedelta | None]:
        """Time to aware: median and 95th percentile of the period."""
        return became_aware(self.since, self.scope).aggregate(
            median=Percentile("waited", 0.5), p95=Percentile("waited", 0.95)
        )

    @cached_property
    def aware_before(self) -> timedelta | None:
        """The median of the period before."""
        earlier = became_aware(self.since - timedelta(days=self.days), self.scope).filter(seen__lt=self.since)
        found: timedelta | None = earlier.aggregate(median=Percentile("waited", 0.5))["median"]
        return found

    @cached_property
    def aware_by_week(self) -> list[dict[str, Any]]:
        """Rows of week, median and p95, oldest first, for the last twelve weeks."""
        seen = became_aware(self.now - timedelta(weeks=WEEKS_SHOWN), self.scope)
        weeks = seen.annotate(week=TruncWeek("seen")).values("week").order_by("week")
        return list(weeks.annotate(median=Percentile("waited", 0.5), p95=Percentile("waited", 0.95)))

    @cached_property
    def sources(self) -> list[Source]:
        """Sources in trouble or silent for longer than they should be, longest first."""
        active = Source.objects.filter(state=Source.State.ACTIVE)
        ill = [source for source in active if source.trouble or self.is_silent(source)]
        return sorted(ill, key=lambda source: source.last_change_at or source.created_at)

    def is_silent(self, source: Source) -> bool:
        """Whether nothing new came for longer than the source's alarm allows."""
        if not source.silent_after_hours or source.last_change_at is None:
            return False
        return self.now - source.last_change_at > timedelta(hours=source.silent_after_hours)

    @cached_property
    def reach(self) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
        """Topics, and for each unit the share that opened what concerned it; those with most to read."""
        sent = self.deliveries.filter(created_at__gte=self.since, person__unit__isnull=False)
        rows = (
            sent.filter(version__entry__topic_links__proposed=False)
            .values_list("person__unit", "version__entry__topic_links__concept")
            .annotate(sent=Count("pk"), opened=Count("pk", filter=Q(opened_at__isnull=False)))
        )
        return _reach_table(list(rows), self.days)


def _reach_table(rows: list[tuple[int, int, int, int]], days: int) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    units, topics = _largest(rows, 0, UNITS_SHOWN), _largest(rows, 1, TOPICS_SHOWN)
    names = dict(Unit.objects.filter(pk__in=units).values_list("pk", "name"))
    concepts = {concept.pk: concept for concept in Concept.objects.filter(pk__in=topics)}
    shares = {(unit, topic): 100 * opened / sent for unit, topic, sent, opened in rows}
    heads = [concepts[topic].label(get_language() or "en") for topic in topics]
    page = address("home:counted", figure="delivered")

    def cell(unit: int, topic: int) -> Cell:
        return Cell(shares.get((unit, topic)), f"{page}?days={days}&unit={unit}&topic={topic}")

    return heads, [(names[unit], [cell(unit, topic) for topic in topics]) for unit in units]


def _largest(rows: list[tuple[int, int, int, int]], column: int, most: int) -> list[int]:
    sums: dict[int, int] = {}
    for row in rows:
        sums[row[column]] = sums.get(row[column], 0) + row[2]
    return sorted(sums, key=lambda key: -sums[key])[:most]
