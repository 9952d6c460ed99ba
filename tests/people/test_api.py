"""The API of people: every verb is an operation, does what its action does, and shows nothing across the wall."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headwater.core.actions import REGISTRY
from headwater.core.models import Import, Organisation, User
from headwater.core.wall import organisation_context
from headwater.people import actions
from headwater.people.models import (
    Absence,
    ApiToken,
    Audience,
    Community,
    Grant,
    Invitation,
    Permission,
    Person,
    Role,
    Unit,
)
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.people.conftest import World

BASE = "/o/waterworks/api/v1"


class Caller:
    """Calls the API with a token, or signed in."""

    def __init__(self, by: str | Client, base: str = BASE) -> None:
        self.client = Client(HTTP_AUTHORIZATION=f"Bearer {by}") if isinstance(by, str) else by
        self.base = base

    def __call__(self, method: str, path: str, body: Any = None, **files: Any) -> Any:
        if files:
            return self.client.post(self.base + path, files)
        return self.client.generic(method, self.base + path, json.dumps(body or {}), "application/json")


@pytest.fixture
def api(ada: Person) -> Caller:
    return Caller(actions.create_token(ada, "test", ApiToken.Scope.WRITE))


def test_every_verb_is_an_operation(db: None) -> None:
    from headwater.api import api as described

    paths = described.get_openapi_schema(path_prefix="/")["paths"]
    operations = {operation["operationId"] for path in paths.values() for operation in path.values()}
    rooms = ("headwater.people.", "headwater.taxonomy.")
    verbs = {name for name, verb in REGISTRY.items() if verb.__module__.startswith(rooms)}
    assert verbs - operations == {"accept_invitation"}  # done where the link leads, by who has no account yet
    assert len(verbs) >= 50


def test_a_token_makes_no_other(ada: Person, api: Caller, sign_in: Callable[[Person], Client]) -> None:
    """One that did would outlive its own end and its revocation."""
    refused = api("POST", "/people/me/tokens", {"name": "heir", "scope": "write", "days": 3650})
    assert refused.status_code == 403
    assert "Sign in" in refused.json()["detail"]
    assert ApiToken.objects.count() == 1
    browser = sign_in(ada)
    made = browser.post(f"{BASE}/people/me/tokens", {"name": "heir"}, content_type="application/json")
    assert made.status_code == 200
    assert ApiToken.objects.count() == 2


def test_a_token_lets_nobody_in(world: World, api: Caller, ada: Person, sign_in: Callable[[Person], Client]) -> None:
    """A stolen one would make sign-ins that its end does not end. Who has signed in does all of it."""
    ana = actions.change_person(ada, world.people["Ana"], email="ana@waterworks.example")
    calls = (
        (f"/people/people/{ana.pk}/permissions", {"permission": "expert"}),
        (f"/people/people/{ana.pk}/invitation", {}),
        (f"/people/people/{ada.pk}/reset", {}),
        ("/people/administrators", {"email": "new@waterworks.example"}),
    )
    before = Grant.objects.count()
    for path, body in calls:
        refused = api("POST", path, body)
        assert refused.status_code == 403, path
        assert "A token lets nobody in" in refused.json()["detail"]
    assert (Grant.objects.count(), Invitation.objects.count()) == (before, 0)
    browser = sign_in(ada)
    for path, body in calls:
        assert browser.post(BASE + path, body, content_type="application/json").status_code == 200, path


def test_a_token_opens_no_page(world: World, api: Caller, ada: Person) -> None:
    """A page would do for it what its scope forbids: here, with a CSRF token that it made up, invite somebody."""
    ana = actions.change_person(ada, world.people["Ana"], email="ana@waterworks.example")
    strict = Client(enforce_csrf_checks=True, HTTP_AUTHORIZATION=api.client.defaults["HTTP_AUTHORIZATION"])
    strict.cookies[settings.CSRF_COOKIE_NAME] = made_up = "a" * 32
    posted = strict.post(f"/o/waterworks/people/{ana.pk}/invitation/", {"csrfmiddlewaretoken": made_up})
    assert posted.headers["Location"].startswith("/accounts/login/")
    assert not Invitation.objects.exists()
    assert strict.get("/o/waterworks/people/").status_code == 302


def test_people(world: World, api: Caller) -> None:
    made = api("POST", "/people/people", {"name": "Fatou", "unit": "pumps", "roles": ["clerk"]}).json()
    pumps = world.units["pumps"]
    assert (made["unit_id"], made["role_ids"]) == (pumps.pk, [Role.objects.get(slug="clerk").pk])
    assert api("POST", "/people/people", {"name": "Musa", "unit": pumps.pk}).json()["unit_id"] == pumps.pk
    path = f"/people/people/{made['id']}"
    changed = api("PATCH", path, {"title": "Fitter", "clear": ["unit"], "work_from": "07:00:00"}).json()
    assert (changed["title"], changed["unit_id"]) == ("Fitter", None)
    assert api("GET", path).json()["name"] == "Fatou"
    assert [each["name"] for each in api("GET", "/people/people?q=fat").json()["items"]] == ["Fatou"]
    assert api("GET", "/people/people?unit=water&limit=2").json()["count"] == 7
    assert api("GET", "/people/people?limit=1000").status_code == 422
    api("POST", f"{path}/marks", {"tag": "duty"})
    assert api("DELETE", f"{path}/marks?tag=duty").status_code == 200
    absence = api("POST", f"{path}/absences", {"since": "2030-01-01", "until": "2030-01-02"}).json()
    assert api("DELETE", f"/people/absences/{absence['id']}").status_code == 200
    assert api("POST", f"{path}/departure", {"successor": world.people["Ana"].pk}).json()["settled_at"]
    assert api("DELETE", f"{path}/departure").status_code == 200
    api("POST", f"{path}/departure", {})
    assert api("DELETE", path).json()["name"] == f"Former member {made['id']}"


def test_a_permission_for_one_unit_never_holds_everywhere(
    world: World, ada: Person, api: Caller, sign_in: Callable[[Person], Client]
) -> None:
    """`unit_id` is how the answer names it. What has no such field is refused whole, whatever else is right."""
    browser, path = Caller(sign_in(ada)), f"/people/people/{world.people['Ben'].pk}"
    refused = browser("POST", f"{path}/permissions", {"permission": "administrator", "unit_id": 2})
    assert (refused.status_code, refused.json()["field"]) == (422, "unit_id")
    assert "no field of this name" in refused.json()["detail"]
    assert not world.people["Ben"].grants.exists()
    assert api("PATCH", path, {"title": "Fitter", "clearence": 0}).json()["field"] == "clearence"
    assert Person.objects.get(pk=world.people["Ben"].pk).title == ""


@pytest.mark.parametrize(
    "body, status, field",
    [
        ({"name": ""}, 400, "name"),
        ({"name": "F", "email": "x"}, 400, "email"),
        ({"name": "F", "unit": "atlantis"}, 422, "unit"),
        ({"name": "F", "unit": 0}, 422, "unit"),
        ({"name": "F", "roles": ["wizard"]}, 422, "roles"),
        ({"name": "F", "other_units": ["atlantis"]}, 422, "other_units"),
        ({"name": "F", "timezone": "Mars"}, 400, "timezone"),
    ],
)
def test_bad_values_name_their_field(world: World, api: Caller, body: dict[str, Any], status: int, field: str) -> None:
    answer = api("POST", "/people/people", body)
    assert answer.status_code == status
    assert answer.json()["field"] == field


def test_structure(world: World, api: Caller) -> None:
    unit = api("POST", "/people/units", {"name": "Valves", "parent": "pumps"}).json()
    path = f"/people/units/{unit['id']}"
    assert api("PATCH", path, {"name": "Gates"}).json()["name"] == "Gates"
    assert api("PUT", f"{path}/place", {"parent": "roads"}).json()["parent_id"] == world.units["roads"].pk
    assert api("PUT", f"{path}/head", {"head": world.people["Ana"].pk}).json()["head_id"] == world.people["Ana"].pk
    assert api("PUT", f"{path}/head", {"head": 999999}).json()["field"] == "head"
    assert api("GET", "/people/units").json()["count"] == 5
    assert api("DELETE", path).json() == {"done": True}
    role = api("POST", "/people/roles", {"name": "Sampler"}).json()
    assert api("PATCH", f"/people/roles/{role['id']}", {"name": "Taker"}).json()["name"] == "Taker"
    assert api("GET", "/people/roles").json()["count"] == 3
    assert api("DELETE", f"/people/roles/{role['id']}").status_code == 200
    one = api("POST", "/people/communities", {"name": "Bridges", "lead": world.people["Ana"].pk}).json()
    path = f"/people/communities/{one['id']}"
    assert api("PUT", path, {"name": "Bridge keepers", "purpose": "x"}).json()["purpose"] == "x"
    assert api("POST", f"{path}/members?person={world.people['Ben'].pk}").status_code == 200
    assert api("DELETE", f"{path}/members?person={world.people['Ben'].pk}").status_code == 200
    assert api("GET", "/people/communities").json()["count"] == 3
    assert api("DELETE", path).status_code == 200


def test_audiences(world: World, api: Caller) -> None:
    trial = api("POST", "/people/audiences/trial", {"text": "unit:water and not role:clerk"}).json()
    assert (trial["count"], trial["words"]) == (4, "in Water, but not with the role Clerk")
    wrong = api("POST", "/people/audiences/trial", {"rule": {"all": [{"unit": "moon"}]}})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "rule")
    assert "all[0].unit" in wrong.json()["detail"]
    made = api("POST", "/people/audiences", {"name": "Duty", "text": "tag:duty"}).json()
    path = f"/people/audiences/{made['id']}"
    assert {each["name"] for each in api("GET", f"{path}/members").json()["items"]} == {"Cal", "Gus"}
    assert api("PATCH", path, {"rule": {"tag": "head"}}).json()["rule"] == {"tag": "head"}
    assert api("GET", "/people/audiences").json()["count"] == 1
    assert api("POST", "/people/audiences/refreshment").status_code == 200
    assert api("DELETE", path).status_code == 200
    assert api("POST", "/people/audiences", {"name": "Nothing"}).status_code == 400


def test_access(world: World, sign_in: Callable[[Person], Client], ada: Person) -> None:
    api = Caller(sign_in(ada))
    ana = actions.change_person(ada, world.people["Ana"], email="ana@waterworks.example")
    grant = api("POST", f"/people/people/{ana.pk}/permissions", {"permission": "expert", "unit": "water"}).json()
    assert api("GET", "/people/permissions").json()["count"] == 2
    assert api("DELETE", f"/people/permissions/{grant['id']}").status_code == 200
    assert "/join/" in api("POST", f"/people/people/{ana.pk}/invitation", {}).json()["link"]
    assert "/join/" in api("POST", f"/people/people/{ada.pk}/reset", {}).json()["link"]
    assert "/join/" in api("POST", "/people/administrators", {"email": "new@waterworks.example"}).json()["link"]


def test_what_is_ones_own(api: Caller, ada: Person) -> None:
    assert api("GET", "/people/me").json()["name"] == "Ada"
    assert api("PUT", "/people/me/theme", {"theme": "dark"}).status_code == 200
    secret = actions.create_token(ada, "second")
    reader = Caller(secret)
    assert reader("GET", "/people/me").status_code == 200
    assert reader("PUT", "/people/me/theme", {"theme": "dark"}).status_code == 403
    token = ApiToken.objects.get(name="second")
    assert "digest" not in api("GET", "/people/me/tokens").content.decode()
    assert api("DELETE", f"/people/tokens/{token.pk}").status_code == 200
    assert reader("GET", "/people/me").status_code == 401
    assert api("POST", "/people/me/held").json()["people"]["profile"]["name"] == "Ada"


def test_sheets(world: World, api: Caller) -> None:
    def file(text: str) -> SimpleUploadedFile:
        return SimpleUploadedFile("x.csv", text.encode())

    plan = api("POST", "/people/import/people/preview", file=file("number,name,unit\n1,Fatou,x\n")).json()
    assert plan["counts"]["wrong"] == 1
    assert plan["faults"] == [{"row": 2, "column": "unit", "message": "there is no “x”"}]
    assert api("POST", "/people/import/people", file=file("number,name\n1,Fatou\n")).status_code == 200
    for kind in ("units", "roles", "communities"):
        text = api("GET", f"/people/export/{kind}").content.decode().lstrip("\ufeff")
        assert api("POST", f"/people/import/{kind}", file=file(text)).status_code == 200
    assert "Fatou" in api("GET", "/people/export/people").content.decode()
    assert api("GET", "/people/export/secrets").status_code == 422


def test_who_may_not(world: World, ines: Person) -> None:
    reader = Caller(actions.create_token(ines, "test", ApiToken.Scope.WRITE))
    ana = world.people["Ana"].pk
    for method, path, body in (
        ("POST", "/people/people", {"name": "X"}),
        ("PATCH", f"/people/people/{ana}", {"title": "X"}),
        ("DELETE", f"/people/people/{ana}", {}),
        ("GET", "/people/audiences", {}),
        ("POST", "/people/audiences", {"name": "X", "text": "everyone"}),
        ("GET", "/people/permissions", {}),
        ("POST", f"/people/people/{ines.pk}/permissions", {"permission": "administrator"}),
        ("POST", "/people/administrators", {"email": "me@x.example"}),
        ("GET", "/people/export/people", {}),
    ):
        assert reader(method, path, body).status_code == 403, path


def test_ids_of_another_organisation_are_not_there(committed: None) -> None:
    """Every operation with an id in its path, asked by an administrator of one organisation about another's things."""
    ours, theirs = (Organisation.objects.create(slug=slug, name=slug) for slug in ("ours", "theirs"))
    secrets, browser = {}, Client()
    for organisation in (ours, theirs):
        with organisation_context(organisation.pk):
            person = Person.objects.create(name="Ada", user=User.objects.create_user(f"{organisation.slug}@x.example"))
            Grant.objects.create(person=person, permission=Permission.ADMINISTRATOR)
            secrets[organisation.slug] = actions.create_token(person, "x", ApiToken.Scope.WRITE)
    with organisation_context(theirs.pk):
        for _ in range(3):  # ids that ours does not have
            things = _one_of_everything()
    browser.force_login(User.objects.get(email="ours@x.example"))  # a token is refused some of it before it asks
    ask = Caller(browser, "/o/ours/api/v1")
    from headwater.api import api as described

    asked = 0
    description = described.get_openapi_schema(path_prefix="/")
    for path, methods in description["paths"].items():
        room = path.split("/")[1]
        if room not in ("people", "taxonomy") or "{pk}" not in path:
            continue
        pk = things[path.split("/")[2]].pk
        for method, operation in methods.items():
            values = {"tag": "x", "since": "2030-01-01", "until": "2030-01-01", "name": "x", "title": "x", "into": pk}
            body = _known(description, operation, values | {"permission": "reader"})
            query = "?tag=x" if method == "delete" and path.endswith("marks") else ""
            answer = ask(method.upper(), path.replace("{pk}", str(pk)) + query, body)
            assert answer.status_code == 404, (method, path, answer.content)
            asked += 1
    assert asked > 30
    assert Caller(secrets["ours"], "/o/theirs/api/v1")("GET", "/people/me").status_code == 401
    named = ask("POST", "/people/units", {"name": "X", "head": things["people"].pk})
    assert named.json()["field"] == "head"


def _known(description: dict[str, Any], operation: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Of these values, those that the operation has a field for."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    fields = description["components"]["schemas"][name]["properties"] if name else {}
    return {field: value for field, value in values.items() if field in fields}


def _one_of_everything() -> dict[str, Any]:
    number = Unit.objects.count()
    person = Person.objects.create(name="Other")
    absence = Absence.objects.create(person=person, since="2026-01-01", until="2026-01-02")
    scheme = ConceptScheme.objects.create(slug=f"s{number}", title="S")
    return {
        "people": person,
        "absences": absence,
        "units": Unit.objects.create(slug=f"u{number}", name="U"),
        "roles": Role.objects.create(slug=f"r{number}", name="R"),
        "communities": Community.objects.create(slug=f"c{number}", name="C"),
        "audiences": Audience.objects.create(slug=f"a{number}", name="A", rule={"everyone": True}),
        "permissions": Grant.objects.create(person=person, permission="reader"),
        "tokens": ApiToken.objects.create(person=person, name="t", digest=f"d{number}"),
        "schemes": scheme,
        "imports": Import.objects.create(kind="people"),
        "concepts": Concept.objects.create(scheme=scheme, slug=f"k{number}", labels={"en": "K"}),
    }


def test_pages_of_another_organisation_are_not_there(committed: None, sign_in: Callable[[Person], Client]) -> None:
    """Every page with an id in its address."""
    from headwater.people.urls import urlpatterns as people_urls
    from headwater.taxonomy.urls import urlpatterns as topics_urls

    ours, theirs = (Organisation.objects.create(slug=slug, name=slug) for slug in ("ours", "theirs"))
    with organisation_context(ours.pk):
        person = Person.objects.create(name="Ada", user=User.objects.create_user("ada@x.example"))
        Grant.objects.create(person=person, permission=Permission.ADMINISTRATOR)
    with organisation_context(theirs.pk):
        for _ in range(3):
            things = _one_of_everything()
    client = sign_in(person)
    asked = 0
    for room, patterns in (("people", people_urls), ("topics", topics_urls)):
        for pattern in patterns:
            route = str(pattern.pattern)
            if "<int:pk>" not in route:
                continue
            first = route.split("/")[0]
            kind = things.get({"me": "tokens"}.get(first, first), things["people" if room == "people" else "concepts"])
            url = f"/o/ours/{room}/{route.replace('<int:pk>', str(kind.pk))}"
            for ask in (client.get, client.post):
                assert ask(url).status_code in (404, 405), url
            asked += 1
    assert asked > 25
