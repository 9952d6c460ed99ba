"""The few numbers that stand in the rail."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from headwater.core.counting import RowCount
from headwater.distribute.inbox import counts_of
from headwater.distribute.proof import Scope, overdue
from headwater.distribute.rules import proof_paths
from headwater.gather.models import Source
from headwater.home.rail import GATHERING, LOOKING, may_go
from headwater.people.models import Person


def note_counts(request: HttpRequest, unread: int, overdue: int) -> None:
    """Tell the frame what the page has counted already."""
    request.home_counts = unread, overdue  # type: ignore[attr-defined]


def rail_counts(request: HttpRequest, person: Person) -> dict[str, tuple[int, str, bool]]:
    """{icon of the place: (count, what it counts, whether it is bad)}."""
    known = getattr(request, "home_counts", None)
    steering = _steering(person)
    along: Any = {}
    if known is None:
        counts = counts_of(person, **steering)
        known, along = (counts.unread, counts.overdue), counts.more
    elif steering:
        along = Person.objects.filter(pk=person.pk).values(**steering)[0]
    return {
        "inbox": (known[0], _("unread"), known[1] > 0),
        "droplet": (along.get("failing", 0), _("failing"), True),
        "shield-check": (along.get("late", 0), _("overdue"), True),
    }


def _steering(person: Person) -> dict[str, RowCount]:
    """What those who steer see beside Gather and Prove: sources that fail, and what is overdue where they look."""
    wanted: dict[str, RowCount] = {}
    if may_go(person, GATHERING):
        failing = Source.objects.filter(state=Source.State.ACTIVE).exclude(trouble="")
        wanted["failing"] = RowCount(failing)
    paths = proof_paths(person) if may_go(person, LOOKING) else ()
    if paths:
        wanted["late"] = RowCount(overdue(Scope(paths)))
    return wanted
