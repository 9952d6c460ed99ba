"""How matching is shared out among workers, and trying again what it stumbled over: for who runs Headwater."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from headwater.core.acting import attempt, filled, page_of, posted
from headwater.core.actions import require
from headwater.core.addresses import address
from headwater.core.display.figures import number
from headwater.core.messages import tell
from headwater.distribute import actions
from headwater.distribute.forms import DivisionForm
from headwater.distribute.shards import Lag, lags
from headwater.distribute.unmatched import unmatched_versions
from headwater.distribute.very_long import very_long_waiting
from headwater.people.request import Request
from headwater.people.rules import may_administer

MANY = 1_000  # versions that wait: about as many as arrive while a worker starts


@require_http_methods(["GET", "HEAD", "POST"])
def show_matching(request: Request) -> HttpResponse:
    """Each shard of the standing queries, whether a worker holds it, what waits for it; and dividing them anew."""
    require(may_administer(request.person), _("Only an administrator sees how matching is divided."))
    form = DivisionForm(posted(request))
    divided = filled(form, lambda values: actions.divide_matching(request.person, values["shards"]))
    if divided is not None:
        words = ngettext("Matched in %(n)d shard from now on.", "Matched in %(n)d shards from now on.", len(divided))
        tell(request, words % {"n": len(divided)})
        return redirect(address("distribute:matching"))
    found = lags()
    form.initial = {"shards": max(lag.of for lag in found)}
    context = {
        "title": _("Matching"),
        "heading": heading_of(found),
        "page": page_of(request, found),
        "very_long": very_long_waiting(),
        "set_aside": unmatched_versions().count(),
        "form": form,
    }
    return render(request, "distribute/matching.html", context, status=400 if form.errors else 200)


def heading_of(found: list[Lag]) -> str:
    """What the shards say, in one sentence."""
    unheld = sum(not lag.is_held for lag in found)
    if unheld:
        words = ngettext(
            "%(n)d shard of %(all)d is held by no worker", "%(n)d shards of %(all)d are held by no worker", unheld
        )
        return words % {"n": unheld, "all": len(found)}
    behind = max(lag.behind for lag in found)
    if behind > MANY:
        return _("Up to %(n)s versions wait to be matched") % {"n": number(behind)}
    return _("Matching keeps up")


@require_POST
def retry_versions(request: Request) -> HttpResponse:
    """Try again to match the versions that were set aside; back to their list, which then gets shorter or says why."""
    tried = attempt(request, lambda: actions.retry_versions(request.person))
    words = ngettext(
        "%(n)d text is tried again within seconds. If it stays in this list, the worker’s log says why.",
        "%(n)d texts are tried again within seconds. Of those that stay in this list, the worker’s log says why.",
        tried or 0,
    )
    tell(request, words % {"n": tried} if tried else _("No text is set aside: there was nothing to try again."))
    return redirect(address("home:counted", figure="unmatched"))
