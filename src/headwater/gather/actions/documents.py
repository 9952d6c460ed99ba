"""Verbs for documents: handing them in, writing them down, and dealing with those that could not be read."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.gather import jobs, rules
from headwater.gather.bringing import take_in
from headwater.gather.connectors import Found, captured_mail, captured_words, uploaded
from headwater.gather.models import Document, Failure, Source

MAX_BYTES = 200_000_000
_MAY_NOT_ADD = _("Only who manages this source, or a contributor who may read it, adds to it.")


@action
def upload_document(actor: Actor, source: Source, name: str, content: bytes, replace: bool = False) -> Document:
    """Hand in a file; your own of that name gets a new version. It is kept at once, and read in the background.

    A colleague's file of that name stays, and yours is kept beside it; with `replace` it is the next version of theirs.
    """
    require(rules.may_add_to(actor, source), _MAY_NOT_ADD)
    _check_kind(source, Source.Kind.UPLOAD)
    if not name.strip():
        raise ValidationError({"name": _("The file needs a name.")})
    return _take_in(actor, source, uploaded(name, content), content, replace)


@action
def capture_note(
    actor: Actor, source: Source, title: str, text: str, author: str = "", url: str = "", replace: bool = False
) -> Document:
    """Write down what somebody knows, as Markdown; your own of that title gets a new version.

    A colleague's of that title stays, and yours is kept beside it; with `replace` it is the next version of theirs.
    """
    require(rules.may_add_to(actor, source), _MAY_NOT_ADD)
    _check_kind(source, Source.Kind.CAPTURE)
    if not title.strip():
        raise ValidationError({"title": _("Give it a title.")})
    if not text.strip():
        raise ValidationError({"text": _("Write something down.")})
    found = captured_words(title.strip(), text, author, url)
    return _take_in(actor, source, found, text.encode("utf-8", "replace"), replace)


@action
def capture_mail(actor: Actor, source: Source, content: bytes, replace: bool = False) -> Document:
    """Take in a mail file (.eml); the same message again is the same document.

    One with the same Message-ID and other words, of a colleague's, is kept beside theirs; with `replace` in its place.
    """
    require(rules.may_add_to(actor, source), _MAY_NOT_ADD)
    _check_kind(source, Source.Kind.CAPTURE)
    return _take_in(actor, source, captured_mail(content), content, replace)


def _check_kind(source: Source, kind: str) -> None:
    if source.kind != kind or source.state != Source.State.ACTIVE:
        raise ValidationError({"source": _("Choose an active source of the kind “%s”.") % Source.Kind(kind).label})


def _take_in(actor: Actor, source: Source, found: Found, content: bytes, replace: bool) -> Document:
    """Keeps the bytes and what was said of them; reading them is a job's work, so that nobody waits for a scan."""
    if not content:
        raise ValidationError({"content": _("The file is empty.")})
    if len(content) > MAX_BYTES:
        raise ValidationError({"content": _("The file is larger than 200 MB. Split it.")})
    document = take_in(actor, source, found, content, replace)
    jobs.read_kept.defer(organisation_id=document.organisation_id, document_id=document.pk)
    return document


@action
def retry_failures(actor: Actor, source: Source, cause: str = "") -> Source:
    """Read again what could not be read, from the kept bytes or from the source; all, or those of one cause."""
    require(rules.may_manage_source(actor, source), _("Only who manages this source tries again."))
    failures = Failure.objects.filter(document__source=source, document__vanished_at=None)
    if cause:
        failures = failures.filter(cause=cause)
    documents = [failure.document for failure in failures.select_related("document")]
    for document in documents:
        if document.blob:
            jobs.read_kept.defer(organisation_id=document.organisation_id, document_id=document.pk)
    note(documents=len(documents))
    if source.is_read_by_itself and any(not document.blob for document in documents):
        Source.objects.filter(pk=source.pk).update(next_run_at=timezone.now())
    return source


@action
def dismiss_failures(actor: Actor, source: Source, cause: str) -> Source:
    """Leave out what could not be read for one cause; it shows again when its bytes change and still fail."""
    require(rules.may_manage_source(actor, source), _("Only who manages this source leaves documents out."))
    failures = Failure.objects.filter(document__source=source, cause=cause, dismissed_at=None)
    note(documents=failures.update(dismissed_at=timezone.now()))
    return source
