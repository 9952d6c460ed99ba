"""What views inside an organisation are given: the request as the organisation middleware leaves it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from headwater.core.models import Organisation
from headwater.people.models import ApiToken, Person


class Request(HttpRequest):
    """A request under `/o/<slug>/`: somebody is asking (nobody only under `public/`), inside one organisation."""

    organisation: Organisation
    person: Person
    token: ApiToken | None
    htmx: HtmxDetails
