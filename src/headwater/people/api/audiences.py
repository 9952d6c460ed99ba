"""Audiences: named rules, whom they hold, and trying a rule without saving it."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Schema
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Text
from headwater.people import actions, rules
from headwater.people.api.routing import router
from headwater.people.api.shapes import AudienceOut, Done, PersonOut
from headwater.people.audiences import check_rule, describe, select
from headwater.people.models import Audience, Person
from headwater.people.request import Request
from headwater.people.rule import parse_rule


class AudienceIn(Body):
    """A new audience; the rule as an object, or as text."""

    name: Text
    slug: Text = ""
    rule: dict[str, Any] | None = None
    text: Text = ""


class AudienceChange(Body):
    """What changes of an audience."""

    name: Text = ""
    rule: dict[str, Any] | None = None
    text: Text = ""


class RuleIn(Body):
    """A rule as an object, or as text."""

    rule: dict[str, Any] | None = None
    text: Text = ""


class RuleOut(Schema):
    """What a rule means now."""

    rule: dict[str, Any]
    words: str
    count: int


def _rule(given: AudienceIn | AudienceChange | RuleIn) -> dict[str, Any] | None:
    return given.rule if given.rule is not None else (parse_rule(given.text) if given.text else None)


def _require_sight(request: Request) -> None:
    require(rules.may_see_audiences(request.person), _("Only who writes for others or manages sees audiences."))


@router.get("/audiences", response=list[AudienceOut], operation_id="list_audiences")
@paginate(Paging)
def list_audiences(request: Request) -> QuerySet[Audience]:
    """Every audience."""
    _require_sight(request)
    return Audience.objects.order_by("name")


@router.get("/audiences/{int:pk}/members", response=list[PersonOut], operation_id="list_audience_members")
@paginate(Paging)
def list_audience_members(request: Request, pk: Id) -> QuerySet[Person]:
    """Whom an audience holds now."""
    _require_sight(request)
    audience = get_object_or_404(Audience, pk=pk)
    people = Person.objects.filter(audience_links__audience=audience)
    return people.select_related("unit").prefetch_related("roles").order_by("name", "pk")


@router.post("/audiences/trial", response=RuleOut, operation_id="try_rule")
def try_rule(request: Request, given: RuleIn) -> RuleOut:
    """What a rule would select now, without saving it."""
    _require_sight(request)
    rule = check_rule(_rule(given) or {})
    return RuleOut(rule=rule, words=describe(rule), count=select(rule).count())


@router.post("/audiences", response=AudienceOut, operation_id="create_audience")
def create_audience(request: Request, given: AudienceIn) -> Audience:
    """Save a rule under a name."""
    return actions.create_audience(request.person, given.name, _rule(given) or {}, given.slug)


@router.patch("/audiences/{int:pk}", response=AudienceOut, operation_id="change_audience")
def change_audience(request: Request, pk: Id, given: AudienceChange) -> Audience:
    """Change an audience's name or rule."""
    return actions.change_audience(request.person, get_object_or_404(Audience, pk=pk), given.name, _rule(given))


@router.delete("/audiences/{int:pk}", response=Done, operation_id="remove_audience")
def remove_audience(request: Request, pk: Id) -> Done:
    """Remove an audience that nothing uses."""
    actions.remove_audience(request.person, get_object_or_404(Audience, pk=pk))
    return Done()


@router.post("/audiences/refreshment", response=Done, operation_id="refresh_audiences")
def refresh_audiences(request: Request) -> Done:
    """Compute anew whom every audience selects."""
    actions.refresh_audiences(request.person)
    return Done()
