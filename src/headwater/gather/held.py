"""What gather holds about a person: what they look after, what they brought, and the runs they started."""

from typing import Any

from django.db.models import F, QuerySet

from headwater.gather.models import Document, InformationNeed, Run, Source
from headwater.people.listing import ListsAbout
from headwater.people.models import Person
from headwater.people.reading import Reader
from headwater.search.titles import told, without_closed


def of_person(person: Person) -> dict[str, Any]:
    """Sources, questions, documents brought, runs: plain values. The name of a source only while it is open to them."""
    return without_closed(_lists.of(person))


def _queries(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    runs = Run.objects.filter(started_by=person.pk).annotate(title=F("source__name"))
    return {
        "sources": Source.objects.filter(owner=person.pk).values("name", "kind", "created_at"),
        "needs": InformationNeed.objects.filter(owner=person.pk).values("question", "due_on", "state"),
        "brought": Document.objects.filter(brought_by=person.pk).values("handed_as", "last_seen_at"),
        "runs_started": told(person, runs, "source", "title", "started_at"),
    }


_lists = ListsAbout(_queries)


def open_matters(reader: Reader) -> dict[str, QuerySet[Any]]:
    """Of what notices are about, the documents and sources that the reader may read."""
    sources = Source.objects.readable_by(reader)
    return {"replaced": Document.objects.readable_by(reader), "source-failed": sources, "source-silent": sources}
