"""Pages of the people room: they open, do what their buttons say, and cost the same for 1 and for 30 rows."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from headwater.core.actions import OPERATOR
from headwater.core.addresses import address
from headwater.people import actions, membership
from headwater.people.models import (
    ApiToken,
    Audience,
    Community,
    Grant,
    Membership,
    Permission,
    Person,
    PersonRole,
    Role,
    Unit,
)
from headwater.people.zones import ZONES, ZoneSelect
from tests.asked import MOST_QUERIES, queries
from tests.people.conftest import World

SignIn = Callable[[Person], Client]

PAGES = ["people:people", "people:new", "people:units", "people:unit-new", "people:roles", "people:communities",
         "people:community-new", "people:audiences", "people:audience-new", "people:permissions",
         "people:invitations", "people:me", "people:held", "people:import"]  # fmt: skip


@pytest.fixture
def as_ada(ada: Person, sign_in: SignIn) -> Client:
    return sign_in(ada)


@pytest.mark.parametrize("name", PAGES)
def test_pages_open(world: World, as_ada: Client, name: str) -> None:
    response = as_ada.get(address(name))
    assert response.status_code == 200
    assert b"<h1" in response.content


def test_pages_of_single_things_open(world: World, as_ada: Client) -> None:
    audience = Audience.objects.create(slug="duty", name="Duty", rule={"tag": "duty"})
    membership.refresh()
    for name, thing in (
        ("person", world.people["Cal"]),
        ("edit", world.people["Cal"]),
        ("unit", world.units["pumps"]),
        ("unit-edit", world.units["pumps"]),
        ("community", world.communities["rescue"]),
        ("community-edit", world.communities["rescue"]),
        ("audience", audience),
        ("audience-edit", audience),
    ):
        response = as_ada.get(address(f"people:{name}", pk=thing.pk))
        assert response.status_code == 200, name
        assert "style=" not in re.sub(r"<svg.*?</svg>", "", response.content.decode(), flags=re.DOTALL)


def fill(number: int) -> None:
    """So many of everything, linked with each other."""
    unit = Unit.objects.create(slug=f"u{number}", name=f"Unit {number}")
    Unit.objects.filter(pk=unit.pk).update(path=f"/{unit.pk}/")
    role = Role.objects.create(slug=f"r{number}", name=f"Role {number}")
    lead = Person.objects.create(name=f"Person {number}", email=f"p{number}@x.example", unit=unit, location="Depot")
    Unit.objects.filter(pk=unit.pk).update(head=lead, deputy=lead)
    PersonRole.objects.create(person=lead, role=role)
    community = Community.objects.create(slug=f"c{number}", name=f"Community {number}", lead=lead)
    Membership.objects.create(community=community, person=lead)
    rule = {"any": [{"unit": unit.slug}, {"role": role.slug}, {"community": community.slug}, {"person": lead.pk}]}
    Audience.objects.create(slug=f"a{number}", name=f"Audience {number}", rule=rule)
    Grant.objects.create(person=lead, permission=Permission.STEWARD, unit=unit)
    everyone = Audience.objects.get_or_create(slug="all", defaults={"name": "All", "rule": {"everyone": True}})
    joint = Community.objects.get_or_create(slug="joint", defaults={"name": "Joint"})[0]
    Membership.objects.create(community=joint, person=lead)
    Person.objects.filter(pk=lead.pk).update(unit=Unit.objects.order_by("pk").first())
    membership.refresh(everyone[:1])


LISTS = ["people", "units", "roles", "communities", "audiences", "permissions", "invitations"]


def test_lists_cost_the_same_for_one_and_for_thirty_rows(ada: Person, as_ada: Client) -> None:
    fill(0)
    single = [
        address("people:unit", pk=Unit.objects.order_by("pk").first().pk),  # type: ignore[union-attr]
        address("people:community", pk=Community.objects.get(slug="joint").pk),
        address("people:audience", pk=Audience.objects.get(slug="all").pk),
    ]
    urls = [*(address(f"people:{name}") for name in LISTS), *single]
    before = {url: queries(as_ada, url) for url in urls}
    for number in range(1, 31):
        fill(number)
    after = {url: queries(as_ada, url) for url in urls}
    assert before == after
    assert max(after.values()) <= MOST_QUERIES, after


def test_filters_of_the_directory(world: World, as_ada: Client) -> None:
    def names(**filters: str) -> set[str]:
        page = as_ada.get(address("people:people"), filters).context["page"]
        return {person.name for person in page.object_list}

    assert names(q="an") == {"Ana", "Jan"}
    assert names(unit="water") == {"Ana", "Ben", "Cal", "Dee", "Fay", "Ida", "Jan"}
    assert names(unit="atlantis") == set()
    assert names(role="inspector", community="rescue") == set()
    assert names(role="inspector") == {"Ana", "Cal", "Fay"}
    actions.end_membership(Person.objects.get(name="Ada"), world.people["Jan"])
    assert names(state="left") == {"Jan"}
    assert names(q="Jan") == set()


def test_adding_and_changing_a_person(world: World, as_ada: Client) -> None:
    values = {
        "name": "Fatou", "email": "fatou@waterworks.example", "unit": world.units["pumps"].pk,
        "roles": [world.roles["clerk"].pk], "clearance": 2, "language": "fr", "timezone": "Africa/Dakar",
        "work_from": "07:00", "work_until": "15:00", "joined_on": "2026-01-02",
    }  # fmt: skip
    response = as_ada.post(address("people:new"), values)
    fatou = Person.objects.get(name="Fatou")
    assert response.url == address("people:person", pk=fatou.pk)  # type: ignore[attr-defined]
    assert (fatou.clearance, str(fatou.work_from), list(fatou.roles.all())) == (2, "07:00:00", [world.roles["clerk"]])
    again = {**values, "unit": "", "title": "Fitter", "timezone": "Mars", "roles": []}
    response = as_ada.post(address("people:edit", pk=fatou.pk), again)
    assert "no time zone" in response.content.decode()
    as_ada.post(address("people:edit", pk=fatou.pk), {**again, "timezone": "UTC"})
    fatou.refresh_from_db()
    assert (fatou.unit, fatou.title, fatou.roles.count()) == (None, "Fitter", 0)


def test_readers_see_the_directory_and_change_nothing(world: World, ines: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    page = client.get(address("people:person", pk=world.people["Ana"].pk)).content.decode()
    assert "Ana" in page
    assert "Clearance" not in page
    assert "Confidential" not in page
    assert client.get(address("people:people")).status_code == 200
    for name in (
        "new",
        "unit-new",
        "community-new",
        "audience-new",
        "audiences",
        "permissions",
        "invitations",
        "import",
    ):
        assert client.get(address(f"people:{name}")).status_code == 403, name
    ana, unit = world.people["Ana"].pk, world.units["water"].pk
    for name, pk in (("departure", ana), ("grant", ana), ("invitation", ana), ("reset", ana), ("unit-removal", unit)):
        data = {"on": "2026-01-01", "permission": "administrator"}
        assert client.post(address(f"people:{name}", pk=pk), data).status_code == 403, name
    assert client.get(address("people:export", kind="people")).status_code == 403


def test_buttons_on_a_persons_page(world: World, ada: Person, as_ada: Client) -> None:
    ana = actions.change_person(ada, world.people["Ana"], email="ana@waterworks.example")

    def press(name: str, **data: Any) -> str:
        return as_ada.post(address(f"people:{name}", pk=ana.pk), data, follow=True).content.decode()

    assert "administrator" in press("grant", permission="administrator").lower()
    assert "duty" in press("marks", tag="duty")
    press("marks", drop="duty")
    assert not ana.tags.exists()
    assert "slug" in press("marks", tag="no slug!").lower()
    page = press("invitation")
    assert re.search(r"/join/\d+-", page)
    assert not re.search(r"/join/\d+-", as_ada.get(address("people:person", pk=ana.pk)).content.decode())
    press("absences", since="2030-01-01", until="2030-01-05")
    absence = ana.absences.get()
    as_ada.post(address("people:absence-removal", pk=absence.pk))
    assert not ana.absences.exists()
    press("departure", on="2026-01-01")
    ana.refresh_from_db()
    assert not ana.is_active
    press("resumption")
    ana.refresh_from_db()
    assert ana.is_active
    press("departure", on="2026-01-01")
    assert "Former member" in press("erasure")
    as_ada.post(address("people:grant-removal", pk=Grant.objects.get(person=ada).pk), follow=True)
    assert Grant.objects.filter(person=ada).exists()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("grant", {"permission": "king"}, "Permission: "),
        ("departure", {"on": "yesterday"}, "First day no longer a member: "),
        ("absences", {"since": "x", "until": ""}, "First day: "),
        ("absences", {"since": "x", "until": ""}, "Last day: "),
        ("marks", {"tag": ""}, "Mark: "),
    ],
)
def test_what_is_wrong_is_said(world: World, as_ada: Client, name: str, data: dict[str, str], said: str) -> None:
    """A button beside a small form never just leads back."""
    page = as_ada.post(address(f"people:{name}", pk=world.people["Ana"].pk), data, follow=True)
    assert any(said in str(message) for message in page.context["messages"])


def test_what_is_wrong_with_a_token_or_a_role_is_said(as_ada: Client) -> None:
    page = as_ada.post(address("people:tokens"), {"name": "x", "days": "9999"}, follow=True)
    assert any("Days it lasts: " in str(message) for message in page.context["messages"])
    assert "required" in as_ada.post(address("people:roles"), {}).content.decode()


def test_units_roles_and_communities_by_hand(world: World, as_ada: Client) -> None:
    as_ada.post(address("people:unit-new"), {"name": "Valves", "parent": world.units["pumps"].pk})
    valves = Unit.objects.get(slug="valves")
    values = {"name": "Valves 2", "parent": world.units["roads"].pk, "head": world.people["Ana"].pk}
    as_ada.post(address("people:unit-edit", pk=valves.pk), values)
    valves.refresh_from_db()
    assert (valves.name, valves.parent, valves.head) == ("Valves 2", world.units["roads"], world.people["Ana"])
    as_ada.post(address("people:unit-removal", pk=world.units["water"].pk), follow=True)
    as_ada.post(address("people:unit-removal", pk=valves.pk))
    assert set(Unit.objects.values_list("slug", flat=True)) == {"water", "pumps", "drains", "roads"}
    as_ada.post(address("people:roles"), {"name": "Sampler"})
    role = Role.objects.get(slug="sampler")
    as_ada.post(address("people:role", pk=role.pk), {"name": "Taker of samples"})
    assert Role.objects.get(pk=role.pk).name == "Taker of samples"
    as_ada.post(address("people:role", pk=role.pk), {"remove": 1})
    assert not Role.objects.filter(pk=role.pk).exists()
    as_ada.post(
        address("people:community-new"), {"name": "Bridges", "purpose": "Keep.", "lead": world.people["Ana"].pk}
    )
    bridges = Community.objects.get(slug="bridges")
    as_ada.post(address("people:community-edit", pk=bridges.pk), {"name": "Bridge keepers"})
    for what, expected in (("join", 2), ("leave", 1)):
        as_ada.post(address("people:community-members", pk=bridges.pk), {"what": what})
        assert bridges.members.count() == expected
    as_ada.post(address("people:community-removal", pk=bridges.pk))
    assert not Community.objects.filter(pk=bridges.pk).exists()


def test_leaving_is_asked_for_on_the_page(world: World, as_ada: Client, ines: Person, sign_in: SignIn) -> None:
    rescue, own = world.communities["rescue"], sign_in(ines)
    page, members = (address(f"people:{name}", pk=rescue.pk) for name in ("community", "community-members"))
    rescue.memberships.create(person=ines)
    assert "Ask to leave" not in own.get(page).content.decode()
    Audience.objects.create(slug="a", name="A", rule={"community": "rescue"})
    assert "Ask to leave" in own.get(page).content.decode()
    assert "Asked." in own.post(members, {"what": "leave"}, follow=True).content.decode()
    for shown in (page, address("people:communities")):
        assert "Take my request back" in own.get(shown).content.decode()
    assert "Let go" in as_ada.get(page).content.decode()
    own.post(members, {"what": "join"})
    assert not rescue.requests.exists()
    own.post(members, {"what": "leave"})
    as_ada.post(members, {"what": "leave", "person": ines.pk})
    assert not rescue.memberships.filter(person=ines).exists()


def test_joining_is_asked_for_on_the_page_where_an_audience_leaves_members_out(
    world: World, ines: Person, sign_in: SignIn
) -> None:
    rescue, own = world.communities["rescue"], sign_in(ines)
    Community.objects.update(is_open=True)
    page, members = (address(f"people:{name}", pk=rescue.pk) for name in ("community", "community-members"))
    assert "Ask to join" not in own.get(page).content.decode() + own.get(address("people:communities")).content.decode()
    Audience.objects.create(slug="a", name="A", rule={"not": {"community": "rescue"}})
    for shown in (page, address("people:communities")):
        assert own.get(shown).content.decode().count("Ask to join") == 1
    assert "Asked." in own.post(members, {"what": "join"}, follow=True).content.decode()
    assert not rescue.memberships.filter(person=ines).exists()


def test_who_reads_more_by_a_permission_is_said(world: World, as_ada: Client) -> None:
    """A steward reads what their unit keeps, whoever the audience is: whoever grants it must know."""
    for page in (address("people:permissions"), address("people:person", pk=world.people["Ana"].pk)):
        assert "Stewards read everything of their unit" in as_ada.get(page).content.decode()


def builder(client: Client, **data: Any) -> Any:
    return client.post(address("people:rule"), data).context["builder"]


def test_the_rule_builder(world: World, as_ada: Client) -> None:
    water = json.dumps({"unit": "water", "below": True})
    state = builder(as_ada, op="add", condition=water, joins="and")
    assert (state.text, state.count) == ("unit:water", 7)
    state = builder(as_ada, rule_text=state.text, op="add", condition=json.dumps({"unit": "roads"}), joins="here")
    assert state.text == "unit:water or unit-only:roads"
    state = builder(as_ada, rule_text=state.text, op="add", condition=json.dumps({"role": "inspector"}), joins="and")
    state = builder(as_ada, rule_text=state.text, op="add", condition=json.dumps({"location": "Depot"}), joins="not")
    assert [line["count"] for line in state.lines] == [8, 3, 0]
    assert state.emptied_by == 3
    state = builder(as_ada, rule_text=state.text, op="drop:2:0")
    assert (state.text, state.names) == ("(unit:water or unit-only:roads) and role:inspector", ["Ana", "Cal", "Fay"])
    state = builder(as_ada, rule_text=state.text, op="typed", typed="tag:duty and (")
    assert "Position 15" in state.error
    assert state.count == 3
    state = builder(as_ada, rule_text=state.text, op="typed", typed="tag:duty")
    assert state.names == ["Cal", "Gus"]


@pytest.mark.parametrize(
    "data",
    [
        {"op": "add", "condition": "{"},
        {"op": "add", "condition": '"unit"'},
        {"op": "add", "condition": "[]"},
        {"op": "add", "condition": '{"unit": "atlantis"}'},
        {"op": "drop:9:9", "rule_text": "everyone"},
        {"op": "drop:x", "rule_text": "everyone"},
        {"op": "typed", "typed": "person:999999"},
        {"op": "nonsense", "rule_text": "((("},
    ],
)
def test_a_builder_that_is_sent_nonsense(world: World, as_ada: Client, data: dict[str, str]) -> None:
    assert as_ada.post(address("people:rule"), data).status_code == 200


def test_audiences_by_hand(world: World, as_ada: Client) -> None:
    new = address("people:audience-new")
    shown = as_ada.post(new, {"name": "Duty", "op": "typed", "typed": "tag:duty"})
    assert not Audience.objects.exists()
    assert shown.context["builder"].count == 2
    as_ada.post(new, {"name": "Duty", "rule_text": "tag:duty"})
    duty = Audience.objects.get()
    assert duty.members.count() == 2
    response = as_ada.post(address("people:audience-edit", pk=duty.pk), {"name": "Duty", "rule_text": ""})
    assert response.status_code == 200
    as_ada.post(address("people:audience-edit", pk=duty.pk), {"name": "Heads", "rule_text": "tag:head"})
    duty.refresh_from_db()
    assert (duty.name, duty.rule) == ("Heads", {"tag": "head"})
    as_ada.post(address("people:audience-removal", pk=duty.pk))
    assert not Audience.objects.exists()


def test_a_time_zone_is_chosen_by_its_place(ines: Person, sign_in: SignIn) -> None:
    Person.objects.filter(pk=ines.pk).update(timezone="US/Pacific")  # an older spelling, kept as it is
    page = sign_in(ines).get(address("people:me")).content.decode()
    assert '<optgroup label="Africa">' in page
    assert '<option value="America/Argentina/Ushuaia">Argentina, Ushuaia</option>' in page
    assert '<option value="US/Pacific" selected>' in page


def test_my_account(ines: Person, sign_in: SignIn) -> None:
    client = sign_in(ines)
    values = {"chosen_language": "fr", "timezone": "Africa/Dakar", "work_from": "07:00", "work_until": "15:30"}
    client.post(address("people:me"), {**values, "location": "Depot", "language": "fr"})
    ines.refresh_from_db()
    assert (ines.reading_language, str(ines.work_until)) == ("fr", "15:30:00")
    assert (ines.language, ines.location) == ("en", "")  # audiences select by these: an administrator keeps them
    client.post(address("people:me"), {**values, "chosen_language": ""})
    ines.refresh_from_db()
    assert ines.reading_language == "en"
    assert "no time zone" in client.post(address("people:me"), {**values, "timezone": "x"}).content.decode()
    client.post(address("people:theme"), {"theme": "dark"})
    assert ines.user is not None
    ines.user.refresh_from_db()
    assert ines.user.theme == "dark"
    page = client.post(
        address("people:tokens"), {"name": "script", "scope": "read", "days": 3}, follow=True
    ).content.decode()
    secret = re.search(r"hw_[\w-]+", page)
    assert secret
    assert secret.group() not in client.get(address("people:me")).content.decode()
    client.post(address("people:token-removal", pk=ApiToken.objects.get().pk))
    assert ApiToken.objects.get().revoked_at is not None
    held = client.get(address("people:held")).content.decode()
    assert "ines@waterworks.example" in held
    assert held.count("<details") > 3  # folded, each kind with its count
    assert "<time" in held
    export = client.post(address("people:held-export"))
    assert json.loads(export.content)["people"]["profile"]["name"] == "Ines"


def test_importing_with_a_preview(world: World, as_ada: Client) -> None:
    def upload(content: str) -> Any:
        file = SimpleUploadedFile("people.csv", content.encode())
        return as_ada.post(address("people:import"), {"kind": "people", "file": file})

    response = upload("number;name;unit\n1;Fatou;pumps\n2;Wrong;atlantis\n")
    assert response.context["counts"]["wrong"] == 1
    assert not Person.objects.filter(name="Fatou").exists()
    apply = address("people:import-application")
    data = {"kind": "people", "key": response.context["key"]}
    assert "Nothing was imported" in as_ada.post(apply, data, follow=True).content.decode()
    as_ada.post(apply, {**data, "skip_wrong": "1"})
    assert Person.objects.filter(name="Fatou").exists()
    assert "no longer here" in as_ada.post(apply, data, follow=True).content.decode()
    assert "no longer here" in as_ada.post(apply, {"kind": "people", "key": "../../etc"}, follow=True).content.decode()
    assert "No column is known" in upload("a;b\n1;2\n").content.decode()


def test_exports(world: World, as_ada: Client) -> None:
    response = as_ada.get(address("people:export", kind="people"))
    assert response["Content-Type"].startswith("text/csv")
    assert "Ana" in response.content.decode()
    assert as_ada.get(address("people:export", kind="secrets")).status_code == 404


@pytest.mark.parametrize("zone", ["Africa/Nairobi", "UTC", "US/Pacific", '"><b>'])
def test_the_zone_that_is_kept_is_chosen_in_the_list(zone: str) -> None:
    page = str(ZoneSelect().render("timezone", zone, {"id": "id_timezone"}))
    assert 'id="id_timezone"' in page.partition(">")[0]
    assert re.findall(r'value="([^"]*)" selected', page) == [escape(zone)]
    assert page.count("<option") == len(ZONES) + (zone not in ZONES)


def test_the_page_of_a_person_costs_the_same_in_a_deep_unit(
    world: World, as_ada: Client, ines: Person, sign_in: SignIn
) -> None:
    ben, unit = world.people["Ben"], world.units["pumps"]
    Grant.objects.create(person=ines, permission=Permission.ADMINISTRATOR, unit=world.units["water"])
    pages = [address(f"people:{name}", pk=ben.pk) for name in ("person", "edit")]
    asked = [(client, page) for client in (as_ada, sign_in(ines)) for page in pages]
    before = [queries(client, page) for client, page in asked]
    for level in range(6):
        unit = actions.create_unit(OPERATOR, f"Level {level}", parent=unit)
    actions.change_person(OPERATOR, ben, unit=unit)
    assert [queries(client, page) for client, page in asked] == before
