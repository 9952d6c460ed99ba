"""Documents: what came from a source, where each comes from, and how people bring some themselves."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from headwater.core.acting import filled
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.blobs import blob_path
from headwater.core.messages import tell
from headwater.core.typed import read_day
from headwater.gather import actions, rules
from headwater.gather.bringing import beside
from headwater.gather.forms import CaptureForm, UploadForm
from headwater.gather.models import Document, Source
from headwater.gather.views.sources import found_source
from headwater.gather.wording import cause_words
from headwater.people.models import Person
from headwater.people.request import Request
from headwater.search.models import Entry

PAGE = 50


def _crumbs(source: Source) -> list[tuple[str, str]]:
    return [
        (_("Gather"), ""),
        (_("Sources"), address("gather:sources")),
        (source.name, address("gather:source", pk=source.pk)),
    ]


@require_safe
def list_documents(request: Request, pk: int) -> HttpResponse:
    """What came from a source and the person may read, newest first; by state, cause, day or part of the name."""
    source = found_source(request, pk)
    readable = source.documents.readable_by(request.person).select_related("entry__current_version", "failure")
    told = readable.defer("entry__current_version__text")
    documents = _narrowed(told.order_by("-last_seen_at", "key"), request)
    page = Paginator(documents, PAGE).get_page(request.GET.get("page"))
    rows = [(document, _trouble(document)) for document in page]
    context = {
        "title": _("Documents of %s") % source.name,
        "crumbs": _crumbs(source),
        "source": source,
        "page": page,
        "rows": rows,
        "state": request.GET.get("state", ""),
        "words": request.GET.get("q", ""),
    }
    return render(request, "gather/documents.html", context)


def _trouble(document: Document) -> Any:
    """Why it could not be read, in words; empty when it could."""
    failure = getattr(document, "failure", None)
    return cause_words(failure.cause)[0] if failure else ""


def _narrowed(documents: "QuerySet[Document]", request: Request) -> "QuerySet[Document]":
    state, cause, words = (request.GET.get(name, "") for name in ("state", "cause", "q"))
    if state == "vanished":
        documents = documents.exclude(vanished_at=None)
    elif state == "failed":
        documents = documents.filter(failure__isnull=False, failure__dismissed_at=None, vanished_at=None)
    elif state == "copies":
        documents = documents.exclude(entry__copy_of=None)
    if cause:
        documents = documents.filter(failure__cause=cause)
    if day := read_day(request.GET.get("day", "")):
        documents = documents.filter(entry__versions__published_at__date=day).distinct()
    return documents.filter(Q(key__icontains=words) | Q(entry__title__icontains=words)) if words else documents


def _found_document(request: Request, pk: int) -> Document:
    related = ("source__owner", "brought_by", "entry__current_version", "entry__copy_of", "failure")
    documents = Document.objects.select_related(*related).defer("entry__current_version__text")
    document = get_object_or_404(documents, pk=pk)
    if not rules.may_read_document(request.person, document):
        raise Http404("There is no such document, or you may not read it.")
    return document


@require_safe
def show_document(request: Request, pk: int) -> HttpResponse:
    """Where one document comes from: source, raw bytes, versions, copies, and what went wrong."""
    document = _found_document(request, pk)
    failure = getattr(document, "failure", None)
    versions = document.raw_versions.select_related("version", "run").defer("version__text")
    context: dict[str, Any] = {
        "title": document.entry.title if document.entry else document.key,
        "crumbs": _crumbs(document.source),
        "document": document,
        "failure": failure,
        "failure_words": cause_words(failure.cause) if failure else None,
        "versions": versions.order_by("-version__number")[:PAGE],
        "copies": _copies(document, request.person),
    }
    return render(request, "gather/document.html", context)


def _copies(document: Document, person: Person) -> list[Entry]:
    """Near-copies of it that the person may read, at most 20."""
    if document.entry is None:
        return []
    first = document.entry.copy_of or document.entry
    family = Q(copy_of=first) | Q(pk=first.pk)
    return list(Entry.objects.current().readable_by(person).filter(family).exclude(pk=document.entry.pk)[:20])


@require_safe
def send_raw(request: Request, pk: int, blob: str) -> HttpResponse | FileResponse:
    """The raw bytes of a version, always as a download: nothing in them runs here."""
    document = _found_document(request, pk)
    if blob != document.blob and not document.raw_versions.filter(blob=blob).exists():
        raise Http404("It has no such bytes.")
    try:
        file = blob_path(blob).open("rb")
    except OSError as error:
        raise Http404("The bytes are not here; restore them from a backup.") from error
    name = document.key.rstrip("/").rpartition("/")[2][:150] or "document"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def upload(request: Request, pk: int) -> HttpResponse:
    """Hand in files."""
    source = found_source(request, pk)
    require(rules.may_add_to(request.person, source), _("Only who manages this source, or writes, hands files in."))
    form = UploadForm(request.POST or None, request.FILES or None)
    kept = filled(form, lambda values: _handed_in(request, source, values["documents"], values["replace"]))
    if kept is not None:
        words = ngettext("%(n)d file is kept and being read.", "%(n)d files are kept and being read.", len(kept))
        tell(request, " ".join([words % {"n": len(kept)}, *_stayed(request.person, kept)]))
        return redirect(address("gather:source", pk=source.pk))
    context = {"title": _("Hand in files"), "form": form, "source": source, "crumbs": _crumbs(source)}
    return render(request, "gather/upload.html", context)


def _handed_in(request: Request, source: Source, files: list[Any], replace: bool) -> list[Document]:
    return [actions.upload_document(request.person, source, file.name or "", file.read(), replace) for file in files]


def _stayed(person: Person, brought: list[Document]) -> list[str]:
    """A sentence for each colleague's document that has the name already, as far as the person may read it."""
    said: list[str] = []
    for one in [named for document in brought if (named := beside(document)) is not None]:
        if not rules.may_read_document(person, one):
            continue
        words = _("“%(name)s” of %(who)s stays as it is; yours is kept beside it.")
        said.append(words % {"name": one.key, "who": one.brought_by.name if one.brought_by else one.source.name})
    return said


@require_safe
def choose_capture(request: Request) -> HttpResponse:
    """Where shall it be written down? With one possibility there is no question."""
    captures = Source.objects.filter(kind=Source.Kind.CAPTURE, state=Source.State.ACTIVE).select_related(
        "owner", "unit"
    )
    possible = [source for source in captures if rules.may_add_to(request.person, source)]
    if len(possible) == 1:
        return redirect(address("gather:capture-into", pk=possible[0].pk))
    return render(request, "gather/captures.html", {"title": _("Write down"), "sources": possible})


def capture(request: Request, pk: int) -> HttpResponse:
    """Write something down."""
    source = get_object_or_404(Source.objects.select_related("owner", "unit"), pk=pk)
    require(rules.may_add_to(request.person, source), _("Only who manages this source, or writes, captures into it."))
    form = CaptureForm(request.POST or None)
    author = request.person.name
    noted = filled(form, lambda new: actions.capture_note(request.person, source, author=author, **new))
    if noted is not None:
        tell(request, " ".join([_("Written down. It can be found in a moment."), *_stayed(request.person, [noted])]))
        return redirect(address("gather:capture-into", pk=source.pk))
    context = {"title": _("Write down"), "form": form, "source": source, "crumbs": _crumbs(source)}
    return render(request, "gather/capture.html", context)
