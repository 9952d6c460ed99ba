"""What is one's own: oneself, theme, tokens, what is held."""

from typing import Any, Literal

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import Field, Schema
from ninja.pagination import paginate

from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Text
from headwater.people import actions
from headwater.people.api.routing import router
from headwater.people.api.shapes import Done, PersonOut, TokenOut, person_at
from headwater.people.models import ApiToken, Person
from headwater.people.request import Request, require_signed_in


class ThemeIn(Body):
    """Light, dark, or as the device does."""

    theme: Literal["auto", "light", "dark"]


class TokenIn(Body):
    """What a token is for, what it may do, how many days it lasts."""

    name: Text
    scope: ApiToken.Scope = ApiToken.Scope.READ
    days: int = Field(365, ge=1, le=3650)


class SecretOut(Schema):
    """A token's secret, shown once."""

    token: str


@router.get("/me", response=PersonOut, operation_id="show_me")
def show_me(request: Request) -> Person:
    """Who is asking."""
    return person_at(request.person.pk)


@router.put("/me/theme", response=Done, operation_id="choose_theme")
def choose_theme(request: Request, given: ThemeIn) -> Done:
    """Choose how Headwater looks."""
    actions.choose_theme(request.person, given.theme)
    return Done()


@router.get("/me/tokens", response=list[TokenOut], operation_id="list_tokens")
@paginate(Paging)
def list_tokens(request: Request) -> QuerySet[ApiToken]:
    """One's tokens, without their secrets."""
    return request.person.tokens.order_by("-created_at")


@router.post("/me/tokens", response=SecretOut, operation_id="create_token")
def create_token(request: Request, given: TokenIn) -> SecretOut:
    """Make a token, signed in: a token makes no other, which would outlive its own end."""
    require_signed_in(request)
    return SecretOut(token=actions.create_token(request.person, given.name, given.scope, given.days))


@router.delete("/tokens/{int:pk}", response=TokenOut, operation_id="revoke_token")
def revoke_token(request: Request, pk: Id) -> ApiToken:
    """End a token; an administrator may end those of others."""
    token = get_object_or_404(ApiToken.objects.select_related("person", "person__unit"), pk=pk)
    return actions.revoke_token(request.person, token)


@router.post("/me/held", response=dict[str, Any], operation_id="export_own_data")
def export_own_data(request: Request) -> dict[str, Any]:
    """Everything that is held about oneself."""
    return actions.export_own_data(request.person)
