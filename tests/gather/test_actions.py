"""The verbs: who may, what is refused, and what becomes of documents."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import SYSTEM, Refused
from headwater.core.models import Event
from headwater.gather import jobs
from headwater.gather.actions import (
    capture_mail,
    capture_note,
    change_need,
    change_source,
    close_source,
    create_need,
    create_source,
    decide_proposal,
    dismiss_failures,
    link_entry,
    pause_source,
    reopen_source,
    resume_source,
    retry_failures,
    start_run,
    stop_run,
    upload_document,
)
from headwater.gather.handing import hand_over_of_leavers
from headwater.gather.models import Document, Failure, InformationNeed, NeedEntry, Run, Source
from headwater.people.models import Audience, Notice, Person
from headwater.search.actions import publish_version
from headwater.search.models import Entry, EntryVersion, Kind
from tests.conftest import make_person

RunNow = Callable[[Source], Run]


def test_every_change_is_logged_once(source: Source, nadia: Person) -> None:
    Event.objects.filter(verb="create_source").get()
    pause_source(nadia, source)
    resume_source(nadia, source)
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs[-2:] == ["pause_source", "resume_source"]


def test_strangers_change_nothing(source: Source, otto: Person, ines: Person, nadia: Person) -> None:
    run = start_run(nadia, source)
    acts: list[Callable[[Person], object]] = [
        lambda who: create_source(who, name="X", kind="upload", owner=who),
        lambda who: change_source(who, source, name="X"),
        lambda who: pause_source(who, source),
        lambda who: resume_source(who, source),
        lambda who: start_run(who, source),
        lambda who: stop_run(who, run),
        lambda who: close_source(who, source, "keep"),
        lambda who: reopen_source(who, source),
        lambda who: retry_failures(who, source),
        lambda who: dismiss_failures(who, source, "damaged"),
    ]
    for act in acts:
        for who in (otto, ines):
            with pytest.raises(Refused):
                act(who)


def test_a_steward_names_sources_for_their_unit_alone(hadia: Person, nadia: Person) -> None:
    steward = make_person("Steward", unit=hadia.unit)
    steward.grants.create(person=steward, permission="steward", unit=hadia.unit)
    assert create_source(steward, name="Ours", kind="upload", owner=steward, unit=hadia.unit).unit == hadia.unit
    with pytest.raises(Refused):
        create_source(steward, name="Everybody's", kind="upload", owner=steward)


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("folder", {"path": "relative"}, "path"),
        ("folder", {"path": ""}, "path"),
        ("folder", {"path": "/"}, "path"),
        ("folder", {"path": "/proc"}, "path"),
        ("folder", {"path": "/sys/kernel"}, "path"),
        ("folder", {"path": "/home/../dev"}, "path"),
        ("folder", {"path": "/srv/no such folder"}, "path"),
        ("folder", {"path": "/etc/passwd"}, "path"),
        ("feed", {}, "url"),
        ("feed", {"url": "http://127.0.0.1/feed"}, "url"),
        ("feed", {"url": "http://localhost:8000/feed"}, "url"),
        ("feed", {"url": "http://[::1]/feed"}, "url"),
        ("feed", {"url": "http://[::ffff:10.0.0.1]/feed"}, "url"),
        ("feed", {"url": "http://2130706433/feed"}, "url"),
        ("web", {"url": "http://10.0.0.1/"}, "url"),
        ("web", {"url": "http://169.254.169.254/latest/"}, "url"),
        ("web", {"url": "http://[::1/"}, "url"),
        ("web", {"url": "https://ada:oxbow@a.org/"}, "url"),
        ("web", {"url": "https://a.org/", "within": "https://ada:oxbow@a.org/"}, "within"),
        ("feed", {"url": "https://ada@a.org/feed"}, "url"),
        ("mailbox", {"host": "192.168.1.5", "username": "x"}, "host"),
        ("mailbox", {"host": "imap.localhost.", "username": "x"}, "host"),
        ("web", {"url": "https://a.org", "within": "https://b.org/"}, "within"),
        ("web", {"url": "https://a.org", "pages": "many"}, "settings"),
        ("mailbox", {"host": "x"}, "username"),
        ("teapot", {}, "kind"),
    ],
)
def test_what_is_no_source_is_refused_by_its_field(
    kind: str, given: dict[str, object], field: str, nadia: Person
) -> None:
    with pytest.raises(ValidationError) as error:
        create_source(SYSTEM, name="X", kind=kind, owner=nadia, settings=given)
    assert field in error.value.message_dict
    assert not Source.objects.exists()


@pytest.mark.parametrize("allowed", ["127.0.0.1", "localhost", "10.0.0.1:8080"])
def test_an_address_inside_that_the_administrator_allows_is_no_mistake(
    allowed: str, nadia: Person, settings: Any
) -> None:
    settings.HEADWATER_ALLOW_FETCH = [allowed]
    given = {"url": f"http://{allowed}/feed"}
    assert create_source(SYSTEM, name="Ours", kind="feed", owner=nadia, settings=given).pk


def test_a_folder_that_went_away_hinders_no_other_change(nadia: Person, tmp_path: Path) -> None:
    folder = tmp_path / "circulars"
    folder.mkdir()
    given = {"path": str(folder)}
    source = create_source(SYSTEM, name="Ours", kind="folder", owner=nadia, settings=given, begin=False)
    folder.rmdir()
    assert change_source(SYSTEM, source, name="Circulars", settings=given).name == "Circulars"
    with pytest.raises(ValidationError, match="is not there"):
        change_source(SYSTEM, source, settings={"path": str(tmp_path / "elsewhere")})


def test_a_link_to_a_folder_that_is_refused_is_refused(nadia: Person, home: Path, tmp_path: Path) -> None:
    for number, target in enumerate(("/proc/self", str(home), str(home / "blobs"))):
        link = tmp_path / f"link {number}"
        link.symlink_to(target)
        with pytest.raises(ValidationError) as error:
            create_source(SYSTEM, name="X", kind="folder", owner=nadia, settings={"path": str(link)})
        assert list(error.value.message_dict) == ["path"]


def test_names_give_slugs_that_are_told_apart(nadia: Person) -> None:
    names = ["Road news", "Road news", "Road-News", "道路"]
    slugs = [create_source(SYSTEM, name=name, kind="upload", owner=nadia).slug for name in names]
    assert slugs == ["road-news", "road-news-2", "road-news-3", "source"]


def test_documents_follow_their_source(source: Source, run_now: RunNow, nadia: Person, otto: Person) -> None:
    run_now(source)
    change_source(nadia, source, owner=otto, classification=2, owner_only=True)
    assert set(Entry.objects.values_list("owner", "classification", "audience")) == {(otto.pk, 2, None)}
    assert not Entry.objects.readable_by(nadia).exists() or nadia.clearance >= 2


def test_closing_keeps_withdraws_or_hands_over(
    source: Source, run_now: RunNow, nadia: Person, otto: Person, everyone: Audience
) -> None:
    run_now(source)
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=otto)
    with pytest.raises(ValidationError):
        close_source(nadia, source, "hand_over", to=source)
    close_source(nadia, source, "hand_over", to=uploads)
    assert source.state == Source.State.CLOSED
    assert set(Entry.objects.values_list("owner", "source_slug", "audience")) == {(otto.pk, "uploads", None)}
    assert uploads.documents.filter(key="circulars/a.md").exists()
    assert Entry.objects.current().count() == 3
    close_source(otto, uploads, "withdraw")
    assert not Entry.objects.current().exists()
    reopen_source(otto, uploads)
    assert Entry.objects.current().count() == 3


def test_a_closed_source_is_read_no_more_and_found_again_when_reopened(
    source: Source, run_now: RunNow, nadia: Person
) -> None:
    run_now(source)
    close_source(nadia, source, "withdraw")
    assert not Source.objects.due().exists()
    with pytest.raises(ValidationError):
        start_run(nadia, source)
    reopen_source(nadia, source)
    resume_source(nadia, source)
    run_now(source)
    assert Entry.objects.current().count() == 3
    assert EntryVersion.objects.count() == 3


def test_a_failure_is_read_again_from_the_kept_bytes(source: Source, run_now: RunNow, nadia: Person) -> None:
    run_now(source)
    retry_failures(nadia, source, cause="unsupported")
    failed = Failure.objects.get()
    first = failed.last_at
    jobs.read_kept(source.organisation_id, document_id=failed.document_id)
    failed.refresh_from_db()
    assert failed.last_at > first
    assert failed.first_at < failed.last_at
    dismiss_failures(nadia, source, cause="unsupported")
    failed.refresh_from_db()
    assert failed.dismissed_at is not None


def test_uploads_notes_and_mails(nadia: Person, otto: Person, ines: Person, everyone: Audience) -> None:
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=nadia, audience=everyone)
    notes = create_source(SYSTEM, name="Notes", kind="capture", owner=nadia, audience=everyone)
    everyone.member_links.get_or_create(person=otto)
    everyone.member_links.get_or_create(person=ines)
    first = upload_document(otto, uploads, "a/../b.md", b"# One\n\nThe first words.")
    assert first.key == "a/b.md"
    jobs.read_kept(first.organisation_id, document_id=first.pk)
    assert upload_document(otto, uploads, "a/b.md", b"# One\n\nThe second words.").pk == first.pk
    jobs.read_kept(first.organisation_id, document_id=first.pk)
    jobs.read_kept(first.organisation_id, document_id=first.pk)
    assert EntryVersion.objects.filter(entry__document=first).count() == 2
    note = capture_note(otto, notes, "Keys", "With Otto, in the *top* drawer.", author="Otto", url="https://x.example")
    mail = capture_mail(otto, notes, b"Message-ID: <1@x>\r\nSubject: Pump\r\n\r\nBroken again.")
    for document in (note, mail):
        jobs.read_kept(document.organisation_id, document_id=document.pk)
        document.refresh_from_db()
    assert note.entry is not None
    assert note.entry.origin_url == "https://x.example"
    assert note.entry.current_version is not None
    assert note.entry.current_version.author == "Otto"
    for refused in (
        lambda: upload_document(ines, uploads, "x.md", b"x"),
        lambda: capture_note(ines, notes, "T", "t"),
        lambda: capture_mail(ines, notes, b"x"),
    ):
        with pytest.raises(Refused):
            refused()
    for wrong in (
        lambda: upload_document(otto, uploads, "x.md", b""),
        lambda: upload_document(nadia, notes, "x.md", b"x"),
        lambda: capture_note(nadia, uploads, "T", "t"),
        lambda: capture_note(otto, notes, "T", "  "),
    ):
        with pytest.raises(ValidationError):
            wrong()


def test_hostile_text_is_kept_as_words(nadia: Person, folder: Path, source: Source, run_now: RunNow) -> None:
    (folder / "evil.md").write_text("# <script>alert(1)</script>\n\n[x](javascript:alert(1)) \x00 words")
    (folder / "evil.csv").write_text("=cmd|' /C calc'!A0,+1,-1,@x\n")
    run_now(source)
    texts = dict(EntryVersion.objects.values_list("entry__path", "text"))
    assert "\x00" not in texts["evil.md"]
    assert "=cmd" in texts["evil.csv"]


def test_what_is_there_is_proposed_to_a_question(
    nadia: Person, otto: Person, everyone: Audience, index: Callable[[], int]
) -> None:
    index()
    need = create_need(nadia, "When are culverts cleaned?", owner=nadia, query="culvert", due_on=date(2030, 1, 1))
    shared = Entry.objects.create(kind=Kind.GATHERED, title="x", owner=otto, audience=everyone)
    private = Entry.objects.create(kind=Kind.GATHERED, title="y", owner=otto)
    other = Entry.objects.create(kind=Kind.GATHERED, title="z", owner=nadia)
    for entry, text in ((shared, "Clean the culverts"), (private, "Secret culverts"), (other, "Of bridges")):
        publish_version(entry, title="T", text=text, language="en", author="", published_at=timezone.now())
    everyone.member_links.get_or_create(person=nadia)
    index()
    change_need(nadia, need, query="culvert OR culverts")
    assert [link.entry for link in NeedEntry.objects.all()] == [shared]
    assert "When are culverts cleaned?" in Notice.objects.get(person=nadia, done_at=None).text
    with pytest.raises(Refused):
        decide_proposal(otto, NeedEntry.objects.get(), accepted=True)
    decide_proposal(nadia, NeedEntry.objects.get(), accepted=False)
    assert not Notice.objects.filter(person=nadia, done_at=None).exists()
    index()
    change_need(nadia, need, query="culvert*")
    assert NeedEntry.objects.get().state == NeedEntry.State.DECLINED
    with pytest.raises(Refused):
        link_entry(nadia, need, private)


def test_leavers_hand_over_sources_and_questions(source: Source, run_now: RunNow, nadia: Person, otto: Person) -> None:
    run_now(source)
    create_need(nadia, "Why?", owner=nadia)
    nadia.left_on = timezone.localdate() - timedelta(days=1)
    nadia.successor = otto
    nadia.save()
    hand_over_of_leavers(nadia.organisation_id)
    hand_over_of_leavers(nadia.organisation_id)
    assert Source.objects.get().owner == otto
    assert set(Entry.objects.values_list("owner", flat=True)) == {otto.pk}
    assert InformationNeed.objects.get().owner == otto
    assert Document.objects.filter(entry__owner=otto).count() == 3
