"""People: added, changed, away, leaving, coming back; who may; who takes over."""

from datetime import date, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Classification, Event
from headwater.people import actions, leaving
from headwater.people.actions import persons
from headwater.people.days import today
from headwater.people.jobs import keep_days
from headwater.people.models import Departure, Grant, Notice, Permission, Person, Unit
from tests.people.conftest import World


def test_a_person_is_added(ada: Person, unit: Unit) -> None:
    role = actions.create_role(ada, "Inspector")
    other = actions.create_unit(ada, "Roads")
    audience = actions.create_audience(ada, "All", {"everyone": True})
    person = actions.create_person(
        ada, "Fatou Diallo", "fatou@waterworks.example", unit=unit, roles=[role], other_units=[other, unit]
    )
    assert (person.language, person.timezone, person.clearance) == ("en", "UTC", Classification.INTERNAL)
    assert person.joined_on == today()
    assert list(person.roles.all()) == [role]
    assert list(person.other_units.all()) == [other]
    assert audience.members.filter(pk=person.pk).exists()


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", " "),
        ("email", "not-an-address"),
        ("language", "klingon"),
        ("timezone", "Mars/Olympus"),
        ("clearance", 9),
        ("name", "x" * 201),
        ("email", "INES@waterworks.example"),
        ("number", "7"),
    ],
)
def test_bad_values_are_refused_by_field(ada: Person, ines: Person, field: str, value: object) -> None:
    Person.objects.filter(pk=ines.pk).update(number="7")
    values = {"name": "Fatou", field: value}
    with pytest.raises(ValidationError) as refused:
        actions.create_person(ada, **values)
    assert list(refused.value.message_dict) == [field]


def test_changing_and_emptying(ada: Person, ines: Person, unit: Unit) -> None:
    actions.change_person(ada, ines, title="Inspector", location=" Depot ", clearance=Classification.RESTRICTED)
    ines.refresh_from_db()
    assert (ines.title, ines.location, ines.clearance, ines.unit) == ("Inspector", "Depot", 2, unit)
    actions.change_person(ada, ines, clear=["unit", "title"])
    ines.refresh_from_db()
    assert (ines.unit, ines.title) == (None, "")
    with pytest.raises(ValidationError, match="cannot be emptied: name"):
        actions.change_person(ada, ines, clear=["name"])
    assert Event.objects.filter(verb="change_person").first().details["fields"]  # type: ignore[union-attr]


def test_people_change_what_is_their_own(ines: Person, nadia: Person) -> None:
    actions.change_person(ines, ines, chosen_language="fr", timezone="Africa/Dakar")
    ines.refresh_from_db()
    assert (ines.reading_language, ines.language, ines.timezone) == ("fr", "en", "Africa/Dakar")
    assert Person.objects.reading_languages()[ines.pk] == "fr"
    actions.change_person(ines, ines, clear=["chosen_language"])
    assert Person.objects.reading_languages()[ines.pk] == ines.reading_language == "en"
    for refused in (
        lambda: actions.change_person(ines, ines, language="fr"),
        lambda: actions.change_person(ines, ines, location="Depot"),
        lambda: actions.change_person(ines, ines, clear=["location"]),
        lambda: actions.change_person(ines, ines, clearance=3),
        lambda: actions.change_person(ines, ines, name="Boss"),
        lambda: actions.change_person(ines, ines, clear=["unit"]),
        lambda: actions.change_person(ines, nadia, language="fr"),
        lambda: actions.create_person(nadia, "Somebody"),
        lambda: actions.tag_person(nadia, ines, "duty"),
        lambda: actions.end_membership(nadia, ines),
        lambda: actions.resume_membership(nadia, ines),
        lambda: actions.record_absence(nadia, ines, today(), today()),
    ):
        with pytest.raises(Refused):
            refused()


def test_nobody_lets_themselves_in_or_out_of_an_audience(ada: Person, ines: Person) -> None:
    """Whatever people set for themselves, no rule selects them by it."""
    camp = actions.create_audience(ada, "Camp", {"any": [{"location": "Camp"}, {"language": "fr"}]})
    own = {"chosen_language": "fr", "timezone": "Africa/Dakar", "work_from": time(6), "work_until": time(12)}
    assert set(own) == persons.OWN_FIELDS
    actions.change_person(ines, ines, **own)  # type: ignore[arg-type]  # values of several kinds
    assert not camp.members.exists()
    actions.change_person(ada, ines, location="Camp")
    assert list(camp.members.all()) == [ines]


def test_an_administrator_of_a_unit_stays_in_it(world: World) -> None:
    ana = world.people["Ana"]
    Grant.objects.create(person=ana, permission=Permission.ADMINISTRATOR, unit=world.units["water"])
    actions.change_person(ana, world.people["Ben"], unit=world.units["drains"])
    for refused in (
        lambda: actions.change_person(ana, world.people["Ben"], unit=world.units["roads"]),
        lambda: actions.change_person(ana, world.people["Eli"], title="x"),
        lambda: actions.change_person(ana, world.people["Gus"], title="x"),
        lambda: actions.change_person(ana, world.people["Ben"], other_units=[world.units["roads"]]),
        lambda: actions.create_person(ana, "New", unit=world.units["roads"]),
    ):
        with pytest.raises(Refused):
            refused()


def test_marks(ada: Person, ines: Person) -> None:
    audience = actions.create_audience(ada, "Duty", {"tag": "duty"})
    actions.tag_person(ada, ines, "duty")
    actions.tag_person(ada, ines, "duty")
    assert list(audience.members.all()) == [ines]
    actions.untag_person(ada, ines, "duty")
    assert not audience.members.exists()
    with pytest.raises(ValidationError, match="does not have"):
        actions.untag_person(ada, ines, "duty")
    with pytest.raises(ValidationError):
        actions.tag_person(ada, ines, "no slug!")
    ines.tags.create(tag="trained", room="learn")
    with pytest.raises(ValidationError, match="does not have"):
        actions.untag_person(ada, ines, "trained")


def test_absences(ines: Person, otto: Person) -> None:
    day = date(2026, 12, 1)
    absence = actions.record_absence(ines, ines, day, day + timedelta(days=7), otto)
    with pytest.raises(ValidationError, match="already"):
        actions.record_absence(ines, ines, day + timedelta(days=7), day + timedelta(days=9))
    with pytest.raises(ValidationError, match="before the first"):
        actions.record_absence(ines, ines, day, day - timedelta(days=1))
    with pytest.raises(ValidationError, match="Somebody else"):
        actions.record_absence(ines, ines, day + timedelta(days=20), day + timedelta(days=21), ines)
    with pytest.raises(Refused):
        actions.remove_absence(otto, absence)
    actions.remove_absence(ines, absence)
    assert not ines.absences.exists()


def test_leaving_today(ada: Person, ines: Person, otto: Person, unit: Unit) -> None:
    audience = actions.create_audience(ada, "All", {"everyone": True})
    secret = actions.create_token(ines, "script")
    departure = actions.end_membership(ada, ines, successor=otto)
    ines.refresh_from_db()
    assert secret
    assert not ines.is_active
    assert departure.settled_at is not None
    assert not audience.members.filter(pk=ines.pk).exists()
    assert ines.tokens.get().revoked_at is not None
    assert leaving.successor_of(ines) == otto
    assert ines in leaving.left_people()


def test_leaving_later_is_carried_out_when_its_day_has_come(ada: Person, ines: Person, otto: Person) -> None:
    actions.end_membership(ada, ines, today() + timedelta(days=3))
    assert Departure.objects.get().settled_at is None
    assert ines.is_active
    actions.end_membership(ada, ines, today() + timedelta(days=5))
    assert Departure.objects.get().left_on == today() + timedelta(days=5)
    Person.objects.filter(pk=ines.pk).update(left_on=today())
    Departure.objects.update(left_on=today())
    keep_days(ines.organisation_id)
    assert Departure.objects.get().settled_at is not None


def test_places_of_a_leaver_are_filled(ada: Person, otto: Person, hadia: Person, unit: Unit) -> None:
    unit.head, unit.deputy = otto, hadia
    unit.save()
    community = actions.create_community(ada, "Practice", lead=otto)
    actions.end_membership(ada, otto)
    unit.refresh_from_db()
    community.refresh_from_db()
    assert (unit.head, unit.deputy, community.lead) == (hadia, None, None)
    actions.end_membership(ada, hadia)
    unit.refresh_from_db()
    assert unit.head is None
    notice = Notice.objects.get()
    assert notice.person == ada
    assert "no head" in notice.text
    actions.set_unit_head(ada, unit, ada)
    notice.refresh_from_db()
    assert notice.done_at is not None


def test_who_takes_over(world: World, nadia: Person, ada: Person) -> None:
    ana, ben, ida = (world.people[name] for name in ("Ana", "Ben", "Ida"))
    world.units["water"].head = ana
    world.units["water"].save()
    ben.refresh_from_db()
    assert leaving.successor_of(ben) == ana
    ben.successor = ida
    assert leaving.successor_of(ben) == ida
    ida.left_on = today()
    ida.successor = world.people["Jan"]
    ida.save()
    ben.successor = ida
    assert leaving.successor_of(ben) == world.people["Jan"]
    assert leaving.successor_of(world.people["Gus"]) == nadia
    Grant.objects.filter(person=nadia).delete()
    assert leaving.successor_of(world.people["Gus"]) == ada


def test_successors_in_a_ring_come_to_an_end(world: World, nadia: Person) -> None:
    gus, hal = world.people["Gus"], world.people["Hal"]
    for one, other in ((gus, hal), (hal, gus)):
        Person.objects.filter(pk=one.pk).update(left_on=today(), successor=other)
    gus.refresh_from_db()
    assert leaving.successor_of(gus) == nadia


def test_the_last_administrator_stays(ada: Person, ines: Person) -> None:
    with pytest.raises(ValidationError, match="last administrator"):
        actions.end_membership(ada, ada)
    actions.grant_permission(ada, ines, Permission.ADMINISTRATOR)
    actions.end_membership(ines, ada)
    with pytest.raises(ValidationError, match="last administrator"):
        actions.end_membership(ines, ines)


def test_leaving_refuses(ada: Person, ines: Person, otto: Person) -> None:
    with pytest.raises(ValidationError, match="Somebody else"):
        actions.end_membership(ada, ines, successor=ines)
    ines.joined_on = today()
    ines.save()
    with pytest.raises(ValidationError, match="before joining"):
        actions.end_membership(ada, ines, today() - timedelta(days=1))


def test_coming_back(ada: Person, ines: Person) -> None:
    audience = actions.create_audience(ada, "All", {"everyone": True})
    with pytest.raises(ValidationError, match="has not left"):
        actions.resume_membership(ada, ines)
    actions.end_membership(ada, ines)
    other = actions.create_person(ada, "Other", ines.email)
    with pytest.raises(ValidationError, match="taken already"):
        actions.resume_membership(ada, ines)
    actions.change_person(ada, other, clear=["email"])
    actions.resume_membership(ada, ines)
    assert audience.members.filter(pk=ines.pk).exists()


def test_the_day_is_the_organisations(ada: Person) -> None:
    from headwater.core.models import Organisation
    from headwater.people import days

    Organisation.objects.update(timezone="Pacific/Kiritimati")
    days._zones.clear()
    far = days.today()
    days._zones.clear()
    Organisation.objects.update(timezone="Pacific/Pago_Pago")
    assert far - days.today() >= timedelta(days=1)
    days._zones.clear()


def test_a_theme_is_chosen(ines: Person) -> None:
    assert actions.choose_theme(ines, "dark").theme == "dark"
    with pytest.raises(ValidationError):
        actions.choose_theme(ines, "pink")
    with pytest.raises(Refused):
        actions.choose_theme(OPERATOR, "dark")


def test_erased_people_are_changed_no_more(ada: Person, ines: Person) -> None:
    Person.objects.filter(pk=ines.pk).update(erased_at=timezone.now(), left_on=today())
    ines.refresh_from_db()
    with pytest.raises(ValidationError, match="was erased"):
        actions.change_person(ada, ines, name="Ines")
    with pytest.raises(ValidationError, match="was erased"):
        actions.resume_membership(ada, ines)
