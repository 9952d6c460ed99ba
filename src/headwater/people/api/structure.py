"""Units, roles, communities."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja.pagination import paginate

from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, Text, referred
from headwater.people import actions
from headwater.people.api.routing import router
from headwater.people.api.shapes import CommunityOut, Done, NamedOut, UnitOut
from headwater.people.models import Community, Person, Role, Unit
from headwater.people.request import Request


class UnitIn(Body):
    """A new unit, below `parent`."""

    name: Text
    slug: Text = ""
    parent: Reference | None = None
    head: Id | None = None
    deputy: Id | None = None


class NameIn(Body):
    """Another name."""

    name: Text


class PlaceIn(Body):
    """Below which unit (none: at the top)."""

    parent: Reference | None = None


class HeadIn(Body):
    """Who heads it, and who stands in."""

    head: Id | None = None
    deputy: Id | None = None


class RoleIn(NameIn):
    """A new role."""

    slug: Text = ""


class CommunityIn(Body):
    """A community."""

    name: Text
    purpose: Text = ""
    lead: Id | None = None
    is_open: bool | None = None


class NewCommunityIn(CommunityIn):
    """A new community."""

    slug: Text = ""


def _unit(pk: int) -> Unit:
    return get_object_or_404(Unit.objects.select_related("parent"), pk=pk)


@router.get("/units", response=list[UnitOut], operation_id="list_units")
@paginate(Paging)
def list_units(request: Request) -> QuerySet[Unit]:
    """Every unit, parents before what lies below."""
    return Unit.objects.order_by("path")


@router.post("/units", response=UnitOut, operation_id="create_unit")
def create_unit(request: Request, given: UnitIn) -> Unit:
    """Make a unit."""
    head, deputy = referred(Person, given.head, "head"), referred(Person, given.deputy, "deputy")
    return actions.create_unit(
        request.person, given.name, given.slug, referred(Unit, given.parent, "parent"), head, deputy
    )


@router.patch("/units/{int:pk}", response=UnitOut, operation_id="rename_unit")
def rename_unit(request: Request, pk: Id, given: NameIn) -> Unit:
    """Give a unit another name."""
    return actions.rename_unit(request.person, _unit(pk), given.name)


@router.put("/units/{int:pk}/place", response=UnitOut, operation_id="move_unit")
def move_unit(request: Request, pk: Id, given: PlaceIn) -> Unit:
    """Put a unit with everything below it under another one."""
    return actions.move_unit(request.person, _unit(pk), referred(Unit, given.parent, "parent"))


@router.put("/units/{int:pk}/head", response=UnitOut, operation_id="set_unit_head")
def set_unit_head(request: Request, pk: Id, given: HeadIn) -> Unit:
    """Say who heads a unit and who stands in."""
    head, deputy = referred(Person, given.head, "head"), referred(Person, given.deputy, "deputy")
    return actions.set_unit_head(request.person, _unit(pk), head, deputy)


@router.delete("/units/{int:pk}", response=Done, operation_id="remove_unit")
def remove_unit(request: Request, pk: Id) -> Done:
    """Remove an empty unit."""
    actions.remove_unit(request.person, _unit(pk))
    return Done()


@router.get("/roles", response=list[NamedOut], operation_id="list_roles")
@paginate(Paging)
def list_roles(request: Request) -> QuerySet[Role]:
    """Every job role."""
    return Role.objects.order_by("name")


@router.post("/roles", response=NamedOut, operation_id="create_role")
def create_role(request: Request, given: RoleIn) -> Role:
    """Add a job role."""
    return actions.create_role(request.person, given.name, given.slug)


@router.patch("/roles/{int:pk}", response=NamedOut, operation_id="rename_role")
def rename_role(request: Request, pk: Id, given: NameIn) -> Role:
    """Give a role another name."""
    return actions.rename_role(request.person, get_object_or_404(Role, pk=pk), given.name)


@router.delete("/roles/{int:pk}", response=Done, operation_id="remove_role")
def remove_role(request: Request, pk: Id) -> Done:
    """Remove a role."""
    actions.remove_role(request.person, get_object_or_404(Role, pk=pk))
    return Done()


def _community(pk: int) -> Community:
    return get_object_or_404(Community.objects.select_related("lead"), pk=pk)


@router.get("/communities", response=list[CommunityOut], operation_id="list_communities")
@paginate(Paging)
def list_communities(request: Request) -> QuerySet[Community]:
    """Every community."""
    return Community.objects.order_by("name")


@router.post("/communities", response=CommunityOut, operation_id="create_community")
def create_community(request: Request, given: NewCommunityIn) -> Community:
    """Found a community."""
    lead = referred(Person, given.lead, "lead")
    return actions.create_community(request.person, given.name, given.slug, given.purpose, lead, bool(given.is_open))


@router.put("/communities/{int:pk}", response=CommunityOut, operation_id="change_community")
def change_community(request: Request, pk: Id, given: CommunityIn) -> Community:
    """Change a community: name, purpose, lead, whether anybody may join."""
    lead = referred(Person, given.lead, "lead")
    return actions.change_community(request.person, _community(pk), given.name, given.purpose, lead, given.is_open)


@router.delete("/communities/{int:pk}", response=Done, operation_id="remove_community")
def remove_community(request: Request, pk: Id) -> Done:
    """Dissolve a community."""
    actions.remove_community(request.person, _community(pk))
    return Done()


@router.post("/communities/{int:pk}/members", response=CommunityOut, operation_id="join_community")
def join_community(request: Request, pk: Id, person: Id | None = None) -> Community:
    """Join, ask to come in, or bring somebody in."""
    return actions.join_community(request.person, _community(pk), referred(Person, person, "person"))


@router.delete("/communities/{int:pk}/members", response=CommunityOut, operation_id="leave_community")
def leave_community(request: Request, pk: Id, person: Id | None = None) -> Community:
    """Leave (ask to, where an audience names it), take a request back, take somebody out, or decline a request."""
    return actions.leave_community(request.person, _community(pk), referred(Person, person, "person"))
