"""Telling the person what just happened, with a way back: a line at the foot of the page that stays ten seconds."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse


def tell(request: HttpRequest, text: Any, undo: str = "", level: int = messages.SUCCESS) -> None:
    """Show `text` on the next full page. `undo` is the address that is posted to when the person changes their mind."""
    messages.add_message(request, level, str(text), extra_tags=undo)


def tell_here(response: HttpResponse, text: Any, undo: str = "") -> HttpResponse:
    """Show `text` at once, with an htmx answer that does not load a full page."""
    response.headers["HX-Trigger"] = json.dumps({"toast": {"text": str(text), "undo": undo}})
    return response
