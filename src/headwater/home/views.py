"""Pages that draw on every room."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from headwater.core.addresses import address
from headwater.home.samples import sample


@require_GET
def show_today(request: HttpRequest) -> HttpResponse:
    """What must I do, and in how long."""
    return render(request, "home/today.html")


@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """Options of the command palette for what was typed."""
    return render(request, "home/palette.html")


@require_GET
def help_page(request: HttpRequest, page: str) -> HttpResponse:
    """Help about one page, for the help panel."""
    return render(request, "home/help.html", {"page": page})


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme the reader chose and go back to where they were."""
    chosen = request.POST.get("theme", "")
    if chosen in ("auto", "light", "dark"):
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else address("home:today"))


@require_GET
def show_design(request: HttpRequest) -> HttpResponse:
    """Every part of the design on one page; only in a demonstration."""
    if not settings.HEADWATER_DEMO:
        raise Http404("The design page is part of the demonstration.")
    return render(request, "home/design.html", {"demo": sample(), "words": ["culvert", "relining"]})
