"""Prepared queries find what the same query finds, with other values each time, from any thread."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Length
from django.test.utils import CaptureQueriesContext

from headwater.core.models import Organisation
from headwater.core.prepared import Given, Prepared, PreparedFigures, PreparedObjects, columns_of, instance_of
from headwater.core.wall import organisation_context
from headwater.people.models import Absence, Audience, Person, Unit


def by_name() -> QuerySet[Any, Any]:
    found = Person.objects.filter(name__startswith=Given("name"), clearance__lte=Given("clearance")).order_by("name")
    return found.values_list(*columns_of(Person))


@pytest.mark.parametrize("keeps_plan", [False, True])
def test_it_finds_what_the_query_finds(keeps_plan: bool, ines: Person, nadia: Person, otto: Person) -> None:
    prepared = Prepared(by_name, keeps_plan)
    for name in ("Ines", "N", "", "Nobody", "O'Neill"):
        for clearance in (0, 1, 3):
            found = [instance_of(Person, row) for row in prepared.rows(name=name, clearance=clearance)]
            wanted = Person.objects.filter(name__startswith=name, clearance__lte=clearance).order_by("name")
            assert [vars(one) | {"_state": None} for one in found] == [vars(one) | {"_state": None} for one in wanted]


def test_what_was_found_is_kept_like_anything_else(ines: Person) -> None:
    (row,) = Prepared(by_name).rows(name=ines.name, clearance=3)
    found = instance_of(Person, row)
    found.title = "Surveyor"
    found.save()
    assert Person.objects.get(pk=ines.pk).title == "Surveyor"
    assert found.unit == ines.unit


def test_values_come_as_the_fields_say(organisation: Organisation) -> None:
    Audience.objects.create(slug="all", name="All", rule={"any": [{"everyone": True}]})
    prepared = Prepared(lambda: Audience.objects.filter(slug=Given("slug")).values_list("rule", "pk"))
    assert prepared.rows(slug="all")[0][0] == {"any": [{"everyone": True}]}
    assert prepared.rows(slug="none") == []


@pytest.mark.parametrize("keeps_plan", [False, True])
def test_numbers_come_as_one_array(keeps_plan: bool, ines: Person, nadia: Person) -> None:
    among = Person.objects.filter(pk__among=Given("people")).order_by("pk").values_list("pk")
    prepared = Prepared(lambda: among, keeps_plan)
    assert prepared.rows(people=[nadia.pk, ines.pk]) == sorted([(ines.pk,), (nadia.pk,)])
    assert prepared.rows(people=[]) == []
    assert list(Person.objects.filter(unit__among=[])) == []
    assert ines in Person.objects.filter(unit__among={ines.unit_id})


@pytest.mark.parametrize("keeps_plan", [False, True])
def test_whole_things_come_with_what_was_asked_along(
    keeps_plan: bool, ines: Person, nadia: Person, otto: Person, unit: Unit
) -> None:
    Absence.objects.create(person=ines, since=date(2026, 3, 1), until=date(2026, 3, 9), deputy=otto)
    asked = Person.objects.filter(name__gte=Given("name")).order_by("name").select_related("unit__head", "user")
    asked = asked.prefetch_related("absences__deputy").defer("location").annotate(letters=Length("name"))
    prepared = PreparedObjects(lambda: asked, keeps_plan)
    for name in ("", "J", "Zz"):
        found = prepared.all(name=name)
        with CaptureQueriesContext(connection) as more:
            seen = [
                (
                    one,
                    one.unit,
                    one.unit and one.unit.head,
                    one.user,
                    getattr(one, "letters", 0),
                    list(one.absences.all()),
                )
                for one in found
            ]
        assert not more.captured_queries
        wanted = Person.objects.filter(name__gte=name).order_by("name")
        assert seen == [
            (one, one.unit, one.unit and one.unit.head, one.user, len(one.name), list(one.absences.all()))
            for one in wanted
        ]
    assert prepared.all(name="")[0].get_deferred_fields() == {"location"}


def test_figures_are_those_of_aggregate(ines: Person, nadia: Person, otto: Person) -> None:
    figures = {"all": Count("pk"), "long": Count("pk", filter=Q(name__gte=Given("name"))), "most": Max("clearance")}
    prepared = PreparedFigures(lambda: (Person.objects.filter(clearance__gte=Given("least")), figures))
    for least, name in ((0, "J"), (1, ""), (9, "A")):
        people = Person.objects.filter(clearance__gte=least)
        wanted = people.aggregate(all=Count("pk"), long=Count("pk", filter=Q(name__gte=name)), most=Max("clearance"))
        assert prepared.of(least=least, name=name) == wanted


@pytest.mark.parametrize("keeps_plan", [False, True])
def test_a_value_never_becomes_part_of_the_query(keeps_plan: bool, ines: Person) -> None:
    prepared = Prepared(lambda: Unit.objects.filter(slug=Given("slug")).values_list("pk"), keeps_plan)
    assert prepared.rows(slug="x' OR '1'='1") == []
    assert prepared.rows(slug="100%s") == []


def test_a_missing_value_is_refused(ines: Person) -> None:
    with CaptureQueriesContext(connection) as asked, pytest.raises(KeyError, match="clearance"):
        Prepared(by_name).rows(name="Ines")
    assert not asked.captured_queries


def test_threads_share_it(committed: None) -> None:
    organisation = Organisation.objects.create(slug="shared", name="Shared")
    with organisation_context(organisation.pk):
        people = [Person.objects.create(name=f"Person {number}") for number in range(4)]
    prepared = Prepared(by_name)

    def ask(person: Person) -> list[tuple[Any, ...]]:
        try:
            with organisation_context(organisation.pk):
                return prepared.rows(name=person.name, clearance=3)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        for person, rows in zip(people * 5, threads.map(ask, people * 5), strict=True):
            assert [row[0] for row in rows] == [person.pk]
