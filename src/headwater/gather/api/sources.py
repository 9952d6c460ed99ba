"""The API of sources, their runs, and what could not be read."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.paging import Paging
from headwater.core.references import referred
from headwater.gather import actions, rules
from headwater.gather.api.routing import linked, router, source_of
from headwater.gather.api.shapes import CauseIn, ClosingIn, FailureOut, RunOut, SourceChange, SourceIn, SourceOut
from headwater.gather.models import Failure, Run, Source
from headwater.people.request import Request


@router.get("/sources", response=list[SourceOut], operation_id="list_sources")
@paginate(Paging)
def list_sources(request: Request) -> "QuerySet[Source]":
    """The sources of the organisation and how each does."""
    require(rules.may_see_sources(request.person), _("Sources are shown to those who write, manage or administer."))
    return Source.objects.order_by("pk")


@router.post("/sources", response=SourceOut, operation_id="create_source")
def create_source(request: Request, body: SourceIn) -> Source:
    """Name a place to gather from; its first run begins at once."""
    values = body.dict()
    values["owner"] = values["owner"] if values["owner"] is not None else request.person.pk
    return actions.create_source(request.person, **linked(values))


@router.get("/sources/{pk}", response=SourceOut, operation_id="show_source")
def show_source(request: Request, pk: int) -> Source:
    """One source."""
    return source_of(request, pk)


@router.patch("/sources/{pk}", response=SourceOut, operation_id="change_source")
def change_source(request: Request, pk: int, body: SourceChange) -> Source:
    """Change a source; its documents follow at once."""
    return actions.change_source(request.person, source_of(request, pk), **linked(body.dict(exclude_unset=True)))


@router.post("/sources/{pk}/pause", response=SourceOut, operation_id="pause_source")
def pause_source(request: Request, pk: int) -> Source:
    """Stop reading a source until it is resumed."""
    return actions.pause_source(request.person, source_of(request, pk))


@router.delete("/sources/{pk}/pause", response=SourceOut, operation_id="resume_source")
def resume_source(request: Request, pk: int) -> Source:
    """Read a paused source again."""
    return actions.resume_source(request.person, source_of(request, pk))


@router.post("/sources/{pk}/closure", response=SourceOut, operation_id="close_source")
def close_source(request: Request, pk: int, body: ClosingIn) -> Source:
    """End a source, and say what becomes of its documents."""
    to = referred(Source, body.to, "to")
    return actions.close_source(request.person, source_of(request, pk), body.documents, to)


@router.delete("/sources/{pk}/closure", response=SourceOut, operation_id="reopen_source")
def reopen_source(request: Request, pk: int) -> Source:
    """Open a closed source again."""
    return actions.reopen_source(request.person, source_of(request, pk))


# --- Runs and failures ------------------------------------------------------------------------------------------------


@router.get("/sources/{pk}/runs", response=list[RunOut], operation_id="list_runs")
@paginate(Paging)
def list_runs(request: Request, pk: int) -> "QuerySet[Run]":
    """The runs of a source, newest first."""
    return source_of(request, pk).runs.order_by("-started_at")


@router.post("/sources/{pk}/runs", response=RunOut, operation_id="start_run")
def start_run(request: Request, pk: int) -> Run:
    """Read a source now; the run that goes on already, if there is one."""
    return actions.start_run(request.person, source_of(request, pk))


@router.delete("/runs/{pk}", response=RunOut, operation_id="stop_run")
def stop_run(request: Request, pk: int) -> Run:
    """Stop a run after the batch it is at."""
    run = get_object_or_404(Run.objects.select_related("source__owner", "source__unit"), pk=pk)
    return actions.stop_run(request.person, run)


@router.get("/sources/{pk}/failures", response=list[FailureOut], operation_id="list_failures")
@paginate(Paging)
def list_failures(request: Request, pk: int) -> "QuerySet[Failure]":
    """What could not be read, for who may read the source."""
    source = source_of(request, pk)
    require(rules.may_read_source(request.person, source), _("Only who may read this source sees names in it."))
    failures = Failure.objects.filter(document__source=source, document__vanished_at=None, dismissed_at=None)
    return failures.select_related("document").order_by("pk")


@router.post("/sources/{pk}/retries", response=SourceOut, operation_id="retry_failures")
def retry_failures(request: Request, pk: int, body: CauseIn) -> Source:
    """Read again what could not be read."""
    return actions.retry_failures(request.person, source_of(request, pk), body.cause)


@router.post("/sources/{pk}/dismissals", response=SourceOut, operation_id="dismiss_failures")
def dismiss_failures(request: Request, pk: int, body: CauseIn) -> Source:
    """Leave out what could not be read for one cause."""
    return actions.dismiss_failures(request.person, source_of(request, pk), body.cause)
