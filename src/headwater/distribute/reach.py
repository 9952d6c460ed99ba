"""Before a must-read is issued: whom it would reach, whom not and why, and what it asks of them.

What somebody is cleared for is known to who manages them, and to nobody else. Here the asker chooses the people as they
like, and nobody counts how often: even a count that is moved by chance would tell of one person by its mean. So to
anybody else no number depends on whether one of these people is cleared. They are told how many of all people here lack
the clearance, in steps (there is nothing to choose in that); and of an audience `forecasting` tells it, which counts.
"""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from headwater.distribute.messages import minutes_to_read
from headwater.distribute.models import Delivery
from headwater.distribute.proof import Scope, no_channel
from headwater.distribute.rules import FEWEST_TOGETHER
from headwater.distribute.telling import in_steps, people_key
from headwater.people.days import today
from headwater.people.models import Absence, Audience, Permission, Person
from headwater.people.models.person import PersonQuerySet
from headwater.search.models import Entry

MANY_MUST_READS = 4


@dataclass(frozen=True)
class Reach:
    """`selected` people in the audience; of them `reading` may read the entry; the rest is said in the other counts.

    Unless `is_clearance_told`, who lacks the clearance is counted as if they had it, and `uncleared_here` says about
    how many of all people here do: 0 is "fewer than eight or so, if any"; None, that nothing is told, or all exactly.
    """

    selected: int
    reading: int
    unreachable: int
    away: int
    overloaded: int
    minutes: int
    by_unit: list[tuple[str, int]]
    is_clearance_told: bool = True
    uncleared_here: int | None = None

    @property
    def reached(self) -> int:
        """Who may read it and has a way to be told."""
        return self.reading - self.unreachable

    @property
    def blind(self) -> int:
        """Selected, and not allowed to read it: the entry's audience stands against it, or, where told, clearance."""
        return self.selected - self.reading

    @property
    def hours(self) -> float:
        """Reading asked in all, in hours."""
        return round(self.reading * self.minutes / 60, 1)


def reach_of(audience: Audience, entry: Entry | None, asker: Person) -> Reach:
    """Count what a must-read of the entry (none: a standing one) for the audience would mean, as the asker may know."""
    return reach_of_people(Person.objects.active().filter(audience_links__audience=audience), entry, asker)


def reach_of_people(people: PersonQuerySet, entry: Entry | None, asker: Person) -> Reach:
    """The same for people who were selected in another way; counted in the database."""
    told = entry is None or all_are_cleared(entry.classification) or _manages(asker, people)
    readers = people
    if entry is not None:
        readers = people.filter(may_read(entry) if told else meant_for(entry))
    on = timezone.localdate()
    away = Absence.objects.filter(since__lte=on, until__gte=on).values("person")
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
        minutes=minutes_to_read(version) if version is not None else 0,
        by_unit=[(row["unit__name"] or "", row["n"]) for row in units],
        is_clearance_told=told,
        uncleared_here=None if entry is None or told else _lacking_here(entry.classification),
    )


def _manages(asker: Person, people: PersonQuerySet) -> bool:
    """Whether the asker manages all of these, and so may know what each is cleared for."""
    paths = asker.paths_granted(Permission.ADMINISTRATOR)
    if not paths or "" in paths:
        return bool(paths)
    return not people.exclude(pk__in=Person.objects.filter(Scope(tuple(paths)).within()).values("pk")).exists()


def _lacking_here(classification: int) -> int | None:
    """About how many of all people here are not cleared for it: one number a day. Of fewer than eight, nothing."""
    lacking = Count("pk", filter=Q(clearance__lt=classification))
    everybody = Person.objects.active().aggregate(n=Count("pk"), lacking=lacking, key=people_key())
    if everybody["n"] < FEWEST_TOGETHER:
        return None
    return in_steps(everybody["lacking"], everybody["n"], everybody["key"], "lacking here", classification, today())


def all_are_cleared(classification: int) -> bool:
    """Whether everybody here is cleared for it: nobody lacks it then, so there is nothing to keep back."""
    return not Person.objects.active().filter(clearance__lt=classification).exists()


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
