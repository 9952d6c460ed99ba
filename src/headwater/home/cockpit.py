"""The knowledge manager's figures: is it working, and what needs me.

Figures count everything in the units the person steers or looks after; titles are shown only of what they may read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
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
from headwater.core.prepared import Given, Prepared, PreparedFigures
from headwater.distribute.awareness import Percentile, became_aware
from headwater.distribute.models import Channel, Delivery
from headwater.distribute.proof import Scope, overdue
from headwater.distribute.rules import proof_paths
from headwater.distribute.unmatched import unmatched_versions
from headwater.gather.health import Health, health_of
from headwater.gather.models import Source
from headwater.library.models import Feedback
from headwater.people.days import today
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
        return _versions(self.since)

    def readable_among(self, entry_ids: list[int]) -> set[int]:
        """Those of the entries whose title the person may see."""
        found = Entry.objects.readable_by(self.person).filter(pk__in=entry_ids)
        return set(found.values_list("pk", flat=True))

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """What is counted by itself, in one query: versions, sources, people, what is overdue now, channels, gaps…"""
        untriaged = self.now - timedelta(days=TRIAGE_DAYS)
        ((*counted,),) = _numbers(self.scope).rows(
            person=self.person.pk, since=self.since, now=self.now, today=today(), untriaged=untriaged
        )
        return dict(zip(NUMBERS, counted, strict=True))

    @cached_property
    def flow(self) -> dict[str, int]:
        """Deliveries of the period: made, to how many, opened, asked to sign, signed; and of the period before."""
        return _flow(self.scope).of(since=self.since, before=self.since - timedelta(days=self.days))

    @cached_property
    def aware(self) -> dict[str, timedelta | None]:
        """Time to aware: median and 95th percentile of the period, and the median of the period before."""
        return _aware(self.scope).of(since=self.since, before=self.since - timedelta(days=self.days))

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
        return _reach_table([Share(*row) for row in _shares(self.scope).rows(since=self.since)], self.days)


def _versions(since: Any) -> QuerySet[EntryVersion]:
    return EntryVersion.objects.filter(gathered_at__gte=since, is_backfill=False)


NUMBERS = ("versions", "from_sources", "people", "overdue", "refusing", "reports", "gaps", "unmatched", "wanted")


@lru_cache(256)
def _numbers(scope: Scope) -> Prepared:
    """One row of what NUMBERS names."""
    by_source = _versions(Given("since")).exclude(entry__source_slug="").order_by("entry__source_slug")
    refusing = Channel.objects.filter(state=Channel.State.SUSPENDED).order_by("person")
    gaps = SearchGap.objects.filter(state=SearchGap.State.OPEN)
    numbers = (
        RowCount(_versions(Given("since"))),
        RowCount(by_source.distinct("entry__source_slug"), ordered=True),
        RowCount(Person.objects.active(Given("today"))),
        RowCount(overdue(scope, Given("now"))),
        RowCount(refusing.distinct("person"), ordered=True),
        RowCount(open_reports(Given("untriaged"))),
        RowCount(gaps),
        RowCount(unmatched_versions()),
        ArraySubquery(gaps.order_by("-times", "-last_at").values("query")[:2]),
    )
    return Prepared(lambda: Person.objects.filter(pk=Given("person")).values_list(*numbers))


@lru_cache(256)
def _flow(scope: Scope) -> PreparedFigures:
    asked = Q(must_acknowledge=True) & ~Q(state__in=GONE)
    seen = Q(opened_at__isnull=False) | Q(acknowledged_at__isnull=False)
    opened, new = Q(opened_at__isnull=False), Q(created_at__gte=Given("since"))
    both = Delivery.objects.filter(scope.within("person__"), created_at__gte=Given("before"))
    counts = {
        "delivered": Count("pk", filter=new),
        "people": Count("person", distinct=True, filter=new),
        "opened": Count("pk", filter=new & opened),
        "asked": Count("pk", filter=new & asked),
        "seen": Count("pk", filter=new & seen),
        "unsigned": Count("pk", filter=new & asked & seen & Q(acknowledged_at=None)),
        "acknowledged": Count("pk", filter=new & asked & Q(acknowledged_at__isnull=False)),
        "before": Count("pk", filter=~new),
        "opened_before": Count("pk", filter=~new & opened),
    }
    return PreparedFigures(lambda: (both, counts))


@lru_cache(256)
def _aware(scope: Scope) -> PreparedFigures:
    now = Q(seen__gte=Given("since"))
    figures = {
        "median": Percentile("waited", 0.5, filter=now),
        "p95": Percentile("waited", 0.95, filter=now),
        "before": Percentile("waited", 0.5, filter=~now),
    }
    return PreparedFigures(lambda: (became_aware(Given("before"), scope), figures))


@lru_cache(256)
def _shares(scope: Scope) -> Prepared:
    """The fields of a Share, for each unit and topic."""
    sent = Delivery.objects.filter(scope.within("person__"), created_at__gte=Given("since"), person__unit__isnull=False)
    concept = "version__entry__topic_links__concept"
    kept = ("person__unit", "person__unit__name", concept)
    grouped: Any = sent.filter(version__entry__topic_links__proposed=False).values(*kept)
    rows = grouped.annotate(
        labels=F(f"{concept}__labels"), sent=Count("pk"), opened=Count("pk", filter=Q(opened_at__isnull=False))
    )
    return Prepared(lambda: rows.values_list(*kept, "labels", "sent", "opened"))


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


def open_reports(before: Any = None) -> QuerySet[Feedback]:
    """Reports of errors that nobody has taken up for two days (or since that moment)."""
    old = before or timezone.now() - timedelta(days=TRIAGE_DAYS)
    kinds = [Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR]
    return Feedback.objects.filter(kind__in=kinds, state=Feedback.State.OPEN, at__lt=old)
