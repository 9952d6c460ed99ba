"""What every test of distributing needs: an entry with a version, a delivery of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from headwater.distribute.models import Delivery, InterestProfile, Reason
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion, Kind


@pytest.fixture
def version(everyone: Audience, nadia: Person) -> EntryVersion:
    """Working in confined spaces, version 1, readable by everyone."""
    return make_version("Working in confined spaces", "Test the air before anyone goes in.", everyone, nadia)


def make_version(title: str, text: str, audience: Audience | None, owner: Person, **fields: Any) -> EntryVersion:
    """A current version of a new entry, written straight into the tables."""
    entry = Entry.objects.create(kind=Kind.PROCEDURE, title=title, owner=owner, audience=audience, **fields)
    version = EntryVersion.objects.create(
        entry=entry, number=1, title=title, text=text, language="en", checksum="0" * 64, published_at=timezone.now()
    )
    entry.current_version = version
    entry.save()
    return version


@pytest.fixture
def deliver(version: EntryVersion) -> Callable[..., Delivery]:
    """Deliver the version to a person because of a profile of theirs."""

    def delivered(person: Person, **fields: Any) -> Delivery:
        delivery = Delivery.objects.create(person=person, **{"version": version, "push": "at_once", **fields})
        profile = InterestProfile.objects.create(name="Air", person=person, query="air")
        Reason.objects.create(delivery=delivery, profile=profile, words=["air"])
        return delivery

    return delivered
