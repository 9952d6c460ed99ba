"""The knowledge manager's figures: is it working, and what needs me.

Figures count everything in the units the person steers or looks after; titles are shown only of what they may read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncWeek
from django.utils import timezone
from django.utils.functional import cached_property

from headwater.core.addresses import address
from headwater.core.counting import RowCount
from headwater.core.display.heat import Cell
from headwater.core.languages import reading
from headwater.distribute.awareness import Percentile, became_aware
from headwater.distribute.models import Channel, Delivery
from headwater.distribute.proof import Scope, overdue
from headwater.distribute.rules import proof_paths
from headwater.gather.health import Health, health_of
from headwater.gather.models import Source
from headwater.library.models import Feedback
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion, SearchGap

TOPICS_SHOWN = 7
UNITS_SHOWN = 10
WEEKS_SHOWN = 12
TRIAGE_DAYS = 2
ILL = (Health.TROUBLE, Health.SILENT, Health.LATE)
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
    def numbers(self) -> dict[str, Any]:
        """What is counted by itself, in one query: versions, sources, people, what is overdue now, channels, gaps…"""
        by_source = self.versions.exclude(entry__source_slug="").order_by("entry__source_slug")
        refusing = Channel.objects.filter(state=Channel.State.SUSPENDED).order_by("person")
        gaps = SearchGap.objects.filter(state=SearchGap.State.OPEN)
        counted: Any = Person.objects.filter(pk=self.person.pk).values(
            versions=RowCount(self.versions),
            from_sources=RowCount(by_source.distinct("entry__source_slug"), ordered=True),
            people=RowCount(Person.objects.active()),
            overdue=RowCount(overdue(self.scope)),
            refusing=RowCount(refusing.distinct("person"), ordered=True),
            reports=RowCount(open_reports()),
            gaps=RowCount(gaps),
            wanted=ArraySubquery(gaps.order_by("-times", "-last_at").values("query")[:2]),
        )[0]
        return dict(counted)

    @cached_property
    def flow(self) -> dict[str, int]:
        """Deliveries of the period: made, to how many, opened, asked to sign, signed; and of the period before."""
        asked = Q(must_acknowledge=True) & ~Q(state__in=GONE)
        seen = Q(opened_at__isnull=False) | Q(acknowledged_at__isnull=False)
        opened, new = Q(opened_at__isnull=False), Q(created_at__gte=self.since)
        both = self.deliveries.filter(created_at__gte=self.since - timedelta(days=self.days))
        return both.aggregate(
            delivered=Count("pk", filter=new),
            people=Count("person", distinct=True, filter=new),
            opened=Count("pk", filter=new & opened),
            asked=Count("pk", filter=new & asked),
            seen=Count("pk", filter=new & seen),
            unsigned=Count("pk", filter=new & asked & seen & Q(acknowledged_at=None)),
            acknowledged=Count("pk", filter=new & asked & Q(acknowledged_at__isnull=False)),
            before=Count("pk", filter=~new),
            opened_before=Count("pk", filter=~new & opened),
        )

    @cached_property
    def aware(self) -> dict[str, timedelta | None]:
        """Time to aware: median and 95th percentile of the period, and the median of the period before."""
        now, both = Q(seen__gte=self.since), became_aware(self.since - timedelta(days=self.days), self.scope)
        return both.aggregate(
            median=Percentile("waited", 0.5, filter=now),
            p95=Percentile("waited", 0.95, filter=now),
            before=Percentile("waited", 0.5, filter=~now),
        )

    @cached_property
    def aware_by_week(self) -> list[dict[str, Any]]:
        """Rows of week, median and p95, oldest first, for the last twelve weeks."""
        seen = became_aware(self.now - timedelta(weeks=WEEKS_SHOWN), self.scope)
        weeks = seen.annotate(week=TruncWeek("seen")).values("week").order_by("week")
        return [dict(row) for row in weeks.annotate(median=Percentile("waited", 0.5), p95=Percentile("waited", 0.95))]

    @cached_property
    def sources(self) -> list[tuple[Source, Health]]:
        """Sources in trouble, silent, or not read when they should have been; worst first."""
        found = [(source, health_of(source)) for source in Source.objects.filter(state=Source.State.ACTIVE)]
        return sorted((pair for pair in found if pair[1] in ILL), key=lambda pair: ILL.index(pair[1]))

    @cached_property
    def reach(self) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
        """Topics, and for each unit the share that opened what concerned it; those with most to read."""
        sent = self.deliveries.filter(created_at__gte=self.since, person__unit__isnull=False)
        rows = (
            sent.filter(version__entry__topic_links__proposed=False)
            .values("person__unit", "person__unit__name", "version__entry__topic_links__concept")
            .annotate(
                labels=F("version__entry__topic_links__concept__labels"),
                sent=Count("pk"),
                opened=Count("pk", filter=Q(opened_at__isnull=False)),
            )
        )
        shares = [
            Share(
                row["person__unit"],
                row["person__unit__name"],
                row["version__entry__topic_links__concept"],
                row["labels"],
                row["sent"],
                row["opened"],
            )
            for row in rows
        ]
        return _reach_table(shares, self.days)


@dataclass(frozen=True)
class Share:
    """How much of what was sent about one topic to one unit was opened."""

    unit: int
    unit_name: str
    topic: int
    labels: dict[str, str]
    sent: int
    opened: int


def _reach_table(shares: list[Share], days: int) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    units = _largest([(share.unit, share.sent) for share in shares], UNITS_SHOWN)
    topics = _largest([(share.topic, share.sent) for share in shares], TOPICS_SHOWN)
    names = {share.unit: share.unit_name for share in shares}
    labels = {share.topic: share.labels for share in shares}
    found = {(share.unit, share.topic): 100 * share.opened / share.sent for share in shares}
    page = address("home:counted", figure="delivered")

    def cell(unit: int, topic: int) -> Cell:
        return Cell(found.get((unit, topic)), f"{page}?days={days}&unit={unit}&topic={topic}")

    language = reading()
    heads = [labels[topic].get(language) or labels[topic].get("en") or str(topic) for topic in topics]
    return heads, [(names[unit], [cell(unit, topic) for topic in topics]) for unit in units]


def _largest(counts: list[tuple[int, int]], most: int) -> list[int]:
    sums: dict[int, int] = {}
    for key, count in counts:
        sums[key] = sums.get(key, 0) + count
    return sorted(sums, key=lambda key: -sums[key])[:most]


def open_reports() -> QuerySet[Feedback]:
    """Reports of errors that nobody has taken up for two days."""
    old = timezone.now() - timedelta(days=TRIAGE_DAYS)
    kinds = [Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR]
    return Feedback.objects.filter(kind__in=kinds, state=Feedback.State.OPEN, at__lt=old)
