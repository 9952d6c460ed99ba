"""What the command palette offers: things by title, people, verbs, places; only what this person may read and do."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from headwater.core.addresses import address
from headwater.home.rail import DAILY, MINE, NEW, STEER, open_places
from headwater.people.models import Community, Person
from headwater.search.models import Entry
from headwater.search.templatetags.search import kind_icon

TITLES_SHOWN = 6
PEOPLE_SHOWN = 3


@dataclass(frozen=True)
class Option:
    """One line of the palette."""

    label: str | Promise
    icon: str
    url: str
    note: str = ""
    keys: str = ""


@dataclass(frozen=True)
class Group:
    """Options under one heading; the first group has none."""

    title: str
    options: list[Option]


def suggestions(person: Person, text: str) -> list[Group]:
    """Groups of options for what was typed; with nothing typed, what can be done and where one can go."""
    wanted = text.strip()
    found = _things(person, wanted) + _people(wanted) + _communities(wanted) if len(wanted) > 1 else []
    groups = [Group("", found), Group(_("Do"), _verbs(person, wanted)), Group(_("Go to"), _places(person, wanted))]
    return [group for group in groups if group.options]


def _holds(label: str | Promise, wanted: str) -> bool:
    words = str(label).lower()
    return all(any(word.startswith(part) for word in words.split()) for part in wanted.lower().split())


def _verbs(person: Person, wanted: str) -> list[Option]:
    places = [place for place in open_places(person, NEW) if _holds(place.label, wanted)]
    return [Option(place.label, place.icon, place.url, keys=place.key) for place in places]


def _places(person: Person, wanted: str) -> list[Option]:
    places = [place for place in open_places(person, DAILY + STEER + MINE) if _holds(place.label, wanted)]
    return [Option(place.label, place.icon, place.url, keys=f"g {place.key}" if place.key else "") for place in places]


def _things(person: Person, wanted: str) -> list[Option]:
    named = Q()
    for word in wanted.split():
        named &= Q(title__icontains=word)
    entries = Entry.objects.current().readable_by(person).filter(named).order_by("-current_version__published_at")
    return [
        Option(entry.title, kind_icon(entry.kind), address("home:entry", pk=entry.pk), entry.get_kind_display())
        for entry in entries[:TITLES_SHOWN]
    ]


def _people(wanted: str) -> list[Option]:
    people = Person.objects.active().filter(name__icontains=wanted).order_by("name")[:PEOPLE_SHOWN]
    options = [Option(each.name, "user", address("people:person", pk=each.pk), each.title) for each in people]
    return [option for option in options if option.url]


def _communities(wanted: str) -> list[Option]:
    communities = Community.objects.filter(name__icontains=wanted).order_by("name")[:PEOPLE_SHOWN]
    options = [
        Option(each.name, "users-group", address("people:community", pk=each.pk), _("Community"))
        for each in communities
    ]
    return [option for option in options if option.url]
