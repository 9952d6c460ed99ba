"""Permissions, invitations, reset links."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, Text, referred
from headwater.people import actions, rules
from headwater.people.api.routing import router
from headwater.people.api.shapes import GrantOut, LinkOut, PersonOut, person_at
from headwater.people.models import Grant, Permission, Person, Unit
from headwater.people.request import Request, require_signed_in


class GrantIn(Body):
    """A permission, in a unit and below, or (no unit) everywhere."""

    permission: Permission
    unit: Reference | None = None


class MailIn(Body):
    """Whether the link is mailed, too."""

    by_mail: bool = False


class AdministratorIn(Body):
    """Who administers, too."""

    email: Text
    name: Text = ""


@router.get("/permissions", response=list[GrantOut], operation_id="list_permissions")
@paginate(Paging)
def list_permissions(request: Request) -> QuerySet[Grant]:
    """Who may do what, and where."""
    may_see = rules.may_anywhere(request.person, "administrator", "knowledge_manager", "executive")
    require(may_see, _("Only administrators, knowledge managers and executives see who may do what."))
    return Grant.objects.filter(person__in=Person.objects.active()).order_by("pk")


@router.post("/people/{int:pk}/permissions", response=GrantOut, operation_id="grant_permission")
def grant_permission(request: Request, pk: Id, given: GrantIn) -> Grant:
    """Give a person a permission, signed in: not with a token."""
    require_signed_in(request)
    return actions.grant_permission(request.person, person_at(pk), given.permission, referred(Unit, given.unit, "unit"))


@router.delete("/permissions/{int:pk}", response=PersonOut, operation_id="revoke_permission")
def revoke_permission(request: Request, pk: Id) -> Person:
    """Take a permission away."""
    grant = get_object_or_404(Grant.objects.select_related("person", "unit"), pk=pk)
    return person_at(actions.revoke_permission(request.person, grant).pk)


@router.post("/people/{int:pk}/invitation", response=LinkOut, operation_id="invite_person")
def invite_person(request: Request, pk: Id, given: MailIn) -> LinkOut:
    """Make the link by which a person comes in; signed in: not with a token."""
    require_signed_in(request)
    return LinkOut(link=actions.invite_person(request.person, person_at(pk), given.by_mail))


@router.post("/people/{int:pk}/reset", response=LinkOut, operation_id="reset_password")
def reset_password(request: Request, pk: Id, given: MailIn) -> LinkOut:
    """Make the link by which a person sets a new password; signed in: not with a token."""
    require_signed_in(request)
    return LinkOut(link=actions.reset_password(request.person, person_at(pk), given.by_mail))


@router.post("/administrators", response=LinkOut, operation_id="appoint_administrator")
def appoint_administrator(request: Request, given: AdministratorIn) -> LinkOut:
    """Make somebody an administrator of the whole organisation; signed in: not with a token."""
    require_signed_in(request)
    return LinkOut(link=actions.appoint_administrator(request.person, given.email, given.name))
