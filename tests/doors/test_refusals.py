"""Whatever the API refuses is told as JSON, with what is wrong and in which field."""

import json
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from headwater.core.api_faults import ApiFaultMiddleware
from headwater.core.models import User
from headwater.core.secret import digest
from headwater.people.models import ApiToken, Person

API = "/o/waterworks/api/v1"


@pytest.fixture
def client(nadia: Person) -> Client:
    ApiToken.objects.create(person=nadia, name="test", digest=digest("secret"), scope="write")
    return Client(headers={"Authorization": "Bearer secret"}, raise_request_exception=False)


def refused(answer: Any, status: int, field: str | None) -> str:
    """Check the form of a refusal; its detail."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"].startswith("application/json")
    said = answer.json()
    assert said["field"] == field
    assert isinstance(said["detail"], str)
    assert said["detail"]
    return said["detail"]


def test_an_unknown_address(client: Client) -> None:
    for path in ("/nowhere", "/people/nowhere", "/people/people/x"):
        refused(client.get(API + path), 404, None)
    refused(client.get("/o/waterworks/api/v2/people/me"), 404, None)


def test_an_organisation_that_one_does_not_belong_to(nadia: Person) -> None:
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger@elsewhere.example"))
    refused(stranger.get(f"{API}/people/me"), 404, None)
    refused(stranger.get("/o/nowhere/api/v1/people/me"), 404, None)
    refused(Client().get(f"{API}/people/me"), 401, None)


def test_a_page_that_is_not_there_stays_a_page(client: Client, nadia: Person) -> None:
    browser = Client()
    assert nadia.user is not None
    browser.force_login(nadia.user)
    assert browser.get("/o/waterworks/nowhere/").headers["Content-Type"].startswith("text/html")


def test_a_method_that_an_address_does_not_take(client: Client) -> None:
    answer = client.put(f"{API}/people/me", "{}", content_type="application/json")
    assert "GET" in refused(answer, 405, None)
    assert answer.headers["Allow"] == "GET"


def test_a_body_that_is_no_json_says_where_it_stops(client: Client) -> None:
    answer = client.post(f"{API}/people/roles", '{"name": }', content_type="application/json")
    assert "column 10" in refused(answer, 400, None)
    assert answer.json()["position"] == 9
    bad = client.post(f"{API}/people/roles", b'{"name": "\xff"}', content_type="application/json")
    assert "utf-8" in refused(bad, 400, None)


@pytest.mark.parametrize(
    "path, body, field",
    [
        ("/people/roles", {}, "name"),
        ("/people/roles", {"name": 7}, "name"),
        ("/people/people", {"name": "F", "other_units": ["a", {}]}, "other_units.1"),
        ("/library/articles", {"kind": "novel", "title": "T"}, "kind"),
        ("/gather/sources", {"name": "S", "kind": "feed", "every_minutes": 0}, "every_minutes"),
    ],
)
def test_unfit_input_names_its_field(client: Client, path: str, body: dict[str, Any], field: str) -> None:
    answer = client.post(API + path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 422, answer.content
    assert answer.json()["field"].startswith(field)
    assert answer.json()["detail"].startswith(field)


def test_unfit_parameters_name_their_field(client: Client) -> None:
    refused(client.get(f"{API}/people/people?limit=1000"), 422, "limit")
    refused(client.get(f"{API}/library/articles?offset=-1"), 422, "offset")
    refused(client.get(f"{API}/people/export/secrets"), 422, "kind")
    refused(client.get(f"{API}/library/articles?unit=atlantis"), 422, "unit")


@pytest.mark.parametrize(
    "path, body, field",
    [
        ("/people/units", {"name": "U", "parent": "atlantis"}, "parent"),
        ("/people/communities", {"name": "C", "lead": 0}, "lead"),
        ("/library/articles", {"kind": "faq", "title": "T", "unit": "atlantis"}, "unit"),
        ("/library/articles", {"kind": "faq", "title": "T", "audience": 0}, "audience"),
        ("/library/articles", {"kind": "faq", "title": "T", "owner": 0}, "owner"),
        ("/gather/sources", {"name": "S", "kind": "upload", "audience": "nobody"}, "audience"),
        ("/gather/needs", {"question": "Q", "owner": 0}, "owner"),
        ("/distribute/profiles", {"query": "q", "audience": "nobody"}, "audience"),
        ("/distribute/directives", {"audience": 0}, "audience"),
        ("/distribute/acknowledgements", {"person": 0, "version": 1, "evidence": "list"}, "person"),
        ("/taxonomy/concepts", {"label": "C", "broader": "nothing"}, "broader"),
    ],
)
def test_a_wrong_reference_names_its_field(client: Client, path: str, body: dict[str, Any], field: str) -> None:
    refused(client.post(API + path, json.dumps(body), content_type="application/json"), 422, field)


def test_a_fault_of_ours_is_told_as_json_too() -> None:
    broken = ApiFaultMiddleware(lambda request: HttpResponse("<h1>Oh</h1>", status=500))
    refused_body = json.loads(broken(RequestFactory().get(f"{API}/people/me")).content)
    assert refused_body["field"] is None
    assert "nothing was changed" in refused_body["detail"]
    whole = HttpResponse("{}", content_type="application/json", status=409)
    assert ApiFaultMiddleware(lambda request: whole)(HttpRequest()) is whole
