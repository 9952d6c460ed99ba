"""What the people room holds about a person, and the gathering of what every room does.

A room that holds something offers, in <room>/held.py, `of_person(person) -> dict` (plain values, for JSON and the
page). It may offer `forbids_erasure(person) -> list[str]`, reasons in words why records duty forbids it, and
`forget(person)`, which removes what is personal and no record.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from headwater.core.models import Event
from headwater.people.models import Absence, AudienceMember, Community, Notice, Person


def offered(name: str) -> Iterator[tuple[str, Callable[[Person], Any]]]:
    """(room, function) of every room that offers that function in its held.py."""
    for room in settings.ROOMS:
        module = f"{room}.held"
        if find_spec(module):
            function = getattr(import_module(module), name, None)
            if function is not None:
                yield room.rpartition(".")[2], function


def held_about(person: Person) -> dict[str, Any]:
    """Everything that is held about a person, by room."""
    return {room: function(person) for room, function in offered("of_person")}


def of_person(person: Person) -> dict[str, Any]:
    """What this room holds: the profile, where they belong, what they may do, how they come in, what they were told."""
    return {
        "profile": _profile(person),
        "account": _account(person),
        "roles": list(person.roles.values_list("name", flat=True)),
        "other_units": list(person.other_units.values_list("name", flat=True)),
        "communities": list(person.communities.values_list("name", flat=True)),
        "asked_to_join": list(person.membership_requests.values("community__name", "asked_at")),
        "heads": list(person.heads.values_list("name", flat=True)),
        "deputises_for_the_head_of": list(person.deputises.values_list("name", flat=True)),
        "leads": list(Community.objects.filter(lead=person).values_list("name", flat=True)),
        "found_by": list(person.words.order_by("word").values_list("word", flat=True)),
        "marks": list(person.tags.values("tag", "room")),
        "permissions": list(person.grants.values("permission", "unit__name")),
        "audiences": [
            {"audience": name, "since": since}
            for name, since in AudienceMember.objects.filter(person=person).values_list("audience__name", "since")
        ],
        "absences": list(person.absences.values("since", "until", "deputy__name")),
        "stands_in_for": list(Absence.objects.filter(deputy=person).values("since", "until", "person__name")),
        "takes_over_from": list(
            Person.objects.filter(Q(successor=person) | Q(departures__successor=person))
            .distinct()
            .values("name", "left_on")
        ),
        "departures": list(person.departures.values("left_on", "successor__name", "recorded_at")),
        "tokens": list(person.tokens.values("name", "scope", "created_at", "expires_at", "last_used_on", "revoked_at")),
        "invitations": list(person.invitations.values("created_at", "expires_at", "used_at")),
        "notices": list(Notice.objects.filter(person=person).values("text", "url", "created_at", "done_at")),
        "log_of_your_actions": list(
            Event.objects.filter(actor_id=person.pk).order_by("-at").values("at", "verb", "door", "subject")[:5000]
        ),
    }


PROFILE = (
    "name", "email", "number", "title", "location", "language", "chosen_language", "timezone", "work_from",
    "work_until", "clearance", "joined_on", "left_on", "created_at",
)  # fmt: skip


def _profile(person: Person) -> dict[str, Any]:
    return {
        **{field: getattr(person, field) for field in PROFILE},
        "clearance": person.get_clearance_display(),
        "unit": person.unit.name if person.unit else None,
        "successor": person.successor.name if person.successor else None,
    }


def _account(person: Person) -> dict[str, Any] | None:
    user = person.user
    if user is None:
        return None
    return {"email": user.email, "name": user.name, "created_at": user.created_at, "last_login": user.last_login}


def forbids_erasure(person: Person) -> list[str]:
    """Somebody who is still a member leaves first: whoever owns or heads something must have a successor."""
    reasons = []
    if person.left_on is None or person.is_active:
        reasons.append(_("%(name)s is still a member: end the membership first.") % {"name": person.name})
    if person.heads.exists() or person.deputises.exists():
        reasons.append(_("%(name)s still heads a unit or stands in for its head.") % {"name": person.name})
    return reasons


def forget(person: Person) -> None:
    """Remove what is personal and no record: links, marks, absences, tokens, invitations, notices."""
    for rows in (
        person.role_links,
        person.tags,
        person.absences,
        person.tokens,
        person.invitations,
        person.notices,
        person.memberships,
        person.membership_requests,
        person.grants,
        person.audience_links,
    ):
        rows.all().delete()
