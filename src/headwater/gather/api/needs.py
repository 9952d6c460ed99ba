"""The API of questions to be answered."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja.pagination import paginate

from headwater.core.paging import Paging
from headwater.gather import actions
from headwater.gather.api.routing import linked, router, source_of
from headwater.gather.api.shapes import Decision, NeedIn, NeedOut, ProposalOut
from headwater.gather.models import InformationNeed, NeedEntry
from headwater.people.request import Request
from headwater.search.models import Entry


def _need(request: Request, pk: int) -> InformationNeed:
    return get_object_or_404(InformationNeed.objects.visible_to(request.person).select_related("owner"), pk=pk)


@router.get("/needs", response=list[NeedOut], operation_id="list_needs")
@paginate(Paging)
def list_needs(request: Request) -> "QuerySet[InformationNeed]":
    """The questions to be answered that you may see."""
    return InformationNeed.objects.visible_to(request.person).order_by("pk")


@router.post("/needs", response=NeedOut, operation_id="create_need")
def create_need(request: Request, body: NeedIn) -> InformationNeed:
    """State a question."""
    values = body.dict()
    values["owner"] = values["owner"] if values["owner"] is not None else request.person.pk
    return actions.create_need(request.person, **linked(values))


@router.get("/needs/{pk}", response=NeedOut, operation_id="show_need")
def show_need(request: Request, pk: int) -> InformationNeed:
    """One question."""
    return _need(request, pk)


@router.patch("/needs/{pk}", response=NeedOut, operation_id="change_need")
def change_need(request: Request, pk: int, body: NeedIn) -> InformationNeed:
    """Change a question; what is left out stays."""
    return actions.change_need(request.person, _need(request, pk), **linked(body.dict(exclude_unset=True)))


@router.post("/needs/{pk}/closure", response=NeedOut, operation_id="close_need")
def close_need(request: Request, pk: int, met: bool = True) -> InformationNeed:
    """The question is answered, or dropped."""
    return actions.close_need(request.person, _need(request, pk), met)


@router.delete("/needs/{pk}/closure", response=NeedOut, operation_id="reopen_need")
def reopen_need(request: Request, pk: int) -> InformationNeed:
    """The question is asked again."""
    return actions.reopen_need(request.person, _need(request, pk))


@router.put("/needs/{pk}/sources/{source}", response=NeedOut, operation_id="link_source")
def link_source(request: Request, pk: int, source: int) -> InformationNeed:
    """Say that a source serves a question."""
    actions.link_source(request.person, _need(request, pk), source_of(request, source))
    return _need(request, pk)


@router.delete("/needs/{pk}/sources/{source}", response=NeedOut, operation_id="unlink_source")
def unlink_source(request: Request, pk: int, source: int) -> InformationNeed:
    """Say that a source no longer serves a question."""
    return actions.unlink_source(request.person, _need(request, pk), source_of(request, source))


@router.put("/needs/{pk}/entries/{entry}", response=ProposalOut, operation_id="link_entry")
def link_entry(request: Request, pk: int, entry: int) -> NeedEntry:
    """Link an entry to a question as an accepted answer."""
    found = get_object_or_404(Entry.objects.readable_by(request.person), pk=entry)
    return actions.link_entry(request.person, _need(request, pk), found)


@router.get("/needs/{pk}/entries", response=list[ProposalOut], operation_id="list_proposals")
@paginate(Paging)
def list_proposals(request: Request, pk: int) -> "QuerySet[NeedEntry]":
    """What is proposed, accepted and declined, of what you may read."""
    readable = Entry.objects.current().readable_by(request.person)
    return _need(request, pk).entry_links.filter(entry__in=readable).order_by("pk")


@router.post("/proposals/{pk}/decision", response=ProposalOut, operation_id="decide_proposal")
def decide_proposal(request: Request, pk: int, body: Decision) -> NeedEntry:
    """Accept or decline a proposal."""
    proposals = NeedEntry.objects.select_related("need__owner").filter(
        need__in=InformationNeed.objects.visible_to(request.person)
    )
    return actions.decide_proposal(request.person, get_object_or_404(proposals, pk=pk), body.accepted)
