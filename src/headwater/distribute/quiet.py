"""To whom nothing comes: people whose interests, and whose groups' interests, brought nothing in the last days.

That nothing came is on the records that a knowledge manager may see. Why is told by unit only, and only of
`FEWEST_TOGETHER` people or more: whether a person keeps interests of their own is nobody's business but theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from headwater.distribute.models import Broadcast, Delivery, InterestProfile, Reason
from headwater.distribute.proof import Scope, no_channel
from headwater.distribute.rules import FEWEST_TOGETHER
from headwater.people.models import Audience, AudienceMember, Person
from headwater.people.models.person import PersonQuerySet

PERIODS = (30, 90)
HEADER = ("person", "staff number", "unit", "location", "must-reads came")


@dataclass(frozen=True)
class Silence:
    """People to whom no interest brought anything in the period.

    Of `people`, `nothing` had nothing at all and `must_only` must-reads alone; together they are `silent`. Of the
    silent, `alone` are in no group with an interest, and `without` of these keep none of their own either; `cut_off`
    nothing could reach anyway.
    """

    people: int = 0
    nothing: int = 0
    must_only: int = 0
    alone: int = 0
    without: int = 0
    cut_off: int = 0

    def __add__(self, other: "Silence") -> "Silence":
        return Silence(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def silent(self) -> int:
        """To whom no interest brought anything."""
        return self.nothing + self.must_only

    @property
    def tells_why(self) -> bool:
        """Whether it may be said how many follow nothing: where that is for nobody, or for many enough, to decide."""
        return not self.alone or self.alone >= FEWEST_TOGETHER


@dataclass(frozen=True)
class UnitSilence:
    """One unit, and the audience that is just this unit with what is below, if there is one: to keep a profile for."""

    pk: int | None
    name: str
    silence: Silence
    audience: int | None = None


def silent_people(days: int, scope: Scope, unit: int | None = None) -> PersonQuerySet:
    """Active people to whom no interest brought anything in the last days, by name; `had_must`: must-reads came."""
    people = Person.objects.active().filter(scope.within(), ~Q(_brought(days)))
    if unit is not None:
        people = people.filter(unit=unit)
    return people.annotate(had_must=_flag(_asked(days))).select_related("unit").order_by("name", "pk")


def silence_by_unit(days: int, scope: Scope) -> list[UnitSilence]:
    """Every unit that has somebody to whom nothing came, the largest number first. Two statements."""
    flags = {"brought": Q(_brought(days)), "asked": _asked(days), "grouped": _grouped(), "own": _own()}
    flags["cut"] = no_channel()
    marks = {name: _flag(test) for name, test in flags.items()}
    people = Person.objects.active().filter(scope.within()).annotate(**marks)
    rows = people.values("unit", "unit__name", "unit__slug", *flags).annotate(n=Count("pk")).order_by()
    units: dict[int | None, tuple[str, str, Silence]] = {}
    for row in rows:
        name, slug, before = units.get(row["unit"], (row["unit__name"] or "", row["unit__slug"] or "", Silence()))
        units[row["unit"]] = name, slug, before + _sorted(row)
    audiences = _audiences_of([slug for _name, slug, silence in units.values() if silence.silent])
    found = [
        UnitSilence(pk, name, silence, audiences.get(slug))
        for pk, (name, slug, silence) in units.items()
        if silence.people
    ]
    return sorted(found, key=lambda unit: (-unit.silence.silent, unit.name))


def in_all(units: list[UnitSilence]) -> Silence:
    """All units together; why is told of them only where the difference to the units that tell it tells of nobody."""
    total = sum((unit.silence for unit in units), Silence())
    kept_back = sum(unit.silence.alone for unit in units if not unit.silence.tells_why)
    return replace(total, alone=kept_back) if 0 < kept_back < FEWEST_TOGETHER else total


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
        without=0 if row["grouped"] or row["own"] else n,
        cut_off=n if row["cut"] else 0,
    )


def _flag(test: Q) -> Case:
    return Case(When(test, then=Value(True)), default=Value(False), output_field=BooleanField())


def _brought(days: int) -> Exists:
    """An interest brought the person something. By their own deliveries: the newest are found by the inbox's index."""
    since = timezone.now() - timedelta(days=days)
    mine = Delivery.objects.filter(person=OuterRef("pk"), created_at__gte=since)
    return Exists(mine.filter(reasons__profile__isnull=False))


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


def _own() -> Q:
    """The person keeps an interest of their own."""
    own = InterestProfile.objects.filter(removed_at=None, is_active=True, person__isnull=False)
    return Q(pk__in=own.values("person"))


def _audiences_of(slugs: list[str]) -> dict[str, int]:
    """{slug of a unit: the audience whose rule is just that unit and below}."""
    rules = [{"unit": slug} for slug in slugs]
    rows = Audience.objects.filter(rule__in=rules).order_by("-pk").values_list("rule__unit", "pk") if rules else []
    return dict(rows)
