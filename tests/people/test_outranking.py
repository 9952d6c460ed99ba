"""The administrator of a unit becomes nobody who outranks them, and clears nobody for more than themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from headwater.core.actions import OPERATOR, Refused
from headwater.core.addresses import address
from headwater.core.models import Classification
from headwater.people import actions, rules
from headwater.people.models import Grant, Invitation, Permission, Person, Unit
from tests.conftest import make_person
from tests.people.conftest import World

SignIn = Callable[[Person], Client]
API = "/o/waterworks/api/v1/people"


@pytest.fixture
def yusra(world: World) -> Person:
    """The administrator of Water, with everything below it."""
    yusra = make_person("Yusra", unit=world.units["water"])
    Grant.objects.create(person=yusra, permission=Permission.ADMINISTRATOR, unit=world.units["water"])
    return yusra


def _member(unit: Unit, **fields: int) -> Person:
    """Somebody of that unit who was added and has not come in yet."""
    return Person.objects.create(name="Bram", email="bram@waterworks.example", unit=unit, **fields)


HELD = [  # (permission, in which unit; none: everywhere)
    (Permission.ADMINISTRATOR, None),
    (Permission.KNOWLEDGE_MANAGER, None),
    (Permission.STEWARD, "roads"),
    (Permission.CONTRIBUTOR, "roads"),
]


@pytest.mark.parametrize("permission, unit", HELD)
def test_whoever_holds_more_is_out_of_reach(
    world: World, yusra: Person, permission: Permission, unit: str | None
) -> None:
    bram = _member(world.units["pumps"])
    held = actions.grant_permission(OPERATOR, bram, permission, world.units.get(unit or ""))
    for refused in (
        lambda: actions.invite_person(yusra, bram, by_mail=False),
        lambda: actions.reset_password(yusra, bram),
        lambda: actions.change_person(yusra, bram, email="yusra+bram@waterworks.example"),
        lambda: actions.change_person(yusra, bram, clear=["email"]),
        lambda: actions.change_person(yusra, bram, clearance=Classification.PUBLIC),
        lambda: actions.end_membership(yusra, bram),
        lambda: actions.resume_membership(yusra, bram),
    ):
        with pytest.raises(Refused, match="whole organisation"):
            refused()
    assert not Invitation.objects.exists()
    actions.change_person(yusra, bram, title="Fitter", email=bram.email)
    Grant.objects.filter(pk=held.pk).delete()
    assert actions.invite_person(yusra, Person.objects.get(pk=bram.pk), by_mail=False)


def test_whoever_holds_as_much_is_within_reach(world: World, yusra: Person) -> None:
    """What they themselves may give, or hold there too, they may take on by a link: it is nothing more."""
    bram = _member(world.units["pumps"])
    Grant.objects.create(person=bram, permission=Permission.READER)
    Grant.objects.create(person=bram, permission=Permission.ADMINISTRATOR, unit=world.units["drains"])
    Grant.objects.create(person=bram, permission=Permission.EXPERT)
    assert not rules.may_answer_for(yusra, bram)
    Grant.objects.create(person=yusra, permission=Permission.EXPERT)
    assert rules.may_answer_for(Person.objects.get(pk=yusra.pk), bram)
    assert not rules.may_answer_for(yusra, world.people["Eli"])


def test_whoever_is_cleared_for_more_is_out_of_reach(world: World, yusra: Person) -> None:
    bram = _member(world.units["pumps"], clearance=Classification.RESTRICTED)
    with pytest.raises(Refused, match="clearance beyond yours"):
        actions.invite_person(yusra, bram, by_mail=False)
    with pytest.raises(Refused):
        actions.change_person(yusra, bram, clearance=Classification.INTERNAL)
    Person.objects.filter(pk=yusra.pk).update(clearance=Classification.RESTRICTED)
    assert actions.invite_person(Person.objects.get(pk=yusra.pk), bram, by_mail=False)


def test_a_clearance_is_given_up_to_ones_own_and_not_to_oneself(world: World, yusra: Person, ada: Person) -> None:
    ben = world.people["Ben"]
    for refused in (
        lambda: actions.change_person(yusra, yusra, clearance=Classification.CONFIDENTIAL),
        lambda: actions.change_person(yusra, yusra, clearance=Classification.PUBLIC),
        lambda: actions.change_person(yusra, ben, clearance=Classification.RESTRICTED),
        lambda: actions.create_person(yusra, "Straw", unit=world.units["pumps"], clearance=Classification.CONFIDENTIAL),
    ):
        with pytest.raises(Refused, match="never to themselves"):
            refused()
    actions.change_person(yusra, ben, clearance=Classification.PUBLIC)
    actions.change_person(yusra, ben, clearance=Classification.INTERNAL, title="Fitter")
    actions.create_person(yusra, "Musa", unit=world.units["pumps"])
    for person in (ben, ada):
        assert actions.change_person(ada, person, clearance=3).clearance == Classification.CONFIDENTIAL


def test_no_door_gives_more(world: World, yusra: Person, sign_in: SignIn) -> None:
    bram = _member(world.units["pumps"])
    actions.grant_permission(OPERATOR, bram, Permission.ADMINISTRATOR)
    browser = sign_in(yusra)
    for method, path, body in (
        ("POST", f"/people/{bram.pk}/invitation", {"by_mail": False}),
        ("PATCH", f"/people/{bram.pk}", {"email": "y@waterworks.example"}),
        ("PATCH", f"/people/{yusra.pk}", {"clearance": 3}),
        ("POST", f"/people/{bram.pk}/departure", {}),
    ):
        answer = browser.generic(method, API + path, str(body).replace("'", '"').replace("False", "false"))
        assert answer.status_code == 403, path
        assert "whole organisation" in answer.json()["detail"]
    for name in ("invitation", "departure"):
        assert browser.post(address(f"people:{name}", pk=bram.pk), {"on": "2030-01-01"}).status_code == 403
    assert not Invitation.objects.exists()
    page = browser.get(address("people:person", pk=bram.pk)).content.decode()
    assert "beyond yours" in page
    assert address("people:invitation", pk=bram.pk) not in page
    assert (
        address("people:invitation", pk=world.people["Ben"].pk)
        in browser.get(address("people:person", pk=world.people["Ben"].pk)).content.decode()
    )
    assert bram.name not in browser.get(address("people:invitations")).content.decode()


def test_the_form_offers_what_may_be_given(world: World, yusra: Person, ada: Person, sign_in: SignIn) -> None:
    browser = sign_in(yusra)

    def form(pk: int) -> Any:
        return browser.get(address("people:edit", pk=pk)).context["form"]

    bram = _member(world.units["pumps"])
    assert [level for level, _ in form(bram.pk)["clearance"].field.choices] == [0, 1]
    actions.grant_permission(OPERATOR, bram, Permission.STEWARD)
    for pk, names in ((bram.pk, {"clearance", "email"}), (yusra.pk, {"clearance"})):
        fields = form(pk).fields
        assert {name for name, field in fields.items() if field.disabled} == names
    assert len(browser.get(address("people:new")).context["form"].fields["clearance"].choices) == 2
    shown = sign_in(ada).get(address("people:edit", pk=bram.pk)).context["form"].fields
    assert len(shown["clearance"].choices) == 4
    assert not shown["email"].disabled
