"""Whose right to read may have grown between two transactions: rooms above follow the three tables it rests on.

Audiences have a table of their own (`people_audiencemember`). What is left: the person (clearance, first and last
day), their grants (a steward reads what a unit holds), and the tree of units that those grants look at.
"""

from collections.abc import Callable

from headwater.people.models import Grant, Permission, Person, Unit

Window = tuple[int, int]


def changed_people(window: Window) -> set[int]:
    """People whose own row was written by a transaction from the first number up to below the second."""
    return set(Person.objects.filter(tx__gte=window[0], tx__lt=window[1]).values_list("pk", flat=True))


def changed_stewards(window: Window) -> set[int]:
    """People who were made stewards in that time."""
    granted = Grant.objects.filter(permission=Permission.STEWARD, tx__gte=window[0], tx__lt=window[1])
    return set(granted.values_list("person", flat=True))


def stewards_of_moved_units(window: Window) -> set[int]:
    """Stewards of parts of the organisation, when any unit was changed in that time."""
    if not Unit.objects.filter(tx__gte=window[0], tx__lt=window[1]).exists():
        return set()
    return set(Grant.objects.filter(permission=Permission.STEWARD, unit__isnull=False).values_list("person", flat=True))


WIDENING: dict[str, Callable[[Window], set[int]]] = {
    "people_person": changed_people,
    "people_grant": changed_stewards,
    "people_unit": stewards_of_moved_units,
}
