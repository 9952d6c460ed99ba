"""The API of looking before one sends."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router, Schema

from headwater.core.actions import require
from headwater.distribute import actions, rules
from headwater.distribute.models import Directive
from headwater.people.request import Request

router = Router(tags=["distribute"])


class PreviewOut(Schema):
    """A preview on its way: the draft, and to how many channels it was queued."""

    directive: int
    channels: int


@router.post("/directives/{int:pk}/previews", response=PreviewOut, operation_id="preview_directive")
def preview_directive(request: Request, pk: int) -> PreviewOut:
    """Send a draft to one's own channels; nobody is asked for anything."""
    require(rules.may_write_directives(request.person), _("Only knowledge managers see must-reads here."))
    previewed = actions.preview_directive(request.person, get_object_or_404(Directive, pk=pk))
    latest = previewed.previews.order_by("-pk").values_list("purpose", flat=True)[:1]
    return PreviewOut(directive=previewed.pk, channels=previewed.previews.filter(purpose=latest).count())
