"""Counting an inbox: the page's one look says the same as each count by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.core.models import Classification
from headwater.distribute.inbox import InboxCounts, counts_of, look_through
from headwater.distribute.lines import Tab
from headwater.distribute.models import Delivery
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion
from tests.distribute.conftest import make_version

NOW = timezone.now()
SIGNED = {"must_acknowledge": True, "state": "acknowledged", "acknowledged_at": NOW, "read_at": NOW}
KINDS: list[dict[str, object]] = [
    {},
    {"urgent": True},
    {"must_acknowledge": True, "due_at": NOW - timedelta(days=1)},
    {"must_acknowledge": True, "due_at": NOW + timedelta(days=1), "read_at": NOW},
    {"state": "opened", "opened_at": NOW, "read_at": NOW},
    {"state": "opened", "opened_at": NOW, "read_at": NOW, "must_acknowledge": True, "due_at": NOW - timedelta(days=1)},
    {"state": "expired"},
    {"state": "withdrawn", "withdrawn_because": "gone"},
    {"state": "withdrawn", "withdrawn_because": "access"},
    SIGNED,
]


@pytest.fixture
def full(ines: Person, everyone: Audience, nadia: Person, version: EntryVersion) -> Person:
    """Ines with a delivery of each kind, and of each once more that she may not read any more."""
    for number, fields in enumerate(KINDS):
        for classification in (Classification.INTERNAL, Classification.CONFIDENTIAL):
            of = make_version(f"Text {number}", "Text.", everyone, nadia, classification=classification)
            Delivery.objects.create(person=ines, version=of, **fields)
    return ines


def test_one_look_counts_what_each_count_does(full: Person) -> None:
    assert look_through(full) == counts_of(full) == InboxCounts(unread=3, to_acknowledge=3, overdue=2, for_you=2)
    assert [len(Tab(full, tab)) for tab in ("all", "done")] == [8, 1]


def test_who_has_left_has_nothing_to_count(full: Person) -> None:
    full.left_on = timezone.localdate()
    full.save()
    assert look_through(full) == InboxCounts()
