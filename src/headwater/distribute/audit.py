"""The audit log as a list: filtered, with names beside the numbers, and as rows of a sheet."""

import json
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.utils.formats import localize
from django.utils.translation import gettext as _

from headwater.core.models import Event
from headwater.people.models import Person

HEADER = ("at", "actor_id", "actor", "door", "verb", "subject", "subject_id", "details")


def events(verb: str = "", person: int | None = None) -> QuerySet[Event]:
    """The lines of the log, newest first, perhaps only those of a verb or of a person."""
    found = Event.objects.order_by("-at", "-pk")
    found = found.filter(verb=verb) if verb else found
    return found.filter(actor_id=person) if person is not None else found


def rows(found: QuerySet[Event]) -> Iterator[tuple[object, ...]]:
    """The lines as rows under HEADER, in their order; times in UTC, details as JSON. Read in portions."""
    names = dict(Person.objects.values_list("pk", "name"))
    for event in found.iterator(chunk_size=2_000):
        yield (
            event.at.isoformat(),
            event.actor_id,
            names.get(event.actor_id or 0, ""),
            event.door,
            event.verb,
            event.subject,
            event.subject_id,
            json.dumps(event.details, ensure_ascii=False, sort_keys=True) if event.details else "",
        )


def about(event: Event) -> str:
    """What a line is about, as people call it: “information need 5”."""
    try:
        thing = str(apps.get_model(event.subject)._meta.verbose_name)
    except (LookupError, ValueError):
        thing = event.subject
    return f"{thing} {event.subject_id}" if event.subject_id else thing


def details(event: Event) -> str:
    """The details of a line as they are read: “needs review yes · fields name, owner”."""
    return " · ".join(f"{key.replace('_', ' ')} {_said(value)}" for key, value in event.details.items())


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return "–" if value in (None, "") else str(localize(value) if isinstance(value, float) else value)
