"""The API of documents: what came, and handing something in."""

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import File, Form
from ninja.files import UploadedFile
from ninja.pagination import paginate

from headwater.core.paging import Paging
from headwater.gather import actions, rules
from headwater.gather.api.routing import router, source_of
from headwater.gather.api.shapes import DocumentOut, NoteIn
from headwater.gather.models import Document
from headwater.gather.views.documents import send_raw
from headwater.people.request import Request


@router.get("/sources/{pk}/documents", response=list[DocumentOut], operation_id="list_documents")
@paginate(Paging)
def list_documents(request: Request, pk: int) -> "QuerySet[Document]":
    """What came from a source and you may read."""
    return source_of(request, pk).documents.readable_by(request.person).order_by("pk")


@router.post("/sources/{pk}/documents", response=DocumentOut, operation_id="upload_document")
def upload_document(request: Request, pk: int, file: File[UploadedFile], replace: Form[bool] = False) -> Document:
    """Hand in a file; it is kept at once and read in the background.

    A colleague's of that name stays, and yours gets another `key`; with `replace` it is the next version of theirs.
    """
    return actions.upload_document(request.person, source_of(request, pk), file.name or "", file.read(), replace)


@router.post("/sources/{pk}/notes", response=DocumentOut, operation_id="capture_note")
def capture_note(request: Request, pk: int, body: NoteIn) -> Document:
    """Write something down, as Markdown. A colleague's of that title stays, but with `replace`."""
    return actions.capture_note(request.person, source_of(request, pk), **body.dict())


@router.post("/sources/{pk}/mails", response=DocumentOut, operation_id="capture_mail")
def capture_mail(request: Request, pk: int, file: File[UploadedFile], replace: Form[bool] = False) -> Document:
    """Take in a mail file (.eml). A colleague's with the same Message-ID and other words stays, but with `replace`."""
    return actions.capture_mail(request.person, source_of(request, pk), file.read(), replace)


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
