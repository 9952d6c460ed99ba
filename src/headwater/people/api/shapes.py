"""What goes in and comes out. Units, roles and communities are named by slug, people and the rest by id."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Schema

from headwater.people.models import Person, Role, Unit

Id = Annotated[int, Field(ge=0, le=2**63 - 1)]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class UnitOut(Schema):
    """A unit: slug, name, the id of the one above, who heads it."""

    id: int
    slug: str
    name: str
    parent_id: int | None
    head_id: int | None
    deputy_id: int | None


class NamedOut(Schema):
    """A role."""

    id: int
    slug: str
    name: str


class CommunityOut(NamedOut):
    """A community with its purpose and lead."""

    purpose: str
    lead_id: int | None


class PersonOut(Schema):
    """A person as every member may see them."""

    id: int
    name: str
    email: str
    title: str
    location: str
    language: str
    timezone: str
    work_from: time
    work_until: time
    unit: str | None = None
    roles: list[str] = []
    left_on: date | None

    @staticmethod
    def resolve_unit(person: Person) -> str | None:
        return person.unit.slug if person.unit is not None else None

    @staticmethod
    def resolve_roles(person: Person) -> list[str]:
        return [role.slug for role in person.roles.all()]


class AbsenceOut(Schema):
    """When somebody is away, and who stands in."""

    id: int
    person_id: int
    since: date
    until: date
    deputy_id: int | None


class DepartureOut(Schema):
    """The first day somebody is no longer a member; settled when what they held was handed over."""

    id: int
    person_id: int
    left_on: date
    successor_id: int | None
    settled_at: datetime | None


class GrantOut(Schema):
    """A permission; without a unit, in the whole organisation."""

    id: int
    person_id: int
    permission: str
    unit_id: int | None


class AudienceOut(Schema):
    """A named rule."""

    id: int
    slug: str
    name: str
    rule: dict[str, Any]


class LinkOut(Schema):
    """A link that is shown once."""

    link: str


class TokenOut(Schema):
    """A token, without its secret."""

    id: int
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None
    revoked_at: datetime | None


class Done(Schema):
    """The change was made."""

    done: bool = True


def unit_of(slug: str | None, field: str = "unit") -> Unit | None:
    """The unit of that slug; none for an empty one. Raises `ValidationError` naming the field."""
    return _of(Unit, slug, field, _("There is no unit “%s”.")) if slug else None


def units_of(slugs: Iterable[str] | None, field: str) -> list[Unit] | None:
    """The units of those slugs; None stays None."""
    return None if slugs is None else [_of(Unit, slug, field, _("There is no unit “%s”.")) for slug in slugs]


def roles_of(slugs: Iterable[str] | None) -> list[Role] | None:
    """The roles of those slugs; None stays None."""
    return None if slugs is None else [_of(Role, slug, "roles", _("There is no role “%s”.")) for slug in slugs]


def _of(model: Any, slug: str, field: str, message: str) -> Any:
    found = model.objects.filter(slug=slug).first()
    if found is None:
        raise ValidationError({field: message % slug})
    return found


def person_of(pk: int | None, field: str) -> Person | None:
    """The person of that id; none for none. Raises `ValidationError` naming the field."""
    if pk is None:
        return None
    found = Person.objects.filter(pk=pk).first()
    if found is None:
        raise ValidationError({field: _("There is no person with the number %s.") % pk})
    return found


def person_at(pk: int) -> Person:
    """The person of that id with what a `PersonOut` shows; 404 when there is none."""
    return get_object_or_404(Person.objects.select_related("unit", "user").prefetch_related("roles"), pk=pk)
