"""What views inside an organisation are given: the request as the organisation middleware leaves it."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from headwater.core.actions import require
from headwater.core.models import Organisation
from headwater.people.models import ApiToken, Person


class Request(HttpRequest):
    """A request under `/o/<slug>/`: somebody is asking (nobody only under `public/`), inside one organisation."""

    organisation: Organisation
    person: Person
    token: ApiToken | None
    htmx: HtmxDetails


def require_signed_in(request: Request) -> None:
    """Refuse a token what opens a door to somebody: links to come in, permissions, other tokens.

    A stolen token could otherwise make sign-ins that outlive its own end and its revocation. Raises `Refused`.
    """
    message = _("A token lets nobody in: it gives no permission and makes no link or token. Sign in, and do it there.")
    require(request.token is None, message)
