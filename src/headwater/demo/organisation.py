"""The ministry itself: its units, people, communities and audiences, each made by the verb that makes them in use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.text import slugify

from headwater.core.actions import OPERATOR
from headwater.core.models import Classification, Organisation, User
from headwater.demo.cast import Cast
from headwater.demo.content import Ministry
from headwater.people import actions
from headwater.people.models import Audience, Permission, Person, Role

ADMINISTRATOR = "bram.okonreed"


def found_ministry(ministry: Ministry) -> Organisation:
    """The organisation with its administrator and nothing else yet. Call it outside every organisation."""
    about = ministry.organisation
    first = next(row for row in ministry.people if row["key"] == ADMINISTRATOR)
    organisation, _link = actions.found_organisation(
        name=about["name"],
        slug=about["slug"],
        admin_email=first["email"],
        language=about["language"],
        timezone=about["timezone"],
        is_demonstration=True,
        admin_name=first["name"],
    )
    return organisation


def load_people(cast: Cast) -> None:
    """Units, roles, people, who heads what, communities, marks, audiences, absences."""
    _make_units(cast)
    roles = {name: actions.create_role(OPERATOR, name) for name in cast.ministry.organisation["roles"]}
    for row in cast.ministry.people:
        cast.people[row["key"]] = _make_person(cast, row, roles)
    _give_accounts(cast)
    _give_permissions(cast)
    _name_heads(cast)
    _make_communities(cast)
    _mark_people(cast)
    _make_audiences(cast)
    _record_absences(cast)


def _make_units(cast: Cast) -> None:
    for row in cast.ministry.organisation["units"]:
        above = cast.units.get(row.get("below", ""))
        cast.units[row["slug"]] = actions.create_unit(OPERATOR, row["name"], slug=row["slug"], parent=above)


def _make_person(cast: Cast, row: dict[str, str], roles: dict[str, Role]) -> Person:
    known = Person.objects.filter(email=row["email"]).exclude(email="").first()
    fields: dict[str, Any] = {
        "number": row["number"],
        "unit": cast.units[row["unit"]],
        "roles": [roles[name] for name in row["roles"].split(";")],
        "title": row["roles"].split(";")[0],
        "location": row["location"],
        "language": row["language"],
        "clearance": Classification[row["clearance"].upper()],
        "joined_on": cast.ministry.calendar.now.date() - timedelta(days=int(row["joined_days_ago"])),
    }
    if known is not None:
        return actions.change_person(OPERATOR, known, **fields)
    return actions.create_person(OPERATOR, row["name"], email=row["email"], **fields)


def _give_accounts(cast: Cast) -> None:
    """Users without a password: in the demonstration one signs in by picking a name."""
    for row in cast.ministry.people:
        if row["account"] == "yes":
            person = cast.people[row["key"]]
            person.user = User.objects.create_user(row["email"], name=row["name"])
            person.save(update_fields=["user"])


def _give_permissions(cast: Cast) -> None:
    for row in cast.ministry.people:
        for grant in filter(None, row["permissions"].split(";")):
            permission, _, unit = grant.partition("@")
            actions.grant_permission(OPERATOR, cast.people[row["key"]], Permission(permission), cast.units.get(unit))


def _name_heads(cast: Cast) -> None:
    for row in cast.ministry.organisation["units"]:
        head, deputy = cast.people[row["head"]], cast.people[row["deputy"]]
        actions.set_unit_head(OPERATOR, cast.units[row["slug"]], head=head, deputy=deputy)


def _make_communities(cast: Cast) -> None:
    for row in cast.ministry.organisation["communities"]:
        lead = cast.people[row["lead"]]
        community = actions.create_community(OPERATOR, row["name"], purpose=row["purpose"], lead=lead)
        for person in cast.ministry.people:
            if row["name"] in person["communities"].split(";"):
                actions.join_community(OPERATOR, community, cast.people[person["key"]])


def _mark_people(cast: Cast) -> None:
    for row in cast.ministry.people:
        for tag in filter(None, row["tags"].split(";")):
            actions.tag_person(OPERATOR, cast.people[row["key"]], slugify(tag))


def _make_audiences(cast: Cast) -> None:
    for row in cast.ministry.rows("audiences"):
        known = Audience.objects.filter(slug=row["slug"]).first()
        cast.audiences[row["slug"]] = known or actions.create_audience(OPERATOR, row["name"], row["rule"], row["slug"])


def _record_absences(cast: Cast) -> None:
    today = cast.ministry.calendar.now.date()
    for row in cast.ministry.rows("absences"):
        since, until = (today + timedelta(days=row[name]) for name in ("from_day", "to_day"))
        actions.record_absence(OPERATOR, cast.people[row["person"]], since, until)
