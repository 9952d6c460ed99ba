"""The first address: to the reader's organisation, to a choice between several, or to sign-in."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.people.models import Person


def enter(request: HttpRequest) -> HttpResponse:
    """Send the reader to their organisation; somebody of several chooses, somebody of none is told so."""
    if not request.user.is_authenticated:
        return redirect("join:demonstration") if settings.HEADWATER_DEMO else redirect_to_login("/")
    mine = [organisation for organisation in Organisation.objects.order_by("name") if _is_inside(request, organisation)]
    if len(mine) == 1:
        return redirect("home:today", organisation=mine[0].slug)
    return render(request, "home/entrance.html", {"organisations": mine})


def _is_inside(request: HttpRequest, organisation: Organisation) -> bool:
    with organisation_context(organisation.pk):
        return Person.objects.active().filter(user=request.user.pk).exists()
