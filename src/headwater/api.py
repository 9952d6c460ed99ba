"""The API: `/o/<organisation>/api/v1/…`, described by OpenAPI at `/o/<organisation>/api/v1/openapi.json`.

Each room brings a router (`<room>/api.py`, named `router`), mounted under the room's name; an operation is named like
its action. Who is asking was settled by the organisation middleware: a bearer token or a signed-in browser. This door
only translates: refusals and bad values become JSON that says what happened and in which field.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as UnfitInput
from ninja.parser import Parser
from ninja.utils import check_csrf

from headwater.core.bodies import only_known
from headwater.core.references import UnknownReference
from headwater.people.models import ApiToken, Person
from headwater.people.request import Request
from headwater.search.language.parser import QueryError

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def identify(request: Request) -> Person:
    """The person who is asking. A token may only do what its scope allows; a browser must send the CSRF token."""
    token = request.token
    if request.person is None:
        raise HttpError(401, _("Sign in, or send a valid API token."))
    if request.method not in SAFE_METHODS:
        if token is None and check_csrf(request) is not None:
            raise HttpError(403, _("The CSRF token is missing or wrong."))
        if token is not None and token.scope != ApiToken.Scope.WRITE:
            raise HttpError(403, _("This token may read and not write."))
    return request.person


class KeepableText(Parser):
    """Reads a JSON body. One with a text that PostgreSQL cannot keep (NUL, half a character) cannot be read: 400."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The values; raises `ValueError` for a text that cannot be kept (UnicodeEncodeError is one)."""
        values = super().parse_body(request)
        if b"\\u" in request.body:  # raw, neither is JSON
            for text in _texts(values):
                if b"\x00" in text.encode():
                    raise ValueError("a text holds a NUL character")
        return values


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        for pair in values.items():
            yield from _texts(list(pair))
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)


api = NinjaAPI(
    title="Headwater", version="1", urls_namespace="api", auth=identify, docs_url=None, parser=KeepableText()
)
api.add_decorator(only_known, mode="view")

for room in settings.ROOMS:
    if find_spec(f"{room}.api"):
        api.add_router(f"/{room.rpartition('.')[2]}", import_module(f"{room}.api").router)


@api.exception_handler(ValidationError)
def on_bad_value(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A value was refused (400), or refers to nothing (422): every field with its messages, the first as the detail."""
    fields = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    field, messages = next(iter(fields.items()))
    status = 422 if isinstance(error, UnknownReference) else 400
    return _refusal(request, status, messages[0], None if field == "__all__" else field, fields=fields)


@api.exception_handler(UnfitInput)
def on_unfit_input(request: HttpRequest, error: UnfitInput) -> HttpResponse:
    """The input has not the form that the description says: which fields, and what is wrong with each."""
    fields: dict[str, list[str]] = {}
    for each in error.errors:
        said = _("There is no field of this name here.") if each["type"] == "extra_forbidden" else each["msg"]
        fields.setdefault(_field_at(each["loc"]), []).append(said)
    field, messages = next(iter(fields.items()))
    return _refusal(request, 422, f"{field}: {messages[0]}" if field else messages[0], field or None, fields=fields)


def _field_at(place: tuple[str | int, ...]) -> str:
    """The field's name for who sent it: without the part of the request, and the name our function has for its body."""
    named = place[2:] if place[:1] == ("body",) else place[1:]
    return ".".join(str(part) for part in named)


@api.exception_handler(HttpError)
def on_refused_request(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Not signed in, a token that may not, or a body that cannot be read: then with the place where it stops."""
    cause = error.__cause__
    if isinstance(cause, json.JSONDecodeError):
        said = _("The body is not JSON: %(what)s at line %(line)s, column %(column)s.")
        detail = said % {"what": cause.msg, "line": cause.lineno, "column": cause.colno}
        return _refusal(request, 400, detail, position=cause.pos)
    if isinstance(cause, ValueError):
        return _refusal(request, 400, _("The body cannot be read: %s.") % cause)
    return _refusal(request, error.status_code, error.message)


@api.exception_handler(QueryError)
def on_bad_query(request: HttpRequest, error: QueryError) -> HttpResponse:
    """A query could not be read: what is wrong, and at which position."""
    return _refusal(request, 400, str(error), "query", position=error.position)


@api.exception_handler(PermissionDenied)
def on_refusal(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """The person may not do this; the message says who may."""
    return _refusal(request, 403, str(error) or _("You may not do this."))


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def on_absence(request: HttpRequest, error: Exception) -> HttpResponse:
    """Not there, in another organisation, or not to be read by this person: the same answer for all."""
    return _refusal(request, 404, _("There is no such thing, or you may not see it."))


def _refusal(request: HttpRequest, status: int, detail: str, field: str | None = None, **more: Any) -> HttpResponse:
    return api.create_response(request, {"detail": detail, "field": field, **more}, status=status)


def describe_api(request: Request) -> HttpResponse:
    """The OpenAPI description, with the addresses of this organisation (ninja's own view cannot know them)."""
    return JsonResponse(api.get_openapi_schema(path_prefix=f"/o/{request.organisation.slug}/api/v1/"))


app_name = "doors"
urlpatterns = [path("v1/openapi.json", describe_api, name="openapi"), path("v1/", api.urls)]
