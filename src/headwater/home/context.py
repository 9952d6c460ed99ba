"""What the frame of every page shows: rail, tabs, menus. Looked up only when a template asks for it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from headwater.core.addresses import address
from headwater.home.counts import rail_counts
from headwater.home.rail import MINE, NEW, Place, open_places, sections
from headwater.people.models import Person


def frame(request: HttpRequest) -> dict[str, Any]:
    """The variable `home` of every template; empty for somebody who is not signed in to an organisation."""
    person = getattr(request, "person", None)
    if person is None:
        return {"home": {}}
    return {"home": SimpleLazyObject(lambda: _frame(request, person))}


def _frame(request: HttpRequest, person: Person) -> dict[str, Any]:
    rail = sections(request, person, rail_counts(request, person))
    match = request.resolver_match
    return {
        "rail": rail,
        "tabs": _tabs([place for section in rail for place in section.places], person),
        "new": open_places(person, NEW),
        "mine": open_places(person, MINE),
        "who": person.title,
        "today": address("home:today"),
        "search_url": address("search:results"),
        "palette_url": address("home:palette"),
        "help_url": address("home:help", page=match.view_name.replace(":", "-")) if match and match.view_name else "",
        "theme_url": address("home:theme"),
        "me_url": address("people:me"),
        "sign_out_url": reverse("account_logout"),
    }


def _tabs(places: list[Place], person: Person) -> list[Place]:
    """Four tabs at the foot of a telephone; the fifth opens everything else."""
    writing = [place for place in open_places(person, NEW) if place.key == "c"]
    wanted = [place for place in places if place.icon in ("sun", "inbox")]
    new = [Place(_("New"), "plus", url=writing[0].url)] if writing else []
    rest = [place for place in places if place.icon in ("books", "users", "gauge")]
    return (wanted + new + rest)[:4]
