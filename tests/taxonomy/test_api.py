"""The API of topics: every operation does what its action does."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headwater.people.actions import create_token
from headwater.people.models import ApiToken, Person
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
