"""Several counts in one query give what each would give by itself."""

from typing import Any

import pytest
from django.db.models import Q

from headwater.core.counting import AT_MOST, SPARE, AtLeast, RowCount, RowCounts, bounded, corrected
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


def test_a_count_ends_at_its_bound(unit: Unit) -> None:
    """Of more rows than the bound only the first are looked at, in the order they have."""
    Person.objects.bulk_create(Person(name=f"Reader {number:04}", unit=unit) for number in range(AT_MOST + 20))
    readers = Person.objects.filter(unit=unit)
    tests = [Q(), Q(name__gte="Reader 1000"), Q(name__lt="Reader 0005")]
    found: Any = Unit.objects.filter(pk=unit.pk).values(
        each=RowCounts(readers.order_by("name"), tests),
        whole=RowCount(readers.order_by("name"), is_bounded=True),
        spare=RowCount(readers.order_by("name"), is_bounded=True, spare=10),
        exact=RowCount(readers),
    )[0]
    assert found["each"] == [AT_MOST + 1, 1, 5]
    assert (found["whole"], found["spare"], found["exact"]) == (AT_MOST + 1, AT_MOST + 11, AT_MOST + 20)


def test_what_is_beyond_the_bound_is_said_to_be_more() -> None:
    assert [type(bounded(found)) for found in (0, AT_MOST, AT_MOST + 1)] == [int, int, AtLeast]
    assert bounded(AT_MOST + 1) == AT_MOST
    less = bounded(AT_MOST + 1) - 10
    assert (type(less), less) == (AtLeast, AT_MOST - 10)


@pytest.mark.parametrize(
    "there", [0, 5, AT_MOST - 1, AT_MOST, AT_MOST + 1, AT_MOST + SPARE, AT_MOST + SPARE + 1, 5_000]
)
@pytest.mark.parametrize("more", [-SPARE, -1, 0, 1, 900])
def test_a_corrected_count_is_what_is_counted_afterwards(there: int, more: int) -> None:
    if there + more >= 0:
        said, after = corrected(min(there, AT_MOST + SPARE + 1), more), bounded(there + more)
        assert (type(said), said) == (type(after), after)


def test_of_what_was_not_counted_to_its_end_no_more_is_taken_off_than_there_is() -> None:
    said = [corrected(AT_MOST + SPARE + 1, -more) for more in (SPARE + 11, 5_000)]
    assert [(type(each), each) for each in said] == [(AtLeast, AT_MOST - 10), (AtLeast, 0)]
    assert (type(corrected(3, -5)), corrected(3, -5)) == (int, 0)
