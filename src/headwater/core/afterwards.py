"""What is done once an answer was sent, by the thread that made it: nobody waits for it.

It may be left undone, if the process ends there: it is for work that somebody else finds and does, too.
"""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)


def afterwards(request: HttpRequest, do: Callable[[], None]) -> None:
    """Do this when the request was answered, outside its transaction and its organisation."""
    vars(request).setdefault("afterwards", []).append(do)


class AfterwardsMiddleware:
    """Does what was asked for by `afterwards` when the server closes the answer, which it does once it was sent."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for do in vars(request).get("afterwards", ()):
            _then(response, do)
        return response


def _then(response: HttpResponse, do: Callable[[], None]) -> None:
    """Before it is closed, for that gives the connection to the database back."""
    close = response.close

    def do_and_close() -> None:
        try:
            do()
        except Exception:
            log.exception("what was to be done after an answer failed")
        finally:
            close()

    response.close = do_and_close  # type: ignore[method-assign]  # which is how a server says that it was sent
