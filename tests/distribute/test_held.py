"""What distribute holds about a person is shown to them, and what is no record is forgotten."""

from collections.abc import Callable
from unittest.mock import ANY

import pytest
from django.db import IntegrityError, transaction

from headwater.core.actions import OPERATOR
from headwater.core.jobs import safe_tx
from headwater.core.models import Organisation
from headwater.distribute import held
from headwater.distribute.actions import acknowledge_delivery, change_preferences, rotate_feed, save_profile, weigh_word
from headwater.distribute.because import sentences
from headwater.distribute.models import (
    Acknowledgement,
    Channel,
    Delivery,
    Directive,
    InterestProfile,
    PrivateFeed,
    Reason,
)
from headwater.distribute.sending import channels_of
from headwater.distribute.standing import Standing
from headwater.people import held as people_held
from headwater.people.actions import remove_audience
from headwater.people.models import Audience, Person
from headwater.people.notices import tell
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol


def test_a_must_read_is_named_as_long_as_it_is_open_to_who_issued_it(nadia: Person, version: EntryVersion) -> None:
    audience = version.entry.audience
    assert audience is not None
    enrol(audience)
    issued = {"audience": audience, "issued_by": nadia, "state": Directive.State.ISSUED}
    about = Directive.objects.create(name="Read: confined spaces", entry=version.entry, version=version, **issued)
    Directive.objects.create(name="All that is about air", query="air", **issued)
    for matter in ("overdue-head", "overdue-report"):
        tell(nadia, "Somebody has not read “confined spaces”", "/x", f"{matter}:{about.pk}")

    def said() -> tuple[set[str], set[str]]:
        titles = {row["title"] for row in held.of_person(nadia)["must_reads_issued"]}
        return titles, {row["text"] for row in people_held.of_person(nadia)["notices"]}

    assert said() == ({about.name, "All that is about air"}, {"Somebody has not read “confined spaces”"})
    Entry.objects.update(audience=None, owner=Person.objects.exclude(pk=nadia.pk).first())
    assert said() == ({"no longer open to you", "All that is about air"}, {"no longer open to you"})


def test_everything_is_shown_and_only_records_stay(
    organisation: Organisation, ines: Person, everyone: Audience, deliver: Callable[..., Delivery]
) -> None:
    enrol(everyone)
    acknowledge_delivery(ines, deliver(ines, must_acknowledge=True))
    change_preferences(ines, ines, budget=2)
    rotate_feed(ines, ines)
    channels_of([ines])
    shown = held.of_person(ines)
    assert [interest["query"] for interest in shown["interests"]] == ["air"]
    assert shown["deliveries"][0]["version__title"] == "Working in confined spaces"
    assert len(shown["acknowledgements"]) == len(shown["channels"]) == len(shown["private_feed_since"]) == 1
    assert "ines@" not in str(shown["sent"])
    held.forget(ines)
    for model in (Channel, PrivateFeed):
        assert not model.objects.filter(person=ines).exists()
    assert held.of_person(ines)["interests"] == [{"name": "", "query": "", "when": "digest", "created_at": ANY}]
    assert Acknowledgement.objects.filter(person=ines).exists()
    assert Delivery.objects.get(person=ines).reasons.get().words == []


def test_whoever_is_erased_is_let_go_of_by_those_who_hold_the_queries_at_once(
    ines: Person, everyone: Audience, deliver: Callable[..., Delivery]
) -> None:
    enrol(everyone)
    two = deliver(ines).reasons
    two.create(delivery=Delivery.objects.get(), profile=save_profile(ines, "confined"), words=["confined"])
    weigh_word(ines, ines, "illness", "very_strong")
    standing = Standing()
    standing.follow(safe_tx())
    assert len(standing) == 3
    held.forget(ines)
    standing.follow(safe_tx())
    assert len(standing) == 0
    assert [list(each) for each in InterestProfile.objects.values_list("name", "query").distinct()] == [["", ""]]
    assert Reason.objects.filter(profile__isnull=False).count() == 2, "that an interest brought it is on record"


def test_what_interests_of_groups_brought_stays_when_these_are_removed(nadia: Person, version: EntryVersion) -> None:
    """Two of one group and one of another brought the same: each stays on record, whichever goes first."""
    groups = [Audience.objects.create(slug=slug, name=slug, rule={"unit": slug}) for slug in ("divers", "fitters")]
    delivery = Delivery.objects.create(person=nadia, version=version)
    for group, word in ((groups[0], "air"), (groups[0], "confined"), (groups[1], "air")):
        profile = save_profile(nadia, word, audience=group)
        Reason.objects.create(delivery=delivery, profile=profile, words=[word])
    for group in groups:
        remove_audience(OPERATOR, group)
    assert not InterestProfile.objects.exists()
    assert [reason.words for reason in delivery.reasons.order_by("pk")] == [["air"], ["confined"], ["air"]]
    gone = "A profile that has since been removed"
    assert sentences(delivery.reasons.all()) == [f"{gone}: “air”", f"{gone}: “confined”"], "each line once"


def test_what_must_reads_and_interests_asked_stays_when_all_of_them_go(
    nadia: Person, everyone: Audience, version: EntryVersion
) -> None:
    delivery = Delivery.objects.create(person=nadia, version=version)
    for name in ("first", "second"):
        directive = Directive.objects.create(name=name, query=name, audience=everyone)
        Reason.objects.create(delivery=delivery, directive=directive, words=[name])
    Reason.objects.create(delivery=delivery, profile=save_profile(nadia, "air"), words=["air"])
    Directive.objects.all().delete()
    InterestProfile.objects.all().delete()
    assert [reason.words for reason in delivery.reasons.order_by("pk")] == [["first"], ["second"], ["air"]]


def test_a_reason_is_kept_once(nadia: Person, everyone: Audience, version: EntryVersion) -> None:
    """What the same query brought twice is one reason; queries and must-reads of the same number are not the same."""
    delivery = Delivery.objects.create(person=nadia, version=version)
    profile = save_profile(nadia, "air")
    directive = Directive.objects.create(pk=profile.pk, name="Read", query="air", audience=everyone)
    for asker in ({"profile": profile}, {"directive": directive}):
        Reason.objects.create(delivery=delivery, **asker)
        with pytest.raises(IntegrityError, match="reason_once"), transaction.atomic():
            Reason.objects.create(delivery=delivery, **asker)
