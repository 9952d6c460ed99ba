"""Every page of gather, seen by who may see it, with as many queries for thirty rows as for one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from headwater.core.actions import SYSTEM
from headwater.core.addresses import address
from headwater.gather import jobs, rules, showing
from headwater.gather.actions import change_source, create_need, create_source
from headwater.gather.models import Document, InformationNeed, NeedEntry, Run, Source
from headwater.people.models import Audience, Person
from headwater.search.models import Entry
from tests.asked import MOST_QUERIES, queries
from tests.conftest import make_person

RunNow = Callable[[Source], Run]
SignIn = Callable[[Person], Client]


def twice(client: Client, url: str, more: Callable[[], Any]) -> None:
    """The page needs at most 15 queries, whatever rows there are."""
    before = queries(client, url)
    more()
    after = queries(client, url)
    assert after <= before
    assert after <= MOST_QUERIES


def test_the_list_of_sources(source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn) -> None:
    run_now(source)
    client = sign_in(nadia)
    page = client.get(address("gather:sources")).content.decode()
    assert "Circulars" in page
    assert "The one source is well" in page

    def more() -> None:
        for number in range(30):
            create_source(SYSTEM, name=f"Uploads {number}", kind="upload", owner=nadia)

    twice(client, address("gather:sources"), more)


def test_what_needs_somebody_comes_first(source: Source, nadia: Person, sign_in: SignIn) -> None:
    names: dict[str, dict[str, Any]] = {
        "A well": {},
        "Z silent": {"silent_after_hours": 2},
        "M in trouble": {"trouble": "It is gone"},
    }
    for name, fields in names.items():
        made = create_source(SYSTEM, name=name, kind="upload", owner=nadia)
        long_ago = timezone.now() - timedelta(hours=3)
        Source.objects.filter(pk=made.pk).update(created_at=long_ago, **fields)
    page = sign_in(nadia).get(address("gather:sources")).content.decode()
    places = [page.index(f"<bdi>{name}</bdi>") for name in ("M in trouble", "Z silent", "A well", "Circulars")]
    assert places == sorted(places)


def test_files_and_alarms_are_named_as_people_name_them(
    source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn
) -> None:
    run_now(source)
    Source.objects.update(silent_after_hours=240)
    client = sign_in(nadia)
    page = client.get(address("gather:source", pk=source.pk)).content.decode()
    assert "10 days" in page
    assert "English 100 %" in page
    assert "Web page" in client.get(address("gather:documents", pk=source.pk)).content.decode()
    failed = client.get(address("gather:document", pk=Document.objects.get(key="noise.bin").pk)).content.decode()
    assert "application/octet-stream" in failed
    assert failed.count("No reader for this kind of file") == 2, "in the state and the banner, not in the particulars"


def test_every_figure_of_a_source_opens_its_list(
    source: Source, run_now: RunNow, nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    run_now(source)
    everyone.member_links.get_or_create(person=nadia)
    page = sign_in(nadia).get(address("gather:source", pk=source.pk)).content.decode()
    documents = address("gather:documents", pk=source.pk)
    assert [f'href="{documents}{query}"' in page for query in ("", "?state=copies", "?state=vanished")] == [True] * 3
    assert "how many there are and not which" not in page


def test_the_page_of_a_source(source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn, folder: Any) -> None:
    run_now(source)
    client, url = sign_in(nadia), address("gather:source", pk=source.pk)
    page = client.get(url).content.decode()
    for words in ("Healthy", "noise.bin", "No reader for this kind of file", "Text taken out", "Documents kept"):
        assert words in page

    def more() -> None:
        for number in range(30):
            (folder / f"{number}.md").write_text(f"Circular number {number}")
            (folder / f"{number}.bin").write_bytes(bytes(range(256)) + bytes([number]))
        run_now(source)

    twice(client, url, more)
    assert queries(client, url) <= 14
    assert "31 could not be read" in client.get(url).content.decode()


def test_the_page_of_a_source_says_what_its_reader_may_open(
    source: Source, run_now: RunNow, nadia: Person, hadia: Person, otto: Person, everyone: Audience, sign_in: SignIn
) -> None:
    run_now(source)
    change_source(nadia, source, owner_only=True, classification=1)
    for who, may_open in ((nadia, True), (hadia, True), (otto, False)):  # owner, steward, contributor outside
        assert sign_in(who).get(address("gather:source", pk=source.pk)).context["may_read"] is may_open
        assert rules.may_read_source(who, source) is may_open


def test_documents_and_where_each_comes_from(
    source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn, folder: Any
) -> None:
    run_now(source)
    client, url = sign_in(nadia), address("gather:documents", pk=source.pk)
    assert "Storm watch" in client.get(url).content.decode()
    assert "Storm watch" not in client.get(url + "?state=failed").content.decode()
    assert "Culverts" in client.get(url + "?q=culv").content.decode()

    def more() -> None:
        for number in range(30):
            (folder / f"{number}.md").write_text(f"Circular number {number}")
        run_now(source)

    twice(client, url, more)
    document = Document.objects.get(key="a.md")
    page = client.get(address("gather:document", pk=document.pk)).content.decode()
    assert document.blob in page
    raw = client.get(address("gather:raw", pk=document.pk, blob=document.blob))
    assert b"".join(raw.streaming_content) == (folder / "a.md").read_bytes()
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in raw.headers["Content-Disposition"]
    assert client.get(address("gather:raw", pk=document.pk, blob="0" * 64)).status_code == 404


def test_who_may_not_read_sees_neither_documents_nor_names(
    source: Source, run_now: RunNow, ada: Person, ines: Person, sign_in: SignIn, everyone: Audience
) -> None:
    everyone.member_links.all().delete()
    run_now(source)
    administrator = sign_in(ada)
    page = administrator.get(address("gather:source", pk=source.pk)).content.decode()
    assert "noise.bin" not in page
    assert address("gather:documents", pk=source.pk) + '?state=copies"' not in page
    assert "how many there are and not which" in page
    assert "Storm watch" not in administrator.get(address("gather:documents", pk=source.pk)).content.decode()
    document = Document.objects.get(key="a.md")
    assert administrator.get(address("gather:document", pk=document.pk)).status_code == 404
    assert administrator.get(address("gather:raw", pk=document.pk, blob=document.blob)).status_code == 404
    reader = sign_in(ines)
    assert reader.get(address("gather:sources")).status_code == 403
    assert reader.get(address("gather:source", pk=source.pk)).status_code == 403


def test_a_feed_is_named_in_the_browser_and_a_wrong_one_refused_with_its_reason(nadia: Person, sign_in: SignIn) -> None:
    client, url = sign_in(nadia), address("gather:source-new-kind", kind="feed")
    assert client.get(address("gather:source-new")).status_code == 200
    assert "Address of the feed" in client.get(url).content.decode()
    given = {"name": "Roads", "owner": nadia.pk, "classification": 1, "grade": "B", "every_minutes": 30}
    given |= {"deliver_backfill_days": 7, "url": "https://roads.example/feed", "secret_password": "s3cret"}
    answer = client.post(url, {**given, "username": "ada"})
    assert answer.status_code == 302
    source = Source.objects.get(name="Roads")
    assert source.settings == {"url": "https://roads.example/feed", "username": "ada", "whole_page": False}
    assert source.secret is not None
    assert b"s3cret" not in bytes(source.secret)
    assert "s3cret" not in client.get(address("gather:source-settings", pk=source.pk)).content.decode()
    assert client.post(url, {**given, "every_minutes": 0}).status_code == 200


def test_the_owner_is_typed_and_no_form_lists_everybody(
    source: Source, nadia: Person, otto: Person, ines: Person, sign_in: SignIn
) -> None:
    client = sign_in(nadia)
    for url in (address("gather:source-new-kind", kind="feed"), address("gather:need-new")):
        page = client.get(url).content.decode()
        assert 'value="Nadia · Drainage · nadia@waterworks.example"' in page
        assert "Ines" not in page
    url = address("gather:need-new")
    given = {"question": "When?", "query": "", "why": ""}
    page = client.post(url, {**given, "owner": "Inez"}).content.decode()
    assert "Nobody here is known as “Inez”" in page
    assert 'value="Inez"' in page
    assert client.post(url, {**given, "owner": "otto"}).status_code == 302
    need = InformationNeed.objects.get()
    assert need.owner == otto
    page = client.get(address("gather:need-settings", pk=need.pk)).content.decode()
    assert 'value="Otto · Drainage · otto@waterworks.example"' in page
    assert "nadia@waterworks.example" in client.get(address("gather:source-settings", pk=source.pk)).content.decode()


def test_who_may_not_name_a_source_is_not_shown_its_form(
    nadia: Person, ines: Person, otto: Person, ada: Person, sign_in: SignIn
) -> None:
    steward = make_person("Steward", unit=otto.unit)
    steward.grants.create(person=steward, permission="steward", unit=otto.unit)
    for person, feed, folder in (
        (ines, 403, 403),
        (otto, 403, 403),
        (steward, 200, 403),
        (nadia, 200, 403),
        (ada, 200, 200),
    ):
        client = sign_in(person)
        assert client.get(address("gather:source-new")).status_code == feed
        assert client.get(address("gather:source-new-kind", kind="feed")).status_code == feed
        assert client.get(address("gather:source-new-kind", kind="folder")).status_code == folder


def test_a_folder_is_for_administrators(nadia: Person, ada: Person, sign_in: SignIn, folder: Any, home: Any) -> None:
    url = address("gather:source-new-kind", kind="folder")
    given = {"name": "F", "owner": nadia.pk, "classification": 1, "grade": "B", "every_minutes": 30}
    given |= {"deliver_backfill_days": 7, "path": str(folder)}
    assert sign_in(nadia).post(url, given).status_code == 403
    assert sign_in(ada).post(url, given).status_code == 302
    page = sign_in(ada).post(url, {**given, "path": str(home)})
    assert "own data" in page.content.decode()
    page = sign_in(ada).post(url, {**given, "path": f"{folder}/nothing here"})
    assert "is not there" in page.context["form"].errors["path"][0]


def test_a_source_is_changed_paused_resumed_run_and_closed(
    source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn
) -> None:
    run_now(source)
    client = sign_in(nadia)
    for name, state in (("source-pause", "paused"), ("source-resumption", "active"), ("source-run", "active")):
        assert client.post(address(f"gather:{name}", pk=source.pk)).status_code == 302
        source.refresh_from_db()
        assert source.state == state
    run = source.runs.get(state=Run.State.WAITING)
    page = client.get(address("gather:source", pk=source.pk)).content.decode()
    assert "It waits for its turn" in page
    assert "documents a second" not in page
    client.post(address("gather:run-stop", pk=run.pk))
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    assert client.get(address("gather:source-runs", pk=source.pk)).status_code == 200
    settings = address("gather:source-settings", pk=source.pk)
    given = {"name": "Renamed", "owner": nadia.pk, "classification": 2, "grade": "A", "every_minutes": 5}
    given |= {"deliver_backfill_days": 7, "path": source.settings["path"]}
    assert client.post(settings, given).status_code == 302
    assert set(Entry.objects.values_list("classification", "audience")) == {(2, None)}
    for name in ("source-retry", "source-dismissal"):
        assert client.post(address(f"gather:{name}", pk=source.pk), {"cause": "unsupported"}).status_code == 302
    closing = address("gather:source-closing", pk=source.pk)
    assert "3 documents" in client.get(closing).content.decode()
    assert client.post(closing, {"documents": "withdraw"}).status_code == 302
    assert not Entry.objects.current().exists()
    assert client.get(address("gather:sources") + "?state=closed").status_code == 200
    client.post(address("gather:source-reopening", pk=source.pk))
    source.refresh_from_db()
    assert source.state == Source.State.PAUSED


def test_files_are_handed_in_and_notes_written_down(
    nadia: Person, ines: Person, sign_in: SignIn, everyone: Audience
) -> None:
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=nadia, audience=everyone)
    notes = create_source(SYSTEM, name="Notes", kind="capture", owner=nadia, audience=everyone)
    client = sign_in(nadia)
    files = [SimpleUploadedFile(f"{n}.md", b"# Culverts\n\nClean them before rain.") for n in range(2)]
    assert client.get(address("gather:upload", pk=uploads.pk)).status_code == 200
    assert client.post(address("gather:upload", pk=uploads.pk), {"documents": files}).status_code == 302
    assert client.get(address("gather:capture")).status_code == 302
    words = {"title": "Keys", "text": "The key of the pump house is with Otto.", "url": ""}
    assert client.post(address("gather:capture-into", pk=notes.pk), words).status_code == 302
    for document in Document.objects.all():
        jobs.read_kept(document.organisation_id, document_id=document.pk)
    assert set(Entry.objects.values_list("title", flat=True)) == {"Culverts", "Keys"}
    assert sign_in(ines).post(address("gather:upload", pk=uploads.pk), {"documents": files}).status_code == 403


def test_questions_and_what_may_answer_them(
    source: Source, run_now: RunNow, nadia: Person, ines: Person, sign_in: SignIn, index: Callable[[], int]
) -> None:
    run_now(source)
    index()
    client = sign_in(nadia)
    assert "need to know" in client.get(address("gather:needs")).content.decode()
    given = {"question": "When are culverts cleaned?", "query": "culverts", "owner": nadia.pk, "why": ""}
    assert "where a" not in client.get(address("gather:need-new")).content.decode()
    assert client.post(address("gather:need-new"), {**given, "query": "culverts AND ("}).status_code == 200
    assert client.post(address("gather:need-new"), given).status_code == 302
    need = InformationNeed.objects.get()
    url = address("gather:need", pk=need.pk)
    assert "Culverts" in client.get(url).content.decode()
    proposal = NeedEntry.objects.get()
    client.post(address("gather:proposal-decision", pk=proposal.pk), {"accepted": "1"})
    proposal.refresh_from_db()
    assert proposal.state == NeedEntry.State.ACCEPTED
    client.post(address("gather:need-sources", pk=need.pk), {"source": source.pk})
    assert list(need.sources.all()) == [source]
    assert client.get(address("gather:need-settings", pk=need.pk)).status_code == 200
    client.post(address("gather:need-closing", pk=need.pk), {"met": "1"})
    need.refresh_from_db()
    assert need.state == InformationNeed.State.MET
    assert sign_in(ines).get(url).status_code == 404

    def more() -> None:
        for number in range(30):
            create_need(SYSTEM, question=f"Question {number}?", owner=nadia, query="culverts")

    create_need(SYSTEM, question="First?", owner=nadia)
    twice(client, address("gather:needs"), more)


@pytest.mark.parametrize("name", ["source", "documents", "source-runs", "source-settings", "source-closing"])
def test_what_is_not_there_is_not_found(name: str, nadia: Person, sign_in: SignIn) -> None:
    assert sign_in(nadia).get(address(f"gather:{name}", pk=99)).status_code == 404


def test_a_source_shows_its_runs_day_by_day(source: Source, run_now: RunNow, nadia: Person, sign_in: SignIn) -> None:
    run_now(source)
    now = timezone.now()
    days = [(1, ["done", "failed"]), (2, ["failed"]), (60, ["failed"])]
    for ago, states in days:
        for state in states:
            Run.objects.create(source=source, state=state, started_at=now - timedelta(days=ago))
    shown = showing.daily_runs(showing.days_of(source))
    assert [tone for tone, _words in shown.squares[-3:]] == ["bad", "warn", "s4"]
    assert {tone for tone, _words in shown.squares[:-3]} == {"track"}
    assert shown.squares[-2][1] == "2 runs, 1 failed"
    assert shown.worry == "2 days with failed runs"
    page = sign_in(nadia).get(address("gather:source", pk=source.pk)).content.decode()
    assert "2 days with failed runs" in page
