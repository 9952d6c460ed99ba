"""Units, roles and communities: every change, its refusal, and what follows for audiences."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.core.models import Event
from headwater.people import actions, membership
from headwater.people.models import Audience, Community, Grant, Permission, Person, Role, Unit
from tests.people.conftest import World


def test_a_unit_knows_its_path(ada: Person) -> None:
    water = actions.create_unit(ada, "Water and Drainage")
    pumps = actions.create_unit(ada, "Pumps", parent=water)
    assert (water.slug, water.path) == ("water-and-drainage", f"/{water.pk}/")
    assert pumps.path == f"/{water.pk}/{pumps.pk}/"
    event = Event.objects.get(verb="create_unit", subject_id=pumps.pk)
    assert (event.actor_id, event.details) == (ada.pk, {"parent": water.pk})


def test_slugs_are_made_free_or_refused(ada: Person) -> None:
    assert actions.create_unit(ada, "Roads").slug == "roads"
    assert actions.create_unit(ada, "Roads").slug == "roads-2"
    assert actions.create_unit(ada, "الطرق").slug == "unit"
    with pytest.raises(ValidationError, match="taken already"):
        actions.create_unit(ada, "Other", slug="roads")
    with pytest.raises(ValidationError):
        actions.create_unit(ada, "Other", slug="not a slug")
    with pytest.raises(ValidationError):
        actions.create_unit(ada, "  ")


def test_moving_takes_everything_below_along(world: World) -> None:
    units = world.units
    leaf = actions.create_unit(OPERATOR, "Screens", parent=units["pumps"])
    audience = actions.create_audience(OPERATOR, "Roads", {"unit": "roads", "below": True})
    actions.move_unit(OPERATOR, units["pumps"], units["roads"])
    leaf.refresh_from_db()
    units["pumps"].refresh_from_db()
    assert units["pumps"].path == f"/{units['roads'].pk}/{units['pumps'].pk}/"
    assert leaf.path == f"{units['pumps'].path}{leaf.pk}/"
    assert {"Ben", "Cal"} <= set(audience.members.values_list("name", flat=True))
    assert not membership.difference()
    actions.move_unit(OPERATOR, units["pumps"], None)
    leaf.refresh_from_db()
    assert leaf.path == f"/{units['pumps'].pk}/{leaf.pk}/"


def test_a_unit_never_lies_below_itself_nor_too_deep(world: World) -> None:
    with pytest.raises(ValidationError, match="below itself"):
        actions.move_unit(OPERATOR, world.units["water"], world.units["pumps"])
    with pytest.raises(ValidationError, match="below itself"):
        actions.move_unit(OPERATOR, world.units["water"], world.units["water"])
    unit = world.units["roads"]
    for number in range(19):
        unit = actions.create_unit(OPERATOR, f"Level {number}", parent=unit)
    with pytest.raises(ValidationError, match="at most 20 deep"):
        actions.create_unit(OPERATOR, "Too deep", parent=unit)
    with pytest.raises(ValidationError, match="at most 20 deep"):
        actions.move_unit(OPERATOR, world.units["water"], unit.parent)


def test_heads(world: World) -> None:
    ana, ben = world.people["Ana"], world.people["Ben"]
    unit = actions.set_unit_head(OPERATOR, world.units["water"], ana, ben)
    assert (unit.head, unit.deputy) == (ana, ben)
    with pytest.raises(ValidationError, match="two people"):
        actions.set_unit_head(OPERATOR, unit, ana, ana)
    actions.end_membership(OPERATOR, ben)
    with pytest.raises(ValidationError, match="not a member"):
        actions.set_unit_head(OPERATOR, unit, ana, ben)


def test_a_unit_in_use_stays(world: World) -> None:
    with pytest.raises(ValidationError, match="units below"):
        actions.remove_unit(OPERATOR, world.units["water"])
    with pytest.raises(ValidationError, match="It has people"):
        actions.remove_unit(OPERATOR, world.units["roads"])
    empty = actions.create_unit(OPERATOR, "Empty")
    audience = actions.create_audience(OPERATOR, "Nobody", {"unit": "empty"})
    with pytest.raises(ValidationError, match="“Nobody”"):
        actions.remove_unit(OPERATOR, empty)
    actions.remove_audience(OPERATOR, audience)
    actions.remove_unit(OPERATOR, empty)
    assert not Unit.objects.filter(slug="empty").exists()


def test_only_administrators_of_that_part_change_units(world: World, nadia: Person) -> None:
    water, roads = world.units["water"], world.units["roads"]
    ana = world.people["Ana"]
    Grant.objects.create(person=ana, permission=Permission.ADMINISTRATOR, unit=water)
    assert actions.create_unit(ana, "Valves", parent=world.units["pumps"]).pk
    assert actions.rename_unit(ana, water, "Waters").name == "Waters"
    for refused in (
        lambda: actions.create_unit(ana, "Top"),
        lambda: actions.rename_unit(ana, roads, "Ours"),
        lambda: actions.move_unit(ana, world.units["pumps"], roads),
        lambda: actions.move_unit(ana, water, None),
        lambda: actions.remove_unit(ana, roads),
        lambda: actions.set_unit_head(nadia, water),
        lambda: actions.create_role(ana, "Role"),
        lambda: actions.rename_role(nadia, world.roles["clerk"], "Role"),
        lambda: actions.remove_role(nadia, world.roles["clerk"]),
    ):
        with pytest.raises(Refused):
            refused()


def test_roles(world: World) -> None:
    role = actions.create_role(SYSTEM, "Drainage inspector")
    assert role.slug == "drainage-inspector"
    assert actions.rename_role(SYSTEM, role, "Inspector of drains").slug == "drainage-inspector"
    actions.create_audience(SYSTEM, "Inspectors", {"not": {"role": "drainage-inspector"}})
    with pytest.raises(ValidationError, match="“Inspectors”"):
        actions.remove_role(SYSTEM, role)
    actions.remove_role(SYSTEM, world.roles["clerk"])
    assert not Role.objects.filter(slug="clerk").exists()


def test_a_community_and_its_members(nadia: Person, ines: Person, otto: Person) -> None:
    community = actions.create_community(
        nadia, "Drainage practice", purpose="Keep water moving.", lead=otto, is_open=True
    )
    audience = actions.create_audience(nadia, "Practice", {"community": community.slug})
    assert set(audience.members.all()) == {otto}
    actions.join_community(ines, community)
    assert set(audience.members.all()) == {otto, ines}
    actions.leave_community(otto, community, ines)
    assert set(audience.members.all()) == {otto}
    actions.leave_community(otto, community)
    assert set(audience.members.all()) == {otto}, "the lead asks, too"
    actions.remove_audience(nadia, audience)
    actions.leave_community(otto, community)
    community.refresh_from_db()
    assert community.lead is None


def test_a_community_on_request(nadia: Person, ines: Person, otto: Person) -> None:
    """Nobody reads what is shared with a community before its lead has brought them in."""
    community = actions.create_community(nadia, "Rescuers", lead=otto)
    audience = actions.create_audience(nadia, "Rescuers", {"community": community.slug})
    for _again in range(2):
        actions.join_community(ines, community)
    assert set(audience.members.all()) == {otto}
    notice = otto.notices.get()
    assert (notice.text, notice.done_at) == ("Ines asks to come into the community Rescuers.", None)
    with pytest.raises(Refused):
        actions.join_community(hired(ines), community, ines)
    actions.join_community(otto, community, ines)
    assert set(audience.members.all()) == {otto, ines}
    assert not community.requests.exists()
    notice.refresh_from_db()
    assert notice.done_at is not None
    assert ines.notices.get().text == "You were brought into the community Rescuers."
    actions.join_community(ines, community)
    assert not community.requests.exists()


def hired(colleague: Person) -> Person:
    return Person.objects.create(name="Colleague", unit=colleague.unit)


def test_a_request_is_withdrawn_or_declined(nadia: Person, ada: Person, ines: Person) -> None:
    """Without a lead the administrators are asked."""
    community = actions.create_community(nadia, "Rescuers")
    actions.join_community(ines, community)
    assert ada.notices.get().done_at is None
    actions.leave_community(ines, community)
    assert ada.notices.get().done_at is not None
    assert not community.requests.exists()
    assert not ines.notices.exists()
    actions.join_community(ines, community)
    assert ada.notices.get().done_at is None
    actions.leave_community(ada, community, ines)
    assert "not brought into" in ines.notices.get().text
    assert not community.memberships.exists()


@pytest.mark.parametrize("is_open", [True, False])
def test_nobody_lets_themselves_out_of_an_audience(nadia: Person, ines: Person, otto: Person, is_open: bool) -> None:
    """Where an audience names a community, leaving is asked for: what must be read stays asked until it is granted."""
    community = actions.create_community(nadia, "Rescuers", lead=otto, is_open=is_open)
    actions.join_community(otto, community, ines)
    audience = actions.create_audience(nadia, "Rescuers", {"any": [{"community": community.slug}, {"tag": "x"}]})
    for _again in range(2):
        actions.leave_community(ines, community)
    assert set(audience.members.all()) == {otto, ines}
    notice = otto.notices.get()
    assert (notice.text, notice.done_at) == ("Ines asks to leave the community Rescuers.", None)
    actions.join_community(ines, community)
    assert not community.requests.exists()
    actions.leave_community(ines, community)
    actions.join_community(otto, community, ines)
    assert ines.notices.filter(text__startswith="You stay in").exists()
    assert set(audience.members.all()) == {otto, ines}
    actions.leave_community(ines, community)
    actions.leave_community(otto, community, ines)
    assert set(audience.members.all()) == {otto}
    assert not community.requests.exists()
    assert ines.notices.filter(text__contains="no longer in").exists()


@pytest.mark.parametrize("rule", [{"not": {"community": "walkers"}}, {"all": [{"everyone": True}, {"not": {"any": [
    {"tag": "x"}, {"community": "walkers"}]}}]}])  # fmt: skip
def test_nobody_joins_their_way_out_of_an_audience(
    nadia: Person, ines: Person, otto: Person, rule: dict[str, Any]
) -> None:
    """A must-read for all but the Walkers stays asked of whoever joins them, until somebody lets them in."""
    community = actions.create_community(nadia, "Walkers", lead=otto, is_open=True)
    audience = actions.create_audience(nadia, "The others", rule)
    for _again in range(2):
        actions.join_community(ines, community)
    assert set(audience.members.all()) == {ines, nadia}
    assert "asks to come into" in otto.notices.get().text
    actions.join_community(otto, community, ines)
    assert set(audience.members.all()) == {nadia}
    actions.join_community(nadia, community)
    assert not audience.members.exists()


def test_the_lead_joins_their_own_but_not_out_of_an_audience(nadia: Person, ada: Person, otto: Person) -> None:
    community = actions.create_community(nadia, "Walkers", lead=otto)
    community.memberships.all().delete()
    actions.join_community(otto, community)
    assert community.memberships.exists()
    community.memberships.all().delete()
    actions.create_audience(nadia, "The others", {"not": {"community": "walkers"}})
    actions.join_community(otto, community)
    assert not community.memberships.exists()
    assert "asks to come into" in ada.notices.get().text


def test_what_is_left_out_twice_is_left_in(nadia: Person, ines: Person) -> None:
    community = actions.create_community(nadia, "Walkers", is_open=True)
    actions.create_audience(nadia, "Walkers", {"not": {"not": {"community": "walkers"}}})
    actions.join_community(ines, community)
    assert community.memberships.get().person == ines


def test_the_lead_asks_others(nadia: Person, ada: Person, otto: Person) -> None:
    community = actions.create_community(nadia, "Rescuers", lead=otto)
    audience = actions.create_audience(nadia, "Rescuers", {"community": community.slug})
    for who in (None, otto):
        actions.leave_community(otto, community, who)
    assert set(audience.members.all()) == {otto}
    assert "asks to leave" in ada.notices.get().text
    actions.leave_community(ada, community, otto)
    assert not audience.members.exists()


def test_an_open_community_is_joined_at_once(nadia: Person, ines: Person) -> None:
    community = actions.create_community(nadia, "Walkers", is_open=True)
    actions.join_community(ines, community)
    assert community.memberships.get().person == ines
    actions.change_community(nadia, community, "Walkers", is_open=False)
    assert not Community.objects.get().is_open
    actions.change_community(nadia, community, "Walkers")
    assert not Community.objects.get().is_open


def test_who_changes_a_community(nadia: Person, ines: Person, otto: Person) -> None:
    community = actions.create_community(nadia, "Practice", lead=otto)
    assert actions.change_community(otto, community, "Practice 2", lead=otto).name == "Practice 2"
    for refused in (
        lambda: actions.create_community(ines, "Mine"),
        lambda: actions.change_community(ines, community, "Mine"),
        lambda: actions.remove_community(ines, community),
        lambda: actions.join_community(ines, community, nadia),
        lambda: actions.leave_community(ines, community, otto),
    ):
        with pytest.raises(Refused):
            refused()
    with pytest.raises(ValidationError, match="Say who"):
        actions.join_community(SYSTEM, community)
    audience = actions.create_audience(nadia, "Them", {"community": community.slug})
    with pytest.raises(ValidationError, match="“Them”"):
        actions.remove_community(nadia, community)
    actions.remove_audience(nadia, audience)
    actions.remove_community(nadia, community)
    assert not Community.objects.exists()


def test_audiences_are_checked_and_kept(world: World, ines: Person) -> None:
    audience = actions.create_audience(OPERATOR, "Duty", {"tag": "duty"})
    assert set(audience.members.values_list("name", flat=True)) == {"Cal", "Gus"}
    actions.change_audience(OPERATOR, audience, rule={"tag": "head"})
    assert set(audience.members.values_list("name", flat=True)) == {"Eli", "Ida"}
    assert Event.objects.get(verb="change_audience").details == {"joined": 2, "left": 2}
    with pytest.raises(ValidationError, match="no unit"):
        actions.change_audience(OPERATOR, audience, rule={"unit": "moon"})
    for refused in (
        lambda: actions.create_audience(ines, "Mine", {"everyone": True}),
        lambda: actions.change_audience(ines, audience, "Mine"),
        lambda: actions.remove_audience(ines, audience),
        lambda: actions.refresh_audiences(ines),
    ):
        with pytest.raises(Refused):
            refused()
    audience.member_links.all().delete()
    actions.refresh_audiences(OPERATOR)
    assert audience.members.count() == 2


def test_an_audience_that_decides_who_reads_stays(world: World) -> None:
    from headwater.search.models import Entry, Kind

    audience = actions.create_audience(OPERATOR, "Duty", {"tag": "duty"})
    Entry.objects.create(kind=Kind.GATHERED, title="Storm", audience=audience)
    with pytest.raises(ValidationError, match="decides who reads"):
        actions.remove_audience(OPERATOR, audience)
    assert Audience.objects.filter(pk=audience.pk).exists()
