"""What search holds about a person: the questions they asked to be told about, and nothing else they searched for."""

from typing import Any

from django.db.models import QuerySet

from headwater.people.listing import ListsAbout
from headwater.people.models import Person
from headwater.people.reading import Reader
from headwater.search.models import Entry, GapAsker
from headwater.search.titles import told, without_closed


def of_person(person: Person) -> dict[str, Any]:
    """Questions waiting for an answer, and what the person owns: plain values."""
    return without_closed(_lists.of(person))


def _queries(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    return {
        "waiting_for_an_answer": (
            GapAsker.objects.filter(person=person.pk).values("gap__query", "asked_at", "told_at")
        ),
        "owns": told(person, Entry.objects.filter(owner=person.pk), "", "title", "kind", "created_at"),
    }


_lists = ListsAbout(_queries)


def forget(person: Person) -> None:
    """Remove the person from the questions they asked."""
    GapAsker.objects.filter(person=person).delete()
