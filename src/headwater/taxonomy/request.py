"""The request as views of topics need it. Who a person is lies above this floor."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from headwater.taxonomy.rules import Member


class Request(HttpRequest):
    """A request under `/o/<slug>/`, with who is asking."""

    person: Member
    htmx: HtmxDetails
