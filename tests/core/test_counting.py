"""Several counts in one query give what each would give by itself."""

from typing import Any

from django.db.models import Q

from headwater.core.counting import RowCount, RowCounts
from headwater.people.models import Person, Unit


def test_counts_are_those_of_the_queries(ines: Person, nadia: Person, otto: Person, unit: Unit) -> None:
    people = Person.objects.order_by("name")
    tests = [Q(unit=unit), Q(name__startswith="Ines"), Q(name="Nobody"), Q(left_on__lt="2020-01-01")]
    found: Any = Unit.objects.filter(pk=unit.pk).values(each=RowCounts(people, tests), whole=RowCount(people))[0]
    assert found["each"] == [people.filter(test).count() for test in tests]
    assert found["each"][1:3] == [1, 0]
    assert found["whole"] == Person.objects.count() >= 3


def test_no_rows_count_nothing(ines: Person, unit: Unit) -> None:
    found: Any = Unit.objects.values(each=RowCounts(Person.objects.filter(name="Nobody"), [Q(unit=unit), Q()]))[0]
    assert found["each"] == [0, 0]


def test_what_can_find_nothing_counts_none(unit: Unit) -> None:
    nobody = Person.objects.filter(pk__in=[])
    found: Any = Unit.objects.values(whole=RowCount(nobody), each=RowCounts(nobody, [Q(unit=unit), Q()]))[0]
    assert found == {"whole": 0, "each": [0, 0]}
