"""Many lists in one query hold what each query would give by itself."""

from datetime import date

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from headwater.core.lists import Lists
from headwater.core.prepared import Given
from headwater.people.models import Absence, Audience, Person, Unit


def test_lists_are_those_of_the_queries(ines: Person, nadia: Person, otto: Person, unit: Unit) -> None:
    Absence.objects.create(person=ines, since=date(2026, 3, 1), until=date(2026, 3, 9), deputy=otto)
    Audience.objects.create(slug="all", name="All % of them", rule={"any": [{"everyone": True}]})
    queries = {
        "people": Person.objects.order_by("-name").values("name", "unit__name", "created_at", "work_from", "clearance"),
        "absences": ines.absences.values("since", "until", "deputy__name"),
        "names": Person.objects.filter(unit=unit).order_by("name").values_list("name", flat=True),
        "rules": Audience.objects.filter(name__contains="%").values("name", "rule"),
        "nobody": Person.objects.filter(name="Nobody").values("name"),
        "never": Person.objects.filter(Q(pk__in=[])).values("name"),
    }
    with CaptureQueriesContext(connection) as asked:
        found = Lists(lambda: queries).rows()
    assert len(asked) == 1
    assert found == {name: list(query) for name, query in queries.items()}
    assert [len(rows) for rows in found.values()] == [3, 1, 3, 1, 0, 0]


def test_they_are_asked_again_with_other_values(ines: Person, nadia: Person) -> None:
    lists = Lists(lambda: {"names": Person.objects.filter(pk=Given("person")).values_list("name", flat=True)})
    for person in (ines, nadia, ines):
        assert lists.rows(person=person.pk) == {"names": [person.name]}
    with pytest.raises(KeyError, match="person"):
        lists.rows(reader=1)
