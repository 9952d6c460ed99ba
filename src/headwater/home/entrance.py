"""The first address: to the reader's organisation, or to sign-in."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect


@login_required
def enter(request: HttpRequest) -> HttpResponse:
    """Send the reader to their organisation."""
    raise Http404("You are not yet a person of any organisation here.")
