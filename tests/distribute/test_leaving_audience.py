"""Whoever leaves an audience is released from its must-reads, and keeps what came for another reason as well."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.actions import end_directive, issue_directive, recall_directive, save_directive
from headwater.distribute.because import sentences
from headwater.distribute.ladder import climb, waiting_for
from headwater.distribute.models import Delivery, Directive, InterestProfile, Reason, Reminder
from headwater.distribute.withdrawing import release_leavers, settle_everything
from headwater.people.models import Audience, AudienceMember, Person
from headwater.search.models import EntryVersion
from tests.conftest import enrol

Directs = Callable[..., Directive]


def audience_of(slug: str, *people: Person) -> Audience:
    audience = Audience.objects.create(slug=slug, name=slug, rule={"any": [{"person": each.pk} for each in people]})
    AudienceMember.objects.bulk_create(AudienceMember(audience=audience, person=each) for each in people)
    return audience


@pytest.fixture
def direct(version: EntryVersion, nadia: Person, ines: Person, everyone: Audience) -> Directs:
    """Issue a must-read about the version to an audience, due in so many days."""
    enrol(everyone)

    def directed(audience: Audience, days: int = 10, urgent: bool = False) -> Directive:
        due = timezone.now() + timedelta(days=days)
        return issue_directive(nadia, save_directive(nadia, audience, entry=version.entry, due_at=due, urgent=urgent))

    return directed


def delivery_of(person: Person) -> Delivery:
    return Delivery.objects.get(person=person)


def leave(audience: Audience, person: Person) -> None:
    AudienceMember.objects.filter(audience=audience, person=person).delete()


def interest(person: Person) -> InterestProfile:
    profile = InterestProfile.objects.create(name="Air", person=person, query="air")
    Reason.objects.create(delivery=delivery_of(person), profile=profile, words=["air"])
    return profile


def test_what_came_for_a_profile_too_stays_and_asks_no_more(
    organisation: Organisation, ines: Person, direct: Directs
) -> None:
    crew = audience_of("crew", ines)
    direct(crew, urgent=True)
    interest(ines)
    leave(crew, ines)
    release_leavers(organisation.pk)
    delivery = delivery_of(ines)
    assert (delivery.state, delivery.must_acknowledge, delivery.urgent, delivery.due_at) == ("due", False, False, None)
    assert sentences(list(delivery.reasons.all())) == ["Your profile Air: “air”"]


def test_what_only_the_must_read_asked_for_is_withdrawn_and_still_says_why_it_came(
    organisation: Organisation, ines: Person, direct: Directs
) -> None:
    crew = audience_of("crew", ines)
    direct(crew)
    leave(crew, ines)
    release_leavers(organisation.pk)
    delivery = delivery_of(ines)
    assert (delivery.state, delivery.withdrawn_because) == ("withdrawn", "left")
    assert delivery.reasons.count() == 1


def test_of_two_must_reads_the_one_that_holds_sets_the_deadline(
    organisation: Organisation, ines: Person, direct: Directs
) -> None:
    crew, camp = audience_of("crew", ines), audience_of("camp", ines)
    direct(crew, days=3)
    later = direct(camp, days=20)
    leave(crew, ines)
    release_leavers(organisation.pk)
    delivery = delivery_of(ines)
    assert delivery.must_acknowledge
    assert delivery.due_at is not None
    assert delivery.due_at > timezone.now() + timedelta(days=15)
    assert [reason.directive for reason in delivery.reasons.all()] == [later]


def test_who_still_belongs_is_still_asked(organisation: Organisation, ines: Person, direct: Directs) -> None:
    direct(audience_of("crew", ines))
    settle_everything(organisation.pk)
    assert delivery_of(ines).must_acknowledge
    assert delivery_of(ines).state == Delivery.State.DUE


def test_an_ended_must_read_asks_nothing_of_leavers_either(
    organisation: Organisation, nadia: Person, ines: Person, otto: Person, direct: Directs, everyone: Audience
) -> None:
    enrol(everyone)
    crew = audience_of("crew", ines, otto)
    end_directive(nadia, direct(crew))
    leave(crew, ines)
    release_leavers(organisation.pk)
    assert delivery_of(ines).state == Delivery.State.WITHDRAWN
    assert delivery_of(otto).state == Delivery.State.DUE


def test_recalling_one_must_read_leaves_what_an_ended_one_asked_for(
    nadia: Person, ines: Person, direct: Directs
) -> None:
    crew, camp = audience_of("crew", ines), audience_of("camp", ines)
    end_directive(nadia, direct(crew))
    recall_directive(nadia, direct(camp))
    assert delivery_of(ines).state == Delivery.State.DUE
    assert delivery_of(ines).must_acknowledge


def test_nobody_is_reminded_of_what_no_longer_asks_them(ines: Person, direct: Directs) -> None:
    crew = audience_of("crew", ines)
    directive = direct(crew)
    interest(ines)
    leave(crew, ines)
    climb(directive, timezone.now() + timedelta(days=20))
    assert list(waiting_for(directive)) == []
    assert not Reminder.objects.exists()


def test_whoever_comes_back_is_asked_again(organisation: Organisation, ines: Person, direct: Directs) -> None:
    crew = audience_of("crew", ines)
    direct(crew)
    interest(ines)
    leave(crew, ines)
    release_leavers(organisation.pk)
    AudienceMember.objects.create(audience=crew, person=ines)
    settle_everything(organisation.pk)
    delivery = delivery_of(ines)
    assert delivery.must_acknowledge
    assert delivery.due_at is not None
    assert delivery.reasons.count() == 2
