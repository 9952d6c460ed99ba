"""What people bring under a name that a colleague's has already: nothing is replaced unasked, at any door."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.core.addresses import address
from headwater.core.models import Event
from headwater.gather import jobs
from headwater.gather.actions import capture_mail, capture_note, close_source, create_source, upload_document
from headwater.gather.bringing import beside
from headwater.gather.extract import Pool
from headwater.gather.gathering import gather
from headwater.gather.models import Document, Source
from headwater.people.models import Audience, Notice, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol
from tests.gather.test_api import API, Api

MAIL = b"Message-ID: <1@x>\r\nSubject: Pump\r\n\r\n"


@pytest.fixture
def uploads(nadia: Person, otto: Person, hadia: Person, everyone: Audience) -> Source:
    enrol(everyone)
    return create_source(SYSTEM, name="Uploads", kind="upload", owner=nadia, audience=everyone)


@pytest.fixture
def notes(nadia: Person, otto: Person, hadia: Person, everyone: Audience) -> Source:
    enrol(everyone)
    return create_source(SYSTEM, name="Notes", kind="capture", owner=nadia, audience=everyone)


def read(*documents: Document) -> None:
    for document in documents:
        jobs.read_kept(document.organisation_id, document_id=document.pk)
        document.refresh_from_db()


def texts() -> set[str]:
    return {entry.current_version.text for entry in Entry.objects.current() if entry.current_version}


def test_two_people_write_a_note_of_one_title_and_both_are_kept(notes: Source, hadia: Person, otto: Person) -> None:
    first = capture_note(hadia, notes, "Pump note", "The quokka valve is shut.", author="Hadia")
    second = capture_note(otto, notes, "Pump note", "Order grease.", author="Otto")
    assert (first.key, second.key) == ("Pump note", "Pump note (2)")
    read(first, second)
    assert texts() == {"The quokka valve is shut.", "Order grease."}
    assert [one.title for one in Entry.objects.all()] == ["Pump note"] * 2
    assert beside(second) == first
    assert beside(first) is None
    again = capture_note(otto, notes, "Pump note", "Order more grease.", author="Otto")
    assert again.pk == second.pk
    read(again)
    assert texts() == {"The quokka valve is shut.", "Order more grease."}
    assert EntryVersion.objects.filter(entry__document=second).count() == 2
    assert not Notice.objects.filter(dedupe_key__startswith="replaced").exists()


def test_files_of_one_name_keep_their_ending_and_number(
    uploads: Source, hadia: Person, otto: Person, nadia: Person
) -> None:
    brought = [upload_document(who, uploads, "a/b.md", who.name.encode()) for who in (hadia, otto, nadia, SYSTEM)]
    assert [one.key for one in brought] == ["a/b.md", "a/b (2).md", "a/b (3).md", "a/b (4).md"]
    for who, document in zip((hadia, otto, nadia, SYSTEM), brought, strict=True):
        assert upload_document(who, uploads, "a/b.md", b"once more").pk == document.pk
    assert upload_document(hadia, uploads, "a/b (2).md", b"another").key == "a/b (2) (2).md"
    hidden = [upload_document(who, uploads, ".env", who.name.encode()).key for who in (hadia, otto)]
    assert hidden == [".env", ".env (2)"]


def test_what_is_replaced_by_name_is_the_next_version_and_is_told(notes: Source, hadia: Person, otto: Person) -> None:
    first = capture_note(hadia, notes, "Pump note", "The quokka valve is shut.")
    own = capture_note(otto, notes, "Pump note", "Order grease.")
    read(first, own)
    replaced = capture_note(otto, notes, "Pump note", "The valve is open.", replace=True)
    assert replaced.pk == first.pk
    read(replaced)
    assert EntryVersion.objects.filter(entry__document=first).count() == 2
    notice = Notice.objects.get(person=hadia)
    assert "Otto" in notice.text
    assert "Pump note" in notice.text
    assert notice.url == address("gather:document", pk=first.pk)
    # It is Otto's now: what Hadia writes next does not replace it unasked either.
    assert capture_note(hadia, notes, "Pump note", "It is shut again.").pk not in (first.pk, own.pk)
    assert capture_note(otto, notes, "Pump note", "Open.").pk == first.pk


def test_who_may_not_read_it_does_not_replace_it(notes: Source, hadia: Person, ada: Person) -> None:
    capture_note(hadia, notes, "Pump note", "The quokka valve is shut.")
    with pytest.raises(Refused):
        capture_note(ada, notes, "Pump note", "Order grease.", replace=True)
    assert capture_note(ada, notes, "Pump note", "Order grease.").key == "Pump note (2)"


def test_the_very_same_mail_or_file_is_one_document(
    notes: Source, uploads: Source, hadia: Person, otto: Person
) -> None:
    first = capture_mail(hadia, notes, MAIL + b"Broken again.")
    assert capture_mail(otto, notes, MAIL + b"Broken again.").pk == first.pk
    other = capture_mail(otto, notes, MAIL + b"Repaired.")
    assert other.key == "<1@x> (2)"
    assert capture_mail(hadia, notes, MAIL + b"Broken again.").brought_by == hadia
    assert capture_mail(hadia, notes, MAIL + b"Repaired.", replace=True).pk == first.pk
    assert upload_document(hadia, uploads, "a.md", b"x").pk == upload_document(otto, uploads, "a.md", b"x").pk


def test_what_was_handed_over_from_elsewhere_is_not_taken_for_ones_own(
    notes: Source, uploads: Source, hadia: Person, nadia: Person
) -> None:
    moved = capture_note(hadia, notes, "Pump note", "The quokka valve is shut.")
    close_source(nadia, notes, "hand_over", to=uploads)
    assert upload_document(hadia, uploads, "Pump note", b"x").pk != moved.pk
    assert upload_document(SYSTEM, uploads, "notes/Pump note", b"x").pk != moved.pk


def test_the_pages_keep_both_and_name_whose_it_was(
    notes: Source, uploads: Source, hadia: Person, otto: Person, sign_in: Any
) -> None:
    mine = capture_note(hadia, notes, "Pump note", "The quokka valve is shut.")
    upload_document(hadia, uploads, "a.md", b"# A")
    client = sign_in(otto)
    url = address("gather:capture-into", pk=notes.pk)
    told = client.post(url, {"title": "Pump note", "text": "Order grease."}, follow=True).content.decode()
    assert "“Pump note” of Hadia stays as it is" in told
    file = {"documents": SimpleUploadedFile("a.md", b"# B")}
    told = client.post(address("gather:upload", pk=uploads.pk), file, follow=True).content.decode()
    assert "“a.md” of Hadia stays as it is" in told
    assert Document.objects.count() == 4
    assert "Hadia" in client.get(address("gather:document", pk=mine.pk)).content.decode()
    client.post(url, {"title": "Pump note", "text": "Open.", "replace": "on"})
    file = {"documents": SimpleUploadedFile("a.md", b"# C"), "replace": "on"}
    client.post(address("gather:upload", pk=uploads.pk), file)
    assert Document.objects.count() == 4
    assert set(Document.objects.filter(key__in=("Pump note", "a.md")).values_list("brought_by", flat=True)) == {otto.pk}


def test_the_api_keeps_both_unless_told_to_replace(notes: Source, uploads: Source, hadia: Person, otto: Person) -> None:
    first = capture_note(hadia, notes, "Pump note", "The quokka valve is shut.")
    capture_mail(hadia, notes, MAIL + b"Broken again.")
    upload_document(hadia, uploads, "a.md", b"# A")
    api, path = Api(otto), f"/sources/{notes.pk}/notes"
    note = api("post", path, {"title": "Pump note", "text": "Order grease."})
    assert (note["key"], note["handed_as"], note["brought_by_id"]) == ("Pump note (2)", "Pump note", otto.pk)
    assert api("post", path, {"title": "Pump note", "text": "Open.", "replace": True})["id"] == first.pk
    for place, name, words in (
        (f"{uploads.pk}/documents", "a.md", b"# B"),
        (f"{notes.pk}/mails", "<1@x>", MAIL + b"Repaired."),
    ):
        assert _sent(api.client, place, words, api.headers)["key"] == name.replace("1@x>", "1@x> (2)").replace(
            "a.md", "a (2).md"
        )
        assert _sent(api.client, place, words + b"!", api.headers, replace="true")["key"] == name


def _sent(client: Client, place: str, words: bytes, headers: dict[str, str], **more: str) -> dict[str, Any]:
    file = SimpleUploadedFile("a.md", words)
    answer = client.post(f"{API}/sources/{place}", {"file": file, **more}, headers=headers)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_file_at_the_command_line_replaces_nothing_unasked(
    uploads: Source, hadia: Person, nadia: Person, everyone: Audience, tmp_path: Path, pool: Pool
) -> None:
    first = upload_document(hadia, uploads, "a.md", b"# A\n\nThe quokka valve is shut.")
    read(first)
    file = tmp_path / "a.md"
    for words, new, changed in (("Order grease.", 1, 0), ("Order grease.", 0, 0), ("Order more grease.", 0, 1)):
        file.write_text(f"# A\n\n{words}")
        outcome = gather(nadia.organisation_id, OPERATOR, str(file), everyone, pool)
        assert (outcome["seen"], outcome["new"], outcome["changed"]) == (1, new, changed)
    assert Document.objects.count() == 2
    assert any("quokka" in text for text in texts())
    gather(nadia.organisation_id, OPERATOR, str(file), everyone, pool, is_replacing=True)
    assert Document.objects.count() == 2
    assert not any("quokka" in text for text in texts())


def test_who_brought_what_is_there_already_is_read_from_the_log(notes: Source, hadia: Person, otto: Person) -> None:
    first, second = capture_note(hadia, notes, "A", "a"), capture_note(SYSTEM, notes, "B", "b")
    assert Event.objects.filter(subject="gather.document").count() == 2
    Document.objects.update(brought_by=None, handed_as="")
    with connection.cursor() as cursor:
        cursor.execute(import_module("headwater.gather.migrations.0007_who_brought_it").READ_LOG)
        cursor.execute("SELECT set_config('headwater.organisation', %s, true)", [str(hadia.organisation_id)])
    rows = set(Document.objects.values_list("pk", "brought_by", "handed_as"))
    assert rows == {(first.pk, hadia.pk, "A"), (second.pk, None, "B")}
