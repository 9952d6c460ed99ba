"""CSV in and out: whatever encoding and separator, every fault by row and column, nothing half done, no formula."""

import contextlib
import csv
import io
import time
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Event
from headwater.people import actions
from headwater.people.actions.exchange import plan_import
from headwater.people.days import today
from headwater.people.exchange import SHEETS, export_csv, make_plan, waiting
from headwater.people.exchange.table import FileFault, decoded, plain, read_table, safe, write_table
from headwater.people.models import Audience, Community, Departure, Person, Role, Unit
from tests.people.conftest import World

PEOPLE = """number,name,email,unit,roles,communities,marks,language,clearance
1,Fatou Diallo,fatou@x.example,Pumps,inspector;Clerk,rescue,Duty list,fr,restricted
2,Gro Lund,gro@x.example,roads,,,,,
"""


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


# --- Reading files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(encoding: str, separator: str) -> None:
    text = separator.join(["Name", "E-Mail"]) + "\r\n" + separator.join(['"Élodie, née Müller; Ž"', "e@x.example"])
    rows, ignored = read_table(text.encode(encoding), ["name", "email"], {"e_mail": "email"})
    assert rows[0].cells == {"name": "Élodie, née Müller; Ž", "email": "e@x.example"}
    assert ignored == []


def test_what_spreadsheets_write() -> None:
    rows, ignored = read_table(
        b'sep=;\r\n Name ;"Time Zone";Colour\r\n\r\nA;UTC;red\r\n;;\r\n', ["name", "time_zone"], {}
    )
    assert [(row.number, row.cells) for row in rows] == [(3, {"name": "A", "time_zone": "UTC"})]
    assert ignored == ["colour"]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\x00\x01\x02", "no text file"),
        (b"PK\x03\x04\x00\x00zip", "no text file"),
        (b"\xff\xfea", "no text file"),
        (b"colour,shape\nred,round\n", "No column is known"),
        (b"name,Name\na,b\n", "there twice"),
        (b'name\n"never closed', "no readable CSV"),
        (b"name\n" + b"a\n" * 100_001, "more than 100000 lines"),
        (b"x" * (20 * 2**20 + 1), "larger than 20 MB"),
    ],
)
def test_files_that_cannot_be_read(content: bytes, message: str) -> None:
    with pytest.raises(FileFault, match=message):
        read_table(content, ["name"], {})


def test_rows_of_another_length_are_wrong() -> None:
    rows, _ignored = read_table(b"name,email\na\nb,c,d\n", ["name", "email"], {})
    assert [row.faults[0].message for row in rows] == [
        "This row has 1 cells, the first line names 2 columns.",
        "This row has 3 cells, the first line names 2 columns.",
    ]


@pytest.mark.parametrize("formula", ["=1+1", "+A1", "-2", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(formula: str) -> None:
    assert safe(formula) == f"'{formula}"
    assert plain(safe(formula)).strip() == formula.strip()
    assert safe("O'Neill") == plain("O'Neill") == "O'Neill"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8))
def test_what_is_written_is_read_again(table: list[list[str]]) -> None:
    rows = [{"a": f"x{first}", "b": second} for first, second in table]
    written = write_table(["a", "b"], rows)
    read, _ignored = read_table(written.encode(), ["a", "b"], {})
    wanted = [{name: plain(safe(cell)) for name, cell in row.items()} for row in rows]
    assert [row.cells for row in read] == wanted


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    with contextlib.suppress(FileFault):
        assert isinstance(decoded(content), str)
        read_table(content, ["name"], {})


# --- People -----------------------------------------------------------------------------------------------------------


def test_people_come_in(world: World) -> None:
    audience = actions.create_audience(OPERATOR, "Duty", {"tag": "duty-list"})
    plan = plan_import(OPERATOR, "people", PEOPLE.encode())
    assert plan.counts == {"added": 2, "changed": 0, "unchanged": 0, "wrong": 0, "missing": 0}
    assert not Person.objects.filter(number="1").exists()
    actions.import_people(OPERATOR, PEOPLE.encode())
    fatou = Person.objects.get(number="1")
    assert (fatou.unit, fatou.language, fatou.clearance) == (world.units["pumps"], "fr", 2)
    assert set(fatou.roles.values_list("slug", flat=True)) == {"inspector", "clerk"}
    assert list(audience.members.all()) == [fatou]
    assert Person.objects.get(number="2").language == "en"
    assert Event.objects.get(verb="import_people").details["added"] == 2


def test_the_same_again_changes_nothing(world: World) -> None:
    actions.import_people(OPERATOR, PEOPLE.encode())
    before = list(Person.objects.order_by("pk").values())
    assert make_plan(SHEETS["people"](), PEOPLE.encode()).counts["unchanged"] == 2
    actions.import_people(OPERATOR, PEOPLE.encode())
    assert list(Person.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("kind", ["units", "roles", "people", "communities"])
def test_an_export_comes_in_unchanged(world: World, kind: str) -> None:
    for number, person in enumerate(Person.objects.order_by("pk")):
        Person.objects.filter(pk=person.pk).update(number=f"N{number}", email=f"p{number}@x.example")
    Unit.objects.filter(slug="water").update(head=world.people["Ana"], deputy=world.people["Ben"])
    Community.objects.filter(slug="rescue").update(lead=world.people["Eli"], purpose="=1+1\nsecond line")
    text = export_csv(kind)
    plan = make_plan(SHEETS[kind](), text.encode())
    assert plan.faults == []
    assert {state for state, number in plan.counts.items() if number} == {"unchanged"}
    assert "\n=1+1" not in text
    assert ",=1+1" not in text


def test_changes_are_shown_before_they_are_made(world: World) -> None:
    actions.import_people(OPERATOR, PEOPLE.encode())
    newer = "number,name,unit,roles\n1,Fatou Diallo,roads,\n"
    plan = plan_import(OPERATOR, "people", newer.encode())
    (change,) = plan.of("changed")
    assert change.differences == [("unit", "pumps", "roads"), ("roles", "clerk; inspector", "")]
    assert [missing.label for missing in plan.missing] == ["Gro Lund"]
    actions.import_people(OPERATOR, newer.encode())
    fatou = Person.objects.get(number="1")
    assert (fatou.unit, fatou.roles.count(), fatou.email) == (world.units["roads"], 0, "fatou@x.example")
    assert Person.objects.active().filter(number="2").exists()


def test_who_is_not_in_the_file_leaves_when_asked(world: World) -> None:
    actions.import_people(OPERATOR, PEOPLE.encode())
    audience = actions.create_audience(OPERATOR, "All", {"everyone": True})
    actions.import_people(OPERATOR, b"number,name\n1,Fatou Diallo\n", end_missing=True)
    gro = Person.objects.get(number="2")
    assert gro.left_on == today()
    assert Departure.objects.get(person=gro).settled_at is not None
    assert not audience.members.filter(pk=gro.pk).exists()
    assert Person.objects.active().filter(name="Ana").exists()  # has neither number nor address: not of the file's kind


def test_somebody_leaves_by_a_date_in_the_file(world: World) -> None:
    actions.import_people(OPERATOR, PEOPLE.encode())
    later = (today() + timedelta(days=9)).isoformat()
    actions.import_people(OPERATOR, f"number,left_on\n1,{today().isoformat()}\n2,{later}\n".encode())
    assert Departure.objects.get(person__number="1").settled_at is not None
    assert Departure.objects.get(person__number="2").settled_at is None


WRONG = [
    ("number,name,unit\n1,A,atlantis\n", "unit", "there is no “atlantis”"),
    ("number,name,roles\n1,A,clerk;wizard\n", "roles", "there is no “wizard”"),
    ("number,name,communities\n1,A,chess\n", "communities", "there is no “chess”"),
    ("number,name,email\n1,A,nonsense\n", "email", "valid email"),
    ("number,name,language\n1,A,klingon\n", "language", "no language code"),
    ("number,name,timezone\n1,A,Mars\n", "timezone", "no time zone"),
    ("number,name,clearance\n1,A,cosmic\n", "clearance", "no clearance"),
    ("number,name,joined_on\n1,A,30.11.2026\n", "joined_on", "no date"),
    ("number,name,joined_on\n1,A,2026-13-45\n", "joined_on", "no date"),
    ("number,name,works_from\n1,A,early\n", "works_from", "no time of day"),
    ("number,name,works_from\n1,A,25:99\n", "works_from", "no time of day"),
    ("number,name,joined_on,left_on\n1,A,2026-05-01,2026-04-01\n", "left_on", "before joining"),
    ("number,name\n1,\n", "name", "needed"),
    ("number,name\n,A\n", "name", "not what it is about"),
    ("number,name\n1,A\n1,B\n", "name", "Row 2 is about the same"),
    ("number,name,email\n1,A,a@x.example\n2,B,A@x.example\n", "email", "somebody else"),
    ("number,name,marks\n1,A,no!mark\n", "marks", "a code holds"),
    (f"number,name\n1,{'x' * 201}\n", "name", "at most 200"),
]


@pytest.mark.parametrize("text, column, message", WRONG)
def test_wrong_cells_are_named_and_nothing_is_applied(world: World, text: str, column: str, message: str) -> None:
    text = text.replace("\n1,A", "\n9,Good\n1,A", 1) if text.count(",") == 2 and "roles" not in text else text
    before = Person.objects.count()
    plan = plan_import(OPERATOR, "people", text.encode())
    assert [(fault.column, message in fault.message) for fault in plan.faults] == [(column, True)], plan.faults
    with pytest.raises(ValidationError, match="Nothing was imported: 1 rows are wrong") as refused:
        actions.import_people(OPERATOR, text.encode())
    assert list(refused.value.message_dict) == ["content"]
    assert Person.objects.count() == before


def test_wrong_rows_may_be_left_out(world: World) -> None:
    actions.import_people(OPERATOR, b"number,name,unit\n1,Good,roads\n2,Bad,atlantis\n", skip_wrong=True)
    assert Person.objects.filter(number="1").exists()
    assert not Person.objects.filter(number="2").exists()


def test_an_address_finds_who_has_no_number_yet(world: World) -> None:
    Person.objects.filter(name="Ana").update(email="ana@x.example")
    actions.import_people(OPERATOR, b"number,name,email\n77,Ana Lima,ANA@x.example\n")
    ana = Person.objects.get(pk=world.people["Ana"].pk)
    assert (ana.number, ana.name) == ("77", "Ana Lima")
    assert Person.objects.count() == 10


def test_formulas_are_values(world: World) -> None:
    actions.import_people(OPERATOR, b'number,name,title\n1,\'=1+1,"=HYPERLINK(""http://x"")"\n')
    person = Person.objects.get(number="1")
    assert person.name == "=1+1"
    exported = rows_of(export_csv("people"))
    row = next(row for row in exported if row["number"] == "1")
    assert row["name"] == "'=1+1"
    assert row["title"].startswith("'=HYPERLINK")


def test_two_thousand_people_come_in_quickly(world: World) -> None:
    lines = [f"{n},Person {n},p{n}@x.example,pumps,inspector,rescue" for n in range(2000)]
    text = "\n".join(["number,name,email,unit,roles,communities", *lines])
    Audience.objects.create(slug="a", name="A", rule={"role": "inspector"})
    started = time.monotonic()
    actions.import_people(OPERATOR, text.encode())
    assert time.monotonic() - started < 30
    assert Audience.objects.get().members.count() == 2003


# --- Structure --------------------------------------------------------------------------------------------------------


def test_units_come_in_in_any_order(world: World) -> None:
    Person.objects.filter(name="Ana").update(email="ana@x.example")
    text = "code,name,parent,head\nleaf,Leaf,mid,ana@x.example\nmid,Mid,top,\ntop,Top,,\npumps,Pumps,top,\n"
    audience = actions.create_audience(OPERATOR, "Top", {"unit": "water", "below": True})
    assert audience.members.filter(name="Ben").exists()
    actions.import_units(OPERATOR, text.encode())
    top, mid, leaf, pumps = (Unit.objects.get(slug=slug) for slug in ("top", "mid", "leaf", "pumps"))
    assert leaf.path == f"/{top.pk}/{mid.pk}/{leaf.pk}/"
    assert (leaf.head, pumps.path) == (world.people["Ana"], f"/{top.pk}/{pumps.pk}/")
    assert not audience.members.filter(name="Ben").exists()
    assert Unit.objects.get(slug="drains").path == f"/{world.units['water'].pk}/{world.units['drains'].pk}/"


@pytest.mark.parametrize(
    "text, column, message",
    [
        ("code,name,parent\na,A,b\nb,B,a\n", "parent", "below itself"),
        ("code,name,parent\nwater,Water,pumps\n", "parent", "below itself"),
        ("code,name,parent\na,A,atlantis\n", "parent", "there is no"),
        ("code,name,head\na,A,nobody@x.example\n", "head", "no person"),
        ("code,name\nno code!,A\n", "code", "a code holds"),
        ("code,name\n,A\n", "code", "not what it is about"),
        ("code,name\na,\n", "name", "a name is needed"),
    ],
)
def test_wrong_units(world: World, text: str, column: str, message: str) -> None:
    plan = plan_import(OPERATOR, "units", text.encode())
    assert plan.faults
    assert all(fault.column in (column, "name") for fault in plan.faults)
    assert any(message in fault.message for fault in plan.faults)
    with pytest.raises(ValidationError):
        actions.import_units(OPERATOR, text.encode())
    assert Unit.objects.count() == 4


def test_roles_and_communities(world: World) -> None:
    Person.objects.filter(name="Ana").update(email="ana@x.example")
    actions.import_roles(OPERATOR, b"code,name\nclerk,Registry clerk\nsampler,Sampler\n")
    assert Role.objects.get(slug="clerk").name == "Registry clerk"
    text = "code,name,lead,members\nrescue,Rescue,ana@x.example,ana@x.example\nnew,New,,\n"
    actions.import_communities(OPERATOR, text.encode())
    rescue = Community.objects.get(slug="rescue")
    assert (rescue.lead, list(rescue.members.all())) == (world.people["Ana"], [world.people["Ana"]])
    with pytest.raises(ValidationError):
        actions.import_communities(OPERATOR, b"code,name,members\nx,X,ghost@x.example\n")


# --- Who, and the file in between -------------------------------------------------------------------------------------


def test_only_administrators_import(nadia: Person) -> None:
    for verb in (actions.import_units, actions.import_roles, actions.import_people, actions.import_communities):
        with pytest.raises(Refused):
            verb(nadia, b"code,name\na,A\n")


def test_a_file_waits_for_its_import(world: World) -> None:
    key = waiting.put(b"number,name\n")
    assert waiting.read(key) == b"number,name\n"
    waiting.drop(key)
    assert waiting.read(key) is None
    for wrong in ("", "../x", "a" * 32, "/etc/passwd"):
        assert waiting.read(wrong) is None
