"""The secrets of someone who left stay dead when they come back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from headwater.core.actions import OPERATOR
from headwater.core.models import Organisation
from headwater.core.secret import decrypt
from headwater.distribute.actions import add_channel, change_channel, remove_channel, rotate_feed, rotate_webhook_key
from headwater.distribute.keys import end_keys
from headwater.distribute.models import Channel, Delivery, Dispatch, PrivateFeed
from headwater.distribute.posting import send_due
from headwater.distribute.sending import queue_dispatches
from headwater.people.actions import end_membership, resume_membership
from headwater.people.days import today
from headwater.people.models import Person
from headwater.search.models import EntryVersion

HOOK = "https://hooks.example.org/x"


def come_and_go(person: Person) -> None:
    end_membership(OPERATOR, person)
    person.refresh_from_db()
    resume_membership(OPERATOR, person)
    person.refresh_from_db()


def status(secret: str) -> int:
    return Client().get(f"/o/waterworks/public/feed/{secret}/").status_code


def test_the_feed_of_someone_who_came_back_needs_a_new_address(
    organisation: Organisation, ines: Person, nadia: Person, sign_in: Callable[[Person], Client]
) -> None:
    """At once, whether or not the follower has been there in between."""
    old, other = rotate_feed(ines, ines), rotate_feed(nadia, nadia)
    come_and_go(ines)
    assert (status(old), status(other)) == (404, 200)
    page = sign_in(ines).get("/o/waterworks/distribute/reaching/")
    assert page.context["has_feed"] is False
    new = rotate_feed(ines, ines)
    assert (status(old), status(new)) == (404, 200)
    end_keys(organisation.pk)
    assert status(new) == 200, "what was made after coming back lives"


def test_the_follower_forgets_the_feeds_of_leavers(organisation: Organisation, ines: Person, nadia: Person) -> None:
    rotate_feed(ines, ines)
    rotate_feed(nadia, nadia)
    end_membership(OPERATOR, ines)
    end_keys(organisation.pk)
    assert [feed.person for feed in PrivateFeed.objects.all()] == [nadia]


def test_a_webhooks_key_ends_with_the_membership(organisation: Organisation, ines: Person) -> None:
    hook = add_channel(ines, ines, "webhook", HOOK)
    old = decrypt(hook.secret or b"")
    come_and_go(ines)
    end_keys(organisation.pk)
    hook.refresh_from_db()
    assert (hook.secret, hook.state) == (None, Channel.State.OFF)
    assert "new key" in hook.trouble
    with pytest.raises(ValidationError) as refused:
        change_channel(ines, hook, Channel.State.ACTIVE)
    assert list(refused.value.message_dict) == ["state"]
    hook = rotate_webhook_key(ines, hook)
    assert decrypt(hook.secret or b"") != old
    assert change_channel(ines, hook, Channel.State.ACTIVE).trouble == ""
    end_keys(organisation.pk)
    hook.refresh_from_db()
    assert hook.state == Channel.State.ACTIVE, "the follower ends what it has seen once"
    remove_channel(ines, hook)


def test_a_departure_that_was_taken_back_in_time_ends_nothing(organisation: Organisation, ines: Person) -> None:
    secret = rotate_feed(ines, ines)
    hook = add_channel(ines, ines, "webhook", HOOK)
    resumed = Person.objects.get(pk=ines.pk)
    end_membership(OPERATOR, resumed, on=today() + timedelta(days=7))
    resume_membership(OPERATOR, resumed)
    end_keys(organisation.pk)
    hook.refresh_from_db()
    assert (status(secret), hook.state) == (200, Channel.State.ACTIVE)


def test_nothing_is_signed_with_the_key_of_a_membership_that_has_ended(
    organisation: Organisation, ines: Person, version: EntryVersion
) -> None:
    """Not even before the follower has come: its key is erased where it would have been used."""
    hook = add_channel(ines, ines, "webhook", HOOK)
    queue_dispatches([Delivery.objects.create(person=ines, version=version, push="at_once", urgent=True)], "first")
    sending = Dispatch.objects.get(channel=hook)
    come_and_go(ines)
    send_due(organisation.pk)
    sending.refresh_from_db()
    hook.refresh_from_db()
    assert (sending.state, sending.attempts) == (Dispatch.State.CANCELLED, 1)
    assert (hook.secret, hook.state) == (None, Channel.State.OFF)


def test_what_is_switched_off_sends_nothing_that_was_queued(
    organisation: Organisation, ines: Person, version: EntryVersion
) -> None:
    hook = add_channel(ines, ines, "webhook", HOOK)
    queue_dispatches([Delivery.objects.create(person=ines, version=version, push="at_once", urgent=True)], "first")
    change_channel(ines, hook, Channel.State.OFF)
    send_due(organisation.pk)
    assert Dispatch.objects.get(channel=hook).state == Dispatch.State.CANCELLED


def test_who_left_this_morning_and_is_back_at_noon_has_left(organisation: Organisation, ines: Person) -> None:
    """Their day had come, and nothing had come of it yet."""
    hook = add_channel(ines, ines, "webhook", HOOK)
    end_membership(OPERATOR, ines, on=today() + timedelta(days=1))
    Person.objects.filter(pk=ines.pk).update(left_on=today())
    ines.departures.update(left_on=today())
    resume_membership(OPERATOR, Person.objects.get(pk=ines.pk))
    end_keys(organisation.pk)
    hook.refresh_from_db()
    assert hook.secret is None
