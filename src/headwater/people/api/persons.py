"""People: the list, and coming, changing, being away, leaving."""

from datetime import date, time

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from ninja import Query, Schema
from ninja.pagination import paginate

from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, M, Reference, Text, referred, referred_all
from headwater.people import actions
from headwater.people.api.routing import router
from headwater.people.api.shapes import AbsenceOut, DepartureOut, PersonOut, person_at
from headwater.people.models import Absence, Departure, Person, Role, Unit
from headwater.people.request import Request


def _all(model: type[M], given: list[int | str] | None, field: str) -> list[M] | None:
    """What a list refers to; None stays None."""
    return None if given is None else referred_all(model, given, field)


class PersonIn(Body):
    """A new person."""

    name: Text
    email: Text = ""
    number: Text = ""
    unit: Reference | None = None
    other_units: list[Reference] | None = None
    roles: list[Reference] | None = None
    title: Text = ""
    location: Text = ""
    language: Text = ""
    timezone: Text = ""
    clearance: int = 1
    joined_on: date | None = None


class PersonChange(Body):
    """What changes of a person; what is left out stays, what `clear` names becomes empty."""

    name: Text | None = None
    email: Text | None = None
    number: Text | None = None
    unit: Reference | None = None
    other_units: list[Reference] | None = None
    roles: list[Reference] | None = None
    title: Text | None = None
    location: Text | None = None
    language: Text | None = None
    chosen_language: Text | None = None
    timezone: Text | None = None
    work_from: time | None = None
    work_until: time | None = None
    clearance: int | None = None
    joined_on: date | None = None
    clear: list[Text] = []


class AbsenceIn(Body):
    """From one day to another, both included."""

    since: date
    until: date
    deputy: Id | None = None


class LeavingIn(Body):
    """The first day no longer a member (default: today), and who takes over."""

    on: date | None = None
    successor: Id | None = None


class TagIn(Body):
    """A mark."""

    tag: Text


class Wanted(Schema):
    """Which people: by words in name, title, address or place; in a unit and below."""

    q: Text = ""
    unit: Reference | None = None
    role: Reference | None = None


@router.get("/people", response=list[PersonOut], operation_id="list_people")
@paginate(Paging)
def list_people(request: Request, wanted: Query[Wanted]) -> QuerySet[Person]:
    """Members, by name."""
    people = Person.objects.active().select_related("unit").prefetch_related("roles").order_by("name", "pk")
    for word in wanted.q.split():
        named = Q(name__icontains=word) | Q(title__icontains=word) | Q(email__icontains=word)
        people = people.filter(named | Q(location__icontains=word))
    unit = referred(Unit, wanted.unit, "unit")
    if unit is not None:
        people = people.filter(unit__path__startswith=unit.path)
    role = referred(Role, wanted.role, "role")
    return people if role is None else people.filter(roles=role)


@router.get("/people/{int:pk}", response=PersonOut, operation_id="show_person")
def show_person(request: Request, pk: Id) -> Person:
    """One person."""
    return person_at(pk)


@router.post("/people", response=PersonOut, operation_id="create_person")
def create_person(request: Request, given: PersonIn) -> Person:
    """Add a person."""
    values = given.dict(exclude={"unit", "other_units", "roles"})
    person = actions.create_person(
        request.person,
        **values,
        unit=referred(Unit, given.unit, "unit"),
        other_units=_all(Unit, given.other_units, "other_units"),
        roles=_all(Role, given.roles, "roles"),
    )
    return person_at(person.pk)


@router.patch("/people/{int:pk}", response=PersonOut, operation_id="change_person")
def change_person(request: Request, pk: Id, given: PersonChange) -> Person:
    """Change what is known of a person."""
    values = given.dict(exclude={"unit", "other_units", "roles"})
    actions.change_person(
        request.person,
        person_at(pk),
        **values,
        unit=referred(Unit, given.unit, "unit"),
        other_units=_all(Unit, given.other_units, "other_units"),
        roles=_all(Role, given.roles, "roles"),
    )
    return person_at(pk)


@router.post("/people/{int:pk}/marks", response=PersonOut, operation_id="tag_person")
def tag_person(request: Request, pk: Id, given: TagIn) -> Person:
    """Mark a person."""
    actions.tag_person(request.person, person_at(pk), given.tag)
    return person_at(pk)


@router.delete("/people/{int:pk}/marks", response=PersonOut, operation_id="untag_person")
def untag_person(request: Request, pk: Id, tag: Text) -> Person:
    """Take a mark off a person."""
    actions.untag_person(request.person, person_at(pk), tag)
    return person_at(pk)


@router.post("/people/{int:pk}/absences", response=AbsenceOut, operation_id="record_absence")
def record_absence(request: Request, pk: Id, given: AbsenceIn) -> Absence:
    """Say that a person is away."""
    deputy = referred(Person, given.deputy, "deputy")
    return actions.record_absence(request.person, person_at(pk), given.since, given.until, deputy)


@router.delete("/absences/{int:pk}", response=PersonOut, operation_id="remove_absence")
def remove_absence(request: Request, pk: Id) -> Person:
    """Take back an absence."""
    absence = get_object_or_404(Absence.objects.select_related("person", "person__unit"), pk=pk)
    return person_at(actions.remove_absence(request.person, absence).pk)


@router.post("/people/{int:pk}/departure", response=DepartureOut, operation_id="end_membership")
def end_membership(request: Request, pk: Id, given: LeavingIn) -> Departure:
    """Let a person leave."""
    successor = referred(Person, given.successor, "successor")
    return actions.end_membership(request.person, person_at(pk), given.on, successor)


@router.delete("/people/{int:pk}/departure", response=PersonOut, operation_id="resume_membership")
def resume_membership(request: Request, pk: Id) -> Person:
    """A person stays after all, or comes back."""
    actions.resume_membership(request.person, person_at(pk))
    return person_at(pk)


@router.delete("/people/{int:pk}", response=PersonOut, operation_id="erase_person")
def erase_person(request: Request, pk: Id) -> Person:
    """Put a number in place of somebody who left."""
    actions.erase_person(request.person, person_at(pk))
    return person_at(pk)
