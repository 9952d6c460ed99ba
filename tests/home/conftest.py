"""Deliveries and figures for the pages that draw on every room."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from headwater.distribute.models import Delivery, Directive, InterestProfile, Reason
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion, Kind
from tests.conftest import enrol

TEXT = "# When\n\nThe supervisor tests the air before anyone goes in.\n\nEveryone leaves under 19.0 %.\n"


@pytest.fixture
def readers(ines: Person, nadia: Person, otto: Person, everyone: Audience) -> Audience:
    """The cast in one audience."""
    enrol(everyone)
    return everyone


MakeEntry = Callable[..., Entry]
Deliver = Callable[..., Delivery]


@pytest.fixture
def make_entry(readers: Audience, nadia: Person) -> MakeEntry:
    """An entry of everybody's, with its first version."""

    def make(title: str = "Confined spaces", text: str = TEXT, **values: Any) -> Entry:
        values = {"kind": Kind.PROCEDURE, "owner": nadia, "audience": readers, **values}
        entry = Entry.objects.create(title=title, **values)
        return add_version(entry, text)

    return make


def add_version(entry: Entry, text: str, **values: Any) -> Entry:
    """A further version of an entry, which becomes the current one."""
    number = entry.versions.count() + 1
    published = values.pop("published_at", timezone.now() - timedelta(days=1))
    entry.current_version = EntryVersion.objects.create(
        entry=entry,
        number=number,
        title=entry.title,
        text=text,
        checksum=f"{number:064d}",
        published_at=published,
        **values,
    )
    entry.save()
    return entry


@pytest.fixture
def must_read(nadia: Person, readers: Audience) -> Deliver:
    """A directive about an entry's current version, delivered to a person."""

    def deliver(entry: Entry, person: Person, **values: Any) -> Delivery:
        directive = Directive.objects.create(
            name=entry.title,
            entry=entry,
            version=entry.current_version,
            audience=readers,
            sentence=values.pop("sentence", ""),
            state=Directive.State.ISSUED,
            issued_by=nadia,
        )
        delivery = Delivery.objects.create(
            person=person, version=entry.current_version, must_acknowledge=True, **values
        )
        Reason.objects.create(delivery=delivery, directive=directive)
        return delivery

    return deliver


@pytest.fixture
def bring() -> Deliver:
    """An entry's current version, brought to a person by an interest profile."""

    def deliver(entry: Entry, person: Person, **values: Any) -> Delivery:
        profile, _ = InterestProfile.objects.get_or_create(
            name="Culverts", person=person, defaults={"query": "culvert"}
        )
        delivery = Delivery.objects.create(person=person, version=entry.current_version, **values)
        Reason.objects.create(delivery=delivery, profile=profile, words=["culvert"])
        return delivery

    return deliver
