"""The inbox: what came, why, and what to do with it."""

from typing import Any

from django.contrib.messages import ERROR
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from headwater.core.addresses import address
from headwater.core.display.figures import number
from headwater.core.messages import tell, tell_here
from headwater.core.typed import read_moment, read_numbers
from headwater.distribute import lines
from headwater.distribute.actions import (
    acknowledge_delivery,
    mark_deliveries_read,
    mark_deliveries_unread,
    rate_delivery,
)
from headwater.distribute.delivering import row_for
from headwater.distribute.inbox import for_you, inbox_of
from headwater.distribute.models import Delivery
from headwater.distribute.taking_in import look_in, take_in_broadcasts
from headwater.distribute.waiting import InboxCounts, look_through, note_counts
from headwater.people.request import Request
from headwater.search.models import Entry, EntryVersion

PAGE = 30


@require_safe
def show_inbox(request: Request) -> HttpResponse:
    """The person's inbox, by tab: to acknowledge, not yet read, all, done."""
    tab, after, before = (request.GET.get(name, "") for name in ("tab", "after", "before"))
    tabs = [tab] if tab in lines.TABS else ["must", "unread"]
    shown = [] if after or before else [lines.Tab(request.person, name).first(PAGE) for name in tabs]
    ahead = look_in(request, shown)  # what is seen, before it is counted
    counts = look_through(request.person, ahead)
    note_counts(request, counts)
    if tab not in lines.TABS:
        tab = "must" if counts.to_acknowledge else "unread"
    stretch = lines.Tab(request.person, tab).stretch(PAGE, after, before)
    context = {
        "title": _("Inbox"),
        "heading": _heading(counts),
        "tab": tab,
        "counts": counts,
        "for_you": counts.for_you,
        "lines": stretch.lines,
        "stretch": stretch,
    }
    return render(request, "distribute/inbox.html", context)


def _heading(counts: InboxCounts) -> str:
    if counts.overdue:
        said = ngettext("%(n)s must-read is overdue", "%(n)s must-reads are overdue", counts.overdue)
        return said % {"n": number(counts.overdue)}
    if counts.to_acknowledge:
        said = ngettext("%(n)s must-read waits", "%(n)s must-reads wait", counts.to_acknowledge)
        return said % {"n": number(counts.to_acknowledge)}
    if counts.unread:
        said = ngettext("%(n)s thing you have not read", "%(n)s things you have not read", counts.unread)
        return said % {"n": number(counts.unread)}
    return _("You have read all there is")


@require_POST
def mark_read(request: Request) -> HttpResponse:
    """Mark the selected deliveries as read (a must-read waits for its signature all the same), or all “for you”."""
    if request.POST.get("all") == "1":
        take_in_broadcasts(request.person)  # what is a must-read by now is not marked
        rows = list(for_you(request.person).select_related("person"))
    else:
        chosen = read_numbers(request.POST.getlist("delivery"))
        rows = list(inbox_of(request.person).filter(pk__in=chosen, read_at=None).select_related("person"))
    count = mark_deliveries_read(request.person, rows)
    said = ngettext("%(n)d marked as read", "%(n)d marked as read", count) % {"n": count}
    tell(request, said, undo=_undo_address(rows) if count else "")
    return redirect(_back(request))


def _undo_address(rows: list[Delivery]) -> str:
    """What was marked together has one moment; it says what to take back, however many there were."""
    moment = Delivery.objects.values_list("read_at", flat=True).get(pk=rows[0].pk)
    return f"{address('distribute:mark-unread')}?{urlencode({'at': moment.isoformat()})}" if moment else ""


@require_POST
def mark_unread(request: Request) -> HttpResponse:
    """Take back what was marked as read in one go."""
    moment = read_moment(request.GET.get("at", ""))
    if moment is not None:
        rows = Delivery.objects.filter(person=request.person, read_at=moment, opened_at=None)
        count = mark_deliveries_unread(request.person, list(rows))
        tell(request, ngettext("%(n)d is unread again", "%(n)d are unread again", count) % {"n": count})
    return redirect(address("distribute:inbox"))


@require_POST
def acknowledge(request: Request, pk: int) -> HttpResponse:
    """Attest one version, exactly as it was shown (its checksum comes with the form)."""
    version = _readable_version(request, pk)
    try:
        acknowledge_delivery(request.person, _own(request, version), checksum=request.POST.get("checksum", ""))
    except ValidationError as error:
        tell(request, " ".join(error.messages), level=ERROR)
        return redirect(address("home:entry", pk=version.entry_id))
    tell(
        request,
        _("Acknowledged: “%(title)s”, version %(number)d.") % {"title": version.title, "number": version.number},
    )
    return redirect(_back(request))


@require_POST
def rate(request: Request, pk: int) -> HttpResponse:
    """Say whether a version was useful, or, with nothing, take that back; the buttons are drawn again."""
    version = _readable_version(request, pk)
    useful = {"1": True, "0": False}.get(request.POST.get("useful", ""))
    delivery = rate_delivery(request.person, _own(request, version), useful=useful)
    said = _("Taken back.") if useful is None else _("Thank you: noted.")
    if not request.htmx:
        tell(request, said)
        return redirect(_back(request))
    context: dict[str, Any] = {"delivery": delivery, "in_words": "in_words" in request.POST}
    return tell_here(render(request, "distribute/rating.html", context), said)


def _own(request: Request, version: EntryVersion) -> Delivery:
    """The person's delivery of it. What was never brought to them is not there, as in the API."""
    try:
        return row_for(request.person, version)
    except Delivery.DoesNotExist as error:
        raise Http404(_("This was not sent to you: there is nothing to acknowledge or to rate.")) from error


def _readable_version(request: Request, pk: int) -> EntryVersion:
    readable = Entry.objects.current().readable_by(request.person)
    versions = EntryVersion.objects.select_related("entry").defer("text")
    return get_object_or_404(versions, pk=pk, entry__in=readable)


def _back(request: Request) -> str:
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if safe and target.startswith("/") else address("distribute:inbox")
