"""The API of interest profiles and directives: what stands."""

from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, referred, required
from headwater.distribute import actions, rules
from headwater.distribute.masking import mask_directives
from headwater.distribute.models import Directive, InterestProfile, Ladder
from headwater.distribute.reach import reach_of
from headwater.distribute.rungs import usual_ladder
from headwater.people.models import Audience
from headwater.people.request import Request
from headwater.search.models import Entry

router = Router(tags=["distribute"])

REACH = ("selected", "reached", "blind", "unreachable", "away", "minutes", "is_clearance_told", "uncleared_here")


class ProfileIn(Body):
    query: str
    name: str = ""
    when: str = "digest"
    language: str = ""
    audience: Reference | None = None
    confirmed: bool = False


class ProfileOut(Schema):
    id: int
    name: str
    query: str
    when: str
    language: str
    person_id: int | None
    audience_id: int | None
    is_active: bool


def own_profile(request: Request, pk: int) -> InterestProfile:
    """A profile that the asker may change. Raises `Refused` for another's group, and 404 for another's own."""
    profile = _profile(request, pk)
    require(rules.may_change_profile(request.person, profile), _("Only those who keep this profile change it."))
    return profile


def _profile(request: Request, pk: int) -> InterestProfile:
    mine = Q(person=request.person) | Q(audience__isnull=False)
    return get_object_or_404(InterestProfile.objects.filter(mine), pk=pk)


@router.get("/profiles", response=list[ProfileOut], operation_id="list_profiles")
@paginate(Paging)
def list_profiles(request: Request) -> Any:
    """The person's own profiles and those of their groups."""
    mine = Q(person=request.person) | request.person.within()
    return InterestProfile.objects.filter(mine, removed_at=None).order_by("name", "pk")


@router.post("/profiles", response=ProfileOut, operation_id="save_profile")
def save_profile(request: Request, body: ProfileIn) -> InterestProfile:
    """Keep a standing query, one's own or a group's."""
    audience = referred(Audience, body.audience, "audience")
    values = body.dict(include={"name", "when", "language", "confirmed"})
    return actions.save_profile(request.person, body.query, audience=audience, **values)


@router.put("/profiles/{int:pk}", response=ProfileOut, operation_id="change_profile")
def change_profile(request: Request, pk: int, body: ProfileIn) -> InterestProfile:
    """Change a standing query."""
    profile = _profile(request, pk)
    values = body.dict(include={"name", "when", "language", "confirmed"})
    return actions.save_profile(request.person, body.query, profile=profile, **values)


@router.delete("/profiles/{int:pk}", response=ProfileOut, operation_id="remove_profile")
def remove_profile(request: Request, pk: int) -> InterestProfile:
    """Remove a standing query; restoring brings it back."""
    return actions.remove_profile(request.person, _profile(request, pk))


@router.post("/profiles/{int:pk}/restoration", response=ProfileOut, operation_id="restore_profile")
def restore_profile(request: Request, pk: int) -> InterestProfile:
    """Bring a removed standing query back."""
    return actions.restore_profile(request.person, _profile(request, pk))


@router.post("/profiles/{int:pk}/pause", response=ProfileOut, operation_id="pause_profile")
def pause_profile(request: Request, pk: int) -> InterestProfile:
    """Stop a standing query for a while."""
    return actions.pause_profile(request.person, _profile(request, pk))


@router.delete("/profiles/{int:pk}/pause", response=ProfileOut, operation_id="resume_profile")
def resume_profile(request: Request, pk: int) -> InterestProfile:
    """Let a paused standing query match again."""
    return actions.resume_profile(request.person, _profile(request, pk))


# --- Directives -------------------------------------------------------------------------------------------------------


class DirectiveIn(Body):
    audience: Reference
    name: str = ""
    entry: Id | None = None
    query: str = ""
    sentence: str = ""
    acknowledge: bool = True
    due_at: datetime | None = None
    due_days: int | None = None
    urgent: bool = False
    remind_days: list[int] | None = None
    tell_head_after_days: int | None = None
    channels: list[str] = []
    until: date | None = None
    confirmed: bool = False


class LadderShape(Body):
    """On which days before the due time people are reminded, and after how many days their head is told."""

    remind_days: list[int]
    tell_head_after_days: int


class DirectiveOut(Schema):
    id: int
    name: str
    state: str
    entry_id: int | None
    version_id: int | None
    query: str
    audience_id: int
    sentence: str
    acknowledge: bool
    due_at: datetime | None
    due_days: int | None
    urgent: bool
    channels: list[str]
    remind_days: list[int]
    tell_head_after_days: int
    issued_at: datetime | None
    until: date | None


def _directives(request: Request) -> Any:
    require(rules.may_write_directives(request.person), _("Only knowledge managers see must-reads here."))
    return Directive.objects.all()


def _written(request: Request, body: DirectiveIn, directive: Directive | None) -> Directive:
    values = body.dict()
    audience = required(Audience, values.pop("audience"), "audience")
    readable = Entry.objects.current().readable_by(request.person)
    entry = referred(readable, values.pop("entry"), "entry")
    return actions.save_directive(request.person, audience, entry=entry, directive=directive, **values)


class DirectiveLines(Schema):
    """A part of the must-reads, and how many there are; unnamed where the asker may not read what is asked."""

    items: list[DirectiveOut]
    count: int


def _seen(request: Request, directive: Directive) -> Directive:
    mask_directives(request.person, [directive])
    return directive


@router.get("/directives", response=DirectiveLines, operation_id="list_directives")
def list_directives(request: Request, asked: Query[Paging.Input]) -> dict[str, Any]:
    """Every must-read, newest first."""
    rows = _directives(request).order_by("-pk")
    shown = list(rows[asked.offset : asked.offset + asked.limit])
    mask_directives(request.person, shown)
    return {"items": shown, "count": rows.count()}


@router.post("/directives", response=DirectiveOut, operation_id="save_directive")
def save_directive(request: Request, body: DirectiveIn) -> Directive:
    """Write a must-read as a draft."""
    return _written(request, body, None)


@router.put("/directives/{int:pk}", response=DirectiveOut, operation_id="change_directive")
def change_directive(request: Request, pk: int, body: DirectiveIn) -> Directive:
    """Change a draft."""
    return _seen(request, _written(request, body, get_object_or_404(_directives(request), pk=pk)))


@router.post("/directives/{int:pk}/issue", response=DirectiveOut, operation_id="issue_directive")
def issue_directive(request: Request, pk: int) -> Directive:
    """Issue a draft."""
    return _seen(request, actions.issue_directive(request.person, get_object_or_404(_directives(request), pk=pk)))


@router.post("/directives/{int:pk}/recall", response=DirectiveOut, operation_id="recall_directive")
def recall_directive(request: Request, pk: int) -> Directive:
    """Take an issued must-read back."""
    return _seen(request, actions.recall_directive(request.person, get_object_or_404(_directives(request), pk=pk)))


@router.post("/directives/{int:pk}/end", response=DirectiveOut, operation_id="end_directive")
def end_directive(request: Request, pk: int) -> Directive:
    """End a must-read."""
    return _seen(request, actions.end_directive(request.person, get_object_or_404(_directives(request), pk=pk)))


@router.delete("/directives/{int:pk}", operation_id="remove_directive", response={204: None})
def remove_directive(request: Request, pk: int) -> tuple[int, None]:
    """Throw a draft away."""
    actions.remove_directive(request.person, get_object_or_404(_directives(request), pk=pk))
    return 204, None


@router.get("/ladder", response=LadderShape, operation_id="show_ladder")
def show_ladder(request: Request) -> Ladder:
    """How must-reads are followed up that say nothing of their own."""
    require(rules.may_write_directives(request.person), _("Only knowledge managers write must-reads."))
    return usual_ladder()


@router.put("/ladder", response=LadderShape, operation_id="change_ladder")
def change_ladder(request: Request, body: LadderShape) -> Ladder:
    """Set how must-reads are followed up that say nothing of their own."""
    return actions.change_ladder(request.person, body.remind_days, body.tell_head_after_days)


@router.get("/reach", operation_id="reach_audience")
def reach_audience(request: Request, audience: Reference, entry: Id | None = None) -> dict[str, Any]:
    """Whom a must-read would reach, and what it would ask of them.

    Unless `is_clearance_told`, who lacks the clearance is counted as if they had it, and `uncleared_here` says, in
    steps of eight, about how many of all people here do. Of an audience a forecast tells it.
    """
    require(rules.may_write_directives(request.person), _("Only knowledge managers write must-reads."))
    readable = Entry.objects.current().readable_by(request.person)
    chosen = referred(readable, entry, "entry")
    found = reach_of(required(Audience, audience, "audience"), chosen, request.person)
    told = {name: getattr(found, name) for name in REACH}
    return {**told, "by_unit": dict(found.by_unit)}
