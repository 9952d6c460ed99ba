"""Who decides who reads what comes from a source, and where its password goes: at actions, API and pages alike."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import SYSTEM, Refused
from headwater.core.addresses import address
from headwater.core.secret import decrypt
from headwater.gather.actions import change_source, close_source, create_source
from headwater.gather.models import Run, Source
from headwater.people.models import Audience, Person, Unit
from headwater.search.models import Entry
from tests.gather.test_api import Api

RunNow = Callable[[Source], Run]


@pytest.fixture
def secret_source(source: Source, run_now: RunNow, nadia: Person) -> Source:
    """A confidential source of Drainage that only its owner reads, with three documents."""
    run_now(source)
    Person.objects.filter(pk=nadia.pk).update(clearance=3)
    nadia.refresh_from_db()
    return change_source(nadia, source, classification=3, unit=nadia.unit, owner_only=True)


@pytest.mark.parametrize("field", ["classification", "owner", "audience", "unit"])
def test_who_may_not_read_a_source_does_not_open_it_to_themselves(
    secret_source: Source, hadia: Person, ada: Person, everyone: Audience, field: str
) -> None:
    roads = Unit.objects.create(slug="roads", name="Roads")
    for who in (hadia, ada):  # a steward who is not cleared, and an administrator, who is no reader by that
        given: dict[str, Any] = {"classification": 0, "owner": who, "audience": everyone, "unit": roads}
        with pytest.raises(Refused):
            change_source(who, secret_source, **{field: given[field]})
        body = {field: getattr(given[field], "pk", given[field])}
        Api(who)("patch", f"/sources/{secret_source.pk}", body, status=403)
        secret_source.refresh_from_db()
        assert (secret_source.classification, secret_source.audience) == (3, None)
        assert not Entry.objects.readable_by(who).exists()


def test_an_administrator_names_another_owner_and_nothing_else(
    secret_source: Source, hadia: Person, otto: Person, nadia: Person, ada: Person
) -> None:
    change_source(ada, secret_source, name="Tenders", every_minutes=5)
    with pytest.raises(Refused):
        change_source(hadia, secret_source, owner=otto)
    with pytest.raises(Refused):
        change_source(ada, secret_source, owner=otto, classification=0)
    secret_source.refresh_from_db()
    change_source(ada, secret_source, owner=otto)
    assert secret_source.owner == otto


def test_nobody_classifies_a_source_above_their_own_clearance(source: Source, nadia: Person) -> None:
    change_source(nadia, source, classification=2)
    with pytest.raises(Refused):
        change_source(nadia, source, classification=3)


def test_documents_are_not_handed_over_to_be_read(secret_source: Source, ada: Person, nadia: Person) -> None:
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=ada)
    with pytest.raises(Refused):
        close_source(ada, secret_source, "hand_over", to=uploads)
    assert not Entry.objects.readable_by(ada).exists()
    close_source(ada, secret_source, "withdraw")


def test_the_page_of_settings_keeps_readers_from_who_does_not_decide_them(
    secret_source: Source, ada: Person, sign_in: Any
) -> None:
    client, url = sign_in(ada), address("gather:source-settings", pk=secret_source.pk)
    page = client.get(url).content.decode()
    assert page.count(" disabled") >= 3
    assert page.count("Decided by its owner") == 3
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not None and not form.fields[name].disabled}
    sent |= {"name": "Tenders", "classification": "0", "owner": secret_source.owner.name}
    assert client.post(url, sent).status_code == 302
    secret_source.refresh_from_db()
    assert (secret_source.name, secret_source.classification) == ("Tenders", 3)
    assert client.post(url, {**sent, "owner": ada.name}).status_code == 403


# --- Passwords --------------------------------------------------------------------------------------------------------

MAILBOX = {"host": "imap.works.example", "port": 993, "security": "ssl", "username": "pumps", "folder": "INBOX"}


def sealed(source: Source) -> Any:
    source.refresh_from_db()
    return json.loads(decrypt(source.secret)) if source.secret else None


@pytest.mark.parametrize(
    "elsewhere", [{"host": "imap.attacker.example"}, {"port": 1993}, {"security": "none"}, {"port": None}]
)
def test_a_password_does_not_go_along_to_another_place(nadia: Person, elsewhere: dict[str, Any]) -> None:
    box = create_source(SYSTEM, "Mail", "mailbox", nadia, settings=MAILBOX, secret={"password": "oxbow"}, begin=False)
    moved = {**MAILBOX, **elsewhere}
    with pytest.raises(ValidationError) as error:
        change_source(nadia, box, settings=moved)
    assert list(error.value.message_dict) == ["secret"]
    box.refresh_from_db()
    assert (box.settings, sealed(box)) == (MAILBOX, {"password": "oxbow"})
    assert Api(nadia)("patch", f"/sources/{box.pk}", {"settings": moved}, status=400)["field"] == "secret"
    change_source(nadia, box, settings=moved, secret={"password": "new"})
    assert sealed(box) == {"password": "new"}


def test_a_password_stays_with_its_place(nadia: Person) -> None:
    box = create_source(SYSTEM, "Mail", "mailbox", nadia, settings=MAILBOX, secret={"password": "oxbow"}, begin=False)
    change_source(nadia, box, settings={**MAILBOX, "port": "993", "folder": "Pumps", "username": "valves"})
    assert sealed(box) == {"password": "oxbow"}


def test_a_site_that_moved_and_asks_for_no_name_forgets_the_password(nadia: Person, sign_in: Any) -> None:
    place = {"url": "https://works.example/feed", "username": "pumps"}
    feed = create_source(SYSTEM, "Feed", "feed", nadia, settings=place, secret={"password": "oxbow"}, begin=False)
    form = {"name": "Feed", "owner": nadia.name, "classification": 1, "grade": "F", "every_minutes": 60}
    form |= {"deliver_backfill_days": 7, "url": "https://attacker.example/feed", "username": "pumps"}
    url = address("gather:source-settings", pk=feed.pk)
    client = sign_in(nadia)
    refused = client.post(url, form)
    assert refused.status_code == 200
    assert "Enter the password again" in refused.content.decode()
    assert sealed(feed) == {"password": "oxbow"}
    change_source(nadia, feed, settings={"url": "https://public.example/feed"})
    assert sealed(feed) is None
