"""Before a must-read is issued: whom it would reach, without telling what one of them is cleared for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.models import Classification
from headwater.distribute.models import Delivery
from headwater.distribute.reach import reach_of
from headwater.distribute.telling import STEP
from headwater.people.models import Absence, Audience, Grant, Permission, Person, Unit
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
PAGE = "/o/waterworks/distribute/directives/reach/"
API = "/o/waterworks/api/v1/distribute/reach"


@pytest.fixture
def secret(ines: Person, nadia: Person, otto: Person, everyone: Audience) -> Entry:
    """A restricted text for everyone; of the others only Nadia is cleared for it."""
    enrol(everyone)
    return make_version("Secret", "x", everyone, nadia, classification=Classification.RESTRICTED).entry


def alone(person: Person) -> Audience:
    audience = Audience.objects.create(slug="alone", name="Alone", rule={"person": person.pk})
    audience.member_links.create(person=person)
    return audience


def clear(person: Person, level: int) -> None:
    Person.objects.filter(pk=person.pk).update(clearance=level)


def is_cut_off(ines: Person, _version: EntryVersion) -> None:
    Person.objects.filter(pk=ines.pk).update(user=None, email="")


def is_away(ines: Person, _version: EntryVersion) -> None:
    Absence.objects.create(
        person=ines, since=timezone.localdate() - timedelta(days=1), until=timezone.localdate() + timedelta(days=1)
    )


def is_loaded(ines: Person, version: EntryVersion) -> None:
    for number in range(3):
        other = make_version(f"Other {number}", "x", version.entry.audience, ines)
        Delivery.objects.create(person=ines, version=other, must_acknowledge=True)


@pytest.mark.parametrize("so", [lambda *_: None, is_cut_off, is_away, is_loaded])
def test_no_number_tells_what_one_person_is_cleared_for(
    ines: Person, nadia: Person, secret: Entry, version: EntryVersion, sign_in: SignIn, so: Callable[..., None]
) -> None:
    so(ines, version)
    browser, asked = sign_in(nadia), {"audience": alone(ines).pk, "entry": secret.pk}
    told = []
    for level in (Classification.INTERNAL, Classification.RESTRICTED):
        clear(ines, level)
        told.append((browser.get(API, asked).json(), browser.get(PAGE, asked).content.decode()))
    assert told[0] == told[1]
    assert (told[0][0]["selected"], told[0][0]["blind"], told[0][0]["is_clearance_told"]) == (1, 0, False)
    assert "Whoever is not cleared for it is left out" in told[0][1]
    assert f"forecasts/new/?entry={secret.pk}" in told[0][1], "where it is told in steps, and counted"


def test_whom_the_text_is_not_meant_for_is_told(ines: Person, nadia: Person, secret: Entry, everyone: Audience) -> None:
    """Who is in which audience a knowledge manager sees anyway."""
    Entry.objects.filter(pk=secret.pk).update(audience=alone(ines))
    found = reach_of(everyone, Entry.objects.get(pk=secret.pk), nadia)
    assert (found.selected, found.blind, found.reached) == (3, 1, 2)


def test_of_all_here_it_is_told_in_steps_how_many_lack_the_clearance(
    ines: Person, nadia: Person, unit: Unit, secret: Entry, everyone: Audience, sign_in: SignIn
) -> None:
    """It warns, and the audience is nothing to it. Of fewer than eight people it is not told."""
    browser, one = sign_in(nadia), alone(ines)
    asked: list[dict[str, Any]] = [{"audience": each.pk, "entry": secret.pk} for each in (one, everyone)]
    assert browser.get(API, asked[0]).json()["uncleared_here"] is None
    for number in range(58):
        make_person(f"Reader {number}", unit=unit)
    enrol(everyone)
    first, second = (browser.get(API, each).json()["uncleared_here"] for each in asked)
    assert first == second
    assert first in range(49, 72)
    assert first % STEP == 0
    assert f"Of all people here about {first} lack the clearance." in browser.get(PAGE, asked[0]).content.decode()


@pytest.mark.parametrize("where", ["everywhere", "unit", "elsewhere"])
def test_who_manages_them_all_is_told_exactly(
    ines: Person, nadia: Person, unit: Unit, secret: Entry, everyone: Audience, where: str
) -> None:
    other = Unit.objects.create(slug="roads", name="Roads", path="/901/")
    granted = {"everywhere": None, "unit": unit, "elsewhere": other}[where]
    Grant.objects.create(person=nadia, permission=Permission.ADMINISTRATOR, unit=granted)
    asker = Person.objects.get(pk=nadia.pk)
    found = reach_of(everyone, secret, asker)
    knows = where != "elsewhere"
    assert (found.is_clearance_told, found.reached, found.blind) == ((True, 1, 2) if knows else (False, 3, 0))
    make_person("Of no unit")
    enrol(everyone)
    assert reach_of(everyone, secret, asker).is_clearance_told is (where == "everywhere")


def test_what_is_public_or_stands_for_many_texts_is_told_exactly(
    nadia: Person, secret: Entry, everyone: Audience, sign_in: SignIn
) -> None:
    Entry.objects.filter(pk=secret.pk).update(classification=Classification.PUBLIC)
    for entry in (Entry.objects.get(pk=secret.pk), None):
        found = reach_of(everyone, entry, nadia)
        assert (found.is_clearance_told, found.reached, found.uncleared_here) == (True, 3, None)
    asked = {"audience": everyone.pk, "entry": secret.pk}
    assert "not cleared" not in sign_in(nadia).get(PAGE, asked).content.decode()
