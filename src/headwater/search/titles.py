"""Titles in lists of what is kept about a person: only those that the person may still read."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from headwater.people.models import Person
from headwater.search.models import Entry


def told(person: Person, rows: QuerySet[Any], entry: str, *fields: str) -> list[dict[str, Any]]:
    """Those fields of the rows; in place of a title, words where the entry at `entry` is closed to the person now.

    What became of it (when it was sent, opened, signed) is told all the same: that is about the person.
    """
    found = list(rows.values(entry, *fields))
    readable = Entry.objects.readable_by(person).filter(pk__in={row[entry] for row in found})
    open_ones = set(readable.values_list("pk", flat=True))
    closed = _("no longer open to you")
    return [
        {name: closed if name.endswith("title") and row[entry] not in open_ones else row[name] for name in fields}
        for row in found
    ]
