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
from headwater.distribute import attending
from headwater.distribute.actions import change_preferences, forecast_reach
from headwater.distribute.attending import SECOND_LOOK
from headwater.distribute.load import LEAST_PEOPLE, Line, by_day, load_of, masked
from headwater.distribute.models import Delivery
from headwater.distribute.proof import Scope
from headwater.distribute.sending import plan_among
from headwater.people.actions import create_unit
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.models import EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version
from tests.distribute.test_foreseeing import exactly

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
    lines = [Line(n, f"unit {n}", 7, people, received, 0, 0, 0, 0, 0) for n, (people, received) in enumerate(units)]
    load = masked(lines, 7)
    assert all(line.people >= LEAST_PEOPLE for line in load.lines)
    shown = [line for line in lines if line.unit_id in load.units]
    left_out = [line for line in lines if line.unit_id not in load.units]
    assert load.whole.received == sum(line.received for line in shown)
    assert sum(line.people for line in left_out) < LEAST_PEOPLE or not left_out
    assert load.hidden == len(left_out)


# --- What is over budget ----------------------------------------------------------------------------------------------


@pytest.fixture
def readers(everyone: Audience, nadia: Person) -> list[Person]:
    """Eight people of Field, of whom each wants two pushes a day."""
    unit = create_unit(OPERATOR, "Field")
    people = [make_person(f"Field {n}", unit=unit) for n in range(LEAST_PEOPLE)]
    enrol(everyone)
    for person in people:
        change_preferences(person, person, budget=2)
    return people


@pytest.fixture
def bring(everyone: Audience, nadia: Person, readers: list[Person]) -> Callable[..., EntryVersion]:
    """Something new for each of them, about words of its own, planned as the worker does it."""
    numbers = iter(range(1000))

    def brought(fingerprint: int | None = None, score: float = 1.0, **fields: object) -> EntryVersion:
        title = f"number{next(numbers)}"
        version = make_version(title, title, everyone, nadia)
        EntryVersion.objects.filter(pk=version.pk).update(fingerprint=fingerprint)
        values = {"push": "at_once", "score": score, "came_at": timezone.now(), "entry": version.entry} | fields
        Delivery.objects.bulk_create(Delivery(person=each, version=version, **values) for each in readers)
        plan_among(Delivery.objects.all())
        return version

    return brought


def counted() -> tuple[int, int, int]:
    """Received, over budget and near-copies, of one of the eight: they all get the same."""
    (line,) = load_of(7).lines
    assert sum(day.over_budget or 0 for day in by_day(load_of(7), 7)) == line.over_budget
    return tuple(n // LEAST_PEOPLE for n in (line.received, line.over_budget, line.near_copies))


def days_full(nadia: Person, everyone: Audience) -> int:
    """How many people's budgets held something back, as a forecast counts them."""
    return exactly(forecast_reach(nadia, title="A draft", text="nothing", audience=everyone)).full


def test_what_does_not_fit_is_over_budget(
    bring: Callable[..., EntryVersion], nadia: Person, everyone: Audience
) -> None:
    for _ in range(2):
        bring()
    assert counted() == (2, 0, 0)
    assert days_full(nadia, everyone) == 0
    for _ in range(3):
        bring()
    assert counted() == (5, 3, 0)
    assert days_full(nadia, everyone) == LEAST_PEOPLE


def test_a_near_copy_is_not_over_budget(
    bring: Callable[..., EntryVersion], nadia: Person, everyone: Audience, sign_in: SignIn
) -> None:
    for fingerprint in (-1, -2, -3):
        bring(fingerprint)
    assert Delivery.objects.filter(rolled=True).count() == 2 * LEAST_PEOPLE, "Today and the digest count them"
    assert counted() == (3, 0, 2)
    assert days_full(nadia, everyone) == 0
    browser = sign_in(nadia)
    page = browser.get(f"{PAGE}?days=7").content.decode()
    assert "All that arrives fits the budgets" in page
    assert "16 more were held back because they say nearly the same as something else that came" in page
    (row,) = csv.DictReader(browser.get(f"{PAGE}?days=7&format=csv").content.decode().splitlines())
    assert (row["received"], row["over_budget"], row["near_copies"]) == ("24", "0", "16")
    (item,) = browser.get("/o/waterworks/api/v1/distribute/load?days=7").json()["items"]
    assert (item["received"], item["over_budget"], item["near_copies"]) == (24, 0, 16)


def test_of_near_copies_past_the_budget_one_is_over_it(bring: Callable[..., EntryVersion]) -> None:
    """Also when a better one comes later, and when what they lie under is not looked at any more."""
    for _ in range(2):
        bring()
    bring(-1, score=3)
    bring(-2, score=1)
    assert counted() == (4, 1, 1)
    bring(-3, score=9)
    assert counted() == (5, 1, 2)
    Delivery.objects.filter(version__fingerprint=-3).update(created_at=timezone.now() - 2 * SECOND_LOOK)
    bring()
    assert counted() == (6, 2, 2)


def test_what_the_floor_of_the_day_holds_back_is_over_budget(
    bring: Callable[..., EntryVersion], nadia: Person, everyone: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "floor_for", lambda usual, room, to_come: 1.0)
    bring(-1)
    bring(-1)
    assert counted() == (2, 1, 1)
    assert days_full(nadia, everyone) == LEAST_PEOPLE
    monkeypatch.undo()
    bring()
    assert counted() == (3, 0, 1), "at the second look it went out"
    assert days_full(nadia, everyone) == 0


def test_what_is_asked_for_since_is_not_over_budget(bring: Callable[..., EntryVersion]) -> None:
    for _ in range(4):
        bring()
    assert counted() == (4, 2, 0)
    for each in ("must_acknowledge", "urgent"):
        one = Delivery.objects.filter(rolled=True, must_acknowledge=False).values("version")[:1]
        Delivery.objects.filter(version=one).update(**{each: True})
    assert counted() == (4, 0, 0)


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
