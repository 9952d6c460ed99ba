"""To whom nothing comes: counted by unit with the remedy, named without saying why."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute import quiet
from headwater.distribute.models import Broadcast, Delivery, Directive, InterestProfile, Reason
from headwater.distribute.proof import EVERYBODY, Scope
from headwater.distribute.quiet import Silence, silence_by_unit, silent_people, silent_rows
from headwater.people.days import today
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.models import EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/"
API = "/o/waterworks/api/v1/distribute/"


def deliver(person: Person, version: EntryVersion, days_ago: int = 1, **reason: Any) -> None:
    """Something came to the person, so many days ago, for that reason."""
    at = timezone.now() - timedelta(days=days_ago)
    delivery = Delivery.objects.create(person=person, version=version, created_at=at)
    Reason.objects.create(delivery=delivery, **reason)


def interest(person: Person | None = None, audience: Audience | None = None) -> InterestProfile:
    return InterestProfile.objects.create(person=person, audience=audience, name="Pumps", query="pump")


@pytest.fixture
def directive(version: EntryVersion, everyone: Audience) -> Directive:
    return Directive.objects.create(
        name="Read", entry=version.entry, version=version, audience=everyone, state=Directive.State.ISSUED
    )


def only(days: int = 30) -> Silence:
    [unit] = silence_by_unit(days, EVERYBODY)
    return unit.silence


def test_what_came_in_the_period_by_an_interest_counts(
    ines: Person, otto: Person, nadia: Person, version: EntryVersion
) -> None:
    pumps = interest(audience=Audience.objects.get(slug="everyone"))
    deliver(ines, version, profile=pumps)
    deliver(otto, version, days_ago=60, profile=pumps)
    assert [person.name for person in silent_people(30, EVERYBODY)] == ["Nadia", "Otto"]
    assert [person.name for person in silent_people(90, EVERYBODY)] == ["Nadia"]
    assert (only(30).silent, only(90).silent, only().people) == (2, 1, 3)


def test_must_reads_alone_are_told_apart(
    ines: Person, otto: Person, nadia: Person, version: EntryVersion, directive: Directive
) -> None:
    deliver(ines, version, directive=directive)
    assert (only().nothing, only().must_only) == (2, 1)
    assert {person.name: person.had_must for person in silent_people(30, EVERYBODY)} == {
        "Ines": True,
        "Nadia": False,
        "Otto": False,
    }
    enrol(directive.audience)
    Broadcast.objects.create(directive=directive, version=version)
    assert (only().nothing, only().must_only) == (0, 3)


def test_why_is_counted(ines: Person, otto: Person, nadia: Person, version: EntryVersion) -> None:
    deliver(ines, version, profile=interest(ines))
    group = Audience.objects.create(slug="g", name="G", rule={"unit": "drainage"})
    group.member_links.create(person=otto)
    interest(audience=group)
    assert (only().silent, only().alone, only().own) == (3, 2, 1)


def test_nobody_is_named_or_left_out_for_what_they_follow_themselves(
    ines: Person, otto: Person, nadia: Person, version: EntryVersion, sign_in: SignIn
) -> None:
    def shown() -> tuple[list[str], list[object], object]:
        answer = sign_in(nadia).get(f"{API}quiet/units").json()
        names = [person.name for person in silent_people(30, EVERYBODY)]
        return names, [*silent_rows(30, EVERYBODY)], answer

    before = shown()
    deliver(ines, version, profile=interest(ines))
    interest(otto)
    assert shown() == before


def test_what_own_interests_brought_is_counted_as_it_was_when_the_day_began(
    ines: Person, version: EntryVersion
) -> None:
    """So that what comes now, because somebody published it to see, changes nothing that was told today."""
    deliver(ines, version, days_ago=0, profile=interest(ines))
    assert (only().silent, only().own) == (2, 0)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert only().own == 1


ZONES = ("Etc/GMT+12", "Etc/GMT+6", "UTC", "Etc/GMT-7", "Etc/GMT-14")  # more than a day from first to last


def test_the_day_begins_for_all_when_it_begins_in_the_organisation(
    organisation: Organisation, unit: Unit, version: EntryVersion
) -> None:
    """Who could move the morning by their own time zone would see one number move under the same chance."""
    Organisation.objects.filter(pk=organisation.pk).update(timezone="Asia/Kathmandu")
    morning = timezone.localtime(timezone=ZoneInfo("Asia/Kathmandu")).replace(hour=0, minute=0, second=0, microsecond=0)
    for hours in range(-26, 27):
        person = make_person(f"Reader {hours}", unit=unit)
        deliver(person, version, profile=interest(person))
        Delivery.objects.filter(person=person).update(created_at=morning + timedelta(hours=hours, minutes=-1))
    told = []
    for zone in ZONES:
        with timezone.override(zone):
            told.append(only().own)
    assert told == [27] * len(ZONES)


def test_the_chance_follows_the_organisations_day_and_no_readers(
    nadia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[int]:
        return [Silence(people=90, nothing=50, own=20, silent_key=key).told(30).own for key in range(40)]

    first = told()
    for zone in ZONES:
        with timezone.override(zone):
            assert told() == first
    monkeypatch.setattr(quiet, "today", lambda: today() + timedelta(days=1))
    assert told() != first, "tomorrow it is another"


def test_the_chance_is_drawn_from_all_to_whom_nothing_came(
    ines: Person, otto: Person, nadia: Person, version: EntryVersion
) -> None:
    before = only().silent_key
    deliver(ines, version, profile=interest(ines))
    assert only().silent_key == before
    deliver(otto, version, profile=interest(audience=version.entry.audience))
    assert only().silent_key != before


def test_of_other_periods_it_is_not_told_what_own_interests_bring(nadia: Person, sign_in: SignIn) -> None:
    """Of 366 periods it could be averaged, and nobody counts how often this is looked at."""
    told = [sign_in(nadia).get(f"{API}quiet/units?days={days}").json()["items"][0]["own"] for days in (30, 31, 90)]
    assert told == [0, None, 0]


def test_who_cannot_be_told_is_counted(ines: Person) -> None:
    Person.objects.update(user=None, email="")
    assert only().cut_off == 1


def test_the_page_names_people_and_never_says_what_they_follow(
    ines: Person, otto: Person, nadia: Person, unit: Unit, sign_in: SignIn
) -> None:
    Audience.objects.create(slug="d", name="Drainage", rule={"unit": "drainage"})
    interest(ines)
    page = sign_in(nadia).get(f"{ROOT}quiet/?days=90&unit={unit.pk}").content.decode()
    assert "To 3 of 3 people no group’s interest brought anything in 90 days" in page
    assert "Ines" in page
    assert "pump" not in page.lower()
    assert "Keep an interest for them" in page
    csv = sign_in(nadia).get(f"{ROOT}quiet/?format=csv")
    assert b"Ines" in b"".join(csv) if csv.streaming else b"Ines" in csv.content


def test_the_page_says_when_something_came_to_everybody(nadia: Person, version: EntryVersion, sign_in: SignIn) -> None:
    deliver(nadia, version, profile=interest(audience=version.entry.audience))
    assert "Something came to everybody" in sign_in(nadia).get(f"{ROOT}quiet/").content.decode()


def test_a_units_knowledge_manager_sees_their_own_people(ines: Person, everyone: Audience, sign_in: SignIn) -> None:
    roads = Unit.objects.create(slug="roads", name="Roads", path="/901/")
    keeper = make_person("Keeper", unit=roads)
    Grant.objects.create(person=keeper, permission=Permission.KNOWLEDGE_MANAGER, unit=roads)
    assert [person.name for person in silent_people(30, Scope(("/901/",)))] == ["Keeper"]
    page = sign_in(keeper).get(f"{ROOT}quiet/").content.decode()
    assert "Ines" not in page
    answer = sign_in(keeper).get(f"{API}quiet").json()
    assert ([each["person"] for each in answer["items"]], answer["count"]) == (["Keeper"], 1)
    [unit] = sign_in(keeper).get(f"{API}quiet/units?days=90").json()["items"]
    assert (unit["name"], unit["nothing"], unit["alone"], unit["own"]) == ("Roads", 1, 1, 0)


def test_all_of_them_are_named_page_by_page_and_nobody_elses_people(nadia: Person, sign_in: SignIn) -> None:
    roads = Unit.objects.create(slug="roads", name="Roads", path="/901/")
    harbour = Unit.objects.create(slug="harbour", name="Harbour", path="/902/")
    keeper = make_person("Zoe", unit=roads)
    Grant.objects.create(person=keeper, permission=Permission.KNOWLEDGE_MANAGER, unit=roads)
    Person.objects.bulk_create(Person(name=f"Roads {n:02}", unit=roads) for n in range(60))
    make_person("Stranger", unit=harbour)
    browser, theirs = sign_in(keeper), [*(f"Roads {n:02}" for n in range(60)), "Zoe"]
    pages = [browser.get(f"{ROOT}quiet/?page={n}").context["page"].object_list for n in (1, 2)]
    assert [[person.name for person in page] for page in pages] == [theirs[:50], theirs[50:]]
    assert list(browser.get(f"{ROOT}quiet/?unit={harbour.pk}").context["page"].object_list) == []
    sheet = browser.get(f"{ROOT}quiet/?format=csv")
    lines = sheet.getvalue().decode().splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == theirs
    first, last = (browser.get(f"{API}quiet?limit=50&offset={n}").json() for n in (0, 50))
    assert [each["person"] for each in (*first["items"], *last["items"])] == theirs
    assert (len(first["items"]), first["count"]) == (50, 61)


@pytest.mark.parametrize("path", [f"{ROOT}quiet/", f"{ROOT}quiet/?format=csv", f"{API}quiet", f"{API}quiet/units"])
def test_who_looks_after_nobody_sees_nobody(path: str, ines: Person, unit: Unit, sign_in: SignIn) -> None:
    Unit.objects.filter(pk=unit.pk).update(head=ines)
    assert sign_in(ines).get(path).status_code == 403


def test_a_profile_that_brought_nothing_is_marked_for_its_holder(
    ines: Person, version: EntryVersion, sign_in: SignIn
) -> None:
    silent, new, bringing = interest(ines), interest(ines), interest(ines)
    InterestProfile.objects.exclude(pk=new.pk).update(created_at=timezone.now() - timedelta(days=120))
    deliver(ines, version, profile=bringing)
    page = sign_in(ines).get(f"{ROOT}profiles/").content.decode()
    assert page.count("nothing in 90 days") == 1
    assert page.count("1 item in 90 days") == 1
    assert silent.pk != new.pk


@pytest.mark.parametrize("path", ["quiet/", "profiles/"])
def test_few_questions_are_asked_however_many_there_are(path: str, nadia: Person, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    counts = []
    for many in (1, 30):
        for number in range(many):
            unit = Unit.objects.create(slug=f"u{many}-{number}", name=f"Unit {number}", path=f"/{900 + number}/")
            interest(make_person(f"P {many} {number}", unit=unit))
            interest(nadia)
        counts.append(queries(browser, ROOT + path))
    assert counts[0] == counts[1] <= MOST_QUERIES
