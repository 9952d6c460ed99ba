"""The API of topics: every operation does what its action does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headwater.core.actions import Refused
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.people.actions import create_token
from headwater.people.models import ApiToken, Person
from headwater.taxonomy import api as taxonomy_api
from headwater.taxonomy import views as taxonomy_views
from headwater.taxonomy.actions import begin_scheme_import
from headwater.taxonomy.jobs import carry_out_import
from tests.conftest import make_person
from tests.taxonomy.test_skos import SMALL

BASE = "/o/waterworks/api/v1/taxonomy"


@pytest.fixture
def client(nadia: Person) -> Client:
    return Client(HTTP_AUTHORIZATION=f"Bearer {create_token(nadia, 'test', ApiToken.Scope.WRITE)}")


def call(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.generic(method, BASE + path, json.dumps(body or {}), "application/json")


def test_schemes(client: Client) -> None:
    made = client.post(f"{BASE}/schemes/import", {"file": SimpleUploadedFile("topics.ttl", SMALL)}).json()
    assert made["title"] == "Topics"
    assert "skos:prefLabel" in call(client, "GET", f"/schemes/{made['id']}/export").content.decode()
    own = call(client, "POST", "/schemes", {"title": "Ours"}).json()
    assert call(client, "PATCH", f"/schemes/{own['id']}", {"title": "Our words"}).json()["title"] == "Our words"
    assert call(client, "GET", "/schemes").json()["count"] == 2
    assert call(client, "DELETE", f"/schemes/{own['id']}").json() == {"done": True}
    bad = client.post(f"{BASE}/schemes/import", {"file": SimpleUploadedFile("x.ttl", b"no skos")})
    assert (bad.status_code, bad.json()["field"]) == (400, "content")


def test_a_nul_among_the_fields_of_a_form_breaks_nothing(client: Client) -> None:
    for path in ("schemes/import", "imports"):
        for values, status in (({"title": "a\x00b"}, 422), ({"title": "Ours"}, 200 if path != "imports" else 202)):
            file = SimpleUploadedFile("topics\x00.ttl", SMALL)
            answer = client.post(f"{BASE}/{path}", {"file": file, **values})
            assert answer.status_code == status, answer.content
            assert status != 422 or answer.json()["field"] == "title"


def test_concepts(client: Client) -> None:
    drains = call(client, "POST", "/concepts", {"label": "Drains"}).json()
    pipes = call(client, "POST", "/concepts", {"label": "Pipes", "broader": drains["id"]}).json()
    path = f"/concepts/{pipes['id']}"
    changed = call(client, "PATCH", path, {"labels": {"en": "Pipes", "fr": "Tuyaux"}, "broader": []}).json()
    assert changed["labels"]["fr"] == "Tuyaux"
    assert call(client, "GET", "/concepts?q=tuy").json()["count"] == 1
    assert call(client, "GET", f"/concepts?scheme={drains['scheme_id']}").json()["count"] == 2
    assert call(client, "GET", path).json()["slug"] == "pipes"
    assert call(client, "POST", f"{path}/acceptance").status_code == 400
    assert call(client, "POST", f"{path}/retirement").json()["state"] == "retired"
    assert call(client, "DELETE", f"{path}/retirement").json()["state"] == "accepted"
    named = call(client, "POST", "/suggestions", {"text": "Pipes and drains, drains."}).json()["items"]
    assert [(each["concept"]["slug"], each["times"]) for each in named] == [("drains", 2), ("pipes", 1)]
    assert call(client, "POST", f"{path}/merging", {"into": drains["id"]}).json()["id"] == drains["id"]
    wrong = call(client, "POST", "/concepts", {"label": "X", "broader": 999999})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "broader")
    by_slug = call(client, "POST", "/concepts", {"label": "Gullies", "broader": "drains"}).json()
    assert call(client, "GET", "/concepts?scheme=nowhere").json()["field"] == "scheme"
    assert call(client, "GET", f"/concepts/{by_slug['id']}").json()["labels"] == {"en": "Gullies"}


def test_a_large_thesaurus_comes_in_by_a_job(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = Organisation.objects.create(slug="works", name="Works")
    monkeypatch.setattr(taxonomy_api, "LARGE_BYTES", 10)
    with organisation_context(organisation.pk):
        nadia = make_person("Nadia", "knowledge_manager")
        secret = create_token(nadia, "test", ApiToken.Scope.WRITE)
    client, base = Client(HTTP_AUTHORIZATION=f"Bearer {secret}"), "/o/works/api/v1/taxonomy"
    answer = client.post(f"{base}/schemes/import", {"file": SimpleUploadedFile("topics.ttl", SMALL), "title": "Ours"})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    pk = answer.json()["id"]
    carry_out_import(organisation.pk, import_id=pk)
    told = client.get(f"{base}/imports/{pk}").json()
    assert (told["state"], told["counts"]["retired"]) == ("done", 0)
    assert told["counts"]["added"] == client.get(f"{base}/concepts").json()["count"]
    assert client.get(f"{base}/schemes").json()["items"][0]["title"] == "Ours"
    bad = client.post(f"{base}/imports", {"file": SimpleUploadedFile("x.ttl", b"no skos at all")}).json()
    carry_out_import(organisation.pk, import_id=bad["id"])
    told = client.get(f"{base}/imports/{bad['id']}").json()
    assert told["state"] == "failed"
    assert told["message"]


def test_a_large_thesaurus_on_the_page(
    nadia: Person, ines: Person, sign_in: Callable[[Person], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taxonomy_views, "LARGE_BYTES", 10)
    answer = sign_in(nadia).post("/o/waterworks/topics/import/", {"file": SimpleUploadedFile("topics.ttl", SMALL)})
    address = answer.headers["Location"]
    assert "<progress" in sign_in(nadia).get(address).content.decode()
    assert sign_in(ines).get(address).status_code == 403
    with pytest.raises(Refused):
        begin_scheme_import(ines, SMALL)
