"""Reminders, then the unit head, then whoever issued it: each once, none to those who are away."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.distribute.actions import acknowledge_delivery, issue_directive, save_directive
from headwater.distribute.delivering import row_for
from headwater.distribute.ladder import climb
from headwater.distribute.models import Delivery, Directive, Dispatch, Reminder
from headwater.people.models import Absence, Audience, AudienceMember, Notice, Person, Unit
from headwater.search.models import Entry, EntryVersion

Climb = Callable[[float], None]


@pytest.fixture
def directive(version: EntryVersion, nadia: Person, ines: Person, otto: Person) -> Directive:
    """A must-read for Ines and Otto, due in ten days, reminded three days and on the day."""
    pair = Audience.objects.create(slug="pair", name="Pair", rule={"any": [{"person": ines.pk}, {"person": otto.pk}]})
    everyone = version.entry.audience
    assert everyone is not None
    for person in (ines, otto):
        AudienceMember.objects.get_or_create(audience=pair, person=person)
        AudienceMember.objects.get_or_create(audience=everyone, person=person)
    due = timezone.now() + timedelta(days=10)
    return issue_directive(nadia, save_directive(nadia, pair, entry=version.entry, due_at=due, remind_days=[3, 0]))


@pytest.fixture
def at(directive: Directive) -> Climb:
    """Climb the ladder so many days from now."""
    return lambda days: climb(directive, timezone.now() + timedelta(days=days))


def rungs(person: Person) -> list[str]:
    return list(Reminder.objects.filter(delivery__person=person).order_by("pk").values_list("rung", flat=True))


def test_reminders_go_out_when_their_day_comes_and_once(at: Climb, ines: Person) -> None:
    at(6)
    assert rungs(ines) == []
    at(7.1)
    at(7.2)
    assert rungs(ines) == ["remind:3"]
    assert Dispatch.objects.filter(delivery__person=ines, purpose="remind:3").count() == 1
    at(10.1)
    assert rungs(ines) == ["remind:3", "remind:0"]


def test_of_missed_reminders_only_the_latest_is_sent(at: Climb, ines: Person) -> None:
    at(10.1)
    assert rungs(ines) == ["remind:3", "remind:0"]
    assert list(Dispatch.objects.filter(delivery__person=ines).values_list("purpose", flat=True)) == ["remind:0"]


def test_who_has_acknowledged_is_left_alone(at: Climb, ines: Person, version: EntryVersion) -> None:
    acknowledge_delivery(ines, row_for(ines, version))
    at(20)
    assert rungs(ines) == []


def test_nobody_is_reminded_while_away(at: Climb, ines: Person, otto: Person) -> None:
    today = timezone.localdate()
    Absence.objects.create(person=ines, since=today, until=today + timedelta(days=30))
    at(7.1)
    assert rungs(ines) == []
    assert rungs(otto) == ["remind:3"]


def test_the_head_is_told_a_day_after_then_the_issuer(
    at: Climb, ines: Person, otto: Person, nadia: Person, directive: Directive
) -> None:
    at(10.5)
    assert Notice.objects.count() == 0
    at(11.1)
    at(11.2)
    notice = Notice.objects.get(person=otto)
    assert notice.text.startswith("1 of your people has not acknowledged")
    assert "head" in rungs(ines)
    at(12.1)
    told = Notice.objects.get(person=nadia)
    assert told.text.startswith("2 people have still not acknowledged")
    assert rungs(ines)[-1] == "report"


def test_a_head_hears_no_title_that_they_may_not_read(
    at: Climb, ines: Person, otto: Person, nadia: Person, directive: Directive
) -> None:
    everyone = Audience.objects.get(slug="everyone")
    AudienceMember.objects.filter(person__in=[otto, nadia], audience=everyone).delete()
    Entry.objects.update(owner=ines)
    at(11.1)
    assert "“A must-read that you may not read”" in Notice.objects.get(person=otto).text
    at(12.1)
    assert directive.name not in Notice.objects.get(person=nadia).text


def test_the_successor_of_an_issuer_who_left_is_told(directive: Directive, nadia: Person, hadia: Person) -> None:
    Person.objects.filter(pk=nadia.pk).update(left_on=timezone.localdate(), successor=hadia)
    climb(Directive.objects.get(pk=directive.pk), timezone.now() + timedelta(days=12.1))
    assert Notice.objects.filter(person=hadia, text__startswith="2 people").exists()


def test_the_matter_is_settled_once_all_have_acknowledged(
    at: Climb, ines: Person, otto: Person, version: EntryVersion
) -> None:
    at(12.1)
    for person in (ines, otto):
        acknowledge_delivery(person, row_for(person, version))
    at(12.2)
    assert not Notice.objects.filter(done_at=None).exists()


def test_a_unit_without_head_tells_the_next_one_above(at: Climb, ines: Person, nadia: Person, unit: Unit) -> None:
    top = Unit.objects.create(slug="works", name="Works", head=nadia)
    Unit.objects.filter(pk=unit.pk).update(head=None, parent=top)
    at(11.1)
    assert Notice.objects.filter(person=nadia, text__startswith="2 of your people").exists()


def test_nobody_is_reminded_of_what_they_may_no_longer_read(at: Climb, ines: Person, version: EntryVersion) -> None:
    AudienceMember.objects.filter(person=ines, audience=version.entry.audience).delete()
    at(7.1)
    assert not Dispatch.objects.filter(delivery__person=ines).exists()


def test_a_delivery_made_later_skips_the_reminders_before_it(directive: Directive, at: Climb, ines: Person) -> None:
    Delivery.objects.filter(person=ines).update(created_at=timezone.now() + timedelta(days=8))
    at(9)
    assert rungs(ines) == []
