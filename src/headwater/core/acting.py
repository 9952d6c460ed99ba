"""Running an action from a page: what was refused is said where it belongs, and nothing else is done."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect, QueryDict

from headwater.core.actions import Refused
from headwater.core.messages import tell

T = TypeVar("T")
ROWS = 50


def complain(form: forms.BaseForm, error: ValidationError | Refused) -> None:
    """Show what was refused beside its field, or over the form when the form has no such field."""
    said = {"": error.messages if isinstance(error, ValidationError) else [str(error)]}
    if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
        said = error.message_dict
    for name, texts in said.items():
        form.add_error(name if name in form.fields else None, texts)


def tried(form: forms.BaseForm, act: Callable[[], T]) -> T | None:
    """What an action returns; None when it refused a value, which then stands in the form."""
    try:
        return act()
    except ValidationError as error:
        complain(form, error)
        return None


def filled(form: forms.BaseForm, act: Callable[[dict[str, Any]], T]) -> T | None:
    """Run an action with what a valid form holds; its refusals become the form's errors (then the answer is None)."""
    return tried(form, lambda: act(form.cleaned_data)) if form.is_valid() else None


def attempt(request: HttpRequest, act: Callable[[], T], done: Any = "", undo: str = "") -> T | None:
    """Run an action that a button started; say that it is done, or why it was refused (then the answer is None)."""
    try:
        result = act()
    except ValidationError as error:
        tell(request, " ".join(error.messages), level=messages.ERROR)
        return None
    if done:
        tell(request, done, undo)
    return result


def pressed(
    request: HttpRequest, form: forms.BaseForm, act: Callable[[dict[str, Any]], T], done: Any = "", undo: str = ""
) -> T | None:
    """Run an action with what a small form beside a button holds; what was refused is told, with its field's name."""
    if form.is_valid():
        return attempt(request, lambda: act(form.cleaned_data), done, undo)
    for name, said in form.errors.items():
        label = f"{form.fields[name].label}: " if name in form.fields else ""
        tell(request, label + " ".join(str(each) for each in said), level=messages.ERROR)
    return None


def back_to(page: str, refused: forms.BaseForm | None = None) -> HttpResponseRedirect:
    """Back to the page a small form stands on; of a refused one, what was typed goes along and stands there again."""
    if refused is None:
        return HttpResponseRedirect(page)
    return HttpResponseRedirect(f"{page}?{urlencode({name: refused.data.get(name, '') for name in refused.fields})}")


def kept(request: HttpRequest, form: type[forms.Form]) -> dict[str, Any]:
    """What `back_to` brought along of a refused form, as its initial values."""
    return {name: request.GET[name] for name in form.base_fields if name in request.GET}


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: what was sent, be it nothing at all; None when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def page_of(request: HttpRequest, rows: QuerySet[Any] | list[Any]) -> Page[Any]:
    """The page of rows that the address asks for; the last one when it asks for too much."""
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))
