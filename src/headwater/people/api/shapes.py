"""What goes in and comes out."""

from datetime import date, datetime, time
from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Schema

from headwater.people.models import Person


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
    """A community with its purpose and lead; when it is not open, people ask to come in."""

    purpose: str
    lead_id: int | None
    is_open: bool


class PersonOut(Schema):
    """A person as every member may see them."""

    id: int
    name: str
    email: str
    title: str
    location: str
    language: str
    reading_language: str
    timezone: str
    work_from: time
    work_until: time
    unit_id: int | None
    role_ids: list[int] = []
    left_on: date | None

    @staticmethod
    def resolve_role_ids(person: Person) -> list[int]:
        return [role.pk for role in person.roles.all()]


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


def person_at(pk: int) -> Person:
    """The person of that id with what a `PersonOut` shows; 404 when there is none."""
    return get_object_or_404(Person.objects.select_related("unit", "user").prefetch_related("roles"), pk=pk)
