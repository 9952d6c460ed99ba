"""What comes to be about something else, or to be read by others, is matched once more while it is news."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.distribute.actions import issue_directive, save_directive
from headwater.distribute.matching import forget_standing, match_new_versions
from headwater.distribute.models import Delivery, MatchShard
from headwater.distribute.reconsidering import AT_ONCE
from headwater.distribute.shards import divide
from headwater.library.actions.arranging import accept_topic, propose_topic
from headwater.people.models import Person
from headwater.search.models import Entry, EntryTopic, EntryVersion
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.distribute.test_matching import House, profile


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


@pytest.fixture
def scour(house: House) -> Concept:
    with house.inside():
        scheme = ConceptScheme.objects.create(slug="river", title="River")
        return Concept.objects.create(scheme=scheme, slug="scour", labels={"en": "Scour"})


def propose(house: House, version: EntryVersion, concept: Concept) -> EntryTopic:
    with house.inside():
        return propose_topic(house.nadia, version.entry, concept)


def say_topic(house: House, version: EntryVersion, concept: Concept) -> None:
    topic = propose(house, version, concept)
    with house.inside():
        accept_topic(house.nadia, topic)


def closed(house: House, title: str, owner: Person | None = None) -> EntryVersion:
    return house.publish(title, audience=None, owner=owner or house.nadia)


def open_up(house: House, *versions: EntryVersion) -> None:
    """To everyone, all in one transaction."""
    with house.inside():
        Entry.objects.filter(pk__in=[each.entry_id for each in versions]).update(audience=house.everyone)


def test_a_topic_that_is_accepted_later_brings_a_text_to_who_follows_it(house: House, scour: Concept) -> None:
    profile(house, house.ines, "topic:scour pier", confirmed=True)
    version = house.publish("A pier in the river")
    house.match()
    propose(house, version, scour)
    house.match()
    assert house.got(house.ines) == []
    say_topic(house, version, scour)
    house.match()
    house.match()
    assert house.got(house.ines) == ["A pier in the river"]
    with house.inside():
        row = Delivery.objects.get()
        assert row.eligible_at == row.created_at > version.gathered_at


def test_a_must_read_on_a_topic_reaches_its_audience_when_the_topic_is_settled(house: House, scour: Concept) -> None:
    with house.inside():
        draft = save_directive(house.nadia, house.everyone, query="topic:scour", due_days=3, confirmed=True)
        issue_directive(house.nadia, draft)
    version = house.publish("A pier in the river")
    house.match()
    say_topic(house, version, scour)
    house.match()
    assert house.got(house.ines) == house.got(house.omar) == ["A pier in the river"]


def test_a_text_that_is_opened_later_comes_to_who_asked_for_such_texts_before(house: House) -> None:
    profile(house, house.ines, "wombat")
    version = closed(house, "A wombat")
    house.match()
    profile(house, house.omar, "wombat")
    open_up(house, version)
    house.match()
    assert house.got(house.ines) == ["A wombat"]
    assert house.got(house.omar) == []


def test_what_was_delivered_is_left_as_it_is(house: House) -> None:
    profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    with house.inside():
        before = Delivery.objects.values().get()
        Entry.objects.update(standing="verified")
    house.match()
    with house.inside():
        assert Delivery.objects.values().get() == before


def test_what_changes_when_it_is_no_news_any_more_comes_to_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(house, house.ines, "pump")
    old = closed(house, "An old pump")
    house.match()
    monkeypatch.setattr("headwater.distribute.reconsidering.NEWS", timedelta(0))
    open_up(house, old)
    house.match()
    assert house.got(house.ines) == []


@pytest.mark.parametrize("number", [1, 3])
def test_very_many_that_are_opened_at_once_are_taken_in_turns_and_none_is_missed(
    house: House, scour: Concept, number: int
) -> None:
    profile(house, house.ines, "pump*")
    profile(house, house.omar, "pump*")
    versions = [closed(house, f"pump{each}") for each in range(AT_ONCE + 5)]
    with house.inside():
        divide(number)
    house.match()
    open_up(house, *versions)
    house.await_others()
    match_new_versions(house.organisation.pk)
    assert 0 < len(house.got(house.ines)) < len(versions)
    say_topic(house, versions[0], scour)
    house.match()
    for person in (house.ines, house.omar):
        assert sorted(house.got(person)) == sorted(version.title for version in versions)


def test_what_is_no_news_is_passed_over_in_turns(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """More changes than are looked at in one step, most of texts that nobody may read or that are withdrawn."""
    monkeypatch.setattr("headwater.distribute.reconsidering.LOOKED_AT", 3)
    profile(house, house.ines, "pump*")
    versions = [closed(house, f"pump{each}") for each in range(10)]
    house.match()
    open_up(house, *versions)
    with house.inside():
        Entry.objects.filter(pk__in=[each.entry_id for each in versions[1:9]]).update(withdrawn_at=timezone.now())
    house.match()
    assert house.got(house.ines) == ["pump0", "pump9"]


def test_nothing_is_written_where_nothing_changed(house: House) -> None:
    profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    with house.inside():
        before = MatchShard.objects.values().get()
    house.match()
    with house.inside():
        assert MatchShard.objects.values().get() == before
