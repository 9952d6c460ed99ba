"""Pages that draw on every room."""

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headwater.core.addresses import address
from headwater.core.display.figures import number
from headwater.core.typed import read_number
from headwater.distribute.rules import may_try_again
from headwater.distribute.taking_in import look_in
from headwater.distribute.waiting import InboxCounts, note_counts
from headwater.home import findings
from headwater.home.cockpit import Cockpit
from headwater.home.counted import LISTINGS, entries_of, narrowed
from headwater.home.help import help_about
from headwater.home.overview import PERIODS, overview
from headwater.home.palette import suggestions
from headwater.home.rail import LOOKING, WRITING, may_go
from headwater.home.samples import sample
from headwater.home.today import Today, first_lines, to_verify
from headwater.people import actions
from headwater.people.models import Person
from headwater.people.request import Request

ROWS_A_PAGE = 50


@require_GET
def show_today(request: Request) -> HttpResponse:
    """What must I do, and in how long."""
    person = request.person
    ahead = look_in(request, first_lines(person))
    today = Today(person, is_being_made=request.organisation.is_being_made, ahead=ahead)
    note_counts(request, InboxCounts(unread=today.counts["unread"], overdue=today.counts["late"]))
    return render(
        request,
        "home/today.html",
        {
            "today": today,
            "finding": findings.today_title(today),
            "lede": findings.today_lede(today),
            "done": findings.done_lede(today),
            "budget": findings.budget_line(today),
            "digest": findings.digest_clock(today),
            "more_must": max(0, today.counts["must"] - len(today.must_read)),
            "looked_after": to_verify(person),
            "links": {
                "inbox": address("distribute:inbox"),
                "done": address("distribute:inbox"),
                "interests": address("distribute:profiles"),
                "new_profile": address("distribute:profile-new"),
                "write": address("library:new") if may_go(person, WRITING) else "",
            },
        },
    )


@require_GET
def show_cockpit(request: Request) -> HttpResponse:
    """Is it working, and what needs me."""
    return render(request, "home/cockpit.html", overview(_looking(request), _days(request)))


@require_GET
def show_counted(request: Request, figure: str) -> HttpResponse:
    """The list a figure of the cockpit was counted from."""
    cockpit = Cockpit(_looking(request), _days(request))
    if figure not in LISTINGS:
        raise Http404("No figure is called that.")
    listing = LISTINGS[figure]
    rows = narrowed(listing, listing.rows(cockpit), request.GET)
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    may_retry = figure == "unmatched" and page.paginator.count and may_try_again(request.person)
    context = {
        "listing": listing,
        "page": page,
        "readable": cockpit.readable_among(entries_of(listing, page.object_list)),
        "finding": _("%(title)s: %(n)s") % {"title": listing.title, "n": number(page.paginator.count)},
        "retry_url": address("distribute:matching-retries") if may_retry else "",
        "crumbs": [(_("Cockpit"), f"{address('home:cockpit')}?days={cockpit.days}"), (listing.title, "")],
    }
    return render(request, "home/counted.html", context)


def _looking(request: Request) -> Person:
    if not may_go(request.person, LOOKING):
        raise PermissionDenied(_("The cockpit is for knowledge managers, executives and administrators."))
    return request.person


def _days(request: Request) -> int:
    wanted = read_number(request.GET.get("days", ""))
    return wanted if wanted in PERIODS else 30


@require_GET
def suggest(request: Request) -> HttpResponse:
    """Options of the command palette for what was typed."""
    text = request.GET.get("q", "")[:100]
    context = {"groups": suggestions(request.person, text), "text": text, "words": text.split()}
    return render(request, "home/palette.html", context)


@require_GET
def help_page(request: Request, page: str) -> HttpResponse:
    """Help about one page, for the help panel."""
    return render(request, "home/help.html", {"topic": help_about(page)})


@require_POST
def choose_theme(request: Request) -> HttpResponse:
    """Keep the theme the reader chose and go back to where they were."""
    with suppress(ValidationError):  # an unknown theme changes nothing
        actions.choose_theme(request.person, request.POST.get("theme", ""))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else address("home:today"))


@require_GET
def show_design(request: Request) -> HttpResponse:
    """Every part of the design on one page; only in a demonstration."""
    if not settings.HEADWATER_DEMO:
        raise Http404("The design page is part of the demonstration.")
    return render(request, "home/design.html", {"demo": sample(), "words": ["culvert", "relining"]})
