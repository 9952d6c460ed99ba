"""What search holds about a person: the questions they asked to be told about, and nothing else they searched for."""

from typing import Any

from headwater.people.models import Person
from headwater.search.models import Entry, GapAsker
from headwater.search.titles import told


def of_person(person: Person) -> dict[str, Any]:
    """Questions waiting for an answer, and what the person owns: plain values."""
    return {
        "waiting_for_an_answer": list(
            GapAsker.objects.filter(person=person).values("gap__query", "asked_at", "told_at")
        ),
        "owns": told(person, Entry.objects.filter(owner=person), "pk", "title", "kind", "created_at"),
    }


def forget(person: Person) -> None:
    """Remove the person from the questions they asked."""
    GapAsker.objects.filter(person=person).delete()
