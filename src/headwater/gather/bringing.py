"""Whose a document is that people bring: the same name from somebody else never takes its place unasked."""

from itertools import count
from pathlib import PurePosixPath

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, require
from headwater.core.addresses import address
from headwater.core.blobs import put_blob
from headwater.gather import rules
from headwater.gather.connectors import Found
from headwater.gather.connectors.base import short_key
from headwater.gather.models import Document, Source
from headwater.gather.publishing import given_by, hold_source
from headwater.people.models import Person
from headwater.people.notices import tell

_REPLACED = _("{who} replaced what you brought as “{name}”. Its earlier versions are kept.")


def take_in(actor: Actor, source: Source, found: Found, content: bytes, replace: bool = False) -> Document:
    """Keep the bytes somebody brings, and what was said of them, in their own document of that name.

    Where the name is a colleague's, theirs stays and this becomes a document beside it; with `replace` this becomes the
    next version of theirs, and they are told. Waits for other writers of the source until this transaction ends.
    """
    hold_source(source.pk)
    blob = put_blob(content)
    document = _place(actor, source, found, blob, replace)
    if not _is_repeated(actor, document, found, blob):
        if document.pk and document.brought_by_id != actor.actor_id:
            _tell_replaced(actor, document)
        document.brought_by_id, document.handed_as = actor.actor_id, found.key
        document.metadata = {**document.metadata, "given": given_by(found)}
        document.blob, document.size = blob, len(content)
    document.last_seen_at = timezone.now()
    document.save()
    return document


def beside(document: Document) -> Document | None:
    """The colleague's document whose name this one would bear, had it not been taken; None where it bears its own."""
    if document.handed_as in ("", document.key):
        return None
    named = Document.objects.filter(source=document.source_id, key=document.handed_as)
    return named.select_related("brought_by", "source").first()


def _place(actor: Actor, source: Source, found: Found, blob: str, replace: bool) -> Document:
    """The document that takes up what is brought: the actor's own, a colleague's when asked for, or a new one."""
    named = Document.objects.filter(source=source, key=found.key).select_related("source", "brought_by").first()
    if named is not None and _is_own(actor, named, found):
        return named
    if named is not None and replace:
        require(rules.may_read_document(actor, named), _("You may replace only what you may read."))
        return named
    own = Document.objects.filter(source=source, handed_as=found.key, brought_by=actor.actor_id)
    if mine := own.order_by("pk").first():
        return mine
    if named is None or _is_repeated(actor, named, found, blob):
        return named or Document(source=source, key=found.key)
    return Document(source=source, key=_free_key(source, found.key))


def _is_own(actor: Actor, document: Document, found: Found) -> bool:
    return document.handed_as == found.key and document.brought_by_id == actor.actor_id


def _is_repeated(actor: Actor, document: Document, found: Found, blob: str) -> bool:
    """Whether a colleague brought the very same, so that nothing would be lost or gained by a second one."""
    if document.pk is None or _is_own(actor, document, found):
        return False
    given = document.metadata.get("given", {})
    return document.blob == blob and (not found.title or given == given_by(found))


def _free_key(source: Source, key: str) -> str:
    """The name with the first number behind it that nothing in the source bears; a file keeps its ending."""
    ending = PurePosixPath(key).suffix if source.kind == Source.Kind.UPLOAD else ""
    stem = key.removesuffix(ending) if ending else key
    numbered = (short_key(f"{stem} ({number}){ending}") for number in count(2))
    return next(name for name in numbered if not Document.objects.filter(source=source, key=name).exists())


def _tell_replaced(actor: Actor, document: Document) -> None:
    """Whose it was learns who replaced it."""
    if document.brought_by is None:
        return
    who = actor.name if isinstance(actor, Person) else _("Whoever operates this installation")
    words = format_lazy(_REPLACED, who=who, name=document.handed_as[:200])
    tell(document.brought_by, words, address("gather:document", pk=document.pk), dedupe_key=f"replaced:{document.pk}")
