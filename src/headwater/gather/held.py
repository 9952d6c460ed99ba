"""What gather holds about a person: what they look after, and the runs they started."""

from typing import Any

from headwater.gather.models import InformationNeed, Run, Source
from headwater.people.models import Person


def of_person(person: Person) -> dict[str, Any]:
    """Sources, questions to be answered, runs: plain values."""
    return {
        "sources": list(Source.objects.filter(owner=person).values("name", "kind", "created_at")),
        "needs": list(InformationNeed.objects.filter(owner=person).values("question", "due_on", "state")),
        "runs_started": list(Run.objects.filter(started_by=person).values("source__name", "started_at")),
    }
