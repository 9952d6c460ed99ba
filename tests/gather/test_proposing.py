"""What is committed is proposed to the questions it may answer, once."""

import time

import pytest
from django.utils import timezone

from headwater.core.actions import SYSTEM
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.gather.actions import close_need, create_need
from headwater.gather.models import InformationNeed, NeedEntry
from headwater.gather.proposing import propose_new
from headwater.people.models import Notice, Person
from headwater.search.actions import publish_version
from headwater.search.models import Entry, Kind


@pytest.fixture
def need(committed: None) -> InformationNeed:
    """Nadia asks about culverts."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        owner = Person.objects.create(name="Nadia", email="nadia@waterworks.example")
        return create_need(SYSTEM, "When are culverts cleaned?", owner=owner, query="culvert NOT bridge")


def shelve(need: InformationNeed, text: str, owner: Person | None = None) -> None:
    with organisation_context(need.organisation_id):
        owner = owner or need.owner
        entry = Entry.objects.create(kind=Kind.GATHERED, title="T", owner=owner)
        publish_version(entry, title="T", text=text, language="en", author="", published_at=timezone.now())


def follow(need: InformationNeed, proposals: int) -> None:
    """Steps of the follower until there are so many; transactions of others on the server may hold it back a while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        propose_new(need.organisation_id)
        with organisation_context(need.organisation_id):
            if NeedEntry.objects.count() >= proposals:
                return
        time.sleep(0.05)


def test_new_versions_are_proposed_once_to_who_may_read_them(need: InformationNeed) -> None:
    with organisation_context(need.organisation_id):
        other = Person.objects.create(name="Otto")
    propose_new(need.organisation_id)
    shelve(need, "Culverts are cleaned in spring")
    shelve(need, "A culvert under a bridge")
    shelve(need, "Somebody else's culverts", owner=other)
    follow(need, 1)
    propose_new(need.organisation_id)
    with organisation_context(need.organisation_id):
        proposal = NeedEntry.objects.select_related("entry__current_version").get()
        assert proposal.entry.current_version is not None
        assert "spring" in proposal.entry.current_version.text
        assert "1 document may answer" in Notice.objects.get().text
    shelve(need, "Culverts are cleaned in autumn too")
    follow(need, 2)
    with organisation_context(need.organisation_id):
        assert NeedEntry.objects.count() == 2
        assert "2 documents may answer" in Notice.objects.get().text


def test_a_question_that_is_answered_is_left_alone(need: InformationNeed) -> None:
    with organisation_context(need.organisation_id):
        close_need(SYSTEM, need)
    shelve(need, "Culverts are cleaned in spring")
    propose_new(need.organisation_id)
    with organisation_context(need.organisation_id):
        assert not NeedEntry.objects.exists()
