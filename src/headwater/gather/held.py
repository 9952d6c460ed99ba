"""What gather holds about a person: what they look after, and the runs they started."""

from typing import Any

from django.utils.translation import gettext as _

from headwater.gather.models import InformationNeed, Run, Source
from headwater.people.models import Person
from headwater.people.reading import readable


def of_person(person: Person) -> dict[str, Any]:
    """Sources, questions to be answered, runs: plain values."""
    return {
        "sources": list(Source.objects.filter(owner=person).values("name", "kind", "created_at")),
        "needs": list(InformationNeed.objects.filter(owner=person).values("question", "due_on", "state")),
        "runs_started": _runs(person),
    }


def _runs(person: Person) -> list[dict[str, Any]]:
    """The name of a source only while it is open to the person."""
    open_ones = set(Source.objects.filter(readable(person)).values_list("pk", flat=True))
    runs = Run.objects.filter(started_by=person).values_list("source", "source__name", "started_at")
    return [
        {"source": name if source in open_ones else _("no longer open to you"), "started_at": started}
        for source, name, started in runs
    ]
