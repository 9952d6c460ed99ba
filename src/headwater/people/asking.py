"""Who is asking: the person behind a request with all that decides about them, in one query that is made once."""

from typing import Any

from headwater.core.prepared import Given, Prepared, columns_of, instance_of
from headwater.people.models import ApiToken, Person, Unit, held_access

_ACCESS = ("held_grants", "held_audiences")
_PERSON, _TOKEN = columns_of(Person), columns_of(ApiToken)

_of_user = Prepared(
    lambda: (
        Person.objects.filter(user=Given("user"))
        .annotate(**held_access("pk"))
        .values_list(*_PERSON, *_ACCESS, *columns_of(Unit, "unit__"))
    ),
    keeps_plan=True,
)
_of_token = Prepared(
    lambda: (
        ApiToken.objects.filter(digest=Given("digest"))
        .annotate(**held_access("person"))
        .values_list(*_TOKEN, *columns_of(Person, "person__"), *_ACCESS)
    ),
    keeps_plan=True,
)


def person_of_user(user_id: int) -> Person | None:
    """The account's person in the current organisation, with access and unit."""
    for row in _of_user.rows(user=user_id):
        person, unit = _person(row), row[len(_PERSON) + len(_ACCESS) :]
        person.unit = instance_of(Unit, unit) if person.unit_id else None
        return person
    return None


def token_of_digest(digest: str) -> ApiToken | None:
    """The token with this SHA-256 in the current organisation, with its person and their access."""
    for row in _of_token.rows(digest=digest):
        token = instance_of(ApiToken, row)
        token.person = _person(row[len(_TOKEN) :])
        return token
    return None


def _person(row: tuple[Any, ...]) -> Person:
    person = instance_of(Person, row)
    person.remember_access(*row[len(_PERSON) : len(_PERSON) + len(_ACCESS)])
    return person
