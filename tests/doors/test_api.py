"""The API as a whole: each verb is an operation, its description holds, and no input breaks it."""

import json
import re
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlencode, urlsplit

import pytest
import schemathesis
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings

from headwater.api import api
from headwater.core.actions import REGISTRY
from headwater.core.models import Organisation
from headwater.core.secret import digest
from headwater.people.models import ApiToken, Person

# Verbs that are no operation of the API, each with the reason.
ELSEWHERE: dict[str, str] = {
    "accept_invitation": "whoever is invited has no account yet: the link itself is the door, at /join/",
}


def operations() -> dict[str, str]:
    """{operation id: path}, as the description says."""
    return {
        operation["operationId"]: path
        for path, methods in api.get_openapi_schema(path_prefix="")["paths"].items()
        for operation in methods.values()
    }


def test_every_verb_is_an_operation_of_the_same_name() -> None:
    for room in settings.ROOMS:
        if find_spec(f"{room}.actions"):
            import_module(f"{room}.actions")
    verbs = {name for name, function in REGISTRY.items() if function.__module__.startswith("headwater.")}
    assert verbs - set(operations()) - set(ELSEWHERE) == set()


def test_every_operation_has_a_name_and_says_what_it_does() -> None:
    for path, methods in api.get_openapi_schema(path_prefix="")["paths"].items():
        for operation in methods.values():
            assert operation.get("description"), f"{path} {operation['operationId']}"


@pytest.fixture
def token(nadia: Person) -> str:
    """A token of the knowledge manager that may write."""
    ApiToken.objects.create(person=nadia, name="test", digest=digest("secret"), scope="write")
    return "secret"


def test_without_a_token_nothing_is_said(organisation: Organisation) -> None:
    for path in ("/o/waterworks/api/v1/distribute/inbox", "/o/waterworks/api/v1/openapi.json", "/o/nowhere/api/v1/x"):
        assert Client().get(path).status_code == 401


def test_a_token_that_reads_cannot_write(organisation: Organisation, nadia: Person, token: str) -> None:
    ApiToken.objects.update(scope="read")
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert client.get("/o/waterworks/api/v1/distribute/profiles").status_code == 200
    answer = client.post(
        "/o/waterworks/api/v1/distribute/profiles", json.dumps({"query": "air"}), content_type="application/json"
    )
    assert answer.status_code == 403
    assert "read" in answer.json()["detail"]


def test_a_browser_must_send_the_csrf_token(nadia: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    assert nadia.user is not None
    client.force_login(nadia.user)
    answer = client.post(
        "/o/waterworks/api/v1/distribute/profiles", json.dumps({"query": "air"}), content_type="application/json"
    )
    assert answer.status_code == 403


def test_bad_values_name_their_field(organisation: Organisation, token: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answer = client.post(
        "/o/waterworks/api/v1/distribute/profiles",
        json.dumps({"query": "culvert AND"}),
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == "query"


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "deep \\udfff"])
def test_text_that_cannot_be_kept_is_refused(organisation: Organisation, token: str, text: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
    for body in (
        f'{{"kind": "howto", "title": "{text}"}}',
        f'{{"kind": "howto", "title": "x", "owner": {{"{text}": 1}}}}',
    ):
        answer = client.post("/o/waterworks/api/v1/library/articles", body, content_type="application/json")
        assert answer.status_code == 400, body


def test_a_nul_in_an_address_breaks_nothing(organisation: Organisation, token: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
    assert client.get("/o/waterworks/api/v1/gather/documents/a%00b").status_code == 400
    for query, status in (("q=a%00b", 200), ("label=%0%000", 422), ("%00=1", 422)):
        assert client.get(f"/o/waterworks/api/v1/people/people?{query}").status_code == status, query


def described() -> list[tuple[str, str, list[str]]]:
    """Of each operation its method, an address, and the kinds of bodies that it takes."""
    return [
        (method, re.sub(r"{\w+}", "1", path), list(operation.get("requestBody", {}).get("content", {})))
        for path, methods in api.get_openapi_schema(path_prefix="/o/waterworks/api/v1/")["paths"].items()
        for method, operation in methods.items()
    ]


def test_no_operation_leaves_out_a_parameter_that_it_does_not_know(organisation: Organisation, token: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for method, path, _bodies in described():
        answer = client.generic(method, f"{path}?quetzal=1")
        assert (answer.status_code, answer.json()["field"]) == (422, "quetzal"), (method, path)
        assert "no field of this name" in answer.json()["detail"]
        assert Client().generic(method, f"{path}?quetzal=1").status_code == 401


def test_no_form_leaves_out_a_field_or_file_that_it_does_not_know(organisation: Organisation, token: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {token}"})
    forms = [path for method, path, bodies in described() if method == "post" and "application/json" not in bodies]
    assert len(forms) > 20
    for path in forms:
        file = SimpleUploadedFile("a.csv", b"a")
        answer = client.post(path, {"file": file, "quetzal": "1"})
        assert answer.status_code == 422, path
        assert "quetzal" in answer.json()["fields"], path
        answer = client.post(path, {"quetzal": file})
        assert answer.status_code == 422, path
        assert "quetzal" in answer.json()["fields"], path


def test_a_known_form_goes_through_with_the_mark_of_a_browser(nadia: Person) -> None:
    client = Client()
    assert nadia.user is not None
    client.force_login(nadia.user)
    given = {"file": SimpleUploadedFile("a.ttl", b"no turtle"), "csrfmiddlewaretoken": "x"}
    answer = client.post("/o/waterworks/api/v1/taxonomy/schemes/import", given)
    assert (answer.status_code, answer.json()["field"]) == (400, "content")  # no triples, and nothing else


schema = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/o/waterworks/api/v1/"))


@schema.parametrize()
@hypothesis_settings(
    max_examples=5, phases=[Phase.generate], deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_no_input_breaks_an_operation(case: schemathesis.Case, organisation: Organisation, token: str) -> None:
    """Generated input, good and bad, ends as an answer below 500."""
    client = Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)
    wanted = case.as_transport_kwargs(base_url="http://testserver")
    query = urlencode(wanted.get("params") or {}, doseq=True)
    answer = client.generic(
        wanted["method"],
        urlsplit(wanted["url"]).path,
        data=json.dumps(wanted["json"]) if "json" in wanted else "",
        content_type="application/json",
        QUERY_STRING=query,
    )
    assert answer.status_code < 500, f"{case.method} {wanted['url']} answered {answer.status_code}"
