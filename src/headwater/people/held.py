"""What the people room holds about a person, and the gathering of what every room does.

A room that holds something offers, in <room>/held.py, `of_person(person) -> dict` (plain values, for JSON and the
page). It may offer `forbids_erasure(person) -> list[str]`, reasons in words why records duty forbids it,
`forget(person)`, which removes what is personal and no record, and `open_matters(reader) -> dict`: for each matter that
notices name a text in, as their dedupe keys begin, the rows of it that are open to the reader now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from headwater.core.lists import Lists
from headwater.core.lookups import numbers
from headwater.core.models import Event, User
from headwater.core.prepared import Given
from headwater.core.typed import read_number
from headwater.people.listing import ListsAbout
from headwater.people.models import (
    Absence,
    ApiToken,
    AudienceMember,
    Community,
    Departure,
    Grant,
    Invitation,
    MembershipRequest,
    Notice,
    Person,
    PersonTag,
    PersonWord,
    Role,
    Unit,
)
from headwater.people.reading import GivenReader, Reader, given_of, reader_like


def offered(name: str) -> Iterator[tuple[str, Callable[..., Any]]]:
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
    lists = _lists.of(person)
    account: list[Any] = lists.pop("account")
    _close_notices(person, lists["notices"])
    return {"profile": _profile(person), "account": account[0] if account else None, **lists}


def _close_notices(person: Person, notices: list[dict[str, Any]]) -> None:
    """Put words in place of what notices said about texts that are closed to the person now."""
    closed = closed_keys(person, [notice["dedupe_key"] for notice in notices])
    for notice in notices:
        if notice.pop("dedupe_key") in closed:
            notice["text"] = _("no longer open to you")


def closed_keys(person: Person, keys: Iterable[str]) -> set[str]:
    """Of the dedupe keys of notices, those of matters that name a text which is closed to the person now. One query."""
    matters: dict[str, set[int]] = defaultdict(set)
    for matter, _colon, number in (key.partition(":") for key in keys):
        if (pk := read_number(number)) is not None:
            matters[matter].add(pk)
    reader = reader_like(person)
    told = {matter: ids for matter, ids in matters.items() if matter in _matters(reader)}
    if not told:
        return set()
    asked = {matter: numbers(ids) for matter, ids in told.items()}
    found = _open(reader, frozenset(told)).rows(**given_of(person), **asked)
    return {f"{matter}:{number}" for matter, ids in told.items() for number in ids.difference(found[matter])}


@lru_cache(256)
def _matters(reader: GivenReader) -> dict[str, QuerySet[Any]]:
    """{matter: rows of it that are open to whoever asks}, of every room."""
    return {matter: rows for _room, function in offered("open_matters") for matter, rows in function(reader).items()}


@lru_cache(256)
def _open(reader: GivenReader, matters: frozenset[str]) -> Lists:
    """Of each of these matters, the open rows among the numbers that are given under its name."""
    known = _matters(reader)

    def asked(matter: str) -> QuerySet[Any, Any]:
        return known[matter].filter(pk__among=Given(matter)).values_list("pk", flat=True)

    return Lists(lambda: {matter: asked(matter) for matter in matters})


def still_open(person: Person, notices: Iterable[Notice]) -> list[Notice]:
    """The notices without those that name a text which is closed to the person now."""
    notices = list(notices)
    closed = closed_keys(person, [notice.dedupe_key for notice in notices])
    return [notice for notice in notices if notice.dedupe_key not in closed]


def _queries(person: Reader) -> dict[str, QuerySet[Any, Any]]:
    return {
        "account": User.objects.filter(people=person.pk).values("email", "name", "created_at", "last_login"),
        "roles": Role.objects.filter(people=person.pk).values_list("name", flat=True),
        "other_units": Unit.objects.filter(also=person.pk).values_list("name", flat=True),
        "communities": Community.objects.filter(members=person.pk).values_list("name", flat=True),
        "asked_to_join": (
            MembershipRequest.objects.filter(person=person.pk)
            .order_by("asked_at")
            .values("community__name", "asked_at")
        ),
        "heads": Unit.objects.filter(head=person.pk).values_list("name", flat=True),
        "deputises_for_the_head_of": Unit.objects.filter(deputy=person.pk).values_list("name", flat=True),
        "leads": Community.objects.filter(lead=person.pk).values_list("name", flat=True),
        "found_by": PersonWord.objects.filter(person=person.pk).order_by("word").values_list("word", flat=True),
        "marks": PersonTag.objects.filter(person=person.pk).values("tag", "room"),
        "permissions": Grant.objects.filter(person=person.pk).values("permission", "unit__name"),
        "audiences": AudienceMember.objects.filter(person=person.pk).values("audience__name", "since"),
        "absences": Absence.objects.filter(person=person.pk).values("since", "until", "deputy__name"),
        "stands_in_for": Absence.objects.filter(deputy=person.pk).values("since", "until", "person__name"),
        "takes_over_from": (
            Person.objects.filter(Q(successor=person.pk) | Q(departures__successor=person.pk))
            .distinct()
            .values("name", "left_on")
        ),
        "departures": Departure.objects.filter(person=person.pk).values("left_on", "successor__name", "recorded_at"),
        "tokens": ApiToken.objects.filter(person=person.pk).values(
            "name", "scope", "created_at", "expires_at", "last_used_on", "revoked_at"
        ),
        "invitations": Invitation.objects.filter(person=person.pk).values("created_at", "expires_at", "used_at"),
        "notices": Notice.objects.filter(person=person.pk).values("text", "url", "created_at", "done_at", "dedupe_key"),
        "log_of_your_actions": (
            Event.objects.filter(actor_id=person.pk).order_by("-at").values("at", "verb", "door", "subject")[:5000]
        ),
    }


_lists = ListsAbout(_queries)

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
