"""By when, by which ways, and what follows where nothing is acknowledged: parts of a must-read's page."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.core.acting import filled
from headwater.core.addresses import address
from headwater.core.inputs import LOCAL
from headwater.core.messages import tell
from headwater.distribute.actions import change_ladder
from headwater.distribute.forms import DirectiveForm, LadderForm
from headwater.distribute.models import Channel, Directive, Ladder
from headwater.distribute.picks import picks
from headwater.distribute.rungs import rungs_of, usual_ladder
from headwater.distribute.views import addressing
from headwater.people.request import Request
from headwater.people.rules import may_manage_knowledge


def posted(request: Request) -> QueryDict | None:
    """What the form holds: with the deadline of the button that was pressed in place of what stood there."""
    if request.method != "POST":
        return None
    pressed = request.POST.get("pick")
    pick = next((each for each in picks(timezone.localtime()) if each.key == pressed), None)
    if pick is None:
        return request.POST
    values = request.POST.copy()
    values["due_at"] = pick.at.strftime(LOCAL) if pick.at is not None else ""
    values["due_days"] = str(pick.days or "")
    values["acknowledge"] = "on"
    if pick.urgent:
        values["urgent"] = "on"
    return values


def context_of(request: Request, form: DirectiveForm) -> dict[str, Any]:
    """What the page shows of deadline, ways and ladder."""
    due_at, due_days = form["due_at"].value(), str(form["due_days"].value() or "")
    moment = timezone.localtime(due_at).strftime(LOCAL) if hasattr(due_at, "strftime") else str(due_at or "")[:16]
    offered = [(each, each.at.strftime(LOCAL) if each.at is not None else "") for each in picks(timezone.localtime())]
    return {
        "picks": [(each, (at, str(each.days or "")) == (moment, due_days)) for each, at in offered],
        "kinds": [(kind, label, kind in _kinds(form)) for kind, label in Channel.Kind.choices],
        "rungs": rungs_of(_ladder(form)),
        "may_set_usual": may_manage_knowledge(request.person),
    }


def ways_of(directive: Directive) -> str:
    """By which ways a must-read goes, in words."""
    if directive.urgent or not directive.channels:
        return _("by every way that each person has")
    chosen = [str(label) for kind, label in Channel.Kind.choices if kind in directive.channels]
    return ", ".join([_("Inbox"), *chosen])


def _kinds(form: DirectiveForm) -> list[str]:
    return form["channels"].value() or Channel.Kind.values


def _ladder(form: DirectiveForm) -> Ladder:
    """The ladder that the form describes; the usual one in place of what cannot be read."""
    ladder = usual_ladder()
    if form.is_bound:
        form.is_valid()
    values = form.cleaned_data if form.is_bound else form.initial
    if (days := values.get("remind_days")) is not None:
        ladder.remind_days = days
    if (head := values.get("tell_head_after_days")) is not None:
        ladder.tell_head_after_days = head
    return ladder


@require_http_methods(["GET", "POST"])
def show_reach(request: Request) -> HttpResponse:
    """The right column, drawn anew: whom it reaches, what it asks of them, what they will see; and the ladder."""
    addressing.require_writer(request)
    form = DirectiveForm(request.POST or request.GET, person=request.person)
    context = {**addressing.page_context(request, form), **context_of(request, form), "is_part": True}
    return render(request, "distribute/directive_reach.html", context)


@require_POST
def choose_deadline(request: Request) -> HttpResponse:
    """The part that says by when, after one of its buttons; with the right column beside it."""
    addressing.require_writer(request)
    form = DirectiveForm(posted(request), person=request.person)
    context = {**addressing.page_context(request, form), **context_of(request, form), "is_part": True}
    return render(request, "distribute/directive_deadline.html", context)


def _kept(request: Request, values: dict[str, Any]) -> Ladder:
    return change_ladder(request.person, values["remind_days"] or [], values["tell_head_after_days"])


@require_http_methods(["GET", "POST"])
def edit_ladder(request: Request) -> HttpResponse:
    """The usual ladder: in words, and set by who manages the whole organisation's knowledge."""
    addressing.require_writer(request)
    usual = usual_ladder()
    first = {"remind_days": usual.remind_days, "tell_head_after_days": usual.tell_head_after_days}
    form = LadderForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and filled(form, lambda values: _kept(request, values)) is not None:
        tell(request, _("Kept. Must-reads written from now on have this ladder."))
        return redirect(address("distribute:ladder"))
    context = {
        "title": _("If it is not acknowledged"),
        "form": form,
        "rungs": rungs_of(usual),
        "may_set_usual": may_manage_knowledge(request.person),
    }
    return render(request, "distribute/ladder.html", context, status=400 if form.errors else 200)
