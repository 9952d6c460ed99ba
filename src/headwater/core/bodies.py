"""What is sent to the API: a field that it does not know is refused, so that nothing is done but what was meant."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import MethodType
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from ninja import Schema
from ninja.errors import ValidationError as UnfitInput
from ninja.operation import Operation
from pydantic import ConfigDict

Run = Callable[..., HttpResponse]
CSRF_FIELD = "csrfmiddlewaretoken"


class Body(Schema):
    """The values in the body of a request, in every room. What else is sent is refused (422) by its name."""

    model_config = ConfigDict(extra="forbid")


def only_known(run: Run) -> Run:
    """Around an operation: refuses (422) parameters of the address, and fields and files of a form, unknown to it.

    Who asks without having signed in hears that first.
    """
    operation = cast(MethodType, run).__self__  # what ninja decorates is the operation's own method
    assert isinstance(operation, Operation)
    known = {source: frozenset(_names(operation, source)) for source in ("query", "form", "file", "body")}

    @wraps(run)
    def running(request: HttpRequest, **path: Any) -> HttpResponse:
        unknown = list(_unknown(request, known))
        if unknown and getattr(request, "person", None) is not None:
            return operation.api.on_exception(request, UnfitInput(unknown))
        return run(request, **path)

    return running


def _names(operation: Operation, source: str) -> Iterator[str]:
    """What the operation takes from that part of a request, by the names it is sent under."""
    for model in operation.models:
        if model.__ninja_param_source__ == source:
            yield from getattr(model, "__ninja_flatten_map__", None) or model.model_fields


def _unknown(request: HttpRequest, known: dict[str, frozenset[str]]) -> Iterator[dict[str, Any]]:
    sent: list[tuple[str, Iterable[str]]] = [("query", request.GET)]
    if not known["body"]:  # a form is read here: a body that is one cannot be read again
        sent += [("form", request.POST), ("file", request.FILES)]
    for source, values in sent:
        for name in values:
            if name not in known[source] and (source, name) != ("form", CSRF_FIELD):
                yield {"type": "extra_forbidden", "loc": (source, name), "msg": ""}
