"""Files of articles: in from the editor, out through a door that asks who is there."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from headwater.core.addresses import address
from headwater.core.messages import tell
from headwater.library.actions import attach_file, remove_attachment
from headwater.library.attachments import FILE_BYTES, as_response, attachment_for
from headwater.library.models import Attachment
from headwater.library.views.shared import article_for_editor
from headwater.people.request import Request


@require_POST
def attach(request: Request, pk: int) -> HttpResponse:
    """Take a file that was pasted, dropped or chosen; the editor gets the words that show it."""
    article = article_for_editor(request, pk)
    file = request.FILES.get("file")
    wants_json = "file_form" not in request.POST
    try:
        if file is None or (file.size or 0) > FILE_BYTES:
            raise ValidationError(_("Choose a file of at most 25 MB. Nothing was attached."))
        attachment = attach_file(request.person, article, file.name or "file", file.read())
    except ValidationError as error:
        if wants_json:
            return JsonResponse({"detail": error.messages[0]}, status=400)
        tell(request, error.messages[0], level=40)
        return redirect(address("library:article", pk=pk))
    if wants_json:
        return JsonResponse({"markdown": attachment.markdown, "id": attachment.pk}, status=201)
    tell(request, _("Attached “%(name)s”") % {"name": attachment.name})
    return redirect(address("library:article", pk=pk))


@require_safe
def hand_out(request: Request, pk: int) -> HttpResponse:
    """The bytes of an attachment, for those who may have it."""
    attachment = attachment_for(request.person, pk)
    if attachment is None:
        raise Http404(_("There is no such file, or you may not have it."))
    try:
        return as_response(attachment)
    except FileNotFoundError:
        raise Http404(_("The bytes of this file are missing on this machine. Tell your administrator.")) from None


@require_POST
def remove(request: Request, pk: int) -> HttpResponse:
    """Take a file off its article."""
    attachment = get_object_or_404(Attachment, pk=pk)
    article_for_editor(request, attachment.article_id)
    try:
        remove_attachment(request.person, attachment)
        tell(request, _("Removed “%(name)s”") % {"name": attachment.name})
    except ValidationError as error:
        tell(request, error.messages[0], level=40)
    return redirect(address("library:article", pk=attachment.article_id))
