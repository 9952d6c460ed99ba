"""What was told as one thing among many, and is then asked for: it goes out once more, and says what it asks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.actions import issue_directive, save_directive, save_profile
from headwater.distribute.delivering import Hit, deliver_hits
from headwater.distribute.digests import make_digests
from headwater.distribute.models import Delivery, Directive, Dispatch, Preference
from headwater.distribute.sending import plan_among
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, send_all

Ask = Callable[..., Directive]
Q = Dispatch.State


@pytest.fixture
def brought(ines: Person, everyone: Audience, version: EntryVersion, organisation: Organisation) -> Delivery:
    """To Ines, by a profile that wants it at once."""
    enrol(everyone)
    profile = save_profile(ines, "air", when="at_once", confirmed=True)
    deliver_hits([Hit(version.pk, profile.pk, ["air"], 5.0)])
    return Delivery.objects.get(person=ines)


@pytest.fixture
def ask(nadia: Person, everyone: Audience, version: EntryVersion) -> Ask:
    """Issue a directive on the version to everyone."""

    def asked(**fields: Any) -> Directive:
        due = timezone.now() + timedelta(days=2)
        return issue_directive(nadia, save_directive(nadia, everyone, entry=version.entry, due_at=due, **fields))

    return asked


def planned(person: Person) -> list[tuple[str, str]]:
    """Plan what is new; (purpose, state) of all that was queued for the person."""
    plan_among(Delivery.objects.all())
    rows = Dispatch.objects.filter(delivery__person=person).order_by("pk")
    return list(rows.values_list("purpose", "state"))


def test_what_was_sent_goes_out_again_when_it_becomes_a_must_read(
    organisation: Organisation, postbox: Postbox, ines: Person, brought: Delivery, ask: Ask
) -> None:
    assert planned(ines) == [("first", Q.QUEUED)]
    send_all(organisation)
    ask()
    for _again in range(2):
        assert planned(ines)[1:] in ([("must", Q.QUEUED)], [("must", Q.SENT)])
        send_all(organisation)
    subjects = [mail["Subject"] for mail in postbox.mails if mail["To"] and "ines" in mail["To"]]
    assert subjects == ["Working in confined spaces", "To read: Working in confined spaces"]


def test_an_urgent_one_is_not_held_back_by_what_waits_for_the_end_of_quiet_hours(
    organisation: Organisation, ines: Person, brought: Delivery, ask: Ask
) -> None:
    now = timezone.localtime()
    quiet = {"quiet_from": (now - timedelta(hours=1)).time(), "quiet_until": (now + timedelta(hours=6)).time()}
    Preference.objects.create(person=ines, **quiet)
    assert planned(ines) == [("first", Q.QUEUED)]
    assert Dispatch.objects.get().next_at > timezone.now() + timedelta(hours=5)
    ask(urgent=True)
    assert planned(ines) == [("first", Q.CANCELLED), ("urgent", Q.QUEUED)]
    assert Dispatch.objects.get(delivery__person=ines, purpose="urgent").next_at <= timezone.now()


def test_a_must_read_that_becomes_urgent_is_told_again_and_a_second_must_read_is_not(
    organisation: Organisation, ines: Person, brought: Delivery, ask: Ask
) -> None:
    planned(ines)
    ask()
    ask()
    assert [purpose for purpose, _state in planned(ines)] == ["first", "must"]
    ask(urgent=True)
    ask(urgent=True)
    assert [purpose for purpose, _state in planned(ines)] == ["first", "must", "urgent"]


@pytest.mark.parametrize("is_read", ["before", "after", "never"])
def test_what_was_seen_is_told_only_if_it_asked_nothing_then(
    organisation: Organisation, ines: Person, brought: Delivery, ask: Ask, is_read: str
) -> None:
    """Seen in the inbox, with nothing sent: what was asked for since is news to its person."""
    if is_read == "before":
        Delivery.objects.filter(pk=brought.pk).update(read_at=timezone.now(), state="opened")
    ask()
    if is_read == "after":
        Delivery.objects.filter(pk=brought.pk).update(read_at=timezone.now(), state="opened")
    expected = {"before": [("must", Q.QUEUED)], "after": [], "never": [("first", Q.QUEUED)]}
    assert planned(ines) == expected[is_read]


def test_what_went_by_a_digest_is_told_when_it_is_asked_for(
    organisation: Organisation, postbox: Postbox, ines: Person, brought: Delivery, ask: Ask
) -> None:
    Preference.objects.create(person=ines, digest_at="00:00")
    early = timezone.now() - timedelta(days=1)
    Delivery.objects.filter(pk=brought.pk).update(push="digest", rolled=True, created_at=early)
    make_digests(organisation.pk)
    send_all(organisation)
    ask()
    assert planned(ines) == [("must", Q.QUEUED)]


def test_an_acknowledged_one_is_not_told_again(
    organisation: Organisation, ines: Person, brought: Delivery, ask: Ask
) -> None:
    planned(ines)
    Delivery.objects.filter(pk=brought.pk).update(state="acknowledged", acknowledged_at=timezone.now())
    ask(urgent=True)
    assert planned(ines) == [("first", Q.QUEUED)]
