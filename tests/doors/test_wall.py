"""The wall, tried at every door: models, pages, API operations, jobs, the feed and files.

Two organisations are filled with one row of everything. Somebody who may do everything in the one knocks everywhere
with the ids of the other.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from headwater.api import api
from headwater.core.blobs import put_blob, read_blob
from headwater.core.jobs import Follower, discovered
from headwater.core.models import Organisation, User
from headwater.core.secret import digest
from headwater.core.wall import organisation_context, walled_models
from headwater.distribute.models import PrivateFeed
from headwater.people import actions
from headwater.people.models import Grant, Permission, Person
from tests.doors.filling import dump, fill
from tests.people.conftest import mail_resets_asked_for

THEIRS, OURS = "Zanzibar", "Yorkshire"
REFUSALS = {400, 401, 403, 404, 405, 409, 422}


class House:
    """Two organisations, and a person of ours who holds every permission."""

    def __init__(self) -> None:
        self.theirs = Organisation.objects.create(slug="theirs", name="Theirs")
        self.ours = Organisation.objects.create(slug="ours", name="Ours")
        self.rows = fill(self.theirs, THEIRS)
        self.user = User.objects.create_user("all@ours.example", "correct horse battery")
        with organisation_context(self.ours.pk):
            person = Person.objects.create(name="All", user=self.user, clearance=3)
            for permission in Permission.values:
                Grant.objects.create(person=person, permission=permission)

    def browser(self) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(self.user)
        return client

    def ids(self, room: str) -> list[int]:
        """The ids of their rows in a room, and a few of others: none of them is ours."""
        return sorted({row.pk for label, row in self.rows.items() if label.startswith(room)})[:4] or [1]


@pytest.fixture
def house(committed: None) -> House:
    return House()


def test_every_model_is_empty_from_the_other_side(house: House) -> None:
    for model in walled_models():
        pk = house.rows[model._meta.label].pk
        with organisation_context(house.ours.pk):
            assert not model._default_manager.filter(pk=pk, organisation=house.theirs).exists(), model
            assert model._default_manager.filter(organisation=house.theirs).count() == 0, model
            if not getattr(model, "append_only", False):
                assert model._default_manager.filter(organisation=house.theirs).update(organisation=house.theirs) == 0


def pages() -> Iterator[tuple[str, str, URLPattern]]:
    """(room, pattern below the organisation, url pattern) of every page."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for each in resolver.url_patterns:
            if isinstance(each, URLResolver):
                yield from walk(each, prefix + str(each.pattern))
            else:
                yield prefix + str(each.pattern), each

    for path, pattern in walk(get_resolver(), ""):
        inside = path.partition("o/<slug:organisation>/")
        if inside[1] and not inside[2].startswith("api/"):
            yield inside[2].partition("/")[0], inside[2], pattern


def filled(path: str, pattern: URLPattern, number: int) -> str:
    """The path with the number for every id, and a word for every other argument."""
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__
        value = str(number) if kind == "IntConverter" else "a" * 64
        for written in (f"<int:{name}>", f"<str:{name}>", f"<slug:{name}>", f"<{name}>"):
            path = path.replace(written, value)
    return path


def test_no_page_shows_or_changes_what_is_theirs(house: House) -> None:
    before, browser = dump(house.theirs), house.browser()
    for room, path, pattern in pages():
        for number in house.ids(room) if "<int:" in path else [1]:
            for method in ("get", "post"):
                address = f"/o/ours/{filled(path, pattern, number)}"
                answer = getattr(browser, method)(address)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                assert THEIRS.encode() not in body, f"{method} {address} shows what is theirs"
                assert answer.status_code < 500, f"{method} {address} answered {answer.status_code}"
    assert dump(house.theirs) == before


def test_their_pages_are_not_there_for_us(house: House) -> None:
    browser = house.browser()
    for _room, path, pattern in pages():
        if path.startswith("public/"):
            continue
        answer = browser.get(f"/o/theirs/{filled(path, pattern, 1)}")
        assert answer.status_code == 404, path
        assert THEIRS.encode() not in answer.content


def test_no_operation_shows_or_changes_what_is_theirs(house: House) -> None:
    before, browser = dump(house.theirs), house.browser()
    for path, methods in api.get_openapi_schema(path_prefix="/o/ours/api/v1/")["paths"].items():
        room = path.removeprefix("/o/ours/api/v1/").partition("/")[0]
        for method, operation in methods.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "path"]
            for number in house.ids(room) if names else [1]:
                address = path
                for name in names:
                    address = address.replace("{" + name + "}", str(number))
                answer = browser.generic(
                    method.upper(), address, data=_body(operation), content_type="application/json"
                )
                assert THEIRS.encode() not in answer.content, f"{method} {address} shows what is theirs"
                assert answer.status_code < 500, f"{method} {address} answered {answer.status_code}"
                if names:
                    assert answer.status_code in REFUSALS, f"{method} {address} answered {answer.status_code}"
    assert dump(house.theirs) == before


def _body(operation: dict[str, Any]) -> str:
    return "{}" if "requestBody" in operation else ""


def test_no_job_of_ours_touches_what_is_theirs(house: House) -> None:
    before = dump(house.theirs)
    for follower in discovered("FOLLOWERS"):
        assert isinstance(follower, Follower)
        follower.step(house.ours.pk)
    assert dump(house.theirs) == before


def test_their_feed_and_files_do_not_open_through_our_door(house: House) -> None:
    with organisation_context(house.theirs.pk):
        PrivateFeed.objects.update(digest=digest("secret"))
        blob = put_blob(b"theirs")
    anonymous = Client()
    assert anonymous.get("/o/theirs/public/feed/secret/").status_code == 200
    assert anonymous.get("/o/ours/public/feed/secret/").status_code == 404
    with organisation_context(house.ours.pk), pytest.raises(FileNotFoundError):
        read_blob(blob)


# --- Taking over an account -------------------------------------------------------------------------------------------

KEY = r"/accounts/password/reset/key/\S+"


def mailed_link() -> str:
    """The path of the password link in the latest mail."""
    found = re.search(KEY, str(mail.outbox[-1].body))
    assert found
    return found.group()


def set_password(client: Client, path: str, password: str) -> None:
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


@pytest.mark.parametrize("squatted", [False, True])
def test_an_account_that_named_an_address_first_is_not_joined_by_its_owner(
    committed: None, settings: Any, squatted: bool
) -> None:
    """Davit of Works writes down the address of the boss of Third before Third invites her.

    `squatted`: he did so while there was a page for it. Either way the boss has an account of her own, and Davit's own
    address opens nothing of Third.
    """
    settings.HEADWATER_MAIL_URL = "smtp://mail.works.example"
    _works, link = actions.found_organisation("Works", "works", "davit@works.example")
    davit, boss = Client(), Client()
    davit.post(urlsplit(link).path, {"password": "rivers-and-stones", "again": "rivers-and-stones"})
    davit.post("/accounts/email/", {"email": "boss@third.example", "action_add": ""})
    davit.post("/accounts/email/", {"email": "boss@third.example", "action_primary": ""})
    if squatted:
        user = User.objects.get(email="davit@works.example")
        EmailAddress.objects.create(user=user, email="boss@third.example", primary=True)
    _third, invitation = actions.found_organisation("Third", "third", "boss@third.example")
    boss.post(urlsplit(invitation).path, {"password": "mist-over-the-bay", "again": "mist-over-the-bay"})
    assert boss.get("/o/third/").status_code == 200
    assert User.objects.count() == 2
    Client().post("/accounts/password/reset/", {"email": "davit@works.example"})
    mail_resets_asked_for()
    again = Client()
    set_password(again, mailed_link(), "taken-over-by-davit")
    again.post("/accounts/login/", {"login": "davit@works.example", "password": "taken-over-by-davit"})
    assert again.get("/o/works/").status_code == 200
    assert again.get("/o/third/").status_code == 404
    Client().post("/accounts/password/reset/", {"email": "boss@third.example"})
    mail_resets_asked_for()
    set_password(boss, mailed_link(), "still-the-boss-of-third")
    assert User.objects.get(email="boss@third.example").check_password("still-the-boss-of-third")
    assert User.objects.get(email="davit@works.example").check_password("taken-over-by-davit")


def test_an_administrator_makes_no_key_to_another_organisation(committed: None) -> None:
    """Works adds the boss of Third under her address and makes invitations and resets: none sets her password."""
    _third, invitation = actions.found_organisation("Third", "third", "boss@third.example")
    Client().post(urlsplit(invitation).path, {"password": "mist-over-the-bay", "again": "mist-over-the-bay"})
    works, _link = actions.found_organisation("Works", "works", "davit@works.example")
    with organisation_context(works.pk):
        davit = Person.objects.get()
        hers = actions.create_person(davit, "Boss", "boss@third.example")
        links = [actions.invite_person(davit, hers, by_mail=False), actions.appoint_administrator(davit, hers.email)]
    thief = Client()
    for link in links:
        thief.post(urlsplit(link).path, {"password": "a-key-to-the-third", "again": "a-key-to-the-third"})
    assert User.objects.get(email="boss@third.example").check_password("mist-over-the-bay")
    assert thief.get("/o/third/").status_code == 302
