"""Before a must-read is issued: whom it would reach, whom not and why, and what it asks of them."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from headwater.distribute.messages import minutes_to_read
from headwater.distribute.models import Delivery
from headwater.distribute.proof import no_channel
from headwater.people.models import Absence, Audience, Person
from headwater.people.models.person import PersonQuerySet
from headwater.search.models import Entry

MANY_MUST_READS = 4


@dataclass(frozen=True)
class Reach:
    """`selected` people in the audience; of them `reading` may read the entry; the rest is said in the other counts."""

    selected: int
    reading: int
    unreachable: int
    away: int
    overloaded: int
    minutes: int
    by_unit: list[tuple[str, int]]

    @property
    def reached(self) -> int:
        """Who may read it and has a way to be told."""
        return self.reading - self.unreachable

    @property
    def blind(self) -> int:
        """Selected, and not allowed to read it: clearance or audience of the entry stand against it."""
        return self.selected - self.reading

    @property
    def hours(self) -> float:
        """Reading asked in all, in hours."""
        return round(self.reading * self.minutes / 60, 1)


def reach_of(audience: Audience, entry: Entry | None) -> Reach:
    """Count what a must-read of the entry (none: a standing one) for the audience would mean."""
    return reach_of_people(Person.objects.active().filter(audience_links__audience=audience), entry)


def reach_of_people(people: PersonQuerySet, entry: Entry | None) -> Reach:
    """The same for people who were selected in another way; counted in the database."""
    readers = people.filter(may_read(entry)) if entry is not None else people
    today = timezone.localdate()
    away = Absence.objects.filter(since__lte=today, until__gte=today).values("person")
    waiting = Delivery.objects.filter(must_acknowledge=True, acknowledged_at=None, withdrawn_at=None)
    loaded = waiting.values("person").annotate(n=Count("pk")).filter(n__gte=MANY_MUST_READS - 1).values("person")
    units = readers.values("unit__name").annotate(n=Count("pk")).order_by("-n", "unit__name")
    version = entry.current_version if entry is not None else None
    return Reach(
        selected=people.count(),
        reading=readers.count(),
        unreachable=readers.filter(no_channel()).count(),
        away=readers.filter(pk__in=away).count(),
        overloaded=readers.filter(pk__in=loaded).count(),
        minutes=minutes_to_read(version.text) if version is not None else 0,
        by_unit=[(row["unit__name"] or "", row["n"]) for row in units],
    )


def may_read(entry: Entry) -> Q:
    """Filter on people: who may read the entry, as `EntryQuerySet.readable_by` decides it for one person."""
    return meant_for(entry) & Q(clearance__gte=entry.classification)


def meant_for(entry: Entry) -> Q:
    """Filter on people: who may read the entry if they are cleared for it."""
    allowed = Q(pk=entry.owner_id) if entry.owner_id else Q(pk__in=[])
    if entry.audience_id is not None:
        allowed |= Q(audience_links__audience=entry.audience_id)
    path = entry.unit.path if entry.unit is not None else ""
    above = [path[: position + 1] for position, letter in enumerate(path) if letter == "/" and position]
    stewards = Q(grants__permission="steward") & (Q(grants__unit=None) | Q(grants__unit__path__in=above))
    return Q(pk__in=Person.objects.filter(allowed | stewards).values("pk"))
