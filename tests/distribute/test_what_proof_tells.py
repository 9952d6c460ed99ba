"""What proof tells by every door: when a list can have been signed, what is overdue, and no name one may not read."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from headwater.distribute.actions import issue_directive, record_acknowledgement, save_directive
from headwater.distribute.delivering import row_for
from headwater.distribute.models import Acknowledgement, Delivery, Directive
from headwater.people.models import Audience, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol

ROOT = "/o/waterworks/distribute/"
API = "/o/waterworks/api/v1/distribute/"
SignIn = Callable[[Person], Client]


@pytest.fixture
def directive(version: EntryVersion, nadia: Person, ines: Person, otto: Person, everyone: Audience) -> Directive:
    """A must-read of three, overdue."""
    enrol(everyone)
    draft = save_directive(nadia, everyone, entry=version.entry, due_days=3, sentence="Before you go in")
    issued = issue_directive(nadia, draft)
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    return issued


# --- When a list was signed -------------------------------------------------------------------------------------------


def test_nobody_signed_a_list_before_the_text_existed(
    directive: Directive, version: EntryVersion, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    published = timezone.now().replace(microsecond=0) - timedelta(days=2)
    EntryVersion.objects.filter(pk=version.pk).update(published_at=published + timedelta(seconds=30))
    before = published.replace(second=0) - timedelta(minutes=1)
    with pytest.raises(ValidationError) as refused:
        record_acknowledgement(nadia, row_for(ines, version), "Binder", signed_at=before)  # as the command line does
    assert "was published on" in refused.value.message_dict["signed_at"][0]
    assert _posted(nadia, ines, version, before, sign_in).json()["fields"]["signed_at"]
    assert "was published on" in _listed(directive, ines, nadia, "1999-01-01T00:00", sign_in).content.decode()
    assert not Acknowledgement.objects.exists()


def test_a_list_signed_in_the_minute_of_publication_counts_from_the_publication(
    directive: Directive, version: EntryVersion, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    """A page gives minutes, publication has seconds: nothing is attested before it was there."""
    assert _listed(directive, ines, nadia, f"{timezone.localtime():%Y-%m-%dT%H:%M}", sign_in).status_code == 302
    version.refresh_from_db()
    assert Acknowledgement.objects.get().at >= version.published_at


def test_a_moment_without_a_zone_is_of_the_organisations_clock(
    directive: Directive, version: EntryVersion, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    answer = _posted(nadia, ines, version, "1999-01-01T00:00:00", sign_in)
    assert answer.status_code == 400, answer.content
    assert "signed_at" in answer.json()["fields"]


def _posted(recorder: Person, person: Person, version: EntryVersion, at: datetime | str, sign_in: SignIn) -> Any:
    signed = at if isinstance(at, str) else at.isoformat()
    body = {"person": person.pk, "version": version.pk, "evidence": "Binder 3", "signed_at": signed}
    return sign_in(recorder).post(f"{API}acknowledgements", body, content_type="application/json")


def _listed(directive: Directive, person: Person, recorder: Person, at: str, sign_in: SignIn) -> Any:
    Person.objects.filter(pk=person.pk).update(number="0042")
    body = {"numbers": "0042", "signed_at": at, "evidence": "Binder 3"}
    return sign_in(recorder).post(f"{ROOT}directives/{directive.pk}/lists/", body)


# --- Names that one may not read --------------------------------------------------------------------------------------


def test_no_door_names_a_must_read_about_a_closed_document(
    directive: Directive, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    """Also not the name of a file that is downloaded, nor the reasons beside each person."""
    Directive.objects.update(name="Tender of gas detectors")
    pages = ("proof/", "proof/people/", "proof/people/?format=csv", "proof.csv")
    doors = [f"{ROOT}directives/{directive.pk}/{page}" for page in pages]
    doors += [f"{ROOT}{page}" for page in ("proof/", "proof/overdue/", "proof/overdue/?format=csv", "directives/")]
    doors += [f"{API}directives", f"{API}overdue", f"{API}directives/{directive.pk}/people"]
    told = {door: _said(sign_in(nadia), door) for door in doors}
    assert [door for door, said in told.items() if not _names_it(said)] == [], "who may read it is told"
    Entry.objects.update(audience=None, owner=ines)
    told = {door: _said(sign_in(nadia), door) for door in doors}
    assert [door for door, said in told.items() if _names_it(said) or "before you go in" in said] == []
    ended = sign_in(nadia).post(f"{API}directives/{directive.pk}/end")
    assert ended.json()["name"] == "A must-read that you may not read"
    directive.refresh_from_db()
    assert directive.name == "Tender of gas detectors", "it is only not shown"


def _said(browser: Client, door: str) -> str:
    answer = browser.get(door)
    assert answer.status_code == 200, door
    return f"{answer.headers.get('Content-Disposition', '')} {answer.content.decode()}".lower().replace("-", " ")


def _names_it(said: str) -> bool:
    return "gas detectors" in said or "confined spaces" in said


# --- What is overdue --------------------------------------------------------------------------------------------------


def test_the_sheet_of_the_overdue_says_what_is_overdue(
    directive: Directive, version: EntryVersion, ines: Person, nadia: Person, sign_in: SignIn
) -> None:
    Directive.objects.update(name="Read before Monday")
    browser = sign_in(nadia)
    rows = _rows(browser)
    assert len(rows) == 3
    wanted = (str(version.entry_id), version.title, str(directive.pk), "Read before Monday")
    assert {(row["entry"], row["title"], row["directive"], row["must_read"]) for row in rows} == {wanted}
    (line, *_others) = browser.get(f"{API}overdue").json()["items"]
    told = (str(line["entry_id"]), line["title"], str(line["directive_id"]), line["must_read"])
    assert told == wanted, "the API says the same"
    Entry.objects.update(audience=None, owner=ines)
    hidden = {(row["entry"], row["title"], row["must_read"]) for row in _rows(browser)}
    assert hidden == {
        (str(version.entry_id), "Something that you may not read", "A must-read that you may not read"),
    }, "rows of different must-reads are told apart by their numbers"


def _rows(browser: Client) -> list[dict[str, str]]:
    sheet = browser.get(f"{ROOT}proof/overdue/?format=csv").content.decode()
    return list(csv.DictReader(io.StringIO(sheet)))


# --- What was never brought -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["acknowledgement", "rating"])
def test_what_was_never_brought_to_someone_is_not_theirs_to_answer(
    verb: str, version: EntryVersion, ines: Person, everyone: Audience, sign_in: SignIn
) -> None:
    """They may read it; nobody asks them anything. It is not there, on the page as in the API."""
    enrol(everyone)
    browser = sign_in(ines)
    assert browser.get(f"/o/waterworks/entries/{version.entry_id}/").status_code == 200
    assert browser.post(f"{ROOT}deliveries/{version.pk}/{verb}/", {"useful": "1"}).status_code == 404
    if verb == "acknowledgement":
        answer = browser.post(f"{API}versions/{version.pk}/acknowledgement", {}, content_type="application/json")
        assert answer.status_code == 404
    assert not Acknowledgement.objects.exists()
