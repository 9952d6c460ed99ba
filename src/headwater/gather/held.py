"""What gather holds about a person: what they look after, what they brought, and the runs they started."""

from typing import Any

from django.db.models import BooleanField, Case, CharField, ExpressionWrapper, Value, When
from django.utils.translation import gettext as _

from headwater.core.lists import lists_of
from headwater.gather.models import Document, InformationNeed, Run, Source
from headwater.people.models import Person
from headwater.people.reading import readable


def of_person(person: Person) -> dict[str, Any]:
    """Sources, questions, documents brought, runs: plain values. The name of a source only while it is open to them."""
    is_open = ExpressionWrapper(readable(person, "source__"), BooleanField())
    closed = Value(_("no longer open to you"))
    named = Case(When(is_open=True, then="source__name"), default=closed, output_field=CharField())
    runs = Run.objects.filter(started_by=person).annotate(is_open=is_open, named=named)
    return dict(
        lists_of(
            {
                "sources": Source.objects.filter(owner=person).values("name", "kind", "created_at"),
                "needs": InformationNeed.objects.filter(owner=person).values("question", "due_on", "state"),
                "brought": Document.objects.filter(brought_by=person).values("handed_as", "last_seen_at"),
                "runs_started": runs.values("named", "started_at"),
            }
        )
    )
