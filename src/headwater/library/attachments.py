"""Files and pictures of articles: what may come in, who gets them, and how they leave so that nothing in them can act.

A text names a picture as `![words](attachment:12)`. Whatever is handed out is either one of four kinds of picture,
recognised by its bytes, or a download; never a page, a drawing with script or anything else a browser would run.
"""

import re
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from headwater.core.blobs import read_blob
from headwater.library import rules
from headwater.library.models import Article, Attachment
from headwater.people.models import Person
from headwater.search.models import EntryVersion

FILE_BYTES, ARTICLE_BYTES = 25_000_000, 250_000_000
NAMED = re.compile(r"\battachment:(\d{1,18})\b")
PICTURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
DOWNLOAD = "application/octet-stream"


def picture_type(content: bytes) -> str:
    """The MIME type of a picture that may be shown in a page, by its first bytes; empty for anything else."""
    return next((mime for mime, start in PICTURES.items() if start.match(content)), "")


def clean_name(name: str) -> str:
    """A file name without folders, control characters or direction marks that would disguise its ending."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    return plain[-255:] or "file"


def check_room(article: Article, content: bytes) -> None:
    """Raise `ValidationError` when the file is empty, too large, or more than its article may hold."""
    if not content:
        raise ValidationError({"file": _("The file is empty. Nothing was attached.")})
    if len(content) > FILE_BYTES:
        raise ValidationError(
            {"file": _("The file is larger than 25 MB. Nothing was attached; put it into a source and link to it.")}
        )
    held = article.attachments.filter(removed_at=None).aggregate(held=Sum("size"))["held"] or 0
    if held + len(content) > ARTICLE_BYTES:
        raise ValidationError({"file": _("This article holds 250 MB of files already. Remove some first.")})


def named_in(text: str) -> set[int]:
    """The attachments that a text shows or links to."""
    return {int(number) for number in NAMED.findall(text)}


def publish_attachments(article: Article, version: EntryVersion) -> None:
    """What goes out with a version: files on the list, and the pictures that its text shows."""
    shown = Q(pk__in=named_in(version.text)) | ~Q(mime__in=PICTURES)
    waiting = article.attachments.filter(shown, published_with=None, removed_at=None)
    waiting.update(published_with=version)


def attachment_for(person: Person, pk: int) -> Attachment | None:
    """The attachment, if that person may have it: by reading a version it came out with, or by seeing the drafts."""
    attachment = Attachment.objects.select_related("article__entry").filter(pk=pk).first()
    if attachment is None:
        return None
    article = attachment.article
    is_public = attachment.published_with_id is not None and article.trashed_at is None
    if is_public and rules.may_read(person, article.entry):
        return attachment
    return attachment if rules.may_see_drafts(person, article) else None


def as_response(attachment: Attachment) -> HttpResponse:
    """Its bytes, so that no browser runs what is in them. Raises `FileNotFoundError` when they are not there."""
    content = read_blob(attachment.blob)
    mime = picture_type(content)
    response = HttpResponse(content, content_type=mime or DOWNLOAD)
    way = "inline" if mime else "attachment"
    response.headers["Content-Disposition"] = f"{way}; filename*=UTF-8''{quote(attachment.name, safe='')}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-cache"
    return response
