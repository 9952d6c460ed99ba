"""Load by unit: counted right, small units hidden so that no sum gives them away, and nobody's reading seen."""

import csv
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.actions import OPERATOR
from headwater.distribute.load import LEAST_PEOPLE, Line, by_day, load_of, masked
from headwater.distribute.models import Delivery
from headwater.distribute.proof import Scope
from headwater.people.actions import create_unit
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version

SignIn = Callable[[Person], Client]
PAGE = "/o/waterworks/distribute/proof/load/"


def make_unit(name: str, people: int, everyone: Audience, owner: Person, each: int = 1, **fields: object) -> Unit:
    """A unit whose people got so much each."""
    unit = create_unit(OPERATOR, name)
    members = [make_person(f"{name} {n}", unit=unit) for n in range(people)]
    for n in range(each):
        version = make_version(f"{name} news {n}", "news", everyone, owner)
        Delivery.objects.bulk_create(
            Delivery(person=person, version=version, entry=version.entry, came_at=timezone.now(), **fields)
            for person in members
        )
    return unit


@pytest.fixture
def units(everyone: Audience, nadia: Person) -> dict[str, Unit]:
    """Two large units and two small ones, which are eight people together."""
    found = {
        "Field": make_unit("Field", 9, everyone, nadia, each=3, rolled=True, opened_at=timezone.now()),
        "Office": make_unit("Office", 8, everyone, nadia, useful=True),
        "Lab": make_unit("Lab", 5, everyone, nadia, useful=False),
        "Post": make_unit("Post", 3, everyone, nadia),
    }
    enrol(everyone)
    return found


def test_each_unit_has_its_counts_and_small_ones_stand_together(units: dict[str, Unit]) -> None:
    load = load_of(7)
    assert [(line.name, line.people, line.received) for line in load.lines] == [
        ("Field", 9, 27),
        ("Office", 8, 8),
        ("Small units together", 8, 8),
    ]
    field, office, small = load.lines
    assert (field.opened, field.over_budget, field.a_day) == (27, 27, 0.4)
    assert (office.useful, office.not_useful, small.useful, small.not_useful) == (8, 0, 0, 5)
    assert (load.whole.people, load.whole.received, load.hidden) == (25, 43, 0)


def test_what_is_too_small_even_together_is_in_no_sum(units: dict[str, Unit]) -> None:
    Delivery.objects.filter(person__name="Post 0").delete()
    load = load_of(7)
    assert [line.name for line in load.lines] == ["Field", "Office"]
    assert (load.whole.received, load.hidden) == (35, 2)
    days = by_day(load, 7)
    assert (days[-1].received, len(days)) == (35, 7)
    assert days[0].received is None


def test_a_day_of_few_is_not_told(units: dict[str, Unit]) -> None:
    Delivery.objects.exclude(person__name="Field 0").update(created_at=timezone.now() - timedelta(days=2))
    days = by_day(load_of(7), 7)
    assert [day.received for day in days] == [None, None, None, None, 40, None, None]


def test_old_and_withdrawn_things_do_not_count(units: dict[str, Unit]) -> None:
    Delivery.objects.filter(person__unit=units["Field"]).update(state="withdrawn")
    Delivery.objects.filter(person__unit=units["Office"]).update(created_at=timezone.now() - timedelta(days=8))
    assert [line.name for line in load_of(7).lines] == ["Small units together"]
    assert [line.name for line in load_of(30).lines] == ["Office", "Small units together"]


def test_a_scope_counts_its_own_units_only(units: dict[str, Unit]) -> None:
    load = load_of(7, Scope((units["Office"].path,)))
    assert [line.name for line in load.lines] == ["Office"]


counts = st.integers(0, 40)


@given(st.lists(st.tuples(st.integers(1, 20), counts), max_size=12))
def test_nothing_shown_or_summed_is_of_fewer_than_eight(units: list[tuple[int, int]]) -> None:
    lines = [Line(n, f"unit {n}", 7, people, received, 0, 0, 0, 0) for n, (people, received) in enumerate(units)]
    load = masked(lines, 7)
    assert all(line.people >= LEAST_PEOPLE for line in load.lines)
    shown = [line for line in lines if line.unit_id in load.units]
    left_out = [line for line in lines if line.unit_id not in load.units]
    assert load.whole.received == sum(line.received for line in shown)
    assert sum(line.people for line in left_out) < LEAST_PEOPLE or not left_out
    assert load.hidden == len(left_out)


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_it_in_words_and_figures(units: dict[str, Unit], nadia: Person, sign_in: SignIn) -> None:
    page = sign_in(nadia).get(f"{PAGE}?days=7").content.decode()
    assert "100 % of what reaches Field is past their budgets" in page
    assert "Small units together" in page
    assert "Lab" not in page
    assert 'aria-label="Received, opened and over budget, day by day"' in page


def test_where_there_is_little_the_page_says_why(nadia: Person, sign_in: SignIn) -> None:
    page = sign_in(nadia).get(PAGE).content.decode()
    assert "Nothing to count in these days" in page
    assert "fewer than 8 people" in page


def test_it_is_taken_away_as_a_sheet(units: dict[str, Unit], nadia: Person, sign_in: SignIn) -> None:
    answer = sign_in(nadia).get(f"{PAGE}?days=7&format=csv")
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert [(row["unit"], row["received"], row["over_budget"]) for row in rows] == [
        ("Field", "27", "27"),
        ("Office", "8", "0"),
        ("Small units together", "8", "0"),
    ]


def test_heads_and_readers_do_not_see_it(units: dict[str, Unit], ines: Person, otto: Person, sign_in: SignIn) -> None:
    Unit.objects.filter(pk=units["Field"].pk).update(head=ines)
    for path in (PAGE, "/o/waterworks/api/v1/distribute/load"):
        assert sign_in(ines).get(path).status_code == 403
    assert "proof/load/" not in sign_in(ines).get("/o/waterworks/distribute/proof/").content.decode()
    Grant.objects.create(person=ines, permission=Permission.EXECUTIVE, unit=units["Office"])
    page = sign_in(ines).get(PAGE)
    assert [line.name for line in page.context["load"].lines] == ["Office"]


def test_by_program_it_is_the_same(units: dict[str, Unit], nadia: Person, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    answer = browser.get("/o/waterworks/api/v1/distribute/load?days=7").json()
    assert [(item["unit"], item["received"]) for item in answer["items"]] == [
        ("Field", 27),
        ("Office", 8),
        ("Small units together", 8),
    ]
    assert (answer["count"], answer["hidden"]) == (3, 0)
    assert browser.get("/o/waterworks/api/v1/distribute/load?days=8").status_code == 422, "no difference of two periods"


def test_many_units_ask_no_more_of_the_database(nadia: Person, everyone: Audience, sign_in: SignIn) -> None:
    browser = sign_in(nadia)
    make_unit("One", 8, everyone, nadia)
    enrol(everyone)
    few = queries(browser, PAGE)
    people = list(Person.objects.filter(unit__name="One"))
    for number in range(30):
        unit = create_unit(OPERATOR, f"U{number}")
        made = Person.objects.bulk_create(Person(name=f"P{number}.{n}", unit=unit) for n in range(8))
        version = Delivery.objects.filter(person=people[0]).get().version
        Delivery.objects.bulk_create(
            Delivery(person=person, version=version, entry=version.entry, came_at=timezone.now()) for person in made
        )
    assert queries(browser, PAGE) == few <= MOST_QUERIES
