"""Whatever goes wrong on the way to the API is told in its own form: JSON with `detail` and `field`."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

API = re.compile(r"/o/[^/]+/api/")


class ApiFaultMiddleware:
    """Turns pages of error (no such address, wrong method, a fault of ours) under `/o/<slug>/api/` into JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not API.match(request.path_info) or _is_json(response):
            return response
        fault = JsonResponse({"detail": _detail(request, response), "field": None}, status=response.status_code)
        for name in ("Allow", "WWW-Authenticate", "Retry-After"):
            if name in response.headers:
                fault.headers[name] = response.headers[name]
        return fault


def _is_json(response: HttpResponse) -> bool:
    return response.headers.get("Content-Type", "").partition(";")[0] == "application/json"


def _detail(request: HttpRequest, response: HttpResponse) -> str:
    if response.status_code == 404:
        return _("There is nothing at this address. The description of the API is at /api/v1/openapi.json.")
    if response.status_code == 405:
        return _("This address takes %(allowed)s, not %(method)s.") % {
            "allowed": response.headers.get("Allow", ""),
            "method": request.method,
        }
    if response.status_code >= 500:
        return _("Something went wrong here and nothing was changed. Try again; if it goes on, tell who runs this.")
    return _("The request could not be taken: %s.") % response.reason_phrase
