"""To whom nothing comes: people whom the organisation sent nothing that they need not sign, in the last days.

What somebody's own interests bring them makes no difference here: who keeps any is nobody's business but theirs, and it
would show, if the others alone were named. So it is about groups' interests and must-reads, which a knowledge manager
keeps and issues. How many of these people find something by themselves is told by unit, in steps (see `telling`): of
two periods alone, once a day, as it was when the organisation's day began, wherever its reader sits. Nobody counts how
often this is looked at, so there is little to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from headwater.distribute.models import Broadcast, Delivery, InterestProfile, Reason
from headwater.distribute.proof import Scope, no_channel
from headwater.distribute.rules import FEWEST_TOGETHER
from headwater.distribute.telling import day_zone, in_steps, people_key
from headwater.people.days import today
from headwater.people.models import Audience, AudienceMember, Person
from headwater.people.models.person import PersonQuerySet

PERIODS = (30, 90)
HEADER = ("person", "staff number", "unit", "location", "must-reads came")


@dataclass(frozen=True)
class Silence:
    """People to whom no group's interest brought anything in the period.

    Of `people`, `nothing` were sent nothing at all and `must_only` must-reads alone; together they are `silent`. Of the
    silent, `alone` are in no group with an interest, interests of their own brought `own` something, and `cut_off`
    nothing could reach anyway. `own` is exact until `told`.
    """

    people: int = 0
    nothing: int = 0
    must_only: int = 0
    alone: int = 0
    own: int = 0
    cut_off: int = 0
    silent_key: int = 0

    def __add__(self, other: "Silence") -> "Silence":
        return Silence(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def silent(self) -> int:
        """To whom no group's interest brought anything."""
        return self.nothing + self.must_only

    def told(self, days: int) -> "Silence":
        """As it may be shown: those who find something by themselves in steps, and of few people not at all."""
        is_few = self.silent < FEWEST_TOGETHER or not tells_own(days)
        drawn_from = (self.silent_key, "own came", days, today())
        return replace(self, own=0 if is_few else in_steps(self.own, self.silent, *drawn_from), silent_key=0)


@dataclass(frozen=True)
class UnitSilence:
    """One unit, and the audience that is just this unit with what is below, if there is one: to keep a profile for."""

    pk: int | None
    name: str
    silence: Silence
    audience: int | None = None


def tells_own(days: int) -> bool:
    """Whether it is told of this period how many find something by themselves: of any other it could be averaged."""
    return days in PERIODS


def silent_people(days: int, scope: Scope, unit: int | None = None) -> PersonQuerySet:
    """Active people to whom no group's interest brought anything lately, by name; `had_must`: must-reads came."""
    people = Person.objects.active().filter(scope.within(), ~Q(_brought(days)))
    if unit is not None:
        people = people.filter(unit=unit)
    return people.annotate(had_must=_flag(_asked(days))).select_related("unit").order_by("name", "pk")


def silence_by_unit(days: int, scope: Scope) -> list[UnitSilence]:
    """Every unit that has somebody to whom nothing came, the largest number first. Three statements."""
    flags = {"brought": Q(_brought(days)), "asked": _asked(days), "grouped": _grouped(), "own": Q(_brought_own(days))}
    flags["cut"] = no_channel()
    marks = {name: _flag(test) for name, test in flags.items()}
    people = Person.objects.active().filter(scope.within()).annotate(**marks)
    rows = people.values("unit", "unit__name", "unit__slug", *flags).annotate(n=Count("pk"), key=people_key())
    units: dict[int | None, tuple[str, str, Silence]] = {}
    for row in rows.order_by():
        name, slug, before = units.get(row["unit"], (row["unit__name"] or "", row["unit__slug"] or "", Silence()))
        units[row["unit"]] = name, slug, before + _sorted(row)
    audiences = _audiences_of([slug for _name, slug, silence in units.values() if silence.silent])
    found = [
        UnitSilence(pk, name, silence, audiences.get(slug))
        for pk, (name, slug, silence) in units.items()
        if silence.people
    ]
    return sorted(found, key=lambda unit: (-unit.silence.silent, unit.name))


def silent_rows(days: int, scope: Scope) -> Iterator[tuple[object, ...]]:
    """The list as lines of a file."""
    fields = ("name", "number", "unit__name", "location", "had_must")
    for name, number, unit, place, had_must in silent_people(days, scope).values_list(*fields).iterator():
        yield name, number, unit or "", place, "yes" if had_must else "no"


def brought_by(profiles: list[InterestProfile], days: int) -> dict[int, int]:
    """{profile: how many things it brought in the last days}."""
    since = timezone.now() - timedelta(days=days)
    rows = Reason.objects.filter(profile__in=profiles, delivery__created_at__gte=since)
    return dict(
        rows.values("profile").annotate(n=Count("delivery__version", distinct=True)).values_list("profile", "n")
    )


def _sorted(row: dict[str, Any]) -> Silence:
    n = row["n"]
    if row["brought"]:
        return Silence(people=n)
    return Silence(
        people=n,
        nothing=0 if row["asked"] else n,
        must_only=n if row["asked"] else 0,
        alone=0 if row["grouped"] else n,
        own=n if row["own"] else 0,
        cut_off=n if row["cut"] else 0,
        silent_key=row["key"],
    )


def _flag(test: Q) -> Case:
    return Case(When(test, then=Value(True)), default=Value(False), output_field=BooleanField())


def _brought(days: int) -> Exists:
    """A group's interest brought the person something."""
    return Exists(_came(days).filter(reasons__profile__audience__isnull=False))


def _brought_own(days: int) -> Exists:
    """An interest of their own did, before today: what comes now changes no number that was told today."""
    morning = datetime.combine(today(), time.min, day_zone())
    mine = _came(days, morning).filter(reasons__profile__person__isnull=False, created_at__lt=morning)
    return Exists(mine)


def _came(days: int, until: datetime | None = None) -> QuerySet[Delivery]:
    """The person's own deliveries: the newest are found by the inbox's index."""
    since = (until or timezone.now()) - timedelta(days=days)
    return Delivery.objects.filter(person=OuterRef("pk"), created_at__gte=since)


def _asked(days: int) -> Q:
    """A must-read came, as a row or in a broadcast that is open."""
    since = timezone.now() - timedelta(days=days)
    mine = Delivery.objects.filter(person=OuterRef("pk"), created_at__gte=since, reasons__directive__isnull=False)
    open_now = Broadcast.objects.filter(closed_at=None, spread_at=None).values("directive__audience")
    return Q(Exists(mine)) | Q(pk__in=AudienceMember.objects.filter(audience__in=open_now).values("person"))


def _grouped() -> Q:
    """The person is in a group with an interest."""
    groups = InterestProfile.objects.filter(removed_at=None, is_active=True, audience__isnull=False).values("audience")
    return Q(pk__in=AudienceMember.objects.filter(audience__in=groups).values("person"))


def _audiences_of(slugs: list[str]) -> dict[str, int]:
    """{slug of a unit: the audience whose rule is just that unit and below}."""
    rules = [{"unit": slug} for slug in slugs]
    rows = Audience.objects.filter(rule__in=rules).order_by("-pk").values_list("rule__unit", "pk") if rules else []
    return dict(rows)
