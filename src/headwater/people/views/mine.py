"""My account: profile, theme, tokens, and what is held about me."""

import re
from datetime import date
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from headwater.core.acting import attempt, filled, posted, pressed
from headwater.core.addresses import address
from headwater.core.display import dates
from headwater.people import actions
from headwater.people.days import today
from headwater.people.forms import AbsenceForm, ProfileForm, TokenForm
from headwater.people.held import held_about
from headwater.people.models import ApiToken
from headwater.people.request import Request

CODE = re.compile(r"[a-z]+(_[a-z]+)+")
SHOWN = 25  # rows of one kind; all are in the export
OWN = ("chosen_language", "timezone", "work_from", "work_until")


@require_http_methods(["GET", "POST"])
def me(request: Request) -> HttpResponse:
    """What I set for myself."""
    person = request.person
    form = ProfileForm(posted(request), initial={name: getattr(person, name) for name in OWN}, person=person)
    if request.method == "POST":
        changed = filled(form, lambda values: _saved(request, values))
        if changed is not None:
            return redirect(address("people:me"))
    context = {
        "title": _("My account"),
        "form": form,
        "themes": [("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))],
        "theme": getattr(request.user, "theme", "auto"),
        "absences": person.absences.filter(until__gte=today()).select_related("deputy").order_by("since"),
        "absence_form": AbsenceForm(person=person),
        "tokens": person.tokens.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by("-created_at"),
        "token_form": TokenForm(),
        "secret": request.session.pop("new-token", ""),
    }
    return render(request, "people/me.html", context)


def _saved(request: Request, values: dict[str, Any]) -> object:
    chosen = values.pop("chosen_language")
    clear = [] if chosen else ["chosen_language"]
    return actions.change_person(request.person, request.person, **values, chosen_language=chosen or None, clear=clear)


@require_POST
def choose_theme(request: Request) -> HttpResponse:
    """Light, dark, or as the device does."""
    attempt(request, lambda: actions.choose_theme(request.person, request.POST.get("theme", "")))
    return redirect(address("people:me"))


@require_POST
def make_token(request: Request) -> HttpResponse:
    """Make a token; the page shows it once."""
    secret = pressed(request, TokenForm(request.POST), lambda values: actions.create_token(request.person, **values))
    if secret:
        request.session["new-token"] = secret
    return redirect(f"{address('people:me')}#tokens")


@require_POST
def revoke_token(request: Request, pk: int) -> HttpResponse:
    """End a token."""
    token = get_object_or_404(ApiToken, pk=pk, person=request.person)
    attempt(request, lambda: actions.revoke_token(request.person, token), _("The token is revoked."))
    return redirect(f"{address('people:me')}#tokens")


@require_GET
def held(request: Request) -> HttpResponse:
    """What is held about me, room by room."""
    rooms = []
    for room, about in held_about(request.person).items():
        entries = _entries(about)
        nothing = [entry["name"] for entry in entries if not entry["count"]]
        kept = [entry for entry in entries if entry["count"]]
        rooms.append({"name": _words(room), "entries": kept, "nothing": nothing})
    return render(request, "people/held.html", {"title": _("What is held about me"), "rooms": rooms})


def _entries(about: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry a kind of thing: a table of rows, pairs, or a list of words."""
    shown: list[dict[str, Any]] = []
    for name, value in about.items():
        words = _words(name)
        if isinstance(value, dict):
            pairs = [(_words(key), _plain(each)) for key, each in value.items()]
            shown.append({"name": words, "pairs": pairs, "count": len(pairs)})
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            rows = [[_plain(each) for each in row.values()] for row in value[:SHOWN]]
            heads = [_words(key.replace("__name", "")) for key in value[0]]
            shown.append({"name": words, "heads": heads, "rows": rows, "more": max(len(value) - SHOWN, 0)})
            shown[-1]["count"] = len(value)
        else:
            listed = value if isinstance(value, list) else [value]
            said = [_plain(each) for each in listed if each not in (None, "")]
            shown.append({"name": words, "words": said, "count": len(said)})
    return shown


def _plain(value: Any) -> Any:
    """A value of the export as people read it: days and hours in their zone, codes as words."""
    if isinstance(value, date):
        return dates.when(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value.replace("_", " ") if isinstance(value, str) and CODE.fullmatch(value) else value


def _words(key: str) -> str:
    """A key of the export as words of the reader's language."""
    return _(key.rpartition("__")[2].replace("_", " ").capitalize())


@require_POST
def export_held(request: Request) -> HttpResponse:
    """The same as a JSON file, to keep."""
    data = actions.export_own_data(request.person)
    response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="held-about-me.json"'
    return response
