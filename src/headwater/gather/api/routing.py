"""The one router that every part of the API of gather adds its operations to, and what they share."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Router

from headwater.core.actions import require
from headwater.core.references import referred
from headwater.gather import rules
from headwater.gather.models import Source
from headwater.people.models import Audience, Person, Unit
from headwater.people.request import Request

router = Router(tags=["gather"])


def source_of(request: Request, pk: int) -> Source:
    """A source the person may see. Raises Refused or Http404."""
    require(rules.may_see_sources(request.person), _("Sources are shown to those who write, manage or administer."))
    return get_object_or_404(Source.objects.select_related("owner", "unit", "audience"), pk=pk)


def linked(values: dict[str, Any]) -> dict[str, Any]:
    """References to people, audiences and units as the things themselves."""
    models: dict[str, Any] = {"owner": Person, "audience": Audience, "unit": Unit}
    return {**values, **{name: referred(models[name], values[name], name) for name in models if name in values}}
