"""The page of invitations: whom one may invite, and whose link still works."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.addresses import address
from headwater.people import actions
from headwater.people.models import Permission, Person
from tests.people.conftest import World


@pytest.fixture
def as_ada(ada: Person, sign_in: Callable[[Person], Client]) -> Client:
    return sign_in(ada)


def test_inviting_many(world: World, ada: Person, as_ada: Client) -> None:
    ana = actions.change_person(ada, world.people["Ana"], email="ana@waterworks.example")
    page = as_ada.get(address("people:invitations"))
    assert ana in page.context["page"].object_list
    response = as_ada.post(address("people:invitations"), {"person": [ana.pk, "x"]}, follow=True)
    assert "1 invited" in response.content.decode()
    assert ana.invitations.count() == 1


def test_the_day_of_a_link_stands_beside_its_person_only_while_it_works(
    world: World, ada: Person, as_ada: Client
) -> None:
    ana, cal = (
        actions.change_person(ada, world.people[name], email=f"{name}@waterworks.example") for name in ("Ana", "Cal")
    )
    for person in (ana, cal):
        actions.invite_person(ada, person, by_mail=False)

    def days() -> dict[Person, datetime | None]:
        return dict(as_ada.get(address("people:invitations")).context["rows"])

    made = {person: person.invitations.get().created_at for person in (ana, cal)}
    before = days()
    assert {person: day for person, day in before.items() if day} == made
    actions.grant_permission(ada, ana, Permission.EXPERT)
    assert days() == before | {ana: None}
    cal.invitations.update(expires_at=timezone.now())
    assert not any(days().values())
    actions.invite_person(ada, ana, by_mail=False)
    assert days()[ana] == ana.invitations.latest("created_at").created_at
