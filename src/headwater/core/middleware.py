"""What every request passes: only text that can be kept, and the reader's language."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from headwater.core.languages import speaking


class PlainAddressMiddleware:
    """Nobody types a NUL and PostgreSQL keeps none: what is asked for goes without, a path with one is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise BadRequest("An address holds no NUL character.")
        query = request.META.get("QUERY_STRING", "")
        while "%00" in query:  # again, since %0%000 becomes one
            query = query.replace("%00", "")
        request.META["QUERY_STRING"] = query
        return self.get_response(request)


class LanguageMiddleware:
    """Speak the browser's language until the organisation middleware knows the person's own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with speaking(translation.get_language_from_request(request)) as language:
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        return response
