"""The index follows what was committed, loses nothing to the order of commits, and mends what it cannot follow."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connections
from django.db.models import Max

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.people.models import Audience, Person, Unit
from headwater.search.actions import publish_version, search_entries, withdraw_entry
from headwater.search.indexing import follow_entries, index_of, mend_index
from headwater.search.models import Entry, Kind
from tests.conftest import enrol


@pytest.fixture
def waterworks(committed: None) -> Iterator[Organisation]:
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        person = Person.objects.create(name="Ines")
        audience = Audience.objects.create(slug="everyone", name="Everyone", rule={"everyone": True})
        enrol(audience)
        Unit.objects.create(slug="drainage", name="Drainage", path="/1/")
    assert person.pk
    return organisation


def shelve(title: str) -> Entry:
    """A published entry in a transaction of its own, if none is open."""
    entry = Entry.objects.create(
        kind=Kind.PROCEDURE, title=title, audience=Audience.objects.get(), unit=Unit.objects.get()
    )
    when = datetime(2026, 3, 1, tzinfo=UTC)
    publish_version(entry, title=title, text="", language="en", author="", published_at=when)
    return entry


def follow(organisation: Organisation) -> None:
    """Follow until what is committed here is behind; a transaction open in any database of the server holds it up."""
    with organisation_context(organisation.pk):
        newest = Entry.objects.aggregate(newest=Max("tx"))["newest"] or 0
    until = time.monotonic() + 20
    while index_of(organisation.pk).cursor <= newest and time.monotonic() < until:
        follow_entries(organisation.pk)
        time.sleep(0.01)


def found(organisation: Organisation, text: str = "*") -> list[str]:
    with organisation_context(organisation.pk):
        return sorted(result.entry.title for result in search_entries(Person.objects.get(), text).results)


def test_the_index_follows(waterworks: Organisation) -> None:
    with organisation_context(waterworks.pk):
        entry = shelve("Valve one")
        shelve("Valve two")
    follow(waterworks)
    assert found(waterworks) == ["Valve one", "Valve two"]
    with organisation_context(waterworks.pk):
        withdraw_entry(entry)
    follow(waterworks)
    assert index_of(waterworks.pk).held().keys() == {entry.pk + 1}


def test_nothing_to_do_writes_nothing(waterworks: Organisation) -> None:
    with organisation_context(waterworks.pk):
        shelve("Valve one")
    follow(waterworks)
    index = index_of(waterworks.pk)
    before = (index.place / "meta.json").stat().st_mtime_ns
    follow(waterworks)
    assert (index.place / "meta.json").stat().st_mtime_ns == before


def test_a_transaction_that_commits_late_is_not_lost(waterworks: Organisation) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with organisation_context(waterworks.pk):
            shelve("Began first, committed last")
            written.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(10)
    with organisation_context(waterworks.pk):
        shelve("Began last, committed first")
    follow_entries(waterworks.pk)
    go_on.set()
    thread.join()
    follow(waterworks)
    assert found(waterworks) == ["Began first, committed last", "Began last, committed first"]


def test_while_another_process_writes_it_waits(waterworks: Organisation) -> None:
    with organisation_context(waterworks.pk):
        shelve("Valve one")
    with index_of(waterworks.pk).writing():
        assert follow_entries(waterworks.pk) is False
        assert mend_index(waterworks.pk) == 0
    follow(waterworks)
    assert found(waterworks) == ["Valve one"]


def test_an_index_of_another_database_begins_anew(waterworks: Organisation) -> None:
    with organisation_context(waterworks.pk):
        shelve("Valve one")
    follow(waterworks)
    index = index_of(waterworks.pk)
    with index.writing() as writer:
        writer.cursor = 2**60
    with organisation_context(waterworks.pk):
        shelve("Valve two")
    follow_entries(waterworks.pk)
    follow(waterworks)
    assert found(waterworks) == ["Valve one", "Valve two"]


def test_mending_catches_what_following_cannot_see(waterworks: Organisation) -> None:
    with organisation_context(waterworks.pk):
        gone, stays = shelve("Valve one"), shelve("Valve two")
    follow(waterworks)
    assert mend_index(waterworks.pk) == 0
    with organisation_context(waterworks.pk):
        Entry.objects.filter(pk=gone.pk).update(current_version=None)
        gone.versions.all().delete()
        gone.delete()
        Unit.objects.update(slug="sewers")
    assert mend_index(waterworks.pk) == 2
    assert index_of(waterworks.pk).held().keys() == {stays.pk}
    assert found(waterworks, "unit:sewers") == ["Valve two"]


def test_each_organisation_has_its_own_index(waterworks: Organisation) -> None:
    other = Organisation.objects.create(slug="roads", name="Roads")
    with organisation_context(waterworks.pk):
        shelve("Valve one")
    follow(waterworks)
    follow_entries(other.pk)
    assert index_of(other.pk).held() == {}
    assert index_of(waterworks.pk).folder == settings.HEADWATER_HOME / "index" / str(waterworks.pk)
