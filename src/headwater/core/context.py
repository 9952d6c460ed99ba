"""What every template may ask."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from headwater import __version__


def installation(request: HttpRequest) -> dict[str, Any]:
    """The installation's own facts, and who is looking (set by the organisation middleware)."""
    organisation = getattr(request, "organisation", None)
    return {
        "organisation": organisation,
        "person": getattr(request, "person", None),
        "live_url": f"{settings.HEADWATER_LIVE_URL}/{organisation.slug}" if organisation else "",
        "demonstration": settings.HEADWATER_DEMO,
        "version": __version__,
    }
