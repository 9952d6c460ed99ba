"""The API of gather: the same verbs, the same refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headwater.core.actions import SYSTEM
from headwater.core.secret import digest
from headwater.gather import jobs
from headwater.gather.actions import create_source
from headwater.gather.models import Document, Run, Source
from headwater.people.models import ApiToken, Audience, Person
from tests.conftest import make_person

API = "/o/waterworks/api/v1/gather"


class Api:
    """An API client of one person, with a bearer token that may write."""

    def __init__(self, person: Person) -> None:
        ApiToken.objects.create(person=person, name="test", digest=digest(person.name), scope=ApiToken.Scope.WRITE)
        self.headers = {"Authorization": f"Bearer {person.name}"}
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        call, data = getattr(self.client, method), json.dumps(body) if body is not None else None
        given = {"data": data, "content_type": "application/json"} if data is not None else {}
        answer = call(API + path, headers=self.headers, **given)
        assert answer.status_code == status, answer.content
        return answer.json()


def test_a_source_from_naming_to_closing(nadia: Person, otto: Person, everyone: Audience) -> None:
    api = Api(nadia)
    made = api("post", "/sources", {"name": "Roads", "kind": "feed", "settings": {"url": "https://roads.example/feed"}})
    assert (made["health"], made["owner_id"], made["slug"]) == ("new", nadia.pk, "roads")
    path = f"/sources/{made['id']}"
    assert api("patch", path, {"every_minutes": 5, "audience": everyone.pk})["audience_id"] == everyone.pk
    assert api("get", path)["every_minutes"] == 5
    assert api("post", path + "/pause")["state"] == "paused"
    assert api("post", path + "/runs", status=400)["field"] == "source"
    assert api("delete", path + "/pause")["state"] == "active"
    run = api("post", path + "/runs")
    assert api("post", path + "/runs")["id"] == run["id"]
    assert api("delete", f"/runs/{run['id']}")["state"] == "stopped"
    assert [each["state"] for each in api("get", path + "/runs")["items"]] == ["stopped", "stopped"]
    assert api("post", path + "/closure", {"documents": "shred"}, status=400)["field"] == "documents"
    assert api("post", path + "/closure", {"documents": "keep"})["state"] == "closed"
    assert api("delete", path + "/closure")["state"] == "paused"
    assert [one["id"] for one in api("get", "/sources")["items"]] == [made["id"]]
    Api(otto)("patch", path, {"name": "Mine"}, status=403)


def test_bad_values_and_strangers_are_refused(nadia: Person, ines: Person) -> None:
    api = Api(nadia)
    bad = {"name": "Roads", "kind": "feed", "settings": {"url": "gopher://x"}}
    assert api("post", "/sources", bad, status=400)["field"] == "url"
    api("post", "/sources", {**bad, "settings": {"url": "https://x.example"}, "owner": 10**9}, status=422)
    folder = {"name": "F", "kind": "folder", "settings": {"path": "/etc"}}
    assert "administrator" in api("post", "/sources", folder, status=403)["detail"]
    missing = {**folder, "settings": {"path": "/srv/no such folder"}}
    assert Api(make_person("Ida", "administrator"))("post", "/sources", missing, status=400)["field"] == "path"
    reader = Api(ines)
    reader("get", "/sources", status=403)
    reader("post", "/needs", {"question": "Why?"}, status=403)


def test_what_came_from_a_source(
    source: Source, run_now: Callable[[Source], Run], nadia: Person, ada: Person, folder: Path
) -> None:
    run_now(source)
    api, path = Api(nadia), f"/sources/{source.pk}"
    documents = {one["key"]: one for one in api("get", path + "/documents")["items"]}
    assert set(documents) == {"a.md", "b.txt", "2024/c.html", "noise.bin"}
    (failure,) = api("get", path + "/failures")["items"]
    assert (failure["key"], failure["cause"]) == ("noise.bin", "unsupported")
    api("post", path + "/retries", {})
    api("post", path + "/dismissals", {"cause": "unsupported"})
    assert api("get", path + "/failures")["count"] == 0
    one = f"/documents/{documents['a.md']['id']}"
    assert api("get", one)["blob"] == documents["a.md"]["blob"]
    raw = api.client.get(API + one + "/raw", headers=api.headers)
    assert b"".join(raw.streaming_content) == (folder / "a.md").read_bytes()
    source.audience = None
    source.save()
    Document.objects.get(key="a.md").entry.__class__.objects.update(audience=None)
    stranger = Api(ada)
    assert stranger("get", path + "/documents") == {"items": [], "count": 0}
    stranger("get", one, status=404)
    stranger("get", one + "/raw", status=404)
    stranger("get", path + "/failures", status=403)


def test_files_notes_and_mails_are_taken_in(nadia: Person) -> None:
    uploads = create_source(SYSTEM, name="Uploads", kind="upload", owner=nadia)
    notes = create_source(SYSTEM, name="Notes", kind="capture", owner=nadia)
    api = Api(nadia)
    note = api("post", f"/sources/{notes.pk}/notes", {"title": "Keys", "text": "With Otto."})
    mail = SimpleUploadedFile("m.eml", b"Message-ID: <1@x>\r\nSubject: Pump\r\n\r\nThe pump is broken again.")
    for path, file in ((f"/sources/{notes.pk}/mails", mail), (f"/sources/{uploads.pk}/documents", _file())):
        assert api.client.post(API + path, {"file": file}, headers=api.headers).status_code == 200
    assert api("post", f"/sources/{notes.pk}/notes", {"title": "", "text": "x"}, status=400)["field"] == "title"
    for document in Document.objects.all():
        jobs.read_kept(document.organisation_id, document_id=document.pk)
    assert api("get", f"/documents/{note['id']}")["entry_id"]
    assert {document.entry.title for document in Document.objects.select_related("entry") if document.entry} == {
        "Keys",
        "Pump",
        "Culverts",
    }


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("culverts.md", b"# Culverts\n\nClean them before rain.")


def test_a_question_from_asking_to_answer(
    source: Source, run_now: Callable[[Source], Run], nadia: Person, index: Callable[[], int]
) -> None:
    run_now(source)
    index()
    api = Api(nadia)
    need = api("post", "/needs", {"question": "When are culverts cleaned?", "query": "culverts"})
    path = f"/needs/{need['id']}"
    (proposal,) = api("get", path + "/entries")["items"]
    assert proposal["state"] == "proposed"
    assert api("post", f"/proposals/{proposal['id']}/decision", {"accepted": True})["state"] == "accepted"
    assert api("put", f"{path}/entries/{proposal['entry_id']}")["id"] == proposal["id"]
    assert api("put", f"{path}/sources/{source.pk}")["id"] == need["id"]
    assert api("delete", f"{path}/sources/{source.pk}")["id"] == need["id"]
    assert api("patch", path, {"question": "When?", "query": "AND"}, status=400)["field"] == "query"
    assert api("patch", path, {"question": "When?"})["query"] == "culverts"
    assert api("post", path + "/closure?met=false")["state"] == "dropped"
    assert api("delete", path + "/closure")["state"] == "open"
    assert [one["id"] for one in api("get", "/needs")["items"]] == [need["id"]]
