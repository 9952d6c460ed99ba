"""The API of gather: sources and their runs, documents, and information needs."""

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, File, Router, Schema
from ninja.files import UploadedFile
from ninja.pagination import paginate

from headwater.core.actions import require
from headwater.core.paging import Paging
from headwater.core.references import Id, Reference, referred
from headwater.gather import actions, rules
from headwater.gather.health import health_of
from headwater.gather.models import Document, Failure, InformationNeed, NeedEntry, Run, Source
from headwater.gather.views.documents import send_raw
from headwater.people.models import Audience, Person, Unit
from headwater.people.request import Request
from headwater.search.models import Entry

router = Router(tags=["gather"])


class SourceIn(Schema):
    """A new source. `settings` by kind: path; url; host, port, security, username, folder. `secret`: password."""

    name: str
    kind: Source.Kind
    owner: Id | None = None
    settings: dict[str, Any] = {}
    secret: dict[str, str] | None = None
    audience: Reference | None = None
    unit: Reference | None = None
    classification: int = Field(1, ge=0, le=3)
    grade: Source.Grade = Source.Grade.F
    every_minutes: int = Field(60, ge=1, le=1_000_000)
    silent_after_hours: int | None = Field(None, ge=1, le=1_000_000)
    deliver_backfill_days: int = Field(7, ge=0, le=36_500)


class SourceChange(Schema):
    """What of a source changes; what is left out stays."""

    name: str | None = None
    owner: Id | None = None
    settings: dict[str, Any] | None = None
    secret: dict[str, str] | None = None
    audience: Reference | None = None
    unit: Reference | None = None
    classification: int | None = Field(None, ge=0, le=3)
    grade: Source.Grade | None = None
    every_minutes: int | None = Field(None, ge=1, le=1_000_000)
    silent_after_hours: int | None = Field(None, ge=0, le=1_000_000)
    deliver_backfill_days: int | None = Field(None, ge=0, le=36_500)
    owner_only: bool = False


class SourceOut(Schema):
    """A source and how it does."""

    id: int
    slug: str
    name: str
    kind: str
    settings: dict[str, Any]
    owner_id: int
    audience_id: int | None
    unit_id: int | None
    classification: int
    grade: str
    every_minutes: int
    silent_after_hours: int | None
    state: str
    health: str
    trouble: str
    last_worked_at: datetime | None
    last_change_at: datetime | None

    @staticmethod
    def resolve_trouble(source: Source) -> str:
        """Why the last run failed and what to do, in the reader's language."""
        return source.trouble_words

    @staticmethod
    def resolve_health(source: Source) -> str:
        """healthy, trouble, silent, late, paused, closed or new."""
        return health_of(source)


class RunOut(Schema):
    """A run and how far it is."""

    id: int
    source_id: int
    state: str
    is_backfill: bool
    started_at: datetime
    ended_at: datetime | None
    total: int | None
    counts: dict[str, int]
    rate: float
    seconds_left: float | None
    message: str

    @staticmethod
    def resolve_message(run: Run) -> str:
        """Why it failed, in the reader's language."""
        return run.words


class DocumentOut(Schema):
    """One gathered piece; `entry_id` is what is read and searched, none while no text was taken out."""

    id: int
    source_id: int
    key: str
    entry_id: int | None
    mime: str
    size: int
    blob: str
    last_seen_at: datetime
    vanished_at: datetime | None


class FailureOut(Schema):
    """A document that could not be read, and why."""

    document_id: int
    key: str
    cause: str
    message: str
    remedy: str
    first_at: datetime
    last_at: datetime

    @staticmethod
    def resolve_message(failure: Failure) -> str:
        """What happened, in the reader's language."""
        return failure.words

    @staticmethod
    def resolve_remedy(failure: Failure) -> str:
        """What to do, in the reader's language."""
        return failure.remedy_words

    @staticmethod
    def resolve_key(failure: Failure) -> str:
        """The document's name in its source."""
        return failure.document.key


class ClosingIn(Schema):
    """What becomes of the documents: keep, withdraw, or hand_over to the upload source `to`."""

    documents: str
    to: Reference | None = None


class CauseIn(Schema):
    """One cause of failures; empty: all."""

    cause: str = ""


class NoteIn(Schema):
    """Something written down."""

    title: str
    text: str
    author: str = ""
    url: str = ""


class NeedIn(Schema):
    """A question to be answered."""

    question: str = Field(max_length=300)
    query: str = Field("", max_length=1000)
    why: str = ""
    owner: Id | None = None
    due_on: date | None = None
    audience: Reference | None = None


class NeedOut(Schema):
    """A question and where it stands."""

    id: int
    question: str
    why: str
    query: str
    owner_id: int
    due_on: date | None
    state: str
    audience_id: int | None


class ProposalOut(Schema):
    """An entry proposed, accepted or declined as an answer."""

    id: int
    need_id: int
    entry_id: int
    state: str


class Decision(Schema):
    """Whether a proposal answers the question."""

    accepted: bool


def _source(request: Request, pk: int) -> Source:
    require(rules.may_see_sources(request.person), _("Sources are shown to those who write, manage or administer."))
    return get_object_or_404(Source.objects.select_related("owner", "unit", "audience"), pk=pk)


def _linked(values: dict[str, Any]) -> dict[str, Any]:
    """References to people, audiences and units as the things themselves."""
    models: dict[str, Any] = {"owner": Person, "audience": Audience, "unit": Unit}
    return {**values, **{name: referred(models[name], values[name], name) for name in models if name in values}}


# --- Sources ----------------------------------------------------------------------------------------------------------


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
    return actions.create_source(request.person, **_linked(values))


@router.get("/sources/{pk}", response=SourceOut, operation_id="show_source")
def show_source(request: Request, pk: int) -> Source:
    """One source."""
    return _source(request, pk)


@router.patch("/sources/{pk}", response=SourceOut, operation_id="change_source")
def change_source(request: Request, pk: int, body: SourceChange) -> Source:
    """Change a source; its documents follow at once."""
    return actions.change_source(request.person, _source(request, pk), **_linked(body.dict(exclude_unset=True)))


@router.post("/sources/{pk}/pause", response=SourceOut, operation_id="pause_source")
def pause_source(request: Request, pk: int) -> Source:
    """Stop reading a source until it is resumed."""
    return actions.pause_source(request.person, _source(request, pk))


@router.delete("/sources/{pk}/pause", response=SourceOut, operation_id="resume_source")
def resume_source(request: Request, pk: int) -> Source:
    """Read a paused source again."""
    return actions.resume_source(request.person, _source(request, pk))


@router.post("/sources/{pk}/closure", response=SourceOut, operation_id="close_source")
def close_source(request: Request, pk: int, body: ClosingIn) -> Source:
    """End a source, and say what becomes of its documents."""
    to = referred(Source, body.to, "to")
    return actions.close_source(request.person, _source(request, pk), body.documents, to)


@router.delete("/sources/{pk}/closure", response=SourceOut, operation_id="reopen_source")
def reopen_source(request: Request, pk: int) -> Source:
    """Open a closed source again."""
    return actions.reopen_source(request.person, _source(request, pk))


# --- Runs and failures ------------------------------------------------------------------------------------------------


@router.get("/sources/{pk}/runs", response=list[RunOut], operation_id="list_runs")
@paginate(Paging)
def list_runs(request: Request, pk: int) -> "QuerySet[Run]":
    """The runs of a source, newest first."""
    return _source(request, pk).runs.order_by("-started_at")


@router.post("/sources/{pk}/runs", response=RunOut, operation_id="start_run")
def start_run(request: Request, pk: int) -> Run:
    """Read a source now; the run that goes on already, if there is one."""
    return actions.start_run(request.person, _source(request, pk))


@router.delete("/runs/{pk}", response=RunOut, operation_id="stop_run")
def stop_run(request: Request, pk: int) -> Run:
    """Stop a run after the batch it is at."""
    run = get_object_or_404(Run.objects.select_related("source__owner", "source__unit"), pk=pk)
    return actions.stop_run(request.person, run)


@router.get("/sources/{pk}/failures", response=list[FailureOut], operation_id="list_failures")
@paginate(Paging)
def list_failures(request: Request, pk: int) -> "QuerySet[Failure]":
    """What could not be read, for who may read the source."""
    source = _source(request, pk)
    require(rules.may_read_source(request.person, source), _("Only who may read this source sees names in it."))
    failures = Failure.objects.filter(document__source=source, document__vanished_at=None, dismissed_at=None)
    return failures.select_related("document").order_by("pk")


@router.post("/sources/{pk}/retries", response=SourceOut, operation_id="retry_failures")
def retry_failures(request: Request, pk: int, body: CauseIn) -> Source:
    """Read again what could not be read."""
    return actions.retry_failures(request.person, _source(request, pk), body.cause)


@router.post("/sources/{pk}/dismissals", response=SourceOut, operation_id="dismiss_failures")
def dismiss_failures(request: Request, pk: int, body: CauseIn) -> Source:
    """Leave out what could not be read for one cause."""
    return actions.dismiss_failures(request.person, _source(request, pk), body.cause)


# --- Documents --------------------------------------------------------------------------------------------------------


@router.get("/sources/{pk}/documents", response=list[DocumentOut], operation_id="list_documents")
@paginate(Paging)
def list_documents(request: Request, pk: int) -> "QuerySet[Document]":
    """What came from a source and you may read."""
    return _source(request, pk).documents.readable_by(request.person).order_by("pk")


@router.post("/sources/{pk}/documents", response=DocumentOut, operation_id="upload_document")
def upload_document(request: Request, pk: int, file: File[UploadedFile]) -> Document:
    """Hand in a file; it is kept at once and read in the background."""
    return actions.upload_document(request.person, _source(request, pk), file.name or "", file.read())


@router.post("/sources/{pk}/notes", response=DocumentOut, operation_id="capture_note")
def capture_note(request: Request, pk: int, body: NoteIn) -> Document:
    """Write something down, as Markdown."""
    return actions.capture_note(request.person, _source(request, pk), **body.dict())


@router.post("/sources/{pk}/mails", response=DocumentOut, operation_id="capture_mail")
def capture_mail(request: Request, pk: int, file: File[UploadedFile]) -> Document:
    """Take in a mail file (.eml)."""
    return actions.capture_mail(request.person, _source(request, pk), file.read())


@router.get("/documents/{pk}", response=DocumentOut, operation_id="show_document")
def show_document(request: Request, pk: int) -> Document:
    """One document you may read."""
    document = get_object_or_404(Document.objects.select_related("source"), pk=pk)
    return document if rules.may_read_document(request.person, document) else get_object_or_404(Document, pk=0)


@router.get("/documents/{pk}/raw", operation_id="download_document", response={200: bytes})
def download_document(request: Request, pk: int) -> HttpResponse | FileResponse:
    """The raw bytes as they came, always as a download."""
    document = get_object_or_404(Document, pk=pk)
    return send_raw(request, pk, document.blob)


# --- Needs ------------------------------------------------------------------------------------------------------------


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
    return actions.create_need(request.person, **_linked(values))


@router.get("/needs/{pk}", response=NeedOut, operation_id="show_need")
def show_need(request: Request, pk: int) -> InformationNeed:
    """One question."""
    return _need(request, pk)


@router.patch("/needs/{pk}", response=NeedOut, operation_id="change_need")
def change_need(request: Request, pk: int, body: NeedIn) -> InformationNeed:
    """Change a question; what is left out stays."""
    return actions.change_need(request.person, _need(request, pk), **_linked(body.dict(exclude_unset=True)))


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
    actions.link_source(request.person, _need(request, pk), _source(request, source))
    return _need(request, pk)


@router.delete("/needs/{pk}/sources/{source}", response=NeedOut, operation_id="unlink_source")
def unlink_source(request: Request, pk: int, source: int) -> InformationNeed:
    """Say that a source no longer serves a question."""
    return actions.unlink_source(request.person, _need(request, pk), _source(request, source))


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
