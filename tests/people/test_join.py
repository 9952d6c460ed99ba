"""Coming in: by a link, with an account one has, into a demonstration from this machine only."""

from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from headwater.core.models import Classification, Organisation, User
from headwater.core.wall import organisation_context
from headwater.people import actions, views_join
from headwater.people.invitations import is_invited
from headwater.people.jobs import mail_invitation
from headwater.people.models import Permission, Person, PersonRole, Role

PASSWORD = "river-stones-and-mist"


@pytest.fixture
def founded(committed: None) -> tuple[Organisation, str]:
    organisation, link = actions.found_organisation("One", "one", "first@one.example")
    return organisation, link.partition("8000")[2]


def test_the_first_administrator_comes_in(founded: tuple[Organisation, str]) -> None:
    _organisation, path = founded
    client = Client()
    assert "first@one.example" in client.get(path).content.decode()
    bad = client.post(path, {"password": "12345678", "again": "12345678"})
    assert "too common" in bad.content.decode()
    different = client.post(path, {"password": PASSWORD, "again": "x"})
    assert "not the same" in different.content.decode()
    response = client.post(path, {"password": PASSWORD, "again": PASSWORD})
    assert response.url == "/o/one/"  # type: ignore[attr-defined]
    assert client.get("/o/one/people/").status_code == 200
    assert client.get(path).status_code == 404
    fresh = Client()
    assert (
        fresh.login(email="first@one.example", password=PASSWORD)
        or fresh.post(reverse("account_login"), {"login": "first@one.example", "password": PASSWORD}).status_code == 302
    )


@pytest.mark.parametrize("token", ["x", "1-forged", "99-forged", "1-"])
def test_links_of_nobody_are_closed(founded: tuple[Organisation, str], token: str) -> None:
    response = Client().get(f"/join/{token}/")
    assert response.status_code == 404
    assert "no longer works" in response.content.decode()


def test_an_account_of_another_organisation_is_joined_by_its_owner_only(founded: tuple[Organisation, str]) -> None:
    first, path = founded
    owner = Client()
    owner.post(path, {"password": PASSWORD, "again": PASSWORD})
    _second, link = actions.found_organisation("Two", "two", "first@one.example")
    path = link.partition("8000")[2]
    stranger = Client()
    assert "Sign in with it" in stranger.get(path).content.decode()
    stranger.post(path, {"password": "another-long-password", "again": "another-long-password"})
    assert User.objects.get().check_password(PASSWORD)
    assert stranger.get("/o/two/people/").status_code == 302
    assert owner.post(path).url == "/o/two/"  # type: ignore[attr-defined]
    assert owner.get("/o/two/people/").status_code == 200
    with organisation_context(first.pk):
        person = Person.objects.get()
        reset = actions.reset_password(person, person).partition("8000")[2]
    assert "Sign in with it" in stranger.get(reset).content.decode()


@pytest.mark.parametrize("dates", [{"left_on": date(2026, 1, 1)}, {"joined_on": date(2999, 1, 1)}])
def test_who_left_or_is_yet_to_join_elsewhere_keeps_the_password(
    founded: tuple[Organisation, str], dates: dict[str, date]
) -> None:
    """Their administrator may take them back tomorrow: then ours would hold the key to their organisation."""
    first, path = founded
    Client().post(path, {"password": PASSWORD, "again": PASSWORD})
    with organisation_context(first.pk):
        Person.objects.update(**dates)
    _second, link = actions.found_organisation("Two", "two", "first@one.example")
    client = Client()
    client.post(link.partition("8000")[2], {"password": "another-long-password", "again": "another-long-password"})
    assert User.objects.get().check_password(PASSWORD)
    assert client.get("/o/two/").status_code == 302


def test_a_changed_address_is_signed_in_with_from_the_next_link_on(founded: tuple[Organisation, str]) -> None:
    organisation, path = founded
    Client().post(path, {"password": PASSWORD, "again": PASSWORD})
    with organisation_context(organisation.pk):
        person = Person.objects.get()
        actions.change_person(person, person, email="New@one.example")
        reset = actions.reset_password(person, person).partition("8000")[2]
    assert User.objects.get().email == "first@one.example"
    Client().post(reset, {"password": "other-long-words", "again": "other-long-words"})
    assert User.objects.get().email == "new@one.example"
    with organisation_context(organisation.pk):
        successor = actions.create_person(person, "Successor", "first@one.example")
        invitation = actions.invite_person(person, successor, by_mail=False).partition("8000")[2]
    client = Client()
    assert client.post(invitation, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert User.objects.count() == 2


def test_an_address_never_becomes_that_of_two_accounts(founded: tuple[Organisation, str]) -> None:
    organisation, path = founded
    Client().post(path, {"password": PASSWORD, "again": PASSWORD})
    User.objects.create_user("boss@third.example", PASSWORD)
    with organisation_context(organisation.pk):
        person = Person.objects.get()
        actions.change_person(person, person, email="boss@third.example")
        reset = actions.reset_password(person, person).partition("8000")[2]
    Client().post(reset, {"password": "other-long-words", "again": "other-long-words"})
    assert set(User.objects.values_list("email", flat=True)) == {"first@one.example", "boss@third.example"}


def test_a_reset_link_of_ones_only_organisation(founded: tuple[Organisation, str]) -> None:
    organisation, path = founded
    Client().post(path, {"password": PASSWORD, "again": PASSWORD})
    with organisation_context(organisation.pk):
        person = Person.objects.get()
        reset = actions.reset_password(person, person).partition("8000")[2]
    client = Client()
    client.force_login(User.objects.get())  # being signed in does not spend the link on nothing
    assert client.post(reset, {"password": "other-long-words", "again": "other-long-words"}).url == "/o/one/"  # type: ignore[attr-defined]
    assert User.objects.get().check_password("other-long-words")


def test_people_of_one_organisation_see_nothing_of_another(founded: tuple[Organisation, str]) -> None:
    _first, path = founded
    client = Client()
    client.post(path, {"password": PASSWORD, "again": PASSWORD})
    second, _link = actions.found_organisation("Two", "two", "other@two.example")
    with organisation_context(second.pk):
        theirs = Person.objects.get()
    assert client.get("/o/two/people/").status_code == 404
    assert client.get("/o/two/people/audiences/").status_code == 404
    with organisation_context(_first.pk):
        assert not Person.objects.filter(pk=theirs.pk).exists()
    for page in ("", "change/"):
        assert client.get(f"/o/one/people/{theirs.pk}/{page}").status_code == 404
    for page in ("departure", "permissions", "invitation", "reset", "erasure", "marks", "absences", "resumption"):
        data = {"permission": "reader", "on": "2026-01-01"}
        assert client.post(f"/o/one/people/{theirs.pk}/{page}/", data).status_code == 404, page


def _opens(path: str) -> bool:
    return Client().get(path).status_code == 200


def _given(person: Person, ada: Person) -> dict[str, Any]:
    """What makes somebody capable of other things than before, and what does not."""
    return {
        "permission": lambda: actions.grant_permission(ada, person, Permission.ADMINISTRATOR),
        "clearance": lambda: actions.change_person(ada, person, clearance=Classification.CONFIDENTIAL),
        "unit": lambda: actions.grant_permission(ada, person, Permission.STEWARD, actions.create_unit(ada, "North")),
        "reader": lambda: actions.grant_permission(ada, person, Permission.READER),
        "title": lambda: actions.change_person(ada, person, title="Fitter"),
    }


ENDS = [("permission", 1), ("clearance", 1), ("unit", 1), ("reader", 0), ("title", 0)]


@pytest.mark.parametrize("change, ends", ENDS)
@pytest.mark.parametrize("kind", ["invitation", "reset"])
def test_a_link_gives_no_more_than_its_person_might_when_it_was_made(
    founded: tuple[Organisation, str], kind: str, change: str, ends: int
) -> None:
    with organisation_context(founded[0].pk):
        ada = Person.objects.get()
        person = actions.create_person(ada, "Bram", "bram@one.example")
        if kind == "reset":
            person.user = User.objects.create_user("bram@one.example", PASSWORD)
            person.save()
        make = actions.reset_password if kind == "reset" else actions.invite_person
        link = make(ada, person, by_mail=False).partition("8000")[2]
    assert _opens(link)
    with organisation_context(founded[0].pk):
        _given(person, ada)[change]()
        assert is_invited(person) is not bool(ends)
        invitation = person.invitations.get()
    assert _opens(link) is not bool(ends)
    mail_invitation(organisation_id=founded[0].pk, invitation_id=invitation.pk)
    assert len(mail.outbox) == 1 - ends
    entered = Client().post(link, {"password": "grain-of-salt-9", "again": "grain-of-salt-9"})
    assert entered.status_code == (404 if ends else 302)


def test_whoever_gives_a_permission_hears_that_a_link_ended(founded: tuple[Organisation, str]) -> None:
    organisation, path = founded
    client = Client()
    client.post(path, {"password": PASSWORD, "again": PASSWORD})
    with organisation_context(organisation.pk):
        ada = Person.objects.get()
        person = actions.create_person(ada, "Bram", "bram@one.example")
        actions.invite_person(ada, person, by_mail=False)
    where = f"/o/one/people/{person.pk}/permissions/"
    said = client.post(where, {"permission": "reader"}, follow=True).content.decode()
    assert "no longer works" not in said
    said = client.post(where, {"permission": "expert"}, follow=True).content.decode()
    assert "The link made for Bram before no longer works" in said
    assert "no longer works" not in client.post(where, {"permission": "steward"}, follow=True).content.decode()
    with organisation_context(organisation.pk):
        actions.invite_person(Person.objects.get(pk=ada.pk), person, by_mail=False)
    edit = f"/o/one/people/{person.pk}/change/"
    given = {name: value for name, value in client.get(edit).context["form"].initial.items() if value}
    given |= {"other_units": [], "roles": [], "title": "Fitter"}
    assert "no longer works" not in client.post(edit, given, follow=True).content.decode()
    assert "no longer works" in client.post(edit, {**given, "clearance": 3}, follow=True).content.decode()


@pytest.fixture
def demonstration(founded: tuple[Organisation, str], settings: Any) -> Organisation:
    organisation = founded[0]
    settings.HEADWATER_DEMO = True
    Organisation.objects.update(is_demonstration=True)
    with organisation_context(organisation.pk):
        person = Person.objects.create(name="Ines", language="en")
        actions.grant_permission(Person.objects.get(name="first"), person, Permission.STEWARD)
    return organisation


def test_a_person_of_the_demonstration_is_picked(demonstration: Organisation) -> None:
    client = Client(HTTP_HOST="127.0.0.1:8000")
    page = client.get("/join/demonstration/").content.decode()
    assert "Ines" in page
    assert "Steward" in page
    with organisation_context(demonstration.pk):
        pk = Person.objects.get(name="Ines").pk
    response = client.post("/join/demonstration/", {"organisation": demonstration.pk, "person": pk})
    assert response.url == "/o/one/"  # type: ignore[attr-defined]
    assert client.get("/o/one/people/me/").status_code == 200
    assert client.post("/join/demonstration/", {"organisation": 99, "person": pk}).status_code == 404
    assert client.post("/join/demonstration/", {"organisation": demonstration.pk, "person": "x"}).status_code == 404


def test_of_many_people_a_cast_is_shown_and_others_are_found(
    demonstration: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views_join, "MOST_SHOWN", 5)
    client, page = Client(HTTP_HOST="127.0.0.1:8000"), "/join/demonstration/"
    assert "Name or staff number" not in client.get(page).content.decode()
    with organisation_context(demonstration.pk):
        role = Role.objects.create(slug="clerk", name="Clerk")
        for number in range(6):
            person = Person.objects.create(name=f"Clerk {number}")
            PersonRole.objects.create(person=person, role=role)
    said = client.get(page).content.decode()
    assert all(f"Sign in as {name}" in said for name in ("Ines", "first", "Clerk 0"))
    assert "Clerk 1" not in said
    said = client.get(page, {"q": "clerk 4"}).content.decode()
    assert [f"Sign in as {name}" in said for name in ("Ines", "Clerk 4", "Clerk 5")] == [False, True, False]
    assert "Nobody here" in client.get(page, {"q": "zz"}).content.decode()


@pytest.mark.parametrize(
    "where",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "headwater.example"},
    ],
)
def test_the_demonstration_is_for_this_machine_only(
    demonstration: Organisation, settings: Any, where: dict[str, str]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client = Client(**{"HTTP_HOST": "127.0.0.1:8000", **where})
    assert client.get("/join/demonstration/").status_code == 404
    assert client.post("/join/demonstration/", {"organisation": demonstration.pk, "person": 1}).status_code == 404


def test_without_a_demonstration_there_is_no_such_page(demonstration: Organisation, settings: Any) -> None:
    settings.HEADWATER_DEMO = False
    assert Client(HTTP_HOST="127.0.0.1").get("/join/demonstration/").status_code == 404


def test_only_demonstrations_are_entered_without_a_password(demonstration: Organisation) -> None:
    Organisation.objects.update(is_demonstration=False)
    client = Client(HTTP_HOST="127.0.0.1")
    assert "Ines" not in client.get("/join/demonstration/").content.decode()
    assert client.post("/join/demonstration/", {"organisation": demonstration.pk, "person": 1}).status_code == 404
